"""What has been dealt with is known to every process, and to the next; an old number says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger import schema
from antcrm_tools.ledger.inbox import Inbox
from antcrm_tools.ledger.store import Store
from tests.fakes.clock import Clock

BOT = "1234567@api.telegram.org"
BOUND = 30.0
LARGEST = 2**63 - 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(store: Store, clock: Clock) -> Inbox:
    return Inbox(store, bot=BOT, clock=clock)


@pytest.fixture
async def beside(ledger_url: str | Path) -> AsyncGenerator[Store]:
    """The same database, as another process opens it that waits for its turn."""
    made = Store(ledger_url)
    try:
        yield made
    finally:
        await made.aclose()


async def rows(store: Store) -> int:
    return await store.run(lambda c: c.scalar(select(func.count()).select_from(schema.inbox)) or 0, write=False)


async def test_what_is_done_is_known_and_nothing_else(inbox: Inbox) -> None:
    assert await inbox.known([5, 6, 7]) == set()
    await inbox.done(6)
    await inbox.done(LARGEST)
    assert await inbox.known([5, 6, 7, LARGEST]) == {6, LARGEST}
    assert await inbox.known([5]) == set()


async def test_a_whole_page_is_one_question(inbox: Inbox) -> None:
    await inbox.done(*range(1, 200, 2))
    assert await inbox.known(range(100)) == set(range(1, 100, 2))


async def test_another_bots_numbers_are_others(inbox: Inbox, store: Store, clock: Clock) -> None:
    await inbox.done(6)
    assert await Inbox(store, bot="1234567@127.0.0.1:8081", clock=clock).known([6]) == set()


async def test_the_next_process_and_one_beside_it_know_it(
    inbox: Inbox, store: Store, beside: Store, clock: Clock
) -> None:
    other = Inbox(beside, bot=BOT, clock=clock)
    assert await other.known([6]) == set()
    await inbox.done(6)
    assert await other.known([6]) == {6}
    await store.aclose()
    assert await inbox.known([6]) == {6}


async def test_two_processes_that_finish_the_same_at_once(inbox: Inbox, beside: Store, clock: Clock) -> None:
    other = Inbox(beside, bot=BOT, clock=clock)
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(each.done(*range(n, n + 9)) for n in range(20) for each in (inbox, other)))
    assert await other.known(range(40)) == set(range(28))


async def test_a_new_message_with_the_number_of_an_old_one_is_not_swallowed(inbox: Inbox, clock: Clock) -> None:
    """After a week without any, Telegram's numbers go on anywhere; it keeps an update for a day."""
    await inbox.done(6)
    clock.advance(hours=24)
    assert await inbox.known([6]) == {6}
    clock.advance(hours=1, seconds=1)
    assert await inbox.known([6]) == set()
    await inbox.done(6)
    assert await inbox.known([6]) == {6}, "it is done again, and that says something again"


async def test_what_is_two_days_old_is_forgotten_in_passing(inbox: Inbox, store: Store, clock: Clock) -> None:
    await inbox.done(1, 2, 3)
    clock.advance(hours=47)
    await inbox.done(4)
    assert await rows(store) == 4
    clock.advance(hours=2)
    await inbox.done(5)
    assert await rows(store) == 2
    assert await inbox.known(range(9)) == {4, 5}


async def test_a_new_process_forgets_as_well(inbox: Inbox, beside: Store, clock: Clock) -> None:
    await inbox.done(1, 2, 3)
    clock.advance(days=3)
    await Inbox(beside, bot="1@x", clock=clock).done(1)
    assert await rows(beside) == 1


async def test_nothing_is_asked_of_a_ledger_where_there_is_nothing_to_ask(tmp_path: Path, clock: Clock) -> None:
    store = Store(tmp_path)  # a folder is no database
    try:
        inbox = Inbox(store, bot=BOT, clock=clock)
        assert await inbox.known([]) == set()
        await inbox.done()
        with pytest.raises(LedgerBroken):
            await inbox.known([1])
        with pytest.raises(LedgerBroken):
            await inbox.done(1)
    finally:
        await store.aclose()
