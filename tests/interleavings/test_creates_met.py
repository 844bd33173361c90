"""A create that is not found is met by our code, whatever AntCRM does with a code it does not know; and twins."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from antcrm_tools.errors import MayHaveActed
from tests.fakes.wishes import message
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.leads import (
    PAUSE,
    Lead,
    both,
    by_name,
    by_phone,
    create,
    created,
    heard,
    leads,
    one_as_sent,
    posts,
    tap,
    the_change,
)

Unknown = Literal["404", "success0", "html", "empty_success", "upsert"]
each_unknown = pytest.mark.parametrize("unknown", ["404", "success0", "html", "empty_success", "upsert"])


async def lost(w: World, lead: Lead, *, acts: str = "never") -> None:
    """A create whose answer is lost, which acts never, or later."""
    if acts == "late":
        w.sandbox.faults.act_late("POST")
    else:
        w.sandbox.faults.fail("POST", 500)
    with pytest.raises(MayHaveActed):
        await create(w.house, lead("at-1"), tap())


async def much_later(w: World) -> None:
    """As long as it may take where every look says nothing."""
    for _ in range(8):
        await w.later(minutes=20)


@both
@each_unknown
async def test_one_that_did_not_act_is_made_once_whatever_an_unknown_code_gets(lead: Lead, unknown: Unknown) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = unknown
        await lost(w, lead)
        await much_later(w)
        assert posts(w) == (1 if unknown == "upsert" else 2)
        await one_as_sent(w, lead("at-1"))
        assert "saved now" in await heard(w)


@both
@each_unknown
async def test_one_that_acted_late_is_found_whatever_an_unknown_code_gets(lead: Lead, unknown: Unknown) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = unknown
        await lost(w, lead, acts="late")
        await w.sandbox.act_pending()
        await much_later(w)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        assert w.sent("PUT") == []


@both
@each_unknown
@pytest.mark.parametrize("how", ["silence", "error", "no connection"])
async def test_while_meeting_it_says_nothing_it_is_not_doubled(lead: Lead, unknown: Unknown, how: str) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = unknown
        await lost(w, lead)
        if how == "silence":
            w.line.lose_answer("PUT", times=2)
        elif how == "error":
            w.sandbox.faults.fail("PUT", 500, times=2)
        else:
            w.line.lose_request("PUT", times=2)
        await much_later(w)
        assert posts(w) <= 2
        await one_as_sent(w, lead("at-1"))


@both
@each_unknown
async def test_where_meeting_it_never_says_anything_it_is_sent_after_three_looks(lead: Lead, unknown: Unknown) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = unknown
        await lost(w, lead)
        w.sandbox.faults.fail("PUT", 500, times=None)
        await much_later(w)
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))


@both
async def test_one_that_look_ups_do_not_show_is_met_by_its_code_and_completed(lead: Lead) -> None:
    async with world(people=0) as w:
        await lost(w, lead, acts="late")
        # AntCRM keeps neither phone nor note, so nobody finds it by what it says.
        w.sandbox.switches.drop_fields = frozenset({"phones", "bgInfo"})
        await w.sandbox.act_pending()
        w.sandbox.switches.drop_fields = frozenset()
        await much_later(w)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


@both
async def test_one_that_cannot_be_completed_is_one_all_the_same_and_told(lead: Lead) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.drop_fields = frozenset({"phones", "bgInfo"})
        await lost(w, lead, acts="late")
        await w.sandbox.act_pending()
        await much_later(w)
        assert posts(w) == 1
        assert leads(w) == 1
        change = await the_change(w)
        assert change.status == "done"
        assert "not stored as sent" in str(change.reason)
        assert "not stored as sent" in await heard(w)


@both
async def test_a_name_written_by_code_that_meets_somebody_elses_record_is_not_ours(lead: Lead) -> None:
    async with world(people=0) as w:
        await lost(w, lead)
        # A PUT that is acknowledged with a number that does not read back was not met.
        w.sandbox.switches.put_unknown = "upsert"
        w.sandbox.switches.acknowledge_without_storing = True
        await w.later(seconds=PAUSE)
        assert leads(w) == 0
        assert (await the_change(w)).status != "done"


async def test_one_that_acts_after_it_was_sent_again_is_told_as_a_twin() -> None:
    async with world(people=0) as w:
        await lost(w, by_phone, acts="late")
        await w.later(seconds=PAUSE)
        assert posts(w) == 2
        await w.sandbox.act_pending()
        assert leads(w) == 2
        await w.later(seconds=PAUSE)
        told = await heard(w)
        assert "may be there twice" in told
        assert "L9001" in told
        assert "L9002" in told
        await w.later(hours=1)
        assert (await heard(w)).count("may be there twice") == 1


async def test_one_that_was_sent_twice_and_is_there_once_is_no_twin() -> None:
    async with world(people=0) as w:
        await lost(w, by_phone)
        await w.later(seconds=PAUSE)
        await w.later(seconds=PAUSE)
        assert "twice" not in await heard(w)


async def test_a_twin_without_phone_and_e_mail_is_told_too() -> None:
    async with world(people=0) as w:
        await lost(w, by_name, acts="late")
        await w.later(seconds=PAUSE)
        await w.sandbox.act_pending()
        assert leads(w) == 2
        await w.later(seconds=PAUSE)
        assert "may be there twice" in await heard(w)


@both
async def test_twins_are_told_also_when_the_second_answer_was_lost_as_well(lead: Lead) -> None:
    async with world(people=0) as w:
        await lost(w, lead, acts="late")
        w.sandbox.faults.act_late("POST")
        await w.later(seconds=PAUSE)
        await w.sandbox.act_pending()
        assert leads(w) == 2
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert posts(w) == 2
        assert "may be there twice" in await heard(w)


@both
async def test_twins_are_told_also_when_meeting_it_made_the_second(lead: Lead) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = "upsert"
        await lost(w, lead, acts="late")
        await w.later(seconds=PAUSE)
        assert leads(w) == 1
        await w.sandbox.act_pending()
        assert leads(w) == 2
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert "may be there twice" in await heard(w)


@both
@pytest.mark.parametrize("known", ["update", "refuse"])
async def test_where_antcrm_knows_our_code_a_late_first_one_makes_no_twin(
    lead: Lead, known: Literal["update", "refuse"]
) -> None:
    async with world(people=0) as w:
        w.sandbox.switches.post_known_code = known
        await lost(w, lead, acts="late")
        await w.later(seconds=PAUSE)
        await w.sandbox.act_pending()
        await w.later(seconds=PAUSE)
        await one_as_sent(w, lead("at-1"))
        assert "twice" not in await heard(w)


@both
async def test_a_lost_create_stays_unsure_for_as_long_as_nothing_can_be_read(lead: Lead) -> None:
    async with world(people=0) as w:
        await lost(w, lead)
        w.line.lose_answer("GET", times=ALWAYS)
        await much_later(w)
        assert posts(w) == 1
        assert (await the_change(w)).status == "unsure"
        w.line.clear()
        await much_later(w)
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))


async def test_a_number_that_antcrm_gives_out_anew_is_a_new_customers() -> None:
    """A made-up AntCRM that is started anew counts anew, and the ledger remembers the numbers of the one before."""
    async with world(people=0) as w:
        first = await created(w.house, by_phone("at-1"), message("m1"))
        row = w.sandbox.store.get("lead", int(first.customer.id))
        assert row is not None
        w.sandbox.store.remove(row, hard=True)
        w.clock.advance(hours=1)
        counts: Any = w.sandbox.store
        counts._db.execute("UPDATE counters SET next = next - 1")  # noqa: SLF001  nothing else can
        second = await created(w.house, by_phone("at-2"), message("m2"))
        assert second.customer.ref == first.customer.ref
        assert second.change != first.change
