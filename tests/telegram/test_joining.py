"""An invitation on the phone: who opens it is asked, and a tap makes them a member. Nobody else gets in by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from antcrm_tools.ledger.members import Members
from antcrm_tools.members import Member
from antcrm_tools.sandbox import AN, HOA
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, STRANGER, Hold, TelegramBot, telegram
from tests.fakes.world import World, world

NGA = "nga@antcrm.example"
REFUSED = "This bot works for the staff of one company"
NOT_MINE = "This button is for somebody else"


@pytest.fixture
def book(w: World) -> Members:
    return w.house.ledger().members


@pytest.fixture
def nga(bot: TelegramBot) -> Phone:
    return bot.phone(77, first_name="Nga", language_code="en")


async def invited(book: Members, role: str = "sales", who: str = NGA) -> str:
    return await book.invite(who, role, by="lan@antcrm.example")  # pyright: ignore[reportArgumentType]


async def test_an_invitation_lets_its_person_in(book: Members, nga: Phone) -> None:
    assert REFUSED in await nga.send(AN.ref)
    word = await invited(book)
    asked = await nga.send(f"/start {word}")
    assert "This invitation is for n•••@antcrm.example. Is that you?" in asked
    assert NGA not in asked
    assert not await nga.send(AN.phone)  # a question is no membership
    assert "You are a member now: nga@antcrm.example, as sales" in await nga.tap("Yes, that is me")
    assert AN.name in await nga.send(AN.ref)
    assert "waits for a manager's yes" in await nga.send(f"delete {HOA.ref}")


async def test_no_means_no(book: Members, nga: Phone) -> None:
    word = await invited(book)
    await nga.send(f"/start {word}")
    assert "Tell the admin that the invitation came to the wrong person." in await nga.tap("No")
    assert await book.all() == ()
    # It was somebody else's: it is still good for whom it was meant.
    assert "Is that you?" in await nga.send(f"/start {word}")


async def test_two_people_with_one_invitation(bot: TelegramBot, book: Members, nga: Phone) -> None:
    word = await invited(book)
    other = bot.phone(STRANGER, first_name="Ai", language_code="en")
    for phone in (nga, other):
        assert "Is that you?" in await phone.send(f"/start {word}")
    assert "You are a member now" in await nga.tap("Yes, that is me")
    assert "was used already" in await other.tap("Yes, that is me")
    assert "was used already" in await other.send(f"/start {word}")
    assert [member.telegram_id for member in await book.all()] == [77]
    assert REFUSED in await other.send(AN.ref)


async def test_too_late(w: World, book: Members, nga: Phone) -> None:
    word = await invited(book)
    await nga.send(f"/start {word}")
    w.clock.advance(hours=24)
    assert "can no longer be used" in await nga.tap("Yes, that is me")
    assert await book.all() == ()


@pytest.mark.parametrize("word", ["x" * 32, "-" * 32])
async def test_a_word_that_is_none(book: Members, nga: Phone, word: str) -> None:
    await invited(book)
    assert "This is no invitation that is known here." in await nga.send(f"/start {word}")


@pytest.mark.parametrize("words", ["/start x", "/start  ", "/start " + "x" * 31, "/start " + "é" * 32])
async def test_what_cannot_be_an_invitation_is_a_strangers_word(nga: Phone, words: str) -> None:
    assert REFUSED in await nga.send(words)


async def test_guessing_ends_for_an_hour(w: World, book: Members, nga: Phone) -> None:
    word = await invited(book)
    answered = [await nga.send(f"/start {number:032}") for number in range(25)]
    assert [bool(answer) for answer in answered] == [True] * 20 + [False] * 5
    assert not await nga.send(f"/start {word}")
    assert await book.all() == ()
    w.clock.advance(hours=1)
    assert "Is that you?" in await nga.send(f"/start {word}")


async def test_a_forged_tap(book: Members, nga: Phone) -> None:
    await nga.send("/start")
    await nga.press(f"jy:{'x' * 32}")
    await nga.press("jy:")
    assert await book.all() == ()


async def test_a_member_opens_an_invitation(bot: TelegramBot, book: Members, nga: Phone, lan: Phone) -> None:
    await book.accept(await invited(book), 77)
    other = await invited(book, who="minh2@antcrm.example")
    assert "another member's already" in await nga.send(f"/start {other}")
    assert "You are a member already: lan@antcrm.example, as admin" in await lan.send(f"/start {other}")
    again = await invited(book)
    assert "The invitation was not needed, and nobody can use it now." in await nga.send(f"/start {again}")
    stranger = bot.phone(STRANGER, language_code="en")
    assert "can no longer be used" in await stranger.send(f"/start {again}")


async def test_who_was_removed_is_out_at_once(w: World, book: Members, nga: Phone) -> None:
    await book.accept(await invited(book, "manager"), 77)
    assert "Delete" in await nga.send(f"delete {HOA.ref}")
    await book.remove(NGA, named=[Member(42, "lan@antcrm.example", "admin")])
    await nga.tap("Delete")
    assert nga.alert is not None
    assert NOT_MINE in nga.alert.text
    assert not w.destroyed()
    assert REFUSED in await nga.send(AN.ref)


async def test_a_role_that_was_lowered_counts_at_once(w: World, book: Members, nga: Phone) -> None:
    await book.accept(await invited(book, "manager"), 77)
    assert "Delete" in await nga.send(f"delete {HOA.ref}")
    await book.set_role(NGA, "sales", named=[Member(42, "lan@antcrm.example", "admin")])
    assert "your role does not include" in await nga.tap("Delete")
    assert not w.destroyed()


async def test_whom_the_setting_names_is_what_it_says_on_every_account(w: World) -> None:
    """Also on one that came in by an invitation, with a higher role, before the setting named them."""
    book = w.house.ledger().members
    await book.accept(await invited(book, "manager"), 77)
    async with telegram(w.house, members=f"{LAN}:lan@antcrm.example:admin,88:{NGA}:viewer") as bot:
        nga = bot.phone(77, language_code="en")
        assert "your role does not include" in await nga.send(f"delete {HOA.ref}")
        assert "your role does not include" in await nga.send(f"tag {AN.ref} VIP")
        assert AN.name in await nga.send(AN.ref)


async def test_who_is_removed_while_antcrm_is_slow_deletes_nothing(w: World, book: Members, nga: Phone) -> None:
    await book.accept(await invited(book, "manager"), 77)
    assert "Delete" in await nga.send(f"delete {HOA.ref}")
    hold = Hold(w.line, "leadId")
    tapping = asyncio.create_task(nga.tap("Delete"))
    await hold.reached()
    await book.remove(NGA, named=())
    hold.release()
    await tapping
    assert not w.destroyed()


async def test_a_late_tap_is_answered_where_the_question_stood(bot: TelegramBot, book: Members, nga: Phone) -> None:
    await nga.send(f"/start {await invited(book)}")
    bot.api.faults.fail("answerCallbackQuery", 400, times=1)
    assert "You are a member now" in await nga.tap("Yes, that is me")
    assert "Is that you?" not in nga.screen()


async def test_news_reach_who_joined(w: World, bot: TelegramBot, book: Members, nga: Phone) -> None:
    await book.accept(await invited(book), 77)
    w.sandbox.faults.cut("POST")
    assert "not known yet" in await nga.send("/lead Bình 0977123456")
    await w.later(seconds=121)
    bot.look()
    assert await nga.sees("It is saved now: L")


async def test_the_ledger_cannot_be_read(tmp_path: Path) -> None:
    """Whom the setting names goes on looking up; nobody is let in who may have been taken out."""
    async with world(url=tmp_path / "ledger.sqlite3") as there, telegram(there.house) as bot:
        book, nga, lan = there.house.ledger().members, bot.phone(77, language_code="en"), bot.phone(LAN)
        word = await invited(book)
        await book.accept(word, 77)
        assert AN.name in await nga.send(AN.ref)
        for each in ("", "-wal", "-shm"):
            (tmp_path / f"ledger.sqlite3{each}").unlink(missing_ok=True)
        (tmp_path / "ledger.sqlite3").write_bytes(b"rubbish " * 1000)
        assert "The list of members cannot be read at the moment, so nothing was done." in await nga.send(AN.ref)
        other = bot.phone(STRANGER, language_code="en")
        assert "yours stays good: try again later" in await other.send(f"/start {word}")
        assert not await other.send(AN.ref)
        assert AN.name in await lan.send(AN.ref)
