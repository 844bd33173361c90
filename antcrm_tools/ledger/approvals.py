"""Tickets that others than the face that asked may answer: on a phone, or in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, select, update

from antcrm_tools.ledger.bells import ring
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import tickets
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.ticket import TicketStatus
from antcrm_tools.ledger.ticket_rows import MS
from antcrm_tools.ledger.tickets import KEEP, LedgerTickets
from antcrm_tools.members import Scope


class Approvals:
    """Those of one AntCRM."""

    def __init__(self, store: Store, crm: str, tickets: LedgerTickets) -> None:
        """`tickets` reads them, and knows their time."""
        self._store = store
        self._crm = crm
        self._tickets = tickets

    async def offer(self, ticket_id: str, needs: Scope) -> bool:
        """Let others answer, who need this right for it. False: they could already, or it is no longer open."""
        offered = update(tickets).where(self._one(ticket_id), tickets.c.state == "open", tickets.c.needs.is_(None))

        def work(connection: Connection) -> bool:
            won = connection.execute(offered.values(needs=needs)).rowcount == 1
            ring(connection)
            return won

        return await self._store.run(work)

    async def open(self) -> Sequence[TicketStatus]:
        """Those that nobody has answered, oldest first; some of them may be too late."""
        return await self._read(tickets.c.state == "open")

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """One of them; None if it has been forgotten."""
        found = await self._read(tickets.c.id == ticket_id)
        return found[0] if found else None

    async def lost(self) -> Sequence[TicketStatus]:
        """Those that somebody has answered whose process is gone since."""
        return [status for status in await self._read(tickets.c.state == "taken") if status.state == "lost"]

    async def unheard(self, who: str, face: str) -> Sequence[TicketStatus]:
        """Those with an outcome that whoever asked was not given yet."""
        mine = (tickets.c.who == who) & (tickets.c.face == face) & (tickets.c.state == "settled")
        return await self._read(mine, tickets.c.heard_at.is_(None))

    async def heard(self, ticket_ids: Collection[str]) -> None:
        """Whoever asked was given these outcomes."""
        now = ms(await self._tickets.now())
        these = (tickets.c.crm == self._crm) & tickets.c.id.in_(ticket_ids) & tickets.c.heard_at.is_(None)
        # Not before there is one: a question that is still being answered will have another.
        told = (
            update(tickets).where(these, tickets.c.state == "settled").values(heard_at=now, keep_until=now + KEEP // MS)
        )
        await self._store.run(lambda connection: connection.execute(told) and None)

    async def unreached(self, ticket_id: str) -> None:
        """The bot has found nobody to show the question to."""
        noted = update(tickets).where(self._one(ticket_id), tickets.c.unreached == 0).values(unreached=1)

        def work(connection: Connection) -> None:
            connection.execute(noted)
            ring(connection)

        await self._store.run(work)

    async def _read(self, *where: ColumnElement[bool]) -> Sequence[TicketStatus]:
        mine = select(tickets).where(tickets.c.crm == self._crm, tickets.c.needs.is_not(None), *where)
        rows = await self._store.run(lambda c: c.execute(mine.order_by(tickets.c.number)).mappings().all(), write=False)
        # What another version of this program wrote otherwise is its own to tell.
        return [status for row in rows if (status := self._tickets.status(row)) is not None]

    def _one(self, ticket_id: str) -> ColumnElement[bool]:
        return (tickets.c.crm == self._crm) & (tickets.c.id == ticket_id)
