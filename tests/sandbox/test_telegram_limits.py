"""Every limit of Telegram's, planted over on purpose: refused in Telegram's words, and put down as a violation."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from antcrm_tools.sandbox.telegram import BotApi, serving
from antcrm_tools.sandbox.telegram.limits import check
from antcrm_tools.sandbox.telegram.parameters import METHODS, decode
from tests.sandbox.telegram_line import LAN, TOKEN, bot_of, posting_to


def lone_api() -> BotApi:
    """Without the published description: the limits alone."""
    api = BotApi(TOKEN)
    api.push_message(LAN, text="/start")
    return api


def under(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [[button] for button in buttons]}


def reply(**markup: Any) -> dict[str, Any]:
    return {"text": "x", "reply_markup": markup}


def button(**fields: Any) -> dict[str, Any]:
    return {"text": "x", "reply_markup": under({"text": "Lưu", **fields})}


HTML = {"parse_mode": "HTML"}
DATA = {"text": "x", "callback_data": "d"}

SENT: list[tuple[dict[str, Any], str, str]] = [
    ({"text": ""}, "text is empty", "message text is empty"),
    ({"text": " \n"}, "text is empty", "message text is empty"),
    ({"text": "<b> </b>", **HTML}, "text is empty", "message text is empty"),
    ({}, "text is missing", "message text is empty"),
    ({"text": "x" * 4097}, "text is 4097 characters long", "message is too long"),
    ({"text": "😀" * 2049}, "text is 4098 characters long", "message is too long"),
    ({"text": "<b>x", **HTML}, "text is not Telegram's HTML: Can't find end tag", "can't parse entities: Can't find"),
    ({"text": "a & b", **HTML}, 'Unescaped "&" at byte offset 2', "can't parse entities: Unescaped"),
    ({"text": "*x*", "parse_mode": "MarkdownV2"}, "parse_mode is 'MarkdownV2'", "unsupported parse_mode"),
    ({"text": "<b>x</b> " * 101, **HTML}, "text has 101 entities", "text has 101 entities"),
    ({"text": "x", "entities": [{"type": "bold"}]}, "entities are not", "entities are not"),
    ({"text": 5}, "text is not of the type text", "text is not of the type text"),
    ({"text": "\ud83d"}, "text is half of a character", "strings must be encoded in UTF-8"),
    ({"text": "x", "protect": True}, "protect is no parameter of it here", "protect is no parameter"),
    ({"text": "x", "protect_content": "perhaps"}, "protect_content is not of the type boolean", "protect_content"),
    ({"text": "x", "chat_id": "@antcrm"}, "chat_id is not of the type integer", "chat_id is not"),
    ({"text": "x", "reply_markup": "{"}, "reply_markup is not of the type object", "reply_markup is not"),
    ({"text": "x", "link_preview_options": {"off": True}}, "link_preview_options.off is not", "link_preview_options"),
    ({"text": "x", "reply_parameters": {"message_id": "x"}}, "reply_parameters is not a message_id", "reply_param"),
    ({"text": "x", "reply_parameters": {"message_id": 1, "chat_id": 4}}, "is of another chat", "is of another chat"),
    (button(callback_data="ạ" * 22), "callback data that is not 1 to 64 bytes", "BUTTON_DATA_INVALID"),
    (button(callback_data=""), "callback data that is not 1 to 64 bytes", "BUTTON_DATA_INVALID"),
    (button(copy_text={"text": "x" * 257}), "copies what is not 1 to 256", "BUTTON_COPY_TEXT_INVALID"),
    (button(copy_text={}), "copies what is not 1 to 256", "BUTTON_COPY_TEXT_INVALID"),
    (button(url="crm"), "opens what is no URL", "BUTTON_URL_INVALID"),
    (button(callback_data="x", style="green"), "has the style 'green'", "has the style"),
    (button(callback_data="x", style=["danger"]), "has the style ['danger']", "has the style"),
    (button(callback_data="x", color="red"), "has color, which is not documented", "has color"),
    (button(), "the button 'Lưu' has 0 actions", "Text buttons are unallowed"),
    (button(callback_data="x", url="https://a.example"), "the button 'Lưu' has 2 actions", "can't parse inline"),
    (button(text=" ", callback_data="x"), "a button has no text", "can't parse inline keyboard button"),
    (reply(inline_keyboard=[[DATA] * 9]), "a row of the keyboard has 9 buttons", "a row of the keyboard"),
    (reply(inline_keyboard=[[DATA]] * 101), "the keyboard has 101 buttons", "reply markup is too long"),
    (reply(inline_keyboard=[DATA]), "the keyboard is not rows of buttons", "the keyboard is not rows"),
    (reply(inline_keyboard=[[5]]), "a button is no object", "a button is no object"),
    (reply(keyboard=[["x"] * 9]), "a row of the keyboard has 9 buttons", "a row of the keyboard"),
    (reply(force_reply=False), "reply_markup.force_reply is not true", "reply_markup.force_reply"),
    (
        reply(force_reply=True, input_field_placeholder="x" * 65),
        "the placeholder of the input field",
        "the placeholder",
    ),
    (reply(force_reply=True, loud=True), "reply_markup.loud is not documented", "reply_markup.loud"),
    (reply(), "reply_markup is no keyboard Telegram has", "reply_markup is no keyboard"),
]

COMMAND = {"command": "tim", "description": "Tìm"}

OTHERS: list[tuple[str, dict[str, Any], str, str]] = [
    ("editMessageText", {"text": "x" * 4097}, "text is 4097 characters long", "message is too long"),
    ("editMessageText", reply(force_reply=True), "force_reply where only an inline keyboard", "reply_markup is"),
    ("editMessageReplyMarkup", reply(keyboard=[]) | {"text": "x"}, "text is no parameter", "text is no parameter"),
    ("editMessageReplyMarkup", {"reply_markup": {"keyboard": []}}, "keyboard where only an inline", "reply_markup is"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1", "text": "x" * 201},
        "text is 201 characters",
        "MESSAGE_TOO_LONG",
    ),
    ("answerCallbackQuery", {}, "callback_query_id is missing", "callback_query_id is empty"),
    ("setMessageReaction", {"reaction": [{"type": "emoji", "emoji": "✅"}]}, "reaction is '✅'", "REACTION_INVALID"),
    ("setMessageReaction", {"reaction": [{"type": "paid"}]}, "reaction is None", "REACTION_INVALID"),
    ("setMessageReaction", {"reaction": [{"type": "emoji", "emoji": "👍"}] * 2}, "is 2 at once", "REACTIONS_TOO_MANY"),
    ("sendChatAction", {"action": "thinking"}, "action is 'thinking'", "wrong parameter action in request"),
    ("setMyCommands", {"commands": [COMMAND | {"command": "Tìm"}]}, "the command 'Tìm' is not", "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [COMMAND | {"command": "a" * 33}]}, "is not 1 to 32 of", "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [COMMAND | {"description": ""}]}, "the description of 'tim'", "DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [COMMAND | {"icon": "x"}]}, "more than a name", "more than a name"),
    ("setMyCommands", {"commands": [COMMAND] * 101}, "there are 101 commands", "BOT_COMMANDS_TOO_MUCH"),
    ("setMyCommands", {"commands": [], "scope": {"type": "world"}}, "scope is none Telegram has", "BotCommandScope"),
    ("setMyCommands", {"commands": [], "language_code": "vie"}, "language_code is not two", "invalid language code"),
    ("setMyDescription", {"description": "x" * 513}, "description is 513 characters long", "description is too long"),
    ("setMyShortDescription", {"short_description": "x" * 121}, "is 121 characters long", "is too long"),
    ("getUpdates", {"limit": 101}, "limit is not 1 to 100", "limit is not"),
    ("getUpdates", {"timeout": -1}, "timeout is negative", "timeout is negative"),
    ("getUpdates", {"allowed_updates": ["messages"]}, "allowed_updates has 'messages'", "allowed_updates has"),
    ("leaveChat", {"chat_id": True}, "chat_id is not of the type integer", "chat_id is not"),
]


async def test_over_every_limit() -> None:
    """One server for all of them, or most of the time would go into starting."""
    api = lone_api()
    rows = [("sendMessage", params, words, description) for params, words, description in SENT] + OTHERS
    async with posting_to(api) as post:
        for method, params, words, description in rows:
            about = {name: 42 for name in ("chat_id", "message_id") if name in METHODS[method]}
            answer = await post(method, **{**about, **params})
            body = answer.json()
            assert (answer.status_code, body["ok"], body["error_code"]) == (400, False, 400), (method, params)
            assert description in body["description"], (method, params)
            assert body["description"].startswith("Bad Request: ")
            call = api.calls[-1]
            assert [words in violation for violation in call.violations].count(True) == 1, call.violations
            assert api.violations[-1] == f"{method}: {call.violations[-1]}"
    assert [message.by_bot for message in api.chat(42).messages] == [False]


async def test_at_every_limit() -> None:
    api = lone_api()
    most = {"text": "x" * 64, "callback_data": "x" * 64, "style": "danger"}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("sendMessage", {"text": "😀" * 2048}),
        ("sendMessage", {"text": f"<b>{'&amp;' * 4096}</b>", **HTML}),
        ("sendMessage", {"text": "<b>x</b> " * 100, **HTML}),
        ("sendMessage", reply(inline_keyboard=[[most] * 8] * 12)),
        ("sendMessage", button(copy_text={"text": "x" * 256})),
        ("sendMessage", reply(force_reply=True, input_field_placeholder="x" * 64)),
        ("sendMessage", reply(keyboard=[["Có", {"text": "Không"}]], resize_keyboard=True)),
        ("sendMessage", reply(remove_keyboard=True)),
        ("sendMessage", reply(inline_keyboard=[])),
        ("sendMessage", {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 1}]}),
        ("setMyCommands", {"commands": [{"command": "a" * 32, "description": "x" * 256}] * 100}),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat", "chat_id": 42}, "language_code": ""}),
        ("setMyDescription", {"description": "x" * 512}),
        ("setMyShortDescription", {"short_description": "x" * 120}),
    ]
    async with posting_to(api) as post:
        for method, params in rows:
            answer = await post(method, **({"chat_id": 42} if method == "sendMessage" else {}), **params)
            assert answer.status_code == 200, (method, params, answer.text)
    assert api.violations == []


async def test_as_the_library_meets_it() -> None:
    api = lone_api()
    async with bot_of(api) as bot:
        with pytest.raises(BadRequest, match="Message is too long"):
            await bot.send_message(42, "x" * 5000)
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await bot.send_message(
                42, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x" * 65)]])
            )
        with pytest.raises(BadRequest, match="Speed is no parameter"):
            await bot.send_message(42, "x", api_kwargs={"speed": "fast"})
    assert api.violations[0] == "sendMessage: text is 5000 characters long"


async def test_the_ways_a_request_may_come() -> None:
    api = lone_api()
    async with serving(api) as url, httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}") as http:
        given_ = {"chat_id": "42", "text": "ạ&b", "protect_content": "true"}
        answers = [
            await http.get("/sendMessage", params=given_),
            await http.post("/sendMessage", data=given_),
            await http.post("/sendMessage", files={name: (None, value) for name, value in given_.items()}),
            await http.post("/sendMessage", json={**given_, "reply_markup": None}),
            await http.post("/sendMessage", params={"chat_id": 42}, json={"text": "ạ&b", "protect_content": True}),
        ]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert {(m.text, m.protected) for m in api.chat(42).messages if m.by_bot} == {("ạ&b", True)}
        broken = [
            await http.post("/sendMessage", content=content, headers={"content-type": kind})
            for content, kind in [(b"{", "application/json"), (b"[]", "application/json"), (b"\xff", "text/plain")]
        ]
        assert [answer.status_code for answer in broken] == [400] * 3
        assert len(api.violations) == 3


async def test_where_nothing_is() -> None:
    async with serving(lone_api()) as url, httpx.AsyncClient(base_url=url) as http:
        for path in ("/", "/bot", "/botx/getMe", f"/bot{TOKEN}", f"/bot{TOKEN}/", "/bot12:/getMe"):
            answer = await http.get(path)
            assert answer.status_code == 404, path
            assert answer.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["text", "inline_keyboard", "keyboard", "force_reply", "callback_data", "copy_text", "style", "url", "type",
         "emoji", "command", "description", "message_id", "chat_id", "offset", "length"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


BYTES = JSON | st.binary(max_size=60) | st.binary(max_size=60).map(b"\x89PNG\r\n\x1a\n".__add__)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(METHODS)), st.data())
def test_no_json_at_all_breaks_the_checks(method: str, data: st.DataObject) -> None:
    kinds = METHODS[method].items()
    params = {name: data.draw(BYTES if one.kind == "file" else JSON, label=name) for name, one in kinds}
    values, wrongs = decode(method, params)
    if not wrongs:
        check(method, values)
