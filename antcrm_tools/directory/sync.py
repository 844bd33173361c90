"""Keeping the copy: the first fill, then what changed, then a slow look for who is gone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo

from antcrm_tools.directory.duty import Duty, LostDutyError
from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.fill import Fill
from antcrm_tools.directory.freshness import FILLED, SYNCED, TROUBLE
from antcrm_tools.directory.reading import Reader
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.store import Store
from antcrm_tools.directory.sweep import Sweep
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.directory.updates import update
from antcrm_tools.errors import CrmError
from antcrm_tools.liveness import new_holder
from antcrm_tools.progress import Progress, no_progress

_EVERY = 60.0
"""Seconds between two passes at least."""

_UPDATE_SHARE, _SWEEP_SHARE = 0.2, 0.1
"""Of the time, how much may go into each: people's own requests come first anyway, but AntCRM is not ours alone."""


class Sync:
    """Keeps one copy. Of several processes on one file, one works and the others find nothing to do."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        holder: str | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """`reader`: AntCRM, which tells the store of all it shows (`AntCrmApi.watch`)."""
        self._reader = reader
        self._store = store
        self._clock = clock
        self._zone = zone
        self._duty = Duty(store, holder or new_holder())
        self._sweep = Sweep(reader, store, self._duty, clock=clock)
        self._stopwatch = stopwatch
        self._sweep_at = 0.0
        self.pause = _EVERY
        """Seconds until the next pass is due."""

    async def run_once(self, progress: Progress = no_progress, *, now: bool = False) -> bool:
        """One pass: fill it where it is not full, read what changed, look a little further for who is gone.

        `now`: read what changed however short ago that was done. Returns whether this process did it: another may be at
        it. What went wrong is written down (`freshness.TROUBLE`), and the next pass goes on from there.

        Raises:
            CopyUnusable: the copy cannot be written.
        """
        if not await self._duty.take():
            self.pause = _EVERY
            return False
        began = self._stopwatch()
        try:
            await self._pass(progress, now=now)
        except LostDutyError:
            return False
        except CopyUnusable as error:
            with suppress(CopyUnusable):
                await self._trouble(error.code)
            raise
        except CrmError as error:
            await self._trouble(error.code)
        else:
            await self._trouble(None)
        finally:
            with suppress(CopyUnusable):
                await self._duty.give_back()
        self.pause = max(_EVERY, (self._stopwatch() - began) / _UPDATE_SHARE)
        return True

    async def sweep(self, progress: Progress = no_progress) -> bool:
        """A whole round of looking for who is gone, now. False: another process is at work.

        Raises:
            CrmError: it could not go on; the next round begins anew.
        """
        if not await self._duty.take():
            return False
        try:
            await self._sweep.whole(progress)
        except LostDutyError:
            return False
        finally:
            with suppress(CopyUnusable):
                await self._duty.give_back()
        return True

    async def _pass(self, progress: Progress, *, now: bool) -> None:
        filled, synced = await self._store.read(lambda db, _: (fact(db, FILLED), fact(db, SYNCED)))
        if filled is None:
            fill = Fill(self._reader, self._store, self._duty, clock=self._clock, zone=self._zone, progress=progress)
            await fill.run()
            synced = None
        age = None if synced is None else self._clock() - datetime.fromisoformat(synced)
        if now or age is None or not timedelta(0) <= age < timedelta(seconds=_EVERY):
            await update(self._reader, self._store, self._duty, clock=self._clock, zone=self._zone)
        began = self._stopwatch()
        if filled is not None and began >= self._sweep_at and await self._sweep.is_due():
            await self._sweep.slice()
            self._sweep_at = self._stopwatch() + (self._stopwatch() - began) / _SWEEP_SHARE

    async def _trouble(self, code: str | None) -> None:
        def note(db: sqlite3.Connection, _: Labels) -> None:
            set_fact(db, TROUBLE, code)

        await self._store.write(note)
