"""Databases for the ledger's tests: each test runs on both kinds, where a Postgres can be had."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from antcrm_tools.ledger.store import Store

KINDS = ("sqlite", "postgres")

_NUMBERS = itertools.count(1)


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


def new_database(server: str) -> str:
    """Make an empty database and return its URL."""
    import psycopg

    name = f"ledger_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    return server.replace("/postgres?", f"/{name}?", 1)
