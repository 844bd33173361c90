"""What filling the copy costs: its requests over the fewest there can be, its time over that of a bare loop.

    uv run python benchmarks/sync.py               20,000 customers, at most 50 requests a second
    uv run python benchmarks/sync.py 5000 100      the most that ANTCRM_MAX_RPS may be

AntCRM is the made-up one, in a process of its own, over HTTP on this machine. The bare loop knows how many pages there
are, asks for each once with as many requests at a time, and looks at none; both take turns, because machines are noisy.
Then a process that fills a copy is killed in the middle while another client changes, creates and deletes customers; a
second one goes on, and in the end the copy has to be what AntCRM holds.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import statistics
import sys
import tempfile
import time
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.directory.rows import Entry, entries
from antcrm_tools.directory.schema import COLUMNS
from antcrm_tools.directory.store import Store
from antcrm_tools.directory.sync import Sync
from antcrm_tools.pace import Pace
from antcrm_tools.sandbox import Sandbox, serve
from antcrm_tools.sandbox.store import Query, Row
from antcrm_tools.sandbox.store import Store as Records

CUSTOMERS, RATE = 20_000, 50.0
ROUNDS: Final = 3
KEY: Final = "benchmark"
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")

_AT_ONCE: Final = 4
_PAGE: Final = 20
_KILLED_AT: Final = 0.4
"""Of all pages, how many the process that is killed may read."""

_MEDDLING: Final = 0.05
"""Seconds between two writes of the other client."""

_LONGEST: Final = 900.0


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Counting(httpx.AsyncHTTPTransport):
    """Counts requests, and says on standard output how many there were."""

    def __init__(self, *, speaks: bool = False) -> None:
        super().__init__()
        self.count = 0
        self._speaks = speaks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        self.count += 1
        if self._speaks:
            print(self.count, flush=True)
        return await super().handle_async_request(request)


# --- the processes beside this one ---


async def antcrm(path: Path, people: int) -> None:
    """An AntCRM, until its process is ended."""
    with Sandbox.open(path, api_key=KEY, people=people) as sandbox:
        await serve(sandbox, announce=lambda url: print(url, flush=True))


async def worker(url: str, path: Path, rate: float) -> None:
    """Fill a copy, bring it up to date and look for who is gone."""
    async with copying(url, path, rate, speaks=True) as (_, sync, _line):
        await sync.run_once()


@asynccontextmanager
async def beside(*arguments: object) -> AsyncGenerator[asyncio.subprocess.Process]:
    """This file in another process, which is killed at the end."""
    words = [str(argument) for argument in arguments]
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *words, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process) -> str:
    """The next line a process says; empty after its last."""
    assert process.stdout is not None  # noqa: S101  it is a pipe
    return (await process.stdout.readline()).decode().strip()


# --- what is measured ---


@asynccontextmanager
async def copying(
    url: str, path: Path, rate: float, *, speaks: bool = False
) -> AsyncGenerator[tuple[Store, Sync, Counting]]:
    """A copy and whoever keeps it."""
    store, line = Store(path, clock=now, zone=ZONE), Counting(speaks=speaks)
    api = AntCrmApi(
        url, SecretStr(KEY), pace=Pace(rate), transport=line, timezone=ZONE, retry=Retry(attempts=5), watch=store
    )
    try:
        yield store, Sync(api, store, clock=now, zone=ZONE), line
    finally:
        await api.aclose()
        await store.aclose()


async def bare(url: str, rate: float, pages: dict[str, int]) -> float:
    """Every page once, and the answers thrown away. How many seconds that took."""
    wanted = iter([(space, number) for space, count in pages.items() for number in range(1, count + 1)])
    pace = Pace(rate)

    async def work() -> None:
        for space, number in wanted:
            await pace.turn(background=True)
            answer = await client.get("/contacts", params={"contactType": space, "page": number, "limit": _PAGE})
            answer.raise_for_status()

    async with httpx.AsyncClient(base_url=url, headers={"apikey": KEY}) as client:
        begun = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        return time.perf_counter() - begun


async def filled(url: str, path: Path, rate: float) -> tuple[float, int]:
    """A first fill, in seconds and requests."""
    async with copying(url, path, rate) as (_, sync, line):
        begun = time.perf_counter()
        await sync.run_once()
        return time.perf_counter() - begun, line.count


# --- the other client ---


class Meddler:
    """Changes, creates and deletes customers, as colleagues do in the web app."""

    def __init__(self, url: str, rows: list[Row]) -> None:
        self.counts = {"changed": 0, "created": 0, "deleted": 0}
        self._client = httpx.AsyncClient(base_url=url, headers={"apikey": KEY})
        self._rows = rows
        self._chance = random.Random(9457)  # noqa: S311  made-up changes
        self._numbers = itertools.count(1)
        self._chance.shuffle(rows)

    async def for_ever(self) -> None:
        """One write after the other."""
        for kind in itertools.cycle(("changed", "created", "deleted")):
            await getattr(self, f"_{kind}")()
            self.counts[kind] += 1
            await asyncio.sleep(_MEDDLING)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _changed(self) -> None:
        row = self._chance.choice(self._rows)
        await self._send("PUT", {**_id(row), "name": f"{row.fields['name']} {next(self._numbers)}", "stage": "Chốt"})

    async def _created(self) -> None:
        number = next(self._numbers)
        space = self._chance.choice(("lead", "customer"))
        body = {"contactType": space, "name": f"Khách mới {number}", "customerIdApiRing": f"new-{number}"}
        await self._send("POST", body)

    async def _deleted(self) -> None:
        await self._send("DELETE", _id(self._rows.pop()))

    async def _send(self, method: str, body: dict[str, Any]) -> None:
        answer = await self._client.request(method, "/contacts", json=body)
        answer.raise_for_status()


def _id(row: Row) -> dict[str, int]:
    return {"leadId" if row.space == "lead" else "customerId": row.id}


# --- whether the copy is what AntCRM holds ---


def difference(records: Records, held: list[Entry]) -> int:
    """How many customers are missing, too many or not the same."""
    there = {_ref(row): _of_row(row) for row in records.select(Query(limit=1_000_000))}
    copied = {entry.ref: _of_entry(entry) for entry in held}
    return sum(there.get(ref) != copied.get(ref) for ref in there.keys() | copied.keys())


async def all_of_copy(store: Store) -> list[Entry]:
    """Everybody in it."""
    sql = f"SELECT {COLUMNS} FROM customers"  # noqa: S608
    return await store.read(lambda db, labels: entries(db, labels, db.execute(sql).fetchall()))


def _ref(row: Row) -> str:
    return f"{'L' if row.space == 'lead' else 'C'}{row.id}"


def _of_row(row: Row) -> tuple[object, ...]:
    fields = row.fields
    kind = "lead" if row.space == "lead" else ("account" if row.type == 1 else "contact")
    values = {name: [one["value"] for one in fields[name]] for name in ("phones", "emails")}
    return (
        kind,
        unicodedata.normalize("NFC", fields["name"]),
        *map(tuple, (*values.values(), fields["tags"])),
        *(fields[name] for name in ("stage", "sourceContact", "responsibleStaff")),
        row.created // 1000,
        row.updated // 1000,
    )


def _of_entry(entry: Entry) -> tuple[object, ...]:
    moments = (None if moment is None else int(moment.timestamp()) for moment in (entry.created_at, entry.updated_at))
    tags = [tag for tag in entry.tags if tag]
    lists = entry.phones, entry.emails, tuple(tags)
    return entry.kind, entry.name, *lists, entry.stage, entry.source, entry.owner, *moments


# --- the whole of it ---


async def killed_and_gone_on(url: str, folder: Path, records: Records, rate: float, least: int) -> None:
    """Fill, kill, go on; all the while somebody writes."""
    path = folder / "killed.sqlite3"
    meddler = Meddler(url, records.select(Query(limit=1_000_000)))
    meddling = asyncio.create_task(meddler.for_ever())
    try:
        asked = 0
        async with beside("worker", url, path, rate) as process:
            while asked < _KILLED_AT * least:
                asked = int(await line_of(process))
            process.kill()
        print(f"  killed with SIGKILL after {asked} requests")
        async with copying(url, path, rate) as (store, sync, line):
            begun = time.perf_counter()
            while not await sync.run_once():  # noqa: ASYNC110  until the lease of the killed one is free
                await asyncio.sleep(0.05)
            print(f"  gone on with: {line.count} requests, {time.perf_counter() - begun:.1f} s")
            meddling.cancel()
            await asyncio.wait((meddling,))
            print("  meanwhile " + ", ".join(f"{count} {kind}" for kind, count in meddler.counts.items()))
            for what, step in (("changes read", sync.run_once(now=True)), ("swept", sync.sweep())):
                before = line.count
                if not await step:
                    raise SystemExit(f"{what}: another process was at it")
                wrong = difference(records, await all_of_copy(store))
                print(f"  {what}: {line.count - before} requests; not as AntCRM holds them: {wrong}")
    finally:
        meddling.cancel()
        await asyncio.wait((meddling,))
        await meddler.aclose()


async def main(people: int, rate: float) -> None:
    """Measure it all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with beside("antcrm", folder / "antcrm.sqlite3", people) as server, asyncio.timeout(_LONGEST):
            url = await line_of(server)
            records = Records(folder / "antcrm.sqlite3")
            pages = {space: math.ceil(records.count(space) / _PAGE) for space in ("lead", "customer")}
            least = sum(pages.values())
            print(f"{people} customers on {least} pages, at most {rate:g} requests a second, {_AT_ONCE} at a time")
            bares: list[float] = []
            fills: list[float] = []
            for turn in range(ROUNDS):
                bares.append(await bare(url, rate, pages))
                path = folder / f"{turn}.sqlite3"
                seconds, asked = await filled(url, path, rate)
                fills.append(seconds)
                store = Store(path, clock=now, zone=ZONE)
                wrong = difference(records, await all_of_copy(store))
                await store.aclose()
                print(
                    f"  bare loop {bares[-1]:.1f} s; fill {seconds:.1f} s, {asked} requests"
                    f" = {asked / least:.3f} × the fewest; not as AntCRM holds them: {wrong}"
                )
            print(f"time of a fill: {statistics.median(fills) / statistics.median(bares):.2f} × the bare loop's")
            await killed_and_gone_on(url, folder, records, rate, least)
            records.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["antcrm", path, people]:
            asyncio.run(antcrm(Path(path), int(people)))
        case ["worker", url, path, rate]:
            asyncio.run(worker(url, Path(path), float(rate)))
        case rest:
            asyncio.run(main(int(rest[0]) if rest else CUSTOMERS, float(rest[1]) if rest[1:] else RATE))
