"""Undo: what a change did is taken back as far as AntCRM allows, and nothing that came after it is touched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.changes import Action, Change
from antcrm_tools.errors import BadInput, NotAllowed, NotFound
from antcrm_tools.in_words import field_words, value_in_words
from antcrm_tools.meaning import fingerprint, literally_differing
from antcrm_tools.models import WRITABLE, Customer
from antcrm_tools.plans import Planned, planned
from antcrm_tools.refs import Ref
from antcrm_tools.reversal import Moved, Reversal, moved_in_words, reversal
from antcrm_tools.text import clean, msg, msgs

if TYPE_CHECKING:
    from antcrm_tools.records import Records

_MAY_SHRINK = frozenset({"tags"})


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking a change back would do now."""

    change: Change
    kind: Action | str
    """`edit`: values are put back; `create`: the customer is deleted; `delete`: created anew; `import`: its rows are
    taken back; `waiting`: it is never sent."""
    planned: Planned | None = None
    moved: tuple[Moved, ...] = ()
    customer: Customer | None = None
    rows: tuple[Change, ...] = ()

    @property
    def destroys(self) -> bool:
        """Whether something that is there now would be gone."""
        if self.kind == "edit":
            return self.planned is not None and bool(set(self.planned.loses) - _MAY_SHRINK)
        return self.kind != "delete"

    @property
    def brings_back(self) -> bool:
        """Whether its rows were deleted, and are created anew."""
        return any(row.action == "delete" for row in self.rows)

    @property
    def shown(self) -> str:
        """Stands for what a person is shown of it."""
        match self.kind:
            case "edit" if self.planned is not None:
                return self.planned.fingerprint
            case "create" | "delete" if self.customer is not None:
                return fingerprint(self.customer)
            case _:
                rows = ",".join(f"{row.id}:{row.ref}" for row in self.rows)
                return hashlib.sha256(f"{self.change.id} {self.change.status} {rows}".encode()).hexdigest()


async def look(records: Records, number: int, who: str, hours: float, *, others: bool) -> Undo:
    """What undoing a change would do. `others`: the person may undo what somebody else did.

    Raises:
        BadInput: it cannot be undone, saying why.
        NotAllowed: it is somebody else's.
    """
    change = await records.journal.ledger.changes.get(number)
    if change is None:
        raise BadInput(
            msg("There is no change #{number}.", number=str(number)),
            then=msg("list_changes, or /recent, shows the changes and their numbers."),
        )
    if change.wish.actor.who != who and not others:
        raise NotAllowed(
            msg(
                "Change #{number} is {who}'s, and undoing what others did needs the right to delete.",
                number=str(number),
                who=clean(change.wish.actor.who),
            ),
            then=msg("Ask them, or a manager to do it."),
        )
    _require_undoable(records, change, hours)
    if change.action == "import":
        return await _of_import(records, change)
    if change.status == "waiting":
        return Undo(change, "waiting")
    if change.action == "edit":
        return await _of_edit(records, change)
    if change.action == "create":
        return await of_create(records, change)
    return Undo(change, "delete", customer=change.before)


def _require_undoable(records: Records, change: Change, hours: float) -> None:
    number = str(change.id)
    if change.status == "undone":
        if change.undone_by is None:
            raise BadInput(msg("Change #{number} was taken back already.", number=number))
        raise BadInput(
            msg("Change #{number} was undone already, by change #{by}.", number=number, by=str(change.undone_by)),
            then=msg("To have it again, undo change #{by}.", by=str(change.undone_by)),
        )
    if change.status in ("sent", "unsure"):
        raise BadInput(
            msg("It is not known yet what became of change #{number}.", number=number),
            then=msg("Try again when it is: it is looked into by itself."),
        )
    if change.status in ("failed", "conflict"):
        raise nothing(change)
    if records.journal.now() - change.begun_at > timedelta(hours=hours) and change.status != "waiting":
        raise BadInput(
            msg(
                "Change #{number} is older than {hours} hours, so it cannot be undone.",
                number=number,
                hours=f"{hours:g}",
            ),
            then=msg("Change the customer itself instead."),
        )
    if change.erased or (change.action != "import" and change.status == "done" and not _is_whole(change)):
        raise BadInput(msg("What change #{number} was has been erased, so it cannot be undone.", number=number))


def _is_whole(change: Change) -> bool:
    """Whether what is needed to take it back is there."""
    return change.before is not None if change.action == "delete" else change.after is not None


def nothing(change: Change) -> BadInput:
    return BadInput(msg("Change #{number} changed nothing that could be undone.", number=str(change.id)))


async def _of_edit(records: Records, change: Change) -> Undo:
    ref, before, after = await _successor(records, change), change.before, change.after
    if ref is None or before is None or after is None:
        raise nothing(change)
    now = await records.get(ref)
    back = reversed_on(records, change, now)
    plan = planned(now, lambda _: back.edit, records.region)
    if not plan.fields and back.moved:
        raise BadInput(
            msg(
                "{ref} {name} has moved on since change #{number}.",
                ref=ref,
                name=clean(now.name),
                number=str(change.id),
            ),
            then=moved_in_words(back.moved),
        )
    return Undo(change, "edit", planned=plan, moved=back.moved)


def reversed_on(records: Records, change: Change, now: Customer) -> Reversal:
    if change.before is None or change.after is None:
        raise nothing(change)
    # AntCRM gives everybody a gender who has none, and that cannot be taken away again.
    stays = "gender" in change.fields and change.before.gender is None and now.gender is not None
    fields = [field for field in change.fields if field != "gender" or not stays]
    back = reversal(change.before, change.after, fields, now, records.region)
    return replace(back, moved=(*back.moved, Moved("gender", value_in_words(now, "gender")))) if stays else back


async def _of_import(records: Records, change: Change) -> Undo:
    """Its rows that are done; those that wait are not sent any more."""
    rows = await records.journal.ledger.imports.rows(change)
    unknown = sum(row.is_open and row.sends > 0 for row in rows)
    if unknown:
        raise BadInput(
            msgs(
                "It is not known yet what became of {count} row of change #{number}.",
                "It is not known yet what became of {count} rows of change #{number}.",
                unknown,
                number=str(change.id),
            ),
            then=msg("Try again when it is: it is looked into by itself."),
        )
    done = tuple(row for row in rows if row.status == "done")
    if not done and change.status != "waiting":
        raise nothing(change)
    return Undo(change, "import" if done else "waiting", rows=done)


async def of_create(records: Records, change: Change) -> Undo:
    ref = await _successor(records, change)
    if ref is None:
        raise nothing(change)
    try:
        now = await records.get(ref)
    except NotFound:
        raise BadInput(msg("{ref} is not there any more, so there is nothing to undo.", ref=ref)) from None
    if change.erased or change.after is None:
        raise BadInput(msg("What change #{number} was has been erased, so it cannot be undone.", number=str(change.id)))
    moved = literally_differing(WRITABLE, change.after, now)
    if moved:
        raise BadInput(
            msg(
                "{ref} {name} was changed since it was created: {fields}.",
                ref=ref,
                name=clean(now.name),
                fields=field_words(moved),
            ),
            then=msg("Undo those changes first, or delete it if you mean it."),
        )
    return Undo(change, "create", customer=now)


async def _successor(records: Records, change: Change) -> Ref | None:
    """The customer a change is about: by another number now if it was deleted and brought back."""
    return None if change.ref is None else await records.journal.ledger.undos.successor(change.ref)
