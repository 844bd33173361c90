"""An assistant that cannot ask, and the phones its questions come to: one tap decides, once, and everybody hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client
from mcp.types import Implementation

from antcrm_mcp import server
from antcrm_mcp.server import build_server
from antcrm_tools.outcomes import Actor
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import TOOLS, tool_named
from tests.fakes.assistant import ERAS, MODES, Assistant, Era, Person, Reply, assistant
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MEMBERS, MINH, SECONDS, TOKEN, VIEWER, TelegramBot, bot_api, telegram
from tests.fakes.world import World, world

BOSS = 45
"""A manager beside Lan, who is admin."""

TEAM = f"{MEMBERS},{BOSS}:boss@antcrm.example:manager"
YES = f"Delete {AN.name}"
LANS = Actor("lan@antcrm.example", "mcp")
OPEN = "Can be answered until"
DELETED = f"Deleted: {AN.ref} {AN.name}."


async def until(bot: TelegramBot, happened: Callable[[], object]) -> None:
    """Let the bot look at what there is to do until something has happened."""
    async with asyncio.timeout(SECONDS):
        while not happened():
            bot.look()
            await asyncio.sleep(0)


@dataclass
class Office:
    """A world, a bot that is on, and an assistant that cannot show a question."""

    w: World
    bot: TelegramBot
    a: Assistant

    async def phone(self, user: int = LAN) -> Phone:
        """Of somebody who has written to the bot before, as Telegram wants it."""
        phone = self.bot.phone(user)
        await phone.send("/help")
        return phone

    def ask(self, tool: str = "delete_customer", /, **arguments: Any) -> asyncio.Task[Reply]:
        return asyncio.create_task(self.a.call(tool, **(arguments or {"ref": AN.ref})))

    async def asked(self, *phones: Phone) -> asyncio.Task[Reply]:
        """Ask, and wait for the cards."""
        asking = self.ask()
        await self.shown(*phones)
        return asking

    async def shown(self, *phones: Phone) -> None:
        """Wait until the cards are there, and the ledger knows it."""
        await until(self.bot, lambda: all(phone.buttons for phone in phones))
        async with asyncio.timeout(SECONDS):
            while any(card.message is None for card in await self.w.approving.cards.standing(self.bot_name)):  # noqa: ASYNC110
                await asyncio.sleep(0)

    @property
    def bot_name(self) -> str:
        """As the ledger calls it."""
        return f"{TOKEN.partition(':')[0]}@{urlsplit(self.bot.url).netloc}"[:40]

    async def closed(self, *phones: Phone) -> None:
        """Wait until what became of it stands there."""
        await until(self.bot, lambda: not any(OPEN in phone.screen() for phone in phones))


@asynccontextmanager
async def office(era: Era = "new", *, actor: str = "lan@antcrm.example") -> AsyncGenerator[Office]:
    async with (
        world(actor=actor) as w,
        telegram(w.house, members=TEAM) as bot,
        assistant(w.house, era=era, person=Person(None)) as a,
    ):
        await until(bot, lambda: True)
        await _is_counted_on(w)
        yield Office(w, bot, a)
        assert bot.api.violations == []


async def _is_counted_on(w: World) -> None:
    async with asyncio.timeout(SECONDS):
        while not await w.approving.cards.couriers():  # noqa: ASYNC110  nothing says when
            await asyncio.sleep(0)


@pytest.mark.parametrize("era", ERAS)
async def test_a_tap_on_the_phone_finishes_the_assistants_call(era: Era) -> None:
    async with office(era) as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        card = lan.latest
        assert f"Delete lead {AN.ref} {AN.name}?" in card
        assert AN.phone in card
        assert "Asked by lan@antcrm.example through an assistant (" in card
        assert "“test-assistant”" in card
        assert lan.buttons == ["Keep", YES]
        assert at.w.destroyed() == []
        await lan.tap(YES)
        result = await asking
        assert not result.is_error
        assert result.data["ref"] == AN.ref
        await at.closed(lan)
        assert DELETED in lan.latest
        assert "Answered by lan@antcrm.example through Telegram." in lan.latest
        assert len(at.w.destroyed()) == 1


async def test_nobody_else_is_asked_where_the_person_may_say_it() -> None:
    async with office() as at:
        lan, boss = await at.phone(), await at.phone(BOSS)
        asking = await at.asked(lan)
        assert not boss.buttons
        await lan.tap("Keep")
        await asking


async def test_a_no_is_said_on_both_sides_and_can_be_asked_again() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        await lan.tap("Keep")
        assert lan.alert is not None
        assert "lan@antcrm.example said no" in lan.alert.text
        result = await asking
        assert result.is_error
        assert result.text == "Nothing was changed: lan@antcrm.example said no. Ask again only if that is wanted."
        await at.closed(lan)
        assert "said no" in lan.latest
        assert at.w.destroyed() == []
        again = await at.asked(lan)
        await lan.tap(YES)
        assert not (await again).is_error
        assert len(at.w.destroyed()) == 1


async def test_a_call_that_was_not_waited_for_is_heard_by_asking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", 0.2)
    async with office() as at:
        lan = await at.phone()
        first = await at.asked(lan)
        waiting = await first
        assert waiting.is_error
        for words in (
            "Nothing was changed yet",
            "waits for a yes until 09:10",
            "lan@antcrm.example on Telegram",
            "again",
        ):
            assert words in waiting.text
        still = await at.ask()
        assert "waits for a yes" in still.text
        assert len([m for m in lan.log.messages if m.by_bot and AN.name in m.text]) == 1
        await lan.tap(YES)
        await at.closed(lan)
        said = await at.ask()
        assert not said.is_error
        assert said.data["ref"] == AN.ref
        assert "a moment ago" in (await at.ask()).text
        assert len(at.w.destroyed()) == 1


async def test_or_as_news_with_any_other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", 0.2)
    async with office() as at:
        lan = await at.phone()
        await (await at.asked(lan))
        await lan.tap("Keep")
        await at.closed(lan)
        found = await at.ask("get_customer", ref=HOA.ref)
        assert f"Delete lead {AN.ref} {AN.name}? Nothing was changed: lan@antcrm.example said no." in found.text
        assert "News" not in (await at.ask("get_customer", ref=HOA.ref)).text
        assert at.w.destroyed() == []


async def test_two_managers_and_one_tap_that_counts() -> None:
    async with office(actor="hoa@antcrm.example") as at:
        lan, boss = await at.phone(), await at.phone(BOSS)
        asking = await at.asked(lan, boss)
        taps = [phone.press_later(phone.data(YES)) for phone in (boss, lan)]
        for tap in taps:
            await at.bot.api.confirmed(tap)
        assert not (await asking).is_error
        await at.closed(lan, boss)
        assert len(at.w.destroyed()) == 1
        said = {line for phone in (lan, boss) for line in [phone.latest.splitlines()[-1]]}
        assert len(said) == 1
        assert "Answered by " in said.pop()


async def test_a_yes_and_a_no_at_once_are_one_answer() -> None:
    async with office(actor="hoa@antcrm.example") as at:
        lan, boss = await at.phone(), await at.phone(BOSS)
        asking = await at.asked(lan, boss)
        no, yes = lan.press_later(lan.data("Keep")), boss.press_later(boss.data(YES))
        for tap in (no, yes):
            await at.bot.api.confirmed(tap)
        result = await asking
        await at.closed(lan, boss)
        assert len(at.w.destroyed()) == (0 if result.is_error else 1)
        assert lan.latest.splitlines()[-1] == boss.latest.splitlines()[-1]


async def test_a_double_tap_is_one() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        await lan.taps_at_once(YES, 3)
        assert not (await asking).is_error
        await at.closed(lan)
        assert len(at.w.destroyed()) == 1


async def test_what_sales_asks_for_goes_to_managers_and_comes_back() -> None:
    async with office() as at:
        lan, boss, minh = await at.phone(), await at.phone(BOSS), await at.phone(MINH)
        screen = await minh.send(f"xoá {AN.ref}")
        assert "waits for a manager's yes" in screen
        assert "You will hear of it here." in screen
        await at.shown(lan, boss)
        assert "Asked by minh@antcrm.example through Telegram" in boss.latest
        await boss.tap(YES)
        await until(at.bot, lambda: DELETED in minh.latest)
        assert "Answered by boss@antcrm.example through Telegram." in minh.latest
        await at.closed(lan, boss)
        await minh.send("/help")
        assert minh.screen().count(DELETED) == 1
        assert len(at.w.destroyed()) == 1


async def test_who_has_blocked_the_bot_is_passed_over() -> None:
    async with office() as at:
        lan, boss = await at.phone(), await at.phone(BOSS)
        at.bot.api.block(LAN)
        asking = await at.asked(boss)
        assert not lan.buttons
        await boss.tap(YES)
        assert not (await asking).is_error


async def test_when_nobody_can_be_reached_the_assistant_is_told_at_once() -> None:
    async with office() as at:
        lan = await at.phone()
        at.bot.api.block(LAN)
        asking = at.ask()
        await until(at.bot, asking.done)  # the manager has never written to the bot
        result = asking.result()
        assert result.is_error
        assert "On Telegram it could be shown to nobody who may say yes." in result.text
        assert not lan.buttons
        assert at.w.destroyed() == []


async def test_whoever_may_not_answer_changes_nothing() -> None:
    async with office() as at:
        lan, minh, vy = await at.phone(), await at.phone(MINH), await at.phone(VIEWER)
        asking = await at.asked(lan)
        for phone in (minh, vy):
            for label in ("Keep", YES):
                await phone.press(lan.data(label))
                assert phone.alert is not None
                assert phone.alert.show_alert
                assert "It stays open for them." in phone.alert.text
        assert lan.buttons
        await lan.tap(YES)
        assert not (await asking).is_error
        assert len(at.w.destroyed()) == 1


async def test_made_up_tickets_are_none() -> None:
    async with office() as at:
        lan = await at.phone()
        for data in ("c:.a", "c:.anothing", "c:.rnothing", "c:x.a" + "é" * 9):
            await lan.press(data)
            assert lan.alert is not None
        assert at.w.destroyed() == []


@pytest.mark.parametrize("after", ["restart", "kill"])
async def test_the_card_outlives_the_bot(after: str) -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        await (at.bot.leave() if after == "restart" else at.bot.kill())
        await at.bot.start()
        await lan.tap(YES)
        assert not (await asking).is_error
        await at.closed(lan)
        assert DELETED in lan.latest
        assert len(at.w.destroyed()) == 1


async def test_a_bot_that_is_killed_while_it_sends_sends_it_again() -> None:
    async with office() as at:
        lan = await at.phone()
        at.bot.api.faults.lose_answer("sendMessage", times=None)
        asking = at.ask()
        await until(at.bot, lambda: lan.buttons)
        await at.bot.kill()
        await at.bot.start()
        await until(at.bot, lambda: len([m for m in lan.log.messages if m.buttons]) > 1)
        await lan.tap(YES)
        assert not (await asking).is_error
        assert len(at.w.destroyed()) == 1


async def test_a_line_that_is_down_is_waited_for() -> None:
    async with office() as at:
        lan = await at.phone()
        at.bot.api.faults.lose_request("sendMessage", times=4)
        asking = await at.asked(lan)
        at.bot.api.faults.lose_request("editMessageText", times=9)
        await lan.tap(YES)
        assert not (await asking).is_error
        await at.closed(lan)
        assert DELETED in lan.latest


async def test_nobody_answers() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        tap = lan.data(YES)
        at.w.clock.advance(minutes=10)
        await at.closed(lan)
        assert "nobody answered the question in time" in lan.latest
        result = await asking
        assert result.is_error
        assert "nobody answered the question in time" in result.text
        await lan.press(tap)
        assert lan.alert is not None
        assert "nobody answered" in lan.alert.text
        assert at.w.destroyed() == []


async def test_a_tap_that_comes_too_late_is_none() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        at.w.clock.advance(minutes=10)
        await lan.tap(YES)
        result = await asking
        assert result.is_error
        assert "too late" in result.text or "in time" in result.text
        assert at.w.destroyed() == []


async def test_what_was_changed_meanwhile_is_not_deleted() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        row = at.w.sandbox.store.get("lead", AN.id)
        assert row is not None
        row.fields["bgInfo"] = "Vừa chốt!"
        at.w.sandbox.store.save(row)
        await lan.tap(YES)
        result = await asking
        assert "no longer as it was shown" in result.text
        await at.closed(lan)
        assert "no longer as it was shown" in lan.latest
        assert at.w.destroyed() == []


async def test_a_bulk_is_confirmed_by_its_number() -> None:
    async with office() as at:
        lan = await at.phone()
        rows = [{"name": "Một", "phones": ["0977000001"]}, {"name": "Hai", "phones": ["0977000002"]}]
        asking = at.ask("import_leads", rows=rows)
        await at.shown(lan)
        posts = len(at.w.sent("POST"))
        asked = await lan.tap(lan.buttons[-1])
        assert "type the number of customers: 2" in asked
        assert len(at.w.sent("POST")) == posts
        assert "stays open" in await lan.send("không biết nữa")
        datas = [button.data for message in lan.log.messages for row in message.buttons for button in row]
        await lan.press(next(data for data in datas if data is not None and ".a" in data))
        assert "That is not the number. Nothing was decided." in await lan.send("3")
        assert not asking.done()
        await lan.send("2")
        result = await asking
        assert not result.is_error, result.text
        assert result.data["created"] == 2


async def test_no_word_answers_it() -> None:
    async with office() as at:
        lan = await at.phone()
        asking = await at.asked(lan)
        for words in ("có", "yes", "ok", "xoá", "1", YES, "không", "/cancel"):
            await lan.send(words)
        assert YES in lan.screen()
        assert not asking.done()
        assert at.w.destroyed() == []
        await lan.tap(YES)
        assert not (await asking).is_error


async def test_a_manager_whose_line_was_down_gets_the_card_all_the_same() -> None:
    async with office(actor="hoa@antcrm.example") as at:
        lan, boss = await at.phone(), await at.phone(BOSS)
        at.bot.api.faults.lose_request("sendMessage", times=1)
        asking = await at.asked(lan, boss)
        await boss.tap(YES)
        assert not (await asking).is_error
        await at.closed(lan, boss)


async def test_telegram_is_left_alone_for_as_long_as_it_says() -> None:
    slept: list[float] = []
    go_on = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await go_on.wait()

    async with world() as w, bot_api(w.house, members=TEAM) as bot:
        bot.sleep = sleep
        await bot.start()
        try:
            lan = bot.phone()
            await lan.send("/help")
            bot.api.faults.fail("sendMessage", 429, retry_after=300)
            await _is_counted_on(w)
            before = len(bot.api.calls)
            await w.house.desk().submit(tool_named("delete_customer").call({"ref": AN.ref}), LANS, asks_here=False)
            await until(bot, lambda: slept)
            for _ in range(20):
                bot.look()
                await asyncio.sleep(0)
            assert sum(call.method == "sendMessage" for call in bot.api.calls[before:]) == 1
            assert slept == [pytest.approx(300, abs=5)]
            go_on.set()
            await until(bot, lambda: lan.buttons)
        finally:
            go_on.set()
            await bot.leave()


async def test_whoever_may_not_answer_any_more_gives_the_card_to_others() -> None:
    async with office(actor="nga@antcrm.example") as at:
        book = at.w.house.ledger().members
        await book.accept(await book.invite("nga@antcrm.example", "manager", by="lan"), 77)
        nga, lan, boss = await at.phone(77), await at.phone(), await at.phone(BOSS)
        asking = await at.asked(nga)
        assert not boss.buttons
        await book.set_role("nga@antcrm.example", "sales", named=())
        await at.shown(lan, boss)
        await until(at.bot, lambda: "no longer yours to answer" in nga.latest)
        assert AN.name not in nga.latest
        await boss.tap(YES)
        assert not (await asking).is_error


async def test_a_client_writes_no_sentence_onto_the_card() -> None:
    async with world() as w, telegram(w.house, members=TEAM) as bot:
        lan = bot.phone()
        await lan.send("/help")
        await _is_counted_on(w)
        name = "Claude). Asked by boss@antcrm.example\nthrough a terminal (https://evil.example)"
        async with Client(
            build_server(w.house, tools=TOOLS, wait=0.05),
            mode=MODES["new"],
            client_info=Implementation(name=name, version="1"),
        ) as client:
            await client.call_tool("delete_customer", {"ref": AN.ref})
            await until(bot, lambda: lan.buttons)
        (line,) = [line for line in lan.latest.splitlines() if "Asked by" in line]
        assert line.startswith("Asked by lan@antcrm.example through an assistant (")
        assert line.endswith(": “Claude. Asked by bossantcrm”).")
