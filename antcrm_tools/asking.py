"""How a call becomes a question: one for each wish, which shows what is there and can be answered for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.approving import Approving
from antcrm_tools.carrying import ASSISTANT, raise_failed, under_way
from antcrm_tools.deciding import LONGEST_LIFE, Deciding
from antcrm_tools.errors import KeptForLater, MayHaveActed, NotFound
from antcrm_tools.handling import Handling
from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Ask, Done, Outcome, Ticket, Unsure, Waiting
from antcrm_tools.registry import Call, Preview, Result
from antcrm_tools.work import Work

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.ticket import Tickets, TicketStatus

KEEP = timedelta(minutes=10)
"""How long the outcome of a ticket is handed out to whoever lost the answer."""

LIFE = timedelta(minutes=2)
ASSISTANT_LIFE = LONGEST_LIFE
"""An assistant's question may wait behind others, and one on a phone in a pocket; a chat is looked at."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks, on one ledger. `approving`: how questions are answered elsewhere, where that is possible."""

    handling: Handling
    tickets: Tickets
    deciding: Deciding
    approving: Approving | None

    async def ask(self, call: Call, work: Work, needs: Scope | None, within: float | None) -> Outcome:
        """Ask. `needs`: the right of whoever answers elsewhere, where the face itself does not ask."""
        actor = work.actor
        earlier = await self.tickets.latest((actor.who, actor.face), call.tool.name, call.canonical)
        if earlier is not None and (outcome := await self._became(earlier, call, work)) is not None:
            return outcome
        try:
            preview = await self.handling.preview(call, work)
        except NotFound:
            if earlier is not None and isinstance(earlier.outcome, Done):
                # It was done a moment ago, and the answer may have been lost on the way.
                return replace(earlier.outcome, again=True)
            raise
        except (KeptForLater, MayHaveActed) as error:
            return under_way(error)  # the same wish a little earlier
        if isinstance(preview, Result):
            return Done(preview, again=preview.repeated())
        asked = await self._put(call, work, preview, needs, earlier)
        if not isinstance(asked, Ticket):
            return asked
        if needs is None or self.approving is None:
            return Ask(asked.id, asked.preview, asked.expires)
        new = earlier is None or asked.id != earlier.ticket.id
        said = await self.approving.wait(asked, needs, within, new=new)
        if isinstance(said, Waiting):
            return said
        return raise_failed(said or await self._left_behind(asked))

    async def _became(self, earlier: TicketStatus, call: Call, work: Work) -> Outcome | None:
        """What the same question a little earlier has led to, where that answers this call."""
        if earlier.state == "taken" and not (call.tool.replays and work.wish.cause):
            # The answer is being carried out at this moment: this is the same wish, seen twice.
            became = await self.deciding.became(earlier.ticket)
            await self._note_heard(earlier.ticket)
            return raise_failed(became)
        if earlier.state == "lost":
            return await self._left_behind(earlier.ticket)
        outcome = None if self.approving is None else await self.approving.earlier(earlier)
        return None if outcome is None else raise_failed(outcome)

    async def _put(
        self, call: Call, work: Work, preview: Preview, needs: Scope | None, earlier: TicketStatus | None
    ) -> Ticket | Outcome:
        """The question that stands open now; or what became of one that was answered in this very moment."""
        now = await self.tickets.now()
        life = LIFE if work.actor.face != ASSISTANT and needs is None else ASSISTANT_LIFE
        # Also some time after that, so that whoever asked hears that nobody has answered.
        keep = now + max(KEEP, life if needs is None else life + KEEP)
        ticket = Ticket(secrets.token_urlsafe(16), work.actor, call, preview, now + life, keep, work.wish.cause)
        was_open = earlier is not None and earlier.state == "open" and earlier.ticket.expires > now
        if earlier is not None and was_open and earlier.ticket.preview.fingerprint != preview.fingerprint:
            # The open question shows what is no longer there; answering it would only be refused.
            await self.deciding.withdraw(earlier.ticket.id, "changed")
            await self._note_heard(earlier.ticket)
            was_open = False
        kept = await self.tickets.put(ticket, needs=needs)
        if earlier is None or not was_open or kept.id == earlier.ticket.id:
            return kept
        # That answer is the one to this call.
        await self.deciding.withdraw(kept.id, "changed")
        await self._note_heard(kept)
        became = await self.deciding.became(earlier.ticket)
        await self._note_heard(earlier.ticket)
        return raise_failed(became)

    async def _left_behind(self, ticket: Ticket) -> Unsure:
        known = await self.deciding.close_lost(ticket)
        await self._note_heard(ticket)
        return known

    async def _note_heard(self, ticket: Ticket) -> None:
        if self.approving is not None:
            await self.approving.note_heard(ticket)
