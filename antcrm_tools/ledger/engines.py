"""How each kind of database is opened: whose a file is, when a transaction begins, how long anything waits."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.text import msg

WRITE = "ledger_write"
"""The execution option that says whether a transaction writes."""

CONNECTIONS = 4
"""To a Postgres, at most."""

_WRITER_LOCK = "select pg_advisory_xact_lock(4157243105)"
"""Held on a Postgres until the transaction ends."""

_CONNECT_SECONDS = 10
_STATEMENT_MS = 30_000
_POSTGRES = frozenset({"postgresql", "postgres"})
_OWNER = 0o600
_WAL_PAUSE = 0.01

# A machine or a line that is gone says nothing, and without these the system waits for hours.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def memory_engine() -> Engine:
    """A ledger that ends with its connection."""
    options = {"check_same_thread": False}
    made = create_engine("sqlite://", poolclass=StaticPool, connect_args=options, hide_parameters=True)
    return _sqlite(made, 0)


def file_engine(file: Path, busy: float) -> Engine:
    """A file nobody else can read."""
    _only_for_the_owner(file)
    return _sqlite(create_engine(URL.create("sqlite", database=str(file)), hide_parameters=True), busy)


def postgres_engine(address: str, busy: float) -> Engine:
    """A Postgres.

    Raises:
        LedgerBroken: that is not the address of one, or the driver is missing.
    """
    url = _parsed(address)
    if url is None:
        then = msg("Encode special characters of its password as in a web address.")
        raise LedgerBroken(msg("ANTCRM_LEDGER_URL is not the address of a database."), then=then)
    if url.drivername.partition("+")[0].casefold() not in _POSTGRES:
        raise LedgerBroken(msg("ANTCRM_LEDGER_URL must begin with postgresql://."))
    ours = (
        f"-c statement_timeout={_STATEMENT_MS} -c idle_in_transaction_session_timeout={_STATEMENT_MS}"
        f" -c lock_timeout={max(1, round(busy * 1000))} -c synchronous_commit=on"
    )
    theirs = url.query.get("options", "")
    defaults = {"connect_timeout": _CONNECT_SECONDS, **_KEEPALIVE}
    options: dict[str, Any] = {name: value for name, value in defaults.items() if name not in url.query}
    options["options"] = " ".join([*([theirs] if isinstance(theirs, str) else theirs), ours]).strip()
    try:
        made = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",  # what a transaction reads after it got its turn has to be what is there
            pool_size=CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,
            connect_args=options,
        )
    except ImportError:
        made = None
    if made is None:
        what = msg("The driver for Postgres is not installed.")
        raise LedgerBroken(what, then=msg("Install it: pip install 'antcrm-tools[postgres]'."))

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        # One writer at a time, as in a file: what was read to decide about a write still holds when it is made.
        if connection.get_execution_options().get(WRITE, True):
            connection.exec_driver_sql(_WRITER_LOCK)

    return made


def server_of(address: str) -> str:
    """Where a Postgres is, as `host:port/database`: without user, password and options. Empty if it cannot be told."""
    url = _parsed(address)
    if url is None:
        return ""
    place = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
    socket = url.query.get("host", "")  # a folder of this machine, where it has no name of a host
    shown = place.render_as_string(hide_password=True).removeprefix("postgresql://")
    return shown if url.host or not isinstance(socket, str) else f"{socket}{shown}"


def _parsed(address: str) -> URL | None:
    try:
        found = make_url(address)
    except (ArgumentError, ValueError):
        return None  # the errors repeat parts of the address, and a password may be among them
    # The rest of a password, which would be asked for by that name on the network.
    return None if "@" in (found.host or "") else found


def _only_for_the_owner(file: Path) -> None:
    """Make folder and file so that nobody else can read them; what SQLite puts beside the file gets its rights."""
    if not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _set_mode(file.parent, 0o700)
    try:
        # Never one that is there: closing it would drop all locks this process holds on it.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER))
    except FileExistsError:
        ours = os.access in os.supports_effective_ids
        if not os.access(file, os.R_OK | os.W_OK, effective_ids=ours):
            return  # the first write says what is wrong, and reading still works
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS) or not file.is_file():
            raise
        return
    for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        _set_mode(each, _OWNER)


def _set_mode(path: Path, mode: int) -> None:
    # Gone: another process has just closed the ledger. Not ours to change: whoever made it so for us meant it.
    with suppress(FileNotFoundError, PermissionError):
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


def _sqlite(engine: Engine, busy: float) -> Engine:
    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin as said below, not when the driver thinks so
        try:
            connection.execute(f"PRAGMA busy_timeout={round(busy * 1000)}").close()
            _to_wal(connection, busy)
            for pragma in (
                "synchronous=FULL",
                "secure_delete=ON",  # what is erased is not to be found in the file
                "trusted_schema=OFF",
            ):
                connection.execute(f"PRAGMA {pragma}").close()
        except BaseException:
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes then would fail where another one wrote between.
        write = connection.get_execution_options().get(WRITE, True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _to_wal(connection: sqlite3.Connection, busy: float) -> None:
    """Two that open a new file at once are in each other's way here, and SQLite does not wait for that by itself."""
    end = time.monotonic() + busy
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_WAL_PAUSE)
        else:
            return
