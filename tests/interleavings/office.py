"""An office with an AntCRM, a line that may spoil anything, and processes that can be killed at any of their steps."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TypeVar

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.desk import Desk
from antcrm_tools.house import House
from antcrm_tools.ledger.store import IN_MEMORY, Store
from antcrm_tools.ledger.tickets import LedgerTickets
from antcrm_tools.pace import Pace
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.settings import Settings
from antcrm_tools.tools import tool_named
from tests.fakes.clock import Clock
from tests.fakes.faulty import Faulty
from tests.fakes.world import KEY
from tests.interleavings.judge import Judge

T = TypeVar("T")

_PAUSE = 20
"""Turns of the loop for one pause: whoever waits for another's request looks often enough to see its end."""

_AT_WORK: ContextVar[Process | None] = ContextVar("_AT_WORK", default=None)


class Killed(BaseException):
    """The process is gone. What it would still do on its way out reaches neither ledger nor AntCRM."""


@dataclass
class Process:
    """One run of the program. `fuse`: so many steps, before and after each transaction and request, until it dies."""

    pid: int
    chance: random.Random
    fuse: int | None = None
    lit_by: str = ""
    """The method of the write with which the fuse begins to burn; at once where there is none."""
    dead: bool = False
    seen: bool = True
    """Whether others can tell that it is gone."""
    house: House = field(init=False)
    desk: Desk = field(init=False)

    async def step(self) -> None:
        """Let others have a turn, and die if it is time."""
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        if self.fuse is not None and not self.lit_by:
            self.fuse -= 1
            self.dead = self.dead or self.fuse < 0
        if self.dead:
            raise Killed


class Door(Store):
    """A process's way into the ledger that all share. Each transaction is one step of the loop, so runs repeat."""

    def __init__(self, shared: Store, process: Process) -> None:
        super().__init__(IN_MEMORY)
        self._shared = shared
        self._process = process

    async def run(self, work: Callable[[Connection], T], *, write: bool = True) -> T:
        await self._process.step()
        done = self._shared.run_now(work, write)
        await self._process.step()
        return done

    async def aclose(self) -> None:
        """It stays open for the others."""


class Wire(httpx.AsyncBaseTransport):
    """A process's line."""

    def __init__(self, inner: httpx.AsyncBaseTransport, process: Process) -> None:
        self._inner = inner
        self._process = process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._process.step()
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if request.method == self._process.lit_by:
            self._process.lit_by = ""
        await self._process.step()
        return response


class Blind(httpx.AsyncBaseTransport):
    """A line that, when `armed`, ends with the next write: so many reads after it do not get through."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.armed = 0
        self._left = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self._left, self.armed = self.armed, 0
        elif self._left:
            self._left -= 1
            raise httpx.ConnectError("lost before it was sent", request=request)
        return await self._inner.handle_async_request(request)

    def clear(self) -> None:
        """It is well again."""
        self.armed = self._left = 0


class Watched(httpx.AsyncBaseTransport):
    """AntCRM's door, where the judge stands."""

    def __init__(self, inner: httpx.AsyncBaseTransport, judge: Judge) -> None:
        self._inner = inner
        self._judge = judge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self._judge.arrives(request.method, body)
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._judge.answered(request.method, body)


class Office:
    """Two processes on one ledger and one AntCRM. Their clocks may be set back, AntCRM's goes on."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.off = timedelta()
        self.sandbox = Sandbox.open(api_key=KEY, people=2, clock=self.clock)
        self.ledger = Store(IN_MEMORY)
        self.judge = Judge(self.sandbox, self.ledger, self.now)
        self.line = Faulty(Watched(httpx.ASGITransport(app=self.sandbox.app), self.judge))
        self.blind = Blind(self.line)
        self.chance = random.Random(0)  # noqa: S311  a seed is the point
        self._codes = itertools.count(1)
        self._ticks = itertools.count()
        self._pids = itertools.count(1)
        self.processes: list[Process] = []
        self._born: dict[int, Process] = {}
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("antcrm_tools.liveness.os", SimpleNamespace(getpid=self._pid, readlink=os.readlink))
        self._patch.setattr("antcrm_tools.liveness._machine", lambda: "here")
        self._patch.setattr("antcrm_tools.liveness._started", self._started)
        self.processes = [self._start(), self._start()]

    def now(self) -> datetime:
        """By the clocks of our machines."""
        return self.clock() + self.off

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Until it is done."""
        return self.runner.run(work)

    def process(self, number: int) -> Process:
        """One that lives: a dead one has been started again."""
        if self.processes[number].dead:
            self.processes[number] = self._start()
        return self.processes[number]

    async def inside(self, process: Process, work: Coroutine[object, object, T]) -> T | None:
        """Do something in a process; None if it was killed in the middle."""
        _AT_WORK.set(process)
        try:
            return await work
        except Killed:
            return None

    async def tick(self, number: int) -> None:
        """A process looks after what is open."""
        process = self.process(number)
        await self.inside(process, self._tick(process))

    async def _tick(self, process: Process) -> None:
        await process.house.resolver().tick()
        await process.house.resolver().idle()

    async def pause(self, _seconds: float) -> None:
        """Nobody waits in earnest."""
        for _ in range(_PAUSE):
            await asyncio.sleep(0)

    def heal(self) -> None:
        """Nothing is spoilt any more."""
        self.line.clear()
        self.blind.clear()
        self.sandbox.faults.clear()

    async def act_late(self) -> None:
        """What AntCRM is still at gets done, before anybody may think that it is not coming any more."""
        await self.sandbox.act_pending()

    async def settle(self) -> None:
        """Everything is well again, and time enough passes for whatever is open."""
        self.heal()
        self.off = timedelta()
        for process in self.processes:
            process.fuse = None
        await self.act_late()
        for _ in range(14):
            self.clock.advance(seconds=1000)
            await self.tick(0)
            self.judge.look(alone=True)
            if not self.judge.open():
                break
        self.judge.last()

    def close(self) -> None:
        """Close everything."""
        self._patch.undo()
        self.ledger.close_now()
        self.sandbox.close()
        self.runner.close()

    def _start(self) -> Process:
        process = Process(next(self._pids), self.chance)
        self._born[process.pid] = process
        settings = Settings.model_validate({"api_key": KEY, "language": "en", "actor": "lan@antcrm.example"})
        api = AntCrmApi(
            "http://antcrm.test",
            SecretStr(KEY),
            pace=Pace(10_000.0, clock=lambda: float(next(self._ticks)), sleep=self.pause),
            transport=Wire(self.blind, process),
            timezone=settings.zone,
            retry=Retry(sleep=self.pause),
        )
        process.house = House(
            settings,
            api=api,
            store=Door(self.ledger, process),
            clock=self.now,
            code=lambda: f"code-{next(self._codes)}",
            wait=self.pause,
        )
        ledger = process.house.ledger()
        tickets = LedgerTickets(ledger.store, crm=ledger.crm, clock=self.now, tools=tool_named, pause=self.pause)
        process.desk = Desk(
            process.house.records(),
            process.house.copy(),
            tickets,
            policy=process.house.policy,
            clock=self.now,
            zone=settings.zone,
            patience=0,
        )
        return process

    def _pid(self) -> int:
        process = _AT_WORK.get()
        return 0 if process is None else process.pid

    def _started(self, pid: int) -> str:
        process = self._born.get(pid)
        return "" if process is None or (process.dead and process.seen) else "then"
