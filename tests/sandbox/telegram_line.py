"""A bot of python-telegram-bot connected to the Telegram of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from antcrm_tools.sandbox.telegram import BotApi, User, serving

SPEC = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "telegram-bot-api-10.0.json"
"""The published description, where it is."""

TOKEN = "1234567:AAF-made-up-token-of-the-test-xxxxxxx"
NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
LAN = User(42, "Lan", language_code="vi")
GROUP: dict[str, Any] = {"id": -500, "type": "group", "title": "Phòng kinh doanh"}

# Reading the certificates of the world takes longer than most tests.
_NO_CERTIFICATES: dict[str, Any] = {"verify": False}

_IS_JSON = {"content-type": "application/json"}

Bot: TypeAlias = ExtBot[None]
Post: TypeAlias = Callable[..., Awaitable[httpx.Response]]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def new_api(clock: Callable[[], datetime] | None = None) -> BotApi:
    """A Telegram that holds every call against the published description, if it is there."""
    return BotApi(TOKEN, clock=clock or Clock(), spec=SPEC if SPEC.exists() else None)


def need_spec() -> Path:
    if not SPEC.exists():
        pytest.skip("the published description of the Bot API is not here")
    return SPEC


@asynccontextmanager
async def bot_of(api: BotApi) -> AsyncGenerator[Bot]:
    """A connected bot; two of them may be connected to one Telegram."""
    async with serving(api) as url, asyncio.timeout(30), bot_at(url, api.token) as bot:
        yield bot


@asynccontextmanager
async def bot_at(url: str, token: str = TOKEN) -> AsyncGenerator[Bot]:
    request, polling = (HTTPXRequest(connection_pool_size=8, httpx_kwargs=_NO_CERTIFICATES) for _ in range(2))
    async with ExtBot(token, base_url=f"{url}/bot", request=request, get_updates_request=polling) as bot:
        yield bot


@asynccontextmanager
async def posting_to(api: BotApi) -> AsyncGenerator[Post]:
    """``await post("sendMessage", chat_id=42, text="x")``: calls no well-behaved client makes, as JSON."""
    async with serving(api) as url, asyncio.timeout(30), httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}") as http:

        async def post(method: str, /, **params: Any) -> httpx.Response:
            # Escaped, so that half a character gets through as well.
            return await http.post(f"/{method}", content=json.dumps(params), headers=_IS_JSON)

        yield post
