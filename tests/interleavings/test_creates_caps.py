"""The numbers of a day: a create beyond them is kept and sent the next day, once; a delete is refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from antcrm_tools.errors import KeptForLater, OverCap
from antcrm_tools.models import Draft
from antcrm_tools.refs import Ref
from tests.fakes.wishes import MINH, message, wish
from tests.fakes.world import world
from tests.interleavings.leads import Lead, both, by_name, by_phone, changes, create, created, leads, posts


@both
async def test_over_the_days_writes_it_is_kept_and_sent_the_next_day(lead: Lead) -> None:
    async with world(people=0, daily_writes=1) as w:
        await created(w.house, Draft(name="Khách hôm nay", code="at-0"), message("first"))
        with pytest.raises(KeptForLater) as told:
            await create(w.house, lead("at-1"), message("second"))
        assert "tomorrow" in told.value.render("en")
        # Midnight in Vietnam is 15 hours away.
        for _ in range(14):
            await w.later(hours=1)
        assert posts(w) == 1
        with pytest.raises(KeptForLater):
            await create(w.house, lead("at-2"), message("second"))
        await w.later(hours=1, seconds=1)
        assert posts(w) == 2
        assert leads(w) == 2
        assert [change.status for change in await changes(w)] == ["done", "done"]
        assert (await created(w.house, lead("at-3"), message("second"))).again
        # It has used up the new day.
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone("at-4", "0988000111"), message("third"))


async def test_of_several_kept_over_the_cap_each_day_takes_its_number_oldest_first() -> None:
    async with world(people=0, daily_writes=2) as w:
        for number in range(6):
            draft = by_name(f"at-{number}")
            if number < 2:
                await created(w.house, draft, message(f"message {number}"))
            else:
                with pytest.raises(KeptForLater):
                    await create(w.house, draft, message(f"message {number}"))
        for day in (2, 3):
            w.clock.time = w.clock.time.replace(hour=17, minute=0) + timedelta(days=day - 2, seconds=1)
            for _ in range(20):
                await w.later(minutes=30)
            assert [post.body["customerIdApiRing"] for post in w.sent("POST")] == [f"at-{n}" for n in range(2 * day)]


async def test_another_persons_day_is_another_one() -> None:
    async with world(people=0, daily_writes=1) as w:
        await created(w.house, by_name("at-1"), message("Lan's"))
        await created(w.house, by_name("at-2"), message("Minh's", actor=MINH))
        assert posts(w) == 2


async def test_two_at_once_do_not_both_find_the_days_last_room() -> None:
    async with world(people=0, daily_writes=1) as w:
        made = await asyncio.gather(
            *(create(w.house, by_name(f"at-{i}"), message(f"message {i}")) for i in range(4)), return_exceptions=True
        )
        assert sum(isinstance(one, KeptForLater) for one in made) == 3
        assert posts(w) == 1


async def test_deletes_over_the_days_number_are_refused_and_writes_are_not() -> None:
    async with world(daily_deletes=1) as w:
        records = w.house.records()
        await records.delete(Ref("lead", "9001"), wish(tool="delete_customer"))
        with pytest.raises(OverCap):
            await records.delete(Ref("lead", "9002"), wish(tool="delete_customer"))
        assert len(w.sent("DELETE")) == 1
        await created(w.house, by_name(), wish())
        w.clock.advance(hours=15)
        await records.delete(Ref("lead", "9002"), wish(tool="delete_customer"))
        assert len(w.sent("DELETE")) == 2
