"""Our programs as real processes, on an AntCRM and a Telegram of this machine and on one ledger.

async with office(folder) as o, o.assistant() as one:
    bot = await o.bot()
    await one.call("delete_customer", ref="L9001")
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mcp import Client, StdioServerParameters
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antcrm_tools.house import House
from antcrm_tools.sandbox import Sandbox, serving
from antcrm_tools.sandbox.telegram import BotApi
from antcrm_tools.sandbox.telegram import serving as serving_telegram
from antcrm_tools.settings import Settings
from tests.fakes.assistant import MODES, Assistant, Era, Person
from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MEMBERS, SPEC, TOKEN

KEY = "key-of-the-process-test"
SECONDS = 30.0
ANSWERS = 60.0
"""Seconds after which an assistant's host gives up on a call."""

READY = {"en": "Ctrl-C stops it.", "vi": "Ctrl-C để dừng"}

_ANTCRM = "from antcrm_cli.main import app; app()"
_MCP = str(Path(sys.executable).with_name("antcrm-mcp"))
_PREFIX = "ANTCRM_"


@dataclass
class Standing:
    """An AntCRM that acts on a write and then says nothing, until it is let go."""

    app: ASGIApp
    method: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def held(message: Message) -> None:
            if scope.get("method") == self.method:
                self.reached.set()
                await self.let_go.wait()
            await send(message)

        await self.app(scope, receive, held)


@dataclass
class Program:
    """`antcrm …`, running."""

    process: asyncio.subprocess.Process
    out: str = ""

    async def says(self, words: str) -> str:
        """Everything it has written, as soon as these words are in it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while words not in self.out:
                line = (await self.process.stdout.readline()).decode()
                assert line, f"“{words}” never came after:\n{self.out}\n{await self._err()}"
                self.out += line
        return self.out

    async def ended(self) -> tuple[int, str, str]:
        """Exit code, all of standard output, all of standard error."""
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        self.out += out.decode()
        assert self.process.returncode is not None
        return self.process.returncode, self.out, err.decode()

    async def stopped(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(how)
        return await self.ended()

    async def _err(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


@dataclass
class Served(Assistant):
    """An assistant with an `antcrm-mcp` of its own."""

    folder: Path = Path()

    def kill(self) -> None:
        """Kill the process, which then says nothing more to anybody."""
        os.kill(int((self.folder / "pid").read_text("ascii")), signal.SIGKILL)


@dataclass
class Office:
    """An AntCRM and a Telegram on this machine, and what starts programs on them."""

    sandbox: Sandbox
    api: BotApi
    settings: dict[str, str]
    folder: Path
    stack: AsyncExitStack
    standing: Standing
    ledger: str | Path
    """A file, or the URL of a Postgres."""
    numbers: int = 0

    async def start(self, *arguments: str, **settings: str | None) -> Program:
        """Start the bot with these settings changed; None leaves one out."""
        return await self.run("telegram", *arguments, **settings)

    async def run(self, *arguments: str, **settings: str | None) -> Program:
        """Start any command so."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ANTCRM, *arguments),
            cwd=self.folder,
            env={**self._environment(settings), "PYTHONWARNINGS": "error"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.stack.push_async_callback(_end, process)
        return Program(process)

    async def bot(self, **settings: str | None) -> Program:
        """The bot, serving."""
        program = await self.start(**settings)
        await program.says(READY["en"])
        return program

    @asynccontextmanager
    async def assistant(
        self, era: Era = "new", *, person: Person | None = None, **settings: str | None
    ) -> AsyncGenerator[Served]:
        """An assistant with its server's process. Left out, `person` is somebody it can show no question to."""
        self.numbers += 1
        folder = self.folder / f"assistant-{self.numbers}"
        folder.mkdir()
        person = person or Person(answers=None)
        parameters = StdioServerParameters(
            command="/bin/sh",
            args=["-c", f"echo $$ > pid; exec {shlex.quote(_MCP)} 2> errors"],
            env=self._environment(settings),
            cwd=folder,
        )
        look = None if person.answers is None else person.look
        async with Client(parameters, mode=MODES[era], elicitation_callback=look) as client:
            yield Served(client, person, ANSWERS, folder)

    @asynccontextmanager
    async def house(self) -> AsyncGenerator[House]:
        """The ledger, as whoever starts a program here has it."""
        names = ("api_key", "base_url", "data_dir", "ledger_url")
        given = {name: self.settings.get(f"{_PREFIX}{name.upper()}") for name in names}
        async with House(Settings.model_validate(given)) as house:
            yield house

    def phone(self, user_id: int = LAN, language: str = "en") -> Phone:
        return Phone(self.api, user_id=user_id, language_code=language)

    def _environment(self, settings: Mapping[str, str | None]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
        chosen = self.settings | {f"{_PREFIX}{name.upper()}": value or "" for name, value in settings.items()}
        return {**kept, **{name: value for name, value in chosen.items() if value}}


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def office(
    folder: Path, *, ledger: str | Path | None = None, people: int = 10, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[Office]:
    """One with these settings changed; every call of its bot is legal. `ledger`: where it is no file of the folder."""
    api = BotApi(TOKEN, username="antcrm_test_bot", name="AntCRM", spec=SPEC)
    async with AsyncExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.open(api_key=KEY, people=people))
        standing = Standing(sandbox.app)
        sandbox.app = standing  # pyright: ignore[reportAttributeAccessIssue]  it is served as well
        chosen = {
            "ANTCRM_BASE_URL": await stack.enter_async_context(serving(sandbox)),
            "ANTCRM_API_KEY": KEY,
            "ANTCRM_LANGUAGE": "en",
            "ANTCRM_DATA_DIR": str(folder / "data"),
            "ANTCRM_MAX_RPS": "100",
            "ANTCRM_TELEGRAM_TOKEN": TOKEN,
            "ANTCRM_TELEGRAM_MEMBERS": MEMBERS,
            "ANTCRM_TELEGRAM_API_URL": await stack.enter_async_context(serving_telegram(api)),
        }
        if isinstance(ledger, str):
            chosen["ANTCRM_LEDGER_URL"] = ledger
        chosen |= {f"{_PREFIX}{name.upper()}": value for name, value in (settings or {}).items()}
        where = ledger if isinstance(ledger, str) else folder / "data" / "ledger.sqlite3"
        try:
            yield Office(sandbox, api, chosen, folder, stack, standing, where)
        finally:
            standing.let_go.set()
        assert api.violations == []
