"""Erasing personal data: what is old by itself, and one person because somebody asked for it.

What stays of a change is its skeleton: its number, who made it and when, through what, which customer by number, and
what became of it. All else is gone, from the file as well.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update

from antcrm_tools.changes import OPEN, of_message
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger import inbox as inboxes
from antcrm_tools.ledger.cards import KEEP as CARDS_KEEP
from antcrm_tools.ledger.persons import OF_ALL_ROWS, Kept, Persons
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import cards, changes, couriers, inbox, locks, notices, tickets
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.ticket_rows import UNSETTLED
from antcrm_tools.ledger.traces import Traces

_PERSONAL = (
    *(changes.c.name, changes.c.arguments, changes.c.wanted, changes.c.known),
    *(changes.c.before, changes.c.after, changes.c.reason),
)

PATIENCE = 10.0
"""Seconds to wait for another program that reads the file."""

_HEARD = timedelta(days=1)
_LEASE_OVER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Which changes were erased; none, where some are `open`."""

    changes: tuple[int, ...] = ()
    open: tuple[int, ...] = ()
    thoroughly: bool = True
    """False: another program is reading, and what was erased is beside the ledger's file until that has ended."""


class Erasing:
    """Erases what is kept of one AntCRM's customers."""

    def __init__(self, store: Store, crm: str, clock: Callable[[], datetime], *, patience: float = PATIENCE) -> None:
        """`clock` is the one on the wall; `patience`: seconds to wait for others who read the file."""
        self._store = store
        self._crm = crm
        self._clock = clock
        self._patience = patience

    async def old(self, keep: timedelta, limit: int = 1000) -> int:
        """Erase what was settled longer than `keep` ago, at most `limit` changes; how many that were.

        Also what an AntCRM left that nobody has worked on since: after a new key it is another one.
        """

        def work(connection: Connection) -> tuple[int, bool]:
            ids = connection.execute(self._past(keep).limit(limit)).scalars().all()
            self._bare(connection, ids)
            return len(ids), self._sweep(connection, keep)

        erased, swept = await self._store.run(work)
        if erased or swept:
            await self.fold()
        return erased

    async def kept(self, refs: Iterable[str], contacts: Iterable[str] = (), region: str = "VN") -> Kept:
        """What is kept of a person, who has these numbers and, as far as it is known, these phones and e-mails.

        The phones and e-mails the ledger has for these numbers count as well.
        """
        asked = Traces.of(refs, contacts, region)
        return (await self._store.run(lambda c: Persons(c, self._crm).look(asked), write=False)).kept

    async def forget(self, refs: Iterable[str], contacts: Iterable[str] = (), region: str = "VN") -> Forgotten:
        """Erase a person; or nothing, where a change of theirs can still change AntCRM.

        Raises:
            LedgerBroken: nothing was erased.
        """
        asked = Traces.of(refs, contacts, region)
        # Nobody may write while everything is read, which takes long: so that is done before, and now what is new.
        before = await self._store.run(lambda c: Persons(c, self._crm).look(asked), write=False)

        def work(connection: Connection) -> Kept:
            now = Persons(connection, self._crm).look(before.kept.traces, before).kept
            if not now.open:
                self._erase(connection, now)
            return now

        kept = await self._store.run(work)
        if kept.open:
            return Forgotten(open=kept.open)
        return Forgotten((*kept.changes, *kept.imports), thoroughly=await self.fold())

    async def fold(self) -> bool:
        """Take what was erased out of the file beside the ledger's as well. False: another program is in the way."""
        try:
            file = await self._store.run(_file, write=False)
        except LedgerBroken:
            return False
        return not file or await asyncio.to_thread(_truncated, file, self._patience)

    def _past(self, keep: timedelta) -> Any:
        """The numbers of what has had its time."""
        before = ms(self._clock() - keep)
        head = changes.alias()
        used = select(changes.c.crm).where(changes.c.begun_at >= before).distinct()
        where = and_(
            changes.c.erased_at.is_(None),
            changes.c.status.not_in(OPEN),
            changes.c.next_at.is_(None),
            func.coalesce(changes.c.settled_at, changes.c.begun_at) < before,
            or_(changes.c.crm == self._crm, changes.c.crm.not_in(used)),
            # An import that goes on looks at what became of its rows.
            ~select(head.c.id).where(head.c.id == changes.c.parent, head.c.status.in_(OPEN)).exists(),
        )
        return select(changes.c.id).where(where).order_by(changes.c.id)

    def _sweep(self, connection: Connection, keep: timedelta) -> bool:
        """Delete what served its purpose, of whichever AntCRM. Whether there was any."""
        now = self._clock()
        dead = and_(tickets.c.state == "taken", tickets.c.taken_at <= ms(now - max(keep, UNSETTLED)))
        past: tuple[tuple[Any, ColumnElement[bool]], ...] = (
            (tickets, and_(tickets.c.keep_until <= ms(now), or_(tickets.c.state != "taken", dead))),
            (notices, or_(notices.c.told_at <= ms(now - _HEARD), notices.c.at < ms(now - keep))),
            (inbox, inbox.c.done_at < ms(now - inboxes.KEEP)),
            (cards, cards.c.at < ms(now - CARDS_KEEP)),
            (couriers, couriers.c.seen_at < ms(now - _LEASE_OVER)),
            # Names are hashes, but of phones, and there are not so many phones.
            (locks, and_(locks.c.change.is_(None), locks.c.until < ms(now - _LEASE_OVER))),
        )
        return sum(connection.execute(delete(table).where(where)).rowcount for table, where in past) > 0

    def _erase(self, connection: Connection, kept: Kept) -> None:
        self._bare(connection, kept.changes)
        # The other rows of an import stay as they are, and can be taken back.
        rows: dict[str, Any] = dict.fromkeys(column.name for column in OF_ALL_ROWS)
        connection.execute(update(changes).where(changes.c.id.in_(kept.imports)).values(rows | {"cause": _cause()}))
        connection.execute(delete(tickets).where(tickets.c.number.in_(kept.tickets)))
        connection.execute(delete(notices).where(notices.c.id.in_(kept.notices)))

    def _bare(self, connection: Connection, ids: Sequence[int]) -> None:
        """Leave the skeletons."""
        gone: dict[str, Any] = dict.fromkeys(column.name for column in _PERSONAL)
        gone |= {"erased_at": ms(self._clock()), "next_at": None, "cause": _cause()}
        connection.execute(update(changes).where(changes.c.id.in_(ids), changes.c.erased_at.is_(None)).values(gone))


def _cause() -> ColumnElement[Any]:
    """What stays of a cause: one of words is a hash of what they say; one of a message says nothing of a person."""
    return case((changes.c.cause.startswith(of_message()[0], autoescape=True), changes.c.cause), else_=None)


def _file(connection: Connection) -> str:
    """The ledger's file; empty where it has none."""
    if connection.dialect.name != "sqlite":
        return ""
    return next((row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")


def _truncated(file: str, seconds: float) -> bool:
    """SQLite writes into a file beside the ledger's first, and leaves what it has carried over standing there."""
    try:
        there = f"{Path(file).as_uri()}?mode=rw"  # never a new one, should it have been moved away
        with closing(sqlite3.connect(there, timeout=seconds, isolation_level=None, uri=True)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy
