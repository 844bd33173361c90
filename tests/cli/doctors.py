"""An office in which `antcrm doctor` is run: an AntCRM on a port, and a program's settings."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from antcrm_cli.examining import examine
from antcrm_tools.doctor.check import Check
from antcrm_tools.house import House
from antcrm_tools.learning import Learnt
from antcrm_tools.sandbox import Sandbox, Switches, serving
from antcrm_tools.settings import Settings
from tests.cli.test_commands import COMMAND, finished, started
from tests.fakes.telegram import TOKEN

KEY = "key-of-the-doctor-test"
PEOPLE = 100
BOUND = 60.0


@dataclass(frozen=True)
class Office:
    """An AntCRM on a port, and the settings of a program that works on it."""

    sandbox: Sandbox
    url: str
    folder: Path

    def settings(self, **more: object) -> Settings:
        own = {"api_key": KEY, "base_url": self.url, "data_dir": self.folder / "data", "language": "en", "max_rps": 100}
        return Settings.model_validate(own | more)

    async def checks(self, **more: object) -> dict[str, Check]:
        """What the doctor finds; no secret is in it."""
        with anyio.fail_after(BOUND):
            found, requests = await examine(self.settings(**more))
        assert requests <= 25
        assert len({check.name for check in found}) == len(found)
        for language in ("en", "vi"):
            shown = [f"{c.text.render(language)} {c.then and c.then.render(language)}" for c in found]
            assert not [secret for secret in (KEY, TOKEN, "s3cret") if secret in "\n".join(shown)]
        return {check.name: check for check in found}

    async def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The command, as a process of its own."""
        own = {
            "ANTCRM_API_KEY": KEY,
            "ANTCRM_BASE_URL": self.url,
            "ANTCRM_DATA_DIR": str(self.folder / "data"),
            "ANTCRM_MAX_RPS": "100",
        }
        with started([*COMMAND, "doctor", *arguments], self.folder, **(own | settings)) as process:
            done = await asyncio.to_thread(finished, process)
        assert KEY not in done.stdout + done.stderr
        return done

    async def learnt(self) -> Learnt:
        """What is kept for this AntCRM."""
        async with House(self.settings()) as house:
            return await house.ledger().learnt.read()


@asynccontextmanager
async def office(folder: Path, **switches: Any) -> AsyncGenerator[Office]:
    with Sandbox.open(api_key=KEY, people=PEOPLE, switches=Switches(**switches)) as sandbox:
        async with serving(sandbox) as url:
            yield Office(sandbox, url, folder)


def said(check: Check) -> tuple[str, str, str]:
    return check.state, check.text.render("en"), check.then.render("en") if check.then else ""


def nobody() -> str:
    """An address of this machine at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
