"""A Telegram on this machine with our bot on it: over real HTTP, in the test's own event loop.

async with telegram(house) as bot:
phone = bot.phone()
await phone.send("tìm 0912345678")
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from antcrm_telegram.serving import Hello, TelegramFace
from antcrm_tools.house import House
from antcrm_tools.members import Member, read_members
from antcrm_tools.sandbox.telegram import BotApi, serving
from antcrm_tools.text import Text
from tests.fakes.faulty import Faulty
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
    told: Callable[[Text], object] | None = None
    """Where else that goes."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    sleep: Callable[[float], Awaitable[object]] = no_wait
    """Lets seconds pass between two tries."""
    running: asyncio.Task[bool] | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    """Everything it does, begun by whatever of it."""
    tended: int = 0
    """How often it has asked the house to look after what is open."""
    _looks: asyncio.Event = field(default_factory=asyncio.Event)

    def phone(self, user_id: int = LAN, *, first_name: str = "Lan", language_code: str | None = "en") -> Phone:
        """A person's phone."""
        return Phone(self.api, user_id=user_id, first_name=first_name, language_code=language_code)

    def look(self) -> None:
        """Let it look at what there is to tell people; by itself it never does."""
        self._looks.set()

    @property
    def is_told_to_look(self) -> bool:
        """Whether it has not begun to look since."""
        return self._looks.is_set()

    async def start(self) -> None:
        """Start it, and wait until it is connected or has given up.

        Raises:
            CrmError: it gave up.
        """
        running = self.begin()
        waiting = asyncio.create_task(self.connected.wait())
        async with asyncio.timeout(SECONDS):
            await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            await running

    def begin(self) -> asyncio.Task[bool]:
        """Start it and wait for nothing."""
        self.connected = asyncio.Event()
        self.stop = asyncio.Event()
        self.tasks = set()
        asyncio.get_running_loop().set_task_factory(_noting)
        inside = copy_context()
        inside.run(_TASKS.set, self.tasks)
        self.running = asyncio.create_task(self._run(), context=inside)
        self.tasks.add(self.running)
        return self.running

    async def _run(self) -> bool:
        def announce(hello: Hello) -> None:
            self.hello = hello
            self.connected.set()

        def report(text: Text) -> None:
            self.reports.append(text)
            if self.told is not None:
                self.told(text)

        face = TelegramFace(
            self.house, SecretStr(self.token), announce=announce, report=report, sleep=self.sleep, rest=self._rest
        )
        return await face.run(self.stop)

    async def _rest(self, _seconds: float) -> None:
        await self._looks.wait()
        self._looks.clear()

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
        """Break it off in the middle of whatever it does, so that it can say nothing more to anybody."""
        self.api.faults.clear()
        self.api.faults.lose_request("*", times=None)
        async with asyncio.timeout(SECONDS):
            while left := [task for task in self.tasks if not task.done()]:
                for task in left:
                    if "anyio" not in getattr(task.get_coro(), "cr_code").co_filename:  # noqa: B009  ended by its own
                        task.cancel()
                # Long enough for what closes connections: cancelled in the middle of that it would leave them open.
                await asyncio.wait(left, timeout=0.5)
        self.api.faults.clear()

    async def ended(self) -> None:
        """Wait until it has ended by itself.

        Raises:
            CrmError: saying why.
        """
        assert self.running is not None
        async with asyncio.timeout(SECONDS):
            await self.running


async def soon(happened: Callable[[], object]) -> None:
    """Wait until something has happened that no Telegram rings a bell for."""
    async with asyncio.timeout(SECONDS):
        while not happened():  # noqa: ASYNC110  nothing says when
            await asyncio.sleep(0)


class Hold:
    """Requests to AntCRM whose address holds `part` wait from now on until they are let go."""

    def __init__(self, line: Faulty, part: str) -> None:
        self.waiting = 0
        self._free = asyncio.Event()
        self._came = asyncio.Event()
        passing = line.handle_async_request

        async def hold(request: httpx.Request) -> httpx.Response:
            if part in str(request.url):
                self.waiting += 1
                self._came.set()
                await self._free.wait()
            return await passing(request)

        line.handle_async_request = hold  # pyright: ignore[reportAttributeAccessIssue]

    async def reached(self) -> None:
        """Wait until there is one."""
        async with asyncio.timeout(SECONDS):
            await self._came.wait()

    def release(self) -> None:
        """Let them go on, and all that come."""
        self._free.set()


_TASKS: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("_TASKS", default=None)


def _noting(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **more)
    tasks = _TASKS.get()
    if tasks is not None:
        tasks.add(task)
    return task


@asynccontextmanager
async def bot_api(house: House, *, members: str = MEMBERS) -> AsyncGenerator[TelegramBot]:
    """The Telegram, and a bot on it that has not been started."""
    api = BotApi(token=TOKEN, username="antcrm_test_bot", name="AntCRM", clock=house.clock, spec=SPEC)
    async with serving(api) as url:
        listed: tuple[Member, ...] = read_members(members)
        house.settings = house.settings.model_copy(
            update={"telegram_api_url": url, "telegram_members": listed, "telegram_token": SecretStr(TOKEN)}
        )
        bot = TelegramBot(api, url, house)

        def tend() -> None:
            bot.tended += 1

        # What is open is looked after when the test says so: `World.later`.
        house.tend = tend  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield bot
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
