"""Looking for what was lost: whether a write was done, and what to do where it was not."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from antcrm_tools.changes import Change
from antcrm_tools.creating import acknowledged, sent
from antcrm_tools.errors import CrmError, KeptForLater, NotActed, NotFound, NotStored
from antcrm_tools.finding import Found, find, meet, twins
from antcrm_tools.in_words import field_words
from antcrm_tools.journal import Turn
from antcrm_tools.meaning import differing, literally_differing
from antcrm_tools.models import Customer, Edit
from antcrm_tools.plans import Planned, not_as_sent
from antcrm_tools.refs import Ref
from antcrm_tools.telling import about, news_of, saved_later
from antcrm_tools.text import clean, join, msg
from antcrm_tools.writing import is_gone, sent_edit, settled_edit

if TYPE_CHECKING:
    from antcrm_tools.records import Records

_MET_ENOUGH = 3
"""Tries to meet a customer by our code that say nothing. After so many, and a look each time, it is not there."""

_EDITS = 2
"""Times an edit is sent at most."""


class Looking:
    """What is done with a change that is open, by whoever has taken it over.

    A step that raises leaves the change open. `KeptForLater`: AntCRM did not take what was sent.
    """

    def __init__(self, records: Records) -> None:
        """What is found out is kept for the person whose change it is."""
        self._records = records
        self._journal = records.journal

    async def create(self, change: Change, turn: Turn) -> None:
        """Read first; nothing: meet it by our code; still nothing: send it once more."""
        found = await find(self._records, change)
        if found.ours is not None:
            await self._adopt(change, found.ours)
            return
        if await self._too_early(change, turn):
            return
        if change.ref is not None:
            with suppress(NotStored):
                await acknowledged(self._records, change, change.ref, [], later=True, last=True)
            return
        # Who bears its phone under another name may be the one, renamed since: met by that name it stays as it is.
        name = found.others[0].name if found.others else change.draft.name
        met = await meet(self._records, change, name, turn.hold.check)
        if isinstance(met, Ref):
            await self._met(change, met, found)
        elif met == "unknown" and change.meets + 1 < _MET_ENOUGH:
            why = msg("AntCRM did not say whether it has the customer.")
            again = self._journal.looked_into()
            await self._journal.settle(change, "unsure", reason=why, next_at=again, met=True, mine=turn.hold.holder)
        elif found.others:
            await self._conflict(change, found)
        else:
            await self._send(change, turn)

    async def send_waiting(self, change: Change, turn: Turn) -> None:
        """Duplicates are looked up again, for it may have waited long."""
        known = await self._records.duplicates(change.draft, background=True)
        ours = (await find(self._records, change)).ours if change.sends > 1 else None
        found = Found(ours, tuple(hit for hit in known if hit.ref not in change.known))
        if found.ours is not None:
            await self._adopt(change, found.ours)
        elif found.others:
            await self._conflict(change, found)
        else:
            await self._send(change, turn)

    async def _send(self, change: Change, turn: Turn) -> None:
        if not await self._journal.ledger.duty.send_again(change, turn.hold.holder):
            return
        try:
            await sent(self._records, change, turn, [], later=True)
        except KeptForLater:
            raise
        except CrmError:
            return  # it is unsure again and comes again, or it is settled and its person hears
        if change.sends:
            await self._look_for_twins(change)

    async def _adopt(self, change: Change, ours: Customer, *, certain: bool = False) -> None:
        missing = not_as_sent(change.draft, ours, self._records.region)
        reason = msg("Created, but not stored as sent: {fields}.", fields=field_words(missing)) if missing else None
        news = saved_later(change, ours, reason)
        settled = await self._journal.settle(
            change, "done", ref=ours.as_ref(), after=ours, reason=reason, news=news, certain=certain
        )
        if not settled:
            # Another create took it for its own in this moment: the next look leaves it out.
            raise NotActed(msg("AntCRM has one like it, which another create made."))
        if change.sends > 1 or certain:
            await self._look_for_twins(change)

    async def _look_for_twins(self, change: Change) -> None:
        """It left twice, or meeting it may have made it: should the first one act after all, there will be two."""
        await self._journal.ledger.duty.look_again(change, self._journal.looked_into())

    async def _met(self, change: Change, ref: Ref, found: Found) -> None:
        """It bears our code. Where meeting it made it, it holds the name alone, and the rest follows.

        What somebody has written on it since stays: only what is empty is filled, and a name it had before is put back.
        """
        async with self._journal.turn([str(ref)]) as turn:
            now = await self._records.get(ref, background=True)
            was = next((each for each in found.fresh if each.as_ref() == ref), None)
            draft = change.draft
            rest: dict[str, object] = {
                field: getattr(draft, field)
                for field in not_as_sent(draft, now, self._records.region)
                if getattr(now, field) in ("", (), None)
            }
            if was is not None and was.name != now.name:
                rest["name"] = was.name
            if rest:
                await self._records.api.edit(ref, Edit.model_validate(rest), check=turn.hold.check)
                now = await self._records.read_back(ref)
        await self._adopt(change, now, certain=True)

    async def _conflict(self, change: Change, found: Found) -> None:
        refs = tuple(other.as_ref() for other in found.others)
        names = ", ".join(f"{other.ref} {clean(other.name, 40)}" for other in found.others[:5])
        what = msg("It was not created: meanwhile others have its phone or e-mail: {names}.", names=names)
        then = msg("Look at them, and create it once more if it is somebody else.")
        text = about(change, join([what, then]))
        await self._journal.settle(change, "conflict", reason=text, news=news_of(change, text, *refs))

    async def edit(self, change: Change, turn: Turn) -> None:
        """As intended: done. As before: once more. Anything else: a person has to look."""
        ref, before, wanted = change.ref, change.before, change.wanted
        if ref is None or before is None or wanted is None:
            raise LookupError(f"change {change.id} is no edit")
        plan = Planned(before, wanted, "", ())
        try:
            now = await self._records.get(ref, background=True)
        except NotFound:
            text = about(change, msg("The customer is not there any more."))
            await self._journal.settle(change, "conflict", reason=text, news=news_of(change, text))
            return
        if not differing(plan.fields, wanted, now, self._records.region):
            with suppress(NotStored):
                await settled_edit(self._records, change, plan, now, later=True)
        elif await self._too_early(change, turn):
            return
        elif literally_differing(plan.fields, before, now):
            moved = differing(plan.fields, before, now, self._records.region) or plan.fields
            what = msg("Something else is there now, in: {fields}. It was left as it is.", fields=field_words(moved))
            was = msg("Before, {ref} was: {values}.", ref=ref, values=plan.before_in_words())
            text = about(change, join([what, was]))
            await self._journal.settle(change, "conflict", after=now, reason=text, news=news_of(change, text, ref))
        elif change.sends >= _EDITS or self._records.stopped:
            text = about(change, msg("It was not saved. Ask again if you still want it."))
            await self._journal.settle(change, "failed", reason=text, news=news_of(change, text, ref))
        elif await self._journal.ledger.duty.send_again(change, turn.hold.holder):
            with suppress(CrmError):  # it is unsure again and comes again, or it is settled and its person hears
                await sent_edit(self._records, change, plan, turn, later=True)

    async def delete(self, change: Change, turn: Turn) -> None:
        """Never sent again. Gone: done. There after two looks: it was not deleted."""
        if change.before is None or change.ref is None:
            raise LookupError(f"change {change.id} is no delete")
        name, ref = clean(change.name), change.ref
        if await is_gone(self._records, change.before):
            text = msg("Deleted: {ref} {name}.", ref=ref, name=name)
            await self._journal.settle(change, "done", news=news_of(change, text))
            return
        if await self._too_early(change, turn):
            return
        await self._records.get(ref, background=True)  # what cannot be read was not seen to be there
        if not change.probes:
            later = self._journal.looked_into()
            await self._journal.settle(change, "unsure", reason=change.reason, next_at=later, probed=True)
            return
        text = msg("{ref} {name} was not deleted. Ask again if you still want it.", ref=ref, name=name)
        await self._journal.settle(change, "failed", reason=text, news=news_of(change, text, ref))

    async def _too_early(self, change: Change, turn: Turn) -> bool:
        """Whether what is not there may still come: the process that sent it is gone, and AntCRM may be at it."""
        over = (change.sent_at or change.begun_at) + self._journal.pause
        if change.status != "sent" or self._journal.now() >= over:
            return False
        why = change.reason or msg("The program ended before it heard what became of it.")
        await self._journal.settle(change, "unsure", reason=why, next_at=over, mine=turn.hold.holder)
        return True

    async def twins(self, change: Change) -> None:
        """A create that left twice: whether there are two now."""
        found = await twins(self._records, change)
        news = None
        if found and change.ref is not None:
            refs = (change.ref, *(twin.as_ref() for twin in found))
            numbers = ", ".join(str(ref) for ref in refs)
            text = msg(
                "{name} may be there twice: {refs}. Look, and delete one.", name=clean(change.name), refs=numbers
            )
            news = news_of(change, text, *refs)
        await self._journal.ledger.duty.looked(change, news)
