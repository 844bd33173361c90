"""Waiting for something to happen, without looking every so often."""

import asyncio
from collections.abc import Callable


class Bell:
    """Rung whenever anything changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        """Let everyone who waits look again."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def until(self, happened: Callable[[], bool], within: float) -> None:
        """Return once ``happened()``, looked at now and at every ring.

        Raises:
            TimeoutError: It did not, within so many seconds.
        """
        async with asyncio.timeout(within):
            while not happened():
                rung: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(rung)
                await rung
