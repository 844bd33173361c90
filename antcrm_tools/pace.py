"""How fast AntCRM is asked, and how often again: the rate limit and the rules of a retry. No I/O of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom

import anyio

SLOWEST = 0.2
"""Requests a second below which we never slow down: still one every five seconds."""

LONGEST_HOLD = 300.0
"""Seconds. A `Retry-After` of a day, meant or mistaken, must not stop this process for a day."""

_SAME_TROUBLE = 1.0  # seconds within which several 429 are one: requests under way together are answered together
_RECOVERY = 0.05  # of the full rate, for each request that went well
_TICK = 0.01  # seconds; also keeps a rounding error from becoming an endless loop of sleeps of nothing
_ENOUGH = 1e-9

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pace:
    """A token bucket: at most `rps` requests a second, with bursts of twice that; people before background work.

    It slows by itself where AntCRM asks for it and recovers while all goes well (row "rate limit: 429, or 503").
    """

    def __init__(self, rps: float, *, clock: Clock = time.monotonic, sleep: Sleep = anyio.sleep) -> None:
        """`rps`: requests a second. `clock` (seconds) and `sleep` are seams.

        Raises:
            ValueError: `rps` is not above 0.
        """
        if not rps > 0:
            raise ValueError("rps must be above 0")
        self._clock = clock
        self._sleep = sleep
        self._full = rps
        self._rate = rps
        self._burst = max(1.0, 2 * rps)
        self._tokens = self._burst
        self._refilled_at = clock()
        self._held_until = self._refilled_at
        self._slowed_at: float | None = None
        self._people: list[object] = []
        self._background: list[object] = []

    @property
    def rate(self) -> float:
        """Requests a second at the moment."""
        return self._rate

    @property
    def held(self) -> float:
        """Seconds for which AntCRM still asked to be left alone."""
        return max(0.0, self._held_until - self._clock())

    async def turn(self, background: bool) -> None:
        """Wait until a request may be sent. A background request also waits while a person waits.

        Whoever is cancelled leaves the line. Nobody is woken by another: each looks again after the time of one
        request at the latest, so a sleeper that is gone holds nobody up.
        """
        line = self._background if background else self._people
        place = object()
        line.append(place)
        try:
            while (wait := self._wait(place, background)) > 0:
                await self._sleep(wait)
            self._tokens -= 1
        finally:
            line.remove(place)

    def trouble(self, retry_after: float | None) -> None:
        """AntCRM answered 429 or 503: halve the rate, forget the burst, and hold for `retry_after` seconds."""
        self._refill()
        now = self._refilled_at
        self._tokens = min(self._tokens, 0.0)
        if self._slowed_at is None or now - self._slowed_at >= _SAME_TROUBLE:
            self._rate = max(min(SLOWEST, self._full), self._rate / 2)
            self._slowed_at = now
        if retry_after is not None:
            self._held_until = max(self._held_until, now + min(retry_after, LONGEST_HOLD))

    def fine(self) -> None:
        """AntCRM did its work: go a little faster again."""
        self._refill()
        self._rate = min(self._full, self._rate + _RECOVERY * self._full)

    def _wait(self, place: object, background: bool) -> float:
        self._refill()
        if (held := self._held_until - self._refilled_at) > 0:
            return max(_TICK, held)
        yields = background and bool(self._people)
        ahead = (self._background if background else self._people).index(place)
        missing = ahead + 1 - self._tokens
        if missing <= _ENOUGH and not yields:
            return 0
        return max(_TICK, min(missing, 1.0) / self._rate)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._refilled_at) * self._rate)
        self._refilled_at = now


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Retry:
    """How a read is tried again. Writes never are.

    `attempts` counts the first one. Waits are in seconds and between 0 and an exponentially growing limit ("full
    jitter", so that many callers do not come back together). `budget` bounds the whole of it: no attempt starts later
    than that many seconds after the first.
    """

    attempts: int = 3
    base: float = 0.3
    cap: float = 5.0
    budget: float = 20.0
    random: Callable[[], float] = SystemRandom().random
    sleep: Sleep = anyio.sleep
    clock: Clock = time.monotonic
    wall: Callable[[], datetime] = _utc_now

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures; never less than AntCRM asked for."""
        return max(retry_after or 0.0, self.random() * min(self.cap, self.base * 2.0 ** (failures - 1)))


def read_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds asked for by a `Retry-After`, given as seconds or as an HTTP date; None for none and for nonsense."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date in "-0000" is read without a zone, and means UTC.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
