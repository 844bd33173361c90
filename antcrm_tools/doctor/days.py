"""The filters by day: whether they are honoured, in which zone a day is, and whether the last one counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from antcrm_tools.answers import Look
from antcrm_tools.doctor.asking import Asking, refs, why
from antcrm_tools.doctor.check import Check, State, needs
from antcrm_tools.doctor.filters import Filters
from antcrm_tools.errors import CrmError
from antcrm_tools.models import Customer
from antcrm_tools.text import Text, msg
from antcrm_tools.wire.dates import VIETNAM, day_in

_LONG_AGO = date(2000, 1, 1)
_AHEAD = timedelta(days=366)
_ZONE = msg("Where a day of a filter begins")
_END = msg("The last day of a filter")


async def examine_days(asking: Asking, filters: Filters, today: date, *, full: int) -> None:
    """Ask for days nobody can have been made or changed on, and for two days of somebody we know.

    `full`: customers on a full page, on which somebody may be missing who belongs there.
    """
    there = len(filters.everybody)
    days = (("createdAtf", today + _AHEAD), ("createdAtt", _LONG_AGO), ("updateAtf", today + _AHEAD))
    for name, day in (*days, ("updateAtt", _LONG_AGO)):
        look = await asking.ask(**{name: day.isoformat()})
        if isinstance(look, CrmError):
            filters.note(name, None, why(look))
        elif not there:
            filters.note(name, None, needs(1, 0))
        else:
            filters.note(name, honoured=not look.customers)
    works = {"createdAtf", "createdAtt"} <= filters.honoured
    filters.checks.append(await _zone(asking, filters.everybody, works=works, full=full))
    filters.checks.append(await _end(asking, filters.everybody, works=works, full=full))


async def _zone(asking: Asking, everybody: Sequence[Customer], *, works: bool, full: int) -> Check:
    """Somebody made in the evening by UTC, which is the next day in Vietnam: on which day are they found?"""
    subjects = [(made, customer) for made, customer in _made(everybody) if _in_utc(made) != _in_vietnam(made)]
    if not works or not subjects:
        return _unknown("days.zone", _ZONE, works=works)
    made, subject = max(subjects, key=lambda each: each[0])
    day = _in_vietnam(made)
    look = await asking.ask(createdAtf=day.isoformat(), createdAtt=(day + timedelta(days=1)).isoformat())
    in_vietnam = _is_there(look, subject, full)
    if in_vietnam is None:
        return _not_told("days.zone", _ZONE, look)
    said = msg("At midnight in Vietnam.") if in_vietnam else msg("At midnight UTC, which is seven in Vietnam.")
    return Check("days.zone", _ZONE, "ok", said)


async def _end(asking: Asking, everybody: Sequence[Customer], *, works: bool, full: int) -> Check:
    """Somebody whose day is the same in both zones: does a window of that one day hold them?"""
    subjects = [(made, customer) for made, customer in _made(everybody) if _in_utc(made) == _in_vietnam(made)]
    if not works or not subjects:
        return _unknown("days.end", _END, works=works)
    made, subject = max(subjects, key=lambda each: each[0])
    day = _in_vietnam(made).isoformat()
    look = await asking.ask(createdAtf=day, createdAtt=day)
    inclusive = _is_there(look, subject, full)
    if inclusive is None:
        return _not_told("days.end", _END, look)
    said = msg("It counts.") if inclusive else msg("It does not count; windows are asked for a day wider.")
    return Check("days.end", _END, "ok", said)


def _made(everybody: Sequence[Customer]) -> Iterator[tuple[datetime, Customer]]:
    """When somebody was made; nobody whose hour is not known, which shows as midnight in Vietnam."""
    for customer in everybody:
        made = customer.created_at
        if isinstance(made, datetime) and made.astimezone(VIETNAM).time() != time():
            yield made, customer


def _is_there(look: Look | CrmError, subject: Customer, full: int) -> bool | None:
    if isinstance(look, CrmError):
        return None
    if subject.as_ref() in refs(look.customers):
        return True
    return None if len(look.customers) >= full else False


def _unknown(name: str, what: Text, *, works: bool) -> Check:
    state: State = "unknown"
    if not works:
        return Check(name, what, state, msg("Not known: the filter does not work."))
    return Check(name, what, state, msg("Not known: nobody who was looked at was made at an hour that would show it."))


def _not_told(name: str, what: Text, look: Look | CrmError) -> Check:
    said = why(look) if isinstance(look, CrmError) else msg("Not known: more were made that day than a page holds.")
    return Check(name, what, "unknown", said)


def _in_utc(moment: datetime) -> date | None:
    return day_in(moment, UTC)


def _in_vietnam(moment: datetime) -> date:
    return moment.astimezone(VIETNAM).date()
