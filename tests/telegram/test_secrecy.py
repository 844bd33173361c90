"""Nothing that goes to standard error bears the token, the key, or anybody's name, phone or e-mail, come what may."""

from __future__ import annotations

import gc
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from telegram import Update

from antcrm_chat.chat import Chat
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.face import Face
from antcrm_telegram.fetching import Bot
from antcrm_telegram.gate import Gate
from antcrm_tools import logs
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.sandbox.telegram.answers import Answer
from antcrm_tools.settings import load_settings
from tests.fakes.phone import Phone
from tests.fakes.proxies import http_proxy, socks_proxy
from tests.fakes.telegram import LAN, STRANGER, TOKEN, TelegramBot, bot_api, telegram
from tests.fakes.world import KEY, World, world

NAME, MAIL, NOTE = "Trần Bí Mật", "bi.mat@khach.example", "khách nợ lương"
PHONES = ("0977 123 456", "0977123456", "977123456", "977 123 456")
PROXY_WORD = "m4tkhau-cua-proxy"
PEOPLE = (NAME, "Bí Mật", "B\\xed", "\\u1ead", MAIL, NOTE, *PHONES)
PERSONAL = (*PEOPLE, AN.name, AN.phone, AN.phone[1:], AN.email or "", HOA.name)
SECRET = (TOKEN, TOKEN.partition(":")[2], KEY, PROXY_WORD)
LIBRARIES = ("asyncio", "httpcore", "httpx", "mcp", "sqlalchemy", "telegram", "uvicorn")

Err = Callable[[], str]


def leaks(text: str, what: tuple[str, ...]) -> list[str]:
    return [each for each in what if each.casefold() in text.casefold()]


class Stderr(io.StringIO):
    """Whatever standard error is when it is written to, for a test has another one than its fixtures."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)


@pytest.fixture
def err(capfd: pytest.CaptureFixture[str]) -> Iterator[Err]:
    """All that has gone to standard error and standard output; logging as the program sets it up, and at DEBUG."""
    root, before = logging.getLogger(), logging.root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("", *logging.root.manager.loggerDict)}
    set_up(KEY, TOKEN, PROXY_WORD)
    root.setLevel(logging.DEBUG)
    for name in [name for name in levels if name and name.split(".")[0] not in LIBRARIES]:
        logging.getLogger(name).setLevel(logging.DEBUG)
    told: list[str] = []

    def read() -> str:
        gc.collect()  # so that what was forgotten says so
        told.extend(capfd.readouterr())
        return "".join(told)

    yield read
    root.handlers[:] = before
    for name in ("", *logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def set_up(*secrets: str) -> None:
    """As the program does."""
    logs.set_up("antcrm", secrets=secrets)
    for handler in logging.root.handlers:
        if type(handler).__module__ == logs.__name__:
            vars(handler)["stream"] = Stderr()


def everything_at_debug() -> None:
    """The libraries too: they quote what they handle, so of people there is much in it; but no secret."""
    for name in [*logging.root.manager.loggerDict]:
        logging.getLogger(name).setLevel(logging.DEBUG)


async def talk(phone: Phone) -> None:
    """A bit of everything, whatever comes of it."""
    said: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: phone.send(f"{NAME} {PHONES[0]} {MAIL} {NOTE}"),
        lambda: phone.send(f"/lead {NAME} {PHONES[0]}"),
        lambda: phone.share_contact(NAME, PHONES[1], vcard=f"BEGIN:VCARD\nEMAIL:{MAIL}\nEND:VCARD"),
        lambda: phone.send(f"/find {PHONES[0]}"),
        lambda: phone.send(f"/find {AN.ref}"),
        lambda: phone.send(f"/note {AN.ref} {NOTE}"),
        lambda: phone.send(f"/delete {AN.ref}"),
        lambda: phone.press("c:nothing-of-ours"),
        lambda: phone.send_photo(f"{NAME} {PHONES[0]}"),
        lambda: phone.forward(f"{NAME} {PHONES[0]}"),
    )
    for say in said:
        await say()
    for label in phone.buttons[:2]:
        await phone.tap(label)


async def test_a_planted_leak_is_found(err: Err) -> None:
    logging.getLogger("antcrm_telegram.anything").debug("saved %s", NAME)
    sys.stderr.write(f"{TOKEN}\n")
    print(KEY)  # noqa: T201
    read = err()
    assert leaks(read, PERSONAL) == [NAME, "Bí Mật"]
    assert leaks(read, SECRET) == [TOKEN, TOKEN.partition(":")[2], KEY]


async def test_libraries_that_are_let_speak_do(err: Err, lan: Phone) -> None:
    """So the next test looks at something."""
    everything_at_debug()
    await lan.send(f"/find {PHONES[0]}")
    read = err()
    assert "getUpdates" in read
    assert leaks(read, PERSONAL)
    assert leaks(read, SECRET) == []


async def test_a_day_without_trouble(err: Err, lan: Phone, stranger: Phone) -> None:
    await talk(lan)
    await stranger.send(f"{NAME} {PHONES[0]}")
    assert leaks(err(), (*PERSONAL, *SECRET)) == []


QUOTING = f"Bad Request: chat of {NAME} {PHONES[1]} {MAIL} for {TOKEN} with {KEY} not found"


@pytest.mark.parametrize("loud", [False, True], ids=["as set up", "libraries too"])
async def test_trouble_with_telegram(loud: bool, err: Err) -> None:
    """Every method, in every way, with answers that quote what was sent."""
    async with world() as w, telegram(w.house) as bot:
        if loud:
            everything_at_debug()
        faults: Any = bot.api.faults
        lan = bot.phone()
        for kind in ("400", "403", "429", "500", "page", "garbage", "request", "answer"):
            for method in ("sendMessage", "editMessageText", "answerCallbackQuery", "setMessageReaction", "getUpdates"):
                match kind:
                    case "page":
                        faults.html(method, 502, times=2)
                    case "garbage":
                        faults.fail(method, 500, times=2)
                        faults._queue[-1].answer = Answer(200, f'{{"what": "{QUOTING}"')  # noqa: SLF001
                    case "request":
                        faults.lose_request(method, times=2)
                    case "answer":
                        faults.lose_answer(method, times=2)
                    case _:
                        faults.fail(method, int(kind), times=2, description=QUOTING)
            await talk(lan)
            faults.clear()
        bot.api.revoke()
        with pytest.raises(CrmError) as caught:
            await bot.ended()
        said = err() + repr(caught.value) + caught.value.render("vi")
    assert leaks(said, SECRET if loud else (*PERSONAL, *SECRET)) == []


@pytest.mark.parametrize("loud", [False, True], ids=["as set up", "libraries too"])
async def test_trouble_with_antcrm(loud: bool, err: Err, w: World, lan: Phone) -> None:
    if loud:
        everything_at_debug()
    for fault in ("fail", "html", "cut", "act and fail", "lose_request", "lose_answer", "cut_answer"):
        match fault:
            case "fail":
                w.sandbox.faults.fail("*", 500, times=None)
            case "html":
                w.sandbox.faults.html("*", 502, times=None)
            case "cut":
                w.sandbox.faults.cut("*", times=None)
            case "act and fail":
                w.sandbox.faults.fail("POST", 500, act=True, times=None)
            case _:
                getattr(w.line, fault)(times=1000)
        await talk(lan)
        w.sandbox.faults.clear()
        w.line.clear()
    assert leaks(err(), SECRET if loud else (*PERSONAL, *SECRET)) == []


async def test_updates_that_cannot_be_read(err: Err, bot: TelegramBot, lan: Phone) -> None:
    user = {"id": LAN, "is_bot": False, "first_name": NAME}
    chat = {"id": LAN, "type": "private", "first_name": NAME}
    whole = {"message_id": 7, "date": 5, "chat": chat, "from": user, "text": f"{NAME} {PHONES[0]} {TOKEN}"}
    for broken in (
        {"date": NAME},
        {"message_id": None, "entities": [NAME]},
        {"contact": {"vcard": f"{NAME} {PHONES[0]}"}},
        {"text": [NAME, PHONES[0]]},
        {"text": 977123456},
        {"chat": {"id": LAN, "type": NAME}},
        {"from": {**user, "language_code": [NAME]}},
    ):
        bot.api.push({"message": {**whole, **broken}})
    bot.api.push({"callback_query": {"from": user, "message": whole, "data": NAME}})
    await lan.send("/start")
    await bot.api.until(lambda: not bot.api.pending)
    read = err()
    assert "unexpected error" in read
    assert leaks(read, (*PERSONAL, *SECRET)) == []


def exploding(error: type[BaseException]) -> Any:
    def explode(*_: object, **__: object) -> Any:
        raise error(f"{NAME} {PHONES[0]} {MAIL} {TOKEN} {KEY}")

    return explode


PLACES: dict[str, tuple[type, str]] = {
    "the chat": (Chat, "hear"),
    "a tap": (Chat, "tap"),
    "a contact": (Chat, "hear_contact"),
    "showing": (Delivery, "show"),
    "saying": (Delivery, "say"),
    "the gate": (Gate, "check"),
    "who it is": (Gate, "person"),
    "their language": (Gate, "language_of"),
    "a handler": (Face, "_answer"),
    "the last line": (Face, "_on_error"),
    "reading": (Update, "de_json"),
    "sending": (Bot, "send_message"),
    "editing": (Bot, "edit_message_text"),
    "answering": (Bot, "answer_callback_query"),
}


async def test_what_nobody_foresaw(err: Err, w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug anywhere on the way of a message: it is noted, the process goes on, and says nothing of anybody."""
    async with bot_api(w.house) as bot:
        lan, stranger = bot.phone(), bot.phone(STRANGER)
        for number, place in enumerate(PLACES):
            with monkeypatch.context() as broken:
                broken.setattr(*PLACES[place], exploding((RuntimeError, KeyError)[number % 2]))
                await bot.start()
                for phone in (lan, stranger):
                    phone.send_later(f"{NAME} {PHONES[0]}")
                    phone.send_later(f"/find {AN.ref}")
                    phone.press_later("c:nothing")
                    bot.api.push_message(phone.user, contact={"phone_number": PHONES[1], "first_name": NAME})
                for phone in (lan,) if place == "the gate" else (lan, stranger):
                    bot.api.push({"message": {"from": phone.user.as_json(), "chat": phone.user.as_chat()}})
                await bot.api.until(lambda: not bot.api.pending)
                await bot.leave()
            await bot.start()
            assert AN.name in await lan.send(f"/find {AN.ref}"), place
            await bot.leave()
        assert AN.name not in stranger.screen()
        assert "code" not in stranger.screen(), "a gate that breaks lets nobody through"
    read = err()
    assert read.count("unexpected error") >= len(PLACES)
    assert leaks(read, (*PERSONAL, *SECRET)) == []


async def test_a_token_that_was_never_right(err: Err, w: World) -> None:
    everything_at_debug()
    async with bot_api(w.house) as bot:
        bot.token = TOKEN[:-5] + "qqqqq"
        set_up(bot.token)
        with pytest.raises(BadInput) as caught:
            await bot.start()
        said = err() + caught.value.render("en") + caught.value.render("vi") + repr(caught.value)
        assert leaks(said, (bot.token, bot.token.partition(":")[2])) == []


async def test_a_proxy_with_a_password(err: Err, w: World) -> None:
    everything_at_debug()
    for kind in (http_proxy, socks_proxy):
        async with kind(user="an", password=PROXY_WORD) as proxy, bot_api(w.house) as bot:
            settings = load_settings(_env_file=None, telegram_proxy=proxy.url)
            set_up(*settings.secrets())
            w.house.settings = w.house.settings.model_copy(update={"telegram_proxy": settings.telegram_proxy})
            await bot.start()
            await bot.phone().send("/start")
            await bot.leave()
    assert leaks(err(), SECRET) == []
