"""Several processes on one ledger and one AntCRM, and what can happen to one of them in the middle of a create."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.house import House
from antcrm_tools.ledger.store import Store
from antcrm_tools.pace import Pace
from tests.fakes.world import KEY, World, no_wait
from tests.interleavings.leads import changes

T = TypeVar("T")

SOON = 20.0
"""Seconds no wait in here comes near, unless something is broken."""


class Stopping(httpx.AsyncBaseTransport):
    """A line on which a process stands still for as long as one likes: killed, or asleep with its machine.

    It stops at the first request of `method` that comes after one of `following`, before AntCRM sees it or after.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, method: str, *, after: bool, following: str = "") -> None:
        self._inner = inner
        self._method = method
        self._after = after
        self._following = following
        self.reached = asyncio.Event()
        self.wake = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        here = request.method == self._method and not self._following
        if request.method == self._following:
            self._following = ""
        if here and not self._after:
            await self._stand_still()
        response = await self._inner.handle_async_request(request)
        if here and self._after:
            await self._stand_still()
        return response

    async def _stand_still(self) -> None:
        self.reached.set()
        await self.wake.wait()


POINTS: dict[str, tuple[str, bool, str, int]] = {
    "the intent is on the disk": ("POST", False, "", 0),
    "it reached AntCRM": ("POST", True, "", 1),
    "the answer came": ("GET", False, "POST", 1),
    "it was read back": ("GET", True, "POST", 1),
}
"""Where a process stands still, and how many creates had reached AntCRM by then."""

points = pytest.mark.parametrize("point", POINTS)


def stopping(w: World, point: str) -> Stopping:
    method, after, following, _ = POINTS[point]
    return Stopping(w.line, method, after=after, following=following)


class Sleepy(Pace):
    """A rate limit at which the machine falls asleep once, when an intent is on the disk and nothing was sent yet."""

    def __init__(self, w: World, sleep: Callable[[], Awaitable[None]]) -> None:
        super().__init__(10_000.0)
        self._world = w
        self._sleep: Callable[[], Awaitable[None]] | None = sleep

    async def turn(self, background: bool) -> None:
        await super().turn(background)
        if self._sleep is not None and await changes(self._world):
            sleep, self._sleep = self._sleep, None
            await sleep()


@asynccontextmanager
async def another(
    w: World, url: str | Path, *, line: httpx.AsyncBaseTransport | None = None, pace: Pace | None = None
) -> AsyncGenerator[House]:
    """One more process."""
    api = AntCrmApi(
        "http://antcrm.test",
        SecretStr(KEY),
        pace=pace or Pace(10_000.0),
        transport=line or w.line,
        timezone=w.house.settings.zone,
        retry=Retry(sleep=no_wait),
    )
    async with House(w.house.settings, api=api, clock=w.clock, store=Store(url), wait=no_wait) as house:
        yield house


@asynccontextmanager
async def stopped(
    w: World, url: str | Path, line: Stopping, work: Callable[[House], Awaitable[T]]
) -> AsyncGenerator[asyncio.Task[T]]:
    """A process that is at `work` and stands still where `line` says, until `line.wake`; or for ever."""
    async with another(w, url, line=line) as house:

        async def at_work() -> T:
            return await work(house)

        task = asyncio.create_task(at_work())
        try:
            async with asyncio.timeout(SOON):
                await line.reached.wait()
            yield task
        finally:
            task.cancel()
            await asyncio.wait((task,), timeout=SOON)
