"""Turns: in order for each person, side by side for all, and what was not begun is left for the next start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from telegram import Chat, Message, Update, User

from antcrm_telegram.fetching import Unreadable
from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_telegram.turns import Turns
from tests.fakes.inbox import BROKEN, MemoryInbox

SECONDS = 10.0


def update(number: int, person: int) -> Update:
    user, chat = User(person, "x", is_bot=False), Chat(person, "private")
    return Update(number, Message(number, datetime.now(UTC), chat, from_user=user, text="x"))


@dataclass
class Work:
    """Handlers that begin and wait to be let go."""

    turns: Turns
    mailbox: Mailbox
    inbox: MemoryInbox
    begun: list[int] = field(default_factory=list[int])
    ended: list[int] = field(default_factory=list[int])
    free: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def put(self, one: Update | Unreadable, how: Callable[[], Awaitable[object]] | None = None) -> None:
        self.mailbox.take(one.update_id)

        async def handle() -> None:
            self.begun.append(one.update_id)
            await (self.free.wait if how is None else how)()
            self.ended.append(one.update_id)

        self.tasks.append(asyncio.create_task(self.turns.process_update(one, handle())))

    async def settle(self) -> None:
        """Until everything that can begin has."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def end(self) -> None:
        self.free.set()
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def work() -> Work:
    mailbox, inbox = Mailbox(), MemoryInbox()
    return Work(Turns(mailbox, Receipts(inbox, report=lambda _: None)), mailbox, inbox)


async def test_a_person_has_one_at_a_time_and_people_do_not_wait_for_each_other(work: Work) -> None:
    for number, person in enumerate((1, 1, 2, 2, 3), 10):
        work.put(update(number, person))
    await work.settle()
    assert work.begun == [10, 12, 14]
    await work.end()
    assert work.mailbox.in_hand == 0
    assert work.ended.index(10) < work.ended.index(11)
    assert work.ended.index(12) < work.ended.index(13)


async def test_who_waits_behind_themself_takes_no_others_place(work: Work) -> None:
    for number in range(200):
        work.put(update(10 + number, 1))
    work.put(update(500, 2))
    await work.settle()
    assert work.begun == [10, 500]
    await work.end()


async def test_so_many_people_at_once_and_no_more(work: Work) -> None:
    for number in range(40):
        work.put(update(10 + number, number + 1))
    await work.settle()
    assert len(work.begun) == 24
    await work.end()
    assert len(work.ended) == 40


async def test_who_sent_what_cannot_be_read_waits_as_with_any_other(work: Work) -> None:
    work.put(update(10, 1))
    work.put(Unreadable(11, 1, "abc"))
    work.put(Unreadable(12, None, "abc"))
    await work.settle()
    assert work.begun == [10, 12]
    await work.end()
    assert work.mailbox.in_hand == 0


async def test_leaving_begins_nothing_more_but_what_is_older_than_something_begun(work: Work) -> None:
    """Telegram forgets all up to a number: 11 undone behind 12 done would have 12 done twice."""
    work.put(update(10, 1))
    work.put(update(11, 1))
    work.put(update(12, 2))
    work.put(update(13, 1))
    work.put(update(14, 2))
    await work.settle()
    assert work.begun == [10, 12]
    work.turns.leave()
    await work.end()
    assert work.ended in ([10, 12, 11], [12, 10, 11])
    assert work.mailbox.offset == 13


async def test_after_numbers_that_start_anew_leaving_begins_nothing_more_either(work: Work) -> None:
    work.put(update(1000, 1))
    await work.end()
    for _ in range(2):  # Telegram is told, and has nothing more
        work.mailbox.told(work.mailbox.offset, empty=True)
    work.free.clear()
    work.put(update(7, 1))
    work.put(update(8, 1))
    await work.settle()
    work.turns.leave()
    await work.end()
    assert work.begun == [1000, 7]
    assert work.mailbox.offset == 8


async def test_it_is_written_down_before_it_counts_as_done_and_before_the_persons_next_begins(work: Work) -> None:
    work.inbox.free = asyncio.Event()
    work.free.set()
    for number, person in ((10, 1), (11, 1), (12, 2)):
        work.put(update(number, person))
    await work.settle()
    assert work.ended == [10, 12]
    assert work.mailbox.offset == 10
    work.inbox.free.set()
    await work.end()
    assert work.inbox.rows == {10, 11, 12}
    assert (work.ended, work.mailbox.offset) == ([10, 12, 11], 13)


async def test_broken_off_while_it_is_written_down_it_is_done_all_the_same(work: Work) -> None:
    work.inbox.free = asyncio.Event()
    work.free.set()
    work.put(update(10, 1))
    await work.settle()
    work.turns.break_off()
    await work.end()
    assert (work.ended, work.mailbox.offset) == ([10], 11)


async def test_what_cannot_be_written_down_is_done_all_the_same(work: Work) -> None:
    work.inbox.wrong = BROKEN
    for number, person in ((10, 1), (11, 1), (12, 2)):
        work.put(update(number, person))
    await work.end()
    assert sorted(work.ended) == [10, 11, 12]
    assert work.mailbox.in_hand == 0


async def test_what_is_broken_off_is_not_dealt_with(work: Work) -> None:
    work.put(update(10, 1))
    work.put(update(11, 1))
    await work.settle()
    work.turns.break_off()
    await work.end()
    assert work.begun == [10], "and whoever waited for it is not begun either"
    assert (work.ended, work.mailbox.offset) == ([], 10)
    assert work.inbox.rows == set()


async def test_a_handler_that_fails_has_dealt_with_it(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    """The library catches what handlers raise; what it does not would otherwise come for ever."""

    async def fail() -> None:
        raise RuntimeError("Nguyễn Bí Mật")

    work.put(update(10, 1), fail)
    work.put(update(11, 1))
    await work.end()
    assert work.ended == [11]
    assert work.mailbox.offset == 12
    assert work.inbox.rows == {10, 11}
    assert "RuntimeError" in caplog.text
    assert "Bí Mật" not in caplog.text
