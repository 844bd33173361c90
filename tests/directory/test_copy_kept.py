"""The copy is what AntCRM holds: filled, gone on with, brought up to date, and never taken for more than it is."""

from __future__ import annotations

import asyncio
import sqlite3
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from antcrm_tools.directory.sync import Sync
from antcrm_tools.models import Customer, Phone
from antcrm_tools.pace import Pace
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.store import Query, Row
from antcrm_tools.sandbox.switches import Switches
from tests.fakes.clock import Clock
from tests.fakes.faulty import Faulty
from tests.fakes.world import KEY, no_wait

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class Kept:
    """An AntCRM, and a copy of it."""

    def __init__(self, sandbox: Sandbox, line: Faulty, api: AntCrmApi, store: Store, clock: Clock) -> None:
        self.sandbox, self.line, self.api, self.store, self.clock = sandbox, line, api, store, clock
        self.directory = Directory(store)

    def sync(self, holder: str | None = None) -> Sync:
        return Sync(self.api, self.store, clock=self.clock, zone=ZONE, holder=holder)

    async def everybody(self) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        cursor = None
        while True:
            hits = await self.directory.find("", Filters(), limit=500, cursor=cursor)
            for hit in hits.hits:
                e = hit.entry
                found[e.ref] = (e.kind, e.name, e.phones, e.stage, e.owner, e.source, frozenset(e.tags))
            if (cursor := hits.next) is None:
                return found

    def there(self) -> dict[str, tuple[Any, ...]]:
        """What the copy has to hold."""
        kinds = {None: "lead", 0: "contact", 1: "account"}
        return {
            ("L" if row.space == "lead" else "C") + str(row.id): (
                "lead" if row.space == "lead" else kinds[row.type],
                _nfc(row.fields["name"]),
                tuple(phone["value"] for phone in row.fields["phones"]),
                row.fields["stage"],
                row.fields["responsibleStaff"],
                row.fields["sourceContact"],
                frozenset(row.fields["tags"]) or frozenset({""}),
            )
            for row in self.rows()
        }

    def rows(self) -> list[Row]:
        return self.sandbox.store.select(Query(limit=100_000))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@asynccontextmanager
async def kept(people: int = 700, path: Path | None = None, **switches: Any) -> AsyncGenerator[Kept]:
    clock = Clock()
    with Sandbox.open(api_key=KEY, people=people, clock=clock, switches=Switches(**switches)) as sandbox:
        line = Faulty(httpx.ASGITransport(app=sandbox.app))
        store = Store(path, clock=clock, zone=ZONE)
        api = AntCrmApi(
            "http://antcrm.test",
            SecretStr(KEY),
            pace=Pace(100_000.0),
            transport=line,
            timezone=ZONE,
            retry=Retry(sleep=no_wait),
            watch=store,
        )
        try:
            yield Kept(sandbox, line, api, store, clock)
        finally:
            await api.aclose()
            await store.aclose()


@pytest.mark.parametrize("people", [0, 1, 19, 20, 21, 300, 1500])
async def test_it_is_filled(people: int) -> None:
    async with kept(people) as k:
        assert await k.sync().run_once()
        assert await k.everybody() == k.there()
        fresh = await k.directory.freshness()
        assert fresh.complete
        assert not fresh.trouble
        assert fresh.customers == people


@pytest.mark.parametrize(
    "switches",
    [
        {"page_base": 0},
        {"day_zone": "vietnam"},
        {"day_to": "exclusive"},
        {"day_zone": "vietnam", "day_to": "exclusive"},
        {"fixed_page_size": 7},
        {"list_shape": "object_data", "none_shape": "404"},
        {"kinds_by_default": "lead"},
        {"limit_over": "refuse"},
        {"filters_ignored": frozenset({"dates"})},
        {"ids": "strings"},
    ],
    ids=str,
)
async def test_whatever_antcrm_is_like(switches: dict[str, Any]) -> None:
    async with kept(1100, **switches) as k:
        await k.sync().run_once()
        assert await k.everybody() == k.there()
        assert not (await k.directory.freshness()).trouble


@pytest.mark.parametrize("after", [3, 17, 31, 45, 60, 77])
async def test_a_kill_loses_nothing_and_nothing_is_read_twice_for_it(tmp_path: Path, after: int) -> None:
    async with kept(1500, tmp_path / "copy.sqlite3") as k:
        gate = asyncio.Event()
        asked = 0

        async def stop(_request: httpx.Request) -> None:
            nonlocal asked
            asked += 1
            if asked == after:
                gate.set()
                await asyncio.Event().wait()

        k.line.on_request = stop
        working = asyncio.create_task(k.sync("killed").run_once())
        async with asyncio.timeout(20):
            await gate.wait()
        working.cancel()
        await asyncio.wait((working,))
        k.line.on_request = None
        before = k.line.asked["GET"]
        k.clock.advance(seconds=61)  # the lease of who was killed
        assert await k.sync("next").run_once()
        assert await k.everybody() == k.there()
        assert k.line.asked["GET"] - before < 210


async def test_what_changed_meanwhile_is_in_it_at_the_end() -> None:
    async with kept(1500) as k:
        rows = k.rows()
        changed, deleted = rows[3:40:4], rows[100:1400:60]
        steps = iter([*changed, *deleted])

        async def meddle(_request: httpx.Request) -> None:
            row = next(steps, None)
            if row is None:
                return
            if row in deleted:
                k.sandbox.store.remove(row, hard=True)
            else:
                row.fields = {**row.fields, "stage": "Chốt", "name": row.fields["name"] + " đổi"}
                row.updated = int(k.clock().timestamp() * 1000)
                k.sandbox.store.save(row)

        k.line.on_request = meddle
        await k.sync().run_once()
        k.line.on_request = None
        k.clock.advance(minutes=5)
        await k.sync().run_once()
        assert await k.sync().sweep()
        assert await k.everybody() == k.there()


async def test_only_a_get_makes_it_forget() -> None:
    async with kept(300) as k:
        await k.sync().run_once()
        row = k.rows()[50]
        ref = ("L" if row.space == "lead" else "C") + str(row.id)
        k.sandbox.store.remove(row, hard=True)
        k.clock.advance(minutes=5)
        k.line.lose_request("GET", times=1_000_000, after=4)  # what changed is read, and no more
        await k.sync().run_once(now=True)
        assert ref in await k.everybody()  # no list of changes tells of it
        k.line.clear()
        await k.sync().sweep()
        assert ref not in await k.everybody()
        gets = [
            r
            for r in k.sandbox.requests
            if r.query.get("leadId" if row.space == "lead" else "customerId") == str(row.id)
        ]
        assert len(gets) == 1


async def test_a_list_that_is_far_too_short_makes_nobody_forgotten() -> None:
    async with kept(900) as k:
        await k.sync().run_once()
        k.clock.advance(minutes=5)
        k.sandbox.switches = k.sandbox.switches.model_copy(update={"none_shape": "empty_array", "page_ignored": False})
        before = len(await k.everybody())
        hidden = [row for row in k.rows() if row.space == "lead"]
        for row in hidden:
            row.deleted = True  # lists leave them out, and by number they are still there
            k.sandbox.store.save(row)
        k.sandbox.clear_log()
        await k.sync().sweep()
        assert len(await k.everybody()) == before
        assert sum("leadId" in r.query for r in k.sandbox.requests) <= 20 * 3


async def test_trouble_is_noted_and_the_next_pass_goes_on() -> None:
    async with kept(900) as k:
        k.line.lose_request("GET", times=1_000_000, after=30)
        await k.sync().run_once()
        fresh = await k.directory.freshness()
        assert fresh.trouble == "not_acted"
        assert not fresh.complete
        k.line.clear()
        await k.sync().run_once()
        assert await k.everybody() == k.there()
        assert not (await k.directory.freshness()).trouble


async def test_two_do_not_keep_it_at_once(tmp_path: Path) -> None:
    async with kept(300, tmp_path / "copy.sqlite3") as k:
        results = await asyncio.gather(k.sync("one").run_once(), k.sync("two").run_once())
        assert sorted(results) == [False, True]
        assert await k.everybody() == k.there()


async def test_an_older_read_never_replaces_a_newer_one() -> None:
    async with kept(0) as k:
        early = k.store.begin()
        k.clock.advance(seconds=5)
        late = k.store.begin()
        await k.store.seen([_an("Mới")], late)
        await k.store.seen([_an("Cũ")], early)
        assert [row[3] for row in (await k.everybody()).values()] == ["Mới"]
        await k.store.missing(Ref("lead", "1"), late)
        await k.store.seen([_an("Cũ")], early)
        assert not await k.everybody()
        k.clock.advance(seconds=5)
        await k.store.seen([_an("Lại")], k.store.begin())
        assert len(await k.everybody()) == 1


async def test_a_clock_set_back_does_not_freeze_it() -> None:
    async with kept(0) as k:
        k.clock.advance(days=30)
        await k.store.seen([_an("Mai sau")], k.store.begin())
        k.clock.advance(days=-30)
        await k.store.seen([_an("Nay")], k.store.begin())
        assert [row[3] for row in (await k.everybody()).values()] == ["Nay"]


@pytest.mark.parametrize("rubbish", [b"", b"no database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_a_damaged_file_is_made_anew(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "copy.sqlite3"
    path.write_bytes(rubbish)
    async with kept(60, path) as k:
        await k.sync().run_once()
        fresh = await k.directory.freshness()
        assert fresh.customers == 60
        assert (fresh.rebuilt_at is not None) == bool(rubbish)
        path.write_bytes(b"broken while it is open" * 1000)
        await k.sync().run_once(now=True)
        await k.sync().run_once(now=True)
        assert await k.everybody() == k.there()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_an_older_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE customers (something TEXT)")
        db.execute("PRAGMA user_version = 99")
    db.close()
    async with kept(60, path) as k:
        await k.sync().run_once()
        assert await k.everybody() == k.there()
        assert (await k.directory.freshness()).rebuilt_at is not None


def _an(stage: str) -> Customer:
    return Customer(kind="lead", id="1", name="Nguyễn Văn An", phones=(Phone(value="0912345678"),), stage=stage)
