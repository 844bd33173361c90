"""A picture comes right after the words that say the same, and whatever becomes of it, the words are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from telegram.request import HTTPXRequest

from antcrm_chat.cards import Button, Card, Picture
from antcrm_chat.funnel import draw
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.fetching import Bot
from antcrm_tools.sandbox.telegram import BotApi, serving
from antcrm_tools.sandbox.telegram.texts import units
from antcrm_tools.text import msg, verbatim
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, SPEC, TOKEN, TelegramBot, soon

PICTURE = Picture(verbatim("Tháng này <b> & tuần"), ((verbatim("Mới"), 12), (verbatim("Chốt"), 5)))
CARD = Card(PICTURE.title, (verbatim("17 khách"),), picture=PICTURE)
WORDS, CAPTION = "Tháng này <b> & tuần\n17 khách", "Tháng này <b> & tuần"
SORRY = "The picture could not be sent; the words above say the same."


@dataclass
class Line:
    """A delivery to one phone."""

    api: BotApi
    bot: Bot
    phone: Phone
    slept: list[float]

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.bot, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def show(self, *cards: Card) -> None:
        async with asyncio.timeout(20):
            await self.delivery.show(LAN, list(cards), "en", in_place=True)

    @property
    def tries(self) -> int:
        """How often the picture was sent, or tried to."""
        return sum(call.method == "sendPhoto" for call in self.api.calls)

    @property
    def seen(self) -> list[str]:
        """What stands on the screen of the bot's."""
        return [
            f"[{message.text}]" if message.photo else message.text
            for message in self.phone.log.messages
            if message.by_bot and not message.deleted
        ]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """Every call is legal."""
    api = BotApi(TOKEN, spec=SPEC)
    async with serving(api) as url:
        kwargs = {"verify": False}  # reading the certificates of the world takes longer than a test
        request, polling = (HTTPXRequest(httpx_kwargs=kwargs) for _ in range(2))
        async with Bot(TOKEN, base_url=f"{url}/bot", request=request, get_updates_request=polling) as bot:
            phone = Phone(api)
            phone.send_later("x")  # a bot may not write first
            yield Line(api, bot, phone, [])
    assert api.violations == []


# Where it stands.


async def test_after_the_words(line: Line) -> None:
    await line.show(CARD, Card(None, (verbatim("sau"),)))
    assert line.seen == [WORDS, f"[{CAPTION}]", "sau"]
    (picture,) = line.phone.pictures
    assert picture.photo == draw(PICTURE, "en")
    assert picture.protected
    assert picture.buttons == []


async def test_a_card_in_the_place_of_another_is_edited_and_the_picture_is_new(line: Line) -> None:
    delivery = line.delivery
    question = Card(None, (verbatim("hỏi"),), buttons=((Button(verbatim("Có"), "t"),),), id="1")
    await delivery.show(LAN, [question], "en", in_place=True)
    shown = replace(CARD, id="2", replaces="1", buttons=((Button(verbatim("Tuần"), "u"),),))
    await delivery.show(LAN, [shown], "en", in_place=True)
    assert line.seen == [WORDS, f"[{CAPTION}]"]
    await delivery.show(LAN, [Card(None, (verbatim("sau"),), replaces="2")], "en", in_place=True)
    assert line.seen == ["sau", f"[{CAPTION}]"]


async def test_a_passing_word_has_none(line: Line) -> None:
    await line.show(replace(CARD, notice=True))
    assert (line.seen, line.tries) == ([], 0)


@pytest.mark.parametrize(
    ("title", "caption"),
    [
        ("Bước\u202e 1\n<i>2</i> \ud83d", "Bước 1 <i>2</i>"),
        ("", ""),
        ("\u3164\x1b", ""),
        ("😀" * 600, "😀" * 499 + "…"),
    ],
)
async def test_whatever_the_title_is(title: str, caption: str, line: Line) -> None:
    await line.show(replace(CARD, title=None, picture=replace(PICTURE, title=verbatim(title))))
    assert line.seen == ["17 khách", f"[{caption}]"]
    assert units(caption) <= 1024


# When it does not get through.


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (400, "Bad Request: file of size 20000000 bytes is too big for a photo; the maximum size is 10485760 bytes"),
        (403, "Forbidden: not enough rights to send photos to the chat"),
    ],
)
async def test_what_telegram_will_not_have_is_not_tried_again(status: int, description: str, line: Line) -> None:
    line.api.faults.fail("sendPhoto", status, description=description)
    await line.show(CARD, Card(None, (verbatim("sau"),)))
    assert line.seen == [WORDS, SORRY, "sau"]
    assert (line.tries, line.slept) == (1, [])


async def test_told_to_wait_it_waits_and_sends_once(line: Line) -> None:
    line.api.faults.fail("sendPhoto", 429, retry_after=7, times=3)
    await line.show(CARD)
    assert line.seen == [WORDS, f"[{CAPTION}]"]
    assert line.slept == [7.5, 7.5, 7.5]


async def test_a_long_wait_is_not_waited_out(line: Line) -> None:
    """Words would be, for they may be all that tells of a write."""
    line.api.faults.fail("sendPhoto", 429, retry_after=3600, times=None)
    await line.show(CARD)
    assert line.seen == [WORDS, SORRY]
    assert (line.tries, line.slept) == (1, [])


async def test_it_is_tried_for_minutes_and_not_for_ever(line: Line) -> None:
    line.api.faults.fail("sendPhoto", 500, times=8)
    await line.show(CARD)
    assert line.seen == [WORDS, f"[{CAPTION}]"]
    for status in (500, 502, 413):
        line.slept.clear()
        line.api.faults.clear()
        line.api.faults.fail("sendPhoto", status, times=None)
        await line.show(CARD)
        assert line.seen[-2:] == [WORDS, SORRY]
        assert 200 < sum(line.slept) <= 300


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_that_was_lost_is_no_silence_and_no_flood(times: int, line: Line) -> None:
    line.api.faults.lose_answer("sendPhoto", times=times)
    await line.show(CARD)
    assert line.seen == [WORDS, *[f"[{CAPTION}]"] * (times + 1)]


async def test_of_what_may_have_arrived_there_are_never_more_than_three(line: Line) -> None:
    line.api.faults.lose_answer("sendPhoto", times=None)
    await line.show(CARD)
    assert line.seen == [WORDS, *[f"[{CAPTION}]"] * 3, SORRY]


async def test_where_not_even_that_can_be_said_the_next_card_comes_all_the_same(line: Line) -> None:
    line.api.faults.fail("sendPhoto", 400)
    delivery = line.delivery
    line.api.faults.fail("sendMessage", 500)  # the words are tried again, what is said of the picture is not
    await delivery.show(LAN, [CARD], "en", in_place=True)
    assert line.seen == [WORDS, SORRY]
    line.api.faults.fail("sendPhoto", 400)
    await delivery.show(LAN, [Card(None, (verbatim("sau"),))], "en", in_place=True)
    assert line.seen[-1] == "sau"


async def test_in_a_hurry_it_is_not_waited_for_long(line: Line) -> None:
    delivery = line.delivery
    delivery.hurry()
    line.api.faults.fail("sendPhoto", 429, retry_after=100, times=None)
    await delivery.show(LAN, [CARD], "en", in_place=True)
    assert line.seen == [WORDS, SORRY]
    assert line.slept == [2.0, 2.0]


async def test_a_wait_ends_when_the_process_does(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antcrm_telegram.delivery._LAST_PAUSE", 0.0)
    delivery = Delivery(line.bot)
    line.api.faults.fail("sendPhoto", 429, retry_after=200)
    showing = asyncio.create_task(delivery.show(LAN, [CARD], "en", in_place=True))
    await soon(lambda: any(call.method == "sendPhoto" and call.status for call in line.api.calls))
    async with asyncio.timeout(10):
        delivery.hurry()
        await showing
    assert line.seen == [WORDS, f"[{CAPTION}]"]


async def test_a_picture_that_cannot_be_drawn_breaks_nothing(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    unsayable = replace(PICTURE, title=msg("{missing}", other=1))
    await line.show(replace(CARD, picture=unsayable), Card(None, (verbatim("sau"),)))
    assert line.seen == [WORDS, SORRY, "sau"]
    assert line.tries == 0
    assert "KeyError" in caplog.text


# Through the whole bot.


async def test_a_report_as_a_picture(bot: TelegramBot, lan: Phone) -> None:
    await lan.send("Chị Mới 0977 123 456")
    await lan.tap("Save")
    await lan.send("/report month")
    before = len(lan.pictures)
    await lan.tap("Picture")
    assert len(lan.pictures) == before + 1
    assert lan.screen(1).startswith("(photo) This month (")
    bot.api.faults.fail("sendPhoto", 400)
    await lan.tap("Picture")
    assert len(lan.pictures) == before + 1
    assert "This month (" in lan.latest
    assert SORRY in lan.latest
