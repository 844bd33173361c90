"""From a tool's result to lines a person reads. Pure."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from itertools import accumulate
from typing import cast

from antcrm_chat.intents import Draft
from antcrm_tools.identity.phones import display
from antcrm_tools.in_words import field_word
from antcrm_tools.models import Customer, Moment
from antcrm_tools.registry import Args
from antcrm_tools.text import Text, clean, msg, verbatim
from antcrm_tools.tools.create_lead import CreateLead
from antcrm_tools.tools.fields import Changed
from antcrm_tools.tools.previews import describe

_NOTE_LINES, _NOTE = 40, 12_000
"""Lines and characters of a note that are shown: some three messages."""

_LINE = 300
_WORDS = 1500
"""Characters of a draft's note that are shown; all of it is saved."""


def whole(customer: Customer, zone: tzinfo) -> list[Text]:
    """Every field of a customer that holds something, the note line by line."""
    lines = list(describe(customer.model_copy(update={"note": ""})))
    if customer.created_at:
        lines.append(msg("created: {when}", when=_when(customer.created_at, zone)))
    if customer.updated_at:
        lines.append(msg("last changed: {when}", when=_when(customer.updated_at, zone)))
    return lines + _note(customer.note)


def changes(changed: Changed) -> list[Text]:
    """What an edit changed, as read back; of a note only what was added."""
    return [_change(field, changed.before.get(field), changed.after.get(field)) for field in changed.changed]


def lead(args: Args) -> list[Text]:
    """How a lead was read, so that a misreading is seen at once."""
    if not isinstance(args, CreateLead):
        return []
    parts: tuple[tuple[str, str], ...] = (
        ("phones", ", ".join(display(phone) for phone in args.phones)),
        ("emails", ", ".join(args.emails)),
        ("note", args.note or ""),
    )
    return [
        msg("{field}: {value}", field=field_word(field), value=clean(value, _LINE)) for field, value in parts if value
    ]


def draft(one: Draft) -> list[Text]:
    """A lead before it is saved, so that a misreading is seen in time."""
    lead = one.lead
    parts: tuple[tuple[str, str], ...] = (
        ("name", clean(lead.name, _LINE)),
        ("phones", ", ".join(clean(display(phone), 60) for phone in lead.phones)),
        ("emails", ", ".join(lead.emails)),
        ("note", clean(lead.note, _WORDS)),
    )
    lines = [msg("{field}: {value}", field=field_word(field), value=value) for field, value in parts if value]
    if not lead.name:
        lines.insert(0, msg("{field}: not known yet", field=field_word("name")))
    return lines + [msg("“{words}” was read as a phone number.", words=clean(words, 60)) for words in one.misread]


def _note(note: str) -> list[Text]:
    rows = [clean(row, _NOTE) for row in note.splitlines() if row.strip()]
    if not rows:
        return []
    if len(rows) == 1:
        return [msg("{field}: {value}", field=field_word("note"), value=rows[0])]
    # The bar shows where a note ends: a line of it must not pass for one of ours. The newest lines are the last ones.
    lengths = list(accumulate(len(row) for row in reversed(rows)))
    shown = rows[-max(1, min(_NOTE_LINES, bisect(lengths, _NOTE))) :]
    left_out = (
        [msg("(the first {count} lines are in AntCRM)", count=len(rows) - len(shown))] if len(shown) < len(rows) else []
    )
    return [msg("{field}:", field=field_word("note")), *left_out, *(verbatim(f"│ {row}") for row in shown)]


def _change(field: str, old: object, new: object) -> Text:
    before, after = _words(old), _words(new)
    word = field_word(field)
    if field == "note" and isinstance(old, str) and isinstance(new, str) and new.startswith(old):
        after, before = new.removeprefix(old), ""
    if not before:
        return msg("{field}: {value}", field=word, value=clean(after, _LINE))
    if not after:
        return msg("{field}: “{old}” is gone", field=word, old=clean(before, _LINE))
    return msg("{field}: “{old}” → “{new}”", field=word, old=clean(before, _LINE), new=clean(after, _LINE))


def _words(value: object) -> str:
    """A JSON value on one line."""
    match value:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(_words(item) for item in cast("Iterable[object]", value))
        case dict():
            return " ".join(_words(item) for item in cast("Mapping[str, object]", value).values())
        case _:
            return str(value)


def _when(moment: Moment, zone: tzinfo) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(zone):%d/%m/%Y %H:%M}"
    return f"{moment:%d/%m/%Y}" if isinstance(moment, date) else clean(moment)
