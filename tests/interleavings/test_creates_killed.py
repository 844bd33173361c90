"""Exactly one lead though a process is killed, or stands still, in the middle, and though others work beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from antcrm_tools.creating import Created
from antcrm_tools.errors import Held, KeptForLater, MayHaveActed
from antcrm_tools.models import Draft
from tests.fakes.wishes import MINH, message
from tests.fakes.world import ALWAYS, world
from tests.interleavings.houses import POINTS, SOON, Stopping, another, points, stopped, stopping
from tests.interleavings.leads import (
    LEASED,
    PAUSE,
    Lead,
    both,
    by_phone,
    changes,
    create,
    created,
    heard,
    leads,
    one_as_sent,
    posts,
    tap,
    the_change,
)


@pytest.fixture
def url(tmp_path: Path) -> Path:
    """A ledger that several processes open."""
    return tmp_path / "ledger.sqlite3"


@both
@points
async def test_killed_anywhere_after_the_intent_another_process_finishes_it(url: Path, lead: Lead, point: str) -> None:
    async with (
        world(people=0, url=url) as w,
        stopped(w, url, stopping(w, point), lambda house: create(house, lead("at-1"), tap())),
    ):
        assert leads(w) == POINTS[point][3]
        assert (await the_change(w)).status == "sent"
        # The message comes again at once, as Telegram sends it to the next process.
        with pytest.raises(MayHaveActed):
            await create(w.house, lead("at-2"), tap())
        await w.later(seconds=60)
        assert (await the_change(w)).status == "sent"
        await w.later(seconds=LEASED)
        await w.later(seconds=PAUSE)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        assert (await created(w.house, lead("at-3"), tap())).again
        assert posts(w) == 1


@points
async def test_another_persons_create_waits_for_the_fate_of_a_killed_one(url: Path, point: str) -> None:
    async with (
        world(people=0, url=url) as w,
        stopped(w, url, stopping(w, point), lambda house: create(house, by_phone(), tap())),
    ):
        for go_on in (False, True):
            with pytest.raises(Held):
                await create(w.house, by_phone("at-2"), message("Minh's", actor=MINH), go_on=go_on)
        await w.later(seconds=LEASED)
        assert isinstance(await create(w.house, by_phone("at-2"), message("Minh's", actor=MINH)), list)
        assert posts(w) == 1
        assert leads(w) == 1


async def test_killed_before_the_intent_nothing_is_held_for_longer_than_a_lease(url: Path) -> None:
    async with (
        world(people=0, url=url) as w,
        stopped(w, url, Stopping(w.line, "GET", after=True), lambda house: create(house, by_phone(), tap())),
    ):
        assert await changes(w) == []
        with pytest.raises(Held):
            await create(w.house, by_phone("at-2"), tap())
        w.clock.advance(seconds=LEASED)
        await created(w.house, by_phone("at-2"), tap())
        assert posts(w) == 1
        await one_as_sent(w, by_phone())


@both
@points
async def test_one_that_wakes_up_after_another_has_finished_it_changes_nothing(
    url: Path, lead: Lead, point: str
) -> None:
    line: Stopping
    async with world(people=0, url=url) as w:
        line = stopping(w, point)
        async with stopped(w, url, line, lambda house: create(house, lead("at-1"), tap())) as asleep:
            await w.later(seconds=LEASED)
            done = await the_change(w)
            assert done.status == "done"
            line.wake.set()
            async with asyncio.timeout(SOON):
                made = await asleep
            assert isinstance(made, Created)
            after = await the_change(w)
            assert (after.status, after.ref, after.settled_at) == (done.status, done.ref, done.settled_at)
            if POINTS[point][3]:
                assert leads(w) == 1
                assert made.customer.as_ref() == done.ref
                return
            # It slept in the very moment of sending: nobody can keep that from acting, and a person is told.
            assert leads(w) == 2
            await w.later(seconds=PAUSE)
            if lead is by_phone:
                assert "may be there twice" in await heard(w)


@both
@pytest.mark.parametrize("state", ["unsure", "waiting"])
@points
async def test_killed_while_it_looks_after_an_open_create_a_third_process_finishes_it(
    url: Path, lead: Lead, state: str, point: str
) -> None:
    async with world(people=0, url=url) as w:
        if state == "unsure":
            w.sandbox.faults.fail("POST", 500)
        else:
            w.line.lose_request("POST")
        with pytest.raises(MayHaveActed if state == "unsure" else KeptForLater):
            await create(w.house, lead("at-1"), tap())
        before = posts(w)
        w.clock.advance(seconds=PAUSE)
        async with stopped(w, url, stopping(w, point), lambda house: house.resolver().tick()):
            await w.later(seconds=60)
            for _ in range(3):
                await w.later(seconds=LEASED)
            assert posts(w) == before + 1
            await one_as_sent(w, lead("at-1"))


@both
async def test_two_processes_with_the_same_message_make_one(url: Path, lead: Lead) -> None:
    async with world(people=0, url=url) as w, another(w, url) as second:
        houses = [w.house, second] * 3
        made = await asyncio.gather(
            *(create(house, lead(f"at-{i}"), tap()) for i, house in enumerate(houses)), return_exceptions=True
        )
        assert posts(w) == 1
        assert leads(w) == 1
        refs = {one.customer.ref for one in made if isinstance(one, Created)}
        assert refs == {"L9001"}
        assert all(isinstance(one, Created | MayHaveActed | Held) for one in made)


async def test_two_processes_with_the_same_phone_make_one(url: Path) -> None:
    async with world(people=0, url=url) as w, another(w, url) as second:
        houses = [w.house, second] * 3
        made = await asyncio.gather(
            *(create(house, by_phone(f"at-{i}"), message(f"message {i}")) for i, house in enumerate(houses)),
            return_exceptions=True,
        )
        assert posts(w) == 1
        assert leads(w) == 1
        assert sum(isinstance(one, Created) for one in made) == 1
        assert all(isinstance(one, Created | list | Held) for one in made)


@both
async def test_any_number_of_processes_look_after_one_lost_create_and_send_it_once(url: Path, lead: Lead) -> None:
    async with (
        world(people=0, url=url) as w,
        another(w, url) as second,
        another(w, url) as third,
    ):
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, lead("at-1"), tap())
        w.clock.advance(seconds=PAUSE)
        await asyncio.gather(*(house.resolver().tick() for house in (w.house, second, third)))
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))


@pytest.mark.parametrize("alike", [False, True], ids=["told apart", "all alike"])
async def test_any_number_of_processes_send_each_that_waits_once(url: Path, alike: bool) -> None:
    async with world(people=0, url=url) as w, another(w, url) as second:
        w.line.lose_request(times=ALWAYS)
        for number in range(5):
            draft = Draft(name="Chị Hoa", note="" if alike else f"khách thứ {number}", code=f"at-{number}")
            with pytest.raises(KeptForLater):
                await create(w.house, draft, message(f"message {number}"))
        w.line.clear()
        w.clock.advance(seconds=PAUSE)
        await asyncio.gather(*(house.resolver().tick() for house in (w.house, second)))
        # Each process may have looked at what the other was just making, and left it for later.
        for _ in range(3):
            await w.later(seconds=LEASED)
        assert posts(w) == 5
        assert leads(w) == 5
        done = await changes(w)
        assert [change.status for change in done] == ["done"] * 5
        assert len({change.ref for change in done}) == 5
