"""What the tests of the client share: a time that passes only when someone sleeps, and a client on a transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.models import Customer, Query
from antcrm_tools.pace import Pace
from antcrm_tools.sandbox import Sandbox

URL = "http://antcrm.test"
KEY = "key-4711-of-the-company"

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Time:
    """For one task at a time: to sleep is to move the clock."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list[float])

    def clock(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime(2026, 8, 3, 2, 0, tzinfo=UTC) + timedelta(seconds=self.now - 1000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retry(self, **values: Any) -> Retry:
        """Retries in this time, always waiting as long as they may."""
        always = Retry(random=lambda: 1.0, sleep=self.sleep, clock=self.clock, wall=self.wall)
        return replace(always, **values)

    def pace(self, rps: float = 10_000.0) -> Pace:
        return Pace(rps, clock=self.clock, sleep=self.sleep)


@asynccontextmanager
async def client(
    answers: Handler | httpx.AsyncBaseTransport,
    *,
    url: str = URL,
    key: str = KEY,
    time: Time | None = None,
    pace: Pace | None = None,
    **retry: Any,
) -> AsyncGenerator[AntCrmApi]:
    """A client whose network is `answers`."""
    time = time or Time()
    transport = answers if isinstance(answers, httpx.AsyncBaseTransport) else httpx.MockTransport(answers)
    api = AntCrmApi(url, SecretStr(key), pace=pace or time.pace(), transport=transport, retry=time.retry(**retry))
    try:
        yield api
    finally:
        await api.aclose()


def on_sandbox(sandbox: Sandbox) -> AntCrmApi:
    """A client of a sandbox in this process."""
    time = Time()
    return AntCrmApi(URL, SecretStr(sandbox.api_key), pace=time.pace(), app=sandbox.app, retry=time.retry())


def record(number: int, **values: Any) -> dict[str, Any]:
    """A lead as AntCRM answers it."""
    return {"contactType": "lead", "leadId": number, "name": f"Khách {number}"} | values


async def walked(api: AntCrmApi, query: Query | None = None) -> list[Customer]:
    """A whole list."""
    return [customer async for customer in api.walk(query or Query())]
