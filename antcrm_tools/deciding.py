"""What comes of an answer: the ticket is consumed, what was shown is looked at once more, and the call runs once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.carrying import declined, dropped, run, still_running, under_way, unexpected
from antcrm_tools.changes import of_message
from antcrm_tools.errors import CrmError, KeptForLater, LedgerBroken, MayHaveActed
from antcrm_tools.handling import Handling
from antcrm_tools.outcomes import Actor, Failed, Reason, Settled, Ticket, Unsure
from antcrm_tools.progress import Progress
from antcrm_tools.registry import Result
from antcrm_tools.telling import became
from antcrm_tools.text import join, msg

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.ticket import Tickets

LONGEST_LIFE = timedelta(minutes=10)
"""Of a ticket."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A person's answer. `count` is what they typed for a bulk."""

    by: Actor
    yes: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Deciding:
    """Carries answers out. `patience`: seconds to wait for an outcome that somebody else has the answer to."""

    handling: Handling
    tickets: Tickets
    patience: float

    async def decide(self, ticket: Ticket, said: Said, progress: Progress) -> Settled:
        """Consume a ticket, carry out the answer, and record what became of it."""
        if not await self.tickets.take(ticket.id, said.by):
            return await self.became(ticket)
        outcome: Settled = Failed(unexpected())
        try:
            outcome = await self._decided(ticket, said, progress)
        finally:
            try:
                await self.tickets.settle(ticket.id, outcome)
            except LedgerBroken as error:
                # What AntCRM did is said all the same; the ticket is taken, so nothing happens twice.
                _log.error("the outcome of a confirmed call could not be written down: %s", error)
        return outcome

    async def became(self, ticket: Ticket) -> Settled:
        """What becomes of one that somebody else has answered."""
        return await self.tickets.settled(ticket.id, self.patience) or still_running()

    async def withdraw(self, ticket_id: str, reason: Reason) -> bool:
        """Close a question nobody will answer any more. False: it had been answered already."""
        return await asyncio.shield(self._withdrawn(ticket_id, reason))

    async def interrupted(self, ticket: Ticket) -> Unsure:
        """The process that was carrying it out is gone; what it had written down says how far it came."""
        change = await self.handling.records.journal.ledger.changes.of_cause(_cause(ticket))
        ended = msg("The program ended while this was being carried out.")
        if change is None or change.begun_at < ticket.expires - LONGEST_LIFE:
            return Unsure(join([ended, msg("Look at the customer before you ask again.")]))
        return Unsure(join([ended, became(change)]))

    async def close_lost(self, ticket: Ticket) -> Unsure:
        """The same, and it is written down for everybody who waits for it."""
        known = await self.interrupted(ticket)
        await self.tickets.close_lost(ticket.id, known)
        return known

    async def _withdrawn(self, ticket_id: str, reason: Reason) -> bool:
        if not await self.tickets.take(ticket_id):
            return False
        await self.tickets.settle(ticket_id, dropped(reason))
        return True

    async def _decided(self, ticket: Ticket, said: Said, progress: Progress) -> Settled:
        if not said.yes:
            return declined(said.by, ticket.actor)
        if ticket.preview.count is not None and said.count != ticket.preview.count:
            return dropped("wrong_count")
        do, call = self.handling, ticket.call
        try:
            if await self.tickets.now() >= ticket.expires:
                return dropped("expired")
            # Whose role was lowered since the question confirms nothing beyond it.
            actor, by = await do.entitled(ticket.actor, call), await do.entitled(said.by, call)
            asked = do.work(call, actor, _cause(ticket))
            right = (await do.weighed(call, asked)).right
            do.require(ticket, right, actor, by)
            now = await do.preview(call, asked)
            # AntCRM may have been slow to say what is there now.
            actor, by = await do.entitled(actor, call), await do.entitled(by, call)
            do.require(ticket, right, actor, by)
        except (KeptForLater, MayHaveActed) as error:
            return under_way(error)
        except CrmError as error:
            return Failed(error)
        if isinstance(now, Result) or now.fingerprint != ticket.preview.fingerprint:
            return dropped("changed")
        shown = ticket.preview.fingerprint
        name = "" if (by.who, by.face) == (actor.who, actor.face) else by.who
        return await run(call, do.work(call, actor, _cause(ticket), shown=shown, by=name, progress=progress))


def _cause(ticket: Ticket) -> str:
    """What the change comes from: where it has no other cause, from this very answer.

    By it the change is found when the process that carries it out is killed.
    """
    return ticket.cause or of_message("ticket", ticket.id)
