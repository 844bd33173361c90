"""Undo: what a change did is taken back as far as AntCRM allows, and nothing that came after it is touched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.changes import Action, Change, Intent, Wish, of_message
from antcrm_tools.errors import BadInput, ChangedMeanwhile, CrmError, NotAllowed, NotFound
from antcrm_tools.liveness import new_holder
from antcrm_tools.meaning import fingerprint, literally_differing
from antcrm_tools.models import WRITABLE, Customer, Draft
from antcrm_tools.plans import Edited, Planned, planned
from antcrm_tools.refs import Ref
from antcrm_tools.reversal import Moved, Reversal, moved_in_words, reversal
from antcrm_tools.text import Text, clean, msg

if TYPE_CHECKING:
    from antcrm_tools.progress import Progress
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


@dataclass(frozen=True, slots=True)
class Undid:
    """What was taken back. `change`: the number of the undo itself, which can be undone in turn."""

    undo: Undo
    edited: Edited | None = None
    customer: Customer | None = None
    change: int | None = None
    again: bool = False
    failed: tuple[Text, ...] = ()


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
    if change.status == "waiting":
        return Undo(change, "waiting")
    match change.action:
        case "edit":
            return await _of_edit(records, change)
        case "create":
            return await _of_create(records, change)
        case "delete":
            return Undo(change, "delete", customer=change.before)
        case "import":
            rows = await records.journal.ledger.imports.rows(change, "done")
            if not rows:
                raise _nothing(change)
            return Undo(change, "import", rows=tuple(rows))


async def undo(
    records: Records, found: Undo, wish: Wish, *, shown: str | None, code: Callable[[], str], progress: Progress
) -> Undid:
    """Take a change back as it was looked at.

    Raises:
        ChangedMeanwhile: what a person was shown is no longer so.
        CrmError: as for every write.
    """
    if shown is not None and shown != found.shown:
        raise ChangedMeanwhile(found.change.name)
    number = found.change.id
    mine = replace(wish, cause=of_message("undo", str(number)), undoes=number)
    match found.kind:
        case "waiting":
            return await _cancel(records, found)
        case "edit":
            return await _put_back(records, found, mine, shown)
        case "create":
            return await _delete(records, found, mine)
        case "delete":
            return await _create_anew(records, found, mine, code)
        case _:
            return await _every_row(records, found, mine, code, progress)


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
        raise _nothing(change)
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


def _nothing(change: Change) -> BadInput:
    return BadInput(msg("Change #{number} changed nothing that could be undone.", number=str(change.id)))


async def _of_edit(records: Records, change: Change) -> Undo:
    ref, before, after = await _successor(records, change), change.before, change.after
    if ref is None or before is None or after is None:
        raise _nothing(change)
    now = await records.get(ref)
    back = _reversed(records, change, now)
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


def _reversed(records: Records, change: Change, now: Customer) -> Reversal:
    if change.before is None or change.after is None:
        raise _nothing(change)
    # AntCRM gives everybody a gender who has none, and that cannot be taken away again.
    fields = [field for field in change.fields if field != "gender" or change.before.gender is not None]
    return reversal(change.before, change.after, fields, now, records.region)


async def _of_create(records: Records, change: Change) -> Undo:
    ref = await _successor(records, change)
    if ref is None:
        raise _nothing(change)
    try:
        now = await records.get(ref)
    except NotFound:
        raise BadInput(msg("{ref} is not there any more, so there is nothing to undo.", ref=ref)) from None
    if change.erased or change.after is None:
        raise BadInput(msg("What change #{number} was has been erased, so it cannot be undone.", number=str(change.id)))
    moved = literally_differing(WRITABLE, change.after, now)
    if moved:
        raise BadInput(
            msg("{ref} {name} was changed since it was created.", ref=ref, name=clean(now.name)),
            then=msg("Undo those changes first, or delete it if you mean it."),
        )
    return Undo(change, "create", customer=now)


async def _successor(records: Records, change: Change) -> Ref | None:
    """The customer a change is about: by another number now if it was deleted and brought back."""
    return None if change.ref is None else await records.journal.ledger.changes.successor(change.ref)


async def _cancel(records: Records, found: Undo) -> Undid:
    change, changes = found.change, records.journal.ledger.changes
    holder = new_holder()
    if not await records.journal.ledger.duty.take_over(change, holder):
        raise BadInput(
            msg("Change #{number} is being sent at this moment.", number=str(change.id)),
            then=msg("Look at it in a minute, and undo it then."),
        )
    await changes.settle(change, "undone", reason=change.reason, mine=holder)
    return Undid(found)


async def _put_back(records: Records, found: Undo, wish: Wish, shown: str | None) -> Undid:
    ref = found.planned.before.as_ref() if found.planned is not None else None
    if ref is None:
        raise _nothing(found.change)
    edited = await records.edit(ref, lambda now: _reversed(records, found.change, now).edit, wish, shown=shown)
    if not edited.fields and not edited.again:
        # It is as it was before already: nothing is sent, and the change is not one to undo any more.
        await records.journal.ledger.changes.mark_undone(found.change)
    return Undid(found, edited=edited, change=edited.change, again=edited.again)


async def _delete(records: Records, found: Undo, wish: Wish, parent: int | None = None) -> Undid:
    if found.customer is None:
        raise _nothing(found.change)
    # What was looked at is compared once more under the lock.
    gone = await records.delete(found.customer.as_ref(), wish, shown=fingerprint(found.customer), parent=parent)
    return Undid(found, customer=gone.was, change=gone.change, again=gone.again)


async def _create_anew(
    records: Records, found: Undo, wish: Wish, code: Callable[[], str], parent: int | None = None
) -> Undid:
    was = found.customer
    if was is None:
        raise _nothing(found.change)
    values = {field: getattr(was, field) for field in WRITABLE if getattr(was, field) not in ("", (), None)}
    draft = Draft.model_validate({**values, "kind": was.kind, "code": code()})
    made = await records.create(draft, wish, parent=parent)
    if isinstance(made, list):
        names = ", ".join(f"{each.ref} {clean(each.name, 40)}" for each in made[:5])
        raise BadInput(
            msg("Others have the phone or e-mail of {name} by now: {names}.", name=clean(was.name), names=names),
            then=msg("Look at them: somebody may have created the customer anew."),
        )
    return Undid(found, customer=made.customer, change=made.change, again=made.again)


async def _every_row(records: Records, found: Undo, wish: Wish, code: Callable[[], str], progress: Progress) -> Undid:
    """Row by row, each a change of its own under one that stands for all of them."""
    journal, total = records.journal, len(found.rows)
    async with journal.turn({f"import {found.change.id}"}) as turn:
        head = await journal.begin(turn, wish, Intent("import", str(total)))
        failed: list[Text] = []
        for number, row in enumerate(found.rows, 1):
            mine = replace(wish, cause=of_message("undo", str(row.id)), undoes=row.id)
            try:
                if row.action == "create":
                    await _delete(records, await _of_create(records, row), mine, head.id)
                else:
                    await _create_anew(records, Undo(row, "delete", customer=row.before), mine, code, head.id)
            except CrmError as error:
                failed.append(msg("{ref} {name}: {reason}", ref=row.ref or "", name=clean(row.name), reason=error.text))
            await journal.ledger.imports.renew(head, turn.hold.holder)
            await progress(number, total)
        if len(failed) == total:
            await journal.settle(head, "failed", reason=failed[0])
            raise BadInput(
                msg("No row of change #{number} could be taken back.", number=str(found.change.id)), then=failed[0]
            )
        await journal.settle(head, "done", reason=failed[0] if failed else None)
    return Undid(found, change=head.id, failed=tuple(failed))
