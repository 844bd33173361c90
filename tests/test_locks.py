from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antcrm_tools.gather import all_of
from antcrm_tools.locks import Locks

BOUND = 30.0
"""Seconds no wait in here comes near, unless something is broken."""


class Room:
    """Knows who is inside, and notices when two are that must not be."""

    def __init__(self) -> None:
        self.locks = Locks()
        self.inside: list[str] = []
        self.visits = 0

    async def visit(self, names: Sequence[str], turns: int = 1) -> None:
        async with self.locks.hold(names):
            assert not set(names) & set(self.inside)
            self.inside.extend(names)
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
                self.visits += 1
            finally:
                for name in names:
                    self.inside.remove(name)


def locks_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, asyncio.Lock) for thing in gc.get_objects())


async def test_one_at_a_time_for_each_name() -> None:
    room = Room()
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(room.visit([name], 3) for name in "abcab" * 10))
    assert room.visits == 50


async def test_different_names_do_not_wait_for_each_other() -> None:
    locks = Locks()
    async with asyncio.timeout(BOUND), locks.hold(["L1", "C1"]), locks.hold(["L2"]), locks.hold([]):
        pass


async def test_a_name_given_twice_is_held_once() -> None:
    async with asyncio.timeout(BOUND), Locks().hold(["a", "a"]):
        pass


async def test_in_the_order_they_came() -> None:
    locks, order = Locks(), list[int]()

    async def visit(number: int) -> None:
        async with locks.hold(["a"]):
            await asyncio.sleep(0)
            order.append(number)

    async with asyncio.timeout(BOUND):
        await asyncio.gather(*map(visit, range(20)))
    assert order == list(range(20))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_nobody_waits_for_ever_and_nothing_is_left_over(visits: list[list[str]], chance: random.Random) -> None:
    async def all_visit() -> None:
        room = Room()
        async with asyncio.timeout(BOUND):
            tasks = [asyncio.create_task(room.visit(names, chance.randrange(4))) for names in visits]
            for task in tasks:
                await asyncio.sleep(0)
                if chance.random() < 0.3:
                    task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ended)
        # Whoever was cancelled left nothing locked.
        async with asyncio.timeout(BOUND), room.locks.hold("abcd"):
            pass

    asyncio.run(all_visit())


async def test_a_cancelled_holder_and_a_cancelled_waiter_leave_nothing_locked() -> None:
    locks, entered = Locks(), asyncio.Event()

    async def stay() -> None:
        async with locks.hold(["a", "b"]):
            entered.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(BOUND):
        holder = asyncio.create_task(stay())
        await entered.wait()
        waiter = asyncio.create_task(stay())
        await asyncio.sleep(0)
        waiter.cancel()
        holder.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)
        async with locks.hold(["b", "a"]):
            pass


async def test_an_error_inside_frees_the_names() -> None:
    locks = Locks()
    async with asyncio.timeout(BOUND):
        with pytest.raises(KeyError):
            async with locks.hold(["a"]):
                raise KeyError
        async with locks.hold(["a"]):
            pass


async def test_names_nobody_needs_are_forgotten() -> None:
    room, before = Room(), locks_alive()
    async with asyncio.timeout(BOUND):
        for number in range(100):
            await asyncio.gather(*(room.visit([f"L{number}", f"C{number}"]) for _ in range(3)))
    assert room.visits == 300
    assert locks_alive() <= before


async def test_side_by_side_the_first_error_ends_the_others_and_is_itself() -> None:
    ended: list[str] = []

    async def fail() -> str:
        raise LookupError("mine")

    async def stay() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stay")
        return ""

    async def say() -> str:
        return "said"

    async with asyncio.timeout(BOUND):
        with pytest.raises(LookupError, match="mine"):
            await all_of([stay(), fail(), say()])
        assert ended == ["stay"]
        assert await all_of([say(), say()]) == ["said", "said"]
