from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from antcrm_tools.ledger.keys import key
from antcrm_tools.ledger.store import Store
from tests.fakes.clock import Clock

BOUND = 30.0


async def test_a_key_is_made_once(store: Store) -> None:
    numbers = itertools.count(1)

    def make() -> bytes:
        return bytes([next(numbers), 0, 255]) * 11

    first = await key(store, "states", clock=Clock(), make=make)
    assert await key(store, "states", clock=Clock(), make=make) == first
    assert await key(store, "others", clock=Clock(), make=make) != first
    assert next(numbers) == 3


async def test_a_key_outlives_its_process_and_is_random(ledger_url: str | Path) -> None:
    found: list[bytes] = []
    for _ in range(2):
        store = Store(ledger_url)
        found.append(await key(store, "states", clock=Clock()))
        found.append(await key(store, "others", clock=Clock()))
        await store.aclose()
    assert found[:2] == found[2:]
    assert len(set(found)) == 2
    assert {len(each) for each in found} == {32}


async def test_two_processes_that_ask_at_once_get_the_same(ledger_url: str | Path) -> None:
    stores = [Store(ledger_url) for _ in range(2)]
    async with asyncio.timeout(BOUND):
        found = await asyncio.gather(*(key(stores[number % 2], "states", clock=Clock()) for number in range(20)))
    assert len(set(found)) == 1
    for store in stores:
        await store.aclose()
