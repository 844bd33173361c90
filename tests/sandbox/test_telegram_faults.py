"""What goes wrong between the bot and Telegram, as python-telegram-bot meets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from antcrm_tools.sandbox.telegram import BotApi
from tests.sandbox.telegram_line import LAN, Bot, bot_of, new_api
from tests.sandbox.test_telegram_polling import poll_running


@pytest.fixture
def api() -> BotApi:
    api = new_api()
    api.push_message(LAN, text="/start")
    return api


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with bot_of(api) as connected:
        yield connected


def sent(api: BotApi) -> list[str]:
    return [message.text for message in api.chat(42).messages if message.by_bot]


async def test_too_many_requests(api: BotApi, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    api.faults.fail("sendMessage", 429, retry_after=7)
    await bot.send_chat_action(42, "typing")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(42, "x")
    assert refused.value.retry_after == timedelta(seconds=7)
    await bot.send_message(42, "y")
    assert sent(api) == ["y"]


FAILURES: list[tuple[int, type[TelegramError], str]] = [
    (400, BadRequest, "Bad Request"),
    (401, InvalidToken, "Unauthorized"),
    (403, Forbidden, "Forbidden"),
    (409, Conflict, "make sure that only one bot instance is running"),
    (500, NetworkError, "Internal Server Error"),
    (502, NetworkError, "Bad Gateway"),
]


async def test_failures(api: BotApi, bot: Bot) -> None:
    for status, error, words in FAILURES:
        api.faults.fail("*", status, times=2)
        for _ in range(2):
            with pytest.raises(error, match=words):
                await bot.send_message(42, "x")
        await bot.send_message(42, f"after {status}")
    assert sent(api) == [f"after {status}" for status, _, _ in FAILURES]


async def test_a_failure_that_stands(api: BotApi, bot: Bot) -> None:
    api.faults.fail("sendMessage", 403, times=None, description="Forbidden: so it is")
    for _ in range(3):
        with pytest.raises(Forbidden, match="so it is"):
            await bot.send_message(42, "x")
    api.faults.clear()
    assert len(api.faults) == 0
    await bot.send_message(42, "y")
    assert sent(api) == ["y"]


async def test_a_proxys_page(api: BotApi, bot: Bot) -> None:
    api.faults.html("sendMessage")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(42, "x")
    assert sent(api) == []


async def test_an_answer_is_lost(api: BotApi, bot: Bot) -> None:
    api.faults.lose_answer("sendMessage")
    with pytest.raises(NetworkError, match="without sending a response"):
        await bot.send_message(42, "x")
    assert sent(api) == ["x"]
    assert (api.calls[-1].method, api.calls[-1].status) == ("sendMessage", 0)


async def test_a_request_is_lost(api: BotApi, bot: Bot) -> None:
    api.faults.lose_request("sendMessage")
    with pytest.raises(NetworkError, match="without sending a response"):
        await bot.send_message(42, "x")
    assert sent(api) == []


async def test_slow(api: BotApi, bot: Bot) -> None:
    api.faults.slow("sendMessage", 3600)
    with pytest.raises(TimedOut):
        await bot.send_message(42, "x", read_timeout=0.2)
    assert sent(api) == ["x"]
    api.faults.slow("sendMessage", 0.001)
    await bot.send_message(42, "y")
    assert sent(api) == ["x", "y"]


async def test_a_slow_poll_begins_late(api: BotApi, bot: Bot) -> None:
    api.faults.slow("getUpdates", 0.001)
    assert len(await bot.get_updates()) == 1


async def test_a_waiting_poll_fails_at_once(api: BotApi, bot: Bot) -> None:
    (first,) = api.pending
    polling = await poll_running(api, bot, offset=first + 1)
    api.faults.fail("*", 500)  # for the next call, whichever it is
    api.faults.fail("getUpdates", 409)
    async with asyncio.timeout(5):
        with pytest.raises(Conflict):
            await polling
    with pytest.raises(NetworkError):
        await bot.get_me()
    assert len(api.faults) == 0


async def test_a_waiting_poll_loses_updates_on_the_way(api: BotApi, bot: Bot) -> None:
    (first,) = api.pending
    polling = await poll_running(api, bot, offset=first + 1)
    api.faults.lose_answer("getUpdates")
    pushed = api.push_message(LAN, text="chào")
    with pytest.raises(NetworkError):
        await polling
    assert [update.update_id for update in await bot.get_updates(offset=first + 1)] == [pushed]


async def test_a_failed_call_is_still_held_against_the_limits(api: BotApi, bot: Bot) -> None:
    api.faults.fail("sendMessage", 500)
    with pytest.raises(NetworkError):
        await bot.send_message(42, "x" * 4097)
    assert api.violations == ["sendMessage: text is 4097 characters long"]
