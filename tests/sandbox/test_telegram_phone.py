"""The phone of the tests, held by a person in front of a small bot of python-telegram-bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import CopyTextButton, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import BadRequest

from antcrm_tools.sandbox.telegram import BotApi, QueryAnswer
from tests.fakes.phone import Phone
from tests.sandbox.telegram_line import Bot, bot_of, new_api

KEYBOARD = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("Lưu", callback_data="save"), InlineKeyboardButton("Sửa", callback_data="edit")],
        [InlineKeyboardButton("Chép số", copy_text=CopyTextButton("0912345678"))],
    ]
)


async def answer(bot: Bot, update: Update) -> None:
    """Every update in a way of its own."""
    if update.callback_query is not None:
        await tapped(bot, update)
    elif update.edited_message is not None:
        await bot.send_message(42, f"Sửa thành {update.edited_message.text}")
    elif update.message is not None:
        await written(bot, update.message)


async def tapped(bot: Bot, update: Update) -> None:
    query = update.callback_query
    assert query is not None
    if query.data == "save" and isinstance(query.message, Message):
        try:
            await query.edit_message_text("Đã lưu")
        except BadRequest:  # it says so already
            await query.answer("Đã cũ")
        else:
            await query.answer("Đã lưu", show_alert=True)
    elif query.data == "edit":
        await bot.send_message(42, "Tên?", reply_markup=ForceReply())
        await query.answer()
    elif query.data != "nothing":
        await query.answer("Đã cũ")


async def written(bot: Bot, message: Message) -> None:
    if message.text == "xoá":
        await message.delete()
    elif message.reply_to_message is not None:
        await bot.send_message(42, f"{message.reply_to_message.text} {message.text}")
    elif message.contact is not None:
        await bot.send_message(42, f"{message.contact.first_name} {message.contact.phone_number}")
    elif message.forward_origin is not None:
        await bot.send_message(42, f"Chuyển tiếp: {message.text}")
    elif message.text is not None:
        await message.set_reaction("👍")
        await bot.send_message(42, f"<b>{message.text}</b>?", parse_mode="HTML", reply_markup=KEYBOARD)
    else:
        await bot.send_message(42, f"{message.effective_attachment is not None} {message.caption or ''}")


async def live(bot: Bot) -> None:
    """Act first, confirm then."""
    offset = 0
    while True:
        for update in await bot.get_updates(offset=offset, timeout=20):
            await answer(bot, update)
            offset = update.update_id + 1


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    made = new_api()
    async with bot_of(made) as bot:
        living = asyncio.create_task(live(bot))
        yield made
        living.cancel()
        await asyncio.wait([living])
        assert living.cancelled(), living.exception()
    assert made.violations == []


@pytest.fixture
async def phone(api: BotApi) -> Phone:
    return Phone(api)


async def test_a_conversation(phone: Phone) -> None:
    assert await phone.send("chị Hoa") == "chị Hoa?\n[Lưu] [Sửa]\n[Chép số]"
    assert phone.screen() == "› chị Hoa 👍\n\nchị Hoa?\n[Lưu] [Sửa]\n[Chép số]"
    assert phone.buttons == ["Lưu", "Sửa", "Chép số"]
    assert phone.alert is None
    assert await phone.tap("LUU") == "Đã lưu"
    assert phone.alert == QueryAnswer("Đã lưu", show_alert=True)
    assert phone.buttons == []
    assert phone.screen(1) == "Đã lưu"
    assert await phone.send("xoá") == ""
    assert phone.screen() == "› chị Hoa 👍\n\nĐã lưu"


async def test_a_question_is_replied_to(phone: Phone) -> None:
    await phone.send("anh An")
    assert await phone.tap("Sửa") == "Tên?"
    assert await phone.send("Ánh") == "Tên? Ánh"


async def test_what_else_a_person_sends(phone: Phone) -> None:
    await phone.send("một")
    assert await phone.edit("hai") == "Sửa thành hai"
    assert await phone.forward("Gọi chị Hoa") == "Chuyển tiếp: Gọi chị Hoa"
    assert await phone.share_contact("Nam", "84912345678") == "Nam 84912345678"
    for sending in (phone.send_sticker(), phone.send_voice()):
        assert await sending == "True"
    assert await phone.send_photo(caption="Danh thiếp") == "True Danh thiếp"
    assert [line for line in phone.screen().splitlines() if line.startswith("›")] == [
        *("› hai 👍", "› ↪ Gọi chị Hoa", "› ☎ Nam 84912345678", "› (sticker)", "› (voice)", "› (photo) Danh thiếp"),
    ]


async def test_buttons_that_are_not_there(phone: Phone) -> None:
    await phone.send("một")
    with pytest.raises(AssertionError, match=r"there is no button “Xoá” on:\n› một 👍"):
        await phone.tap("Xoá")
    assert await phone.press("gone") == ""
    assert phone.alert == QueryAnswer("Đã cũ", show_alert=False)
    assert await phone.press("save", 5) == ""
    assert phone.alert == QueryAnswer("Đã cũ", show_alert=False)
    await phone.press("nothing")
    assert phone.alert is None
    assert await phone.tap("chép") == ""
    assert phone.clipboard == "0912345678"


async def test_taps_at_once(phone: Phone) -> None:
    await phone.send("một")
    answers = await phone.taps_at_once("Lưu", 3)
    assert [answer.text for answer in answers] == ["Đã lưu", "Đã cũ", "Đã cũ"]
    assert phone.alert == answers[-1]


async def test_without_waiting(phone: Phone) -> None:
    ids = [phone.send_later(str(number)) for number in range(3)]
    assert (await phone.sees("2?")).endswith("2?\n[Lưu] [Sửa]\n[Chép số]")
    await phone.api.confirmed(ids[-1])
    assert [message.text for message in phone.log.messages if message.by_bot] == ["0?", "1?", "2?"]
