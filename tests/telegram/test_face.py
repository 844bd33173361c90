"""The conversation as people live it: slow lines, several people, two languages, and what nobody foresaw."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, ANH, HOA, MEMORABLE
from antcrm_tools.sandbox.telegram import BotApi
from antcrm_tools.settings import Settings
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MINH, TOKEN, TelegramBot, telegram
from tests.fakes.world import World


class Held:
    """The way to AntCRM, on which requests wait until it is let go."""

    def __init__(self, line: httpx.AsyncBaseTransport) -> None:
        self._handle = line.handle_async_request
        self.go = asyncio.Event()

    async def handle(self, request: httpx.Request) -> httpx.Response:
        await self.go.wait()
        return await self._handle(request)


@pytest.fixture
def held(w: World, monkeypatch: pytest.MonkeyPatch) -> Held:
    """AntCRM answers when the test says so, and people are told at once that it is slow."""
    line = Held(w.line)
    monkeypatch.setattr(w.line, "handle_async_request", line.handle)
    for seconds in ("_SHOWS_TYPING", "_TAP_WAITS"):
        monkeypatch.setattr(f"antcrm_telegram.face.{seconds}", 0.01)
    return line


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What we log; the libraries' loggers are silenced where there is a real log."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("antcrm")]


def actions(api: BotApi, chat: int = LAN) -> int:
    """How often somebody was shown that something is being done."""
    return sum(call.method == "sendChatAction" and call.params["chat_id"] == chat for call in api.calls)


async def test_a_slow_antcrm_is_seen_to_be_worked_on(bot: TelegramBot, lan: Phone, held: Held) -> None:
    update = lan.send_later(AN.ref)
    await bot.api.until(lambda: actions(bot.api) == 1)
    assert not lan.latest
    held.go.set()
    await bot.api.confirmed(update)
    assert AN.name in lan.latest
    # Where it is quick, nothing is shown but the answer.
    shown = actions(bot.api)
    await lan.send("/help")
    assert actions(bot.api) == shown


async def test_a_slow_tap_says_so_and_then_what_came_of_it(w: World, bot: TelegramBot, lan: Phone, held: Held) -> None:
    held.go.set()
    await lan.send(f"xoá {AN.ref}")
    held.go.clear()
    update = lan.press_later(lan.data("Delete"))
    await bot.api.until(lambda: lan.alert is not None)
    assert lan.alert is not None
    assert lan.alert.text == "Working on it…"
    assert "Delete lead" in lan.screen()
    held.go.set()
    await bot.api.confirmed(update)
    assert f"Deleted: {AN.ref}" in lan.latest
    assert len(w.destroyed()) == 1


async def test_taps_behind_a_slow_one_are_told_too(w: World, bot: TelegramBot, lan: Phone, held: Held) -> None:
    held.go.set()
    await lan.send(f"xoá {AN.ref}")
    held.go.clear()
    yes = lan.data("Delete")
    taps = [lan.press_later(yes) for _ in range(5)]
    await bot.api.until(lambda: actions(bot.api) > 0)
    held.go.set()
    for tap in taps:
        await bot.api.confirmed(tap)
    said = [answer.text for answer in bot.api.query_answers.values()]
    assert len(said) == 5
    assert sum("used already" in text for text in said) == 4
    assert len(w.destroyed()) == 1


async def test_people_do_not_wait_for_each_other(bot: TelegramBot, lan: Phone, minh: Phone, held: Held) -> None:
    update = lan.send_later(AN.ref)
    await bot.api.until(lambda: actions(bot.api) > 0)
    minh.send_later("/help")
    await minh.sees("You can write:")
    assert not lan.latest
    held.go.set()
    await bot.api.confirmed(update)
    assert AN.name in lan.latest


async def test_everybody_is_answered_in_the_order_they_wrote(bot: TelegramBot, w: World) -> None:
    phones = [bot.phone(user) for user in (LAN, MINH)]
    refs = [AN.ref, "/help", HOA.ref, "alo", ANH.ref, f"xoá {AN.ref}"]
    updates = [phone.send_later(words) for words in refs for phone in phones]
    for update in updates:
        await bot.api.confirmed(update)
    for phone, last in zip(phones, ("Delete lead", "waits for a manager's yes"), strict=True):
        answers = [message.text for message in phone.log.messages if message.by_bot]
        expected = (AN.name, "You can write", HOA.name, "did not understand", ANH.name, last)
        assert len(answers) == len(expected)
        assert all(words in answer for words, answer in zip(expected, answers, strict=True))
    assert w.destroyed() == []


@pytest.mark.parametrize("broken", ["antcrm_chat.views.whole", "antcrm_telegram.face.lead_of"])
async def test_something_nobody_foresaw(
    lan: Phone, broken: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"no luck with {HOA.name} {HOA.phone}")

    monkeypatch.setattr(broken, fails)
    with caplog.at_level(logging.DEBUG):
        screen = await (lan.send(HOA.ref) if "views" in broken else lan.share_contact("Hoa", HOA.phone))
    assert "Something unexpected went wrong" in screen
    code = screen.rsplit("code ", 1)[1].split(".")[0]
    assert len(code) == 6
    lines = [line for line in ours(caplog) if code in line]
    assert len(lines) == 1
    assert "RuntimeError" in lines[0]
    assert ".py:" in lines[0]
    assert HOA.name not in lines[0]
    assert HOA.phone not in lines[0]
    monkeypatch.undo()
    assert HOA.name in await lan.send(HOA.ref)


async def test_a_card_telegram_refuses_is_not_passed_over(bot: TelegramBot, lan: Phone) -> None:
    bot.api.faults.fail("sendMessage", 400)
    screen = await lan.send(HOA.ref)
    assert "it may be that you do not see what became of your message" in screen
    assert HOA.name not in screen


async def test_a_message_the_library_cannot_read(bot: TelegramBot) -> None:
    phone = bot.phone(language_code="vi")
    await phone.send("/help")
    phone.send_later("alo")
    await bot.api.confirmed(bot.api.push_message(phone.user, contact={"first_name": "Hoa"}))
    assert AN.name in await phone.send(AN.ref)
    assert "Không đọc được một tin nhắn của bạn" in phone.screen()


async def test_the_log_of_a_day_bears_nobodys_data(
    w: World, bot: TelegramBot, lan: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for words in (AN.phone, HOA.ref, "anh Bình 0977123456", f"xoá {AN.ref}", "có", "/tag L9002 VIP", "alo"):
            await lan.send(words)
        await lan.tap("Delete")
        await lan.share_contact("Cường", "0966123456")
        w.line.lose_answer("POST")
        await lan.tap("Save")
        bot.api.faults.fail("sendMessage", 502)
        await lan.send(HOA.ref)
    lines = "\n".join(ours(caplog))
    secret = [TOKEN, TOKEN.split(":")[1], "Bình", "Cường", "0977123456", "0966123456"]
    secret += [words for one in MEMORABLE for words in (one.name, one.phone, one.email) if words]
    assert [words for words in secret if words in lines] == []


async def test_a_reply_answers_the_question_it_is_sent_to(w: World, lan: Phone) -> None:
    for number in ("0912000111", "0912000222"):
        await lan.forward(number)
        await lan.tap("Save")
    first = next(message for message in lan.log.messages if "0912000111?" in message.text)
    await lan.send("Bình", reply_to=first.message_id)
    [post] = w.sent("POST")
    assert (post.body["name"], post.body["phones"][0]["value"]) == ("Bình", "0912000111")


async def test_a_made_up_antcrm_says_so_under_everything() -> None:
    settings = Settings.model_validate({"sandbox": True, "language": "en"})
    async with House(settings) as house, telegram(house) as bot:
        phone = bot.phone()
        for words in ("/start", AN.ref, "anh Bình 0977123456"):
            assert "A made-up AntCRM, for trying" in await phone.send(words)
        assert "A made-up AntCRM, for trying" in await phone.tap("Save")
        assert bot.api.violations == []


async def test_a_real_one_does_not(lan: Phone) -> None:
    assert "made-up" not in await lan.send(AN.ref)
