"""Ways around the person, against everything the chat can destroy: none of them sends a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from antcrm_tools.sandbox import AN, HOA, Memorable
from antcrm_tools.sandbox.store import Row
from antcrm_tools.sandbox.telegram import ApiCall
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MINH, STRANGER, VIEWER, TelegramBot, soon
from tests.fakes.world import World

ASKING = {
    "delete": f"xoá {AN.ref}",
    "by phone": "/delete 0987654321",
    "note": f"xoá {AN.ref} ghi chú",
    "tags": f"delete the tags of {AN.ref}",
    "phone": f"xoá {AN.ref} {AN.phone}",
    "e-mail": f"xoá {AN.ref} {AN.email}",
}
FIELDS = ("giai đoạn", "người phụ trách", "nguồn", "điện thoại", "email")
"""What else can be emptied."""

GROUP: dict[str, Any] = {"id": -500, "type": "group", "title": "Phòng kinh doanh"}
CHANNEL: dict[str, Any] = {"id": -1000000500, "type": "channel", "title": "Tin tức"}
OTHER_BOT: dict[str, Any] = {"id": 777, "is_bot": True, "first_name": "Gif", "username": "gif"}
ANONYMOUS: dict[str, Any] = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
YES = "Delete"

on_each = pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING)


@dataclass(frozen=True)
class Scene:
    """The admin has asked, and the question stands."""

    w: World
    bot: TelegramBot
    lan: Phone
    yes: str

    async def push(self, **update: Any) -> None:
        await self.bot.api.confirmed(self.bot.api.push(update))

    def stands(self) -> bool:
        return self.lan.buttons[:1] == ["Keep"]


def changed(w: World) -> None:
    """A colleague changes everything that is asked about."""
    for one in (AN, HOA):
        row = rows(w, one)
        row.fields |= {
            "bgInfo": "Khách vừa chốt!",
            "tags": ["Chốt"],
            "phones": [{"type": "Work", "value": one.phone}, {"type": "Work", "value": "0900000000"}],
            "emails": [{"type": "Work", "value": one.email}, {"type": "Work", "value": "moi@example.com"}],
        }
        w.sandbox.store.save(row)


async def nothing(s: Scene) -> None:
    """It is only asked."""
    assert s.stands()


async def kept(s: Scene) -> None:
    assert "the answer was no" in await s.lan.tap("Keep")
    await s.lan.press(s.yes)
    assert s.lan.alert is not None
    assert "This tap did nothing" in s.lan.alert.text


async def kept_before_the_yes(s: Scene) -> None:
    taps = [s.lan.press_later(s.lan.data("Keep")), s.lan.press_later(s.yes)]
    for tap in taps:
        await s.bot.api.confirmed(tap)


async def typed(s: Scene) -> None:
    for words in ("có", "yes", "Xoá đi!", "xoá", "delete it", "OK", "đồng ý", "1", s.yes, "Delete"):
        await s.lan.send(words)
    assert s.stands()


async def cancelled(s: Scene) -> None:
    for words in ("huỷ", "không", "/cancel"):
        await s.lan.send(words)
    await s.lan.press(s.yes)
    assert not s.lan.buttons


async def said_no(s: Scene) -> None:
    assert "Cancelled. Nothing was changed." in await s.lan.send("đừng xoá")
    await s.lan.press(s.yes)


async def too_late(s: Scene) -> None:
    s.w.clock.advance(minutes=2)
    assert "too late" in await s.lan.tap(YES)


async def much_too_late(s: Scene) -> None:
    s.w.clock.advance(minutes=31)
    assert "too late" in await s.lan.tap(YES)


async def changed_meanwhile(s: Scene) -> None:
    changed(s.w)
    assert "no longer as it was shown" in await s.lan.tap(YES)


async def gone_meanwhile(s: Scene) -> None:
    for one in (AN, HOA):
        s.w.sandbox.store.remove(rows(s.w, one), hard=True)
    assert "Nothing was changed" in await s.lan.tap(YES)


async def made_up(s: Scene) -> None:
    real = s.yes.removeprefix("c:")
    for data in (
        "",
        "c:",
        "c",
        "yes",
        "c:" + "0" * 62,
        "c:xoá🔥" * 5,
        real,
        f"C:{real}",
        f"c:{real} ",
        f"c:{real[:-1]}",
    ):
        await s.lan.press(data)
        assert s.lan.alert is not None, data
        assert "too old" in s.lan.alert.text, data


async def a_colleague_taps(s: Scene) -> None:
    before = s.lan.screen()
    for user in (MINH, VIEWER):
        phone = s.bot.phone(user)
        assert not await phone.press(s.yes)
        assert phone.alert is not None
        assert phone.alert.show_alert
        assert "for somebody else" in phone.alert.text
        assert not phone.screen()
    assert s.lan.screen() == before


async def a_stranger_taps(s: Scene) -> None:
    before, calls = s.lan.screen(), len(s.bot.api.calls)
    phone = s.bot.phone(STRANGER)
    assert not await phone.press(s.yes)
    assert phone.alert is not None
    assert phone.alert.show_alert
    assert s.lan.screen() == before
    assert [call.method for call in spoken(s.bot, calls)] == ["answerCallbackQuery"]


async def a_tap_that_says_it_is_elsewhere(s: Scene) -> None:
    """No Telegram sends this: a member, under a message in the chat of another."""
    last = s.lan.log.messages[-1]
    for sender in (MINH, STRANGER):
        user = s.bot.phone(sender).user.as_json()
        message = {"message_id": last.message_id, "date": 1, "chat": s.lan.log.chat, "text": last.text}
        await s.push(
            callback_query={"id": f"1{sender}", "from": user, "chat_instance": "1", "data": s.yes, "message": message}
        )
    assert s.stands()


async def forwarded(s: Scene) -> None:
    for words in (ASKING["delete"], "có", "yes", "/delete L9002", s.yes):
        assert "neither a phone nor an e-mail" in await s.lan.forward(words)
    await s.lan.forward(ASKING["phone"])


async def edited(s: Scene) -> None:
    for words in ("có", f"xoá {HOA.ref}", "/delete L9002", "yes"):
        await s.lan.send("alo")
        assert "not carried out again" in await s.lan.edit(words)


async def a_draft_is_edited(s: Scene) -> None:
    await s.lan.send("anh Bình 0977123456")
    assert "left as it was" in await s.lan.edit("xoá 0977123456")
    assert "left as it was" in await s.lan.edit(f"xoá {AN.ref}")


async def by_another_bot(s: Scene) -> None:
    for words in (ASKING["delete"], "có", "/delete L9002"):
        await s.lan.send_anything(text=words, via_bot=OTHER_BOT)
    for words in (ASKING["delete"], "có"):
        await s.lan.send_photo(words)


async def in_a_group(s: Scene) -> None:
    user = s.lan.user
    for words in (ASKING["delete"], "có", f"/delete@antcrm_test_bot {AN.ref}"):
        await s.bot.api.confirmed(s.bot.api.push_message(user, chat=GROUP, text=words))
    anonymous: dict[str, Any] = {"from": ANONYMOUS, "sender_chat": GROUP, "chat": GROUP, "message_id": 8, "date": 1}
    await s.push(message={**anonymous, "text": ASKING["delete"]})
    message = {"message_id": 9, "date": 1, "chat": GROUP, "text": "?"}
    query = {"id": "77", "from": user.as_json(), "chat_instance": "1", "data": s.yes, "message": message}
    await s.push(callback_query=query)
    assert not [m for m in s.bot.api.chat(GROUP["id"]).messages if m.by_bot]
    assert s.bot.api.left[:1] == [GROUP["id"]]


async def in_a_channel(s: Scene) -> None:
    post = {"message_id": 5, "date": 1, "chat": CHANNEL, "sender_chat": CHANNEL, "text": ASKING["delete"]}
    await s.push(channel_post=post)
    await s.push(message={**post, "message_id": 6})
    assert not [m for m in s.bot.api.chat(CHANNEL["id"]).messages if m.by_bot]


async def by_nobody(s: Scene) -> None:
    await s.push(message={"message_id": 7, "date": 1, "chat": s.lan.log.chat, "text": ASKING["delete"]})


Way = Callable[[Scene], Awaitable[None]]
WAYS: list[Way] = [
    nothing,
    kept,
    kept_before_the_yes,
    typed,
    cancelled,
    said_no,
    too_late,
    much_too_late,
    changed_meanwhile,
    gone_meanwhile,
    made_up,
    a_colleague_taps,
    a_stranger_taps,
    a_tap_that_says_it_is_elsewhere,
    forwarded,
    edited,
    a_draft_is_edited,
    by_another_bot,
    in_a_group,
    in_a_channel,
    by_nobody,
]


def spoken(bot: TelegramBot, since: int = 0) -> list[ApiCall]:
    """The calls but for those that look for updates, or set the menu."""
    return [call for call in bot.api.calls[since:] if not call.method.startswith(("getUpdates", "getMy", "setMy"))]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_no_way_around_the_person(w: World, bot: TelegramBot, lan: Phone, way: Way) -> None:
    before = {one: rows(w, one) for one in (AN, HOA)}
    for asking in ASKING.values():
        assert "Delete" in await lan.send(asking)
        await way(Scene(w, bot, lan, lan.data(YES)))
        assert w.destroyed() == [], asking
        await lan.send("/cancel")
        for row in before.values():
            w.sandbox.store.save(row)
    assert w.sent("POST") == []


def rows(w: World, one: Memorable) -> Row:
    """The record of a customer, which a test can put back."""
    row = w.sandbox.store.get("lead", one.id)
    assert row is not None
    return replace(row, fields=dict(row.fields))


@on_each
async def test_a_yes_is_carried_out_once(w: World, lan: Phone, asking: str) -> None:
    await lan.send(asking)
    yes = lan.data(YES)
    await lan.tap(YES)
    assert len(w.destroyed()) == 1
    await lan.press(yes)
    assert lan.alert is not None
    assert "used already" in lan.alert.text
    assert len(w.destroyed()) == 1


@pytest.mark.parametrize("end", ["leave", "kill"])
@on_each
async def test_a_yes_after_a_restart_is_one_and_counts_once(
    w: World, bot: TelegramBot, lan: Phone, asking: str, end: str
) -> None:
    """The question is in the ledger: who was asked before need not be asked again."""
    await lan.send(asking)
    yes, question = lan.data(YES), next(message.message_id for message in lan.log.messages if message.buttons)
    await (bot.leave() if end == "leave" else bot.kill())
    await bot.start()
    minh = bot.phone(MINH)
    assert "asked of somebody else" in await minh.press(yes)
    assert w.destroyed() == []
    said = await lan.press(yes, question)
    assert "Deleted" in said or "Saved" in said
    assert len(w.destroyed()) == 1
    # A card of an earlier process has no button that works, so it keeps none.
    assert not next(message for message in lan.log.messages if message.message_id == question).buttons
    await lan.press(yes, question)
    assert len(w.destroyed()) == 1


async def test_after_a_restart_a_yes_is_held_against_what_is_there(w: World, bot: TelegramBot, lan: Phone) -> None:
    await lan.send(ASKING["delete"])
    await bot.leave()
    await bot.start()
    changed(w)
    assert "no longer as it was shown" in await lan.tap(YES)
    await lan.send(ASKING["delete"])
    await bot.leave()
    await bot.start()
    w.clock.advance(minutes=3)
    assert "too late" in await lan.tap(YES)
    assert w.destroyed() == []


@on_each
async def test_five_at_once(w: World, lan: Phone, asking: str) -> None:
    await lan.send(asking)
    answers = await lan.taps_at_once(YES, 5)
    assert len(w.destroyed()) == 1
    assert sum("used already" in answer.text for answer in answers) == 4
    assert not {"Keep", YES} & set(" ".join(lan.buttons).split())


@pytest.mark.parametrize("field", FIELDS)
async def test_any_field_is_asked_about(w: World, lan: Phone, field: str) -> None:
    assert "will be gone" in await lan.send(f"xoá {AN.ref} {field}")
    assert "the answer was no" in await lan.tap("Keep")
    assert w.destroyed() == []


@on_each
async def test_who_may_not_is_told_so(w: World, bot: TelegramBot, asking: str) -> None:
    phone = bot.phone(VIEWER)
    screen = await phone.send(asking)
    assert "needs the right to delete, which your role does not include. Nothing was changed." in screen
    assert not phone.buttons
    assert w.destroyed() == []


@on_each
async def test_what_is_a_managers_to_confirm_is_not_confirmed_by_whoever_asked(
    w: World, bot: TelegramBot, asking: str
) -> None:
    phone, lan = bot.phone(MINH), bot.phone(LAN)
    await lan.send("/help")
    assert "waits for a manager's yes" in await phone.send(asking)
    assert not phone.buttons
    bot.look()
    await soon(lambda: lan.buttons)
    for token in (lan.data("Keep"), lan.data(lan.buttons[-1])):
        await phone.press(token)
        assert phone.alert is not None
        assert phone.alert.show_alert
    assert w.destroyed() == []


async def test_two_questions_do_not_mix(w: World, lan: Phone) -> None:
    await lan.send(f"xoá {AN.ref}")
    an = lan.data(YES)
    await lan.send(f"xoá {HOA.ref}")
    await lan.tap("Keep")
    assert f"Deleted: {AN.ref}" in await lan.press(an)
    assert w.sandbox.store.get("lead", HOA.id) is not None
    assert len(w.destroyed()) == 1


async def test_people_at_once_ask_for_the_same(w: World, bot: TelegramBot, lan: Phone) -> None:
    await lan.send(f"xoá {AN.ref}")
    yes = lan.data(YES)
    others = [bot.phone(user) for user in (MINH, VIEWER, STRANGER, 67, 68)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(phone.press(yes) for phone in others))
    assert w.destroyed() == []
    assert all(phone.alert is not None and phone.alert.show_alert for phone in others)
    assert "Deleted" in await lan.press(yes)
    assert len(w.destroyed()) == 1
