"""What people send that is no wish, and what stands in AntCRM that is no fair text: shown as it is, never refused."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from antcrm_telegram.rendering import units
from antcrm_tools.sandbox import AN, ANH, HOA
from antcrm_tools.sandbox.telegram import Message
from antcrm_tools.text import clean
from tests.fakes.phone import Phone
from tests.fakes.telegram import TelegramBot
from tests.fakes.world import World

HALF = "half a character"
NASTY = {
    "html": '<b>An</b> & <script>alert(1)</script> <a href="https://x.example">y</a> </b></i>',
    "entities": "&amp; &lt;b&gt; &nbsp; &#60; &bogus;",
    "markdown": "*đậm* _nghiêng_ `mã` [An](tg://user?id=1) ~~x~~ ||y|| \\* #1 +1-2.3!",
    "templates": "{name} {0} %s %(x)s {{ref}} ${HOME}",
    "right to left": "\u202eNA\u202c שלום مرحبا \u2067x\u2069",
    "nothing to see": "An\u200b\u200d\ufeff\u2060 \u3164\u2800",
    "emoji": "👨‍👩‍👧 🇻🇳 👍🏽 🔥",
    "decomposed": unicodedata.normalize("NFD", "Nguyễn Thị Thuỳ Dương"),
    "breaks": "An\n\nXoá?\r\nYes\x0b\x1c\u2028Keep\x00\x07",
    "commands": "/delete L9002 @all #tag https://x.example 0987654321",
    HALF: "An \ud83d Bình \udc00",
    "long": "Nguyễn " * 28,
}

STORED = {key: text for key, text in NASTY.items() if key != HALF}
"""No JSON that AntCRM makes has half a character in it."""

GROUP: dict[str, Any] = {"id": -500, "type": "supergroup", "title": "Phòng kinh doanh"}
CHANNEL: dict[str, Any] = {"id": -1000000500, "type": "channel", "title": "Tin tức"}
FILE = {"file_id": "AgACAgUAAxkBAAIB", "file_unique_id": "AQADAgAT"}
SIZE = {"width": 512, "height": 512}

UNREADABLE: dict[str, dict[str, Any]] = {
    "location": {"location": {"latitude": 21.0, "longitude": 105.8}},
    "venue": {
        "venue": {"location": {"latitude": 21.0, "longitude": 105.8}, "title": "Quán", "address": "Hà Nội"},
        "location": {"latitude": 21.0, "longitude": 105.8},
    },
    "poll": {
        "poll": {
            "id": "1",
            "question": "?",
            "options": [],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    },
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "document": {"document": {**FILE, "file_name": "khach.xlsx"}},
    "a caption that says nothing": {"photo": [{**FILE, **SIZE}], "caption": "xoá L9001"},
    "something Telegram will have next year": {"hologram": {"depth": 3}},
}

SERVICE: dict[str, dict[str, Any]] = {
    "pinned": {"pinned_message": {"message_id": 1, "date": 1, "chat": {"id": 42, "type": "private"}, "text": "x"}},
    "title": {"new_chat_title": "x"},
    "timer": {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
    "allowed": {"write_access_allowed": {}},
    "background": {"chat_background_set": {"type": {"type": "chat_theme", "theme_name": "x"}}},
}


def said(phone: Phone) -> list[Message]:
    """What the bot wrote to them."""
    return [message for message in phone.log.messages if message.by_bot]


def write(w: World, **fields: object) -> None:
    """What a colleague typed into AntCRM."""
    row = w.sandbox.store.get("lead", AN.id)
    assert row is not None
    row.fields |= fields
    w.sandbox.store.save(row)


@pytest.mark.parametrize("text", STORED.values(), ids=STORED)
async def test_whatever_a_record_holds(w: World, lan: Phone, text: str) -> None:
    write(w, name=text, bgInfo=text, stage=text, tags=[text, "VIP"], sourceContact=text)
    shown = clean(text, 60).encode("utf-8", "replace").decode()
    assert shown.rstrip("…") in await lan.send(AN.ref)
    assert shown.rstrip("…") in await lan.send(f"tìm {AN.phone}")
    assert ANH.name in lan.screen()
    assert all("\n" not in label and label.strip() for label in lan.buttons)
    for asking in (f"xoá {AN.ref}", f"xoá {AN.ref} ghi chú"):
        asked = await lan.send(asking)
        assert asked.startswith("Delete ")
        # Its lines are ours: a name does not bring one along.
        assert not [line for line in asked.split("\n") if line.startswith(("Xoá?", "Yes", "Keep"))]
        await lan.tap("Keep")
    for card in said(lan):
        assert not [entity for entity in card.raw.get("entities", ()) if entity["type"] in ("text_link", "italic")]
        assert not any(char in card.text for char in "\u202e\u2067\x00")
    assert w.destroyed() == []


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
async def test_whatever_somebody_writes(w: World, lan: Phone, text: str) -> None:
    await lan.send(text[:4000])
    await lan.forward(text[:4000])
    await lan.share_contact(text[:64], "0966777888", last_name=text[:64], vcard=f"NOTE:{text}")
    assert "A new lead, not saved yet:" in lan.latest
    await lan.send_photo(f"{text[:900]} 0966777889")
    assert "0966 777 889" in lan.latest or "Your message:" in lan.latest
    assert w.destroyed() == []
    assert w.sent("POST") == []


@pytest.mark.parametrize("size", [5_000, 30_000])
@pytest.mark.parametrize("row", [200, 100_000], ids=["lines", "one line"])
async def test_a_note_as_long_as_a_book(w: World, lan: Phone, size: int, row: int) -> None:
    words = " ".join(f"từ{number}🔥&" for number in range(size // 7))
    note = "\n".join(words[start : start + row] for start in range(0, len(words), row))
    write(w, bgInfo=note)
    await lan.send(AN.ref)
    shown = said(lan)
    assert 1 < len(shown) <= 6
    assert all(units(message.text) <= 4096 for message in shown)
    if size == 5_000 and row > size:
        # Nothing of it is left out: each word is there, in order.
        assert "".join(words.split()) in "".join("".join(message.text for message in shown).split())
    if row < size:
        assert "".join(words[-20:].split()) in "".join(
            shown[-1].text.replace("│", "").split()
        )  # the newest lines are the last ones
    before = len(shown)
    await lan.send(f"0912345678 {AN.name} gọi lại")
    await lan.send(f"xoá {AN.ref}")
    asked = said(lan)[before:]
    assert asked[-1].buttons
    assert not any(message.buttons for message in asked[:-1] if "Delete" in message.text)
    await lan.tap("Keep")
    assert w.destroyed() == []


async def test_a_card_of_many_messages_is_replaced_whole(w: World, lan: Phone) -> None:
    row = w.sandbox.store.get("lead", HOA.id)
    assert row is not None
    row.fields["bgInfo"] = "gọi lại nhé " * 1_000
    w.sandbox.store.save(row)
    await lan.send(f"Hoa {HOA.phone} hẹn thứ năm")
    parts = said(lan)
    assert len(parts) > 2
    assert [bool(message.buttons) for message in parts] == [False] * (len(parts) - 1) + [True]
    await lan.tap("Drop")
    assert [message.text for message in said(lan) if not message.deleted] == [
        "Cancelled. Not saved: Hoa, 0987.654.321."
    ]


@pytest.mark.parametrize("fields", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_is_said_to_be_so(w: World, lan: Phone, fields: dict[str, Any]) -> None:
    screen = await lan.send_anything(**fields)
    assert screen == "Only text and contact cards can be read here. Nothing of this was saved: write it as a message."
    assert said(lan)[0].reply_to is not None
    assert not w.sandbox.requests


async def test_stickers_voices_and_pictures(w: World, lan: Phone) -> None:
    for sending in (lan.send_sticker(), lan.send_voice(), lan.send_photo()):
        assert "Nothing of this was saved" in await sending
    screen = await lan.send_photo("Anh Bình 0977123456")
    assert "name: Anh Bình" in screen
    assert "the picture or file itself is not kept" in screen
    await lan.tap("Save")
    assert len(w.sent("POST")) == 1


@pytest.mark.parametrize("caption", ["", "Anh Bình 0977123456"])
async def test_an_album_is_answered_once(w: World, lan: Phone, caption: str) -> None:
    for number in range(4):
        words = {"caption": caption} if caption and not number else {}
        await lan.send_anything(photo=[{**FILE, **SIZE}], media_group_id="137", **words)
    assert lan.screen().count("Nothing of this was saved") == (0 if caption else 1)
    assert lan.screen().count("name: Anh Bình") == (1 if caption else 0)
    await lan.send_anything(photo=[{**FILE, **SIZE}], media_group_id="138")
    assert "Nothing of this was saved" in lan.latest
    assert w.sent("POST") == []


async def test_what_telegram_notes_in_a_chat_is_no_message(lan: Phone, w: World) -> None:
    for fields in SERVICE.values():
        assert not await lan.send_anything(**fields)
    assert not w.sandbox.requests


async def test_what_is_edited_without_words(bot: TelegramBot, lan: Phone) -> None:
    await lan.send_sticker()
    await lan.send_anything(location={"latitude": 21.0, "longitude": 105.8, "live_period": 900})
    before = lan.screen()
    for message in [one for one in lan.log.messages if not one.by_bot]:
        await bot.api.confirmed(bot.api.push_edited(lan.user, message.message_id))
    assert lan.screen() == before


async def test_an_edited_command(w: World, lan: Phone) -> None:
    await lan.send("/find 0987654321")
    requests = len(w.sandbox.requests)
    assert "An edited message is not carried out again" in await lan.edit(f"/delete {AN.ref}")
    assert len(w.sandbox.requests) == requests


async def test_groups_are_left_without_a_word(bot: TelegramBot, lan: Phone, stranger: Phone) -> None:
    me = {"id": 1234567, "is_bot": True, "first_name": "AntCRM", "username": "antcrm_test_bot"}
    for chat in (GROUP, CHANNEL):
        for status in ("member", "administrator"):
            was, now = {"user": me, "status": "left"}, {"user": me, "status": status, **RIGHTS[status]}
            change = {"chat": chat, "from": stranger.user.as_json(), "date": 1}
            update = bot.api.push({"my_chat_member": {**change, "old_chat_member": was, "new_chat_member": now}})
            await bot.api.confirmed(update)
            assert bot.api.left.count(chat["id"]) == 1
            # And removed again: nothing more is done.
            calls = sum(call.method == "leaveChat" for call in bot.api.calls)
            out = {
                **change,
                "old_chat_member": now,
                "new_chat_member": {"user": me, "status": "kicked", "until_date": 0},
            }
            await bot.api.confirmed(bot.api.push({"my_chat_member": out}))
            assert sum(call.method == "leaveChat" for call in bot.api.calls) == calls
    for text in ("/start", "/find@antcrm_test_bot 0912345678", "0912345678"):
        await bot.api.confirmed(bot.api.push_message(lan.user, chat=GROUP, text=text))
    assert not [message for chat in (GROUP, CHANNEL) for message in bot.api.chat(chat["id"]).messages if message.by_bot]
    assert {call.params.get("chat_id") for call in bot.api.calls if call.method == "sendMessage"} <= {lan.user.id}


RIGHTS: dict[str, dict[str, Any]] = {
    "member": {},
    "administrator": {
        "can_be_edited": False,
        "is_anonymous": False,
        **{
            f"can_{right}": False
            for right in (
                *("manage_chat", "delete_messages", "manage_video_chats", "restrict_members", "promote_members"),
                *("change_info", "invite_users", "post_stories", "edit_stories", "delete_stories"),
            )
        },
    },
}


async def test_start_with_rubbish(lan: Phone, w: World) -> None:
    for rubbish in ("", " xyz", " xoá L9001", "@antcrm_test_bot \x00", " " + "đ" * 4000, "\n/delete L9001"):
        assert "Hello! Here you look up customers" in await lan.send(f"/start{rubbish}")
    assert not w.sandbox.requests


async def test_fifty_phones_in_one_message(w: World, lan: Phone) -> None:
    """AntCRM takes ten. The others were refused when it was saved, and nothing could be done but to type less."""
    phones = [f"09661{number:05d}" for number in range(50)]
    words = " ".join(["Bình", *phones]).ljust(4096, "đ")
    assert "not saved yet" in await lan.send(words)
    assert "Created: L" in await lan.tap("Save")
    [post] = w.sent("POST")
    saved = str(post.body)
    assert all(phone in saved for phone in phones)
    assert "đ" * 1000 in saved
    assert len(post.body["phones"]) == 10


async def test_taps_without_a_button(bot: TelegramBot, lan: Phone) -> None:
    await lan.send("/start")
    message = lan.log.messages[-1].raw
    base = {"from": lan.user.as_json(), "chat_instance": "1"}
    for number, more in enumerate(
        [
            {"message": message, "data": ""},
            {"message": message, "game_short_name": "x"},
            {"message": {"chat": lan.log.chat, "message_id": 99, "date": 0}, "data": "c:abc"},
            {"inline_message_id": "AAA", "data": "c:abc"},
            {"data": "c:abc"},
            {"message": {**message, "reply_to_message": message}, "data": "c:abc"},
        ]
    ):
        before = lan.screen()
        await bot.api.confirmed(bot.api.push({"callback_query": {"id": f"5{number}", **base, **more}}))
        # No Telegram takes an answer to such a tap, so it is said in the chat.
        assert "too old" in lan.screen().removeprefix(before)


async def test_a_message_of_nobody(bot: TelegramBot, lan: Phone, w: World) -> None:
    await lan.send("/start")
    before = lan.screen()
    update = {"message": {"message_id": 9_999, "date": 1, "chat": lan.log.chat, "text": AN.ref}}
    await bot.api.confirmed(bot.api.push(update))
    assert before in lan.screen()
    assert len(said(lan)) == 1
    assert not w.sandbox.requests
