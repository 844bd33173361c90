"""Writes that have begun: each goes on to its end, also when the one who waits for it goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from antcrm_tools.carrying import unfinished
from antcrm_tools.outcomes import Settled
from antcrm_tools.progress import Progress


class Running:
    """What is under way in one process."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._tasks: set[asyncio.Task[Settled]] = set()

    async def to_the_end(
        self, work: Callable[[Progress], Coroutine[object, object, Settled]], progress: Progress, within: float | None
    ) -> Settled:
        """Run a write so that it ends even if the one who waits for it goes away: half a write is nobody's wish.

        `within`: seconds after which it is waited for no longer.
        """
        so_far = (0, 0)

        async def watch(done: int, total: int) -> None:
            nonlocal so_far
            so_far = (done, total)
            await progress(done, total)

        task = asyncio.create_task(work(watch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait((task,), timeout=within)
        return task.result() if task.done() else unfinished(*so_far)

    async def end(self, patience: float) -> None:
        """Let what is under way finish, so that its fate is known; wait so many seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
