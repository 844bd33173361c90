"""The copy is what AntCRM holds: filled, gone on with, brought up to date, and never taken for more than it is."""

from __future__ import annotations

import asyncio
import sqlite3
import unicodedata
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.directory import keeping
from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.location import older_files
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.store import Store
from antcrm_tools.directory.sync import Sync
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.errors import CrmError
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
async def kept(
    people: int = 700, path: Path | None = None, *, store: type[Store] = Store, **switches: Any
) -> AsyncGenerator[Kept]:
    clock = Clock()
    with Sandbox.open(api_key=KEY, people=people, clock=clock, switches=Switches(**switches)) as sandbox:
        line = Faulty(httpx.ASGITransport(app=sandbox.app))
        copy = store(path, clock=clock, zone=ZONE)
        api = AntCrmApi(
            "http://antcrm.test",
            SecretStr(KEY),
            pace=Pace(100_000.0),
            transport=line,
            timezone=ZONE,
            retry=Retry(sleep=no_wait),
            watch=copy,
        )
        try:
            yield Kept(sandbox, line, api, copy, clock)
        finally:
            await api.aclose()
            await copy.aclose()


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
        await k.store.write(lambda _db, _labels: None)  # behind whatever it still had in hand
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


async def test_an_older_no_does_not_undo_a_newer_one() -> None:
    async with kept(0) as k:
        first = k.store.begin()
        k.clock.advance(seconds=5)
        between = k.store.begin()
        k.clock.advance(seconds=5)
        await k.store.missing(Ref("lead", "1"), k.store.begin())
        await k.store.missing(Ref("lead", "1"), first)
        await k.store.seen([_an("Mới")], between)
        assert not await k.everybody()


async def test_a_customer_of_the_seventies_is_in_its_days() -> None:
    async with kept(0) as k:
        old = _an("Mới").model_copy(update={"created_at": datetime(1975, 6, 1, tzinfo=UTC)})
        await k.store.seen([old], k.store.begin())
        days = Filters(created_from=date(1975, 1, 1), created_to=date(1976, 1, 1))
        assert (await k.directory.count(days)).total == 1
        assert len((await k.directory.find("", days, limit=5)).hits) == 1


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


class Failing(Store):
    """A copy of which some writes fail."""

    failing = range(0)
    pages = looks = 0

    def _put(self, db: sqlite3.Connection, labels: Labels, customers: Sequence[Customer], begun: float) -> int:
        self.pages += 1
        if self.pages in self.failing:
            raise OSError("full")
        return super()._put(db, labels, customers, begun)

    def _loop_time(self) -> float:
        self.looks += 1
        return 60.0 * self.looks  # it is shy for no longer than one look


@pytest.mark.parametrize("lost", [1, 2, 5, 8, 20, 46, 60])
async def test_a_page_that_could_not_be_written_is_read_again(lost: int) -> None:
    async with kept(1700, store=Failing) as k:
        assert isinstance(k.store, Failing)
        k.store.failing = range(lost, lost + 1)
        for _ in range(3):
            with suppress(CopyUnusable):
                await k.sync().run_once(now=True)
            k.clock.advance(minutes=2)
        assert (await k.directory.freshness()).complete
        assert await k.everybody() == k.there()


async def test_a_pass_that_lost_something_is_not_taken_for_done() -> None:
    async with kept(300, store=Failing) as k:
        assert isinstance(k.store, Failing)
        await k.sync().run_once()
        before = (await k.directory.freshness()).synced_at
        k.clock.advance(minutes=10)
        row = k.rows()[3]
        row.fields, row.updated = {**row.fields, "stage": "Chốt"}, int(k.clock().timestamp() * 1000)
        k.sandbox.store.save(row)
        k.store.failing = range(1_000_000)
        with pytest.raises(CopyUnusable):
            await k.sync().run_once()
        assert (await k.directory.freshness()).synced_at == before
        k.store.failing = range(0)
        await k.sync().run_once()
        assert await k.everybody() == k.there()


async def test_a_commit_that_fails_leaves_no_number_of_a_label_behind(tmp_path: Path) -> None:
    async with kept(0, tmp_path / "copy.sqlite3") as k:
        await k.store.seen([_an("Mới")], k.store.begin())

        def full(db: sqlite3.Connection, labels: Labels) -> None:
            labels.number(db, "stage", "Chốt")
            db.execute("ROLLBACK").close()  # as SQLite does by itself where a COMMIT finds the disk full

        with pytest.raises(CopyUnusable):
            await k.store.write(full)
        await k.store.seen([Customer(kind="lead", id="2", name="A", stage="Huỷ")], k.store.begin())
        await k.store.seen([Customer(kind="lead", id="3", name="B", stage="Chốt")], k.store.begin())
        assert sorted(row[3] for row in (await k.everybody()).values()) == ["Chốt", "Huỷ", "Mới"]


async def test_a_store_that_is_closed_spoils_no_read() -> None:
    async with kept(30) as k:
        await k.store.aclose()
        assert (await k.api.get(Ref("lead", "9001"))).name
        with pytest.raises(CopyUnusable):
            await k.directory.freshness()


async def test_a_copy_that_cannot_see_changes_is_never_called_whole() -> None:
    async with kept(700, filters_ignored=frozenset({"dates"})) as k:
        await k.sync().run_once()
        assert (await k.directory.freshness()).complete
        assert not await k.directory.is_whole()


async def test_the_first_year_of_all_is_counted() -> None:
    async with kept(0) as k:
        await k.store.seen(
            [_an("Mới").model_copy(update={"created_at": datetime(1, 1, 1, 12, tzinfo=UTC)})], k.store.begin()
        )
        for by in ("day", "week", "month"):
            assert (await k.directory.count(Filters(), (by,))).total == 1


def test_older_copies_are_those_of_the_same_antcrm_with_lower_versions(tmp_path: Path) -> None:
    file = tmp_path / "directory-abc-v7.sqlite3"
    for name in ("directory-abc-v6", "directory-abc-v10", "directory-abc-vx", "directory-other-v6"):
        (tmp_path / f"{name}.sqlite3").touch()
    assert older_files(file) == [tmp_path / "directory-abc-v6.sqlite3"]


async def test_an_older_copy_is_thrown_away_for_the_new_one_and_that_is_said(tmp_path: Path) -> None:
    older = tmp_path / "directory-abc-v0.sqlite3"
    older.write_bytes(b"a copy of an older program")
    clock = Clock()
    store = Store(tmp_path / "directory-abc-v1.sqlite3", clock=clock, zone=ZONE, instead_of=[older])
    assert (await Directory(store).freshness()).rebuilt_at == clock()
    assert not older.exists()
    await store.aclose()


async def test_another_process_may_go_on_after_a_sweep_that_failed() -> None:
    async with kept(900) as k:
        await k.sync("one").run_once()
        k.line.lose_request("GET", times=1_000_000, after=3)
        with pytest.raises(CrmError):
            await k.sync("one").sweep()
        k.line.clear()
        assert await k.sync("two").sweep()


async def test_a_question_waits_for_a_copy_that_takes_long_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0.3)
    async with kept(900) as k:

        async def never(_request: httpx.Request) -> None:
            await asyncio.Event().wait()

        copy = keeping.Copy(k.directory, k.sync, clock=k.clock)
        loop = asyncio.get_running_loop()
        k.line.on_request = never
        begun = loop.time()
        assert not (await copy.ready()).complete
        waited = loop.time() - begun
        assert 0.3 <= waited < 5
        begun = loop.time()
        await copy.ready()
        assert loop.time() - begun < 0.25
        await copy.aclose()


async def test_the_sweep_brings_who_moved_onto_a_page_that_was_read() -> None:
    async with kept(1700) as k:
        deleted: list[Row] = []

        async def delete_one_in_front(request: httpx.Request) -> None:
            asked = request.url.params
            if "createdAtt" not in asked or asked.get("page") != "15" or len(deleted) >= 2:
                return
            first = date.fromisoformat(asked["createdAtf"]) if "createdAtf" in asked else date.min
            last = date.fromisoformat(asked["createdAtt"])
            among = [
                row
                for row in k.rows()
                if row.space == asked["contactType"]
                and first < datetime.fromtimestamp(row.created / 1000, UTC).date() < last
            ]
            deleted.append(among[0])
            k.sandbox.store.remove(among[0], hard=True)

        k.line.on_request = delete_one_in_front
        await k.sync().run_once()
        k.line.on_request = None
        assert not k.there().keys() <= (await k.everybody()).keys(), "no answer could show it"
        k.clock.advance(minutes=5)
        await k.sync().sweep()
        assert await k.everybody() == k.there()


async def test_whoever_keeps_it_is_not_disturbed() -> None:
    async with kept(900) as k:
        working, go_on = asyncio.Event(), asyncio.Event()

        async def stop(_request: httpx.Request) -> None:
            working.set()
            await go_on.wait()

        k.line.on_request = stop
        first = asyncio.create_task(k.sync("one").run_once())
        async with asyncio.timeout(20):
            await working.wait()
            assert not await k.sync("two").run_once()
            go_on.set()
            assert await first
        assert await k.everybody() == k.there()


class Untidy(Store):
    """One whose index cannot be put together."""

    async def tidy(self) -> None:
        raise CopyUnusable("locked")


def parts(db: sqlite3.Connection, _: Labels) -> int:
    """Of the index. Its structure begins with a cookie of four bytes, the number of levels and that of the parts."""
    [(structure,)] = db.execute("SELECT block FROM found_data WHERE id = 10")
    return structure[5]


async def test_after_a_fill_the_index_is_in_one_part() -> None:
    async with kept(240, store=Untidy) as k:
        assert await k.sync().run_once()
        assert (await k.directory.freshness()).complete  # it is whole all the same
        assert not (await k.directory.freshness()).trouble
        assert await k.store.read(parts) > 1
    async with kept(240) as k:
        assert await k.sync().run_once()
        assert await k.store.read(parts) == 1
        assert await k.everybody() == k.there()
