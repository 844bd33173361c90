"""One AntCRM, one line to it, one clock, and the House that works on them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.house import House
from antcrm_tools.pace import Pace
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.server import LoggedRequest
from antcrm_tools.settings import Settings
from tests.fakes.clock import Clock
from tests.fakes.faulty import Faulty

KEY = "key-of-the-test"

ALWAYS = 1_000_000
"""Times for a rule that does not end."""


@dataclass(frozen=True)
class World:
    """What a test sees: the AntCRM with its log, the line, the clock, and the House under test."""

    house: House
    sandbox: Sandbox
    line: Faulty
    clock: Clock

    def destroyed(self) -> list[LoggedRequest]:
        """Requests that deleted, emptied or dropped, or asked to."""
        return self.sandbox.destroying()

    def sent(self, method: str) -> list[LoggedRequest]:
        """Requests of one method."""
        return [request for request in self.sandbox.requests if request.method == method]


async def no_wait(_seconds: float) -> None:
    """Retries wait for nobody in a test."""


@asynccontextmanager
async def world(*, people: int = 7, **settings: object) -> AsyncGenerator[World]:
    """A fresh world; `settings` override those of a process on the sandbox, in English."""
    clock = Clock()
    chosen = Settings.model_validate({"api_key": KEY, "language": "en", "actor": "lan@antcrm.example"} | settings)
    with Sandbox.open(api_key=KEY, people=people, clock=clock) as sandbox:
        line = Faulty(httpx.ASGITransport(app=sandbox.app))
        api = AntCrmApi(
            "http://antcrm.test",
            SecretStr(KEY),
            pace=Pace(10_000.0),
            transport=line,
            timezone=chosen.zone,
            retry=Retry(sleep=no_wait),
        )
        async with House(chosen, api=api, clock=clock) as house:
            yield World(house, sandbox, line, clock)
