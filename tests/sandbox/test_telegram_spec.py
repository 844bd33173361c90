"""The sandbox's Telegram against the published Bot API: the bot's calls, and what the sandbox answers itself."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import Any

import httpx
import pytest

from antcrm_tools.sandbox.telegram import BotApi
from antcrm_tools.sandbox.telegram.parameters import METHODS
from antcrm_tools.sandbox.telegram.reactions import REACTIONS
from antcrm_tools.sandbox.telegram.spec import Spec
from antcrm_tools.sandbox.telegram.updates import KINDS
from tests.fakes.phone import Phone
from tests.sandbox.telegram_line import GROUP, LAN, TOKEN, need_spec, new_api, posting_to, serving

# As published, in small.
SMALL = Spec(
    {
        "methods": {
            "feed": {
                "fields": [
                    {"name": "pet", "types": ["Pet"], "required": True},
                    {"name": "meals", "types": ["Array of Array of Integer"], "required": False},
                    {"name": "where", "types": ["Integer", "String"], "required": False},
                    {"name": "price", "types": ["Float"], "required": False},
                    {"name": "game", "types": ["Game"], "required": False},
                ],
                "returns": ["Boolean"],
            }
        },
        "types": {
            "Pet": {"subtypes": ["Cat", "Dog"]},
            "Cat": {
                "fields": [
                    {"name": "type", "types": ["String"], "required": True, "description": 'Kind, always "cat"'},
                    {"name": "lives", "types": ["Integer"], "required": True, "description": "Left"},
                ],
                "subtype_of": ["Pet"],
            },
            "Dog": {
                "fields": [
                    {"name": "type", "types": ["String"], "required": True, "description": "Kind, must be dog"},
                    {"name": "name", "types": ["String"], "required": False, "description": "Name"},
                ],
                "subtype_of": ["Pet"],
            },
            "Game": {},
        },
    }
)
CAT = {"type": "cat", "lives": 9}


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"pet": CAT}, []),
        ({"pet": {"type": "dog"}, "meals": [[1], []], "where": "here", "price": 5, "game": {}}, []),
        ({}, ["pet is required"]),
        ({"pet": CAT, "colour": 1}, ["colour is not documented"]),
        ({"pet": CAT, "price": "5"}, ["price is no Float"]),
        ({"pet": CAT, "where": True}, ["where is no Integer"]),
        ({"pet": CAT, "meals": [[1, True]]}, ["meals[0][1] is no Integer"]),
        ({"pet": CAT, "meals": [1]}, ["meals[0] is no array"]),
        ({"pet": CAT, "game": 1}, ["game is no Game"]),
        ({"pet": {"type": "cat"}}, ["pet.lives is required"]),
        ({"pet": {"type": "dog", "nick": "Vàng"}}, ["pet.nick is not documented"]),
        ({"pet": {"type": "cow"}}, ["pet.type is not dog"]),
    ],
)
def test_what_is_checked(params: dict[str, Any], wrong: list[str]) -> None:
    assert SMALL.of_call("feed", params) == wrong


def test_what_is_not_published() -> None:
    assert SMALL.of_call("walk", {}) == ["is not a published method"]
    assert SMALL.of_result("feed", 1) == ["result is no Boolean"]
    assert SMALL.of_value(["Horse"], {}, "it") == ["it is of the unpublished type Horse"]


@pytest.fixture
def published() -> Spec:
    return Spec.load(need_spec())


@pytest.fixture
def api() -> BotApi:
    need_spec()
    return new_api()


def test_our_lists_are_the_published_ones() -> None:
    published = json.loads(need_spec().read_text("utf-8"))
    fields = {name: {f["name"]: f for f in kind.get("fields", ())} for name, kind in published["types"].items()}
    assert fields["Update"].keys() - {"update_id"} == KINDS
    said = fields["ReactionTypeEmoji"]["emoji"]["description"]
    assert set(re.findall(r"“(.+?)”|\"(.+?)\"", said)) == {("", emoji) for emoji in REACTIONS}
    for method, known in METHODS.items():
        documented = {field["name"]: field["required"] for field in published["methods"][method].get("fields", ())}
        assert known.keys() <= documented.keys(), method
        assert {name for name, required in documented.items() if required} <= known.keys(), method


BUTTONS = {
    "inline_keyboard": [
        [{"text": "Lưu", "callback_data": "c:1", "style": "success"}, {"text": "Chép", "copy_text": {"text": "0912"}}]
    ]
}

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")

STORY: list[tuple[str, dict[str, Any]]] = [
    ("getMe", {}),
    ("getWebhookInfo", {}),
    ("deleteWebhook", {"drop_pending_updates": False}),
    ("setMyCommands", {"commands": [{"command": "tim", "description": "Tìm"}], "scope": {"type": "all_private_chats"}}),
    ("getMyCommands", {"scope": {"type": "all_private_chats"}}),
    ("setMyDescription", {"description": "x", "language_code": "vi"}),
    ("getMyDescription", {}),
    ("setMyShortDescription", {"short_description": "x"}),
    ("getMyShortDescription", {"language_code": "vi"}),
    ("sendChatAction", {"chat_id": 42, "action": "typing"}),
    (
        "sendMessage",
        {
            "chat_id": 42,
            "text": '<b>Chào</b> <a href="https://crm.example">Lan</a> /tim',
            "parse_mode": "HTML",
            "protect_content": True,
            "disable_notification": True,
            "link_preview_options": {"is_disabled": True},
            "reply_parameters": {"message_id": 0, "allow_sending_without_reply": True},
            "reply_markup": BUTTONS,
        },
    ),
    ("setMessageReaction", {"chat_id": 42, "message_id": 0, "reaction": [{"type": "emoji", "emoji": "👍"}]}),
    ("answerCallbackQuery", {"callback_query_id": "FRESH", "text": "Đã lưu", "show_alert": False, "cache_time": 0}),
    ("editMessageText", {"chat_id": 42, "message_id": -1, "text": "<i>x</i>", "parse_mode": "HTML"}),
    ("editMessageReplyMarkup", {"chat_id": 42, "message_id": -1, "reply_markup": BUTTONS}),
    ("deleteMessage", {"chat_id": 42, "message_id": -1}),
    (
        "sendPhoto",
        {
            "chat_id": 42,
            "photo": PNG,
            "caption": "<b>Tuần này</b> /tim",
            "parse_mode": "HTML",
            "protect_content": True,
            "reply_parameters": {"message_id": 0, "allow_sending_without_reply": True},
            "reply_markup": BUTTONS,
        },
    ),
    ("sendMessage", {"chat_id": -500, "text": "x"}),
    ("leaveChat", {"chat_id": -500}),
]


async def test_every_answer_and_update_is_as_published(api: BotApi, published: Spec) -> None:
    updates: list[dict[str, Any]] = []
    async with serving(api) as url, httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}") as http:

        async def told(method: str, params: dict[str, Any]) -> Any:
            answer = (await http.post(f"/{method}", **_body(params))).json()
            assert answer["ok"], (method, answer)
            assert published.of_result(method, answer["result"]) == [], method
            return answer["result"]

        async def read_all() -> None:
            while True:
                offset = updates[-1]["update_id"] + 1 if updates else 0
                updates.extend(await told("getUpdates", {"offset": offset, "timeout": 20}))

        reading = asyncio.create_task(read_all())
        phone = Phone(api, last_name="Trần", username="lan")
        await phone.send("/start")
        api.push_message(LAN, chat=GROUP, text="/start")
        for method, params in STORY:
            await told(method, _filled(params, api))
        for act in (
            phone.edit("/help"),
            phone.forward("Gọi chị Hoa 0912345678"),
            phone.share_contact("Nam", "84912345678", last_name="Lê", vcard="BEGIN:VCARD", user_id=77),
            phone.send_sticker(),
            phone.send_voice(),
            phone.send_photo(caption="Danh thiếp"),
            phone.press("c:1"),
            phone.press("c:1", 5),
        ):
            await act
        for update_id in (api.block(42), api.unblock(42)):
            assert update_id is not None
            await api.confirmed(update_id)
        reading.cancel()
    assert {kind for update in updates for kind in update} == {
        *("update_id", "message", "edited_message", "callback_query", "my_chat_member")
    }
    assert {method for method, _ in STORY} | {"getUpdates"} == set(METHODS)
    assert api.violations == []


def _body(params: dict[str, Any]) -> dict[str, Any]:
    """As JSON, or where there is a file in parts."""
    files = {name: ("funnel.png", value) for name, value in params.items() if isinstance(value, bytes)}
    if not files:
        return {"json": params}
    rest = {name: value for name, value in params.items() if name not in files}
    return {"files": files, "data": {n: v if isinstance(v, str) else json.dumps(v) for n, v in rest.items()}}


def _filled(params: dict[str, Any], api: BotApi) -> dict[str, Any]:
    """The message 0 is the first in the chat, -1 the last; FRESH is a tap on it."""
    messages = api.chat(42).messages
    filled = dict(params)
    if "message_id" in params:
        filled["message_id"] = messages[int(params["message_id"])].message_id
    if "reply_parameters" in params:
        filled["reply_parameters"] = {"message_id": messages[0].message_id}
    if "callback_query_id" in params:
        _, filled["callback_query_id"] = api.push_tap(LAN, messages[-1].message_id, "c:1")
    return filled


PLANTED: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"colour": "red"}, "colour is not documented"),
    ("sendMessage", {"reply_markup": {"inline_keyboard": [[{"text": 5, "url": "x"}]]}}, "text is no String"),
    ("sendMessage", {"entities": [{"type": "bold", "offset": 0, "length": 1, "big": 1}]}, "entities[0].big is not"),
    ("setMyCommands", {"commands": [{"command": "x"}]}, "commands[0].description is required"),
    ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, "scope.chat_id is required"),
    ("setMessageReaction", {"reaction": [{"type": "emoji"}]}, "reaction[0].emoji is required"),
]


async def test_what_is_not_as_published_is_caught(api: BotApi) -> None:
    api.push_message(LAN, text="/start")
    about: dict[str, Any] = {"chat_id": 42, "text": "x", "message_id": 1}
    async with posting_to(api) as post:
        for method, params, words in PLANTED:
            needed = {name: value for name, value in about.items() if name in METHODS[method]}
            answer = await post(method, **needed, **params)
            assert answer.status_code == 400
            assert any(words in violation for violation in api.calls[-1].violations), api.calls[-1]
