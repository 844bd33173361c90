"""Photos: how the bot sends them, what becomes of them, and every limit planted over on purpose."""

from __future__ import annotations

import asyncio
import struct
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, RetryAfter

from antcrm_tools.sandbox.telegram import BotApi, Rates, serving
from antcrm_tools.sandbox.telegram.bodies import given as parameters
from tests.sandbox.telegram_line import LAN, TOKEN, bot_of, new_api

HTML = {"parse_mode": "HTML"}
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Lưu", callback_data="c:1")]])


def png(width: int, height: int) -> bytes:
    """A picture of nothing."""
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)))
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4) for kind, content in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


SMALL = png(9, 9)
NO_PICTURE = "IMAGE_PROCESS_FAILED"

PHOTOS: list[tuple[bytes | None, dict[str, str], str, str]] = [
    (None, {}, "photo is missing", "there is no photo in the request"),
    (None, {"photo": "https://a.example/funnel.png"}, "photo is not of the type file", "photo is not of the type"),
    (b"", {}, "photo is no PNG", NO_PICTURE),
    (b"GIF89a", {}, "photo is no PNG", NO_PICTURE),
    (SMALL[:-1], {}, "photo is no PNG", NO_PICTURE),
    (SMALL[:-12], {}, "photo is no PNG", NO_PICTURE),
    (SMALL[:8] + SMALL[33:], {}, "photo is no PNG", NO_PICTURE),
    (SMALL.replace(b"IDAT", b"IDOT"), {}, "photo is no PNG", NO_PICTURE),
    (png(0, 9), {}, "photo is no PNG", NO_PICTURE),
    (png(2, 9999), {}, "photo is 2 x 9999", "PHOTO_INVALID_DIMENSIONS"),
    (png(20, 401), {}, "photo is 20 x 401", "PHOTO_INVALID_DIMENSIONS"),
    (png(401, 20), {}, "photo is 401 x 20", "PHOTO_INVALID_DIMENSIONS"),
    (b"\x89PNG" + bytes(10 * 1024 * 1024 - 3), {}, "photo has 10485761 bytes", "is too big for a photo"),
    (SMALL, {"caption": "x" * 1025}, "caption is 1025 characters long", "message caption is too long"),
    (SMALL, {"caption": "😀" * 513}, "caption is 1026 characters long", "message caption is too long"),
    (SMALL, {"caption": "<b>x", **HTML}, "caption is not Telegram's HTML", "can't parse entities: Can't find"),
    (SMALL, {"caption": "x", "parse_mode": "MarkdownV2"}, "parse_mode is 'MarkdownV2'", "unsupported parse_mode"),
    (SMALL, {"caption": "x", "caption_entities": '[{"type": "bold"}]'}, "caption_entities are not", "caption_entities"),
    (SMALL, {"text": "x"}, "text is no parameter of it here", "text is no parameter"),
    (SMALL, {"reply_markup": '{"inline_keyboard": [[{"text": "x"}]]}'}, "has 0 actions", "Text buttons are unallowed"),
    (SMALL, {"reply_parameters": '{"message_id": "x"}'}, "reply_parameters is not a message_id", "reply_parameters"),
]


async def test_photos_over_every_limit_and_at_it() -> None:
    api = BotApi(TOKEN)  # without the published description: the limits alone
    api.push_message(LAN, text="/start")
    right: list[tuple[bytes, dict[str, str]]] = [
        (SMALL, {}),
        (SMALL, {"caption": " "}),
        (SMALL, {"caption": "😀" * 512}),
        (SMALL, {"caption": f"<b>{'&amp;' * 1024}</b>", **HTML}),
        (SMALL, {"caption": "x", "caption_entities": '[{"type": "bold", "offset": 0, "length": 1}]'}),
        (png(20, 400), {}),
        (png(9000, 1000), {}),
        (SMALL + bytes(20), {}),
    ]
    async with serving(api) as url, httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}") as http:

        async def sent(photo: bytes | None, params: dict[str, str]) -> httpx.Response:
            files = None if photo is None else {"photo": ("funnel.png", photo, "image/png")}
            return await http.post("/sendPhoto", data={"chat_id": "42", **params}, files=files)

        for photo, params, words, description in PHOTOS:
            answer = await sent(photo, params)
            assert answer.status_code == 400, params
            assert description in answer.json()["description"], params
            assert [words in violation for violation in api.calls[-1].violations].count(True) == 1, api.calls[-1]
        assert [message.by_bot for message in api.chat(42).messages] == [False]
        wrong = len(api.violations)
        for photo, params in right:
            assert (await sent(photo, params)).status_code == 200, params
    assert len(api.violations) == wrong
    assert [message.photo for message in api.chat(42).messages[1:]] == [photo for photo, _ in right]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"\x00", b"\xff", b" ", b"x", b"\x85"])).map(b"".join))
def test_a_file_comes_byte_for_byte(content: bytes) -> None:
    request = httpx.Request("POST", "http://x", data={"chat_id": "42"}, files={"photo": ("funnel.png", content)})
    raw = request.read()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw}

    headers = [(b"content-type", request.headers["content-type"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    assert asyncio.run(parameters(Request(scope, receive))) == {"chat_id": "42", "photo": content}


async def test_a_photo_is_sent() -> None:
    api = new_api()
    api.push_message(LAN, text="/start")
    mine, content = api.chat(42).messages[0].message_id, png(1000, 500)
    async with bot_of(api) as bot:
        sent = await bot.send_photo(
            42,
            content,
            caption="<b>Tuần</b> này ",
            parse_mode="HTML",
            reply_markup=KEYBOARD,
            protect_content=True,
            reply_parameters=ReplyParameters(mine),
        )
        assert (sent.text, sent.caption, sent.caption_html) == (None, "Tuần này", "<b>Tuần</b> này")
        assert (sent.has_protected_content, sent.reply_markup) == (True, KEYBOARD)
        kept = api.chat(42).messages[-1]
        assert (kept.photo, kept.text, kept.html) == (content, "Tuần này", "<b>Tuần</b> này ")
        assert (kept.reply_to, kept.protected) == (mine, True)
        with pytest.raises(BadRequest, match="There is no text in the message to edit"):
            await bot.edit_message_text("x", 42, sent.message_id)
        await bot.edit_message_reply_markup(42, sent.message_id)
        assert (kept.buttons, kept.text) == ([], "Tuần này")
        plain = await bot.send_photo(42, content)
        assert (plain.caption, plain.reply_markup, plain.has_protected_content) == (None, None, None)
    assert api.violations == []


@pytest.mark.parametrize(
    ("size", "copies"),
    [
        ((60, 40), [(60, 40)]),
        ((1000, 500), [(90, 45), (320, 160), (800, 400), (1000, 500)]),
        ((500, 1280), [(35, 90), (125, 320), (312, 800), (500, 1280)]),
        ((2560, 128), [(90, 4), (320, 16), (800, 40), (1280, 64)]),
    ],
)
async def test_telegram_makes_copies_of_a_photo(size: tuple[int, int], copies: list[tuple[int, int]]) -> None:
    api = new_api()
    api.push_message(LAN, text="/start")
    async with bot_of(api) as bot:
        sent = await bot.send_photo(42, png(*size))
    assert [(photo.width, photo.height) for photo in sent.photo] == copies
    assert len({photo.file_id for photo in sent.photo}) == len(copies)


async def test_photos_count_as_messages_do() -> None:
    api = new_api()
    api.rates = Rates(per_chat_per_second=1, overall=4)
    api.push_message(LAN, text="/start")
    async with bot_of(api) as bot:
        for _ in range(3):
            await bot.send_photo(42, SMALL)
        with pytest.raises(RetryAfter):
            await bot.send_photo(42, SMALL)
    assert [bool(message.photo) for message in api.chat(42).messages] == [False, True, True, True]
