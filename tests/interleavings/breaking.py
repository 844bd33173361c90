"""A process whose ledger goes wrong at a chosen point of a write, and one that only looks."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from antcrm_tools.house import House
from antcrm_tools.ledger.schema import VERSION
from antcrm_tools.outcomes import Actor, Ask, Done, Outcome
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import tool_named
from tests.fakes.world import World, world
from tests.interleavings.houses import another
from tests.interleavings.leads import changes

LAN = Actor("lan@antcrm.example", "terminal")
PHONE = "0977123456"
SECRET = "Bí Mật Của Khách"
LONG = f"{SECRET} " * 250
"""Fits into no page of the file."""

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
        return await self.call(*CALLS[call], source=source)

    async def call(self, tool: str, arguments: dict[str, Any], *, source: str = "message 1") -> Outcome:
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
            row.fields["bgInfo"] = LONG
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

    async def deleted(self) -> None:
        for each in self.file.parent.iterdir():
            each.unlink()

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
