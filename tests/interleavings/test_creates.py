"""Exactly one lead for each capture: answers that are lost, and the same wish once more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from antcrm_tools.changes import Wish
from antcrm_tools.creating import Created
from antcrm_tools.errors import Held, KeptForLater, MayHaveActed, Refused
from tests.fakes.wishes import LAN, MINH, message, wish
from tests.fakes.world import ALWAYS, world
from tests.interleavings.leads import (
    PAUSE,
    PHONE,
    Lead,
    both,
    by_name,
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
    words,
)

each_cause = pytest.mark.parametrize("cause", [words, tap], ids=["words", "a message"])


@both
@pytest.mark.parametrize("how", [httpx.ReadTimeout, httpx.RemoteProtocolError, None], ids=["silence", "broken", "cut"])
async def test_a_create_that_acted_and_whose_answer_is_lost_is_done_at_once(
    lead: Lead, how: Callable[..., httpx.TransportError] | None
) -> None:
    async with world(people=0) as w:
        if how is None:
            w.line.cut_answer("POST")
        else:
            w.line.lose_answer("POST", how=how)
        made = await created(w.house, lead("at-1"), tap())
        assert not made.again
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        await w.later(seconds=PAUSE)
        assert posts(w) == 1
        assert leads(w) == 1


@both
async def test_a_create_that_did_not_act_is_sent_once_more_after_the_pause_and_not_before(lead: Lead) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed) as told:
            await create(w.house, lead("at-1"), tap())
        assert "change #1" in told.value.render("en")
        await w.later(seconds=PAUSE - 2)
        assert (await the_change(w)).status == "unsure"
        assert posts(w) == 1
        await w.later(seconds=2)
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))
        assert "It is saved now: L9001" in await heard(w)
        for _ in range(3):
            await w.later(hours=1)
        assert posts(w) == 2
        assert leads(w) == 1


@both
async def test_a_create_that_acts_late_within_the_pause_is_found(lead: Lead) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.act_late("POST")
        with pytest.raises(MayHaveActed):
            await create(w.house, lead("at-1"), tap())
        w.clock.advance(seconds=60)
        assert await w.sandbox.act_pending() == 1
        await w.later(seconds=PAUSE)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        assert "saved now" in await heard(w)


@both
async def test_what_cannot_be_looked_for_is_not_sent_again(lead: Lead) -> None:
    async with world(people=0) as w:
        w.line.lose_answer("POST")
        w.line.lose_answer("GET", times=ALWAYS, after=await _looks(lead))
        with pytest.raises(MayHaveActed):
            await create(w.house, lead("at-1"), tap())
        for _ in range(4):
            await w.later(minutes=16)
        assert posts(w) == 1
        assert (await the_change(w)).status == "unsure"
        w.line.clear()
        await w.later(minutes=16)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


async def _looks(lead: Lead) -> int:
    """How many reads there are before a create of this kind leaves."""
    async with world(people=0) as w:
        await created(w.house, lead("at-1"), wish())
        methods = [request.method for request in w.sandbox.requests]
        return methods.index("POST")


@both
@each_cause
async def test_the_same_wish_while_it_is_unsure_sends_nothing(lead: Lead, cause: Callable[[], Wish]) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        for code in ("at-1", "at-2", "at-3"):
            with pytest.raises(MayHaveActed) as told:
                await create(w.house, lead(code), cause())
            assert "change #1" in told.value.render("en")
        assert posts(w) == 1
        await w.later(seconds=PAUSE)
        assert (await created(w.house, lead("at-4"), cause())).again
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))


@both
@each_cause
async def test_the_same_wish_while_it_waits_is_kept_once(lead: Lead, cause: Callable[[], Wish]) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        for code in ("at-1", "at-2"):
            with pytest.raises(KeptForLater) as told:
                await create(w.house, lead(code), cause())
            assert told.value.change == 1
        w.line.clear()
        await w.later(seconds=PAUSE)
        assert (await created(w.house, lead("at-3"), cause())).again
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


@both
@each_cause
async def test_the_same_wish_when_it_is_done_is_the_same_lead(lead: Lead, cause: Callable[[], Wish]) -> None:
    async with world(people=0) as w:
        first = await created(w.house, lead("at-1"), cause())
        w.clock.advance(minutes=9)
        assert await create(w.house, lead("at-2"), cause()) == replace(first, again=True)
        assert posts(w) == 1


@both
async def test_the_same_words_are_meant_anew_after_ten_minutes(lead: Lead) -> None:
    async with world(people=0) as w:
        first = await created(w.house, lead("at-1"), words())
        w.clock.advance(minutes=10)
        again = await create(w.house, lead("at-2"), words())
        if lead is by_phone:
            assert [customer.ref for customer in again] == [first.customer.ref] if isinstance(again, list) else False
        else:
            # Nothing tells the two apart but the person, who says it anew.
            assert isinstance(again, Created)
            assert not again.again
        assert posts(w) == (1 if lead is by_phone else 2)


@both
async def test_the_same_message_is_the_same_lead_for_ever(lead: Lead) -> None:
    async with world(people=0) as w:
        first = await created(w.house, lead("at-1"), tap())
        w.clock.advance(days=30)
        assert await create(w.house, lead("at-2"), tap()) == replace(first, again=True)
        assert posts(w) == 1


@both
async def test_words_of_what_was_undone_are_meant_anew(lead: Lead) -> None:
    async with world(people=0) as w:
        first = await created(w.house, lead("at-1"), words())
        await w.house.records().delete(first.customer.as_ref(), replace(wish(tool="undo_change"), undoes=first.change))
        assert (await w.house.ledger().changes.require(first.change)).status == "undone"
        assert leads(w) == 0
        assert not (await created(w.house, lead("at-2"), words())).again
        assert posts(w) == 2
        assert leads(w) == 1


@both
@each_cause
async def test_what_antcrm_refused_may_be_tried_again_at_once(lead: Lead, cause: Callable[[], Wish]) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 400)
        with pytest.raises(Refused):
            await create(w.house, lead("at-1"), cause())
        assert (await the_change(w)).status == "failed"
        assert not (await created(w.house, lead("at-2"), cause())).again
        await one_as_sent(w, lead("at-2"))


@both
@each_cause
async def test_the_same_wish_five_times_at_once_is_one_lead(lead: Lead, cause: Callable[[], Wish]) -> None:
    async with world(people=0) as w:
        made = await asyncio.gather(*(created(w.house, lead(f"at-{i}"), cause()) for i in range(5)))
        assert len({one.customer.ref for one in made}) == 1
        assert sorted(one.again for one in made) == [False, True, True, True, True]
        assert posts(w) == 1
        assert leads(w) == 1


@pytest.mark.parametrize("go_on", [False, True])
@pytest.mark.parametrize("phone", [PHONE, "+84 977 123 456"])
async def test_who_creates_the_same_phone_while_it_is_unsure_hears_whose_it_is(go_on: bool, phone: str) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, by_phone(), message("Lan's"))
        w.clock.advance(seconds=30)
        with pytest.raises(Held) as held:
            await create(w.house, by_phone("at-2", phone), message("Minh's", actor=MINH), go_on=go_on)
        told = held.value.render("en")
        for part in (LAN.who, "Nguyễn Văn Bình", "since 03/08/2026 09:00", "change #1"):
            assert part in told
        assert posts(w) == 1
        await w.later(seconds=PAUSE)
        # Now that it is known, it is an ordinary duplicate, and a person may want one more.
        known = await create(w.house, by_phone("at-2", phone), message("Minh's", actor=MINH))
        assert isinstance(known, list)
        assert leads(w) == 1
        await created(w.house, by_phone("at-2", phone), message("Minh's", actor=MINH), go_on=True)
        assert leads(w) == 2
        assert [change.status for change in await changes(w)] == ["done", "done"]


async def test_two_leads_of_one_name_and_nothing_else_are_two_wishes() -> None:
    async with world(people=0) as w:
        made = await asyncio.gather(
            created(w.house, by_name("at-1"), message("one")), created(w.house, by_name("at-2"), message("two"))
        )
        assert len({one.customer.ref for one in made}) == 2
        assert leads(w) == 2


@pytest.mark.parametrize("acted", [(True, True), (True, False), (False, True), (False, False)])
async def test_two_lost_leads_of_one_name_each_get_their_own(acted: tuple[bool, bool]) -> None:
    async with world(people=0) as w:
        for number, did in enumerate(acted):
            if did:
                w.sandbox.faults.act_late("POST")
            else:
                w.sandbox.faults.fail("POST", 500)
            with pytest.raises(MayHaveActed):
                await create(w.house, by_name(f"at-{number}"), message(f"message {number}"))
        await w.sandbox.act_pending()
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert leads(w) == 2
        done = await changes(w)
        assert [change.status for change in done] == ["done", "done"]
        assert len({change.ref for change in done}) == 2
        assert posts(w) == 2 + acted.count(False)


@both
async def test_what_was_undone_is_not_answered_as_done_and_may_be_saved_anew(lead: Lead) -> None:
    """Whoever taps “Save” once more after undoing it means it.

    A message that merely comes again after a kill is stopped before this, by the record of what is dealt with.
    """
    async with world(people=0) as w:
        first = await created(w.house, lead("at-1"), tap())
        await w.house.records().delete(first.customer.as_ref(), replace(wish(tool="undo_change"), undoes=first.change))
        second = await created(w.house, lead("at-2"), tap())
        assert not second.again
        assert second.change != first.change
        assert leads(w) == 1
