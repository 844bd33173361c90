"""The database under the ledger: transactions in threads of their own, and what can be wrong with it in words."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.engines import CONNECTIONS, WRITE, file_engine, memory_engine, postgres_engine
from antcrm_tools.ledger.schema import VERSION, NewerLedgerError, found_version, migrate, version
from antcrm_tools.logs import whereabouts
from antcrm_tools.text import Text, msg

T = TypeVar("T")

IN_MEMORY = "sqlite://"

BUSY_SECONDS = 20.0
"""How long one process waits for another's transaction."""

_TRIES = 3
_ROLLED_BACK = frozenset({"40001", "40P01"})
"""Postgres gave this transaction up for another one: nothing of it was done, so it may be tried again."""

_FULL = frozenset({"SQLITE_FULL", "53100", "ENOSPC", "EDQUOT"})
_NOT_WRITABLE = frozenset({"SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "25006", "42501"})
_DAMAGED = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"})
_IN_USE = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "57014"})
_NOT_OURS = frozenset({"42P07"})
_NO_SERVER = ("08", "28", "3D", "53", "57")
"""Classes of what a Postgres says that does not work, or does not let us in."""

_log = logging.getLogger(__name__)

ANSWERS = 60.0
"""Seconds for one transaction on a Postgres, waiting for its turn included."""


class Store:
    """One database, opened at the first transaction. What was wrong with it may be put right while this lives."""

    def __init__(self, url: str | Path, *, busy: float = BUSY_SECONDS, keeps_time: bool = False) -> None:
        """A file (SQLite), `sqlite://` (in memory), or the URL of a Postgres; `busy`: seconds to wait for others.

        `keeps_time`: where machines share it, what they must agree on goes by its clock, and not by each one's own.
        """
        self._url = url
        self._busy = busy
        self._keeps_time = keeps_time
        self._engine: Engine | None = None
        self._ready = False
        self._opened_file: tuple[int, int] | None = None
        self._opening = threading.Lock()
        self._running = 0
        self._resting = threading.Condition()
        """Notified when a transaction has ended. Who holds it lets none begin."""
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Connection], T], *, write: bool = True) -> T:
        """Run `work` in one transaction, which is on the disk when this returns; an error in it undoes all of it.

        One that writes is alone: nobody else writes between what it reads and what it writes. It runs to its end even
        if the caller is cancelled. On a Postgres it may be run again, so it does nothing but what is in the ledger.

        Raises:
            LedgerBroken: nothing of it was done; but if the line to a Postgres broke in the very moment in which it was
                put on the disk, that is not known, and all of it may be there.
        """
        if self._threads is None:
            # One thread writes a file; a Postgres serves several.
            many = CONNECTIONS if self._is_postgres else 1
            self._threads = ThreadPoolExecutor(many, thread_name_prefix="ledger")
        running = asyncio.get_running_loop().run_in_executor(self._threads, self.run_now, work, write)
        running.add_done_callback(_seen)
        try:
            # A server that holds the line and says nothing is waited for no longer than its own statements last.
            async with asyncio.timeout(ANSWERS if self._is_postgres else None):
                return await asyncio.shield(running)
        except TimeoutError:
            broken = self._broken(TimeoutError())
        raise broken

    def run_now(self, work: Callable[[Connection], T], write: bool = True) -> T:
        """The same without an event loop, for a command that does nothing else."""
        try:
            return self._tried(work, write)
        except NewerLedgerError:
            what = msg("{ledger} was made by a newer version of this program.", ledger=self._name())
            broken = LedgerBroken(what, then=msg("Update this program and start it again."))
        except (SQLAlchemyError, OSError) as error:
            broken = self._broken(error)
            self._look_again()
        # Raised out here, so that the driver's error, which quotes values and addresses, does not travel along.
        raise broken

    async def ahead(self, clock: Callable[[], datetime]) -> timedelta:
        """How far the database's clock is ahead of this machine's; nothing where it is the same one, or does not count.

        Raises:
            LedgerBroken: it cannot be known.
        """
        if not (self._keeps_time and self.is_shared_by_machines):
            return timedelta()

        def look(connection: Connection) -> timedelta:
            before = clock()
            theirs: datetime = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
            return theirs - (before + (clock() - before) / 2)

        return await self.run(look, write=False)

    def own_connection(self) -> Any:
        """A connection of the driver's that is nobody else's; whoever takes it closes it. To be called in a thread.

        Raises:
            LedgerBroken: there is none to be had.
        """
        try:
            lent = self._opened().raw_connection()
        except (SQLAlchemyError, OSError) as error:
            broken = self._broken(error)
        else:
            own = lent.driver_connection
            lent.detach()
            return own
        raise broken

    async def aclose(self) -> None:
        """Close connections; what is under way ends first."""
        threads, self._threads = self._threads, None
        await asyncio.to_thread(self._close, threads)

    def close_now(self) -> None:
        """The same without an event loop."""
        threads, self._threads = self._threads, None
        self._close(threads)

    def _close(self, threads: ThreadPoolExecutor | None) -> None:
        if threads is not None:
            threads.shutdown(wait=True)
        # Somebody may have begun another one meanwhile, and SQLite crashes if a connection is closed that is in use.
        with self._resting:
            self._resting.wait_for(lambda: not self._running, timeout=ANSWERS)
            with self._opening:
                self._forget()

    def _tried(self, work: Callable[[Connection], T], write: bool) -> T:
        with self._resting:
            self._running += 1
        try:
            return self._tried_again(work, write)
        finally:
            with self._resting:
                self._running -= 1
                self._resting.notify_all()

    def _tried_again(self, work: Callable[[Connection], T], write: bool) -> T:
        for _ in range(_TRIES - 1):
            try:
                return self._once(work, write)
            except _OutdatedError:
                self._ready = False
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _ROLLED_BACK:
                    raise
        return self._once(work, write)

    def _once(self, work: Callable[[Connection], T], write: bool) -> T:
        with self._opened().connect().execution_options(**{WRITE: write}) as connection, connection.begin():
            # Another process may have been updated and have brought the ledger along, or an old copy was put back.
            if write and connection.scalar(select(version.c.version)) != VERSION:
                raise _OutdatedError
            return work(connection)

    def _opened(self) -> Engine:
        with self._opening:
            if isinstance(self._url, Path) and _identity(self._url) != self._opened_file:
                self._forget()  # moved away, or another one put in its place: what is written there would be lost
            if self._engine is None:
                self._engine = self._make()
                self._opened_file = _identity(self._url) if isinstance(self._url, Path) else None
            if not self._ready:
                self._prepare(self._engine)
                self._ready = True
            return self._engine

    def _make(self) -> Engine:
        if isinstance(self._url, Path):
            return file_engine(self._url, self._busy)
        return memory_engine() if self._url == IN_MEMORY else postgres_engine(self._url, self._busy)

    def _prepare(self, engine: Engine) -> None:
        # Reading first: a ledger that is as it should be needs no turn at writing, nor the right to write.
        with engine.connect().execution_options(**{WRITE: False}) as connection, connection.begin():
            if found_version(connection) == VERSION:
                return
        with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
            migrate(connection)

    def _look_again(self) -> None:
        """Take nothing for granted the next time: somebody may have put right what was wrong."""
        self._ready = False
        if isinstance(self._url, Path):
            with self._opening:
                self._forget()

    def _forget(self) -> None:
        engine, self._engine, self._ready, self._opened_file = self._engine, None, False, None
        if engine is not None:
            engine.dispose()

    @property
    def is_shared_by_machines(self) -> bool:
        """Whether it is a Postgres, which several machines reach."""
        return self._is_postgres

    @property
    def is_shared(self) -> bool:
        """Whether another program can open it as well."""
        return self._url != IN_MEMORY

    @property
    def _is_postgres(self) -> bool:
        return isinstance(self._url, str) and self._url != IN_MEMORY

    def _name(self) -> Text | str:
        return str(self._url) if isinstance(self._url, Path) else msg("The ledger")

    def _broken(self, error: SQLAlchemyError | OSError) -> LedgerBroken:
        """What is wrong, without the statement and its values, which are customers'."""
        cause = (error.orig if isinstance(error, DBAPIError) else None) or error
        code = _code(cause)
        _log.warning("ledger: %s %s at %s", type(cause).__name__, code, whereabouts(error))
        name = self._name()
        then = msg("Tell the admin. Nothing can be changed in AntCRM until it is put right; looking up still works.")
        if code in _FULL:
            return LedgerBroken(msg("{ledger} has no room left on its disk.", ledger=name), then=then)
        if code in _NOT_WRITABLE or (isinstance(cause, OSError) and not self._is_postgres):
            return LedgerBroken(msg("{ledger} cannot be written.", ledger=name), then=then)
        if code in _DAMAGED:
            mend = msg("Put a copy of it back, or move it away and start again; a new one knows nothing of the old.")
            return LedgerBroken(msg("{ledger} is damaged.", ledger=name), then=mend)
        if code in _IN_USE:
            return LedgerBroken(msg("{ledger} was in use by another program for too long.", ledger=name), then=then)
        if code in _NOT_OURS:
            what = msg("The database for the ledger already holds other tables of the same names.")
            return LedgerBroken(what, then=msg("Give the ledger a database of its own."))
        if self._is_postgres and (not code or isinstance(cause, OSError) or code.startswith(_NO_SERVER)):
            what = msg("The ledger's Postgres cannot be reached, does not answer or does not let this program in.")
            return LedgerBroken(what, then=then)
        return LedgerBroken(msg("{ledger} cannot be used.", ledger=name), then=then)


def _seen(ended: asyncio.Future[T]) -> None:
    """Who was cancelled does not hear of an error, and asyncio would complain that nobody did."""
    if not ended.cancelled():
        ended.exception()


class _OutdatedError(Exception):
    """The ledger is not of the version it was."""


def _code(cause: BaseException) -> str:
    """SQLite's name for what happened, Postgres's five characters, or the system's name."""
    if isinstance(cause, sqlite3.Error):
        if str(cause).startswith("Could not decode"):
            return "SQLITE_CORRUPT"  # found by Python, which gives it no name: we write nothing but UTF-8
        # `SQLITE_IOERR_WRITE` is one of several `SQLITE_IOERR`.
        return "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
    if isinstance(cause, OSError):
        return errno.errorcode.get(cause.errno or 0, "")
    return getattr(cause, "sqlstate", None) or ""


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
