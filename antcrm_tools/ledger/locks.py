"""Locks between processes: whose turn it is with a customer, a phone or an e-mail.

A process that is alive holds a name by a lease. A change that is not settled holds its names for as long as that takes,
whether its process lives or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from antcrm_tools.changes import LEASE, OPEN, Busy, Hold
from antcrm_tools.ledger.rows import change_of, moment, ms
from antcrm_tools.ledger.schema import changes, locks
from antcrm_tools.ledger.store import Store
from antcrm_tools.liveness import is_gone

_FUTURE = timedelta(seconds=60)


class Locks:
    """The locks of one AntCRM."""

    def __init__(self, store: Store, crm: str) -> None:
        """Names are kept as hashes: a phone is nobody's business here."""
        self._store = store
        self._crm = crm

    async def take(self, names: Iterable[str], holder: str, now: datetime) -> Busy | None:
        """Take all of `names` or none; what stands in the way, if anything does.

        Raises:
            LedgerBroken: as for everything here.
        """
        wanted = sorted({self.hashed(name) for name in names})
        try:
            return await self._store.run(lambda connection: self._take(connection, wanted, holder, now))
        except _TakenMeanwhileError:
            return Busy(now, None)

    async def renew(self, hold: Hold, now: datetime) -> bool:
        """Go on holding what is held. False: its time is over, or it is not all there any more."""
        wanted = [self.hashed(name) for name in hold.names]
        mine = and_(locks.c.crm == self._crm, locks.c.name.in_(wanted), locks.c.holder == hold.holder)
        where = and_(mine, locks.c.until > ms(now))

        def work(connection: Connection) -> bool:
            found = connection.execute(update(locks).where(where).values(until=ms(now + LEASE))).rowcount
            return found == len(set(wanted))

        return await self._store.run(work)

    async def release(self, holder: str) -> None:
        """Give up what `holder` holds, but for what a change that is not settled holds."""
        mine = and_(locks.c.crm == self._crm, locks.c.holder == holder, locks.c.change.is_(None))
        await self._store.run(lambda connection: connection.execute(delete(locks).where(mine)) and None)

    def hashed(self, name: str) -> str:
        """A name as it is kept."""
        return hashlib.sha256(f"{self._crm}\0{name}".encode()).hexdigest()

    def bind(self, connection: Connection, holder: str, name: str, change: int) -> bool:
        """Let a change hold what a process holds, in the transaction that writes it down. False: it is not ours."""
        mine = and_(locks.c.crm == self._crm, locks.c.holder == holder, locks.c.name == self.hashed(name))
        return connection.execute(update(locks).where(mine).values(change=change)).rowcount == 1

    def put(self, connection: Connection, names: Iterable[str], change: int, now: datetime) -> None:
        """Let a change hold names again that nobody else holds meanwhile."""
        for name in {self.hashed(name) for name in names}:
            there = and_(locks.c.crm == self._crm, locks.c.name == name)
            if connection.execute(select(locks.c.name).where(there)).first() is None:
                values = {"crm": self._crm, "name": name, "holder": "", "taken": ms(now), "until": ms(now)}
                connection.execute(insert(locks).values(values | {"change": change}))

    def free(self, connection: Connection, change: int) -> None:
        """A change is settled."""
        connection.execute(delete(locks).where(locks.c.crm == self._crm, locks.c.change == change))

    def _take(self, connection: Connection, wanted: list[str], holder: str, now: datetime) -> Busy | None:
        there = and_(locks.c.crm == self._crm, locks.c.name.in_(wanted))
        for row in connection.execute(select(locks).where(there)).mappings():
            busy = self._busy(connection, row, now)
            if busy is not None:
                return replace(busy, name=row["name"])
        # The holder of what has run out cannot send any more: it looks at the clock before each request.
        connection.execute(delete(locks).where(there))
        values = [
            {"crm": self._crm, "name": name, "holder": holder, "taken": ms(now), "until": ms(now + LEASE)}
            for name in wanted
        ]
        if values:
            try:
                connection.execute(insert(locks), values)
            except IntegrityError:
                raise _TakenMeanwhileError from None
        return None

    def _busy(self, connection: Connection, lock: RowMapping, now: datetime) -> Busy | None:
        if lock["change"] is not None:
            row = connection.execute(select(changes).where(changes.c.id == lock["change"])).mappings().first()
            if row is None or row["status"] not in OPEN:
                return None
            try:
                return Busy(moment(row["begun_at"]) or now, change_of(row))
            except (LookupError, TypeError, ValueError):
                return Busy(moment(row["begun_at"]) or now, None)  # whatever it is, it is not settled
        taken, until = lock["taken"], lock["until"]
        # Taken in the future: the clock was set back since. Its holder sees that too, and sends nothing.
        alive = ms(now) < until and taken <= ms(now + _FUTURE) and not is_gone(lock["holder"])
        return Busy(moment(taken) or now, None) if alive else None


class _TakenMeanwhileError(Exception):
    """Another process was quicker, in the same moment: the transaction is undone."""
