"""Edits and deletes: written down, sent once, read back, settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from antcrm_tools.changes import Change, Intent, Wish
from antcrm_tools.errors import CrmError, MayHaveActed, NotActed, NotFound, NotStored
from antcrm_tools.journal import Turn, not_known
from antcrm_tools.meaning import differing
from antcrm_tools.models import Customer
from antcrm_tools.plans import Edited, Planned, check_edited, still_there
from antcrm_tools.telling import about, became_of, lost_track, news_of, saved_later
from antcrm_tools.text import Text, msg

if TYPE_CHECKING:
    from antcrm_tools.records import Records


@dataclass(frozen=True, slots=True)
class Deletion:
    """A customer that is gone, as it was, and the change it is in the ledger."""

    was: Customer
    change: int
    again: bool = False


async def edit(records: Records, plan: Planned, turn: Turn, wish: Wish) -> Edited:
    """Make a planned edit.

    Raises:
        CrmError: as `Records.edit`.
    """
    before = plan.before
    intent = Intent("edit", before.name, wanted=plan.edit, ref=before.as_ref(), before=before)
    change = await records.journal.begin(turn, wish, intent)
    return await sent_edit(records, change, plan, turn)


async def made_before(records: Records, wish: Wish) -> Change | None:
    """What the same message or tap led to before; None where it led to nothing that stands.

    Raises:
        MayHaveActed: that is not known yet.
    """
    earlier = await records.journal.ledger.changes.of_wish(wish) if wish.lasting else None
    if earlier is not None and earlier.is_open:
        raise not_known(earlier, earlier.reason or msg("It was sent a moment ago and is not finished."))
    return earlier if earlier is not None and earlier.status == "done" and not earlier.erased else None


async def sent_edit(records: Records, change: Change, plan: Planned, turn: Turn, *, later: bool = False) -> Edited:
    """Send an edit that is written down, and settle it. `later`: nobody waits for it, and its person hears by news.

    Raises:
        CrmError: as `Records.edit`.
    """
    journal, ref, mine = records.journal, plan.before.as_ref(), turn.hold.holder
    try:
        await records.api.edit(ref, plan.edit, check=turn.hold.check)
        after = await records.read_back(ref)
    except MayHaveActed as error:
        found = await _as_intended(records, plan)
        if found is None:
            if not await journal.settle(change, "unsure", reason=error.what, next_at=journal.looked_into(), mine=mine):
                return await _edited_elsewhere(records, change, plan)
            before = msg("Before, {ref} was: {values}.", ref=ref, values=plan.before_in_words())
            raise not_known(change, error.what, before) from None
        after = found
    except CrmError as error:
        news = news_of(change, about(change, error.text), ref) if later else None
        if not await journal.settle(change, "failed", reason=error.text, mine=mine, news=news):
            return await _edited_elsewhere(records, change, plan)
        raise
    return await settled_edit(records, change, plan, after, later=later, mine=mine)


async def settled_edit(
    records: Records, change: Change, plan: Planned, after: Customer, *, later: bool = False, mine: str = ""
) -> Edited:
    """Settle an edit by what reading it back showed.

    Raises:
        NotStored, FieldMoved: it is not as it was sent, or something else is not as it was.
    """
    try:
        check_edited(plan, after, records.region)
    except NotStored as error:
        records.stopped = records.stopped or error.stopped
        nothing = not differing(plan.fields, plan.before, after, records.region)
        news = news_of(change, about(change, error.text), after.as_ref()) if later else None
        status = "failed" if nothing else "done"
        if not await records.journal.settle(change, status, after=after, reason=error.text, news=news, mine=mine):
            return await _edited_elsewhere(records, change, plan)
        raise
    await records.journal.settle(change, "done", after=after, news=saved_later(change, after) if later else None)
    return Edited(plan.before, after, tuple(plan.fields), change.id)


async def _edited_elsewhere(records: Records, change: Change, plan: Planned) -> Edited:
    """This process was held up, and another one has gone on with the change: what it says now is what counts."""
    now = await _found_again(records, change)
    if now.status == "done" and now.after is not None:
        return Edited(plan.before, now.after, tuple(plan.fields), change.id)
    raise _of_elsewhere(now)


async def _found_again(records: Records, change: Change) -> Change:
    now = await records.journal.ledger.changes.get(change.id)
    if now is None or (now.action, now.ref) != (change.action, change.ref):
        raise lost_track()
    return now


def _of_elsewhere(now: Change) -> CrmError:
    if now.is_open:
        return not_known(now, now.reason or msg("It was sent a moment ago and is not finished."))
    return became_of(now)


async def delete(records: Records, before: Customer, turn: Turn, wish: Wish, parent: int | None = None) -> Deletion:
    """Delete a customer who was just read.

    Raises:
        CrmError: as `Records.delete`.
    """
    ref = before.as_ref()
    intent = Intent("delete", before.name, ref=ref, before=before, parent=parent)
    change = await records.journal.begin(turn, wish, intent)
    try:
        await records.api.delete(ref, check=turn.hold.check)
    except MayHaveActed as error:
        if not await is_gone(records, before):
            return await _unsure(records, change, turn, error.what)
    except CrmError as error:
        if not await records.journal.settle(change, "failed", reason=error.text, mine=turn.hold.holder):
            return await _deleted_elsewhere(records, change)
        raise
    else:
        try:
            gone = await _is_gone(records, before)
        except (MayHaveActed, NotActed) as error:
            return await _unsure(records, change, turn, error.what)
        if not gone:
            error = still_there(ref)
            await records.journal.settle(change, "failed", reason=error.text)
            raise error
    await records.journal.settle(change, "done")
    return Deletion(before, change.id)


async def _deleted_elsewhere(records: Records, change: Change) -> Deletion:
    now = await _found_again(records, change)
    if now.status == "done" and now.before is not None:
        return Deletion(now.before, change.id)
    raise _of_elsewhere(now)


async def is_gone(records: Records, before: Customer) -> bool:
    """Whether a customer is certainly gone. What cannot be read is not."""
    try:
        return await _is_gone(records, before)
    except CrmError:
        return False


async def _is_gone(records: Records, before: Customer) -> bool:
    try:
        await records.read_back(before.as_ref())
    except NotFound:
        return True
    if await records.still_listed(before):
        return False
    # Softly: by its number it can still be read, and the copy has just done so.
    await records.forgotten(before.as_ref())
    return True


async def _unsure(records: Records, change: Change, turn: Turn, why: Text) -> Deletion:
    journal = records.journal
    if not await journal.settle(change, "unsure", reason=why, next_at=journal.looked_into(), mine=turn.hold.holder):
        return await _deleted_elsewhere(records, change)
    raise not_known(change, why, msg("A delete is never sent a second time.")) from None


async def _as_intended(records: Records, plan: Planned) -> Customer | None:
    """The record, if it holds what was sent: then the edit was made, though its answer was lost."""
    try:
        now = await records.get(plan.before.as_ref())
    except CrmError:
        return None
    return None if differing(plan.fields, plan.edit, now, records.region) else now
