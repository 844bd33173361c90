"""The rate limit: never faster than said, people first, and nobody held up by somebody who left."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.pace import LONGEST_HOLD, SLOWEST, Pace
from tests.api.line import Time


@dataclass
class SharedTime:
    """For several tasks: whoever sleeps wakes in order of time when the test lets time pass."""

    now: float = 0.0
    sleepers: list[tuple[float, int, anyio.Event]] = field(default_factory=list[tuple[float, int, anyio.Event]])
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.now + seconds, next(self.numbers), anyio.Event())
        self.sleepers.append(sleeper)
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self.sleepers:
                self.sleepers.remove(sleeper)

    async def settle(self) -> None:
        """Let every task run until it sleeps."""
        for _ in range(50):
            await checkpoint()

    async def advance(self, seconds: float) -> None:
        end = self.now + seconds
        await self.settle()
        while due := [sleeper for sleeper in self.sleepers if sleeper[0] <= end]:
            first = min(due, key=lambda sleeper: sleeper[:2])
            self.sleepers.remove(first)
            self.now = max(self.now, first[0])
            first[2].set()
            await self.settle()
        self.now = end


@dataclass
class Queue:
    """Tasks that wait for a turn, and the order in which they got it."""

    time: SharedTime
    pace: Pace
    group: TaskGroup
    went: list[str] = field(default_factory=list[str])

    def join(self, name: str, *, background: bool = False) -> anyio.CancelScope:
        scope = anyio.CancelScope()

        async def wait() -> None:
            with scope:
                await self.pace.turn(background)
                self.went.append(name)

        self.group.start_soon(wait)
        return scope


@asynccontextmanager
async def queue(rps: float = 1.0, *, emptied: bool = True) -> AsyncGenerator[Queue]:
    time = SharedTime()
    pace = Pace(rps, clock=time.clock, sleep=time.sleep)
    async with anyio.create_task_group() as group:
        line = Queue(time, pace, group)
        for n in range(int(2 * rps) if emptied else 0):
            line.join(f"first {n}")
        await time.settle()
        line.went.clear()
        yield line
        group.cancel_scope.cancel()


@given(
    st.floats(0.1, 50),
    st.lists(st.tuples(st.sampled_from(["turn", "turn", "turn", "pause", "trouble", "fine"]), st.floats(0, 30))),
)
def test_never_more_than_a_burst_and_the_rate(rps: float, steps: list[tuple[str, float]]) -> None:
    """In any window of t seconds at most burst + rps·t turns, whatever happens in between."""

    async def play() -> list[float]:
        time, turns = Time(), list[float]()
        pace = time.pace(rps)
        for step, number in steps:
            match step:
                case "turn":
                    await pace.turn(background=number > 15)
                    turns.append(time.now)
                case "pause":
                    time.now += number
                case "trouble":
                    pace.trouble(number if number > 10 else None)
                case _:
                    pace.fine()
            assert min(SLOWEST, rps) <= pace.rate <= rps
        return turns

    turns = anyio.run(play)
    burst = max(1.0, 2 * rps)
    for (i, start), (j, end) in itertools.combinations(enumerate(turns), 2):
        assert j - i + 1 <= burst + rps * (end - start) + 1e-6


async def test_a_burst_and_then_one_by_one() -> None:
    time = Time()
    pace = time.pace(5)
    starts: list[float] = []
    for _ in range(13):
        await pace.turn(background=False)
        starts.append(time.now - 1000)
    assert starts == pytest.approx([0.0] * 10 + [0.2, 0.4, 0.6])


async def test_people_go_first() -> None:
    async with queue() as line:
        for n in range(3):
            line.join(f"sync {n}", background=True)
        await line.time.settle()
        line.join("an")
        line.join("bình")
        await line.time.advance(1)
        assert line.went == ["an"]
        await line.time.advance(4)
        assert line.went == ["an", "bình", "sync 0", "sync 1", "sync 2"]


async def test_background_work_does_not_overtake_a_person_even_with_a_burst_saved_up() -> None:
    async with queue(2.0, emptied=False) as line:
        line.pace.trouble(10)
        line.join("sync", background=True)
        line.join("an")
        await line.time.advance(9.9)
        assert line.went == []
        await line.time.advance(1)
        assert line.went == ["an", "sync"]


async def test_whoever_leaves_holds_nobody_up() -> None:
    async with queue() as line:
        people = [line.join(f"person {n}") for n in range(10)]
        line.join("sync", background=True)
        await line.time.advance(0.5)
        for scope in people:
            scope.cancel()
        await line.time.advance(1)
        assert line.went == ["sync"]
        line.join("an")
        await line.time.advance(1)
        assert line.went == ["sync", "an"]


async def test_each_kind_keeps_its_order() -> None:
    async with queue(2.0) as line:
        for n in range(6):
            line.join(f"{n}")
        await line.time.advance(3)
        assert line.went == [f"{n}" for n in range(6)]


async def test_trouble_halves_once_and_holds() -> None:
    time = Time()
    pace = time.pace(8)
    for _ in range(5):
        pace.trouble(3)  # answers to requests that were under way together
    assert pace.rate == 4
    assert pace.held == 3
    await pace.turn(background=False)
    assert time.now == pytest.approx(1003)


async def test_down_to_the_slowest_and_back_bit_by_bit() -> None:
    time = Time()
    pace = time.pace(8)
    for _ in range(20):
        pace.trouble(None)
        time.now += 1
    assert pace.rate == SLOWEST
    pace.fine()
    assert SLOWEST < pace.rate < 1
    for _ in range(20):
        pace.fine()
    assert pace.rate == 8


def test_a_rate_below_the_slowest_is_kept() -> None:
    pace = Time().pace(0.1)
    pace.trouble(None)
    assert pace.rate == 0.1


def test_no_hold_lasts_for_ever() -> None:
    pace = Time().pace(1)
    pace.trouble(86_400)
    assert pace.held == LONGEST_HOLD


@pytest.mark.parametrize("rps", [0, -1, float("nan")])
def test_no_rate_is_a_mistake(rps: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Pace(rps)
