"""Databases for the ledger's tests: each test runs on both kinds, where a Postgres can be had."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Connection, Engine, insert, select

from antcrm_tools.ledger.engines import file_engine, postgres_engine
from antcrm_tools.ledger.schema import keys
from antcrm_tools.ledger.store import Store

KINDS = ("sqlite", "postgres")
PROCESSES = 6
BOUND = 60.0
"""Seconds no wait in here comes near, unless something is broken."""

_NUMBERS = itertools.count(1)
_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The URL of a server of this run's own; skips where there is none."""
    reason = "the group `postgres` is not installed: uv run --group postgres pytest"
    pgserver = pytest.importorskip("pgserver", reason=reason)
    pytest.importorskip("psycopg", reason=reason)
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=KINDS)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """An empty database of this test's own: a file, or the URL of a Postgres."""
    if request.param == "sqlite":
        return tmp_path / "data" / "ledger.sqlite3"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def store(ledger_url: str | Path) -> AsyncGenerator[Store]:
    """An open ledger's database."""
    made = Store(ledger_url)
    try:
        yield made
    finally:
        await made.aclose()


@pytest.fixture
async def elsewhere(ledger_url: str | Path) -> AsyncGenerator[Store]:
    """The same database, as another process opens it that does not wait for long."""
    made = Store(ledger_url, busy=0.05)
    try:
        yield made
    finally:
        await made.aclose()


def new_database(server: str) -> str:
    """Make an empty database and return its URL."""
    import psycopg

    name = f"ledger_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def engine_of(url: str | Path, busy: float = BOUND) -> Engine:
    """The database without a Store, which would look at its version."""
    return file_engine(url, busy) if isinstance(url, Path) else postgres_engine(url, busy)


def put(*names: str) -> Callable[[Connection], None]:
    """Write lines of these names."""

    def write(connection: Connection) -> None:
        for name in names:
            connection.execute(insert(keys).values(name=name, value=b"x" * 1000, made_at=1))

    return write


def there(connection: Connection) -> list[str]:
    """The names of the lines that are there, read whole."""
    return sorted(row.name for row in connection.execute(select(keys)))


def in_processes(script: str, *arguments: str, many: int = PROCESSES) -> list[str]:
    """Run a script in several processes, which all pass its `input()` at once; what each said after that."""
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", script, *arguments]
    started = [
        subprocess.Popen(  # noqa: S603  ourselves
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=_ROOT
        )
        for _ in range(many)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        return [each.communicate(timeout=BOUND)[0].strip() for each in started]
    finally:
        for each in started:
            each.kill()
            each.communicate()
