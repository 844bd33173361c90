"""What one process has dealt with no other does again: fetching, turns and receipts, killed between any two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from telegram import Update

from antcrm_telegram.fetching import Bot, Fetcher
from antcrm_telegram.mailbox import Inbox, Mailbox, Receipts
from antcrm_telegram.turns import Turns
from antcrm_tools.ledger.inbox import Inbox as LedgersInbox
from antcrm_tools.ledger.store import IN_MEMORY, Store
from antcrm_tools.text import msg
from tests.fakes.inbox import BROKEN, MemoryInbox
from tests.fakes.telegram import MINH, SECONDS, TOKEN, TelegramBot, bot_api, soon
from tests.fakes.world import World, no_wait


class Process:
    """What of a bot fetches and takes turns, with handlers that note the text and may be held up."""

    def __init__(self, at: TelegramBot, bot: Bot, inbox: Inbox, *held: str) -> None:
        self.at = at
        self.held = held
        self.free = asyncio.Event()
        self.done: list[str] = []
        self.mailbox = Mailbox()
        receipts = Receipts(inbox, report=at.reports.append)
        self.turns = Turns(self.mailbox, receipts)
        fetcher = Fetcher(bot, self.mailbox, receipts, sleep=no_wait, report=at.reports.append, unreachable=msg("x"))
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._fetching: asyncio.Task[Any] = asyncio.create_task(fetcher.run(self._queue))
        self._tasks: set[asyncio.Task[Any]] = {self._fetching, asyncio.create_task(self._begin())}

    async def stop_fetching(self) -> None:
        """As at a stop: what is in hand goes on."""
        self._fetching.cancel()
        await asyncio.wait((self._fetching,))

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def confirmed(self) -> None:
        """Until Telegram keeps nothing more."""
        await self.at.api.until(lambda: not self.at.api.pending, SECONDS)

    async def _begin(self) -> None:
        while True:
            update: Update = await self._queue.get()
            self._tasks.add(asyncio.create_task(self.turns.process_update(update, self._handle(update))))

    async def _handle(self, update: Update) -> None:
        text = str(update.message and update.message.text)
        if text in self.held:
            await self.free.wait()
        self.done.append(text)


class Office:
    """A Telegram, two people, and processes of one bot one after the other."""

    def __init__(self, at: TelegramBot, stack: AsyncExitStack) -> None:
        self.at = at
        self._stack = stack

    async def start(self, inbox: Inbox, *held: str) -> Process:
        bot = Bot(TOKEN, base_url=f"{self.at.url}/bot")
        await self._stack.enter_async_context(bot)
        process = Process(self.at, bot, inbox, *held)
        self._stack.push_async_callback(process.kill)
        return process

    def write(self, *texts: str, person: int = MINH) -> list[int]:
        return [self.at.phone(person).send_later(text) for text in texts]

    @property
    def pending(self) -> list[int]:
        return self.at.api.pending


@asynccontextmanager
async def office(w: World) -> AsyncGenerator[Office]:
    async with bot_api(w.house) as at, AsyncExitStack() as stack:
        yield Office(at, stack)


@pytest.fixture
async def o(w: World) -> AsyncGenerator[Office]:
    async with office(w) as one:
        yield one


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


async def test_killed_behind_a_slow_one_only_the_slow_one_is_done_again(o: Office, inbox: MemoryInbox) -> None:
    first = await o.start(inbox, "slow")
    o.write("slow", person=1)
    o.write("a", "b", "c")
    await soon(lambda: len(inbox.rows) == 3)
    await first.kill()
    assert len(o.pending) == 4
    second = await o.start(inbox)
    await second.confirmed()
    assert (first.done, second.done) == (["a", "b", "c"], ["slow"])


class Hanging(MemoryInbox):
    """Who writes never learns what became of it."""

    def __init__(self, *, written: bool) -> None:
        super().__init__()
        self.written = written

    async def done(self, *update_ids: int) -> None:
        if self.written:
            await super().done(*update_ids)
        await asyncio.Event().wait()


async def test_killed_between_the_handler_and_the_receipt_it_is_done_again(o: Office) -> None:
    """That is allowed: nothing says that the handler had ended. What it did in AntCRM has safeguards of its own."""
    inbox = Hanging(written=False)
    first = await o.start(inbox)
    o.write("a")
    await soon(lambda: first.done)
    await first.kill()
    assert inbox.rows == set()
    second = await o.start(MemoryInbox())
    await second.confirmed()
    assert second.done == ["a"]


async def test_killed_between_the_receipt_and_the_mailbox_it_is_not_done_again(o: Office) -> None:
    inbox = Hanging(written=True)
    first = await o.start(inbox)
    numbers = o.write("a")
    await soon(lambda: inbox.rows == set(numbers))
    assert first.mailbox.in_hand == 1
    await first.kill()
    assert o.pending == numbers
    second = await o.start(MemoryInbox(inbox.rows))
    await second.confirmed()
    assert second.done == []


async def test_two_processes_at_once(o: Office, inbox: MemoryInbox) -> None:
    """The next one is started while the first one, which fetches no more, has something in hand."""
    first = await o.start(inbox, "slow")
    o.write("slow", person=1)
    o.write("a", "b")
    await soon(lambda: len(inbox.rows) == 2)
    await first.stop_fetching()
    o.write("c")
    second = await o.start(inbox, "slow")
    await soon(lambda: "c" in second.done)
    assert second.done == ["c"], "not what the first one did; what it has in hand nobody can know of"
    assert second.mailbox.in_hand == 1
    first.free.set()
    await soon(lambda: len(inbox.rows) == 4)
    assert first.done == ["a", "b", "slow"]


async def test_a_page_is_one_question_and_one_with_nothing_new_is_none(o: Office, inbox: MemoryInbox) -> None:
    numbers = o.write("slow", person=1) + o.write(*(str(number) for number in range(20)))
    process = await o.start(inbox, "slow")
    await soon(lambda: len(process.done) == 20)
    seen = len(o.at.api.calls)
    await o.at.api.until(lambda: len(o.at.api.calls) >= seen + 2, SECONDS)
    assert inbox.asked == [tuple(numbers)]
    process.free.set()
    await process.confirmed()
    assert len(inbox.asked) == 1


async def test_a_page_of_nothing_but_what_is_done_is_confirmed_at_once(
    o: Office, inbox: MemoryInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the pause that a page gets in which nothing has a number."""
    pauses: list[Mailbox] = []
    pausing = Mailbox.pause

    async def pause(mailbox: Mailbox) -> None:
        pauses.append(mailbox)
        await pausing(mailbox)

    monkeypatch.setattr(Mailbox, "pause", pause)
    inbox.rows = set(o.write(*(str(number) for number in range(150))))
    process = await o.start(inbox)
    await process.confirmed()
    assert (process.done, pauses) == ([], [])
    o.write("new")
    await soon(lambda: process.done == ["new"])


async def test_without_a_ledger_all_goes_on_and_one_process_does_nothing_twice(o: Office, inbox: MemoryInbox) -> None:
    inbox.wrong = BROKEN
    process = await o.start(inbox, "slow")
    o.write("slow", person=1)
    o.write("a", "b")
    await soon(lambda: len(process.done) == 2)
    process.free.set()
    await process.confirmed()
    assert process.done == ["a", "b", "slow"]
    assert len(o.at.reports) == 1


async def test_numbers_that_start_anew_on_one_that_was_done(o: Office, w: World) -> None:
    """After a week without a message they go on anywhere, also where they have been."""
    store = Store(IN_MEMORY)
    try:
        inbox = LedgersInbox(store, bot="1@x", clock=w.clock)
        first = await o.start(inbox)
        (number,) = o.write("a")
        await first.confirmed()
        await first.kill()
        assert await inbox.known([number]) == {number}
        w.clock.advance(days=7)
        updates: Any = o.at.api.endpoints._state.updates  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        updates._ids = iter(range(number, 10**9))  # noqa: SLF001
        second = await o.start(inbox)
        assert o.write("b") == [number]
        await second.confirmed()
        assert second.done == ["b"]
    finally:
        await store.aclose()
