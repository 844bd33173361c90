"""Exactly one customer for each create, whatever the network does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from antcrm_tools.changes import REPLAY, Change, Intent, Wish
from antcrm_tools.errors import (
    CrmError,
    FilterIgnored,
    Held,
    LedgerBroken,
    MayHaveActed,
    NotActed,
    NotFound,
    NotStored,
    OverCap,
    PagingBroken,
    UnreadableAnswer,
)
from antcrm_tools.finding import find
from antcrm_tools.journal import Turn, kept, not_known
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Customer, Draft
from antcrm_tools.plans import check_created, nowhere, overwritten
from antcrm_tools.refs import Ref
from antcrm_tools.telling import about, became_of, lost_track, news_of, saved_later
from antcrm_tools.text import Text, clean, msg

if TYPE_CHECKING:
    from antcrm_tools.records import Records


GoOn = Callable[[list[Customer]], bool]
"""Whether to create although these customers bear one of the phones or e-mails."""


def never(_known: list[Customer]) -> bool:
    """Nobody has seen them."""
    return False


def always(_known: list[Customer]) -> bool:
    """A person has seen them and wants one more."""
    return True


@dataclass(frozen=True, slots=True)
class Created:
    """A customer that was created and read back, and the change it is in the ledger.

    `again`: it was created by the same wish a little earlier; nothing was sent now.
    """

    customer: Customer
    change: int
    again: bool = False


async def create(
    records: Records, draft: Draft, wish: Wish, *, go_on: GoOn = never, parent: int | None = None
) -> Created | list[Customer]:
    """Create a customer, or return those who seem to be the same and create nothing.

    They bear one of its phones or e-mails, or a name like it at the same company. `go_on` says of those whether to
    create all the same. `parent`: the change this one is a part of.

    Raises:
        KeptForLater: AntCRM cannot be reached, or the person's writes of the day are used up; it is written down and
            sent by itself.
        MayHaveActed: it was sent and is not found yet; it is looked into by itself.
        Held: an earlier create or change with an unknown fate holds one of its phones or e-mails.
        NotStored: AntCRM said yes, but the customer cannot be read back as it was sent.
        LedgerBroken: nothing was sent.
    """
    earlier = await replayed(records, wish)
    if earlier is not None:
        return earlier
    names = set(contact_keys(draft, records.region)) | ({wish.name} if wish.name else set[str]())
    try:
        return await _in_turn(records, draft, wish, names, go_on=go_on, parent=parent)
    except Held:
        # Held by its own like, which was quicker: that is no stranger's.
        earlier = await replayed(records, wish)
        if earlier is None:
            raise
        return earlier


async def _in_turn(
    records: Records, draft: Draft, wish: Wish, names: set[str], *, go_on: GoOn, parent: int | None
) -> Created | list[Customer]:
    async with records.journal.turn(names) as turn:
        # Whoever was before us in this turn may have had the very same wish.
        earlier = await replayed(records, wish)
        if earlier is not None:
            return earlier
        intent = Intent("create", draft.name, wanted=draft, code=draft.code, parent=parent)
        try:
            known = await records.duplicates(draft)
            if not known and go_on is never:
                known = await records.look_alikes(draft)
        except (NotActed, UnreadableAnswer) as error:
            if isinstance(error, FilterIgnored | PagingBroken):
                raise  # AntCRM's ways, not the weather: waiting would not help
            raise kept(await records.journal.keep(turn, wish, intent, error.what), error.what) from None
        if known and not go_on(known):
            return known
        return await _begun(records, turn, wish, replace(intent, known=tuple(each.ref for each in known)), known)


async def replayed(records: Records, wish: Wish) -> Created | None:
    """What became of the same wish a little earlier; None where there was none, or it may be meant anew.

    Raises:
        KeptForLater, MayHaveActed: it is under way.
    """
    earlier = await records.journal.ledger.changes.of_wish(wish)
    if earlier is None:
        return None
    if earlier.is_open:
        raise of_open(earlier)
    now = records.journal.now()
    lasts = wish.lasting or (earlier.settled_at is not None and now - earlier.settled_at < REPLAY)
    if earlier.status != "done" or earlier.ref is None or not lasts:
        return None
    try:
        return Created(await records.get(earlier.ref), earlier.id, again=True)
    except NotFound:
        return None  # deleted since: who asks again wants it again
    except (NotActed, UnreadableAnswer):
        if earlier.after is None:
            raise
        return Created(earlier.after, earlier.id, again=True)


def of_open(change: Change) -> CrmError:
    """What to say of a create that is under way."""
    if change.status == "waiting":
        return kept(change, change.reason or msg("AntCRM could not be reached."))
    return not_known(change, change.reason or msg("It was sent a moment ago and is not finished."))


async def _begun(records: Records, turn: Turn, wish: Wish, intent: Intent, known: list[Customer]) -> Created:
    try:
        change = await records.journal.begin(turn, wish, intent)
    except OverCap as over:
        raise kept(await records.journal.keep(turn, wish, intent, over.what), over.what) from None
    return await sent(records, change, turn, known)


async def sent(records: Records, change: Change, turn: Turn, known: list[Customer], *, later: bool = False) -> Created:
    """Send a create that is written down, and settle it. `later`: nobody waits for it, and its person hears by news.

    Raises:
        CrmError: as `create`; the change is settled, or open and looked into by itself.
    """
    draft, journal, mine = change.draft, records.journal, turn.hold.holder
    try:
        refs = (await records.api.create(draft, check=turn.hold.check)).refs
    except MayHaveActed as error:
        return await _perhaps(records, change, turn, error.what, later=later)
    except NotActed as error:
        soon = journal.now() + journal.first_wait
        if not await journal.settle(change, "waiting", reason=error.what, next_at=soon, mine=mine):
            return await _elsewhere(records, change)
        raise kept(change, error.what) from None
    except CrmError as error:
        if not await _failed(records, change, error, mine=mine, later=later):
            return await _elsewhere(records, change)
        raise
    if not refs:
        name = clean(draft.name)
        why = msg("AntCRM said that {name} was saved but gave no number.", name=name)
        return await _perhaps(records, change, turn, why, later=later)
    return await acknowledged(records, change, refs[0], known, later=later)


async def acknowledged(
    records: Records, change: Change, ref: Ref, known: list[Customer], *, later: bool = False, last: bool = False
) -> Created:
    """AntCRM gave a number, which is final: read it back. Nothing is sent for this create any more.

    `last`: what is not there by now is not there.

    Raises:
        NotStored, MayHaveActed: as `create`.
    """
    journal = records.journal
    was = next((customer for customer in known if customer.as_ref() == ref), None)
    try:
        if was is not None or str(ref) in change.known:
            raise overwritten(ref, was)
        after = await _read(records, change, ref, last=last)
        if records.is_old(after, change.begun_at):
            raise overwritten(ref, None)
    except MayHaveActed as error:
        later_on = journal.looked_into()
        await journal.settle(change, "unsure", ref=ref, reason=error.what, next_at=later_on, certain=True)
        raise not_known(change, error.what) from None
    except NotStored as error:
        await _failed(records, change, error, before=was, later=later)
        raise
    try:
        check_created(change.draft, after, records.region)
    except NotStored as error:
        news = saved_later(change, after, error.done) if later else None
        await journal.settle(change, "done", ref=ref, after=after, reason=error.text, certain=True, news=news)
        raise
    news = saved_later(change, after) if later else None
    await _free_number(records, change, ref, after)
    if not await journal.settle(change, "done", ref=ref, after=after, certain=True, news=news):
        now = await _known(records, change)
        if now is not None and now.is_open:
            # AntCRM named the same customer in its answer to another create.
            error = overwritten(ref, None)
            await _failed(records, change, error, later=later)
            raise error
    return Created(after, change.id)


async def _free_number(records: Records, change: Change, ref: Ref, after: Customer) -> None:
    """A number of a customer of another age is free: a made-up AntCRM that was started anew counts anew."""
    ledger = records.journal.ledger
    try:
        owner = await ledger.changes.claims.owner(ref)
        earlier = None if owner in (None, change.id) else await ledger.changes.get(owner)
        if earlier is not None and earlier.after is not None and earlier.after.created_at != after.created_at:
            await ledger.changes.claims.give_up(ref, earlier.id)
    except LedgerBroken:
        return  # settling says so, too


async def _read(records: Records, change: Change, ref: Ref, *, last: bool) -> Customer:
    try:
        return await records.read_back(ref)
    except NotFound:
        error = nowhere(ref, change.draft.name)
        # It may only not be everywhere yet.
        raise error if last else MayHaveActed(error.what) from None


async def _failed(
    records: Records, change: Change, error: CrmError, *, later: bool, before: Customer | None = None, mine: str = ""
) -> bool:
    news = news_of(change, about(change, error.text)) if later else None
    return await records.journal.settle(change, "failed", before=before, reason=error.text, mine=mine, news=news)


async def _perhaps(records: Records, change: Change, turn: Turn, why: Text, *, later: bool) -> Created:
    """The answer was lost. If the customer can be found at once, it was done; else it is looked for after the pause."""
    journal = records.journal
    try:
        ours = (await find(records, change, background=False)).ours
    except LedgerBroken:
        raise not_known(change, why) from None
    except CrmError:
        ours = None
    if ours is not None:
        news = saved_later(change, ours) if later else None
        settled = await journal.settle(change, "done", ref=ours.as_ref(), after=ours, news=news)
        if settled or await _known(records, change) is None:
            return Created(ours, change.id)
    unsure = journal.looked_into()
    if not await journal.settle(change, "unsure", reason=why, next_at=unsure, mine=turn.hold.holder):
        return await _elsewhere(records, change)
    raise not_known(change, why)


async def _elsewhere(records: Records, change: Change) -> Created:
    """This process was held up, and another one has gone on with the change: what it says now is what counts."""
    now = await _known(records, change)
    if now is None:
        raise lost_track()
    if now.is_open:
        raise of_open(now)
    if now.status == "done" and now.after is not None:
        return Created(now.after, now.id)
    raise became_of(now)


async def _known(records: Records, change: Change) -> Change | None:
    """The change as it is; None where the ledger it was in is gone, or cannot be read now."""
    try:
        now = await records.journal.ledger.changes.get(change.id)
    except LedgerBroken:
        return None
    return now if now is not None and now.code == change.code else None
