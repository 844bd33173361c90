"""Lines from standard input without stopping the event loop: a terminal, a pipe or a file, on any system."""

from __future__ import annotations

import asyncio
import codecs
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

_CHUNK = 65_536
_LONGEST = 100_000
"""Characters of one line. What has no line break by then is cut, so that no input can fill the memory."""


class Raw(Protocol):
    """Something to read bytes from; an empty answer is its end."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes, as soon as there are any."""
        ...


class Lines:
    """Lines one after the other; None at the end."""

    def __init__(self, queue: asyncio.Queue[str | None]) -> None:
        """`queue` is filled by the thread that reads."""
        self._queue = queue
        self._ended = False

    async def next(self) -> str | None:
        """The next line without its break, or None when there is none."""
        if self._ended:
            return None
        line = await self._queue.get()
        self._ended = line is None
        return line


@asynccontextmanager
async def reading(raw: Raw) -> AsyncGenerator[Lines]:
    """Read `raw` in a thread of its own.

    The thread is a daemon, because nothing can end a read of a terminal: the program must be able to leave while it
    waits. It reads below Python's buffers, whose locks a daemon thread would hold while the interpreter goes down.
    """
    queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=64)
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

    def read() -> None:
        try:
            for line in _split(raw):
                put(line)
            put(None)
        except (RuntimeError, asyncio.CancelledError):
            return  # the loop has ended, and nobody listens any more

    threading.Thread(target=read, name="stdin", daemon=True).start()
    yield Lines(queue)


def _split(raw: Raw) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    while True:
        try:
            chunk = raw.read(_CHUNK)
        except OSError:  # the terminal is gone
            chunk = b""
        rest += decoder.decode(chunk or b"", final=not chunk)
        *whole, rest = rest.split("\n")
        if len(rest) > _LONGEST:
            whole, rest = [*whole, rest], ""
        yield from (line.removesuffix("\r") for line in whole)
        if not chunk:
            if rest:
                yield rest
            return
