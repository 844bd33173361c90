"""What AntCRM is like, found out by reading only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from antcrm_tools.answers import Look
from antcrm_tools.doctor.asking import Asking, why
from antcrm_tools.doctor.check import Check
from antcrm_tools.doctor.days import examine_days
from antcrm_tools.doctor.filters import Filters
from antcrm_tools.doctor.pages import Pages, examine_pages
from antcrm_tools.doctor.shapes import answers, values
from antcrm_tools.errors import CrmError, NotActed, Unauthorised
from antcrm_tools.learning import Learnt
from antcrm_tools.paging import PAGE_MAX
from antcrm_tools.text import Text, msg

if TYPE_CHECKING:
    from antcrm_tools.api import AntCrmApi

_REACH, _KEY, _CLOCK = msg("Way to AntCRM"), msg("API key"), msg("Clocks")
_ANSWERS = msg("AntCRM's answers")

_APART = 120.0
"""Seconds between AntCRM's clock and ours: what was made just now may seem older than the question for it."""

_SLOW = 5.0
"""Seconds for one answer, from which on people notice."""


@dataclass(frozen=True, slots=True)
class Crm:
    """What one AntCRM is like. `learnt` is what later starts may begin with; None where nothing was."""

    checks: tuple[Check, ...]
    learnt: Learnt | None
    requests: int


async def examine_crm(api: AntCrmApi, clock: Callable[[], datetime], *, region: str, zone: tzinfo) -> Crm:
    """Look at it with a few reads. `zone`: in which today is today."""
    asking = Asking(api)
    first = await asking.ask()
    if isinstance(first, CrmError):
        return Crm(tuple(_unusable(first)), None, asking.sent)
    checks = [
        _reached(first),
        Check("key", _KEY, "ok", msg("AntCRM accepts it.")),
        _clocks(first, clock()),
    ]
    pages = await examine_pages(asking, first)
    filters = Filters(asking, first, region)
    await filters.kinds(whole=pages.whole)
    await filters.contacts()
    await filters.numbers()
    full = pages.size or max(len(first.customers), PAGE_MAX)
    await examine_days(asking, filters, clock().astimezone(zone).date(), full=full)
    checks += answers(first if first.customers else None, filters.one, filters.none)
    checks += [*values([look for look in (first, filters.one) if look is not None])]
    checks += [*_pages_without_days(pages, filters), *filters.checks]
    learnt = Learnt(pages.base, pages.size, pages.above, frozenset(filters.honoured), frozenset(filters.ignored))
    return Crm(tuple(checks), learnt, asking.sent)


def _pages_without_days(pages: Pages, filters: Filters) -> list[Check]:
    """Where neither pages nor days are honoured, nothing is left by which a long list could be read."""
    if pages.ignored and "createdAtf" in filters.ignored:
        then = msg("Only the newest customers can be listed, and the copy stays small; ask AntCRM's support.")
        return [
            replace(check, state="fault", then=then) if check.state == "warning" else check for check in pages.checks
        ]
    return list(pages.checks)


def _reached(first: Look) -> Check:
    seconds = f"{first.seconds:.2f}"
    if first.seconds > _SLOW:
        then = msg("Answers will come slowly too; look at the network, or ask AntCRM's support.")
        return Check("reach", _REACH, "warning", msg("It answered after {seconds} s.", seconds=seconds), then)
    return Check("reach", _REACH, "ok", msg("It answered after {seconds} s.", seconds=seconds))


def _clocks(first: Look, now: datetime) -> Check:
    if first.date is None:
        return Check("clock", _CLOCK, "unknown", msg("Not known: AntCRM does not say what time it is."))
    apart = (now - first.date).total_seconds()
    if abs(apart) <= _APART:
        return Check("clock", _CLOCK, "ok", msg("This machine and AntCRM agree."))
    minutes = str(round(abs(apart) / 60))
    text = (
        msg("This machine is {minutes} minutes ahead of AntCRM.", minutes=minutes)
        if apart > 0
        else msg("This machine is {minutes} minutes behind AntCRM.", minutes=minutes)
    )
    then = msg(
        "Set this machine's clock by the network: a lead whose answer was lost may not be found again otherwise."
    )
    return Check("clock", _CLOCK, "warning", text, then)


def _unusable(error: CrmError) -> list[Check]:
    """What is known of an AntCRM that answers nothing usable to the first question."""
    if isinstance(error, Unauthorised):
        reached = Check("reach", _REACH, "ok", msg("It answers."))
        return [reached, Check("key", _KEY, "fault", error.what, error.then)]
    if isinstance(error, NotActed):
        return [Check("reach", _REACH, "fault", error.what, _what_then(error))]
    then = msg("Look at ANTCRM_BASE_URL: something else may answer there. If it is right, ask AntCRM's support.")
    return [Check("reach", _REACH, "ok", msg("It answers.")), Check("answers", _ANSWERS, "fault", why(error), then)]


def _what_then(error: NotActed) -> Text:
    if error.code in {"broken_read", "rate_limited"}:
        return msg("Run it again in a minute; if it stays so, ask AntCRM's support.")
    return msg("Look at ANTCRM_BASE_URL, at this machine's network, and at what a firewall lets through.")
