"""Where it is written down that an update is done, without a database: it can be broken, and says what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.text import msg

BROKEN = LedgerBroken(msg("There is no room left on the disk for {ledger}.", ledger="x"))


@dataclass
class MemoryInbox:
    """Outlives the processes of a test."""

    rows: set[int] = field(default_factory=set[int])
    asked: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    writes: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    wrong: Exception | None = None
    free: asyncio.Event | None = None
    """What every use waits for."""

    async def done(self, *update_ids: int) -> None:
        self.writes.append(update_ids)
        await self._work()
        self.rows |= set(update_ids)

    async def known(self, update_ids: Collection[int]) -> set[int]:
        self.asked.append(tuple(update_ids))
        await self._work()
        return self.rows & set(update_ids)

    async def _work(self) -> None:
        if self.free is not None:
            await self.free.wait()
        if self.wrong is not None:
            raise self.wrong
