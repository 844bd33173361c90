"""What may be forgotten: never what is in hand, and everything once it is done."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from antcrm_telegram.mailbox import Mailbox


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


@given(st.data())
def test_whatever_happens_nothing_is_lost_and_nothing_is_taken_twice(data: st.DataObject) -> None:
    """A Telegram that keeps what is not confirmed, against a bot that takes, finishes and is killed as it comes."""
    kept: dict[int, int] = {}
    pushed = 0
    number = 100
    dealt_with: set[int] = set()
    mailbox, hand, begun = Mailbox(), dict[int, int](), list[int]()
    for step in data.draw(st.lists(st.sampled_from(["push", "look", "finish", "kill", "anew"]), max_size=60)):
        if step == "push":
            number, pushed = number + 1, pushed + 1
            kept[number] = pushed
        elif step == "look":
            offset = mailbox.offset
            for old in [each for each in kept if each < (offset or 0)]:
                assert kept[old] in dealt_with, "confirmed, and nobody has dealt with it"
                del kept[old]
            new = [each for each in sorted(kept) if mailbox.take(each)]
            hand |= {each: kept[each] for each in new}
            begun += [kept[each] for each in new]
            mailbox.told(offset, empty=not kept)
        elif step == "finish" and hand:
            done = data.draw(st.sampled_from(sorted(hand)))
            dealt_with.add(hand.pop(done))
            mailbox.done(done)
        elif step == "kill":
            mailbox, hand, begun = Mailbox(), {}, []
        elif step == "anew" and not kept and not hand and mailbox.offset is None:
            number = data.draw(st.integers(1, 50))
        assert len(set(begun)) == len(begun), "one process has taken one twice"
        assert {*kept.values(), *dealt_with} >= set(range(1, pushed + 1)), "one is lost"
