"""The ledgers of the fault run: where they lie, and what is in one in the end."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import func, select

from antcrm_tools.changes import OPEN
from antcrm_tools.ledger.schema import changes
from antcrm_tools.ledger.store import Store


@dataclass(frozen=True, slots=True)
class End:
    """What is open still, a line for each, and the names in conflict."""

    open: list[str]
    conflicts: list[str]


@contextmanager
def ledgers(kind: str, folder: Path) -> Generator[str]:
    """Where ledgers can be made."""
    if kind == "sqlite":
        yield str(folder)
        return
    # It locks a file there once more at the very end.
    os.environ["XDG_RUNTIME_DIR"] = locks = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, locks, ignore_errors=True)
    server = importlib.import_module("pgserver").get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def new_ledger(where: str, name: str) -> str:
    """A file, or an empty database."""
    if not where.startswith("postgres"):
        return str(Path(where) / f"{name}.sqlite3")
    with importlib.import_module("psycopg").connect(where, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return urlunsplit(urlsplit(where)._replace(path=f"/{name}"))


def opened(ledger: str) -> Store:
    """Its database."""
    return Store(ledger if ledger.startswith("postgres") else Path(ledger))


def count_open(connection: Any) -> int:
    """How many changes have to be looked after."""
    is_open = changes.c.status.in_(OPEN) | changes.c.next_at.is_not(None)
    return connection.scalar(select(func.count()).select_from(changes).where(is_open))


def in_the_end(ledger: str) -> End:
    """How a ledger was left."""
    store = opened(ledger)
    try:
        return store.run_now(_end, write=False)
    finally:
        store.close_now()


def _end(connection: Any) -> End:
    columns = ("id", "action", "status", "sends", "probes", "next_at", "until", "holder", "reason")
    left = select(*(changes.c[name] for name in columns)).where(changes.c.status.in_(OPEN))
    lines = [", ".join(f"{name} {value}" for name, value in row.items()) for row in connection.execute(left).mappings()]
    return End(lines, list(connection.execute(select(changes.c.name).where(changes.c.status == "conflict")).scalars()))
