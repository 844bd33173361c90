"""Fetching: an update is confirmed to Telegram when it was dealt with, and nothing on the way loses or blocks one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from antcrm_telegram.fetching import Bot, Fetcher
from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_tools.errors import CrmError
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.sandbox.telegram import Faults
from antcrm_tools.sandbox.telegram.answers import Answer
from antcrm_tools.text import msg
from tests.fakes.inbox import MemoryInbox
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MINH, SECONDS, STRANGER, TOKEN, VIEWER, Hold, TelegramBot, bot_api, soon
from tests.fakes.world import World, no_wait

CODE = "tell the admin the code"


def polls(bot: TelegramBot) -> int:
    return sum(call.method == "getUpdates" for call in bot.api.calls)


def sent(bot: TelegramBot) -> list[str]:
    """Everything the bot has said, in order."""
    return [str(call.params.get("text")) for call in bot.api.calls if call.method == "sendMessage" and call.status]


def said(phone: Phone) -> list[str]:
    return [message.text for message in phone.log.messages if message.by_bot]


async def empty(bot: TelegramBot) -> None:
    """Until Telegram keeps nothing more for the bot."""
    await bot.api.until(lambda: not bot.api.pending, SECONDS)


# Confirmed when dealt with.


async def test_an_update_is_confirmed_only_when_it_was_dealt_with(w: World, bot: TelegramBot, lan: Phone) -> None:
    hold = Hold(w.line, f"leadId={AN.id}")
    update = lan.send_later(f"/find {AN.ref}")
    await hold.reached()
    seen = polls(bot)
    await bot.api.until(lambda: polls(bot) >= seen + 3, SECONDS)
    assert bot.api.pending == [update], "Telegram was asked three times more and still keeps it"
    hold.release()
    await bot.api.confirmed(update)
    assert AN.name in lan.latest


async def test_one_that_comes_again_meanwhile_is_handled_once(w: World, bot: TelegramBot, lan: Phone) -> None:
    hold = Hold(w.line, f"leadId={AN.id}")
    lan.send_later(f"/note {AN.ref} một lần")
    await hold.reached()
    seen = polls(bot)
    await bot.api.until(lambda: polls(bot) >= seen + 5, SECONDS)
    hold.release()
    await empty(bot)
    row = w.sandbox.store.get("lead", AN.id)
    assert row is not None
    assert str(row.fields["bgInfo"]).count("một lần") == 1
    assert len(said(lan)) == 1


async def test_waiting_for_a_slow_one_is_no_busy_loop(w: World, bot: TelegramBot, lan: Phone) -> None:
    hold = Hold(w.line, f"leadId={AN.id}")
    lan.send_later(f"/find {AN.ref}")
    await hold.reached()
    seen, began = polls(bot), asyncio.get_running_loop().time()
    await bot.api.until(lambda: polls(bot) >= seen + 5, SECONDS)
    assert asyncio.get_running_loop().time() - began > 0.25
    hold.release()
    await empty(bot)


# Killed.


async def test_killed_in_the_middle_of_one_it_is_handled_after_the_next_start(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        lan = bot.phone()
        await lan.send(f"/note {HOA.ref} trước đó")
        hold = Hold(w.line, f"leadId={AN.id}")
        update = lan.send_later(f"/note {AN.ref} giữa chừng")
        await hold.reached()
        await bot.kill()
        assert bot.api.pending == [update]
        hold.release()
        await bot.start()
        await bot.api.confirmed(update)
        for one, note in ((HOA, "trước đó"), (AN, "giữa chừng")):
            row = w.sandbox.store.get("lead", one.id)
            assert row is not None
            assert str(row.fields["bgInfo"]).count(note) == 1
        assert len(said(lan)) == 2
        await bot.leave()


async def test_killed_while_one_takes_long_what_others_wrote_is_not_done_again(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        lan, minh = bot.phone(), bot.phone(MINH, first_name="Minh")
        hold = Hold(w.line, f"leadId={AN.id}")
        slow = lan.send_later(f"/note {AN.ref} còn dở")
        await hold.reached()
        minh.send_later(f"/note {HOA.ref} xong rồi")
        minh.send_later("/start")
        await soon(lambda: len(said(minh)) == 2)
        await bot.kill()
        assert len(bot.api.pending) == 3
        assert bot.api.pending[0] == slow
        hold.release()
        await bot.start()
        await empty(bot)
        await bot.leave()
        for one, note in ((HOA, "xong rồi"), (AN, "còn dở")):
            row = w.sandbox.store.get("lead", one.id)
            assert row is not None
            assert str(row.fields["bgInfo"]).count(note) == 1
        assert AN.name in lan.latest


@pytest.mark.parametrize("calls", [0, 4, 9, 16])
async def test_killed_after_any_call_none_is_lost(w: World, calls: int) -> None:
    """The messages of two people wait when it starts, and it is killed after so many calls."""
    async with bot_api(w.house) as bot:
        lan, minh = bot.phone(), bot.phone(MINH, first_name="Minh")
        for number in range(3):
            lan.send_later(f"/find 098800000{number}")
            minh.send_later(f"/find 097700000{number}")
        await bot.start()
        begun = len(bot.api.calls)
        await bot.api.until(lambda: len(bot.api.calls) >= begun + calls or not bot.api.pending, SECONDS)
        await bot.kill()
        await bot.start()
        await empty(bot)
        await bot.leave()
        for phone, digits in ((lan, "098800000"), (minh, "097700000")):
            answers = Counter(next(n for n in range(3) if f"{digits}{n}" in text) for text in said(phone))
            assert sorted(answers) == [0, 1, 2], "every one was answered"
            assert answers.total() <= 4, "and at most the one of each that it was killed in, once more"


async def test_left_in_peace_all_that_is_done_is_confirmed_and_not_done_again(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        lan = bot.phone()
        hold = Hold(w.line, f"leadId={AN.id}")
        update = lan.send_later(f"/note {AN.ref} còn kịp")
        await hold.reached()
        leaving = asyncio.create_task(bot.leave())
        await soon(lambda: bot.reports)
        hold.release()
        await leaving
        assert update not in bot.api.pending
        assert len(said(lan)) == 1
        await bot.start()
        await lan.send(f"/find {AN.ref}")
        await bot.leave()
        row = w.sandbox.store.get("lead", AN.id)
        assert row is not None
        assert str(row.fields["bgInfo"]).count("còn kịp") == 1


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
async def test_the_last_word_to_telegram_is_said_again_if_it_was_lost(w: World, fault: str) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        lan = bot.phone()
        hold = Hold(w.line, f"leadId={AN.id}")
        update = lan.send_later(f"/find {AN.ref}")
        await hold.reached()
        leaving = asyncio.create_task(bot.leave())
        await soon(lambda: bot.reports)
        getattr(bot.api.faults, fault)("getUpdates", times=2)
        hold.release()
        await leaving
        assert update not in bot.api.pending


# Many.


async def test_other_people_do_not_wait_for_one_whose_answer_takes_long(
    w: World, bot: TelegramBot, lan: Phone, minh: Phone, vy: Phone
) -> None:
    hold = Hold(w.line, f"leadId={AN.id}")
    slow = [lan.send_later(f"/find {AN.ref}") for _ in range(30)]  # more than are worked on at once
    await hold.reached()
    for phone in (minh, vy):
        phone.send_later(f"/find {HOA.ref}")
        await phone.sees(HOA.name)
    assert said(lan) == []
    assert set(slow) <= set(bot.api.pending)
    hold.release()
    await empty(bot)
    assert len(said(lan)) == 30


async def test_each_persons_messages_are_answered_in_order(
    bot: TelegramBot, lan: Phone, minh: Phone, vy: Phone
) -> None:
    people = {"0988": lan, "0977": minh, "0966": vy}
    for number in range(20):
        for prefix, phone in people.items():
            phone.send_later(f"/find {prefix}0000{number:02}")
    await empty(bot)
    for prefix, phone in people.items():
        shown = said(phone)
        assert len(shown) == 20
        assert all(f"{prefix}0000{number:02}" in text for number, text in enumerate(shown))


async def test_more_than_a_hundred_were_waiting(w: World) -> None:
    async with bot_api(w.house) as bot:
        phones = [bot.phone(), bot.phone(MINH, first_name="Minh"), bot.phone(VIEWER, first_name="Vy")]
        for number in range(150):
            phones[number % 3].send_later(f"/{'help' if number % 2 else 'start'}")
        await bot.start()
        await empty(bot)
        assert [len(said(phone)) for phone in phones] == [50, 50, 50]
        await bot.leave()


async def test_behind_a_slow_one_a_hundred_get_through_and_the_rest_after_it(
    w: World, bot: TelegramBot, lan: Phone, minh: Phone
) -> None:
    """Telegram shows the hundred oldest of those it keeps, and the slow one is kept."""
    hold = Hold(w.line, f"leadId={AN.id}")
    lan.send_later(f"/find {AN.ref}")
    await hold.reached()
    for _ in range(120):
        minh.send_later("/start")
    await bot.api.until(lambda: len(said(minh)) >= 99, SECONDS)
    seen = polls(bot)
    await bot.api.until(lambda: polls(bot) >= seen + 3, SECONDS)
    assert len(said(minh)) == 99
    hold.release()
    await empty(bot)
    assert len(said(minh)) == 120


async def test_numbers_that_start_anew_are_no_old_ones(
    bot: TelegramBot, lan: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a week without a message they go on anywhere."""
    monkeypatch.setattr("antcrm_telegram.fetching._LONG_POLL", 0)
    await lan.send("/start")
    seen = polls(bot)
    await bot.api.until(lambda: polls(bot) >= seen + 2, SECONDS)
    updates: Any = bot.api.endpoints._state.updates  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    updates._ids = iter(range(next(updates._ids) - 1000, 10**9))  # noqa: SLF001
    monkeypatch.undo()
    assert AN.name in await lan.send(f"/find {AN.ref}")


# Updates that cannot be read.

MEMBER = {"id": LAN, "is_bot": False, "first_name": "Lan", "language_code": "en"}
OTHER = {"id": STRANGER, "is_bot": False, "first_name": "Ai đó", "language_code": "en"}


def in_chat(user: dict[str, Any], **fields: Any) -> dict[str, Any]:
    chat = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
    return {"message_id": 7, "date": 1_700_000_000, "chat": chat, "from": user, **fields}


def without(message: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}


UNREADABLE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no date": lambda user: {"message": without(in_chat(user, text="x"), "date")},
    "no number": lambda user: {"message": without(in_chat(user, text="x"), "message_id")},
    "a date in words": lambda user: {"message": in_chat(user, text="x", date="today")},
    "a date of the year 30000000": lambda user: {"message": in_chat(user, text="x", date=10**15)},
    "entities that are none": lambda user: {"message": in_chat(user, text="x", entities=[7])},
    "a contact that is none": lambda user: {"message": in_chat(user, contact={"vcard": "x"})},
    "an edit without a date": lambda user: {"edited_message": without(in_chat(user, text="x"), "date")},
    "a tap without a number": lambda user: {
        "callback_query": {"from": user, "message": in_chat(user, text="x"), "chat_instance": "1", "data": "c:x"}
    },
    "a tap under half a message": lambda user: {
        "callback_query": {
            "id": "1",
            "from": user,
            "chat_instance": "1",
            "data": "c:x",
            "message": {"chat": {"id": user["id"], "type": "private"}, "date": 5},
        }
    },
    "a text that is a number": lambda user: {"message": in_chat(user, text=5)},
    "a text that is a list": lambda user: {"message": in_chat(user, text=["x"])},
}

SENDERLESS: dict[str, dict[str, Any]] = {
    "nothing in it": {},
    "a kind of next year": {"message_from_mars": {"x": 1}},
    "a message that is a word": {"message": "x"},
    "a message that is a list": {"message": []},
    "a message that is a number": {"message": 5},
    "an empty message": {"message": {}},
    "nobody's": {"message": without(in_chat(MEMBER, text="x"), "from")},
    "in a group": {"message": in_chat(MEMBER, text="x", chat={"id": -5, "type": "group"}, date="x")},
    "a person without a number": {"message": in_chat(MEMBER, text="x", **{"from": {"first_name": "x"}})},
    "a person whose number is a list": {"message": in_chat({**MEMBER, "id": [1]}, text="x")},
    "a tap that is none": {"callback_query": {"data": "x"}},
    "membership of nobody": {"my_chat_member": {"chat": {"id": 1}}},
    "its number is a word": {"update_id": "x", "message": in_chat(MEMBER, text="/start")},
    "its number is a yes": {"update_id": True, "message": in_chat(MEMBER, text="/start")},
    "it has no number": {"update_id": None, "message": in_chat(MEMBER, text="/start")},
}


async def test_who_sent_what_cannot_be_read_is_told_and_the_next_is_handled(bot: TelegramBot, lan: Phone) -> None:
    for done, (name, shape) in enumerate(UNREADABLE.items()):
        seen = polls(bot)
        bot.api.push(shape(MEMBER))
        lan.send_later(f"/find {AN.ref}")
        await empty(bot)
        shown = said(lan)
        assert len(shown) == 2 * (done + 1), name
        assert CODE in shown[-2], name
        assert AN.name in shown[-1], name
        assert polls(bot) < seen + 12, name


async def test_a_stranger_is_told_nothing_of_it(bot: TelegramBot, lan: Phone, stranger: Phone) -> None:
    for name, shape in UNREADABLE.items():
        await bot.api.confirmed(bot.api.push(shape(OTHER)))
        assert AN.name in await lan.send(f"/find {AN.ref}"), name
    assert not any("code" in text or AN.name in text for text in said(stranger))
    assert len(said(stranger)) <= 1, "the polite refusal, where it could be read"


async def test_nobodys_update_blocks_nobody(bot: TelegramBot, lan: Phone) -> None:
    for done, (name, update) in enumerate(SENDERLESS.items()):
        seen = polls(bot)
        bot.api.push(update)
        number = lan.send_later(f"/find {AN.ref}")
        await bot.api.confirmed(number)
        await empty(bot)
        assert AN.name in lan.latest, name
        assert len(said(lan)) == done + 1, name
        assert polls(bot) < seen + 12, name


async def test_one_without_a_number_at_the_end_of_the_queue_makes_no_busy_loop(bot: TelegramBot, lan: Phone) -> None:
    bot.api.push({"update_id": None, "message": in_chat(MEMBER, text="/start")})
    seen, began = polls(bot), asyncio.get_running_loop().time()
    await bot.api.until(lambda: polls(bot) >= seen + 5, SECONDS)
    assert asyncio.get_running_loop().time() - began > 0.25
    assert AN.name in await lan.send(f"/find {AN.ref}")


# Telegram's own troubles.

TROUBLES: dict[str, Callable[[Faults], None]] = {
    "429": lambda faults: faults.fail("getUpdates", 429, retry_after=2, times=2),
    "500": lambda faults: faults.fail("getUpdates", 500, times=5),
    "403": lambda faults: faults.fail("getUpdates", 403, times=5),
    "400": lambda faults: faults.fail("getUpdates", 400, times=5),
    "404": lambda faults: faults.html("getUpdates", 404, times=5),
    "a page that says unauthorized": lambda faults: faults.html("getUpdates", 401, times=5),
    "a page that says conflict": lambda faults: faults.html("getUpdates", 409, times=9),
    "502": lambda faults: faults.html("getUpdates", 502, times=5),
    "a page with 200": lambda faults: faults.html("getUpdates", 200, times=5),
    "lost requests": lambda faults: faults.lose_request("getUpdates", times=5),
    "lost answers": lambda faults: faults.lose_answer("getUpdates", times=5),
}


async def test_it_goes_on_after_trouble_and_nothing_is_lost(bot: TelegramBot, lan: Phone, minh: Phone) -> None:
    for done, (name, trouble) in enumerate(TROUBLES.items(), 1):
        trouble(bot.api.faults)
        numbers = [phone.send_later(f"/find {AN.ref}") for phone in (lan, minh, lan)]
        trouble(bot.api.faults)
        for number in numbers:
            await bot.api.confirmed(number)
        assert [len(said(lan)), len(said(minh))] == [2 * done, done], name


NO_ANSWERS = ["{}", "[]", "null", '"ok"', '{"ok": true}', '{"ok": true, "result": {}}', '{"result": 5}', "{", ""]


async def test_an_answer_that_is_none_is_one_that_did_not_come(bot: TelegramBot, lan: Phone) -> None:
    faults: Any = bot.api.faults
    for done, body in enumerate(NO_ANSWERS, 1):
        for status in (200, 200, 500, 400):
            faults.fail("getUpdates", 500)
            faults._queue[-1].answer = Answer(status, body)  # noqa: SLF001
        assert AN.name in await lan.send(f"/find {AN.ref}"), body
        assert len(said(lan)) == done, body


async def test_the_admin_hears_once_of_an_outage_and_of_its_end(bot: TelegramBot, lan: Phone) -> None:
    bot.api.faults.fail("getUpdates", 500, times=12)
    assert AN.name in await lan.send(f"/find {AN.ref}")
    assert [report.render("en") for report in bot.reports] == [
        "Telegram cannot be reached. It is tried again until you press Ctrl-C.",
        "Telegram can be reached again.",
    ]


async def test_a_withdrawn_token_ends_it_at_once_and_says_why(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        bot.api.revoke()
        with pytest.raises(CrmError, match="token") as caught:
            await bot.ended()
        assert caught.value.render("en").startswith("Telegram does not accept the bot's token any more.")


async def test_a_conflict_now_and_then_is_nothing(bot: TelegramBot, lan: Phone) -> None:
    bot.api.faults.fail("getUpdates", 409, times=3)
    assert AN.name in await lan.send(f"/find {AN.ref}")


async def test_who_was_there_first_stays(w: World) -> None:
    seconds = [0.0]
    async with bot_api(w.house) as at, Bot(TOKEN, base_url=f"{at.url}/bot") as bot:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        fetcher = Fetcher(
            bot,
            Mailbox(),
            Receipts(MemoryInbox(), report=at.reports.append),
            sleep=no_wait,
            report=at.reports.append,
            unreachable=msg("x"),
            now=lambda: seconds[0],
        )
        running = asyncio.create_task(fetcher.run(queue))
        try:
            await at.api.until(lambda: any(call.method == "getUpdates" for call in at.api.calls))
            seconds[0] = 100.0
            at.api.faults.fail("getUpdates", 409, times=10)
            at.phone().send_later("x")
            async with asyncio.timeout(10):
                assert (await queue.get()).message.text == "x"
        finally:
            running.cancel()
            await asyncio.wait((running,))


async def test_conflicts_one_after_another_are_another_program(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        bot.api.faults.fail("getUpdates", 409, times=4)
        with pytest.raises(CrmError) as caught:
            await bot.ended()
        assert caught.value.render("en").startswith("Another program fetches this bot's messages")
