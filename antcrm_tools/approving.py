"""Questions that are answered elsewhere: on the phone of whoever asked or of a manager, or in a terminal.

An assistant that cannot show a question to its person, and whoever asks for something that is not theirs to do, are
helped this way. The ticket is the same as everywhere; what is here says who may answer it, and waits for the answer.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Literal, Self

from antcrm_tools.carrying import still_running
from antcrm_tools.changes import News
from antcrm_tools.errors import LedgerBroken, NotAllowed
from antcrm_tools.members import Member, Scope, scopes_of
from antcrm_tools.outcomes import Actor, Done, Dropped, Failed, Settled, Ticket, Unsure, Waiting
from antcrm_tools.text import Text, clean, comma, join, msg, verbatim

if TYPE_CHECKING:  # these bring SQLAlchemy
    from antcrm_tools.ledger.approvals import Approvals
    from antcrm_tools.ledger.bells import Bell, Pause
    from antcrm_tools.ledger.cards import Cards
    from antcrm_tools.ledger.ledger import Ledger
    from antcrm_tools.ledger.ticket import Tickets, TicketStatus
    from antcrm_tools.ledger.tickets import LedgerTickets

COMMAND = "antcrm approve"

_LOOKS_EVERY = 0.1
"""Seconds between two looks at a file for an answer: somebody has just tapped, and somebody waits for it."""

_CARRIED_OUT = 10.0
"""Seconds that are waited longer where somebody has said yes and it is being carried out."""

_FOR_OTHERS: Scope = "delete"
"""The right of those who answer for others: managers and admins."""

FACES = {"telegram": verbatim("Telegram"), "mcp": msg("an assistant"), "terminal": msg("a terminal")}


class Approving:
    """What concerns such questions, on one ledger."""

    def __init__(
        self,
        tickets: Tickets,
        approvals: Approvals,
        cards: Cards,
        listening: Callable[[Pause, float], AbstractAsyncContextManager[Bell]],
        *,
        pause: Pause,
        zone: tzinfo,
        shared: Literal["none", "this", "several"],
    ) -> None:
        """`listening` opens a bell, which waits by `pause` where it is not rung, and then so many seconds.

        `shared`: which machines see the ledger: `none`, `this` or `several`.
        """
        self.approvals = approvals
        self.cards = cards
        self.listening = listening
        self._pause = pause
        self._tickets = tickets
        self._zone = zone
        self._shared = shared

    @classmethod
    def on(cls, ledger: Ledger, tickets: LedgerTickets, *, zone: tzinfo, wait: Pause) -> Self:
        """On this ledger. `wait` lets seconds pass."""
        from antcrm_tools.ledger.approvals import Approvals  # noqa: PLC0415  brings SQLAlchemy
        from antcrm_tools.ledger.bells import listening  # noqa: PLC0415
        from antcrm_tools.ledger.cards import Cards  # noqa: PLC0415

        store, crm = ledger.store, ledger.crm
        shared = "several" if store.is_shared_by_machines else "this" if store.is_shared else "none"
        approvals, cards = Approvals(store, crm, tickets), Cards(store, crm, tickets.now)

        def bells(pause: Pause, every: float) -> AbstractAsyncContextManager[Bell]:
            return listening(store, pause, every=every)

        return cls(tickets, approvals, cards, bells, pause=wait, zone=zone, shared=shared)

    async def possible(self) -> bool:
        """Whether there is anybody elsewhere who could see a question at all.

        Raises:
            LedgerBroken: it cannot be known.
        """
        return self._shared != "none" or bool(await self.cards.couriers())

    async def earlier(self, status: TicketStatus | None) -> Settled | None:
        """What became of the same call a little earlier, where nobody was told yet."""
        if status is None or status.needs is None or status.heard:
            return None
        outcome = None if status.outcome is None else _with_name(status.outcome, status)
        if status.state == "open" and await self._is_late(status.ticket):
            # Or somebody has answered in the last moment.
            outcome = await self._tickets.settled(status.ticket.id, _CARRIED_OUT) or still_running()
        if outcome is not None:
            await self.note_heard(status.ticket)
        return outcome

    async def news(self, actor: Actor) -> list[News]:
        """What became of questions of theirs, where they were not told when they asked.

        Raises:
            LedgerBroken: it cannot be known.
        """
        await self.open()  # nobody else may be there who closes what is late
        found = await self.approvals.unheard(actor.who, actor.face)
        return [News(closed(status), ticket=status.ticket.id) for status in found if status.outcome is not None]

    async def wait(self, ticket: Ticket, needs: Scope, seconds: float | None, *, new: bool) -> Settled | Waiting | None:
        """Wait for what comes of a question that others may answer; None where its process is gone.

        Without `seconds` it is not waited for: whoever asked hears of it as news. `new`: it was not asked before.

        Raises:
            LedgerBroken: nobody else was asked.
        """
        new = new or await self.approvals.offer(ticket.id, needs)
        if seconds is None or (new and not await self._is_shown()):
            # Where no bot runs, nobody learns of it but by this answer.
            return await self._not_yet(ticket, needs, unreached=False, called=seconds is not None)
        unreached = False
        with suppress(TimeoutError):
            async with self.listening(self._pause, _LOOKS_EVERY) as bell, asyncio.timeout(seconds) as limit:
                longer = False
                while True:
                    status = await self._look(ticket.id)
                    if status is not None:
                        if status.outcome is not None:
                            await self.note_heard(ticket)
                            return _with_name(status.outcome, status)
                        if status.state == "lost":
                            return None
                        if unreached := status.unreached and status.state == "open" and new:
                            break
                        if status.state == "taken" and not longer:
                            longer, until = True, limit.when()
                            limit.reschedule(None if until is None else until + _CARRIED_OUT)
                    await bell.wait(seconds)
        return await self._not_yet(ticket, needs, unreached=unreached, called=True)

    async def open(self) -> list[TicketStatus]:
        """What can be answered now, oldest first. What nobody has answered in time is closed on the way.

        Raises:
            LedgerBroken: it cannot be known.
        """
        return [status for status in await self.approvals.open() if not await self._is_late(status.ticket)]

    async def _is_late(self, ticket: Ticket) -> bool:
        """Whether nobody has answered in time; then it is closed."""
        if await self._tickets.now() < ticket.expires:
            return False
        if await self._tickets.take(ticket.id):
            await self._tickets.settle(ticket.id, unanswered())
        return True

    async def _is_shown(self) -> bool:
        try:
            return bool(await self.cards.couriers())
        except LedgerBroken:
            return True  # it is asked already, and waited for

    async def _look(self, ticket_id: str) -> TicketStatus | None:
        try:
            return await self._tickets.get(ticket_id)
        except LedgerBroken:
            return None  # it may be better at the next look; what was asked stands

    async def note_heard(self, ticket: Ticket) -> None:
        """Whoever asked is being told."""
        with suppress(LedgerBroken):  # then it is told once more
            await self.approvals.heard([ticket.id])

    async def _not_yet(self, ticket: Ticket, needs: Scope, *, unreached: bool, called: bool) -> Settled | Waiting:
        """It is open still, or its fate is not here yet: what was done to get an answer, and what to do."""
        until = f"{ticket.expires.astimezone(self._zone):%H:%M}"
        asked = ticket.preview.question
        again = (
            msg("Make the same call again to hear what became of it.") if called else msg("You will hear of it here.")
        )
        try:
            status = await self._tickets.get(ticket.id)
            where = await self._where(ticket.id, unreached=unreached)
        except LedgerBroken:
            unknown = msg("What became of “{question}” cannot be read from the ledger at the moment.", question=asked)
            return Waiting(ticket.id, join((unknown, again)), ticket.expires)
        if status is None:
            gone = msg("“{question}” is not known any more.", question=asked)
            return Unsure(join((gone, msg("Look at the customer before you ask again."))))
        if status.outcome is not None:
            await self.note_heard(ticket)
            return _with_name(status.outcome, status)
        if status.state != "open":
            done = msg("“{question}” was answered, and what comes of it is not here yet.", question=asked)
            return Waiting(ticket.id, join((done, again)), ticket.expires)
        whose = msg("a yes") if needs in ticket.actor.scopes else msg("a manager's yes")
        nothing = msg(
            "Nothing was changed yet: “{question}” waits for {answer} until {time}.",
            question=asked,
            answer=whose,
            time=until,
        )
        return Waiting(ticket.id, join((nothing, where, again)), ticket.expires)

    async def _where(self, ticket_id: str, *, unreached: bool) -> Text:
        shown = [card.who for card in await self.cards.of(ticket_id) if card.state == "shown"]
        if shown:
            who = comma(verbatim(clean(each)) for each in dict.fromkeys(shown))
            return msg("It was sent to {who} on Telegram, where a tap on the card decides it.", who=who)
        if unreached:
            first = msg("On Telegram it could be shown to nobody who may say yes.")
        elif await self.cards.couriers():
            return msg("It is being sent to Telegram, where a tap on the card decides it.")
        else:
            first = msg("No bot on Telegram is running that could show it to anybody.")
        match self._shared:
            case "this":
                how = msg(
                    "In a terminal on {host}, {command} shows and decides it.", host=platform.node(), command=COMMAND
                )
            case "several":
                how = msg(
                    "In a terminal on a machine with this ledger, {command} shows and decides it.", command=COMMAND
                )
            case _:
                return first
        return join((first, how))


def _with_name(outcome: Settled, status: TicketStatus) -> Settled:
    """The outcome, and of a yes whose it was."""
    return replace(outcome, by=decided_by(status)) if isinstance(outcome, Done) else outcome


def closed(status: TicketStatus) -> Text:
    """What became of a question, for whoever comes back to it."""
    parts: list[Text] = [status.ticket.preview.question]
    match status.outcome:
        case Done(result):
            parts.append(result.sentence())
        case Failed(error):
            parts.append(error.text)
        case None:
            parts.append(msg("The program ended while this was being carried out. Look at the customer."))
        case outcome:
            parts.append(outcome.text)
    # A no says itself whose it was.
    no = isinstance(status.outcome, Dropped) and status.outcome.reason == "declined"
    by = None if no else decided_by(status)
    return join(parts if by is None else (*parts, by))


def unanswered() -> Dropped:
    """Nobody has answered."""
    text = msg("Nothing was changed: nobody answered the question in time. Ask again when somebody is there.")
    return Dropped("expired", text)


def asked_by(ticket: Ticket) -> Text:
    """Who asks, through which face, on which host."""
    actor = ticket.actor
    face = FACES.get(actor.face, verbatim(actor.face))
    if not actor.host:
        return msg("Asked by {who} through {face}.", who=clean(actor.who), face=face)
    return msg("Asked by {who} through {face} ({host}).", who=clean(actor.who), face=face, host=clean(actor.host))


def decided_by(status: TicketStatus) -> Text | None:
    """Who has answered, and through which face."""
    if status.by is None:
        return None
    who, face = clean(status.by.who), FACES.get(status.by.face, verbatim(status.by.face))
    if status.by.face == "terminal":
        # Who that is goes by a setting; which machine it was does not.
        return msg("Answered by {who} through {face} ({host}).", who=who, face=face, host=clean(status.by.host))
    return msg("Answered by {who} through {face}.", who=who, face=face)


def recipients(
    ticket: Ticket, needs: Scope, everybody: Iterable[Member], without: Collection[int] = ()
) -> Sequence[Member]:
    """Whose phones a question goes to: those of whoever asked, if they may answer it, else of whoever may for others.

    `without`: accounts that cannot be reached.
    """
    able = [m for m in everybody if needs in scopes_of(m.role) and m.telegram_id not in without]
    own = [member for member in able if member.who == ticket.actor.who]
    return own or [member for member in able if _FOR_OTHERS in scopes_of(member.role)]


def require_answerer(ticket: Ticket, by: Actor) -> None:
    """Raises NotAllowed where a person may not answer this question, because it is somebody else's."""
    if by.who != ticket.actor.who and _FOR_OTHERS not in by.scopes:
        raise NotAllowed(
            msg("This question is for whoever asked, or for a manager."), then=msg("It stays open for them.")
        )
