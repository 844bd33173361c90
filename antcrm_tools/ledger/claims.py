"""Which create made which customer: two that look alike must not both take the same one for theirs."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, delete, insert, select

from antcrm_tools.ledger.schema import claims
from antcrm_tools.ledger.store import Store
from antcrm_tools.refs import Ref


class Claims:
    """The customers of one AntCRM that creates have made."""

    def __init__(self, store: Store, crm: str) -> None:
        """A customer belongs to one create."""
        self._store = store
        self._crm = crm

    async def of(self, refs: Iterable[str]) -> frozenset[str]:
        """Which of these customers were made by creates that are known."""
        wanted = and_(claims.c.crm == self._crm, claims.c.ref.in_(list(refs)))
        query = select(claims.c.ref).where(wanted)
        return frozenset(await self._store.run(lambda c: c.execute(query).scalars().all(), write=False))

    async def owner(self, ref: Ref) -> int | None:
        """Which create made this customer; None if none is known."""
        this = and_(claims.c.crm == self._crm, claims.c.ref == str(ref))
        query = select(claims.c.change).where(this)
        return await self._store.run(lambda connection: connection.execute(query).scalar(), write=False)

    async def give_up(self, ref: Ref, change: int) -> None:
        """What this create made is no more, and AntCRM has given its number to another customer."""
        this = and_(claims.c.crm == self._crm, claims.c.ref == str(ref), claims.c.change == change)
        await self._store.run(lambda connection: connection.execute(delete(claims).where(this)) and None)

    def make(self, connection: Connection, change: int, ref: Ref, *, certain: bool) -> None:
        """Raises IntegrityError where another create has this customer. `certain`: AntCRM itself said whose it is."""
        mine = and_(claims.c.crm == self._crm, claims.c.ref == str(ref), claims.c.change == change)
        if connection.execute(select(claims.c.ref).where(mine)).first() is None:
            values = {"crm": self._crm, "ref": str(ref), "change": change, "certain": int(certain)}
            connection.execute(insert(claims).values(values))

    def take_from_others(self, connection: Connection, change: int, ref: Ref) -> int | None:
        """Take a customer from a create that had it by its looks only; which one that was."""
        taken = and_(
            claims.c.crm == self._crm, claims.c.ref == str(ref), claims.c.change != change, claims.c.certain == 0
        )
        other = connection.execute(select(claims.c.change).where(taken)).scalar()
        if other is not None:
            connection.execute(delete(claims).where(taken))
        return other
