"""Every method of the sandbox's Telegram, called by python-telegram-bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.error import BadRequest, EndPointNotFound, Forbidden, InvalidToken, RetryAfter

from antcrm_tools.sandbox.telegram import BotApi, Button, QueryAnswer, Rates, User
from tests.sandbox.telegram_line import GROUP, LAN, NOW, Bot, Clock, bot_at, bot_of, new_api, serving

KEYBOARD = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("Lưu", callback_data="c:1", style="success"),
            InlineKeyboardButton("Chép", copy_text=CopyTextButton("0912345678")),
        ],
        [InlineKeyboardButton("Mở", url="https://crm.example/42")],
    ]
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> BotApi:
    made = new_api(clock)
    made.push_message(LAN, text="/start")
    return made


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with bot_of(api) as connected:
        yield connected


async def test_who_the_bot_is(api: BotApi, bot: Bot) -> None:
    assert (bot.username, bot.first_name, bot.id) == ("antcrm_test_bot", "AntCRM", 1234567)
    assert [(call.method, call.status) for call in api.calls] == [("getMe", 200)]


async def test_a_message_is_sent(api: BotApi, bot: Bot) -> None:
    sent = await bot.send_message(
        42,
        "<b>Chị Hoa</b> &amp; anh An",
        parse_mode="HTML",
        reply_markup=KEYBOARD,
        protect_content=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_parameters=ReplyParameters(api.chat(42).messages[0].message_id),
    )
    assert (sent.text, sent.text_html) == ("Chị Hoa & anh An", "<b>Chị Hoa</b> &amp; anh An")
    assert (sent.date, sent.chat.id, sent.has_protected_content) == (NOW, 42, True)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/start"
    assert sent.reply_markup is not None
    assert sent.reply_markup.to_dict() == KEYBOARD.to_dict()
    kept = api.chat(42).messages[-1]
    assert (kept.text, kept.html) == (sent.text, "<b>Chị Hoa</b> &amp; anh An")
    assert (kept.message_id, kept.by_bot, kept.protected, kept.edits) == (sent.message_id, True, True, 0)
    assert kept.reply_to == api.chat(42).messages[0].message_id
    assert kept.buttons == [
        [Button("Lưu", "c:1", "success"), Button("Chép", copy="0912345678")],
        [Button("Mở", url="https://crm.example/42")],
    ]
    assert api.violations == []


async def test_white_space_around_is_taken_off(api: BotApi, bot: Bot) -> None:
    sent = await bot.send_message(42, "  😀 <i>nghiêng </i>\n", parse_mode="HTML")
    assert sent.text == "😀 nghiêng"
    assert [(entity.offset, entity.length) for entity in sent.entities] == [(3, 7)]
    assert api.chat(42).messages[-1].html == "  😀 <i>nghiêng </i>\n"


async def test_whom_a_message_does_not_reach(api: BotApi, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(43, "x")
    api.block(42)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(42, "x")
    api.push_message(LAN, text="hi")
    await bot.send_message(42, "x")
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(42, "x", reply_parameters=ReplyParameters(5))
    sent = await bot.send_message(42, "x", reply_parameters=ReplyParameters(5, allow_sending_without_reply=True))
    assert sent.reply_to_message is None
    # What a bot cannot know is no fault of its.
    assert api.violations == []


async def test_editing(api: BotApi, bot: Bot, clock: Clock) -> None:
    sent = await bot.send_message(42, "một", reply_markup=KEYBOARD)
    clock.pass_by(5)
    edited = await bot.edit_message_text("<b>hai</b>", 42, sent.message_id, parse_mode="HTML")
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup, edited.edit_date) == ("hai", None, clock.now)
    kept = api.chat(42).messages[-1]
    assert (kept.text, kept.html, kept.buttons, kept.edits) == ("hai", "<b>hai</b>", [], 1)
    for again in (
        bot.edit_message_text("<b>hai</b>", 42, sent.message_id, parse_mode="HTML"),
        bot.edit_message_reply_markup(42, sent.message_id),
    ):
        with pytest.raises(BadRequest, match="Message is not modified"):
            await again
    await bot.edit_message_text("hai", 42, sent.message_id)  # no longer bold
    await bot.edit_message_reply_markup(42, sent.message_id, reply_markup=KEYBOARD)
    assert (kept.text, kept.edits, len(kept.buttons)) == ("hai", 3, 2)


async def test_what_cannot_be_edited(api: BotApi, bot: Bot) -> None:
    asked = await bot.send_message(42, "Tên?", reply_markup=ForceReply(input_field_placeholder="Nguyễn Văn An"))
    assert asked.reply_markup is None
    assert api.chat(42).messages[-1].forces_reply
    for message_id in (asked.message_id, api.chat(42).messages[0].message_id):
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await bot.edit_message_text("x", 42, message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", 42, 7)
    sent = await bot.send_message(42, "Thôi", reply_markup=ReplyKeyboardRemove())
    await bot.edit_message_text("Xong", 42, sent.message_id)


async def test_deleting(api: BotApi, bot: Bot, clock: Clock) -> None:
    sent = await bot.send_message(42, "x")
    hers = api.chat(42).messages[0].message_id
    assert await bot.delete_message(42, sent.message_id)
    assert await bot.delete_message(42, hers)
    assert [message.deleted for message in api.chat(42).messages] == [True, True]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(42, hers)
    old = await bot.send_message(42, "y")
    clock.pass_by(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(42, old.message_id)


async def test_a_tap_is_answered_once(api: BotApi, bot: Bot) -> None:
    sent = await bot.send_message(42, "x", reply_markup=KEYBOARD)
    _, query_id = api.push_tap(LAN, sent.message_id, "c:1")
    assert api.query_answers == {}
    assert await bot.answer_callback_query(query_id, "Đã lưu", show_alert=True)
    assert api.query_answers == {query_id: QueryAnswer("Đã lưu", show_alert=True)}
    for gone in (query_id, "12"):
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(gone)


async def test_what_a_tap_brings(api: BotApi, bot: Bot) -> None:
    hers = api.chat(42).messages[0].message_id
    sent = await bot.send_message(42, "x", reply_markup=KEYBOARD, reply_parameters=ReplyParameters(hers))
    await bot.edit_message_text("y", 42, sent.message_id, reply_markup=KEYBOARD)
    api.push_tap(LAN, sent.message_id, "c:1")
    await bot.delete_message(42, sent.message_id)
    api.push_tap(LAN, sent.message_id, "c:1")
    shown, gone = [update.callback_query for update in (await bot.get_updates())[1:]]
    assert shown is not None
    assert gone is not None
    assert (shown.data, shown.from_user.id) == ("c:1", 42)
    assert isinstance(shown.message, Message)
    assert (shown.message.text, shown.message.reply_markup) == ("y", KEYBOARD)
    assert shown.message.reply_to_message is not None
    assert gone.message is not None
    assert not gone.message.is_accessible


async def test_reacting(api: BotApi, bot: Bot) -> None:
    hers = api.chat(42).messages[0]
    await bot.set_message_reaction(42, hers.message_id, "👀")
    await bot.set_message_reaction(42, hers.message_id, "👍")
    assert hers.reactions == ["👍"]
    await bot.set_message_reaction(42, hers.message_id)
    assert hers.reactions == []
    with pytest.raises(BadRequest, match="Message to react not found"):
        await bot.set_message_reaction(42, 7, "👍")
    assert api.violations == []


async def test_typing(api: BotApi, bot: Bot) -> None:
    assert await bot.send_chat_action(42, "typing")
    assert api.calls[-1].params == {"chat_id": 42, "action": "typing"}


async def test_leaving(api: BotApi, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat member status can't be changed in private chats"):
        await bot.leave_chat(42)
    api.push_message(LAN, chat=GROUP, text="/start@antcrm_test_bot")
    await bot.send_message(-500, "Tôi chỉ nói chuyện riêng.")
    assert await bot.leave_chat(-500)
    assert api.left == [-500]
    for call in (bot.send_message(-500, "x"), bot.leave_chat(-500)):
        with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
            await call
    change = (await bot.get_updates())[-1].my_chat_member
    assert change is not None
    assert (change.old_chat_member.status, change.new_chat_member.status) == ("member", "left")
    # Let in again, it may write again.
    member = {"user": {**api.calls[0].params, **bot.bot.to_dict()}, "status": "member"}
    api.push(
        {
            "my_chat_member": {
                "chat": GROUP,
                "from": LAN.as_json(),
                "date": 1,
                "old_chat_member": {**member, "status": "left"},
                "new_chat_member": member,
            }
        }
    )
    await bot.send_message(-500, "x")
    assert api.left == []


async def test_commands_and_descriptions(api: BotApi, bot: Bot) -> None:
    commands = [BotCommand("tim", "Tìm khách"), BotCommand("moi", "Thêm khách")]
    await bot.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats(), language_code="vi")
    await bot.set_my_commands([BotCommand("find", "Find")])
    assert api.commands == {
        ("all_private_chats", "vi"): [("tim", "Tìm khách"), ("moi", "Thêm khách")],
        ("default", ""): [("find", "Find")],
    }
    assert await bot.get_my_commands(BotCommandScopeAllPrivateChats(), "vi") == tuple(commands)
    assert await bot.get_my_commands(BotCommandScopeDefault(), "vi") == ()
    await bot.set_my_description("Trợ lý AntCRM", "vi")
    await bot.set_my_short_description("AntCRM")
    assert (api.descriptions, api.short_descriptions) == ({"vi": "Trợ lý AntCRM"}, {"": "AntCRM"})
    assert (await bot.get_my_description("vi")).description == "Trợ lý AntCRM"
    assert (await bot.get_my_description()).description == ""
    assert (await bot.get_my_short_description()).short_description == "AntCRM"
    await bot.set_my_description(language_code="vi")
    assert api.descriptions == {}


async def test_no_webhook(api: BotApi, bot: Bot) -> None:
    found = await bot.get_webhook_info()
    assert (found.url, found.pending_update_count) == ("", 1)
    assert await bot.delete_webhook()
    assert len(api.pending) == 1
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert api.pending == []


async def test_a_method_not_spoken_is_not_found(api: BotApi, bot: Bot) -> None:
    with pytest.raises(InvalidToken):  # python-telegram-bot takes every 404 for it
        await bot.send_dice(42)
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendCarrierPigeon")
    assert api.violations == ["sendDice: is not spoken here", "sendCarrierPigeon: is not spoken here"]


@pytest.mark.parametrize("token", ["1234567:another", "7654321:AAF-made-up-token-of-the-test-xxxxxxx"])
async def test_another_token_is_worth_nothing(token: str) -> None:
    api = new_api()
    async with serving(api) as url:
        with pytest.raises(InvalidToken):
            async with bot_at(url, token):
                pass
    assert [call.status for call in api.calls] == [401]


async def test_pace(api: BotApi, bot: Bot, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    api.rates = Rates(per_chat_per_second=1, overall=4)
    api.push_message(User(43, "An"), text="hi")
    for _ in range(3):
        await bot.send_message(42, "x")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(42, "x")
    assert refused.value.retry_after == timedelta(seconds=1)
    await bot.send_message(43, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(43, "x")
    clock.pass_by(1)
    await bot.send_message(42, "x")
    await bot.send_chat_action(42, "typing")
    assert [message.by_bot for message in api.chat(42).messages] == [False, True, True, True, True]
