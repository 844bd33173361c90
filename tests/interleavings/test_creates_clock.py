"""Exactly one lead though a machine sleeps at the wrong moment, or its clock is turned."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from antcrm_tools.creating import Created
from antcrm_tools.errors import KeptForLater, MayHaveActed
from tests.fakes.world import World, world
from tests.interleavings.houses import Sleepy, another, points, stopped, stopping
from tests.interleavings.leads import (
    LEASED,
    PAUSE,
    Lead,
    both,
    create,
    created,
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
@pytest.mark.parametrize("slept", [timedelta(seconds=106), timedelta(hours=9), -timedelta(minutes=1)])
async def test_a_laptop_that_slept_between_the_intent_and_the_request_sends_nothing_until_it_has_looked_again(
    url: Path, lead: Lead, slept: timedelta
) -> None:
    async with world(people=0, url=url) as w:

        async def asleep() -> None:
            w.clock.advance(seconds=slept.total_seconds())

        pace = Sleepy(w, asleep)
        async with another(w, url, pace=pace) as house:
            with pytest.raises(KeptForLater):
                await create(house, lead("at-1"), tap())
            assert posts(w) == 0
            assert (await the_change(w)).status == "waiting"
        await w.later(seconds=PAUSE)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


@both
async def test_a_laptop_that_slept_while_another_process_finished_its_create_sends_nothing(
    url: Path, lead: Lead
) -> None:
    async with world(people=0, url=url) as w:
        async with another(w, url, pace=Sleepy(w, lambda: w.later(seconds=LEASED))) as house:
            with suppress(KeptForLater):
                await create(house, lead("at-1"), tap())
        await w.later(hours=1)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        assert (await created(w.house, lead("at-2"), tap())).again


@both
async def test_who_slept_while_another_process_finished_the_create_does_not_say_that_it_waits(
    url: Path, lead: Lead
) -> None:
    async with (
        world(people=0, url=url) as w,
        another(w, url, pace=Sleepy(w, lambda: w.later(seconds=LEASED))) as house,
    ):
        try:
            made = await create(house, lead("at-1"), tap())
        except KeptForLater:
            pytest.fail("it does not wait")
        assert isinstance(made, Created)


@both
@pytest.mark.parametrize("back", [timedelta(minutes=30), timedelta(days=400)], ids=["half an hour", "a year"])
@pytest.mark.parametrize("state", ["unsure", "waiting"])
async def test_a_clock_that_is_set_back_holds_nothing_up_for_long(lead: Lead, back: timedelta, state: str) -> None:
    async with world(people=0) as w:
        if state == "unsure":
            w.sandbox.faults.fail("POST", 500)
        else:
            w.line.lose_request("POST")
        with pytest.raises(MayHaveActed if state == "unsure" else KeptForLater):
            await create(w.house, lead("at-1"), tap())
        w.clock.advance(seconds=-back.total_seconds())
        await within_ninety_minutes(w)
        assert posts(w) == (2 if state == "unsure" else 1)
        await one_as_sent(w, lead("at-1"))


@both
@pytest.mark.parametrize("back", [timedelta(minutes=30), timedelta(days=400)], ids=["half an hour", "a year"])
@points
async def test_nor_is_what_a_killed_process_was_at(url: Path, lead: Lead, back: timedelta, point: str) -> None:
    async with (
        world(people=0, url=url) as w,
        stopped(w, url, stopping(w, point), lambda house: create(house, lead("at-1"), tap())),
    ):
        w.clock.advance(seconds=-back.total_seconds())
        await within_ninety_minutes(w)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


async def within_ninety_minutes(w: World) -> None:
    """Longer than the shorter step back, and far shorter than the longer one."""
    for _ in range(9):
        await w.later(minutes=10)
