"""Imports in the ledger: one change for the whole, and one for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from antcrm_tools.changes import LEASE, OPEN, Change, Hold, Intent, Status, Wish
from antcrm_tools.errors import NotActed
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.duty import Duty, free
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import changes
from antcrm_tools.ledger.values import dump
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg


@dataclass(frozen=True, slots=True)
class RowFate:
    """What became of one row."""

    row: Change
    status: Status
    ref: Ref | None = None
    after: Customer | None = None
    known: tuple[str, ...] = ()
    reason: Text | None = None
    next_at: datetime | None = None


class Imports:
    """The imports of one AntCRM."""

    def __init__(self, inner: Changes, duty: Duty) -> None:
        """Rows are changes like others, but for when they leave."""
        self._changes = inner
        self._duty = duty

    async def begin(self, wish: Wish, name: str, rows: Sequence[Intent], holder: str) -> Change:
        """Write an import down with all its rows, none of which has left, and begin to work on it.

        Raises:
            OverCap: the day has no room for so many rows.
            LedgerBroken: it is not written down.
        """
        now = self._changes.now()
        head = self._changes.row(wish, Intent("import", name), status="sent") | {
            "sent_at": ms(now),
            "holder": holder,
            "until": ms(now + LEASE),
        }

        def work(connection: Connection) -> int:
            self._changes.require_room(connection, wish, len(rows))
            number = connection.execute(insert(changes).returning(changes.c.id).values(head)).scalar_one()
            bare = Wish(wish.actor, wish.tool, "")
            values = [
                self._changes.row(bare, row, status="waiting") | {"parent": number, "place": place}
                for place, row in enumerate(rows)
            ]
            connection.execute(insert(changes), values)
            return number

        return await self._changes.require(await self._changes.store.run(work))

    async def rows(self, job: Change, *statuses: Status, limit: int = 100_000) -> list[Change]:
        """The rows of an import in their order; of the given statuses only."""
        where = changes.c.parent == job.id
        if statuses:
            where = and_(where, changes.c.status.in_(statuses))
        return await self._changes.listed(where, changes.c.place, limit=limit)

    async def left(self, job: Change, limit: int = 100_000) -> list[Change]:
        """The rows that never left. Of those that did, each is looked after like any other create."""
        where = and_(changes.c.parent == job.id, changes.c.status == "waiting", changes.c.sends == 0)
        return await self._changes.listed(where, changes.c.place, limit=limit)

    async def renew(self, job: Change, holder: str) -> bool:
        """Go on being the one who works on it. False: somebody else does by now."""
        now = self._changes.now()
        where = and_(
            changes.c.id == job.id, changes.c.holder == holder, changes.c.status == "sent", changes.c.until > ms(now)
        )
        return await self._changes.update(self._changes.of(where), until=ms(now + LEASE))

    async def renew_rows(self, holder: str) -> bool:
        """Go on being the one who has sent these rows. False: none of them is this holder's any more."""
        now = self._changes.now()
        where = and_(changes.c.holder == holder, changes.c.status == "sent", changes.c.until > ms(now))
        query = update(changes).where(self._changes.of(where)).values(until=ms(now + LEASE))
        return await self._changes.store.run(lambda connection: connection.execute(query).rowcount > 0)

    async def consent(self, job: Change, holder: str) -> bool:
        """Work on it again, a person having just said so; from now on the hour counts."""
        now = self._changes.now()
        where = and_(changes.c.id == job.id, changes.c.status == "waiting", free(now))
        values = {"status": "sent", "sent_at": ms(now), "next_at": None, "holder": holder, "until": ms(now + LEASE)}
        return await self._changes.update(self._changes.of(where), **values)

    async def resume(self, job: Change, holder: str) -> bool:
        """Work on one that nobody works on, within its hour."""
        now = self._changes.now()
        if not await self._duty.take_over(job, holder):
            return False
        where = and_(changes.c.id == job.id, changes.c.holder == holder, changes.c.status.in_(OPEN))
        return await self._changes.update(self._changes.of(where), status="sent", next_at=None, until=ms(now + LEASE))

    async def finish(self, job: Change, holder: str, look: datetime) -> bool:
        """Nothing of it is left to send. False: something is, or somebody else works on it.

        `look`: when it is looked whether the last of its rows is settled, where one is not.
        """

        def work(connection: Connection) -> bool:
            rows = changes.c.parent == job.id
            left = and_(rows, changes.c.status == "waiting", changes.c.sends == 0)
            if connection.execute(select(changes.c.id).where(left).limit(1)).first() is not None:
                return False
            opened = connection.execute(select(changes.c.id).where(rows, changes.c.status.in_(OPEN)).limit(1)).first()
            values = self._changes.outcome("done", None, None, None, None, None if opened is None else look)
            return self._changes.settle_now(connection, job, values, None, holder)

        return await self._changes.store.run(work)

    async def cancel(self, job: Change) -> None:
        """Rows that never left do not leave any more."""
        never = and_(changes.c.parent == job.id, changes.c.status == "waiting", changes.c.sends == 0)
        query = (
            update(changes).where(self._changes.of(never)).values(status="undone", settled_at=ms(self._changes.now()))
        )
        await self._changes.store.run(lambda connection: connection.execute(query) and None)

    async def send(self, rows: Mapping[int, tuple[Change, frozenset[str]]], hold: Hold) -> None:
        """Write down that these rows leave, and let each hold its phones and e-mails, which `hold` holds.

        Raises:
            NotActed: somebody else has had a turn since; nothing may leave.
        """
        values = {
            "status": "sent",
            "sent_at": ms(self._changes.now()),
            "holder": hold.holder,
            "until": ms(hold.until),
            "sends": changes.c.sends + 1,
        }

        def work(connection: Connection) -> None:
            ids = [row.id for row, _ in rows.values()]
            where = and_(changes.c.id.in_(ids), changes.c.status == "waiting", free(self._changes.now()))
            sent = connection.execute(update(changes).where(where).values(**values)).rowcount
            bound = [
                self._changes.locks.bind(connection, hold.holder, name, row.id)
                for row, names in rows.values()
                for name in names
            ]
            if sent != len(ids) or not all(bound):
                raise NotActed(msg("Another program has gone on with this import."), then=msg("Try again."))

        await self._changes.store.run(work)

    async def settle(self, fates: Iterable[RowFate], holder: str) -> None:
        """Say what became of rows, all at once. What is not this holder's any more is left to whoever has it now."""
        every = list(fates)

        def work(connection: Connection) -> None:
            for fate in every:
                self._settle(connection, fate, holder)

        if every:
            await self._changes.store.run(work)

    def _settle(self, connection: Connection, fate: RowFate, holder: str) -> None:
        row = fate.row
        values: dict[str, Any] = self._changes.outcome(
            fate.status, fate.ref, None, fate.after, fate.reason, fate.next_at
        )
        if fate.known:
            values["known"] = dump(list(fate.known))
        unsent = and_(changes.c.status == "waiting", changes.c.sends == 0)
        mine = or_(and_(changes.c.status == "sent", changes.c.holder == holder), unsent)
        if connection.execute(select(changes.c.id).where(changes.c.id == row.id, mine)).first() is None:
            return
        if fate.status == "waiting":
            head = connection.execute(select(changes.c.status).where(changes.c.id == row.parent)).scalar()
            if head in OPEN:
                values["sends"] = 0  # AntCRM did nothing with it, and its package is made up anew
                self._changes.locks.free(connection, row.id)
            else:
                values["next_at"] = ms(self._changes.now())  # nobody makes up packages any more: it goes by itself
        try:
            with connection.begin_nested():
                self._changes.settle_now(connection, row, values, fate.ref)
        except IntegrityError:
            # The customer belongs to another create; this one is looked into later.
            later = self._changes.outcome("unsure", None, None, None, fate.reason, self._changes.now())
            self._changes.settle_now(connection, row, later, None)
