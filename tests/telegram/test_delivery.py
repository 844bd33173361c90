"""Cards get onto the phone whatever Telegram does: once, or a few times, never not at all, and each in its place."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from antcrm_chat.cards import Button, Card
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.fetching import Bot
from antcrm_tools.sandbox import AN
from antcrm_tools.sandbox.telegram import ApiCall, BotApi, serving
from antcrm_tools.sandbox.telegram.answers import Answer
from antcrm_tools.text import verbatim
from tests.fakes.phone import Phone
from tests.fakes.proxies import hanging_up
from tests.fakes.telegram import LAN, SPEC, TOKEN, TelegramBot, soon
from tests.fakes.world import World

LONG = "\n".join(f"dòng {number} " + "x" * 60 for number in range(150))
"""Three messages."""


def card(text: str, *, buttons: str = "", **more: Any) -> Card:
    rows = ((Button(verbatim(label), f"token-{label}"),) for label in buttons.split())
    return Card(None, (verbatim(text),), buttons=tuple(rows), **more)


@dataclass
class Line:
    """A delivery to one phone."""

    api: BotApi
    delivery: Delivery
    phone: Phone
    bot: Bot
    slept: list[float]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def show(self, *cards: Card, in_place: bool = True) -> None:
        async with asyncio.timeout(20):
            await self.delivery.show(LAN, list(cards), "en", in_place=in_place)

    def calls(self, method: str) -> list[ApiCall]:
        return [call for call in self.api.calls if call.method == method]

    @property
    def texts(self) -> list[str]:
        """What stands on the screen of the bot's."""
        return [message.text for message in self.phone.log.messages if message.by_bot and not message.deleted]

    @property
    def with_buttons(self) -> list[str]:
        """The texts of those that still have buttons."""
        return [message.text for message in self.phone.log.messages if message.buttons and not message.deleted]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    api = BotApi(TOKEN, spec=SPEC)
    async with serving(api) as url:
        kwargs = {"verify": False}  # reading the certificates of the world takes longer than a test
        request, polling = (HTTPXRequest(httpx_kwargs=kwargs) for _ in range(2))
        async with Bot(TOKEN, base_url=f"{url}/bot", request=request, get_updates_request=polling) as bot:
            slept: list[float] = []

            async def sleep(seconds: float) -> None:
                slept.append(seconds)

            phone = Phone(api)
            phone.send_later("x")  # a bot may not write first
            yield Line(api, Delivery(bot, sleep=sleep), phone, bot, slept)
    assert api.violations == []


@pytest.fixture
def swept() -> Iterator[None]:
    """The socket of a proxy that breaks off is left by httpcore to the garbage collector: it comes here."""
    yield
    gc.collect()


# Getting there.


async def test_told_to_wait_it_waits_and_sends_once(line: Line) -> None:
    line.api.faults.fail("sendMessage", 429, retry_after=7, times=3)
    await line.show(card("xong"))
    assert line.texts == ["xong"]
    assert line.slept == [7.5, 7.5, 7.5]


async def test_a_long_wait_is_waited_out(line: Line) -> None:
    line.api.faults.fail("sendMessage", 429, retry_after=3600, times=2)
    await line.show(card("xong"))
    assert line.texts == ["xong"]
    assert line.slept == [3600.5, 3600.5]


async def test_what_telegram_has_refused_is_sent_again_for_minutes(line: Line) -> None:
    """It did not arrive, so it cannot be there twice."""
    for done, (status, html) in enumerate(((500, False), (502, True), (503, False), (403, True), (429, True)), 1):
        line.slept.clear()
        (line.api.faults.html if html else line.api.faults.fail)("sendMessage", status, times=12)
        await line.show(card("xong"))
        assert len(line.texts) == done
        assert 200 < sum(line.slept) < 600


async def test_in_the_end_it_gives_up(line: Line) -> None:
    line.api.faults.fail("sendMessage", 500, times=None)
    with pytest.raises(NetworkError):
        await Delivery(line.bot, sleep=line.sleep, patience=600).say(LAN, "xong")
    assert 500 < sum(line.slept) <= 600


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_that_was_lost_is_no_silence_and_no_flood(times: int, line: Line) -> None:
    line.api.faults.lose_answer("sendMessage", times=times)
    await line.show(card("xong"))
    assert line.texts == ["xong"] * (times + 1)


async def test_of_what_may_have_arrived_there_are_never_more_than_three(line: Line) -> None:
    faults: Any = line.api.faults
    for fault in ("lost", "a page", "cut", "504", "504 page"):
        before = len(line.calls("sendMessage"))
        faults.clear()
        match fault:
            case "lost":
                faults.lose_answer("sendMessage", times=None)
            case "a page":
                faults.html("sendMessage", 200, times=None)
            case "cut":
                faults.fail("sendMessage", 500, times=None)
                faults._queue[-1].answer = Answer(200, '{"ok": true, "resu')  # noqa: SLF001
            case "504":
                faults.fail("sendMessage", 504, times=None, description="Gateway Timeout")
            case _:
                faults.html("sendMessage", 504, times=None)
        with pytest.raises(NetworkError):
            await line.show(card("xong"))
        assert len(line.calls("sendMessage")) - before == 3, fault


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("who", ["nobody", "a proxy that hangs up"])
async def test_where_nothing_gets_through_it_is_tried_for_minutes(who: str) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with hanging_up() as proxy:
        request = HTTPXRequest(httpx_kwargs={"verify": False}, proxy=None if who == "nobody" else proxy.url)
        gone = Bot(TOKEN, base_url="http://127.0.0.1:9/bot", request=request)
        await request.initialize()
        try:
            with pytest.raises(NetworkError):
                await Delivery(gone, sleep=sleep, patience=600).say(LAN, "xong")
        finally:
            await request.shutdown()
    assert 500 < sum(slept) <= 600


async def test_what_telegram_will_not_have_is_not_tried_again(line: Line) -> None:
    line.api.faults.fail("sendMessage", 400)
    line.api.faults.fail("sendMessage", 403)
    with pytest.raises(BadRequest):
        await line.show(card("xong"))
    with pytest.raises(Forbidden):
        await line.show(card("xong"))
    assert (len(line.calls("sendMessage")), line.slept) == (2, [])


async def test_an_edit_is_tried_again_as_often_as_it_takes(line: Line) -> None:
    await line.show(card("hỏi", buttons="Có", id="1"))
    line.api.faults.lose_answer("editMessageText", times=3)
    line.api.faults.lose_request("editMessageText", times=3)
    line.api.faults.fail("editMessageText", 500, times=3)
    await line.show(card("xong", replaces="1"))
    assert line.texts == ["xong"]
    assert len(line.calls("editMessageText")) == 10


# In the end.


async def test_in_a_hurry_the_wait_ends_and_it_is_tried_once_more(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antcrm_telegram.delivery._LAST_PAUSE", 0.0)
    delivery = Delivery(line.delivery._bot)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    line.api.faults.fail("sendMessage", 429, retry_after=300)
    saying = asyncio.create_task(delivery.say(LAN, "xong"))
    await soon(lambda: any(call.status for call in line.calls("sendMessage")))
    async with asyncio.timeout(10):
        delivery.hurry()
        await saying
    assert line.texts == ["xong"]


async def test_in_a_hurry_it_is_not_waited_for_long(line: Line) -> None:
    line.delivery.hurry()
    line.api.faults.fail("sendMessage", 429, retry_after=100, times=None)
    with pytest.raises(RetryAfter):
        await line.show(card("không kịp"))
    assert line.slept == [2.0, 2.0]


# Its place on the screen.


async def test_a_tapped_card_is_replaced_where_it_stands(line: Line) -> None:
    await line.show(card("hỏi", buttons="Có Không", id="1"))
    line.phone.send_later("y")
    await line.show(card("xong", replaces="1"))
    assert line.texts == ["xong"]
    assert line.with_buttons == []


async def test_a_typed_answer_stands_at_the_end_and_the_question_has_no_buttons_any_more(line: Line) -> None:
    await line.show(card("hỏi", buttons="Có Không", id="1"))
    await line.show(card("xong", buttons="Xem", id="2", replaces="1"), in_place=False)
    assert line.texts == ["hỏi", "xong"]
    assert line.with_buttons == ["xong"]


async def test_of_a_card_of_several_messages_one_is_left(line: Line) -> None:
    await line.show(card(LONG, buttons="Có", id="1"))
    assert len(line.texts) == 3
    assert line.with_buttons == line.texts[-1:]
    await line.show(card("xong", replaces="1"))
    assert line.texts == ["xong"]


async def test_a_card_replaced_by_one_of_several_messages(line: Line) -> None:
    await line.show(card("hỏi", buttons="Có", id="1"))
    await line.show(card(LONG, buttons="Xem", id="2", replaces="1"))
    assert len(line.texts) == 3
    assert line.with_buttons == line.texts[-1:]
    await line.show(card("xong", replaces="2"))
    assert line.texts == ["xong"]


async def test_other_cards_are_closed(line: Line) -> None:
    await line.show(card("một", buttons="Có", id="1"), card("hai", buttons="Có", id="2"))
    await line.show(card("xong", closes=("1", "2", "none such")))
    assert line.texts == ["một", "hai", "xong"]
    assert line.with_buttons == []


async def test_what_was_edited_to_the_same_is_done(line: Line) -> None:
    """So an edit is, whose answer was lost."""
    await line.show(card("như nhau", buttons="Có", id="1"))
    await line.show(card("như nhau", buttons="Có", id="2", replaces="1"))
    assert line.texts == ["như nhau"]
    await line.show(card("xong", replaces="2"))
    assert line.texts == ["xong"]


async def test_a_card_that_was_deleted_is_sent_anew(line: Line) -> None:
    await line.show(card("hỏi", buttons="Có", id="1"))
    line.phone.log.messages[-1].deleted = True
    await line.show(card("xong", buttons="Xem", id="2", replaces="1"))
    assert line.texts == ["xong"]
    await line.show(card("sau", replaces="2"))
    assert line.texts == ["sau"]


async def test_a_card_of_an_earlier_process_is_answered_below_it(line: Line) -> None:
    await line.show(card("xong", replaces="of long ago"))
    assert line.texts == ["xong"]


async def test_the_same_words_are_not_said_twice(line: Line) -> None:
    await line.show(card("một", buttons="Có", id="1"), card("hai", buttons="Có", id="2"))
    await line.show(card("Đã huỷ", replaces="1"), card("Đã huỷ", replaces="2"), in_place=False)
    assert line.texts == ["một", "Đã huỷ", "Đã huỷ"]
    assert line.with_buttons == []


# Courtesies.


COURTESIES = ("setMessageReaction", "editMessageReplyMarkup", "deleteMessage")


async def test_a_courtesy_that_fails_breaks_nothing(line: Line) -> None:
    about = str(line.phone.log.messages[0].message_id)
    for fault in ("400", "403", "429", "500", "page", "request", "answer"):
        line.api.faults.clear()
        await line.show(card(LONG, buttons="Có", id="1"), card("hai", buttons="Có", id="2"))
        before = [len(line.calls(method)) for method in COURTESIES]
        for method in COURTESIES:
            match fault:
                case "request":
                    line.api.faults.lose_request(method, times=None)
                case "answer":
                    line.api.faults.lose_answer(method, times=None)
                case "page":
                    line.api.faults.html(method, 502, times=None)
                case _:
                    line.api.faults.fail(method, int(fault), times=None)
        await line.show(card(f"xong {fault}", replaces="1", closes=("2",), about=about, mark="saved"))
        assert f"xong {fault}" in line.texts
        assert line.slept == []
        assert [len(line.calls(method)) for method in COURTESIES] == [
            n + m for n, m in zip(before, (1, 1, 2), strict=True)
        ]


async def test_an_answer_says_which_message_it_is_about_and_marks_it(line: Line) -> None:
    mine = line.phone.log.messages[0]
    await line.show(card("đã lưu", about=str(mine.message_id), mark="saved"))
    assert line.phone.log.messages[-1].reply_to == mine.message_id
    assert mine.reactions == ["👍"]
    mine.deleted = True
    await line.show(card("nữa", about=str(mine.message_id), mark="saved"))
    assert line.texts[-1] == "nữa"


# Through the whole bot.


async def test_who_has_blocked_the_bot_stops_nobody(w: World, bot: TelegramBot, lan: Phone, minh: Phone) -> None:
    await lan.send("/start")
    update = lan.send_later(f"/note {AN.ref} đã ghi")
    bot.api.block(LAN)
    await bot.api.confirmed(update)
    assert AN.name in await minh.send(f"/find {AN.ref}")
    row = w.sandbox.store.get("lead", AN.id)
    assert row is not None
    assert "đã ghi" in row.fields["bgInfo"]
    bot.api.unblock(LAN)
    assert AN.name in await lan.send(f"/find {AN.ref}")


async def test_reactions_that_fail_break_no_turn(bot: TelegramBot, lan: Phone) -> None:
    bot.api.faults.fail("setMessageReaction", 400, times=None)
    await lan.send("Chị Mới 0977 123 456")
    assert "Created" in await lan.tap("Save")


async def test_a_card_that_could_not_be_shown_for_long_is_said_to_be_missing(bot: TelegramBot, lan: Phone) -> None:
    """Three answers are lost in a row, and then Telegram is back: the person hears that something is amiss."""
    bot.api.faults.lose_request("sendMessage", times=3)
    await lan.send(f"/note {AN.ref} ghi")
    assert "Something unexpected went wrong" in lan.latest
