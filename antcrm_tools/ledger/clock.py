"""The time that everybody who shares a ledger agrees on, though the clocks of their machines do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from antcrm_tools.ledger.store import Store

_BELIEVED = 60.0
"""Seconds until the difference between two clocks is looked at again: somebody may set one of them right."""


class LedgerClock:
    """Tells the ledger's time: its server's, where it has one, else this machine's.

    A question that is asked on one machine and answered on another must not be too late at its birth, nor open for
    hours, because one of them has a wrong clock.
    """

    def __init__(
        self, store: Store, clock: Callable[[], datetime], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is the one on this machine's wall; `monotonic` is in seconds."""
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._ahead = timedelta()
        self._looked: float | None = None

    async def now(self) -> datetime:
        """The time.

        Raises:
            LedgerBroken: it cannot be known.
        """
        if self._looked is None or self._monotonic() - self._looked > _BELIEVED:
            self._ahead = await self._store.ahead(self._clock)
            self._looked = self._monotonic()
        return self._clock() + self._ahead

    def guess(self) -> datetime:
        """The time as far as this machine knows it, for what must be known while the ledger cannot be asked."""
        return self._clock() + self._ahead
