"""Many leads at once: a fate for every row, in every way AntCRM may treat a package."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from antcrm_tools.errors import MayHaveActed, OverCap
from antcrm_tools.jobs import Fate, Job, begin, read
from antcrm_tools.models import Draft, Phone
from antcrm_tools.outcomes import Actor, Ask, Done
from antcrm_tools.progress import no_progress
from antcrm_tools.sandbox import AN
from antcrm_tools.tools import tool_named
from tests.fakes.wishes import wish
from tests.fakes.world import ALWAYS, World, world


def drafts(count: int, start: int = 0) -> list[Draft]:
    """Leads that differ in name and phone."""
    return [
        Draft(name=f"Khách {i}", phones=(Phone(value=f"09781{i:05d}"),), code=f"c{i}")
        for i in range(start, start + count)
    ]


async def job(w: World, rows: list[Draft], *, allow_duplicates: bool = False, cause: str = "") -> Job:
    """An import to which a person has said yes."""
    seen: list[tuple[int, int]] = []

    async def watch(done: int, total: int) -> None:
        seen.append((done, total))

    arguments = json.dumps({"allow_duplicates": allow_duplicates}, separators=(",", ":"))
    made = await begin(
        w.house.records(), wish(cause, tool="import_leads", arguments=arguments), tuple(rows), progress=watch
    )
    assert len(made.fates) == len(rows)
    assert seen == sorted(seen)
    if made.finished:
        assert seen[-1] == (len(rows), len(rows))
    return made


async def run(w: World, rows: list[Draft], *, allow_duplicates: bool = False) -> tuple[Fate, ...]:
    """What became of its rows."""
    return (await job(w, rows, allow_duplicates=allow_duplicates)).fates


async def later(w: World, made: Job) -> tuple[Fate, ...]:
    """What became of the rows after the pause."""
    await w.later(seconds=121)
    return (await read(w.house.records(), made.change)).fates


def names(fates: Iterable[Fate]) -> list[str]:
    return [fate.name for fate in fates]


def packages(w: World) -> list[int]:
    """Rows in each package sent."""
    return [len(request.body) for request in w.sent("POST") if request.path.endswith("/package")]


@pytest.mark.parametrize("order", ["kept", "reversed"])
async def test_every_row_gets_its_own_ref_whatever_the_order_of_ids(order: str) -> None:
    async with world(people=0) as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(update={"bulk_ids": order})
        rows = drafts(101)
        fates = await run(w, rows)
        assert packages(w) == [100, 1]
        for draft, fate in zip(rows, fates, strict=True):
            assert fate.name == "created"
            assert fate.ref is not None
            row = w.sandbox.store.get("lead", int(fate.ref.id))
            assert row is not None
            assert row.fields["name"] == draft.name


async def test_known_customers_are_not_made_twice_unless_wanted() -> None:
    async with world() as w:
        rows = [*drafts(2), Draft(name="Người quen", phones=(Phone(value=AN.phone),), code="x")]
        assert names(await run(w, rows)) == ["created", "created", "duplicate"]
        assert names(await run(w, [rows[2]], allow_duplicates=True)) == ["created"]


@pytest.mark.parametrize("bad", ["fail", "skip"])
@pytest.mark.parametrize("refusal", ["400", "success0", "html"])
async def test_one_row_antcrm_refuses_does_not_hold_up_the_others(bad: str, refusal: str) -> None:
    async with world() as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(
            update={"bulk_bad_row": bad, "refusals": refusal, "post_known_phone": "refuse"}
        )
        rows = [*drafts(3), Draft(name="Người quen", phones=(Phone(value=AN.phone),), code="x"), *drafts(2, 3)]
        made = await job(w, rows, allow_duplicates=True)
        assert made.finished
        assert names(made.fates)[:3] + names(made.fates)[4:] == ["created"] * 5
        if bad == "skip":
            # The package was acknowledged without it, so it is looked into: sent once more by itself, and refused.
            assert made.fates[3].name == "unsure"
            made = replace(made, fates=await later(w, made))
        assert made.fates[3].name == "refused"
        assert w.sandbox.store.count("lead") == 5 + 5


async def test_a_package_whose_answer_is_lost_is_read_back_and_never_sent_again() -> None:
    async with world(people=0) as w:
        w.line.lose_answer("POST", times=ALWAYS)
        assert names(await run(w, drafts(3))) == ["created"] * 3
        assert packages(w) == [3]


async def test_a_package_that_did_not_act_and_gave_no_answer_is_unsure_and_each_row_is_sent_once_more() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        made = await job(w, drafts(3))
        assert names(made.fates) == ["unsure"] * 3
        assert packages(w) == [3]
        assert names(await later(w, made)) == ["created"] * 3
        assert len(w.sent("POST")) == 1 + 3
        assert w.sandbox.store.count("lead") == 3


async def test_a_package_that_acts_within_the_pause_is_found_and_nothing_is_sent_again() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.act_late("POST")
        made = await job(w, drafts(3))
        assert names(made.fates) == ["unsure"] * 3
        await w.sandbox.act_pending()
        assert names(await later(w, made)) == ["created"] * 3
        assert len(w.sent("POST")) == 1
        assert w.sandbox.store.count("lead") == 3


async def test_rows_that_were_not_sent_say_so_and_are_sent_later() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        made = await job(w, drafts(101))
        assert names(made.fates) == ["not_sent"] * 101
        assert not made.finished
        assert not made.asks
        w.line.clear()
        assert names(await later(w, made)) == ["created"] * 101
        assert packages(w) == [100, 1]


async def test_why_rows_were_not_sent_is_said() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        for fate in await run(w, drafts(2)):
            assert "could not be reached" in str(fate.reason)


async def test_acknowledged_but_not_stored_is_looked_into_and_then_refused() -> None:
    async with world(people=0) as w:
        w.sandbox.switches.acknowledge_without_storing = True
        made = await job(w, drafts(3))
        assert names(made.fates) == ["unsure"] * 3
        assert "is not there" in str(made.fates[0].reason)
        # Sent once more, one by one, and not there: it may only not be everywhere yet.
        assert {fate.name for fate in await later(w, made)} == {"unsure"}
        for fate in await later(w, made):
            # Nor is it after the pause: that is known, and is no success.
            assert fate.name in {"refused", "not_stored"}
            assert "is not there" in str(fate.reason)
        assert len(w.sent("POST")) == 1 + 3


async def test_a_row_that_lost_a_field_on_the_way_keeps_its_ref_and_says_which() -> None:
    async with world(people=0) as w:
        w.sandbox.switches.drop_fields = frozenset({"bgInfo"})
        (fate,) = await run(w, [Draft(name="A", note="quan trọng", code="c")])
        assert fate.name == "not_stored"
        assert fate.ref is not None
        assert "note" in str(fate.reason)


async def test_rows_of_one_name_and_no_phone_are_each_found_once() -> None:
    async with world(people=0) as w:
        fates = await run(w, [Draft(name="Chị Hoa", code=f"c{i}") for i in range(3)])
        assert names(fates) == ["created"] * 3
        assert len({fate.ref for fate in fates}) == 3


async def test_ids_as_text_and_other_shapes() -> None:
    async with world(people=0) as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(
            update={
                "ids": "strings",
                "list_shape": "object_data",
                "empty_values": "missing",
                "dates": "epoch_ms",
                "page_base": 0,
            }
        )
        assert names(await run(w, drafts(45))) == ["created"] * 45


async def test_rows_of_one_name_are_told_apart_by_what_they_say() -> None:
    async with world(people=0) as w:
        rows = [
            Draft(name="An", code="c0"),
            Draft(name="An", phones=(Phone(value="0978100001"),), code="c1"),
            Draft(name="An", note="một", code="c2"),
            Draft(name="An", note="hai", code="c3"),
        ]
        fates = await run(w, rows)
        assert names(fates) == ["created"] * 4
        for draft, fate in zip(rows, fates, strict=True):
            assert fate.ref is not None
            row = w.sandbox.store.get("lead", int(fate.ref.id))
            assert row is not None
            assert row.fields["bgInfo"] == draft.note
            assert [phone["value"] for phone in row.fields["phones"]] == [phone.value for phone in draft.phones]


async def test_a_refused_package_that_cannot_be_looked_at_is_not_sent_again() -> None:
    async with world(people=0) as w:
        # Refused although it acted, and then the list cannot be read.
        w.sandbox.faults.fail("POST", 400, act=True)
        w.sandbox.faults.fail("GET", 500, times=None, after=1)
        made = await job(w, [Draft(name="Bình", code="c0"), Draft(name="Chi", code="c1")])
        assert names(made.fates) == ["unsure", "unsure"]
        assert names(await later(w, made)) == ["unsure", "unsure"]
        w.sandbox.faults.clear()
        await w.later(minutes=20)
        assert names(await later(w, made)) == ["created", "created"]
        assert len(w.sent("POST")) == 1
        assert w.sandbox.store.count("lead") == 2


async def test_rows_that_got_in_with_the_refused_package_are_not_sent_again() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 400, act=True)
        fates = await run(w, drafts(3))
        assert names(fates) == ["created"] * 3
        assert w.sandbox.store.count("lead") == 3


async def test_a_known_customer_that_antcrm_overwrites_is_not_reported_as_created() -> None:
    async with world() as w:
        w.sandbox.switches.post_known_phone = "update"
        (fate,) = await run(
            w, [Draft(name="Người quen", phones=(Phone(value=AN.phone),), code="x")], allow_duplicates=True
        )
        assert fate.name == "not_stored"
        assert "instead of creating" in str(fate.reason)


async def test_the_same_import_once_more_is_the_first_one() -> None:
    async with world(people=0) as w:
        first = await job(w, drafts(3), cause="words")
        again = await begin(w.house.records(), wish("words", tool="import_leads"), drafts(3), no_progress)
        assert again == first
        w.clock.advance(minutes=11)
        # Ten minutes later it may be meant anew; then its phones speak against it.
        anew = await begin(w.house.records(), wish("words", tool="import_leads"), drafts(3), no_progress)
        assert names(anew.fates) == ["duplicate"] * 3
        assert len(w.sent("POST")) == 1


async def test_a_row_whose_phone_is_held_does_not_hold_up_the_others() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await w.house.records().create(drafts(1)[0], wish())
        made = await job(w, drafts(3), allow_duplicates=True)
        assert names(made.fates) == ["held", "created", "created"]
        assert "not known yet" in str(made.fates[0].reason)
        await w.later(seconds=121)
        assert w.sandbox.store.count("lead") == 3


async def test_over_the_days_room_nothing_of_an_import_is_sent() -> None:
    async with world(people=0, daily_writes=2) as w:
        with pytest.raises(OverCap):
            await job(w, drafts(3))
        assert w.sent("POST") == []
        assert names(await run(w, drafts(2))) == ["created"] * 2


async def test_a_watcher_that_fails_loses_nothing() -> None:
    async with world(people=0) as w:
        desk = w.house.desk()

        async def broken(_done: int, _total: int) -> None:
            raise ConnectionError

        call = tool_named("import_leads").call({"rows": [{"name": f"K{i}"} for i in range(3)]})
        me = Actor("lan@antcrm.example", "terminal")
        question = await desk.submit(call, me)
        assert isinstance(question, Ask)
        outcome = await desk.answer(question.ticket, me, yes=True, count=3, progress=broken)
        assert isinstance(outcome, Done)
        assert w.sandbox.store.count("lead") == 3
