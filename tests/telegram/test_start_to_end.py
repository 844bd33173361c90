"""From the start to the end: connecting when it can, saying what is wrong, stopping at any moment, leaving nothing."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.ledger.store import Store
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.sandbox.telegram import Faults, serving
from tests.fakes.telegram import TOKEN, Hold, TelegramBot, bot_api, soon
from tests.fakes.world import World

UNREACHABLE = "Telegram cannot be reached. It is tried again until you press Ctrl-C."
FINISHING = "Finishing what is under way…"


def reports(bot: TelegramBot) -> list[str]:
    return [report.render("en") for report in bot.reports]


def methods(bot: TelegramBot) -> list[str]:
    return [call.method for call in bot.api.calls]


def note_of(w: World, one: int = AN.id) -> str:
    row = w.sandbox.store.get("lead", one)
    assert row is not None
    return str(row.fields["bgInfo"])


@pytest.fixture
async def waiting(w: World) -> AsyncIterator[TelegramBot]:
    """A bot that has not been started, and leaves no task behind."""
    async with bot_api(w.house) as bot:
        yield bot
        assert [task for task in bot.tasks if not task.done()] == []
        gc.collect()  # whatever was forgotten says so now


# Starting.


async def test_it_says_who_it_is_connected_as(waiting: TelegramBot) -> None:
    await waiting.start()
    assert waiting.hello is not None
    assert (waiting.hello.username, waiting.hello.name) == ("antcrm_test_bot", "AntCRM")
    await waiting.leave()


async def test_a_wrong_token_is_the_admins_mistake(waiting: TelegramBot) -> None:
    waiting.token = TOKEN[:-3] + "yyy"
    with pytest.raises(BadInput) as caught:
        await waiting.start()
    said = caught.value.render("en")
    assert said.startswith("Telegram does not accept ANTCRM_TELEGRAM_TOKEN. Nothing was started.")
    assert TOKEN[:-3] not in said
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("method", ["getMyCommands", "deleteWebhook"])
async def test_a_token_withdrawn_while_it_starts(method: str, waiting: TelegramBot) -> None:
    waiting.api.faults.fail(method, 401)
    waiting.api.faults.fail("deleteWebhook", 401)
    with pytest.raises(CrmError) as caught:
        await waiting.start()
    assert caught.value.render("en").startswith("Telegram does not accept the bot's token any more.")


STARTING_TROUBLES: dict[str, Callable[[Faults, str], None]] = {
    "500": lambda faults, method: faults.fail(method, 500, times=4),
    "429": lambda faults, method: faults.fail(method, 429, retry_after=3, times=4),
    "403": lambda faults, method: faults.html(method, 403, times=4),
    "a page that says unauthorized": lambda faults, method: faults.html(method, 401, times=4),
    "a page of a hotel's network": lambda faults, method: faults.html(method, 200, times=4),
    "lost requests": lambda faults, method: faults.lose_request(method, times=4),
    "lost answers": lambda faults, method: faults.lose_answer(method, times=4),
}


@pytest.mark.parametrize("method", ["getMe", "deleteWebhook"])
async def test_trouble_at_the_start_is_said_once_and_waited_out(method: str, waiting: TelegramBot) -> None:
    for name, trouble in STARTING_TROUBLES.items():
        waiting.reports.clear()
        trouble(waiting.api.faults, method)
        await waiting.start()
        assert reports(waiting) == ([] if name == "429" else [UNREACHABLE]), name
        await waiting.leave()
    await waiting.start()
    assert AN.name in await waiting.phone().send(f"/find {AN.ref}")
    await waiting.leave()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_telegram_is_not_there_yet(w: World) -> None:
    port = free_port()
    async with bot_api(w.house) as bot:
        w.house.settings = w.house.settings.model_copy(update={"telegram_api_url": f"http://127.0.0.1:{port}"})
        running = bot.begin()
        await soon(lambda: bot.reports)
        assert reports(bot) == [UNREACHABLE]
        async with serving(bot.api, port=port):
            await soon(bot.connected.is_set)
            assert AN.name in await bot.phone().send(f"/find {AN.ref}")
            assert reports(bot) == [UNREACHABLE]
            await bot.leave()
        assert running.result()


async def test_telegram_goes_away_and_comes_back(w: World) -> None:
    port = free_port()
    async with bot_api(w.house) as bot:
        w.house.settings = w.house.settings.model_copy(update={"telegram_api_url": f"http://127.0.0.1:{port}"})
        async with serving(bot.api, port=port):
            await bot.start()
            await bot.phone().send("/start")
        await soon(lambda: bot.reports)
        bot.phone().send_later(f"/find {AN.ref}")
        async with serving(bot.api, port=port):
            phone = bot.phone()
            await phone.sees(AN.name)
            await soon(lambda: len(bot.reports) == 2)
            assert reports(bot) == [UNREACHABLE, "Telegram can be reached again."]
            await bot.leave()


async def test_a_webhook_is_taken_away_and_what_waited_is_kept(waiting: TelegramBot) -> None:
    phone = waiting.phone()
    phone.send_later(f"/find {AN.ref}")
    await waiting.start()
    await phone.sees(AN.name)
    (call,) = [call for call in waiting.api.calls if call.method == "deleteWebhook"]
    assert not call.params.get("drop_pending_updates")
    await waiting.leave()


async def test_where_the_ledger_cannot_be_used_it_answers_all_the_same(
    w: World, waiting: TelegramBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)  # a folder is no database
    monkeypatch.setattr(w.house, "store", lambda: store)
    try:
        await waiting.start()
        for one in (AN, HOA, AN):
            assert one.name in await waiting.phone().send(f"/find {one.ref}")
        await waiting.leave()
    finally:
        await store.aclose()
    broken, finishing = reports(waiting)
    assert broken.startswith(str(tmp_path))
    assert broken.endswith("after a kill some messages may be dealt with twice.")
    assert finishing == FINISHING


# Stopping.


STAGES = {"connecting": "getMe", "the webhook": "deleteWebhook"}


@pytest.mark.parametrize("method", STAGES.values(), ids=STAGES)
async def test_it_is_stopped_while_a_call_hangs(method: str, waiting: TelegramBot) -> None:
    waiting.api.faults.slow(method, 300)
    running = waiting.begin()
    await soon(lambda: method in methods(waiting))
    await waiting.leave()
    assert running.result()
    assert waiting.hello is None
    assert "getUpdates" not in methods(waiting)


@pytest.mark.parametrize("method", STAGES.values(), ids=STAGES)
async def test_it_is_stopped_between_two_tries(method: str, waiting: TelegramBot) -> None:
    waiting.api.faults.fail(method, 500, times=None)
    waiting.api.faults.fail("deleteWebhook", 500, times=None)
    waiting.begin()
    await soon(lambda: methods(waiting).count(method) >= 1)
    await waiting.leave()
    assert waiting.hello is None


async def test_it_is_stopped_before_it_began(waiting: TelegramBot) -> None:
    running = waiting.begin()
    waiting.stop.set()
    await waiting.leave()
    assert running.result()
    assert "getUpdates" not in methods(waiting)


async def test_a_long_pause_after_a_failure_keeps_nobody_from_stopping_it(waiting: TelegramBot) -> None:
    """The library's own loop cannot be stopped while it sleeps: half a minute, or as long as Telegram says."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.Event().wait()

    waiting.sleep = sleep
    await waiting.start()
    waiting.api.faults.fail("getUpdates", 429, retry_after=3600)
    await soon(lambda: slept)
    await waiting.leave()
    assert slept == [3600.5]


async def test_what_is_under_way_is_finished_and_confirmed(w: World, waiting: TelegramBot) -> None:
    await waiting.start()
    lan = waiting.phone()
    hold = Hold(w.line, f"leadId={AN.id}")
    first = lan.send_later(f"/note {AN.ref} trước khi dừng")
    await hold.reached()
    second = lan.send_later(f"/note {AN.ref} sau khi dừng")
    await soon(lambda: methods(waiting)[-1] == "getUpdates")
    waiting.stop.set()
    await soon(lambda: FINISHING in reports(waiting))
    hold.release()
    await waiting.leave()
    assert "trước khi dừng" in note_of(w)
    assert "sau khi dừng" not in note_of(w)
    assert waiting.api.pending == [second]
    assert first != second
    await waiting.start()
    await waiting.api.confirmed(second)
    assert note_of(w).count("khi dừng") == 2
    await waiting.leave()


async def test_what_takes_too_long_is_broken_off_and_comes_again(
    w: World, waiting: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antcrm_telegram.serving._FINISH", 0.1)
    await waiting.start()
    lan = waiting.phone()
    hold = Hold(w.line, f"leadId={AN.id}")
    update = lan.send_later(f"/find {AN.ref}")
    await hold.reached()
    running = waiting.running
    await waiting.leave()
    assert running is not None
    assert running.result() is False
    assert reports(waiting)[-1].startswith("Something takes too long and is broken off.")
    assert waiting.api.pending == [update]
    hold.release()
    await waiting.start()
    await lan.sees(AN.name)
    await waiting.leave()


async def test_an_admin_who_cannot_be_told_keeps_nothing_from_being_finished(w: World, waiting: TelegramBot) -> None:
    """The terminal was closed: every word to it is an error."""
    await waiting.start()
    lan = waiting.phone()
    hold = Hold(w.line, f"leadId={HOA.id}")
    update = lan.send_later(f"/find {HOA.ref}")
    await hold.reached()

    def broken(_: object) -> None:
        raise BrokenPipeError

    waiting.told = broken
    waiting.stop.set()
    hold.release()
    with pytest.raises(BrokenPipeError):
        await waiting.leave()
    assert update not in waiting.api.pending
    assert HOA.name in lan.latest


async def test_a_cancelled_one_finishes_as_well(w: World, waiting: TelegramBot) -> None:
    """So does Ctrl-C where there are no signal handlers."""
    await waiting.start()
    lan = waiting.phone()
    hold = Hold(w.line, f"leadId={AN.id}")
    update = lan.send_later(f"/find {AN.ref}")
    await hold.reached()
    assert waiting.running is not None
    waiting.running.cancel()
    await soon(lambda: FINISHING in reports(waiting))
    hold.release()
    await asyncio.wait((waiting.running,), timeout=10)
    assert waiting.running.cancelled()
    assert update not in waiting.api.pending
    assert AN.name in lan.latest


async def test_a_withdrawn_token_leaves_what_is_under_way_time_to_end(w: World, waiting: TelegramBot) -> None:
    await waiting.start()
    lan = waiting.phone()
    hold = Hold(w.line, f"leadId={AN.id}")
    lan.send_later(f"/note {AN.ref} còn ghi")
    await hold.reached()
    waiting.api.revoke()
    await soon(lambda: FINISHING in reports(waiting))
    hold.release()
    with pytest.raises(CrmError):
        await waiting.ended()
    assert "còn ghi" in note_of(w)


async def test_two_of_one_bot_do_not_fight_for_ever(w: World) -> None:
    async with bot_api(w.house) as one:
        two = TelegramBot(one.api, one.url, w.house)
        await one.start()
        await two.start()
        assert one.running is not None
        assert two.running is not None
        async with asyncio.timeout(20):
            await asyncio.wait((one.running, two.running), return_when=asyncio.FIRST_COMPLETED)
        lost, left = (one, two) if one.running.done() else (two, one)
        with pytest.raises(CrmError, match="Another"):
            await lost.ended()
        assert AN.name in await left.phone().send(f"/find {AN.ref}")
        await left.leave()
