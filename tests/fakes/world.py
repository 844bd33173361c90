"""One AntCRM, one line to it, one clock, and the House that works on them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.approving import Approving
from antcrm_tools.house import House
from antcrm_tools.ledger.store import IN_MEMORY, Store
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

    @property
    def approving(self) -> Approving:
        """What concerns questions that are answered elsewhere."""
        found = self.house.desk().approving
        assert found is not None
        return found

    def destroyed(self) -> list[LoggedRequest]:
        """Requests that deleted, emptied or dropped, or asked to."""
        return self.sandbox.destroying()

    async def later(self, **by: float) -> None:
        """Let time pass, and what is open be looked after."""
        self.clock.advance(**by)
        await self.house.resolver().tick()
        await self.house.resolver().idle()

    def sent(self, method: str) -> list[LoggedRequest]:
        """Requests of one method."""
        return [request for request in self.sandbox.requests if request.method == method]


async def no_wait(_seconds: float) -> None:
    """Retries wait for nobody in a test."""


@asynccontextmanager
async def world(*, people: int = 7, url: str | Path = IN_MEMORY, **settings: object) -> AsyncGenerator[World]:
    """A fresh world; `settings` override those of a process on the sandbox, in English.

    `url`: where its ledger is.
    """
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
        async with House(chosen, api=api, clock=clock, store=Store(url), wait=no_wait) as house:
            yield World(house, sandbox, line, clock)
