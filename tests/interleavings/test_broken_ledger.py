"""The ledger's file goes wrong at every point of a write: nothing leaves unwritten, nothing is lost, all is said."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.event import listen, remove
from sqlalchemy.pool import Pool

from antcrm_tools.errors import CrmError, LedgerBroken
from antcrm_tools.house import House
from antcrm_tools.ledger.schema import VERSION
from antcrm_tools.ledger.store import Store
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome, Queued, Unsure
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import tool_named
from tests.fakes.world import KEY, World, world
from tests.interleavings.houses import another
from tests.interleavings.leads import LEASED, changes

LAN = Actor("lan@antcrm.example", "terminal")
PHONE = "0977123456"
SECRET = "Bí Mật Của Khách"
LONG = f"{SECRET} " * 400
"""Fits into no page of the file."""

ADMIN = "Tell the admin. Nothing can be changed in AntCRM until it is put right; looking up still works."
ANEW = "Put a copy of it back, or move it away and start again; a new one knows nothing of the old."
UPDATE = "Update this program and start it again."

Call = tuple[str, dict[str, Any]]
CALLS: dict[str, Call] = {
    "create": ("create_lead", {"name": SECRET, "phones": [PHONE], "note": LONG}),
    "edit": ("update_stage", {"ref": HOA.ref, "stage": AN.stage}),
    "delete": ("delete_customer", {"ref": AN.ref}),
}
METHODS = {"create": "POST", "edit": "PUT", "delete": "DELETE"}

POINTS: dict[str, tuple[str, str]] = {
    "before the intent": ("GET", "after"),
    "between intent and request": ("write", "before"),
    "before it is settled": ("write", "after"),
}
"""At the next read or write, before AntCRM sees it or after."""

every_call = pytest.mark.parametrize("call", CALLS)
sent_points = pytest.mark.parametrize("point", list(POINTS)[1:])


@dataclass
class Watched(httpx.AsyncBaseTransport):
    """A line on which something can happen, and which looks for the intent of every write that passes."""

    inner: httpx.AsyncBaseTransport
    ledger: World
    unwritten: list[str] = field(default_factory=list[str])
    _at: tuple[str, str] = ("", "")
    _happens: Callable[[], Awaitable[object]] | None = None

    def at(self, point: str, happens: Callable[[], Awaitable[object]]) -> None:
        self._at, self._happens = POINTS[point], happens

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        kind = "GET" if request.method == "GET" else "write"
        if kind == "write":
            written = {METHODS.get(change.action) for change in await changes(self.ledger) if change.status == "sent"}
            if request.method not in written and "customerIdApiRing" not in request.content.decode():
                self.unwritten.append(request.method)
        await self._perhaps(kind, "before")
        response = await self.inner.handle_async_request(request)
        await self._perhaps(kind, "after")
        return response

    async def _perhaps(self, *here: str) -> None:
        if here == self._at and self._happens is not None:
            happens, self._happens = self._happens, None
            await happens()


@dataclass
class Office:
    """One process, its line, and another one that only looks."""

    w: World
    house: House
    line: Watched

    async def submit(self, call: str, *, source: str = "message 1") -> Outcome:
        tool, arguments = CALLS[call]
        return await self.house.desk().submit(tool_named(tool).call(arguments), LAN, source=source)

    async def make(self, call: str, before: Callable[[], Awaitable[object]] | None = None) -> Outcome:
        """The whole of it, with a yes where one is asked for; `before` happens when nothing but the write is left."""
        if call != "delete":
            if before is not None:
                await before()
            return await self.submit(call)
        asked = await self.submit(call)
        assert isinstance(asked, Ask)
        if before is not None:
            await before()
        return await self.house.desk().answer(asked.ticket, LAN, yes=True)

    async def later(self, **by: float) -> None:
        self.w.clock.advance(**by)
        await self.house.resolver().tick()

    def acted(self) -> list[str]:
        """Writes that changed AntCRM."""
        return [request.method for request in self.w.sandbox.requests if request.acted]

    async def reads(self) -> None:
        """Whoever only looks notices nothing."""
        desk = self.house.desk()
        found = await desk.submit(tool_named("find_customers").call({"query": HOA.phone}), LAN)
        shown = await desk.submit(tool_named("get_customer").call({"ref": HOA.ref}), LAN)
        for each in (found, shown):
            assert isinstance(each, Done)
            assert HOA.name in each.result.sentence().render("en")


@asynccontextmanager
async def office(url: str | Path, *, ours: str | Path | None = None) -> AsyncGenerator[Office]:
    """`ours`: the address by which the process under test reaches the ledger, where that is another one."""
    async with world(url=url) as w:
        for one in (AN, HOA):
            row = w.sandbox.store.get("lead", one.id)
            assert row is not None
            row.fields["note"] = LONG
            w.sandbox.store.save(row)
        line = Watched(w.line, w)
        async with another(w, url if ours is None else ours, line=line) as house:
            yield Office(w, house, line)
        assert line.unwritten == []


@dataclass
class Disk:
    """Where the ledger lies, and what may become of it. What was wrong can be put right."""

    file: Path
    pragmas: str = ""

    async def read_only(self) -> None:
        self.pragmas = "query_only=1"

    async def full(self) -> None:
        self.pragmas = "max_page_count=1"

    async def damaged(self) -> None:
        with closing(sqlite3.connect(self.file)) as there, closing(sqlite3.connect(self._copy)) as copy:
            there.backup(copy)
        self._put(bytes(number * 7 % 251 for number in range(10_000)))

    async def newer(self) -> None:
        self._versioned(VERSION + 1)

    async def mend(self) -> None:
        self.pragmas = ""
        if self._copy.exists():
            self._put(self._copy.read_bytes())
            self._copy.unlink()
        self._versioned(VERSION)

    def set_pragmas(self, connection: Any, *_: object) -> None:
        """At each use of a connection, as a disk is full for those that are open as well."""
        for pragma in ("query_only=0", "max_page_count=1073741823", self.pragmas):
            if pragma:
                connection.execute(f"PRAGMA {pragma}").close()

    @property
    def _copy(self) -> Path:
        return self.file.with_name("copy")

    def _put(self, content: bytes) -> None:
        other = self.file.with_name("other")
        other.write_bytes(content)
        other.replace(self.file)
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.file.with_name(self.file.name + end).unlink()

    def _versioned(self, version: int) -> None:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection, suppress(sqlite3.DatabaseError):
            connection.execute("UPDATE ledger_version SET version = ?", [version]).close()


WAYS: dict[str, tuple[str, str, str]] = {
    "read_only": ("{file} cannot be written.", ADMIN, "reads"),
    "full": ("{file} has no room left on its disk.", ADMIN, "reads"),
    "damaged": ("{file} is damaged.", ANEW, ""),
    "newer": ("{file} was made by a newer version of this program.", UPDATE, ""),
}
"""What is said of it, what to do, and whether the ledger itself can still be read."""

every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Generator[Disk]:
    made = Disk(tmp_path / "ledger.sqlite3")
    caplog.set_level(logging.DEBUG, "antcrm_tools")
    listen(Pool, "checkout", made.set_pragmas)
    yield made
    remove(Pool, "checkout", made.set_pragmas)
    for secret in (SECRET, PHONE, KEY, AN.name, AN.phone, HOA.name):
        assert secret not in caplog.text


def sentence(way: str, disk: Disk) -> str:
    what, then, _ = WAYS[way]
    return f"{what.format(file=disk.file)} Nothing was sent to AntCRM. {then}"


@every_way
@every_call
@pytest.mark.parametrize("point", ["before anything", "before the intent"])
async def test_what_cannot_be_written_down_does_not_leave(disk: Disk, way: str, call: str, point: str) -> None:
    async with office(disk.file) as o:

        async def breaks() -> None:
            if point == "before anything":
                await getattr(disk, way)()
            else:
                o.line.at(point, getattr(disk, way))

        await changes(o.w)  # so that there is a ledger
        for _ in range(2):
            with pytest.raises(LedgerBroken) as caught:
                await o.make(call, breaks)
            assert caught.value.render("en") == sentence(way, disk)
            assert o.acted() == []
            await o.reads()
            await disk.mend()
            o.w.clock.advance(seconds=LEASED)
        made = await o.make(call)
        assert isinstance(made, Done)
        assert not made.again
        assert o.acted() == [METHODS[call]]


@every_way
@every_call
@sent_points
async def test_what_was_done_is_told_as_done_and_settled_later(disk: Disk, way: str, call: str, point: str) -> None:
    async with office(disk.file) as o:
        o.line.at(point, getattr(disk, way))
        # The question of a delete reads too, and is no write.
        made = await o.make(call)
        assert isinstance(made, Done)
        assert not made.again
        assert o.acted() == [METHODS[call]]
        await o.reads()
        with suppress(LedgerBroken):
            await o.later(seconds=LEASED)
        await disk.mend()
        (change,) = await changes(o.w)
        assert change.status == "sent"
        await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        if call != "delete":
            again = await o.submit(call)
            assert isinstance(again, Done)
            assert again.again
        assert o.acted() == [METHODS[call]]


@every_way
@every_call
async def test_the_answer_is_lost_as_well(disk: Disk, way: str, call: str) -> None:
    async with office(disk.file) as o:
        o.w.line.lose_answer(METHODS[call])
        o.line.at("between intent and request", getattr(disk, way))
        made = await o.make(call)
        assert isinstance(made, Done | Unsure)
        assert isinstance(made, Done) or (call, WAYS[way][2]) == ("create", "")
        await disk.mend()
        await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        assert o.acted() == [METHODS[call]]


@every_way
async def test_a_create_that_did_not_arrive_is_sent_once_when_the_ledger_is_back(disk: Disk, way: str) -> None:
    async with office(disk.file) as o:
        o.w.line.lose_request("POST")
        o.line.at("between intent and request", getattr(disk, way))
        assert isinstance(await o.make("create"), Queued)
        await disk.mend()
        for _ in range(3):
            await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        assert o.acted() == ["POST"]


@every_way
@pytest.mark.parametrize("lost", ["no connection", "refused"])
@pytest.mark.parametrize("call", ["create", "edit", "delete"])
async def test_what_was_told_as_not_done_is_not_done_later(disk: Disk, way: str, lost: str, call: str) -> None:
    if (call, lost) == ("create", "no connection"):
        pytest.skip("that is kept, and said to be")
    async with office(disk.file) as o:
        if lost == "refused":
            o.w.sandbox.faults.fail(METHODS[call], 400)
        else:
            o.w.line.lose_request(METHODS[call])
        o.line.at("between intent and request", getattr(disk, way))
        with pytest.raises(CrmError) as caught:
            await o.make(call)
        assert "Nothing was changed." in caught.value.render("en")
        await disk.mend()
        for _ in range(4):
            await o.later(seconds=LEASED)
        assert [change.status for change in await changes(o.w)] == ["failed"]
        assert o.acted() == []


@every_call
@sent_points
async def test_a_file_that_is_deleted_while_it_is_used(disk: Disk, call: str, point: str) -> None:
    async def deleted() -> None:
        for each in disk.file.parent.iterdir():
            each.unlink()

    async with office(disk.file) as o:
        o.line.at(point, deleted)
        assert isinstance(await o.make(call), Done)
        await o.later(seconds=LEASED)
        assert o.acted() == [METHODS[call]]
        assert await changes(o.w) == []
        assert isinstance(await o.submit("edit", source="message 2"), Done)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with office(tmp_path / "ledger.sqlite3", ours=tmp_path / "file" / "data" / "ledger.sqlite3") as o:
        for _ in range(2):
            with pytest.raises(LedgerBroken, match="cannot be written"):
                await o.make("edit")
            await o.reads()
        assert o.acted() == []
        (tmp_path / "file").unlink()
        made = await o.house.store().run(lambda connection: connection.closed)
        assert made is False
