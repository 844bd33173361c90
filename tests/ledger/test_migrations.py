"""A ledger is made once and brought up step by step, whoever else starts at the same moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, select

from antcrm_tools.ledger.schema import STEPS, VERSION, NewerLedgerError, found_version, metadata, migrate, version
from antcrm_tools.ledger.store import Store
from tests.fakes.ledgers import BOUND, engine_of, in_processes, put, there

Step = Callable[[Connection], None]


def statement(text: str) -> Step:
    return lambda connection: connection.exec_driver_sql(text) and None


MADE_UP: dict[int, Step] = {
    VERSION + 1: statement("alter table keys add column note varchar(10) default 'new'"),
    VERSION + 2: statement("update keys set note = note || '!'"),
}
LAST = VERSION + 2


def names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def on(url: str | Path, work: Callable[[Connection], object]) -> None:
    """One transaction, without a Store."""
    engine = engine_of(url)
    try:
        with engine.begin() as connection:
            work(connection)
    finally:
        engine.dispose()


def up(connection: Connection) -> None:
    migrate(connection, MADE_UP, LAST)


def notes(connection: Connection) -> list[str]:
    return list(connection.exec_driver_sql("select note from keys order by name").scalars())


def test_every_version_can_be_reached_from_the_first() -> None:
    assert set(STEPS) == set(range(2, VERSION + 1))


async def test_a_new_ledger_is_as_the_tables_say(store: Store) -> None:
    assert await store.run(names) == set(metadata.tables)
    assert await store.run(lambda connection: list(connection.scalars(select(version.c.version)))) == [VERSION]


async def test_an_old_ledger_is_brought_up_step_by_step(store: Store, ledger_url: str | Path) -> None:
    await store.run(put("a", "b"))
    await store.aclose()
    on(ledger_url, lambda connection: migrate(connection, MADE_UP, VERSION + 1))
    on(ledger_url, lambda connection: _is(notes(connection), ["new", "new"]))
    on(ledger_url, up)
    on(ledger_url, up)
    on(ledger_url, lambda connection: _is(notes(connection), ["new!", "new!"]))
    on(ledger_url, lambda connection: _is(there(connection), ["a", "b"]))
    on(ledger_url, lambda connection: _is(found_version(connection), LAST))


def _is(found: object, expected: object) -> None:
    assert found == expected


@pytest.mark.parametrize("how", ["by the database", "by itself"])
async def test_a_step_that_fails_leaves_the_old_one_whole(store: Store, ledger_url: str | Path, how: str) -> None:
    await store.run(put("a"))

    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("create table half (id integer)")
        connection.exec_driver_sql("drop table claims")
        connection.exec_driver_sql("delete from keys")
        if how == "by the database":
            connection.exec_driver_sql("update nothing set of = 'the kind'")
        raise LookupError("mine")

    with pytest.raises(Exception, match=r"nothing|mine"):
        on(ledger_url, lambda connection: migrate(connection, MADE_UP | {LAST: fail}, LAST))
    assert await store.run(there) == ["a"]
    assert await store.run(names) == set(metadata.tables)
    on(ledger_url, up)
    on(ledger_url, lambda connection: _is(notes(connection), ["new!"]))


async def test_a_newer_ledger_is_not_touched(store: Store, ledger_url: str | Path) -> None:
    await store.run(put("a"))
    with pytest.raises(NewerLedgerError):
        on(ledger_url, lambda connection: migrate(connection, {}, VERSION - 1))
    assert await store.run(there) == ["a"]


NEW = """
import sys
from pathlib import Path
from sqlalchemy import insert, select
from antcrm_tools.ledger.schema import keys, version
from antcrm_tools.ledger.store import Store
url = sys.argv[1]
store = Store(url if "://" in url else Path(url))
print("ready", flush=True)
name = input()
store.run_now(lambda connection: connection.execute(select(keys)).all())
print(store.run_now(lambda connection: list(connection.scalars(select(version.c.version)))))
store.close_now()
"""

UPGRADE = """
import sys
from pathlib import Path
from antcrm_tools.ledger.schema import VERSION, migrate
from antcrm_tools.ledger.engines import file_engine, postgres_engine
url = sys.argv[1]
engine = postgres_engine(url, 30) if "://" in url else file_engine(Path(url), 30)
steps = {VERSION + 1: lambda c: c.exec_driver_sql("update keys set made_at = made_at + 1")}
print("ready", flush=True)
input()
with engine.begin() as connection:
    migrate(connection, steps, VERSION + 1)
    print(connection.exec_driver_sql("select made_at from keys").scalar())
engine.dispose()
"""


async def test_processes_that_open_a_new_ledger_at_once(ledger_url: str | Path) -> None:
    said = await asyncio.to_thread(in_processes, NEW, str(ledger_url))
    assert said == [f"[{VERSION}]"] * len(said)


async def test_processes_that_bring_up_an_old_ledger_at_once(store: Store, ledger_url: str | Path) -> None:
    await store.run(put("a"))
    said = await asyncio.to_thread(in_processes, UPGRADE, str(ledger_url))
    assert said == ["2"] * len(said)


async def test_who_comes_while_it_is_brought_up_waits(store: Store, ledger_url: str | Path) -> None:
    await store.run(put("a"))
    inside, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    def slowly(connection: Connection) -> None:
        ran.append("first")
        inside.set()
        assert go_on.wait(BOUND)
        MADE_UP[VERSION + 1](connection)

    def quickly(_connection: Connection) -> None:
        ran.append("second")

    def first(connection: Connection) -> None:
        migrate(connection, {VERSION + 1: slowly}, VERSION + 1)

    def second(connection: Connection) -> None:
        migrate(connection, {VERSION + 1: quickly}, VERSION + 1)

    async with asyncio.timeout(BOUND):
        one = asyncio.create_task(asyncio.to_thread(on, ledger_url, first))
        await asyncio.to_thread(inside.wait, BOUND)
        other = asyncio.create_task(asyncio.to_thread(on, ledger_url, second))
        assert await store.run(there, write=False) == ["a"]
        go_on.set()
        await asyncio.gather(one, other)
    assert ran == ["first"]
    on(ledger_url, lambda connection: _is(notes(connection), ["new"]))
