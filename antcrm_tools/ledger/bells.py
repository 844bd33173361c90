"""Hearing at once that something was written, where the database can say so; else looking often.

A bell only says that a look is worth it. Whoever waits looks again after a while in any case: a line may break, and
what pools connections in front of a Postgres may swallow its notifications.
"""

from __future__ import annotations

import asyncio
import logging
import selectors
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from antcrm_tools.errors import LedgerBroken

if TYPE_CHECKING:
    from antcrm_tools.ledger.store import Store

CHANNEL = "antcrm_tickets"
"""Nothing is said on it but that there is something: no number, no name."""

_LOOK_ANYWAY_SECONDS = 2.0
"""Where the database rings."""

_READS_SECONDS = 0.5
"""For what came from the database to be read: mostly it is a notification, and there."""

_ENDS_SECONDS = 1.0
"""How long the end of the thread that listens is waited for: it may be connecting."""

_log = logging.getLogger(__name__)

Pause = Callable[[float], Awaitable[object]]


class Bell:
    """Wakes whoever waits for something in the ledger."""

    def __init__(self, pause: Pause, every: float) -> None:
        """`every`: seconds after which a look is due in any case; `pause` lets seconds pass."""
        self._pause = pause
        self._every = every
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Something was written."""
        self._rung.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Until it rings, a look is due, or `seconds` are over."""
        most = self._every if seconds is None else max(0.0, min(self._every, seconds))
        pausing, ringing = asyncio.ensure_future(self._pause(most)), asyncio.create_task(self._rung.wait())
        try:
            await asyncio.wait((pausing, ringing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pausing, ringing):
                task.cancel()
            await asyncio.gather(pausing, ringing, return_exceptions=True)
        self._rung.clear()


def ring(connection: Connection) -> None:
    """Say to all that listen, once this transaction is on the disk, that there is something to look at."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"notify {CHANNEL}")


@asynccontextmanager
async def listening(store: Store, pause: Pause = asyncio.sleep, *, every: float) -> AsyncGenerator[Bell]:
    """A bell that rings at what others write while the block lasts. `every`: seconds between two looks at a file."""
    if not store.is_shared_by_machines:
        yield Bell(pause, every)
        return
    bell = Bell(pause, _LOOK_ANYWAY_SECONDS)
    ear = _Ear(store, asyncio.get_running_loop(), bell.ring)
    threading.Thread(target=ear.listen, name="ledger-ear", daemon=True).start()
    try:
        yield bell
    finally:
        ear.leave()
        await asyncio.to_thread(ear.ended.wait, _ENDS_SECONDS)


class _Ear:
    """A connection of its own that listens, in a thread of its own. Without it everything works, a little later."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop, heard: Callable[[], None]) -> None:
        self._store = store
        self._loop = loop
        self._heard = heard
        self._left = threading.Event()
        self._leaving, self._told_to_leave = socket.socketpair()
        self.ended = threading.Event()

    def listen(self) -> None:
        """Until it is told to leave; to be called in a thread. A line that breaks is made anew."""
        try:
            while not self._left.is_set():
                try:
                    self._listen()
                except LedgerBroken:
                    self._left.wait(_LOOK_ANYWAY_SECONDS)
                except Exception as error:  # noqa: BLE001  psycopg's, which is an extra: looking goes on without it
                    _log.warning("the ledger's notifications cannot be heard: %s", type(error).__name__)
                    self._left.wait(_LOOK_ANYWAY_SECONDS)
        finally:
            self._told_to_leave.close()
            self.ended.set()

    def leave(self) -> None:
        """Nobody waits any more."""
        self._left.set()
        self._leaving.close()

    def _listen(self) -> None:
        connection: Any = self._store.own_connection()
        try:
            connection.rollback()  # the pool has looked whether it lives
            connection.autocommit = True
            connection.execute(f"listen {CHANNEL}")
            self._tell()  # for what was written before it listened
            with selectors.DefaultSelector() as either:
                # Waited for here, because the driver cannot be told to stop, and an answer would wait for its end.
                for each in (connection, self._told_to_leave):
                    either.register(each, selectors.EVENT_READ)
                while not self._left.is_set():
                    either.select()
                    if self._left.is_set():
                        return
                    for _ in connection.notifies(timeout=_READS_SECONDS, stop_after=1):
                        self._tell()
        finally:
            with suppress(SQLAlchemyError, OSError):
                connection.close()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop was closed between the two
            self._loop.call_soon_threadsafe(self._heard)
