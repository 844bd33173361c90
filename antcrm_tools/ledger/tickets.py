"""Tickets: pending confirmations. Each is consumed once, before the request it allows leaves.

They are in the ledger, so that they outlive the process that asked and are seen by all that share it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from antcrm_tools.errors import BadInput, LedgerBroken, MayHaveActed
from antcrm_tools.ledger.settled import WRITTEN_BY_ANOTHER, read_outcome, read_preview, write_outcome, write_preview
from antcrm_tools.liveness import is_gone, new_holder
from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Actor, Settled, Ticket
from antcrm_tools.registry import Call, Tool

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, RowMapping, Table

    from antcrm_tools.ledger.store import Store

KEEP = timedelta(minutes=10)
"""How long the outcome of a ticket is handed out to whoever lost the answer."""

ALIVE = timedelta(minutes=5)
"""How long a ticket that another process took is believed to be under way: that process may have been killed."""

UNSETTLED = timedelta(days=1)
"""How long one that nobody settled is kept: longer than a laptop sleeps while its write is under way."""

_POLL_SECONDS = 0.2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

TicketState: TypeAlias = Literal["open", "taken", "settled", "lost"]


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """A ticket as it stands; `outcome` once it is settled."""

    ticket: Ticket
    state: TicketState
    outcome: Settled | None


class Tickets(Protocol):
    """Where tickets are kept. `take` is the single-use mechanism: of any number of takers, one gets True."""

    async def put(self, ticket: Ticket) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one."""
        ...

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten."""
        ...

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        ...

    async def take(self, ticket_id: str) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open."""
        ...

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket."""
        ...

    async def settled(self, ticket_id: str, seconds: float) -> Settled | None:
        """The outcome, waiting at most `seconds` for it; None if it is not there by then."""
        ...


@dataclass(slots=True)
class _Taken:
    """A ticket that this process took. What it ended in is known here before it is on the disk."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Settled | None = None
    keep_until: int = 0


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
        self._clock = clock
        self._tools = tools
        self._pause = pause
        self._taken: dict[str, _Taken] = {}
        self._unheard: set[str] = set()

    async def put(self, ticket: Ticket) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one."""
        now = self._now()
        mine = self._mine(now)
        table = _table()
        same = self._for((ticket.actor.who, ticket.actor.face), ticket.call.tool.name, ticket.call.canonical)
        shared = table.select().where(same, table.c.state == "open", table.c.expires_at > now)

        def work(connection: Connection) -> Ticket:
            _forget(connection, now, mine)
            row = connection.execute(shared).mappings().first()
            found = None if row is None else _ticket(row, ticket.call)
            if found is not None:
                return found
            connection.execute(table.insert().values(crm=self._crm, asked_at=now, **_row(ticket)))
            return ticket

        return await self._store.run(work)

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten.

        Raises:
            MayHaveActed: it was answered, and this version of the program cannot read it.
        """
        wanted = _table().select().where(self._named(ticket_id))
        row = await self._store.run(lambda c: c.execute(wanted).mappings().first(), write=False)
        if row is None:
            return None
        status = self._status(row)
        if status is None and row["state"] != "open":
            raise MayHaveActed(WRITTEN_BY_ANOTHER)
        return status

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        now = self._now()
        table = _table()
        taken = table.c.state == "taken"
        alive = (table.c.taken_at > now - ALIVE // _MS) | table.c.id.in_(self._mine(now))
        handed_out = (taken & alive) | (~taken & (table.c.keep_until > now))
        wanted = table.select().where(self._for(actor_key, tool, canonical), handed_out).order_by(table.c.number.desc())
        row = await self._store.run(lambda c: c.execute(wanted.limit(1)).mappings().first(), write=False)
        status = None if row is None else self._status(row)
        return None if status is None or status.state == "lost" else status

    async def take(self, ticket_id: str) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open."""
        table = _table()
        taking = table.update().where(self._named(ticket_id), table.c.state == "open")
        taken = taking.values(state="taken", taken_at=self._now(), holder=new_holder())
        try:
            won = await self._store.run(lambda c: c.execute(taken).rowcount == 1)
        except LedgerBroken:
            # It may be taken all the same, its acknowledgement being lost; nobody carries it out then.
            self._unheard.add(ticket_id)
            raise
        if won:
            self._taken[ticket_id] = _Taken()
        return won

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket.

        Raises:
            LedgerBroken: it is not written down; this process knows it all the same, and hands it out.
        """
        # From now on, as what was confirmed may have taken long.
        keep_until = self._now() + KEEP // _MS
        mine = self._taken.get(ticket_id)
        if mine is not None:
            mine.outcome, mine.keep_until = outcome, keep_until
            mine.done.set()
        table = _table()
        this = self._named(ticket_id) & (table.c.state == "taken")
        longer = table.update().where(this, table.c.keep_until < keep_until).values(keep_until=keep_until)
        settled = table.update().where(this).values(state="settled", outcome=write_outcome(outcome))

        def work(connection: Connection) -> None:
            connection.execute(longer)
            connection.execute(settled)

        await self._store.run(work)
        self._taken.pop(ticket_id, None)

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
        now = self._now()
        mine = self._mine(now)
        await self._store.run(lambda connection: _forget(connection, now, mine))

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

    def _status(self, row: RowMapping) -> TicketStatus | None:
        """A row as a status; None where this version of the program cannot read it."""
        try:
            call = self._tools(row["tool"]).call(json.loads(row["arguments"]))
        except BadInput:
            return None
        ticket = _ticket(row, call)
        if ticket is None:
            return None
        mine = self._taken.get(ticket.id)
        if mine is not None and mine.outcome is not None:
            return TicketStatus(ticket, "settled", mine.outcome)
        outcome = None if row["outcome"] is None else read_outcome(row["outcome"], call.tool.returns)
        gone = ticket.id in self._unheard or is_gone(row["holder"] or "")
        lost = row["state"] == "taken" and ticket.id not in self._taken and gone
        return TicketStatus(ticket, "lost" if lost else row["state"], outcome)

    def _mine(self, now: int) -> list[str]:
        """What this process took, but for outcomes that could not be written down and have had their time."""
        for ticket_id, taken in list(self._taken.items()):
            if taken.outcome is not None and taken.keep_until <= now:
                del self._taken[ticket_id]
        return list(self._taken)

    def _now(self) -> int:
        return _ms(self._clock())

    def _named(self, ticket_id: str) -> ColumnElement[bool]:
        table = _table()
        return (table.c.id == ticket_id) & (table.c.crm == self._crm)

    def _for(self, actor_key: tuple[str, str], tool: str, canonical: str) -> ColumnElement[bool]:
        columns = _table().c
        who, face = actor_key
        person = (columns.crm == self._crm) & (columns.who == who) & (columns.face == face)
        return person & (columns.tool == tool) & (columns.arguments == canonical)


def _forget(connection: Connection, now: int, mine: list[str]) -> None:
    """Delete what has had its time, of whichever AntCRM, because it holds customers' data; not what is under way."""
    table = _table()
    dead = (table.c.taken_at <= now - UNSETTLED // _MS) & table.c.id.not_in(mine)
    connection.execute(table.delete().where(table.c.keep_until <= now, (table.c.state != "taken") | dead))


def _row(ticket: Ticket) -> dict[str, Any]:
    actor = ticket.actor
    return {
        "id": ticket.id,
        "who": actor.who,
        "face": actor.face,
        "host": actor.host,
        "scopes": ",".join(sorted(actor.scopes)),
        "tool": ticket.call.tool.name,
        "arguments": ticket.call.canonical,
        "cause": ticket.cause,
        "preview": write_preview(ticket.preview),
        "state": "open",
        "expires_at": _ms(ticket.expires),
        "keep_until": _ms(ticket.keep_until),
    }


def _ticket(row: RowMapping, call: Call) -> Ticket | None:
    """A row as a ticket; None where another version of this program wrote it otherwise."""
    preview = read_preview(row["preview"])
    if preview is None:
        return None
    scopes = cast("list[Scope]", row["scopes"].split(",")) if row["scopes"] else []
    actor = Actor(row["who"], row["face"], row["host"], frozenset(scopes))
    expires, keep_until = (_EPOCH + row[name] * _MS for name in ("expires_at", "keep_until"))
    return Ticket(row["id"], actor, call, preview, expires, keep_until, row["cause"])


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


def _table() -> Table:
    from antcrm_tools.ledger.schema import tickets  # noqa: PLC0415  brings SQLAlchemy, which a start must not wait for

    return tickets
