"""Lines from standard input without stopping the event loop: a terminal, a pipe or a file, on any system."""

from __future__ import annotations

import asyncio
import codecs
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from typing import Protocol

_CHUNK = 65_536
_LONGEST = 100_000
"""Characters of one line. What has no line break by then is cut, so that no input can fill the memory."""

_AHEAD = 64
"""Lines that may wait to be asked for."""


class Raw(Protocol):
    """Something to read bytes from; an empty answer is its end."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes, as soon as there are any."""
        ...


class Lines:
    """Lines one after the other; None at the end."""

    def __init__(self) -> None:
        """Filled by a thread, and read in the event loop it is made in."""
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._left = False
        self._ended = False

    async def next(self) -> str | None:
        """The next line without its break, or None when there is none."""
        if self._ended:
            return None
        line = await self._queue.get()
        self._room.release()
        self._ended = line is None
        return line

    def fill(self, raw: Raw) -> None:
        """Read until the end, never far ahead of `next`; to be called in a thread."""
        for line in chain(_split(raw), (None,)):
            self._room.acquire()
            if self._left:
                return
            try:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, line)
            except RuntimeError:  # the loop was closed between the two
                return

    def leave(self) -> None:
        """Nobody listens any more: the thread ends with the line it is reading."""
        self._left = True
        self._room.release()


@asynccontextmanager
async def reading(raw: Raw) -> AsyncGenerator[Lines]:
    """Read `raw` in a thread of its own.

    The thread is a daemon, because nothing can end a read of a terminal: the program must be able to leave while it
    waits. It reads below Python's buffers, whose locks a daemon thread would hold while the interpreter goes down.
    """
    lines = Lines()
    threading.Thread(target=lines.fill, args=(raw,), name="stdin", daemon=True).start()
    try:
        yield lines
    finally:
        lines.leave()


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
