"""Web servers on this machine: a socket to listen on, and a server that is a guest in a program with other work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

_START_SECONDS = 10.0


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A bound socket and its base URL.

    Raises:
        OSError: the port is taken or not allowed. It is bound here, because uvicorn would leave the program for it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    # What is accepted inherits it; asyncio would set it, but not on a socket made like this. An answer's head and body
    # are two writes, and the second would wait 40 ms for the first to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening, f"http://{in_url(host)}:{listening.getsockname()[1]}"


def in_url(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


class GuestServer(uvicorn.Server):
    """A server that leaves the signals to the program it runs in, and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        """`ready` is set once it answers."""
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.ready.set()

    @asynccontextmanager
    async def beside(self, listening: socket.socket) -> AsyncGenerator[None]:
        """Serve beside the caller, in the same event loop, until the block ends.

        Raises:
            TimeoutError: it was not ready within 10 seconds.
        """
        with listening:
            serving = asyncio.create_task(self.serve(sockets=[listening]))
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await self.ready.wait()
                yield
            finally:
                self.should_exit = True
                await serving

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them alone."""
        yield
