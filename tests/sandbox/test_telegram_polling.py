"""How updates reach the bot: in order, until they are confirmed, at once, and to one bot only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from telegram import Update
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import ApplicationBuilder, MessageHandler, filters

from antcrm_tools.sandbox.telegram import BotApi, serving
from tests.sandbox.telegram_line import LAN, TOKEN, Bot, bot_of, new_api, posting_to

LONG = 30
"""A poll that ran its full time would be a failure."""


@pytest.fixture
def api() -> BotApi:
    return new_api()


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with bot_of(api) as connected:
        yield connected


async def poll_running(api: BotApi, bot: Bot, **arguments: Any) -> asyncio.Task[tuple[Update, ...]]:
    """A long poll the server has got."""
    before = len(api.calls)
    task = asyncio.create_task(bot.get_updates(timeout=LONG, **arguments))
    await api.until(lambda: len(api.calls) > before)
    return task


async def ids(bot: Bot, **arguments: Any) -> list[int]:
    return [update.update_id for update in await bot.get_updates(**arguments)]


async def test_unconfirmed_updates_come_again_in_order(api: BotApi, bot: Bot) -> None:
    pushed = [api.push_message(LAN, text=str(number)) for number in range(4)]
    assert pushed == sorted(pushed)
    assert await ids(bot) == pushed
    # Who asks the same at once gets one, as from Telegram's own server.
    assert await ids(bot) == pushed[:1]
    assert await ids(bot, offset=pushed[0]) == pushed
    assert await ids(bot, limit=2) == pushed[:2]
    assert api.pending == pushed
    assert await ids(bot, offset=pushed[2]) == pushed[2:]
    assert api.pending == pushed[2:]
    await api.confirmed(pushed[1])
    with pytest.raises(TimeoutError):
        await api.confirmed(pushed[2], within=0)
    assert await ids(bot, offset=pushed[3] + 1) == []
    assert api.pending == []


async def test_a_negative_offset_forgets_all_but_the_last(api: BotApi, bot: Bot) -> None:
    assert await ids(bot, offset=-1) == []
    pushed = [api.push_message(LAN, text=str(number)) for number in range(4)]
    assert await ids(bot, offset=-9) == pushed
    assert await ids(bot, offset=-2) == pushed[2:]
    assert api.pending == pushed[2:]


async def test_a_waiting_poll_gets_what_comes_at_once(api: BotApi, bot: Bot) -> None:
    polling = await poll_running(api, bot)
    pushed = api.push_message(LAN, text="chào")
    async with asyncio.timeout(5):
        (update,) = await polling
    assert update.update_id == pushed
    assert update.message is not None
    assert (update.message.text, update.message.from_user) == ("chào", update.effective_user)


async def test_a_poll_ends_with_nothing(bot: Bot) -> None:
    assert await bot.get_updates(timeout=1) == ()


async def test_confirmed_wakes_up(api: BotApi, bot: Bot) -> None:
    pushed = api.push_message(LAN, text="chào")
    waiting = asyncio.create_task(api.confirmed(pushed))
    await bot.get_updates()
    assert not waiting.done()
    await bot.get_updates(offset=pushed + 1)
    await waiting


async def test_the_first_of_two_polls_is_terminated(api: BotApi, bot: Bot) -> None:
    first = await poll_running(api, bot)
    second = await poll_running(api, bot)
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first
    pushed = api.push_message(LAN, text="chào")
    assert [update.update_id for update in await second] == [pushed]
    assert sorted(call.status for call in api.calls) == [200, 200, 409]


async def test_a_poll_whose_bot_is_gone_is_no_conflict(api: BotApi, bot: Bot) -> None:
    polling = await poll_running(api, bot)
    polling.cancel()
    await asyncio.wait([polling])
    pushed = api.push_message(LAN, text="chào")
    assert await ids(bot) == [pushed]
    assert 409 not in [call.status for call in api.calls]


async def test_a_revoked_token_ends_a_waiting_poll(api: BotApi, bot: Bot) -> None:
    polling = await poll_running(api, bot)
    api.revoke()
    async with asyncio.timeout(5):
        with pytest.raises(InvalidToken):
            await polling
    with pytest.raises(InvalidToken):
        await bot.get_me()
    assert [call.status for call in api.calls] == [200, 401, 401]


async def test_stopping_does_not_wait_for_a_poll(api: BotApi) -> None:
    async with serving(api) as url, httpx.AsyncClient() as http:
        polling = asyncio.create_task(http.get(f"{url}/bot{TOKEN}/getUpdates?timeout={LONG}", timeout=LONG))
        await api.until(lambda: bool(api.calls))
    with pytest.raises(httpx.TransportError):
        await polling


async def test_a_caller_who_hangs_up_in_the_middle(api: BotApi, capfd: pytest.CaptureFixture[str]) -> None:
    async with serving(api) as url, httpx.AsyncClient() as http:
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST /bot{TOKEN}/getMe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
        await writer.drain()
        await http.get(f"{url}/bot{TOKEN}/getMe")
        writer.close()
        await writer.wait_closed()
        await http.get(f"{url}/bot{TOKEN}/getMe")
    assert [call.status for call in api.calls] == [200, 200]
    assert "Exception" not in capfd.readouterr().err


async def test_only_what_was_asked_for(api: BotApi, bot: Bot) -> None:
    assert await bot.get_updates(allowed_updates=["message"]) == ()
    asked = api.push_message(LAN, text="một")
    message_id = api.chat(42).messages[0].message_id
    dropped = api.push_edited(LAN, message_id, text="hai")
    assert dropped > asked
    assert api.chat(42).messages[0].text == "hai"
    await api.confirmed(dropped, within=0)  # nobody waits for it
    odd = api.push({"of_no_kind": 1})
    assert api.pending == [asked, odd]
    # Remembered, until another list comes; an empty one is all but what must be asked for by name.
    assert await bot.get_updates(offset=odd + 1, allowed_updates=[]) == ()
    edited = api.push_edited(LAN, message_id, text="ba")
    api.push({"chat_member": {}})
    assert api.pending == [edited]


async def test_malformed_updates_come_as_they_are(api: BotApi) -> None:
    bodies: list[dict[str, Any]] = [
        {"message": {"message_id": 1}},
        {"message": "no object"},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": "x"}}},
        {"callback_query": {"id": 5}},
        {"my_chat_member": None},
        {"nobody_knows": 1},
        {},
    ]
    expected = [{"update_id": api.push(body), **body} for body in bodies]
    async with posting_to(api) as post:
        assert (await post("getUpdates")).json() == {"ok": True, "result": expected}


async def test_the_library_stumbles_over_one(api: BotApi, bot: Bot) -> None:
    """Why a bot must read updates one by one: behind the malformed one, nothing comes through."""
    api.push({"message": {"message_id": 1}})
    api.push_message(LAN, text="chào")
    with pytest.raises(KeyError):
        await bot.get_updates()


async def test_a_raw_message_is_one_the_bot_may_answer(api: BotApi, bot: Bot) -> None:
    api.push({"message": {"message_id": 9, "date": 1, "chat": LAN.as_chat(), "from": LAN.as_json(), "text": "x"}})
    (update,) = await bot.get_updates()
    assert update.message is not None
    await update.message.reply_text("y", do_quote=True)
    assert [(message.text, message.reply_to) for message in api.chat(42).messages] == [("x", None), ("y", 9)]


async def test_commands_are_marked_as_telegram_does(api: BotApi, bot: Bot) -> None:
    api.push_message(LAN, text="/start 😀 /tim@antcrm_test_bot, a/b //c /Đ /x")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert list(update.message.parse_entities().values()) == ["/start", "/tim@antcrm_test_bot", "/x"]


async def test_an_application_lives_on_it(api: BotApi) -> None:
    """python-telegram-bot as bots are written with it: updater, handlers, shutdown in the middle of a poll."""
    async with serving(api) as url, asyncio.timeout(30):
        application = ApplicationBuilder().token(TOKEN).base_url(f"{url}/bot").build()

        async def echo(update: Update, context: Any) -> None:
            del context
            assert update.message is not None
            await update.message.reply_text(f"{update.message.text}!")

        application.add_handler(MessageHandler(filters.TEXT, echo))
        async with application:
            assert application.updater is not None
            await application.updater.start_polling()
            await application.start()
            await api.confirmed(api.push_message(LAN, text="chào"))
            await api.until(lambda: len(api.chat(42).messages) > 1)
            await application.updater.stop()
            await application.stop()
    assert api.chat(42).messages[-1].text == "chào!"
    assert api.violations == []


async def test_errors_are_telegrams(bot: Bot) -> None:
    with pytest.raises(TelegramError, match="Limit is not 1 to 100"):
        await bot.get_updates(limit=0)
