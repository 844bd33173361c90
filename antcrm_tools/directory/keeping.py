"""The copy as it is used: searched at once where it is whole, waited for a little where it is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.logs import note_unexpected
from antcrm_tools.progress import Progress, no_progress

if TYPE_CHECKING:
    from antcrm_tools.directory.directory import Directory
    from antcrm_tools.directory.freshness import Freshness
    from antcrm_tools.directory.sync import Sync

PATIENCE = 8.0
"""Seconds a question waits for a copy that is being filled: small ones are whole by then."""

STALE = timedelta(minutes=5)
"""A copy that is older is brought up to date before a question is answered, if that takes no longer than:"""

_STALE_PATIENCE = 4.0
_LOOK = 0.1

_log = logging.getLogger(__name__)


class Copy:
    """The directory of one AntCRM and whoever keeps it fresh."""

    def __init__(
        self,
        directory: Directory,
        sync: Callable[[], Sync],
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`sync` is made when it is first needed."""
        self.directory = directory
        self._make = sync
        self._made: Sync | None = None
        self._clock = clock
        self._wait = wait
        self._passing: asyncio.Task[None] | None = None
        self._begun_at = 0.0

    @property
    def sync(self) -> Sync:
        """Who keeps it fresh."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def keep(self) -> None:
        """Keep it fresh, for ever."""
        while True:
            await self._pass()
            await self._wait(self.sync.pause)

    async def ready(self, progress: Progress = no_progress) -> Freshness:
        """Wait until it is whole and fresh, but not long. Says what it is worth then.

        A pass that has taken longer than anybody waits holds up nobody any more: whoever asks gets what is there.
        """
        fresh = await self.directory.freshness()
        if fresh.complete and not self._is_stale(fresh):
            return fresh
        passing = self._begun()
        patience = _STALE_PATIENCE if fresh.complete else PATIENCE
        loop = asyncio.get_running_loop()
        while not passing.done() and (left := self._begun_at + patience - loop.time()) > 0:
            await asyncio.wait((passing,), timeout=min(left, _LOOK))
            now = await self.directory.freshness()
            if now.complete and not fresh.complete:
                return now
            if not now.complete:
                await progress(round(now.share * 100), 100)
        return await self.directory.freshness()

    async def aclose(self) -> None:
        """Stop keeping it; what was read stays."""
        if self._passing is not None:
            self._passing.cancel()
            await asyncio.wait((self._passing,))
        await self.directory.store.aclose()

    def _is_stale(self, fresh: Freshness) -> bool:
        as_of = fresh.synced_at or fresh.filled_at
        return as_of is None or self._clock() - as_of > STALE

    async def _pass(self) -> None:
        await asyncio.wait((self._begun(),))

    def _begun(self) -> asyncio.Task[None]:
        """The pass that is under way, or a new one."""
        if self._passing is None or self._passing.done():
            self._passing = asyncio.create_task(self._one())
            self._begun_at = asyncio.get_running_loop().time()
        return self._passing

    async def _one(self) -> None:
        try:
            await self.sync.run_once()
        except CopyUnusable as error:
            _log.error("the local copy cannot be used: %s", error.why)
        except Exception as error:  # noqa: BLE001  it must go on; the next pass may be better
            note_unexpected(error)
