"""A working process of the fault run: takes captures and imports on its input, says what became of each.

Lines of JSON both ways. What was said here was in the ledger before.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import httpx
from pydantic import SecretStr

from antcrm_tools import jobs
from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.changes import Wish, of_message
from antcrm_tools.errors import CrmError
from antcrm_tools.house import House
from antcrm_tools.ledger.store import Store
from antcrm_tools.outcomes import Actor, Done, Queued, Unsure
from antcrm_tools.pace import Pace
from antcrm_tools.progress import no_progress
from antcrm_tools.settings import Settings
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.create_lead import LeadCreated, LeadFields

HANDED_OVER: Final = frozenset({"created", "duplicate", "queued", "unsure", "job"})
"""What a process says of something that is not the person's to send again."""

_LONGEST_LINE: Final = 1 << 24
_LINES: Final = 16
_CONNECTIONS: Final = 4
"""Of each line."""

SENT_AT: Final = "x-sent-at"
"""The header that says when a request left, for AntCRM must not act on it later than it may."""

_EVERY: Final = 20
"""Requests between two lines that count them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process works, and after how many seconds it looks for what was lost."""

    url: str
    key: str
    ledger: str
    seed: int
    unsent: float
    """The share of requests that never leave."""
    pause: float


def say(**line: object) -> None:
    """Tell the run."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Unsent(httpx.AsyncBaseTransport):
    """Loses some requests before they leave, and counts."""

    def __init__(self, share: float, seed: int) -> None:
        """In front of the real network."""
        # A pool looks at all its connections for each of its requests: many small ones take half the time of one.
        trust, limits = ssl.create_default_context(), httpx.Limits(max_connections=_CONNECTIONS)
        self._lines = [httpx.AsyncHTTPTransport(verify=trust, limits=limits) for _ in range(_LINES)]
        self._next = itertools.cycle(self._lines)
        self._share = share
        self._random = random.Random(seed)  # noqa: S311  a seed is the point
        self._met: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, or not."""
        self._met["requests"] += 1
        if self._met["requests"] % _EVERY == 0:
            say(counted=self._met)
        if self._random.random() < self._share:
            self._met["lost before sending"] += 1
            raise httpx.ConnectError("lost before it was sent", request=request)
        request.headers[SENT_AT] = repr(time.time())
        return await next(self._next).handle_async_request(request)

    async def aclose(self) -> None:
        """Close the network."""
        for line in self._lines:
            await line.aclose()


def open_house(place: Place) -> House:
    """As any face opens it, but for the line and the rate."""
    settings = Settings.model_validate(
        {
            "api_key": place.key,
            "base_url": place.url,
            "language": "en",
            "unsure_pause": place.pause,
            "daily_writes": 10_000_000,
        }
    )
    api = AntCrmApi(
        place.url,
        SecretStr(place.key),
        pace=Pace(10_000.0),
        transport=Unsent(place.unsent, place.seed),
        timezone=settings.zone,
        retry=Retry(attempts=8, base=0.005, cap=0.05),
    )
    url = place.ledger
    return House(settings, api=api, store=Store(url if url.startswith("postgres") else Path(url)))


async def capture(house: House, asked: dict[str, Any]) -> str:
    """One message of a person's; what became of it."""
    call = tool_named("create_lead").call(asked["lead"])
    outcome = await house.desk().submit(call, Actor(asked["who"], "telegram"), source=asked["id"])
    match outcome:
        case Done(LeadCreated(created=None)):
            return "duplicate"
        case Done():
            return "created"
        case Queued():
            return "queued"
        case Unsure():
            return "unsure"
        case _:
            return type(outcome).__name__


async def import_(house: House, asked: dict[str, Any]) -> str:
    """One file of a person's, who has just said yes."""
    records = house.records()
    drafts = [LeadFields.model_validate(row).draft(records.new_code(), records.region) for row in asked["leads"]]
    wish = Wish(Actor(asked["who"], "telegram"), "import_leads", "{}", of_message("telegram", asked["id"]))
    await jobs.begin(records, wish, drafts, no_progress)
    return "job"


async def deal_with(house: House, asked: dict[str, Any]) -> None:
    """One line of the input."""
    try:
        fate = await (capture if "lead" in asked else import_)(house, asked)
    except CrmError as error:
        fate = error.code
    say(id=asked["id"], fate=fate)


async def work(place: Place) -> None:
    """Until the input ends."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with open_house(place) as house, asyncio.TaskGroup() as tasks:
        house.tend()
        while line := await reader.readline():
            tasks.create_task(deal_with(house, json.loads(line)))


def spare() -> None:
    """The HTTP library looks for this one, which is not installed, at each request, and that takes a third of it."""
    sys.modules.setdefault("sniffio", cast("ModuleType", None))


if __name__ == "__main__":
    spare()
    asyncio.run(work(Place(**json.loads(sys.argv[1]))))
