"""The slow look at everything, for customers who were deleted elsewhere: no list of changes tells of them.

A list alone makes nobody forgotten. Whoever should have been in it and was not is asked for by number.
"""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from antcrm_tools.directory import windows
from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.fill import SPACES
from antcrm_tools.directory.freshness import NO_DAYS
from antcrm_tools.directory.reading import Reader, read_list
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.directory.windows import Window
from antcrm_tools.errors import NotFound
from antcrm_tools.models import Query
from antcrm_tools.progress import Progress
from antcrm_tools.refs import Ref, Space, parse_ref

if TYPE_CHECKING:
    from antcrm_tools.directory.duty import Duty
    from antcrm_tools.directory.store import Store

OF_SWEEP = "sweep"
SWEPT = "swept"
"""The fact of when the last round began."""

ROUND = timedelta(hours=24)
_AIM = 700
_SAMPLE = 20
_UNDATED = 20
"""Customers without a readable day of creation who are asked for by number at the end of a round."""

_log = logging.getLogger(__name__)


class Sweep:
    """Rounds over everything, a window at a time."""

    def __init__(self, reader: Reader, store: Store, duty: Duty, *, clock: Callable[[], datetime]) -> None:
        """How far a round is stands in the store."""
        self._reader = reader
        self._store = store
        self._duty = duty
        self._clock = clock

    async def is_due(self) -> bool:
        """Whether a round is under way, or the last one began long ago."""

        def look(db: sqlite3.Connection, _: Labels) -> bool:
            began = fact(db, SWEPT)
            now = self._clock()
            return (
                began is None or bool(windows.of_pass(db, OF_SWEEP)) or abs(now - datetime.fromisoformat(began)) > ROUND
            )

        return await self._store.read(look)

    async def slice(self) -> bool:
        """Read one window, and ask for whoever is missing from it; False when that was the last of the round.

        Raises:
            CrmError: it could not be read; it is read another time.
            LostDutyError: another process has taken over.
        """
        window = await self._store.write(self._next)
        if window is None:
            return False
        query = self._query(window, days=await self._store.read(lambda db, _: fact(db, NO_DAYS)) is None)
        begun, lost = self._store.begin(), self._store.lost
        await read_list(self._reader, query, 0, self._watch)
        if self._store.lost != lost:
            raise CopyUnusable("lost")
        await self._ask(await self._store.read(lambda db, _: self._missing(db, window, begun)))
        await self._store.write(lambda db, _: windows.done(db, window, 0))
        if await self._store.read(lambda db, _: not windows.of_pass(db, OF_SWEEP, state="open")):
            await self._ask(await self._store.read(self._undated))
            await self._store.write(lambda db, _: windows.clear(db, OF_SWEEP))
            with suppress(CopyUnusable):
                await self._store.tidy()
            return False
        return True

    async def whole(self, progress: Progress) -> None:
        """A whole round, now."""
        await self._store.write(lambda db, _: windows.clear(db, OF_SWEEP))
        await self._store.write(self._next)
        total = await self._store.read(lambda db, _: len(windows.of_pass(db, OF_SWEEP)))
        done = 0
        more = True
        while more:
            more = await self.slice()
            done += 1
            await progress(done, max(total, done))

    async def _watch(self, _number: int, _seen: AbstractSet[Ref]) -> bool:
        await self._duty.renew()
        return True

    def _next(self, db: sqlite3.Connection, _: Labels) -> Window | None:
        planned = windows.of_pass(db, OF_SWEEP)
        if not planned:
            set_fact(db, SWEPT, self._clock().isoformat())
            for space in SPACES:
                spans = [(None, None)] if fact(db, NO_DAYS) else windows.by_count(_by_day(db, space), _AIM)
                for first, last in spans:
                    windows.plan(db, OF_SWEEP, space, first, last)
        return next(iter(windows.of_pass(db, OF_SWEEP, state="open")), None)

    def _query(self, window: Window, *, days: bool) -> Query:
        if not days:
            return Query(space=window.space)
        # A day more on each side: AntCRM's days may begin at another hour, and its last day may not count.
        first = None if window.first is None else window.first - timedelta(days=1)
        last = None if window.last is None else window.last + timedelta(days=1)
        return Query(space=window.space, created_from=first, created_to=last, as_sent=True)

    def _missing(self, db: sqlite3.Connection, window: Window, begun: float) -> tuple[list[str], int]:
        """Who should have been seen, and how many the window holds."""
        first = (window.first or date.min).toordinal()
        last = (window.last or date.max).toordinal()
        letter = _letter(window.space)
        where = "created_day BETWEEN ? AND ? AND substr(ref, 1, 1) = ?"
        values = (max(1, first), last, letter)
        held = db.execute(f"SELECT count(*) FROM customers WHERE {where}", values).fetchone()[0]  # noqa: S608
        found = db.execute(f"SELECT ref FROM customers WHERE {where} AND read_at < ?", (*values, begun))  # noqa: S608
        return [row[0] for row in found], int(held)

    def _undated(self, db: sqlite3.Connection, _: Labels) -> tuple[list[str], int]:
        found = db.execute("SELECT ref FROM customers WHERE created_day = 0 ORDER BY read_at LIMIT ?", (_UNDATED,))
        return [row[0] for row in found], 0

    async def _ask(self, missing: tuple[list[str], int]) -> None:
        refs, held = missing
        if len(refs) > _SAMPLE and len(refs) * 2 > held:
            # So many at once look more like trouble of AntCRM's than like deletions.
            sample = random.sample(refs, _SAMPLE)
            if not all([await self._is_gone(ref) for ref in sample]):
                _log.warning("a list of AntCRM's was far too short; it is read again another day")
                return
            refs = [ref for ref in refs if ref not in sample]
        for ref in refs:
            await self._is_gone(ref)

    async def _is_gone(self, text: str) -> bool:
        ref = parse_ref(text)
        if ref is None:
            return False
        await self._duty.renew()
        with suppress(NotFound):
            await self._reader.get(ref, background=True)  # the copy hears of it by itself
            return False
        return True


def _by_day(db: sqlite3.Connection, space: Space) -> list[tuple[int, int]]:
    kinds = "kind = 0" if space == "lead" else "kind > 0"
    found = db.execute(
        f"SELECT created_day, count(*) FROM customers WHERE {kinds} AND created_day > 0"  # noqa: S608
        " GROUP BY created_day ORDER BY created_day DESC"
    )
    return [(int(day), int(count)) for day, count in found]


def _letter(space: Space) -> str:
    return str(Ref(space, "0"))[0]
