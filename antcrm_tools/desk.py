"""The Desk: the one door. Nothing but it runs a Call.

It checks rights, the process's and the person's, asks a person when the effect demands it, re-reads what was shown when
the answer comes, and drops the call if that is no longer there. A confirmation is a ticket, consumed before the request
leaves.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from antcrm_tools.carrying import (
    ASSISTANT,
    cause_of,
    dropped,
    forgiving,
    raise_failed,
    run,
    still_running,
    under_way,
    unexpected,
)
from antcrm_tools.changes import News, Wish, of_message
from antcrm_tools.directory.keeping import Copy
from antcrm_tools.errors import CrmError, KeptForLater, LedgerBroken, MayHaveActed, NotFound
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Failed, Outcome, Queued, Settled, Ticket, Unsure
from antcrm_tools.progress import Progress, no_progress
from antcrm_tools.records import Records
from antcrm_tools.registry import Call, Effect, Preview, Result, Weight
from antcrm_tools.rights import Policy
from antcrm_tools.running import Running
from antcrm_tools.staff import Staff
from antcrm_tools.telling import became
from antcrm_tools.text import Text, join, msg
from antcrm_tools.tools import TOOLS
from antcrm_tools.work import Work

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.tickets import Tickets

KEEP = timedelta(minutes=10)
"""How long the outcome of a ticket is handed out to whoever lost the answer."""

LIFE = timedelta(minutes=2)
ASSISTANT_LIFE = timedelta(minutes=10)
"""An assistant's question may wait behind others; a chat is looked at."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """A person's answer."""

    by: Actor
    yes: bool
    count: int | None


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
    ) -> None:
        """`patience`: seconds to wait for an outcome somebody else has the answer to; `staff`: whose roles count."""
        self._staff = staff
        self._records = records
        self._copy = copy
        self._tickets = tickets
        self.policy = policy
        self._clock = clock
        self._zone = zone
        self._patience = patience
        self._undo_hours = undo_hours
        self._running = Running()

    async def submit(
        self,
        call: Call,
        actor: Actor,
        *,
        source: str = "",
        progress: Progress = no_progress,
        within: float | None = None,
    ) -> Outcome:
        """Run a call, or come back with the question a person has to answer first.

        `source` names the message or tap the call came from, where there is one: from the same source the same call is
        carried out once, however often it comes, unless it was undone since. `within`: seconds after which a write
        that goes on is waited for no longer.

        Raises:
            CrmError: saying what was and was not done.
        """
        actor = await self._entitled(actor, call)
        work = self._work(call, actor, cause_of(call, actor, source), progress=progress)
        weight = await self._weighed(call, work)
        self.policy.require(call, weight.right, actor)
        if self.policy.asks(weight.effect):
            return await self._ask(call, work)
        if weight.effect is Effect.READ:
            return Done(await call.tool.run(work, call.args))
        going = self._running.to_the_end(lambda watch: run(call, replace(work, progress=watch)), work.progress, within)
        return raise_failed(await going)

    async def asks(self, call: Call, actor: Actor) -> bool:
        """Whether a call of this person's would need somebody's yes, as far as they may make it at all.

        Raises:
            CrmError: it is about something that is not there.
        """
        actor = await self._entitled(actor, call)
        weight = await self._weighed(call, self._work(call, actor, ""))
        return self.policy.allows(weight.right, actor) and self.policy.asks(weight.effect)

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
        if status.state == "lost":
            return await self._interrupted(ticket)
        if status.state != "open":
            return raise_failed(await self._tickets.settled(ticket_id, self._patience) or still_running())
        said = _Said(actor, yes, count)
        going = self._running.to_the_end(lambda watch: self._decide(ticket, said, watch), progress, within)
        return raise_failed(await going)

    async def news(self, actor: Actor) -> Sequence[News]:
        """What a person has not heard yet of their changes on this face.

        Raises:
            LedgerBroken: it cannot be known.
        """
        return await self._records.journal.ledger.notices.waiting(actor)

    async def told(self, news: Sequence[News]) -> None:
        """They have heard it."""
        await self._records.journal.ledger.notices.told(news)

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

    async def withdraw(self, ticket_id: str) -> bool:
        """Close a question nobody will answer any more; a late answer then finds it dropped.

        False: it had been answered already, so it is not for the caller to say that nothing happened.
        """
        return await asyncio.shield(self._withdrawn(ticket_id))

    async def _withdrawn(self, ticket_id: str) -> bool:
        if not await self._tickets.take(ticket_id):
            return False
        await self._tickets.settle(ticket_id, dropped("expired"))
        return True

    async def _interrupted(self, ticket: Ticket) -> Unsure:
        """The process that was carrying it out is gone; what it had written down says how far it came."""
        change = await self._records.journal.ledger.changes.of_cause(ticket.cause)
        ended = msg("The program ended while this was being carried out.")
        if change is None or change.begun_at < ticket.expires - ASSISTANT_LIFE:
            return Unsure(join([ended, msg("Look at the customer before you ask again.")]))
        return Unsure(join([ended, became(change)]))

    async def aclose(self) -> None:
        """Let writes that are under way finish, so that their fate is known."""
        await self._running.end(self._patience)

    async def _ask(self, call: Call, work: Work) -> Outcome:
        actor = work.actor
        earlier = await self._tickets.latest((actor.who, actor.face), call.tool.name, call.canonical)
        if earlier is not None and earlier.state == "taken" and not (call.tool.replays and work.wish.cause):
            # The answer is being carried out at this moment: this is the same wish, seen twice.
            return raise_failed(await self._tickets.settled(earlier.ticket.id, self._patience) or still_running())
        done = earlier.outcome if earlier is not None and isinstance(earlier.outcome, Done) else None
        try:
            preview = await self._preview(call, work)
        except NotFound:
            if done is not None:
                # It was done a moment ago, and the answer may have been lost on the way.
                return replace(done, again=True)
            raise
        except (KeptForLater, MayHaveActed) as error:
            return under_way(error)  # the same wish a little earlier
        if isinstance(preview, Result):
            return Done(preview, again=preview.repeated())
        now = self._clock()
        life = ASSISTANT_LIFE if actor.face == ASSISTANT else LIFE
        keep = now + max(KEEP, life)
        ticket = Ticket(secrets.token_urlsafe(16), actor, call, preview, now + life, keep, work.wish.cause)
        stale = earlier is not None and earlier.ticket.preview.fingerprint != preview.fingerprint
        if earlier is not None and earlier.state == "open" and stale:
            # The open question shows what is no longer there; answering it would only be refused.
            await self.withdraw(earlier.ticket.id)
        kept = await self._tickets.put(ticket)
        return Ask(kept.id, kept.preview, kept.expires)

    async def _decide(self, ticket: Ticket, said: _Said, progress: Progress) -> Settled:
        """Consume a ticket, carry out the answer, and record what became of it."""
        if not await self._tickets.take(ticket.id):
            return await self._tickets.settled(ticket.id, self._patience) or still_running()
        outcome: Settled = Failed(unexpected())
        try:
            outcome = await self._decided(ticket, said, progress)
        finally:
            try:
                await self._tickets.settle(ticket.id, outcome)
            except LedgerBroken as error:
                # What AntCRM did is said all the same; the ticket is taken, so nothing happens twice.
                _log.error("the outcome of a confirmed call could not be written down: %s", error)
        return outcome

    async def _decided(self, ticket: Ticket, said: _Said, progress: Progress) -> Settled:
        if self._clock() >= ticket.expires:
            return dropped("expired")
        if not said.yes:
            return dropped("declined")
        if ticket.preview.count is not None and said.count != ticket.preview.count:
            return dropped("wrong_count")
        try:
            # Whose role was lowered since the question confirms nothing beyond it.
            actor, by = await self._entitled(ticket.actor, ticket.call), await self._entitled(said.by, ticket.call)
            asked = self._work(ticket.call, actor, ticket.cause)
            right = (await self._weighed(ticket.call, asked)).right
            self.policy.require(ticket.call, right, actor, by)
            now = await self._preview(ticket.call, asked)
            # AntCRM may have been slow to say what is there now.
            actor, by = await self._entitled(actor, ticket.call), await self._entitled(by, ticket.call)
            self.policy.require(ticket.call, right, actor, by)
        except (KeptForLater, MayHaveActed) as error:
            return under_way(error)
        except CrmError as error:
            return Failed(error)
        if isinstance(now, Result) or now.fingerprint != ticket.preview.fingerprint:
            return dropped("changed")
        shown = ticket.preview.fingerprint
        work = self._work(ticket.call, actor, ticket.cause, shown=shown, progress=progress)
        return await run(ticket.call, work)

    async def _entitled(self, actor: Actor, call: Call) -> Actor:
        if self._staff is None:
            return actor
        return await self._staff.entitled(actor, looks_up=call.tool.most is Effect.READ)

    async def _weighed(self, call: Call, work: Work) -> Weight:
        """What a call does. Whoever may do nothing of the kind is not told what it would do."""
        if call.tool.weigh is None:
            return Weight(call.effect, call.effect)
        self.policy.require(call, call.tool.least, work.actor)
        return await call.tool.weigh(work, call.args)

    async def _preview(self, call: Call, work: Work) -> Preview | Result:
        if call.tool.preview is None:
            raise TypeError(f"{call.tool.name} cannot be previewed")
        return await call.tool.preview(work, call.args)

    def _work(
        self, call: Call, actor: Actor, cause: str, *, shown: str | None = None, progress: Progress = no_progress
    ) -> Work:
        since = None if shown is None else self._clock()
        wish = Wish(actor, call.tool.name, call.canonical, cause, since=since)
        return Work(
            self._records, self._copy, wish, self._zone, self._clock, shown, forgiving(progress), self._undo_hours
        )
