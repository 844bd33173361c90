"""What is open and has to be looked after, and who does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, update

from antcrm_tools.changes import LEASE, OPEN, Change, News
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import changes
from antcrm_tools.liveness import is_gone
from antcrm_tools.text import Text

_STALE = timedelta(hours=25)
"""Further ahead than anything is planned: the clock was set back since."""


class Duty:
    """The open changes of one AntCRM, each worked on by one process at a time."""

    def __init__(self, inner: Changes) -> None:
        """They are changes like others."""
        self._changes = inner

    async def take_over(self, change: Change, holder: str) -> bool:
        """Work on an open change alone for a while. False: somebody else does, or it is settled."""
        now = self._changes.now()
        # A process that is gone is waited for no longer.
        gone = changes.c.holder == change.holder if is_gone(change.holder) else false()
        open_to_us = or_(gone, free(now))
        # As it was read: what somebody has looked at since has had its turn.
        same = and_(
            changes.c.id == change.id,
            changes.c.status == change.status,
            changes.c.sends == change.sends,
            changes.c.probes == change.probes,
            changes.c.meets == change.meets,
            changes.c.next_at.is_(None) if change.next_at is None else changes.c.next_at == ms(change.next_at),
        )
        where = and_(self._changes.of(same), open_to_us)
        return await self._changes.update(where, holder=holder, until=ms(now + LEASE))

    async def send_again(self, change: Change, holder: str) -> bool:
        """Write down that a change leaves once more, if it is still this holder's.

        Raises:
            OverCap: it was kept because the day had no room for it, and this one has none either.
        """
        now = self._changes.now()
        where = and_(
            self._changes.of(changes.c.id == change.id), changes.c.holder == holder, changes.c.status.in_(OPEN)
        )
        values = {"status": "sent", "sent_at": ms(now), "until": ms(now + LEASE), "sends": changes.c.sends + 1}
        held_back = not change.counted and change.wish.undoes is None
        if held_back:
            values["counted_at"] = ms(now)

        def work(connection: Connection) -> bool:
            if held_back:
                self._changes.require_room(connection, change.wish, 1)
            return connection.execute(update(changes).where(where).values(**values)).rowcount == 1

        return await self._changes.store.run(work)

    async def due(self, now: datetime, *, waiting: bool = True, limit: int = 50) -> Sequence[Change]:
        """What has to be looked at, oldest first: waiting and unsure changes, and those of processes that are gone.

        Rows of an import that were not sent are the import's. `waiting`: also what waits for AntCRM to be reached.
        """
        timely = or_(changes.c.next_at <= ms(now), changes.c.next_at > ms(now + _STALE))
        open_to_us = free(now)
        kinds = [
            and_(changes.c.status == "unsure", timely, open_to_us),
            and_(changes.c.status == "sent", open_to_us),
            and_(changes.c.status == "done", changes.c.next_at.is_not(None), timely),
            and_(changes.c.status == "waiting", changes.c.action == "import", timely, open_to_us),
        ]
        if waiting:
            kinds.append(
                and_(changes.c.status == "waiting", changes.c.action != "import", _its_own(), timely, open_to_us)
            )
        # One after the other, each by its index: none crowds the others out.
        found = {change.id: change for change in await self._left_behind()}
        for kind in kinds:
            found |= {
                change.id: change for change in await self._changes.listed(kind, changes.c.id, limit=limit, skip=True)
            }
        return [found[number] for number in sorted(found)]

    async def _left_behind(self) -> list[Change]:
        """Changes of processes that are certainly gone, though their time is not over."""
        working = and_(
            changes.c.holder.is_not(None),
            or_(changes.c.status.in_(("sent", "unsure")), and_(changes.c.status == "waiting", _its_own())),
        )
        query = select(changes.c.holder).where(self._changes.of(working)).distinct()
        holders = await self._changes.store.run(lambda c: c.execute(query).scalars().all(), write=False)
        gone = [holder for holder in holders if is_gone(holder)]
        return (
            await self._changes.listed(and_(working, changes.c.holder.in_(gone)), changes.c.id, skip=True)
            if gone
            else []
        )

    def tomorrow(self) -> datetime:
        """When the next day begins."""
        return self._changes.tomorrow()

    async def disown(self, holder: str, why: Text) -> None:
        """What this holder wrote down never left: whether it had been written could not be known then."""
        mine = and_(changes.c.holder == holder, changes.c.status == "sent")
        for change in await self._changes.listed(mine):
            await self._changes.settle(change, "failed", reason=why)

    async def look_again(self, change: Change, at: datetime) -> None:
        """Look at a settled change once more."""
        await self._changes.update(
            and_(self._changes.of(changes.c.id == change.id), changes.c.status == "done"), next_at=ms(at)
        )

    async def looked(self, change: Change, news: News | None) -> None:
        """It was looked at once more, and need not be again."""

        def work(connection: Connection) -> None:
            again = and_(changes.c.id == change.id, changes.c.status == "done", changes.c.next_at.is_not(None))
            where = self._changes.of(again)
            looked = connection.execute(update(changes).where(where).values(next_at=None)).rowcount
            if looked and news is not None:
                self._changes.notices.add(connection, change, news.text, news.refs)

        await self._changes.store.run(work)

    async def tell(self, change: Change, news: News) -> None:
        """Keep something for a person to hear."""
        await self._changes.store.run(
            lambda connection: self._changes.notices.add(connection, change, news.text, news.refs)
        )


def _its_own() -> ColumnElement[bool]:
    """Not a row of an import that never left: that is its import's to send."""
    return or_(changes.c.parent.is_(None), changes.c.sends > 0, changes.c.undoes.is_not(None))


def free(now: datetime) -> ColumnElement[bool]:
    """Nobody works on it: the time of whoever did is over, or so far ahead that the clock was set back since."""
    return or_(
        changes.c.until.is_(None),
        changes.c.until <= ms(now),
        changes.c.until > ms(now + LEASE + timedelta(minutes=1)),
    )
