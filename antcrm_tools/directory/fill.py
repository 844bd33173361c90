"""The first fill: everything once, the newest first, several windows at a time, gone on with after a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import anyio

from antcrm_tools.directory import windows
from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.freshness import BACK_TO, FILLED, NO_DAYS, SHARE, SYNCED
from antcrm_tools.directory.reading import Reader, read_list
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.directory.windows import Window
from antcrm_tools.errors import FilterIgnored, PagingBroken
from antcrm_tools.gather import all_of
from antcrm_tools.models import Query
from antcrm_tools.progress import Progress
from antcrm_tools.refs import Ref, Space

if TYPE_CHECKING:
    from antcrm_tools.directory.duty import Duty
    from antcrm_tools.directory.store import Store

OF_FILL = "fill"
SPACES: tuple[Space, ...] = ("lead", "customer")

BEGUN = "fill_begun"
"""The fact of when the fill began: what has changed since is read again at its end."""

_AT_ONCE = 4
_SMALL = 8
"""Pages of a list that is read without windows, to see whether that is all."""

_AIM = 1500
"""Customers in a window: so many that the pages at its ends, which are read twice, hardly count."""

_FIRST_DAYS, _LONGEST_DAYS, _GROWTH = 7, 1500, 8
_FURTHEST_YEARS = 64
_NOTE_EVERY = 5
_FULL = 100


class Fill:
    """One run of it."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        duty: Duty,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        progress: Progress,
    ) -> None:
        """Everything it has done before a kill is in the store."""
        self._reader = reader
        self._store = store
        self._duty = duty
        self._clock = clock
        self._zone = zone
        self._progress = progress
        self._lock = anyio.Lock()
        self._taken: set[int] = set()
        self._oldest: dict[Space, date] = {}

    async def run(self) -> None:
        """Read what is missing.

        Raises:
            CrmError: it could not go on; what was read stays read.
            LostDutyError: another process has taken over.
        """
        await self._store.write(self._begin)
        no_days = await self._store.read(lambda db, _: fact(db, NO_DAYS)) is not None
        if not no_days:
            try:
                await all_of([self._look_back(space) for space in SPACES])
                await all_of([self._work() for _ in range(_AT_ONCE)])
            except FilterIgnored as ignored:
                if not ignored.is_of_days:
                    raise
                await self._store.write(self._without_days)
                no_days = True
        if no_days:
            self._taken.clear()
            await all_of([self._work() for _ in SPACES])
        await self._store.write(self._end)
        with suppress(CopyUnusable):  # it is whole all the same; it is done again after a sweep
            await self._store.tidy()
        await self._progress(_FULL, _FULL)

    def _begin(self, db: sqlite3.Connection, _: Labels) -> None:
        if fact(db, BEGUN) is None:
            set_fact(db, BEGUN, self._clock().isoformat())

    def _end(self, db: sqlite3.Connection, _: Labels) -> None:
        set_fact(db, FILLED, self._clock().isoformat())
        set_fact(db, SYNCED, fact(db, BEGUN))
        for name in (BACK_TO, SHARE, BEGUN):
            set_fact(db, name, None)
        windows.clear(db, OF_FILL)

    def _without_days(self, db: sqlite3.Connection, _: Labels) -> None:
        set_fact(db, NO_DAYS, "1")
        windows.clear(db, OF_FILL)
        for space in SPACES:
            windows.plan(db, OF_FILL, space, None, None)

    @property
    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    # --- how far back there is anything ---

    async def _look_back(self, space: Space) -> None:
        """Whether it is so little that windows are not worth it; else the day before which there is nobody."""
        planned = await self._store.read(lambda db, _: [w for w in windows.of_pass(db, OF_FILL) if w.space == space])
        if not planned:
            lost = self._store.lost
            read = await read_list(self._reader, Query(space=space), 0, self._while_small)
            if self._store.lost != lost:
                raise CopyUnusable("lost")
            if read.ended:
                return
        years = 1
        while years < _FURTHEST_YEARS:
            day = self._today - timedelta(days=366 * years)
            page = await self._reader.page(Query(space=space, created_to=day, as_sent=True), 0, background=True)
            if not page.customers:
                break
            years *= 2
        self._oldest[space] = self._today - timedelta(days=366 * years)

    async def _while_small(self, number: int, _seen: AbstractSet[Ref]) -> bool:
        await self._duty.renew()
        return number + 1 < _SMALL

    # --- windows ---

    async def _work(self) -> None:
        while (window := await self._next()) is not None:
            await self._read(window)

    async def _next(self) -> Window | None:
        """A window to read: one that was begun, or the next one back in time; None when all are planned."""
        async with self._lock:
            window = await self._store.write(self._plan)
            if window is not None:
                self._taken.add(window.id)
            return window

    def _plan(self, db: sqlite3.Connection, _: Labels) -> Window | None:
        planned = windows.of_pass(db, OF_FILL)
        finished = {window.id for window in windows.of_pass(db, OF_FILL, state="done")}
        for window in planned:
            if window.id not in finished and window.id not in self._taken:
                return window
        choices: list[tuple[int, Space]] = [
            (len([w for w in planned if w.space == space]), space) for space in SPACES if self._goes_on(planned, space)
        ]
        for _count, space in sorted(choices):
            of_space = [window for window in planned if window.space == space]
            read = [window for window in of_space if window.id in finished]
            if of_space and not read:
                continue  # how dense it is shows when the first is read
            return self._plan_next(db, space, of_space, read)
        return None

    def _goes_on(self, planned: list[Window], space: Space) -> bool:
        return space in self._oldest and not any(w.space == space and w.first is None for w in planned)

    def _plan_next(self, db: sqlite3.Connection, space: Space, planned: list[Window], read: list[Window]) -> Window:
        today, oldest = self._today, self._oldest[space]
        last = min((window.first for window in planned if window.first is not None), default=None)
        days = _FIRST_DAYS
        if read:
            recent = read[-3:]
            seen = sum(window.seen for window in recent)
            length = sum(window.days(today, oldest) for window in recent)
            longest = max(window.days(today, oldest) for window in recent) * _GROWTH
            days = max(1, min(int(_AIM * length / max(seen, 1)), longest, _LONGEST_DAYS))
        first = (last or today) - timedelta(days=days)
        return windows.plan(db, OF_FILL, space, None if first <= oldest else first, last)

    async def _read(self, window: Window) -> None:
        lost = self._store.lost

        async def watch(number: int, seen: AbstractSet[Ref]) -> bool:
            if self._store.lost != lost:
                raise CopyUnusable("lost")  # before the page is noted: it has to be read again
            if number % _NOTE_EVERY == _NOTE_EVERY - 1:
                await self._duty.renew()
                await self._store.write(lambda db, _: windows.reached(db, window, number, window.seen + len(seen)))
            return True

        # The last page that was noted is read once more: it may have been cut off in the middle.
        try:
            read = await read_list(self._reader, window.query, max(0, window.page - 1), watch)
        except PagingBroken:
            if not await self._split(window):
                raise
            return
        if self._store.lost != lost:
            raise CopyUnusable("lost")
        await self._duty.renew()
        await self._store.write(lambda db, _: self._done(db, window, window.seen + len(read.refs)))
        share = await self._store.read(lambda db, _: float(fact(db, SHARE) or 0))
        await self._progress(min(round(share * _FULL), _FULL - 1), _FULL)

    async def _split(self, window: Window) -> bool:
        """AntCRM has no pages: what does not fit onto one can only be had in shorter windows."""
        oldest = self._oldest.get(window.space)
        if oldest is None:
            return False
        first, last = window.first or oldest, window.last or self._today + timedelta(days=1)
        if (last - first).days <= 1:
            return False
        middle = first + (last - first) // 2
        await self._store.write(lambda db, _: windows.split(db, OF_FILL, window, middle))
        return True

    def _done(self, db: sqlite3.Connection, window: Window, seen: int) -> None:
        windows.done(db, window, seen)
        finished = windows.of_pass(db, OF_FILL, state="done")
        today = self._today
        back: list[date] = []
        covered = whole = 0.0
        for space in SPACES:
            oldest = self._oldest.get(space)
            if oldest is None:
                continue
            whole += (today - oldest).days
            covered += sum(w.days(today, oldest) for w in finished if w.space == space)
            reach = today + timedelta(days=1)
            for each in sorted(
                (w for w in finished if w.space == space), key=lambda w: w.last or date.max, reverse=True
            ):
                if each.last is None or each.last >= reach:
                    reach = each.first or oldest
            back.append(reach)
        if back and whole:
            set_fact(db, BACK_TO, max(back).isoformat() if max(back) <= today else None)
            set_fact(db, SHARE, f"{min(covered / whole, 0.99):.4f}")


def utc_or_local(moment: datetime, zone: tzinfo) -> date:
    """The earlier of the days a moment is, here and in UTC: AntCRM's day may be either."""
    return min(moment.astimezone(zone).date(), moment.astimezone(UTC).date())
