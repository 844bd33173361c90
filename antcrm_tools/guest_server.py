"""A web server that is a guest in a program that does other things as well."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn


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

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them alone."""
        yield
