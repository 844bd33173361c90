"""Answers that a person types at a real terminal, after they were asked: a pipe and what was typed ahead are none."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress

if sys.platform == "win32":
    import msvcrt
else:
    import termios

_LONGEST = 1000
"""Bytes of an answer. What goes on for longer was not typed by anybody."""


class NoTerminalError(Exception):
    """Nobody sits at a terminal that shows what is written and takes what is typed."""


class Keyboard:
    """One terminal's. Nothing is read of it but between a question and its answer."""

    def __init__(self) -> None:
        """Of this program's terminal.

        Raises:
            NoTerminalError: standard input or standard output is none.
        """
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise NoTerminalError
        # Below Python's buffer, in which something could wait that no terminal knows of any more.
        self._descriptor = sys.stdin.fileno()

    def forget(self) -> None:
        """Throw away what was typed until now, for it answers something else.

        Raises:
            NoTerminalError: the terminal is gone.
        """
        if sys.platform == "win32":
            while msvcrt.kbhit():
                msvcrt.getwch()
            return
        try:
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
        except termios.error:
            raise NoTerminalError from None

    async def line(self) -> str | None:
        """What is typed until Enter; None where the input ends before it."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[str | None] = loop.create_future()

        def tell(line: str | None) -> None:
            if not typed.done():
                typed.set_result(line)

        def read() -> None:
            line = self._read()
            with suppress(RuntimeError):  # the loop was closed between the two
                loop.call_soon_threadsafe(tell, line)

        # A daemon, because nothing can end a read of a terminal; and one for each line, because a thread that goes on
        # reading would take what is typed ahead to where it cannot be thrown away.
        threading.Thread(target=read, name="keyboard", daemon=True).start()
        return await typed

    def _read(self) -> str | None:
        got = b""
        while b"\n" not in got and len(got) < _LONGEST:
            try:
                some = os.read(self._descriptor, _LONGEST)
            except OSError:  # the terminal is gone
                some = b""
            if not some:
                return None
            got += some
        return got.partition(b"\n")[0].decode("utf-8", "replace").strip()
