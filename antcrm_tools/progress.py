"""How far a long call is, for whoever watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Progress = Callable[[int, int], Awaitable[None]]
"""`(done, total)`, counted in rows."""


async def no_progress(done: int, total: int) -> None:
    """For callers who do not watch."""
