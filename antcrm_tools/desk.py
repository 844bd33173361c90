"""The Desk: the one door. Nothing but it runs a Call.

It checks rights, the process's and the person's, asks a person when the effect demands it, re-reads what was shown when
the answer comes, and drops the call if that is no longer there. A confirmation is a ticket, consumed before the request
leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from antcrm_tools.approving import Approving
from antcrm_tools.asking import Asking
from antcrm_tools.carrying import (
    cannot_ask,
    cause_of,
    dropped,
    nobody_here,
    raise_failed,
    run,
    still_running,
)
from antcrm_tools.changes import News, of_message
from antcrm_tools.deciding import Deciding, Said
from antcrm_tools.directory.keeping import Copy
from antcrm_tools.errors import LedgerBroken, NotAllowed
from antcrm_tools.handling import Handling
from antcrm_tools.outcomes import (
    Actor,
    Done,
    Dropped,
    Outcome,
    Queued,
    Reason,
    Settled,
    Ticket,
    Unsure,
    Waiting,
)
from antcrm_tools.progress import Progress, no_progress
from antcrm_tools.records import Records
from antcrm_tools.registry import Call, Effect
from antcrm_tools.rights import Policy, right_of, scope_of
from antcrm_tools.running import Running
from antcrm_tools.staff import Staff
from antcrm_tools.telling import became
from antcrm_tools.text import Text
from antcrm_tools.tools import TOOLS

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.ticket import Tickets, TicketStatus


class Desk:
    """Runs calls for people, on one AntCRM."""

    def __init__(
        self,
        records: Records,
        copy: Copy,
        tickets: Tickets,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        zone: tzinfo,
        patience: float = 40.0,
        undo_hours: float = 24.0,
        staff: Staff | None = None,
        approving: Approving | None = None,
    ) -> None:
        """`patience`: seconds to wait for an outcome somebody else has the answer to; `staff`: whose roles count.

        `approving`: how questions are answered elsewhere, where that is possible.
        """
        self.approving = approving
        self.policy = policy
        self._records = records
        self._tickets = tickets
        self._patience = patience
        self._running = Running()
        self._do = Handling(records, copy, policy, clock, zone, undo_hours, staff)
        self._deciding = Deciding(self._do, tickets, patience)
        self._asking = Asking(self._do, tickets, self._deciding, approving)

    async def submit(
        self,
        call: Call,
        actor: Actor,
        *,
        source: str = "",
        progress: Progress = no_progress,
        within: float | None = None,
        asks_here: bool = True,
    ) -> Outcome:
        """Run a call, or come back with the question a person has to answer first.

        `source` names the message or tap the call came from, where there is one: from the same source the same call is
        carried out once, however often it comes, unless it was undone since. `within`: seconds after which a write
        that goes on, or an answer from elsewhere, is waited for no longer; without it the one is waited for to its
        end, and the other not at all. `asks_here`: the face can show its person a question; where it cannot, and where
        the person lacks the right, the question is answered elsewhere.

        Raises:
            CrmError: saying what was and was not done.
        """
        actor = await self._do.entitled(actor, call)
        work = self._do.work(call, actor, cause_of(call, actor, source), progress=progress)
        weight = await self._do.weighed(call, work)
        asks = self.policy.asks(weight.effect)
        others = (
            asks and not self.policy.allows(weight.right, actor) and self.policy.may_ask_others(weight.right, actor)
        )
        elsewhere = asks and (others or not asks_here)
        if elsewhere and not await self._can_ask_elsewhere():
            self.policy.require(call, weight.right, actor)
            raise cannot_ask(call)
        if not others:
            self.policy.require(call, weight.right, actor)
        if asks:
            return await self._asking.ask(call, work, scope_of(weight.right) if elsewhere else None, within)
        if weight.effect is Effect.READ:
            return Done(await call.tool.run(work, call.args))
        going = self._running.to_the_end(lambda watch: run(call, replace(work, progress=watch)), work.progress, within)
        return raise_failed(await going)

    async def question(self, ticket_id: str) -> Ticket | None:
        """What was asked, for a face that has to read the answer to it; None when it has been forgotten."""
        status = await self._tickets.get(ticket_id)
        return None if status is None else status.ticket

    async def answer(
        self,
        ticket_id: str,
        actor: Actor,
        *,
        yes: bool,
        count: int | None = None,
        progress: Progress = no_progress,
        within: float | None = None,
    ) -> Done | Queued | Unsure | Dropped:
        """A person's answer to a question. `count` is what they typed for a bulk, `within` is as in `submit`.

        The same answer sent again gets the recorded outcome; the call runs at most once.

        Raises:
            CrmError: the call was confirmed and failed, saying what was and was not done.
        """
        status = await self._tickets.get(ticket_id)
        if status is None:
            return dropped("unknown_ticket")
        ticket = status.ticket
        if (ticket.actor.who, ticket.actor.face) != (actor.who, actor.face):
            # The ticket stays open: a stranger's answer decides nothing.
            return dropped("not_yours")
        outcome = await self._answered(status, Said(actor, yes, count), progress, within)
        if self.approving is not None and status.needs is not None:
            await self.approving.note_heard(ticket)  # it was to be answered elsewhere as well
        return raise_failed(outcome)

    async def approve(
        self,
        ticket_id: str,
        by: Actor,
        *,
        yes: bool,
        count: int | None = None,
        progress: Progress = no_progress,
        within: float | None = None,
    ) -> Done | Queued | Unsure | Dropped:
        """The answer of somebody elsewhere to a question that others may answer, as in `answer`.

        Raises:
            NotAllowed: they may not answer it, and it stays open.
            CrmError: the call was confirmed and failed, saying what was and was not done.
        """
        status = await self._tickets.get(ticket_id)
        if status is None or status.needs is None:
            return dropped("unknown_ticket")
        ticket = status.ticket
        by = await self._do.entitled(by, ticket.call)
        await self._do.require_answerer(ticket, by)
        if status.state == "open":
            self.policy.require(ticket.call, right_of(status.needs), by)
        return raise_failed(await self._answered(status, Said(by, yes, count), progress, within))

    async def news(self, actor: Actor) -> Sequence[News]:
        """What a person has not heard yet of their changes on this face.

        Raises:
            LedgerBroken: it cannot be known.
        """
        kept = await self._records.journal.ledger.notices.waiting(actor)
        return kept if self.approving is None else [*kept, *await self.approving.news(actor)]

    async def told(self, news: Sequence[News]) -> None:
        """They have heard it."""
        if kept := [each for each in news if not each.ticket]:
            await self._records.journal.ledger.notices.told(kept)
        if self.approving is not None and (tickets := [each.ticket for each in news if each.ticket]):
            await self.approving.approvals.heard(tickets)

    async def became(self, source: str, actor: Actor) -> Text | None:
        """What a message or tap led to, whichever process carried it out; None where it led to no change.

        Raises:
            LedgerBroken: it cannot be known.
        """
        for tool in TOOLS:
            found = await self._records.journal.ledger.changes.of_cause(of_message(actor.face, source, tool.name))
            if found is not None and found.wish.actor.who == actor.who:
                return became(found)
        return None

    async def may_answer(self, status: TicketStatus, by: Actor) -> bool:
        """Whether somebody may answer a question that others may answer.

        Raises:
            LedgerBroken: it cannot be known.
        """
        if status.needs is None:
            return False
        by = await self._do.entitled(by, status.ticket.call)
        try:
            await self._do.require_answerer(status.ticket, by)
            self.policy.require(status.ticket.call, right_of(status.needs), by)
        except NotAllowed:
            return False
        return True

    async def tidy(self) -> None:
        """Look after questions: what could not be written down, what is late, what a process left behind.

        Raises:
            LedgerBroken: another time.
        """
        await self._tickets.write_left()
        if self.approving is not None:
            await self.approving.open()
            for status in await self.approving.approvals.lost():
                await self._deciding.close_lost(status.ticket)

    async def unanswered(self, ticket_id: str, actor: Actor) -> Done | Waiting | Queued | Unsure | Dropped:
        """Nobody has answered on the face that asked. It is over, unless it was asked elsewhere as well.

        Raises:
            CrmError: the same question stood open in another call, was confirmed there and failed.
        """
        status = await self._tickets.get(ticket_id)
        if status is not None and status.needs is not None and self.approving is not None:
            waits = await self.approving.wait(status.ticket, status.needs, 0.0, new=False)
            return waits if isinstance(waits, Waiting) else raise_failed(waits or still_running())
        if await self.withdraw(ticket_id):
            return nobody_here()
        return await self.answer(ticket_id, actor, yes=False)

    async def withdraw(self, ticket_id: str, reason: Reason = "expired") -> bool:
        """Close a question nobody will answer any more; a late answer then finds it dropped.

        False: it had been answered already, so it is not for the caller to say that nothing happened.
        """
        return await self._deciding.withdraw(ticket_id, reason)

    async def aclose(self) -> None:
        """Let writes that are under way finish, so that their fate is known."""
        await self._running.end(self._patience)
        with suppress(LedgerBroken):
            await self._tickets.write_left()

    async def _answered(self, status: TicketStatus, said: Said, progress: Progress, within: float | None) -> Settled:
        """What comes of an answer, or came of an earlier one."""
        ticket = status.ticket
        if status.state == "lost":
            return await self._deciding.interrupted(ticket)
        if status.state != "open":
            return await self._deciding.became(ticket)
        going = self._running.to_the_end(lambda watch: self._deciding.decide(ticket, said, watch), progress, within)
        return await going

    async def _can_ask_elsewhere(self) -> bool:
        return self.approving is not None and await self.approving.possible()
