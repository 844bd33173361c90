"""Updates of a messenger that have been dealt with: one that comes again is not dealt with again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import inbox
from antcrm_tools.ledger.store import Store

SAYS_SOMETHING = timedelta(hours=25)
"""Telegram keeps an update for a day. After a week without any its numbers go on anywhere, and may meet an old one."""

KEEP = timedelta(days=2)
"""By age and not by what Telegram was told: another process may hold a page that was fetched before that."""

_SWEEP = timedelta(hours=1)


class Inbox:
    """The updates of one bot."""

    def __init__(self, store: Store, *, bot: str, clock: Callable[[], datetime]) -> None:
        """`bot` names whose numbers they are: at most 40 characters."""
        self._store = store
        self._bot = bot
        self._clock = clock
        self._sweep_at: datetime | None = None

    async def done(self, *update_ids: int) -> None:
        """These have been dealt with. It is on the disk when this returns.

        Raises:
            LedgerBroken: it is not.
        """
        now = self._clock()
        values = [{"bot": self._bot, "update_id": each, "done_at": ms(now)} for each in sorted(set(update_ids))]
        sweep = self._sweep_at is None or now >= self._sweep_at

        def write(connection: Connection) -> None:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            new = dialect.insert(inbox)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[inbox.c.bot, inbox.c.update_id], set_={"done_at": new.excluded.done_at}
                ),
                values,
            )
            if sweep:
                connection.execute(delete(inbox).where(inbox.c.done_at < ms(now - KEEP)))

        if values:
            await self._store.run(write)
            if sweep:
                self._sweep_at = now + _SWEEP

    async def known(self, update_ids: Iterable[int]) -> set[int]:
        """Which of these have been dealt with, by whatever process.

        Raises:
            LedgerBroken: it cannot be told.
        """
        wanted = set(update_ids)
        if not wanted:
            return set()
        lately = ms(self._clock() - SAYS_SOMETHING)
        query = select(inbox.c.update_id).where(
            inbox.c.bot == self._bot, inbox.c.update_id.in_(wanted), inbox.c.done_at >= lately
        )
        return await self._store.run(lambda connection: set(connection.scalars(query)), write=False)
