"""The shapes AntCRM answers in. All of them are read; an admin, or whoever helps them, wants to know which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from pydantic import JsonValue

from antcrm_tools.answers import Look
from antcrm_tools.doctor.asking import why
from antcrm_tools.doctor.check import Check, needs
from antcrm_tools.errors import CrmError
from antcrm_tools.text import Text, comma, msg, msgs, verbatim
from antcrm_tools.wire.dates import read_moment
from antcrm_tools.wire.names import FIELD_KEYS, Json

_NAMED = ("stage", "responsibleStaff", "sourceContact")
_DATES = ("createdAt", "updatedAt")
_IDS = ("leadId", "customerId")
_NOT_THERE = "–"
_LEFT_OUT = msg("left out")


def shape(look: Look) -> str:
    """`[…]`, `{data: […]}`, `{…}`, `{}` or `404`."""
    if look.status == HTTPStatus.NOT_FOUND:
        return "404"
    match look.payload:
        case list():
            return "[…]"
        case {"data": _}:
            return "{data: […]}"
        case {}:
            return "{}" if not look.payload else "{…}"
        case _:
            return "…"


def answers(listed: Look | None, one: Look | None, none: Look | CrmError | None) -> Iterator[Check]:
    """How a list, one customer and nobody look."""
    whats: dict[str, tuple[Text, Look | CrmError | None]] = {
        "list": (msg("Answer with many customers"), listed),
        "one": (msg("Answer with one customer"), one),
        "none": (msg("Answer with nobody"), none),
    }
    for name, (what, look) in whats.items():
        if look is None or (name == "none" and not isinstance(look, CrmError) and look.customers):
            yield Check(f"answers.{name}", what, "unknown", msg("Not known: no answer showed it."))
        elif isinstance(look, CrmError):
            yield Check(f"answers.{name}", what, "unknown", why(look))
        else:
            yield Check(f"answers.{name}", what, "ok", msg("It comes as {form}.", form=shape(look)))


def values(looks: Iterable[Look]) -> Iterator[Check]:
    """How ids, names, dates and empty values are written."""
    records = [record for look in looks for record in _records(look.payload)]
    ids = _forms(_form(record.get(key)) for record in records for key in _IDS)
    named = [record.get(key) for record in records for key in _NAMED]
    named += [tag for record in records if isinstance(tags := record.get("tags"), list) for tag in tags]
    names = _forms("{_id, name}" if isinstance(value, dict) else '"…"' for value in named if value)
    moments = [record.get(key) for record in records for key in _DATES]
    dates = _forms(_date(value) for value in moments)
    empty = _forms(_empty(record, key) for record in records for key in FIELD_KEYS.values())
    yield _written("values.ids", msg("Customers' numbers"), ids)
    yield _written("values.names", msg("Stages, tags, owners and sources"), names)
    unread = sum(isinstance(read_moment(value), str) for value in moments)
    if unread:
        yield Check(
            "values.dates",
            msg("Dates"),
            "warning",
            msgs("{count} cannot be read.", "{count} cannot be read.", unread),
            msg("They are shown as they are, and filters by day pass them over."),
        )
    else:
        yield _written("values.dates", msg("Dates"), dates)
    yield _written("values.empty", msg("Empty values"), empty)


def _written(name: str, what: Text, forms: Sequence[str]) -> Check:
    if not forms:
        return Check(name, what, "unknown", needs(1, 0))
    words = comma(_LEFT_OUT if form == _NOT_THERE else verbatim(form) for form in forms)
    return Check(name, what, "ok", msg("Written as {form}.", form=words))


def _forms(found: Iterable[str]) -> list[str]:
    return sorted({form for form in found if form})


def _records(payload: JsonValue) -> list[Json]:
    inside = payload
    if isinstance(inside, dict) and "data" in inside and not any(inside.get(key) for key in _IDS):
        inside = inside["data"]
    found = inside if isinstance(inside, list) else [inside]
    return [record for record in found if isinstance(record, dict) and record]


def _form(value: JsonValue) -> str:
    if value in ("", None, False):
        return ""
    return '"9457"' if isinstance(value, str) else "9457"


def _date(value: JsonValue) -> str:
    if value in ("", None):
        return ""
    if isinstance(value, int | float):
        return "1767225600000"
    if not isinstance(value, str) or isinstance(read_moment(value), str):
        return "…"
    return "2026-01-01T00:00:00Z" if value[:4].isdecimal() else "January 1, 2026"


def _empty(record: Json, key: str) -> str:
    value = record.get(key, _NOT_THERE)
    return (
        "null" if value is None else {"": '""', _NOT_THERE: _NOT_THERE}.get(value, "") if isinstance(value, str) else ""
    )
