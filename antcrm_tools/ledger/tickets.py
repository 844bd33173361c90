"""Tickets: pending confirmations. Each is consumed once, before the request it allows leaves.

They are in the ledger, so that they outlive the process that asked and are seen by all that share it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from antcrm_tools.errors import BadInput, CannotAsk, LedgerBroken, MayHaveActed
from antcrm_tools.ledger.bells import ring
from antcrm_tools.ledger.clock import LedgerClock
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import tickets
from antcrm_tools.ledger.settled import WRITTEN_BY_ANOTHER, read_outcome, write_outcome
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.ticket import TicketStatus
from antcrm_tools.ledger.ticket_rows import MS, decided, forget, settle_row, ticket_of, ticket_row
from antcrm_tools.liveness import is_gone, new_holder
from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Actor, Dropped, Settled, Ticket
from antcrm_tools.registry import Tool
from antcrm_tools.text import msg

KEEP = timedelta(minutes=10)
"""How long the outcome of a ticket is handed out to whoever lost the answer."""

MOST_OPEN = 10
"""Questions of one person on one face that may stand open elsewhere: an assistant in a loop must not fill phones."""

PRESUMED = timedelta(minutes=30)
"""After which one that others could answer is taken for left behind, if nothing is known of its process."""

ALIVE = timedelta(minutes=5)
"""How long a ticket that another process took is believed to be under way: that process may have been killed."""

_POLL_SECONDS = 0.2
_NOT_TAKEN = msg("Nothing was changed: the answer could not be written down. Ask again.")


@dataclass(slots=True)
class _Taken:
    """A ticket that this process took. What it ended in is known here before it is on the disk."""

    holder: str
    done: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Settled | None = None
    keep_until: int = 0


def too_many() -> CannotAsk:
    """One question more would only be tapped away."""
    return CannotAsk(
        msg("{count} questions wait for an answer already, so this one was not asked.", count=str(MOST_OPEN)),
        then=msg("Have those answered first, or wait until their time is over."),
    )


class LedgerTickets:
    """The tickets of one AntCRM. Those of another one are not there."""

    def __init__(
        self,
        store: Store,
        *,
        crm: str,
        clock: Callable[[], datetime],
        tools: Callable[[str], Tool[Any, Any]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`tools` finds a tool by its name; `pause` lets seconds pass between two looks for another's outcome."""
        self._store = store
        self._crm = crm
        self._clock = LedgerClock(store, clock)
        self._tools = tools
        self._pause = pause
        self._taken: dict[str, _Taken] = {}
        self._unheard: dict[str, str] = {}
        """What was perhaps taken, the ledger's word having been lost: as whom."""

    async def put(self, ticket: Ticket, *, needs: Scope | None = None) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one.

        `needs`: the right others need to answer it.

        Raises:
            CannotAsk: so many of those of the same actor and face stand open that it was not kept.
        """
        now = await self._now()
        mine = self._mine(now)
        same = self._for((ticket.actor.who, ticket.actor.face), ticket.call.tool.name, ticket.call.canonical)
        is_open = (tickets.c.state == "open") & (tickets.c.expires_at > now)
        shared = tickets.select().where(same, is_open)
        theirs = (tickets.c.who == ticket.actor.who) & (tickets.c.face == ticket.actor.face)
        others = select(func.count()).where(tickets.c.crm == self._crm, theirs, is_open, tickets.c.needs.is_not(None))

        def work(connection: Connection) -> Ticket:
            forget(connection, now, mine)
            row = connection.execute(shared).mappings().first()
            found = None if row is None else ticket_of(row, ticket.call)
            if found is not None:
                return found
            if needs is not None and connection.execute(others).scalar_one() >= MOST_OPEN:
                raise too_many()
            row = ticket_row(ticket) | {"crm": self._crm, "asked_at": now, "needs": needs}
            connection.execute(tickets.insert().values(row))
            ring(connection)
            return ticket

        return await self._store.run(work)

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten.

        Raises:
            MayHaveActed: it was answered, and this version of the program cannot read it.
        """
        wanted = tickets.select().where(self._named(ticket_id))
        row = await self._store.run(lambda c: c.execute(wanted).mappings().first(), write=False)
        if row is None:
            return None
        status = self.status(row)
        if status is None and row["state"] != "open":
            raise MayHaveActed(WRITTEN_BY_ANOTHER)
        return status

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        now = await self._now()
        taken = tickets.c.state == "taken"
        alive = (tickets.c.taken_at > now - ALIVE // MS) | tickets.c.id.in_(self._mine(now))
        handed_out = (taken & alive) | (~taken & (tickets.c.keep_until > now))
        wanted = (
            tickets.select().where(self._for(actor_key, tool, canonical), handed_out).order_by(tickets.c.number.desc())
        )
        row = await self._store.run(lambda c: c.execute(wanted.limit(1)).mappings().first(), write=False)
        status = None if row is None else self.status(row)
        # Of one that others could answer, whoever asked is told that its process is gone.
        return None if status is None or (status.state == "lost" and status.needs is None) else status

    async def take(self, ticket_id: str, by: Actor | None = None) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open. `by`: whose answer it is."""
        taking = tickets.update().where(self._named(ticket_id), tickets.c.state == "open")
        holder = new_holder()
        taken = taking.values(state="taken", taken_at=await self._now(), holder=holder, **decided(by))
        try:
            won = await self._store.run(lambda c: c.execute(taken).rowcount == 1)
        except LedgerBroken:
            # It may be taken all the same, its acknowledgement being lost; nobody carries it out then.
            self._unheard[ticket_id] = holder
            raise
        if won:
            self._taken[ticket_id] = _Taken(holder)
        return won

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket.

        Raises:
            LedgerBroken: it is not written down; this process knows it all the same, and hands it out.
        """
        # From now on, as what was confirmed may have taken long.
        keep_until = ms(await self._surely_now()) + KEEP // MS
        mine = self._taken.get(ticket_id)
        if mine is not None:
            mine.outcome, mine.keep_until = outcome, keep_until
            mine.done.set()
        this = self._named(ticket_id) & (tickets.c.state == "taken")
        if mine is not None:
            # Also where it was given up meanwhile: nobody else knows what came of it.
            this = self._named(ticket_id) & (tickets.c.holder == mine.holder)
        await self._store.run(lambda connection: settle_row(connection, this, write_outcome(outcome), keep_until))
        self._taken.pop(ticket_id, None)

    async def close_lost(self, ticket_id: str, outcome: Settled) -> None:
        """Record what is known of one whose process is gone. If that lives after all, its own word counts."""
        keep_until = await self._now() + KEEP // MS
        this = self._named(ticket_id) & (tickets.c.state == "taken")
        await self._store.run(lambda connection: settle_row(connection, this, write_outcome(outcome), keep_until))

    async def write_left(self) -> None:
        """Record what could not be written down before.

        Raises:
            LedgerBroken: it still cannot.
        """
        for ticket_id, holder in list(self._unheard.items()):
            this = self._named(ticket_id) & (tickets.c.state == "taken") & (tickets.c.holder == holder)
            said, keep_until = write_outcome(Dropped("expired", _NOT_TAKEN)), await self._now() + KEEP // MS
            await self._store.run(lambda c, this=this, said=said, until=keep_until: settle_row(c, this, said, until))
            self._unheard.pop(ticket_id, None)
        for ticket_id, taken in list(self._taken.items()):
            if taken.outcome is not None:
                await self.settle(ticket_id, taken.outcome)

    async def settled(self, ticket_id: str, seconds: float) -> Settled | None:
        """The outcome, waiting at most `seconds` for it; None if it is not there by then."""
        if ticket_id not in self._taken:
            status = await self.get(ticket_id)
            if status is None or status.outcome is not None:
                return None if status is None else status.outcome
        try:
            async with asyncio.timeout(seconds):
                return await self._awaited(ticket_id)
        except TimeoutError:
            return None

    async def forget(self) -> None:
        """Delete what can no longer be answered nor asked about. Asking does it as well."""
        now = await self._now()
        mine = self._mine(now)
        await self._store.run(lambda connection: forget(connection, now, mine))

    async def _awaited(self, ticket_id: str) -> Settled | None:
        while True:
            mine = self._taken.get(ticket_id)
            if mine is not None:
                await mine.done.wait()
                return mine.outcome
            # Another process has it, and nothing of it comes here but by the ledger.
            await self._pause(_POLL_SECONDS)
            try:
                status = await self.get(ticket_id)
            except LedgerBroken:
                continue  # it would say that nothing was sent, and nobody here knows that
            if status is None or status.outcome is not None:
                return None if status is None else status.outcome

    def status(self, row: RowMapping) -> TicketStatus | None:
        """A row as a status; None where this version of the program cannot read it."""
        try:
            call = self._tools(row["tool"]).call(json.loads(row["arguments"]))
        except BadInput:
            return None
        ticket = ticket_of(row, call)
        if ticket is None:
            return None
        mine = self._taken.get(ticket.id)
        state, outcome = row["state"], None
        if mine is not None and mine.outcome is not None:
            state, outcome = "settled", mine.outcome
        elif row["outcome"] is not None:
            outcome = read_outcome(row["outcome"], call.tool.returns)
        gone = ticket.id in self._unheard or is_gone(row["holder"] or "")
        if row["needs"] is not None and row["taken_at"] is not None:
            # Of another machine's process nobody knows; those who wait are told at last.
            gone = gone or row["taken_at"] < ms(self._clock.guess()) - PRESUMED // MS
        if state == "taken" and ticket.id not in self._taken and gone:
            state = "lost"
        by = None if row["decided_by"] is None else Actor(row["decided_by"], row["decided_face"], row["decided_host"])
        heard = row["heard_at"] is not None
        return TicketStatus(ticket, state, outcome, row["needs"], by, row["unreached"] > 0, heard)

    def _mine(self, now: int) -> list[str]:
        """What this process took, but for outcomes that could not be written down and have had their time."""
        for ticket_id, taken in list(self._taken.items()):
            if taken.outcome is not None and taken.keep_until <= now:
                del self._taken[ticket_id]
        return list(self._taken)

    async def now(self) -> datetime:
        """The time by which tickets live.

        Raises:
            LedgerBroken: it cannot be known.
        """
        return await self._clock.now()

    async def _surely_now(self) -> datetime:
        try:
            return await self._clock.now()
        except LedgerBroken:
            return self._clock.guess()  # what AntCRM did is told whether or not it can be written down

    async def _now(self) -> int:
        return ms(await self._clock.now())

    def _named(self, ticket_id: str) -> ColumnElement[bool]:
        return (tickets.c.id == ticket_id) & (tickets.c.crm == self._crm)

    def _for(self, actor_key: tuple[str, str], tool: str, canonical: str) -> ColumnElement[bool]:
        columns = tickets.c
        who, face = actor_key
        person = (columns.crm == self._crm) & (columns.who == who) & (columns.face == face)
        return person & (columns.tool == tool) & (columns.arguments == canonical)
