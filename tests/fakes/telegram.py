"""A Telegram on this machine with our bot on it: over real HTTP, in the test's own event loop.

async with telegram(house) as bot:
phone = bot.phone()
await phone.send("tìm 0912345678")
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from antcrm_telegram.serving import Hello, TelegramFace
from antcrm_tools.house import House
from antcrm_tools.members import Member, read_members
from antcrm_tools.sandbox.telegram import BotApi, serving
from antcrm_tools.text import Text
from tests.fakes.phone import Phone
from tests.fakes.world import no_wait

TOKEN = "1234567:AAF-made-up-token-of-the-test-xxxxxxx"
LAN, MINH, VIEWER, STRANGER = 42, 43, 44, 66
MEMBERS = f"{LAN}:lan@antcrm.example:admin,{MINH}:minh@antcrm.example:sales,{VIEWER}:vy@antcrm.example:viewer"
CHECKED: Counter[str] = Counter()
"""Calls of our bot in this run of the tests, and violations among them."""

SECONDS = 20.0
"""No test waits longer for anything, unless it hangs."""

_PUBLISHED = Path(__file__).resolve().parents[3] / "shared/data/telegram-bot-api-10.0.json"
SPEC = _PUBLISHED if _PUBLISHED.is_file() else None
"""The published Bot API, where it is at hand: then every call of every test is checked against it."""


@dataclass
class TelegramBot:
    """A running bot, the Telegram it is on, and what it told the admin."""

    api: BotApi
    url: str
    house: House
    token: str = TOKEN
    hello: Hello | None = None
    reports: list[Text] = field(default_factory=list[Text])
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    def phone(self, user_id: int = LAN, *, first_name: str = "Lan", language_code: str | None = "en") -> Phone:
        """A person's phone."""
        return Phone(self.api, user_id=user_id, first_name=first_name, language_code=language_code)

    async def start(self) -> None:
        """Start it, and wait until it is connected or has given up.

        Raises:
            CrmError: it gave up.
        """
        connected = asyncio.Event()

        def announce(hello: Hello) -> None:
            self.hello = hello
            connected.set()

        face = TelegramFace(
            self.house, SecretStr(self.token), announce=announce, report=self.reports.append, sleep=no_wait
        )
        self.stop = asyncio.Event()
        self.running = asyncio.create_task(face.run(self.stop))
        waiting = asyncio.create_task(connected.wait())
        async with asyncio.timeout(SECONDS):
            await asyncio.wait((self.running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.running.done():
            await self.running

    async def leave(self) -> None:
        """Stop it as Ctrl-C does, and wait until it has.

        Raises:
            CrmError: it had ended by itself.
        """
        self.stop.set()
        if self.running is not None:
            async with asyncio.timeout(SECONDS):
                await self.running

    async def kill(self) -> None:
        """Break it off in the middle of whatever it does."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.wait((self.running,), timeout=SECONDS)

    async def ended(self) -> None:
        """Wait until it has ended by itself.

        Raises:
            CrmError: saying why.
        """
        assert self.running is not None
        async with asyncio.timeout(SECONDS):
            await self.running


@asynccontextmanager
async def bot_api(house: House, *, members: str = MEMBERS) -> AsyncGenerator[TelegramBot]:
    """The Telegram, and a bot on it that has not been started."""
    api = BotApi(token=TOKEN, username="antcrm_test_bot", name="AntCRM", clock=house.clock, spec=SPEC)
    async with serving(api) as url:
        listed: tuple[Member, ...] = read_members(members)
        house.settings = house.settings.model_copy(
            update={"telegram_api_url": url, "telegram_members": listed, "telegram_token": SecretStr(TOKEN)}
        )
        try:
            yield TelegramBot(api, url, house)
        finally:
            CHECKED["calls"] += len(api.calls)
            CHECKED["violations"] += len(api.violations)


@asynccontextmanager
async def telegram(house: House, *, members: str = MEMBERS) -> AsyncGenerator[TelegramBot]:
    """The Telegram, and the bot running on it until the block ends."""
    async with bot_api(house, members=members) as bot:
        await bot.start()
        try:
            yield bot
        finally:
            if bot.running is not None and not bot.running.done():
                await bot.leave()
