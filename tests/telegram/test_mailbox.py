"""What may be forgotten: never what is in hand, and everything once it is done."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_tools.text import Text
from tests.fakes.inbox import BROKEN, MemoryInbox


def told(mailbox: Mailbox, *, empty: bool = False) -> int | None:
    """A look at Telegram; the offset that was asked for."""
    offset = mailbox.offset
    mailbox.told(offset, empty=empty)
    return offset


def test_the_offset_is_that_of_the_oldest_in_hand() -> None:
    mailbox = Mailbox()
    assert mailbox.offset is None, "anything"
    assert all(mailbox.take(number) for number in (5, 6, 7))
    assert (mailbox.offset, mailbox.in_hand) == (5, 3)
    mailbox.done(6)
    assert mailbox.offset == 5
    mailbox.done(5)
    assert mailbox.offset == 7
    mailbox.done(7)
    assert (mailbox.offset, mailbox.in_hand) == (8, 0)


def test_what_comes_again_is_passed_over() -> None:
    mailbox = Mailbox()
    assert mailbox.take(5)
    assert not mailbox.take(5)
    mailbox.done(5)
    assert not mailbox.take(5)
    assert mailbox.take(6)


def test_numbers_may_start_anew_once_all_is_confirmed() -> None:
    mailbox = Mailbox()
    mailbox.take(1000)
    mailbox.done(1000)
    told(mailbox, empty=True)
    assert mailbox.offset is None, "an offset of 1001 would confirm what has a lower number"
    assert mailbox.take(7)


def test_nothing_is_forgotten_by_an_empty_answer_to_an_older_question() -> None:
    mailbox = Mailbox()
    mailbox.take(5)
    asked = mailbox.offset
    mailbox.done(5)
    mailbox.told(asked, empty=True)
    assert not mailbox.take(5), "Telegram has not been told that it is done: it comes again"
    assert mailbox.untold


def test_it_knows_whether_telegram_has_been_told() -> None:
    mailbox = Mailbox()
    assert not mailbox.untold
    mailbox.take(5)
    told(mailbox)
    assert not mailbox.untold, "nothing is done"
    mailbox.done(5)
    assert mailbox.untold
    told(mailbox)
    assert not mailbox.untold
    told(mailbox, empty=True)
    assert not mailbox.untold


async def test_a_pause_ends_when_something_is_done_and_grows_while_nothing_is() -> None:
    mailbox = Mailbox()
    mailbox.take(5)
    async with asyncio.timeout(5):
        await mailbox.pause()  # by itself
        await mailbox.pause()
        waiting = asyncio.create_task(mailbox.pause())
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_soon(mailbox.done, 5)
        await waiting
        assert loop.time() - began < 0.07, "twice the second pause"


# What is done, beyond the end of the process.

NO_ROOM = (
    "There is no room left on the disk for x. "
    "Telegram is answered all the same; after a kill some messages may be dealt with twice."
)
AGAIN = "The ledger can be used again."


class Book:
    """Receipts over an inbox that can be broken, and a clock of their own."""

    def __init__(self) -> None:
        self.inbox = MemoryInbox()
        self.reports: list[str] = []
        self.seconds = 0.0
        self.receipts = Receipts(self.inbox, report=self.report, now=lambda: self.seconds)

    def report(self, text: Text) -> None:
        self.reports.append(text.render("en"))


@pytest.fixture
def book() -> Book:
    return Book()


async def test_receipts_outlive_the_process(book: Book) -> None:
    await book.receipts.done(5)
    assert await Receipts(book.inbox, report=book.report).known([5, 6]) == {5}
    assert await book.receipts.known([]) == set()
    assert book.inbox.asked == [(5, 6)]
    assert book.reports == []


async def test_what_could_not_be_written_down_is_later(book: Book) -> None:
    book.inbox.wrong = BROKEN
    await book.receipts.done(5)
    await book.receipts.done(6)
    assert await book.receipts.known([5]) == set()
    assert len(book.inbox.writes) == 1, "it is left alone for a while"
    assert book.inbox.asked == []
    book.seconds = 29
    await book.receipts.done(7)
    book.seconds = 31
    await book.receipts.done(8)
    assert book.inbox.writes == [(5,), (5, 6, 7, 8)]
    book.inbox.wrong = None
    book.seconds = 62
    await book.receipts.done(9)
    assert book.inbox.rows == {5, 6, 7, 8, 9}
    assert book.reports == [NO_ROOM, AGAIN]
    await book.receipts.done(10)
    assert book.inbox.writes[-1] == (10,)
    book.inbox.wrong = BROKEN
    await book.receipts.done(11)
    assert book.reports == [NO_ROOM, AGAIN, NO_ROOM], "an outage is told once, and the next one is another"


async def test_where_it_can_be_read_and_not_written_the_admin_hears_it_once(book: Book) -> None:
    for number in range(5, 9):
        book.inbox.wrong = None
        assert await book.receipts.known([number]) == set()
        book.inbox.wrong = BROKEN
        await book.receipts.done(number)
        book.seconds += 31
    assert len(book.inbox.asked) == 4
    assert len(book.inbox.writes) == 4
    assert book.reports == [NO_ROOM]


async def test_where_it_cannot_be_read_at_the_start_it_is_tried_again(book: Book) -> None:
    book.inbox.rows = {5}
    book.inbox.wrong = BROKEN
    assert await book.receipts.known([5]) == set()
    book.inbox.wrong = None
    book.seconds = 31
    assert await book.receipts.known([5]) == {5}
    assert book.reports == [NO_ROOM, AGAIN]


async def test_a_ledger_that_hangs_keeps_nobody_waiting(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antcrm_telegram.mailbox._PATIENCE", 0.01)
    book.inbox.free = asyncio.Event()
    async with asyncio.timeout(5):
        await book.receipts.done(5)
        assert await book.receipts.known([6]) == set()
    assert book.reports == [NO_ROOM.replace("There is no room left on the disk for x.", "The ledger cannot be used.")]


async def test_an_error_nobody_foresaw_is_none_of_the_updates(book: Book, caplog: pytest.LogCaptureFixture) -> None:
    book.inbox.wrong = RuntimeError("Nguyễn Bí Mật")
    await book.receipts.done(5)
    assert "RuntimeError" in caplog.text
    assert "Bí Mật" not in caplog.text
    assert len(book.reports) == 1


async def test_a_long_outage_costs_no_memory(book: Book) -> None:
    book.inbox.wrong = BROKEN
    for number in range(1000):
        await book.receipts.done(number)
    book.inbox.wrong = None
    book.seconds = 31
    await book.receipts.done(1000)
    assert book.inbox.rows == set(range(801, 1001))


class Life:
    """A Telegram that keeps what is not confirmed, and a bot that takes, finishes and is killed as it comes."""

    def __init__(self) -> None:
        self.kept: dict[int, int] = {}
        self.pushed, self.number, self.week = 0, 100, 0
        self.receipts: dict[int, int] = {}
        self.dealt_with: set[int] = set()
        self.without_receipt: set[int] = set()
        self.start()

    def start(self) -> None:
        self.mailbox = Mailbox()
        self.hand: dict[int, int] = {}
        self.begun: set[int] = set()

    def push(self) -> None:
        self.number, self.pushed = self.number + 1, self.pushed + 1
        self.kept[self.number] = self.pushed

    def anew(self, number: int) -> None:
        """A week has gone by."""
        if not self.kept and not self.hand and self.mailbox.offset is None:
            self.number, self.week = number, self.week + 1

    def look(self) -> None:
        offset = self.mailbox.offset
        for old in [each for each in self.kept if each < (offset or 0)]:
            assert self.kept[old] in self.dealt_with, "confirmed, and nobody has dealt with it"
            del self.kept[old]
        self.mailbox.told(offset, empty=not self.kept)
        for number in sorted(self.kept):
            if not self.mailbox.take(number):
                continue
            if self.receipts.get(number) == self.week:
                self.mailbox.done(number)
            else:
                self.begin(number)

    def begin(self, number: int) -> None:
        one = self.hand[number] = self.kept[number]
        assert one not in self.begun, "one process has begun it twice"
        assert one not in self.dealt_with - self.without_receipt, "it had been dealt with"
        self.begun.add(one)

    def finish(self, number: int, *, receipt: bool = True, told: bool = True) -> None:
        one = self.hand.pop(number)
        self.dealt_with.add(one)
        if receipt:
            self.receipts[number] = self.week
            self.without_receipt.discard(one)
        else:
            self.without_receipt.add(one)  # nobody can know that its handler had ended: it is done again
        if told:
            self.mailbox.done(number)
        else:
            self.start()


HOW: dict[str, dict[str, bool]] = {
    "finish": {},
    "killed before the receipt": {"receipt": False, "told": False},
    "killed after the receipt": {"told": False},
}


@given(st.data())
def test_whatever_happens_nothing_is_lost_and_nothing_is_done_again(data: st.DataObject) -> None:
    life = Life()
    for step in data.draw(st.lists(st.sampled_from(["push", "look", "start", "anew", *HOW]), max_size=60)):
        if step == "anew":
            life.anew(data.draw(st.integers(1, 120)))
        elif step not in HOW:
            getattr(life, step)()
        elif life.hand:
            life.finish(data.draw(st.sampled_from(sorted(life.hand))), **HOW[step])
        assert {*life.kept.values(), *life.dealt_with} >= set(range(1, life.pushed + 1)), "one is lost"
