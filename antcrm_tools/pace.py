"""The rate limit: a token bucket that people pass before background work, and that slows down when AntCRM asks."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

_BURST = 2.0
_SLOWEST = 0.2
_RECOVERY = 1.1


class Pace:
    """Turns for requests: at most `rps` a second, with a burst of twice as many after a rest."""

    def __init__(
        self,
        rps: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` and `sleep` in seconds."""
        self._most = rps
        self._rate = rps
        self._clock = clock
        self._sleep = sleep
        self._tokens = _BURST * rps
        self._at = clock()
        self._held_until = self._at
        self._people: deque[object] = deque()
        self._background: deque[object] = deque()

    async def turn(self, *, background: bool = False) -> None:
        """Wait for a turn. A background request waits while a person does; each kind keeps its order."""
        me = object()
        queue = self._background if background else self._people
        queue.append(me)
        try:
            while not self._may_go(me, background):
                await self._sleep(self._wait())
            self._tokens -= 1
        finally:
            queue.remove(me)

    def trouble(self, retry_after: float | None = None) -> None:
        """AntCRM said 429 or 503: half the rate, and nobody goes before `retry_after` seconds have passed."""
        self._refill()
        self._rate = max(_SLOWEST, self._rate / 2)
        self._tokens = min(self._tokens, 0.0)
        if retry_after is not None:
            self._held_until = max(self._held_until, self._clock() + retry_after)

    def fine(self) -> None:
        """AntCRM answered: back to the full rate, bit by bit."""
        self._rate = min(self._most, self._rate * _RECOVERY)

    def _may_go(self, me: object, background: bool) -> bool:
        self._refill()
        if background and self._people:
            return False
        first = (self._background if background else self._people)[0]
        return first is me and self._tokens >= 1 and self._clock() >= self._held_until

    def _wait(self) -> float:
        held = self._held_until - self._clock()
        return max(held, (1 - self._tokens) / self._rate, 0.01)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(max(1.0, _BURST * self._rate), self._tokens + (now - self._at) * self._rate)
        self._at = now
