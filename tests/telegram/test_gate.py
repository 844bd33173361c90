"""Who is let in: members in their own chat. Strangers hear one sentence, groups nothing, and neither sees any data."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from antcrm_tools.sandbox import AN, MEMORABLE
from tests.fakes.phone import Phone
from tests.fakes.telegram import MINH, STRANGER, TelegramBot
from tests.fakes.world import World

REFUSED = {
    "vi": "Bot này chỉ phục vụ nhân viên của một công ty",
    "en": "This bot works for the staff of one company and does not know you.",
    "fr": "This bot works for the staff of one company and does not know you.",
    None: "This bot works for the staff of one company and does not know you.",
    "vi-VN": "Bot này chỉ phục vụ nhân viên của một công ty",
}
DATA = [words for one in MEMORABLE for words in (one.name, one.phone, one.ref, one.email, one.note) if words]
GROUP: dict[str, Any] = {"id": -500, "type": "supergroup", "title": "Phòng kinh doanh"}


def shown(bot: TelegramBot, chat: int) -> list[str]:
    return [message.text for message in bot.api.chat(chat).messages if message.by_bot]


@pytest.mark.parametrize(("language", "words"), REFUSED.items())
async def test_a_stranger_is_refused_once(w: World, bot: TelegramBot, language: str | None, words: str) -> None:
    phone = bot.phone(STRANGER, first_name="Ai", language_code=language)
    screen = await phone.send("/start")
    assert words in screen
    assert f"{STRANGER}." in screen
    for said in ("/start", AN.ref, AN.phone, f"xoá {AN.ref}", "có", "/help", "/cancel", "x" * 4096):
        assert not await phone.send(said)
    await phone.share_contact("Bình", "0977123456")
    await phone.send_sticker()
    await phone.forward(f"{AN.name} {AN.phone}")
    await phone.edit(AN.ref)
    await phone.press("c:abc")
    assert len(shown(bot, STRANGER)) == 1
    assert not w.sandbox.requests


async def test_many_strangers_at_once(w: World, bot: TelegramBot, lan: Phone) -> None:
    strangers = [bot.phone(number, first_name="Ai", language_code="vi") for number in range(1_000, 1_100)]
    updates = [phone.send_later(said) for phone in strangers for said in ("/start", AN.phone)]
    for update in updates:
        await bot.api.confirmed(update)
    for phone in strangers:
        [refusal] = shown(bot, phone.user.id)
        assert f": {phone.user.id}." in refusal
        assert not [words for words in DATA if words in refusal]
    assert not w.sandbox.requests
    assert AN.name in await lan.send(AN.ref)


async def test_no_data_outside(bot: TelegramBot, lan: Phone, stranger: Phone) -> None:
    """Answers with data to strangers and groups: none."""
    await lan.send(AN.ref)
    await lan.send(f"xoá {AN.ref}")
    yes = lan.data("Delete")
    tries = (AN.ref, AN.phone, f"/find {AN.phone}", "/help", f"xoá {AN.ref}", f"/find@antcrm_test_bot {AN.ref}")
    for words in tries:
        await stranger.send(words)
        for person in (lan.user, stranger.user):
            await bot.api.confirmed(bot.api.push_message(person, chat=GROUP, text=words))
    await stranger.press(yes)
    answers = [call for call in bot.api.calls if call.params.get("chat_id") in (STRANGER, GROUP["id"])]
    answers += [call for call in bot.api.calls if call.method == "answerCallbackQuery"]
    assert len(answers) > 2
    assert [call for call in answers if any(words in str(call.params) for words in DATA)] == []
    assert shown(bot, GROUP["id"]) == []


async def test_a_refusal_that_did_not_arrive_is_said_at_the_next_message(bot: TelegramBot, stranger: Phone) -> None:
    bot.api.faults.fail("sendMessage", 429)
    assert not await stranger.send("/start")
    assert REFUSED["vi"] in await stranger.send("alo?")
    assert not await stranger.send("alo?")


async def test_a_stranger_who_blocked_the_bot(bot: TelegramBot, lan: Phone, stranger: Phone) -> None:
    stranger.send_later("/start")
    bot.api.block(STRANGER)
    assert AN.name in await lan.send(AN.ref)
    bot.api.unblock(STRANGER)
    await stranger.send("/start")
    assert len(shown(bot, STRANGER)) <= 1


async def test_a_chat_that_is_not_ones_own(w: World, bot: TelegramBot, lan: Phone, stranger: Phone) -> None:
    """No Telegram sends this: what is meant for the admin would go to whoever's chat it is."""
    await stranger.send("/start")
    await bot.api.confirmed(bot.api.push_message(lan.user, chat=stranger.user.as_chat(), text=AN.ref))
    await bot.api.confirmed(bot.api.push_message(stranger.user, chat=lan.user.as_chat(), text=AN.ref))
    assert len(shown(bot, STRANGER)) == 1
    assert shown(bot, lan.user.id) == []
    assert not w.sandbox.requests


async def test_two_members_do_not_mix(w: World, lan: Phone, minh: Phone) -> None:
    lead = "Bình 0977123456"
    await lan.send(lead)
    await minh.send("Cường 0966123456")
    assert "Cường" not in lan.screen()
    assert "Bình" not in minh.screen()
    async with asyncio.timeout(20):
        await asyncio.gather(lan.tap("Save"), minh.tap("Save"))
    assert {post.body["name"] for post in w.sent("POST")} == {"Bình", "Cường"}
    await lan.tap("Show L")
    assert "Cường" not in lan.screen()
    await minh.send("/cancel")
    await lan.send(f"xoá {AN.ref}")
    assert "nothing to cancel" in await minh.send("huỷ")
    assert "Keep" in lan.buttons
    assert w.destroyed() == []


async def test_everybody_reads_their_own_language(w: World, bot: TelegramBot) -> None:
    for code, words in (("vi", "giai đoạn: Mới"), ("en-GB", "stage: Mới"), ("de", "stage: Mới"), (None, "stage: Mới")):
        phone = bot.phone(language_code=code)
        assert words in await phone.send(AN.ref), code
    w.house.settings = w.house.settings.model_copy(update={"language": "vi"})
    await bot.leave()
    await bot.start()
    for code, words in (("vi", "giai đoạn: Mới"), ("en", "stage: Mới"), ("de", "giai đoạn: Mới")):
        phone = bot.phone(MINH, language_code=code)
        assert words in await phone.send(AN.ref), code


async def test_a_viewer_changes_nothing(w: World, vy: Phone) -> None:
    for words in (f"/tag {AN.ref} VIP", f"/note {AN.ref} x", f"/stage {AN.ref} Chốt", f"/untag {AN.ref} Quan tâm"):
        assert "needs the right to add and change" in await vy.send(words)
    for words in ("/lead Bình 0977123456", "anh Bình 0977123456", "/lead Bình", f"gọi lại {AN.phone} nhé"):
        assert "not save leads" in await vy.send(words) or AN.phone in words
        assert not any("Save" in label or "Add" in label for label in vy.buttons)
    assert "Nobody was found" in await vy.send("0977123456")
    await vy.share_contact("Bình", "0977123456")
    assert not any("Save" in label for label in vy.buttons)
    assert {request.method for request in w.sandbox.requests} == {"GET"}
    assert AN.name in await vy.send(AN.ref)


@pytest.mark.parametrize(
    "update",
    [
        pytest.param({"chat": {"id": "all", "type": "private"}, "from": {"id": "all"}}, id="ids that are words"),
        pytest.param({"from": {"id": STRANGER}, "chat": None}, id="no chat"),
        pytest.param({"from": {"id": STRANGER, "language_code": 7}}, id="a language that is a number"),
        pytest.param({"from": {"id": 42, "language_code": 7}}, id="the admin's, too"),
    ],
)
async def test_what_the_gate_cannot_read_does_not_get_through(
    w: World, bot: TelegramBot, lan: Phone, update: dict[str, Any]
) -> None:
    user = {"is_bot": False, "first_name": "Ai", **update["from"]}
    chat = update.get("chat", {"id": user["id"], "type": "private"})
    message = {"message_id": 7, "date": 1_780_000_000, "text": f"xoá {AN.ref}", "from": user, "chat": chat}
    await bot.api.confirmed(bot.api.push({"message": message}))
    assert w.destroyed() == []
    assert not shown(bot, STRANGER) or not [words for words in DATA if words in shown(bot, STRANGER)[0]]
    assert AN.name in await lan.send(AN.ref)


async def test_a_gate_that_breaks_stays_shut(w: World, lan: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("nobody foresaw it")

    with monkeypatch.context() as patch:
        patch.setattr("antcrm_telegram.gate.Gate._lets_in", broken)
        assert not await lan.send(AN.ref)
    assert not w.sandbox.requests
    assert AN.name in await lan.send(AN.ref)
