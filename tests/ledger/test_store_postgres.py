"""The ledger on a Postgres that goes away: said in words, without its address, and right again when it is back."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.store import Store
from tests.fakes.ledgers import BOUND, new_database, put, there

GONE = "The ledger's Postgres cannot be reached, does not answer or does not let this program in."
NO_ADDRESS = (
    "ANTCRM_LEDGER_URL is not the address of a database. Nothing was sent to AntCRM."
    " Encode special characters of its password as in a web address."
)
NO_POSTGRES = "ANTCRM_LEDGER_URL must begin with postgresql://."
PASSWORD = "s3cr/et@p#%"

END_AT_COMMIT = """
create function end_here() returns trigger language plpgsql
    as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
create constraint trigger end_here after insert on keys deferrable initially deferred
    for each row when (new.name = 'last') execute function end_here()
"""


@pytest.fixture
def url(postgres_server: str) -> str:
    return new_database(postgres_server)


@pytest.fixture
async def opened(url: str) -> AsyncGenerator[Store]:
    made = Store(url)
    try:
        await made.run(put("a"))
        yield made
    finally:
        await made.aclose()


def sql(url: str, statement: str, *values: object) -> None:
    """Somebody else at the same server."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode(), values or None)


def end_backends(url: str) -> None:
    others = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database()"
    sql(url, f"{others} and pid <> pg_backend_pid()")


async def broken(store: Store, work: Any) -> str:
    with pytest.raises(LedgerBroken) as caught:
        await store.run(work)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value.render("en")


async def test_connections_that_ended_meanwhile_are_not_noticed(opened: Store, url: str) -> None:
    for name in ("b", "c"):
        await asyncio.to_thread(end_backends, url)
        await opened.run(put(name))
    assert await opened.run(there, write=False) == ["a", "b", "c"]


async def test_a_connection_that_ends_in_the_middle(opened: Store, url: str) -> None:
    def work(connection: Connection) -> None:
        put("b")(connection)
        end_backends(url)
        put("c")(connection)

    assert (await broken(opened, work)).startswith(f"{GONE} Nothing was sent to AntCRM. Tell the admin.")
    await opened.run(put("d"))
    assert await opened.run(there, write=False) == ["a", "d"]


async def test_a_connection_that_ends_at_the_commit(opened: Store, url: str) -> None:
    await asyncio.to_thread(sql, url, END_AT_COMMIT)
    assert (await broken(opened, put("b", "last"))).startswith(GONE)
    await opened.run(put("c"))
    assert await opened.run(there, write=False) == ["a", "c"]


def socket_file(server: str) -> Path:
    [folder] = parse_qs(urlsplit(server).query)["host"]
    [found] = [each for each in Path(folder).glob(".s.PGSQL.*") if each.suffix != ".lock"]
    return found


@asynccontextmanager
async def line_that_breaks(server: str) -> AsyncGenerator[str]:
    """An address from which the server is reached, until it has committed what was inserted."""
    socket = socket_file(server)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(socket)
        answers = asyncio.create_task(pass_on(there_reader, writer))
        inserted = last = False
        while not last and (sent := await reader.read(65536)):
            inserted = inserted or b"INSERT INTO keys" in sent
            last = inserted and b"COMMIT" in sent
            if last:
                answers.cancel()
                await asyncio.wait([answers])
            there_writer.write(sent)
        if last:
            await there_reader.read(65536)
        for each in (there_writer, writer):
            each.close()
            with suppress(OSError):
                await each.wait_closed()
        await asyncio.wait([answers])

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with proxy:
        yield f"postgresql://postgres@127.0.0.1:{port}{urlsplit(server).path}?sslmode=disable&gssencmode=disable"


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while came := await reader.read(65536):
        writer.write(came)


@pytest.mark.skipif(sys.platform == "win32", reason="the server of the tests listens on a socket file")
async def test_what_was_committed_is_there_even_if_the_answer_was_lost(opened: Store, url: str) -> None:
    async with asyncio.timeout(BOUND), line_that_breaks(url) as address:
        far = Store(address)
        assert await far.run(there) == ["a"]
        assert (await broken(far, put("b"))).startswith(GONE)
        assert await far.run(there) == ["a", "b"]
        await far.aclose()
    assert await opened.run(there, write=False) == ["a", "b"]


def own_server(folder: Path) -> Any:
    from pgserver import postgres_server

    return postgres_server.get_server(folder / "own", cleanup_mode="stop")


async def test_a_server_that_stops_and_starts(tmp_path: Path, postgres_server: str) -> None:
    assert postgres_server  # so there is one to be had
    server = own_server(tmp_path)
    made = Store(server.get_uri())
    try:
        await made.run(put("a"))
        await asyncio.to_thread(server.cleanup)
        for _ in range(2):
            assert (await broken(made, put("b"))).startswith(GONE)
        server = await asyncio.to_thread(own_server, tmp_path)
        await asyncio.gather(*(made.run(put(name)) for name in "cdef"))
        assert await made.run(there, write=False) == list("acdef")
    finally:
        await made.aclose()
        server.cleanup()


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2", "PostgreSQL"]
)
async def test_every_spelling_of_a_postgres(url: str, scheme: str) -> None:
    made = Store(url.replace("postgresql", scheme, 1))
    await made.run(put("a"))
    assert await made.run(there) == ["a"]
    await made.aclose()


async def test_what_the_address_asks_for_is_kept(url: str) -> None:
    await asyncio.to_thread(sql, url, "create schema ours")
    made = Store(f"{url}&options=-csearch_path%3Dours&application_name=crm", busy=1.5)

    def ask(connection: Connection) -> list[Any]:
        names = ("search_path", "application_name", "lock_timeout", "synchronous_commit", "statement_timeout")
        return [connection.exec_driver_sql(f"show {name}").scalar() for name in names]

    assert await made.run(ask) == ["ours", "crm", "1500ms", "on", "30s"]
    await made.aclose()


async def test_tables_of_somebody_else_are_not_taken_for_ours(url: str) -> None:
    await asyncio.to_thread(sql, url, "create table tickets (id integer)")
    made = Store(url)
    said = await broken(made, there)
    assert said.startswith("The database for the ledger already holds other tables of the same names.")
    await asyncio.to_thread(sql, url, "drop table tickets")
    await made.run(put("a"))
    await made.aclose()


async def test_a_ledger_that_may_only_be_read(opened: Store, url: str, postgres_server: str) -> None:
    name = urlsplit(url).path[1:]
    await asyncio.to_thread(sql, url, f"alter database {name} set default_transaction_read_only = on")
    await asyncio.to_thread(end_backends, url)
    assert (await broken(opened, put("b"))).startswith("The ledger cannot be written.")
    assert await opened.run(there, write=False) == ["a"]
    await asyncio.to_thread(sql, postgres_server, f"alter database {name} reset all")
    await asyncio.to_thread(end_backends, url)
    await opened.run(put("b"))


@pytest.mark.parametrize(
    ("address", "what"),
    [
        (f"postgresql://someone:{PASSWORD}@127.0.0.1/db", NO_ADDRESS),
        (f"postgresql://someone:pw@127.0.0.1:{PASSWORD}/db", NO_ADDRESS),
        (f"mysql://someone:{PASSWORD}@127.0.0.1/db", NO_ADDRESS),
        (PASSWORD, NO_ADDRESS),
        ("", NO_ADDRESS),
        ("mysql://someone:s3cr@127.0.0.1/db", NO_POSTGRES),
        ("sqlite:///ledger.sqlite3", NO_POSTGRES),
    ],
)
async def test_an_address_that_is_none(address: str, what: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = Store(address)
    said = await broken(made, there)
    assert said.startswith(what)
    assert "s3cr" not in said + caplog.text
    await made.aclose()


async def test_a_password_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("psycopg", reason="the group `postgres` is not installed")
    for name in (None, "sqlalchemy", "psycopg"):
        caplog.set_level(logging.DEBUG, name)
    made = Store("postgresql://someone:s3cr%2Fet%40p%23%25@127.0.0.1:1/nowhere")
    said = await broken(made, there)
    assert said.startswith(GONE)
    assert "s3cr" not in said + caplog.text
    assert "127.0.0.1" not in said
    await made.aclose()


async def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    made = Store("postgresql://127.0.0.1/db")
    said = await broken(made, there)
    assert said.startswith("The driver for Postgres is not installed.")
    assert said.endswith("Install it: pip install 'antcrm-tools[postgres]'.")
    await made.aclose()
