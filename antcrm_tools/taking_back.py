"""Taking a change back, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from antcrm_tools.changes import Change, Intent, Wish
from antcrm_tools.errors import BadInput, ChangedMeanwhile, CrmError, LedgerBroken, NotActed
from antcrm_tools.finding import find
from antcrm_tools.liveness import new_holder
from antcrm_tools.meaning import fingerprint
from antcrm_tools.models import WRITABLE, Customer, Draft
from antcrm_tools.plans import Edited
from antcrm_tools.text import Text, clean, msg
from antcrm_tools.undoing import Undo, nothing, of_create, reversed_on

if TYPE_CHECKING:
    from antcrm_tools.progress import Progress
    from antcrm_tools.records import Records


@dataclass(frozen=True, slots=True)
class Undid:
    """What was taken back. `change`: the number of the undo itself, which can be undone in turn."""

    undo: Undo
    edited: Edited | None = None
    customer: Customer | None = None
    change: int | None = None
    again: bool = False
    failed: tuple[Text, ...] = ()


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
    mine = replace(wish, undoes=number)
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


async def _cancel(records: Records, found: Undo) -> Undid:
    change, changes = found.change, records.journal.ledger.changes
    holder = new_holder()
    if not await records.journal.ledger.duty.take_over(change, holder):
        raise _being_sent(change)
    if change.action == "import":
        await records.journal.ledger.imports.cancel(change)
    elif change.sends > 1:
        await _require_absent(records, change, holder)
    # The rows of an import that are there are taken back one by one; until then it is done.
    status = "done" if found.rows else "undone"
    if not await changes.settle(change, status, reason=change.reason, mine=holder):
        raise _being_sent(change)
    return Undid(found)


async def _require_absent(records: Records, change: Change, holder: str) -> None:
    """It left before, and may have been done all the same."""
    journal = records.journal
    wait = (change.sent_at or change.begun_at) + journal.pause > journal.now()
    try:
        found = None if wait else await find(records, change, background=False)
        # Others with its phone may be the one under another name.
        wait = wait or found is None or found.ours is not None or bool(found.others)
    except CrmError:
        wait = True
    if not wait:
        return
    # Whoever looks after it finds out.
    await journal.settle(change, "unsure", reason=change.reason, next_at=journal.looked_into(), mine=holder)
    raise BadInput(
        msg(
            "It was sent before, and it is not known yet whether it was saved (change #{number}).",
            number=str(change.id),
        ),
        then=msg("Try again when it is: it is looked into by itself."),
    )


def _being_sent(change: Change) -> BadInput:
    return BadInput(
        msg("Change #{number} is being sent at this moment.", number=str(change.id)),
        then=msg("Look at it in a minute, and undo it then."),
    )


async def _put_back(records: Records, found: Undo, wish: Wish, shown: str | None) -> Undid:
    ref = found.planned.before.as_ref() if found.planned is not None else None
    if ref is None:
        raise nothing(found.change)
    edited = await records.edit(ref, lambda now: reversed_on(records, found.change, now).edit, wish, shown=shown)
    if not edited.fields and not edited.again:
        # It is as it was before already: nothing is sent, and the change is not one to undo any more.
        await records.journal.ledger.undos.mark(found.change)
    return Undid(found, edited=edited, change=edited.change, again=edited.again)


async def _delete(records: Records, found: Undo, wish: Wish, parent: int | None = None) -> Undid:
    if found.customer is None:
        raise nothing(found.change)
    # What was looked at is compared once more under the lock.
    gone = await records.delete(found.customer.as_ref(), wish, shown=fingerprint(found.customer), parent=parent)
    return Undid(found, customer=gone.was, change=gone.change, again=gone.again)


async def _create_anew(
    records: Records, found: Undo, wish: Wish, code: Callable[[], str], parent: int | None = None
) -> Undid:
    was = found.customer
    if was is None:
        raise nothing(found.change)
    values = {field: getattr(was, field) for field in WRITABLE if getattr(was, field) not in ("", (), None)}
    draft = Draft.model_validate({**values, "kind": was.kind, "code": code()})

    def beside(known: list[Customer]) -> bool:
        """Who had its phone or e-mail beside it before it was deleted may have it after as well."""
        return all(records.is_old(each, found.change.begun_at) for each in known)

    made = await records.create(draft, wish, go_on=beside, parent=parent)
    if isinstance(made, list):
        names = ", ".join(f"{each.ref} {clean(each.name, 40)}" for each in made[:5])
        raise BadInput(
            msg("Others have the phone or e-mail of {name} by now: {names}.", name=clean(was.name), names=names),
            then=msg("Look at them: somebody may have created the customer anew."),
        )
    return Undid(found, customer=made.customer, change=made.change, again=made.again)


async def _every_row(records: Records, found: Undo, wish: Wish, code: Callable[[], str], progress: Progress) -> Undid:
    """Row by row, each a change of its own under one that stands for all of them.

    As long as rows are left the import can be undone again, by the same number.
    """
    if found.change.status == "waiting":
        await _cancel(records, found)
    journal, total = records.journal, len(found.rows)
    async with journal.turn({f"import {found.change.id}"}) as turn:
        head = await journal.begin(turn, wish, Intent("import", str(total)))
        failed: list[Text] = []
        for number, row in enumerate(found.rows, 1):
            error = await _row(records, row, replace(wish, cause="", undoes=row.id, since=None), code, head)
            if error is not None:
                failed.append(msg("{ref} {name}: {reason}", ref=row.ref or "", name=clean(row.name), reason=error.text))
            if not await journal.ledger.imports.renew(head, turn.hold.holder):
                raise NotActed(
                    msg("The program was held up, after {done} of {total} rows.", done=number, total=total),
                    then=msg("Undo it again to go on."),
                )
            await progress(number, total)
        if len(failed) == total:
            await journal.settle(head, "failed", reason=failed[0], mine=turn.hold.holder)
            raise BadInput(
                msg("No row of change #{number} could be taken back.", number=str(found.change.id)), then=failed[0]
            )
        await journal.settle(head, "done", reason=failed[0] if failed else None, mine=turn.hold.holder)
        if not failed:
            await journal.ledger.undos.mark(found.change, head.id)
    return Undid(found, change=head.id, failed=tuple(failed))


async def _row(records: Records, row: Change, wish: Wish, code: Callable[[], str], head: Change) -> CrmError | None:
    """Take one row back; why not, where it cannot be."""
    try:
        if row.action == "create":
            await _delete(records, await of_create(records, row), wish, head.id)
        else:
            await _create_anew(records, Undo(row, "delete", customer=row.before), wish, code, head.id)
    except LedgerBroken:
        raise
    except CrmError as error:
        return error
    return None
