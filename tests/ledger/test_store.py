"""The ledger's database, whichever it is: all or nothing, one writer at a time, right again once it is put right."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.schema import VERSION, inbox, keys, version
from antcrm_tools.ledger.store import IN_MEMORY, Store
from tests.fakes.ledgers import BOUND, engine_of, in_processes, put, there

SECRET = "Nguyễn Thị Bí Mật"


@asynccontextmanager
async def writing(store: Store, *names: str) -> AsyncGenerator[asyncio.Task[None]]:
    """Be in the middle of a transaction that writes."""
    inside, go_on, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def work(connection: Connection) -> None:
        put(*names)(connection)
        loop.call_soon_threadsafe(inside.set)
        assert go_on.wait(BOUND)

    task = asyncio.create_task(store.run(work))
    try:
        await inside.wait()
        yield task
    finally:
        go_on.set()
        await asyncio.wait([task])


def count_up(connection: Connection) -> None:
    """Read, and decide by it what is written."""
    found = connection.execute(inbox.select()).first()
    if found is None:
        connection.execute(insert(inbox).values(bot="b", update_id=1, done_at=1))
    else:
        connection.execute(update(inbox).values(done_at=found.done_at + 1))


def counted(connection: Connection) -> int:
    return connection.execute(inbox.select()).one().done_at


async def test_what_fails_undoes_all_of_it(store: Store) -> None:
    await store.run(put("a"))

    def work(connection: Connection) -> None:
        put("b")(connection)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await store.run(work)
    with pytest.raises(LedgerBroken):
        await store.run(put("c", "a"))
    assert await store.run(there, write=False) == ["a"]
    await store.run(put("d"))
    assert await store.run(there, write=False) == ["a", "d"]


async def test_a_cancelled_callers_transaction_ends(store: Store) -> None:
    async with asyncio.timeout(BOUND), writing(store, "a") as task:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    await store.run(put("b"))
    assert await store.run(there, write=False) == ["a", "b"]


async def test_a_cancelled_callers_error_is_nobodys(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.run(put("a"))
    async with asyncio.timeout(BOUND), writing(store):
        task = asyncio.create_task(store.run(put("a")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await store.run(put("b"))
    gc.collect()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_many_at_once(store: Store) -> None:
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(store.run(put(f"{n:02}")) for n in range(60)), *(store.run(there) for _ in range(20)))
    assert await store.run(there, write=False) == [f"{n:02}" for n in range(60)]


async def test_the_first_of_many_at_once_opens_it(ledger_url: str | Path) -> None:
    made = Store(ledger_url)
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(made.run(put(name)) for name in "abcdefgh"))
        assert await made.run(there) == list("abcdefgh")
        await made.aclose()
    assert not [each for each in threading.enumerate() if each.name.startswith("ledger")]
    gc.collect()  # a connection that nobody closed would warn


async def test_what_is_read_still_holds_when_it_is_written(ledger_url: str | Path) -> None:
    stores = [Store(ledger_url) for _ in range(3)]
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(each.run(count_up) for each in stores * 20))
        assert await stores[0].run(counted) == 60
        await asyncio.gather(*(each.aclose() for each in stores))


COUNT = """
import sys
from pathlib import Path
from sqlalchemy import insert, select, update
from antcrm_tools.ledger.schema import inbox
from antcrm_tools.ledger.store import Store

def count_up(connection):
    found = connection.scalar(select(inbox.c.done_at))
    if found is None:
        connection.execute(insert(inbox).values(bot="b", update_id=1, done_at=1))
    else:
        connection.execute(update(inbox).values(done_at=found + 1))

url = sys.argv[1]
store = Store(url if "://" in url else Path(url))
print("ready", flush=True)
input()
for _ in range(20):
    store.run_now(count_up)
store.close_now()
"""


async def test_processes_at_once_lose_nothing(ledger_url: str | Path, store: Store) -> None:
    said = await asyncio.to_thread(in_processes, COUNT, str(ledger_url), many=3)
    assert said == [""] * len(said)
    assert await store.run(counted, write=False) == 20 * len(said)


async def test_who_reads_does_not_wait_for_who_writes(store: Store, elsewhere: Store) -> None:
    await store.run(put("a"))
    async with asyncio.timeout(BOUND), writing(store, "b"):
        assert await elsewhere.run(there, write=False) == ["a"]
    assert await elsewhere.run(there, write=False) == ["a", "b"]


async def test_who_waits_for_too_long_is_told_and_can_go_on_after(store: Store, elsewhere: Store) -> None:
    async with asyncio.timeout(BOUND), writing(store, "a"):
        with pytest.raises(LedgerBroken) as caught:
            await elsewhere.run(put("b"))
    assert "was in use by another program for too long." in caught.value.render("en")
    await elsewhere.run(put("c"))
    assert await store.run(there, write=False) == ["a", "c"]


async def test_after_closing_it_opens_again(store: Store) -> None:
    await store.aclose()
    await store.run(put("a"))
    await store.aclose()
    store.close_now()
    assert await store.run(there, write=False) == ["a"]


async def test_closing_waits_for_what_is_under_way(store: Store) -> None:
    async with asyncio.timeout(BOUND):
        async with writing(store, "a") as task:
            waiting = asyncio.create_task(store.run(put("b")))
            closing = asyncio.create_task(store.aclose())
            await asyncio.sleep(0)
            assert not task.done()
        await asyncio.gather(waiting, closing)
    assert await store.run(there, write=False) == ["a", "b"]


async def test_a_newer_ledger_is_left_alone_also_by_who_had_it_open(store: Store, ledger_url: str | Path) -> None:
    await store.run(put("a"))
    await store.run(lambda connection: connection.execute(update(version).values(version=VERSION + 1)) and None)
    late = Store(ledger_url)
    for each in (store, late):
        with pytest.raises(LedgerBroken) as caught:
            await each.run(put("b"))
        assert "made by a newer version of this program." in caught.value.render("en")
    await late.aclose()

    engine = engine_of(ledger_url)
    with engine.begin() as connection:
        assert there(connection) == ["a"]
        connection.execute(update(version).values(version=VERSION))
    engine.dispose()
    await store.run(put("c"))
    assert await store.run(there, write=False) == ["a", "c"]


async def test_no_value_leaves_with_an_error(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await store.run(put(SECRET))

    def incomplete(connection: Connection) -> None:
        connection.execute(insert(keys).values(name=SECRET, made_at=1))

    for work in (put(SECRET), incomplete):
        with pytest.raises(LedgerBroken) as caught:
            await store.run(work)
        error = caught.value
        assert error.__cause__ is None
        assert error.__context__ is None
        assert SECRET not in f"{error!r} {error} {error.render('en')} {error.render('vi')} {caplog.text}"
        assert "cannot be used." in error.render("en")


async def test_in_memory_each_is_its_own() -> None:
    first, second = Store(IN_MEMORY), Store(IN_MEMORY)
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(first.run(put(name)) for name in "abc"))
        with pytest.raises(LedgerBroken):
            await first.run(put("a"))
        assert await first.run(there) == ["a", "b", "c"]
        assert await second.run(there, write=False) == []
        await asyncio.gather(first.aclose(), second.aclose())


async def test_it_is_not_closed_under_a_transaction_that_has_begun_meanwhile(store: Store) -> None:
    """SQLite crashes the whole program if a connection is closed that another thread is using."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        begun.set()
        assert go_on.wait(BOUND)

    await store.run(lambda _: None)
    slowly = threading.Thread(target=lambda: (store.run_now(slow), ended.set()))
    slowly.start()
    assert await asyncio.to_thread(begun.wait, BOUND)
    closing = asyncio.create_task(store.aclose())
    done, _ = await asyncio.wait((closing,), timeout=0.1)
    assert not done
    go_on.set()
    async with asyncio.timeout(BOUND):
        await closing
    slowly.join(BOUND)
    assert ended.is_set()
