"""list_changes: who changed what, when and through what."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from antcrm_tools.changes import Change, Status
from antcrm_tools.errors import BadInput
from antcrm_tools.in_words import element_in_words, field_word, value_in_words
from antcrm_tools.meaning import literal
from antcrm_tools.models import Customer, Edit
from antcrm_tools.refs import candidates, require_ref
from antcrm_tools.registry import Args, Effect, Result, tool
from antcrm_tools.text import Text, clean, join, msg, verbatim
from antcrm_tools.tools.fields import RefText

if TYPE_CHECKING:
    from antcrm_tools.ledger.history import Entry, Rows, Wanted
    from antcrm_tools.work import Work

_SHOWN = 40
"""Characters of a value: this is to recognise a change by, not to put it back from."""

_MOST = 6
"""Values of one change; what an import or a long edit holds beyond that is counted."""

_REACH = ("phones", "emails")

_FACES: dict[str, Text] = {"mcp": msg("assistant"), "telegram": verbatim("Telegram"), "terminal": msg("terminal")}

_STATUSES: dict[Status, Text] = {
    "waiting": msg("waits to be sent"),
    "sent": msg("under way"),
    "unsure": msg("not known yet"),
    "done": msg("done"),
    "failed": msg("not done"),
    "conflict": msg("somebody has to look at it"),
    "undone": msg("taken back"),
}

_GENDERS: dict[str, Text] = {"male": msg("male"), "female": msg("female"), "other": msg("other")}


class ListChanges(Args):
    """Which. Without any of these, the newest of all."""

    mine: Annotated[bool, Field(description="only the person's own")] = False
    ref: RefText | None = None
    day: date | None = None
    open: Annotated[bool, Field(description="only what is not settled")] = False
    limit: Annotated[int, Field(ge=1, le=50, description="per answer")] = 10
    cursor: Annotated[str | None, Field(max_length=400, description="next_cursor given before")] = None


class ChangeLine(Result):
    """One change."""

    change: int
    at: datetime
    who: str
    face: str
    tool: str
    ref: str = ""
    name: str = ""
    status: Status
    what: tuple[str, ...] = ()
    undone_by: int | None = None
    undoes: int | None = None
    confirmed_by: str = ""
    words: Annotated[tuple[Text, ...], Field(exclude=True)] = ()

    @classmethod
    def of(cls, entry: Entry, work: Work) -> ChangeLine:
        """The line of a change."""
        change = entry.change
        words = tuple(_what(entry))
        return cls(
            change=change.id,
            at=change.begun_at.astimezone(work.zone),
            who=change.wish.actor.who,
            face=change.wish.actor.face,
            tool=change.wish.tool,
            ref="" if change.ref is None else str(change.ref),
            name="" if change.action == "import" else change.name,
            status=change.status,
            what=tuple(each.render("en") for each in words),
            undone_by=change.undone_by,
            undoes=change.wish.undoes,
            confirmed_by=change.wish.confirmed_by,
            words=words,
        )

    def sentence(self) -> Text:
        """`#12 · 25/11/2026 10:32 · lan@… (Telegram) · Move to a stage · L9002 Trần Bình · done · stage: …`."""
        face = _FACES.get(self.face, verbatim(clean(self.face)))
        parts = [
            verbatim(f"#{self.change}"),
            verbatim(f"{self.at:%d/%m/%Y %H:%M}"),
            msg("{who} ({face})", who=clean(self.who), face=face),
            _title(self.tool),
            verbatim(f"{self.ref} {clean(self.name)}".strip()),
            _STATUSES[self.status],
            *self.words,
        ]
        if self.confirmed_by:
            parts.append(msg("{who} said yes", who=clean(self.confirmed_by)))
        if self.undone_by is not None:
            parts.append(msg("undone by #{number}", number=str(self.undone_by)))
        if self.undoes is not None:
            parts.append(msg("undoes #{number}", number=str(self.undoes)))
        return join([part for part in parts if part.render("en")], " · ")


class ChangesFound(Result):
    """Newest first."""

    changes: tuple[ChangeLine, ...]
    next_cursor: str | None = None

    def sentence(self) -> Text:
        """A line each."""
        if not self.changes:
            return msg("No change was found.")
        more = [msg("There are more.")] if self.next_cursor else []
        return join([*(line.sentence() for line in self.changes), *more], "\n")


@tool(title=msg("Show changes"), most=Effect.READ, idempotent=True, args=ListChanges, returns=ChangesFound)
async def list_changes(work: Work, args: ListChanges) -> ChangesFound:
    """List changes made with these tools, newest first: who, when, what, and the number for undo_change."""
    found = await work.records.journal.ledger.history.entries(_wanted(work, args), args.limit + 1)
    shown = found[: args.limit]
    cursor = _written(args, shown[-1].change.id) if len(found) > args.limit else None
    return ChangesFound(changes=tuple(ChangeLine.of(entry, work) for entry in shown), next_cursor=cursor)


def _wanted(work: Work, args: ListChanges) -> Wanted:
    from antcrm_tools.ledger.history import Wanted  # noqa: PLC0415  brings SQLAlchemy

    begun = None
    if args.day is not None:
        ends = (args.day, args.day + timedelta(days=1)) if args.day < date.max else (args.day, args.day)
        begun = cast("tuple[datetime, datetime]", tuple(datetime.combine(day, time(), work.zone) for day in ends))
    return Wanted(
        who=work.actor.who if args.mine else "",
        # The customer may be gone from AntCRM, so bare digits are not looked up there: both are meant.
        refs=() if args.ref is None else tuple(map(str, candidates(args.ref) or (require_ref(args.ref),))),
        begun=begun,
        unsettled=args.open,
        below=_read(args),
    )


def _title(name: str) -> Text:
    from antcrm_tools.tools import TOOLS  # noqa: PLC0415  this tool is one of them

    return next((tool.title for tool in TOOLS if tool.name == name), verbatim(clean(name)))


def _what(entry: Entry) -> Iterator[Text]:
    """What changed, in short words."""
    change = entry.change
    if entry.rows is not None:
        yield from _of_rows(entry.rows)
    if change.erased:
        yield msg("the rest was erased")
        return
    lines = list(_of_edit(change) if change.action == "edit" else _of_create(change))
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield msg("… and {count} more", count=len(lines) - _MOST)


def _of_rows(rows: Rows) -> Iterator[Text]:
    template = {
        "create": msg("created {done} of {total}", done=rows.done + rows.undone, total=rows.total),
        "delete": msg("deleted {done} of {total}", done=rows.done + rows.undone, total=rows.total),
    }
    yield template["delete" if rows.action == "delete" else "create"]
    if rows.undone:
        yield msg("{count} of them taken back", count=rows.undone)
    if rows.open:
        yield msg("{count} not settled", count=rows.open)


def _of_create(change: Change) -> Iterator[Text]:
    """By what somebody who was created, or deleted, is known."""
    held = change.after or change.before or change.wanted
    if held is not None:
        for field in _REACH:
            words = value_in_words(held, field)
            if words:
                yield msg("{field}: {value}", field=field_word(field), value=clean(words, _SHOWN))


def _of_edit(change: Change) -> Iterator[Text]:
    before = change.before
    # A conflict's `after` is what somebody else left there.
    after = change.after if change.status in ("done", "undone") else None
    if before is None:
        return
    for field in change.fields:
        new = change.wanted if after is None else after
        if new is not None and literal(getattr(before, field)) != literal(getattr(new, field)):
            yield from _of_field(field, before, new)


def _of_field(field: str, before: Customer, after: Customer | Edit) -> Iterator[Text]:
    old, new = getattr(before, field), getattr(after, field)
    if isinstance(old, tuple) and isinstance(new, tuple):
        was, now = _elements(cast("tuple[object, ...]", old)), _elements(cast("tuple[object, ...]", new))
        gone, added = tuple((was - now).elements()), tuple((now - was).elements())
    else:
        was, now = value_in_words(before, field), value_in_words(after, field)
        if field == "note" and was and now.startswith(was):
            gone, added = (), (now[len(was) :].strip(),)
        elif was and now:
            yield msg(
                "{field}: “{old}” → “{new}”", field=field_word(field), old=_short(field, was), new=_short(field, now)
            )
            return
        else:
            gone, added = (was,), (now,)
    for word in filter(None, gone):
        yield msg("{field}: without “{old}”", field=field_word(field), old=_short(field, word))
    for word in filter(None, added):
        yield msg("{field}: added “{new}”", field=field_word(field), new=_short(field, word))


def _elements(array: tuple[object, ...]) -> Counter[str]:
    return Counter(element_in_words(element) for element in array)


def _short(field: str, words: str) -> Text | str:
    return _GENDERS[words] if field == "gender" and words in _GENDERS else clean(words, _SHOWN)


def _question(args: ListChanges) -> str:
    """Stands for the question, so that a cursor cannot continue another one."""
    return hashlib.sha256(args.model_dump_json(exclude={"cursor", "limit"}).encode()).hexdigest()[:12]


def _written(args: ListChanges, last: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_question(args), last]).encode()).decode()


def _read(args: ListChanges) -> int | None:
    """The number the list was left at.

    Raises:
        BadInput: the cursor is not ours, or belongs to another question.
    """
    if args.cursor is None:
        return None
    try:
        question, last = json.loads(base64.urlsafe_b64decode(args.cursor))
        if question == _question(args) and isinstance(last, int) and 0 < last < 2**63:
            return last
    except (ValueError, TypeError, binascii.Error):
        pass
    raise BadInput(
        msg("The cursor does not belong to this question."),
        done=msg("Nothing was searched."),
        then=msg("Repeat the question with the same arguments, or without a cursor to start anew."),
    )
