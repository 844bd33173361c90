"""The database under the ledger: transactions in threads of their own, and what can be wrong with it in words."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.schema import NewerLedgerError, migrate
from antcrm_tools.text import Text, msg

T = TypeVar("T")

IN_MEMORY = "sqlite://"

_BUSY_SECONDS = 20
"""How long one process waits for another's transaction."""

_CONNECT_SECONDS = 10
_STATEMENT_MS = 30_000
_CONNECTIONS = 4

_TRIES = 3
_ROLLED_BACK = frozenset({"40001", "40P01"})
"""Postgres gave this transaction up for another one: nothing of it was done, so it may be tried again."""

_DISK_FULL = frozenset({"53100"})


class Store:
    """One database, opened at the first transaction."""

    def __init__(self, url: str | Path) -> None:
        """A file (SQLite), `sqlite://` (in memory), or the URL of a Postgres."""
        self._url = url
        self._engine: Engine | None = None
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Connection], T], *, write: bool = True) -> T:
        """Run `work` in one transaction, which is on the disk when this returns; an error in it undoes all of it.

        It runs to its end even if the caller is cancelled.

        Raises:
            LedgerBroken: nothing of it was done, as far as can be known.
        """
        if self._threads is None:
            # One thread writes a file; a Postgres serves several.
            many = _CONNECTIONS if _is_postgres(self._url) else 1
            self._threads = ThreadPoolExecutor(many, thread_name_prefix="ledger")
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._threads, self.run_now, work, write))

    def run_now(self, work: Callable[[Connection], T], write: bool = True) -> T:
        """The same without an event loop, for a command that does nothing else."""
        try:
            for tried in range(1, _TRIES + 1):
                try:
                    return self._once(work, write)
                except DBAPIError as error:
                    if tried == _TRIES or getattr(error.orig, "sqlstate", None) not in _ROLLED_BACK:
                        raise
        except NewerLedgerError:
            what = msg("{ledger} was made by a newer version of this program.", ledger=self._name())
            raise LedgerBroken(what, then=msg("Update this program and start it again.")) from None
        except ArgumentError:
            # Its text would repeat the address, and with it a password.
            raise LedgerBroken(msg("ANTCRM_LEDGER_URL is not the address of a database.")) from None
        except ModuleNotFoundError:
            what = msg("The driver for Postgres is not installed.")
            raise LedgerBroken(what, then=msg("Install it: pip install 'antcrm-tools[postgres]'.")) from None
        except (SQLAlchemyError, OSError) as error:
            raise self._broken(error) from None
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        """Close connections; what is under way ends first."""
        engine, self._engine = self._engine, None
        threads, self._threads = self._threads, None
        if threads is not None:
            if engine is not None:
                await asyncio.get_running_loop().run_in_executor(threads, engine.dispose)
            threads.shutdown(wait=True)
        elif engine is not None:
            engine.dispose()

    def _once(self, work: Callable[[Connection], T], write: bool) -> T:
        with self._opened().connect().execution_options(ledger_write=write) as connection, connection.begin():
            return work(connection)

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = self._make()
            try:
                with engine.connect().execution_options(ledger_write=True) as connection, connection.begin():
                    migrate(connection)
            except BaseException:
                engine.dispose()
                raise
            self._engine = engine
        return self._engine

    def _make(self) -> Engine:
        if isinstance(self._url, Path):
            _only_for_the_owner(self._url)
            return _sqlite(create_engine(URL.create("sqlite", database=str(self._url))))
        if self._url == IN_MEMORY:
            return _sqlite(
                create_engine(self._url, poolclass=StaticPool, connect_args={"check_same_thread": False})
            )
        url = make_url(self._url)
        if url.get_backend_name() != "postgresql":
            raise LedgerBroken(msg("ANTCRM_LEDGER_URL must begin with postgresql://."))
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "options": f"-c statement_timeout={_STATEMENT_MS} -c synchronous_commit=on",
            },
        )

    def _name(self) -> Text | str:
        return str(self._url) if isinstance(self._url, Path) else msg("The ledger")

    def _broken(self, error: Exception) -> LedgerBroken:
        """What is wrong, without the statement and its values, which are customers'."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = self._name()
        said = str(cause).casefold()
        then = msg("Tell the admin. Nothing can be changed in AntCRM until it is put right; looking up still works.")
        if "full" in said or getattr(cause, "sqlstate", None) in _DISK_FULL or getattr(cause, "errno", None) == 28:
            return LedgerBroken(msg("There is no room left on the disk for {ledger}.", ledger=name), then=then)
        if isinstance(cause, PermissionError) or "readonly" in said or "read-only" in said or "unable to open" in said:
            return LedgerBroken(msg("{ledger} cannot be written.", ledger=name), then=then)
        if "malformed" in said or "not a database" in said or "corrupt" in said:
            mend = msg("Put a copy of it back, or move it away and start again; a new one knows nothing of the old.")
            return LedgerBroken(msg("{ledger} is damaged.", ledger=name), then=mend)
        if "locked" in said:
            return LedgerBroken(msg("{ledger} was in use by another program for too long.", ledger=name), then=then)
        if _is_postgres(self._url):
            return LedgerBroken(msg("The ledger's Postgres cannot be reached or does not answer."), then=then)
        return LedgerBroken(msg("{ledger} cannot be used.", ledger=name), then=then)


def _is_postgres(url: str | Path) -> bool:
    return isinstance(url, str) and url != IN_MEMORY


def _only_for_the_owner(file: Path) -> None:
    """Make folder and file so that nobody else can read them; what SQLite puts beside the file gets its rights."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except PermissionError:
        if not file.exists():
            raise
        return  # the first write says what is wrong, and reading still works
    if os.name == "posix":
        for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            if each.exists() and stat.S_IMODE(each.stat().st_mode) & 0o077:
                each.chmod(0o600)


def _sqlite(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin as said below, not when the driver thinks so
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",  # what is erased is not to be found in the file
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes then would fail where another one wrote between.
        write = connection.get_execution_options().get("ledger_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
