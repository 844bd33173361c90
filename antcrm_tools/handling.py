"""What asking and answering have in common: who may, what a call does, what it would do, and what it works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from antcrm_tools.approving import require_answerer
from antcrm_tools.carrying import forgiving
from antcrm_tools.changes import Wish
from antcrm_tools.directory.keeping import Copy
from antcrm_tools.errors import NotAllowed
from antcrm_tools.outcomes import Actor, Ticket
from antcrm_tools.progress import Progress, no_progress
from antcrm_tools.records import Records
from antcrm_tools.registry import Call, Effect, Preview, Result, Weight
from antcrm_tools.rights import Policy
from antcrm_tools.staff import Staff
from antcrm_tools.text import clean, msg
from antcrm_tools.work import Work


@dataclass(frozen=True, slots=True)
class Handling:
    """One process's. `staff`: whose roles count."""

    records: Records
    copy: Copy
    policy: Policy
    clock: Callable[[], datetime]
    zone: tzinfo
    undo_hours: float
    staff: Staff | None

    async def entitled(self, actor: Actor, call: Call) -> Actor:
        """Somebody with what their role leaves them now.

        Raises:
            LedgerBroken: it cannot be known, and they want to write.
        """
        if self.staff is None:
            return actor
        return await self.staff.entitled(actor, looks_up=call.tool.most is Effect.READ)

    async def require_answerer(self, ticket: Ticket, by: Actor) -> None:
        """Raises NotAllowed where a person may not answer a question that others may answer: it stays open for them."""
        require_answerer(ticket, by)
        others = by.who != ticket.actor.who
        if others and self.staff is not None and self.staff.everybody() and self.staff.role_of(by.who) is None:
            raise NotAllowed(
                msg("Only a member may answer for others, and it is not known who you are."),
                then=msg("Set ANTCRM_ACTOR to your own e-mail."),
            )

    async def weighed(self, call: Call, work: Work) -> Weight:
        """What a call does. Whoever may do nothing of the kind is not told what it would do."""
        if call.tool.weigh is None:
            return Weight(call.effect, call.effect)
        self.policy.require(call, call.tool.least, work.actor)
        return await call.tool.weigh(work, call.args)

    async def preview(self, call: Call, work: Work) -> Preview | Result:
        """What a person is shown of it; or its result, where nothing is left to be done."""
        if call.tool.preview is None:
            raise TypeError(f"{call.tool.name} cannot be previewed")
        return await call.tool.preview(work, call.args)

    def work(
        self,
        call: Call,
        actor: Actor,
        cause: str,
        *,
        shown: str | None = None,
        by: str = "",
        progress: Progress = no_progress,
    ) -> Work:
        """What a call works with. `shown`: what a person has said yes to; `by`: who, if somebody elsewhere."""
        since = None if shown is None else self.clock()
        wish = Wish(actor, call.tool.name, call.canonical, cause, confirmed_by=by, since=since)
        return Work(self.records, self.copy, wish, self.zone, self.clock, shown, forgiving(progress), self.undo_hours)

    def require(self, ticket: Ticket, right: Effect, actor: Actor, by: Actor) -> None:
        """Raises NotAllowed where whoever asked may not ask for that, or who has answered may not do it."""
        if (by.who, by.face) == (ticket.actor.who, ticket.actor.face):
            self.policy.require(ticket.call, right, actor, by)
            return
        if not self.policy.may_ask_others(right, actor):
            raise NotAllowed(
                msg("{who}, who asked, may not ask for that any more.", who=clean(actor.who)),
                then=msg("The question is closed."),
            )
        try:
            require_answerer(ticket, by)
            self.policy.require(ticket.call, right, by)
        except NotAllowed:
            raise NotAllowed(
                msg("Whoever answered may not do that any more."),
                then=msg("Ask again, so that somebody else is asked."),
            ) from None
