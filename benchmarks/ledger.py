"""What the ledger costs: the time of a write with it over that of the same write without one, in the same run.

    uv run python benchmarks/ledger.py                    SQLite, on the disk of the temporary folder
    uv run --group postgres python benchmarks/ledger.py   and Postgres, on this machine

AntCRM is the made-up one, in this process: its share of a write is smaller than over any network, so the ratio is the
worst there is. The rounds take turns, because machines are noisy.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.changes import Change, Wish
from antcrm_tools.house import House, new_code
from antcrm_tools.journal import Journal
from antcrm_tools.ledger.ledger import Ledger
from antcrm_tools.ledger.store import Store
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.outcomes import Actor
from antcrm_tools.pace import Pace
from antcrm_tools.records import Records
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.settings import Settings

ROUNDS, WRITES = 7, 100
KEY = "benchmark"

_NUMBERS = itertools.count(1)


class NoLedger:
    """Nothing is written down, nobody is waited for."""

    async def take(self, *_: Any) -> None:
        """Always free."""

    async def release(self, _holder: str) -> None:
        """Nothing was held."""

    async def of_wish(self, _wish: Wish) -> None:
        """Nothing is known."""

    async def of(self, _refs: Any) -> frozenset[str]:
        """Nothing is claimed."""
        return frozenset()

    async def owner(self, _ref: Ref) -> None:
        """Nobody's."""

    async def begin(self, wish: Wish, intent: Any, *_: Any) -> Change:
        """An intent that is nowhere."""
        return Change(1, intent.action, "sent", wish, datetime.now(UTC), wanted=intent.wanted, before=intent.before)

    async def settle(self, *_: Any, **__: Any) -> bool:
        """Not written down either."""
        return True

    @property
    def locks(self) -> NoLedger:
        """All in one."""
        return self

    changes = claims = locks


@asynccontextmanager
async def records(store: Store | None) -> AsyncGenerator[Records]:
    """The customers of a fresh AntCRM, over a ledger or over none."""
    settings = Settings.model_validate({"api_key": KEY, "daily_writes": 1_000_000})
    with Sandbox.open(api_key=KEY, people=50) as sandbox:
        api = AntCrmApi("http://antcrm.test", SecretStr(KEY), pace=Pace(1e6), app=sandbox.app, retry=Retry())
        async with House(settings, api=api, store=store) as house:
            if store is not None:
                yield house.records()
                return
            nothing = cast("Ledger", NoLedger())
            journal = Journal(
                lambda: nothing, clock=house.clock, pause=timedelta(minutes=2), wait=asyncio.sleep, zone=settings.zone
            )
            yield Records(api, journal, code=new_code, clock=house.clock, zone=settings.zone)


def wish() -> Wish:
    """Somebody's, each one new."""
    return Wish(Actor("lan@antcrm.example", "benchmark"), "benchmark", "{}", f"!{next(_NUMBERS)}")


async def create(on: Records) -> None:
    """One lead with a phone."""
    number = next(_NUMBERS)
    await on.create(Draft(name=f"Khách {number}", phones=(Phone(value=f"09{number:08d}"),), code=new_code()), wish())


async def edit(on: Records) -> None:
    """One customer to another stage."""
    await on.edit(Ref("lead", "9001"), lambda _: Edit(stage=f"Bước {next(_NUMBERS)}"), wish())


async def timed(store: Store | None, write: Callable[[Records], Awaitable[None]]) -> float:
    """Milliseconds of one write."""
    async with records(store) as on:
        for _ in range(5):
            await write(on)
        began = time.perf_counter()
        for _ in range(WRITES):
            await write(on)
        return (time.perf_counter() - began) / WRITES * 1000


async def main() -> None:
    """Print the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ledgers: dict[str, Callable[[], Store | None]] = {
            "without": lambda: None,
            "SQLite": lambda: Store(folder / f"{next(_NUMBERS)}.sqlite3"),
        }
        if find_spec("pgserver") is not None and find_spec("psycopg") is not None:
            pgserver: Any = import_module("pgserver")
            server = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
            stack.callback(server.cleanup)
            ledgers["Postgres"] = lambda: Store(server.get_uri())
        print(f"{WRITES} writes one after another, median of {ROUNDS} rounds; requests to AntCRM in this process")
        for name, write in (("create_lead", create), ("update_stage", edit)):
            found: dict[str, list[float]] = {ledger: [] for ledger in ledgers}
            for _ in range(ROUNDS):
                for ledger, make in ledgers.items():
                    found[ledger].append(await timed(make(), write))
            without = statistics.median(found["without"])
            for ledger, each in found.items():
                median = statistics.median(each)
                print(f"{name:13} {ledger:9} {median:6.2f} ms  +{median - without:5.2f} ms  {median / without:5.2f}")


if __name__ == "__main__":
    asyncio.run(main())
