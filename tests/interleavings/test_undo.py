"""Taking a change back while others work on the same customer, while answers are lost, and while processes end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from antcrm_tools.errors import BadInput, Held, NotFound
from antcrm_tools.house import House
from antcrm_tools.meaning import literally_differing
from antcrm_tools.models import WRITABLE
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome, Queued, Unsure
from antcrm_tools.sandbox import AN, ANH, HOA
from antcrm_tools.text import LANGUAGES
from antcrm_tools.tools import tool_named
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.houses import Stopping, another, stopped
from tests.interleavings.leads import LEASED, PAUSE, changes
from tests.tools.test_undo_change import FULL, LAN, MINH, RICH, do, put, raw, record, refused, submit, undo


def colleague(w: World, ref: str, **fields: object) -> None:
    """Somebody writes in AntCRM itself."""
    row = w.sandbox.store.get("lead" if ref[0] == "L" else "customer", int(ref[1:]))
    assert row is not None
    row.fields |= fields
    w.sandbox.store.save(row)


async def status(w: World, number: int | None) -> str:
    return (await w.house.ledger().changes.require(number or 0)).status


async def said(outcome: Awaitable[Outcome]) -> Outcome | BadInput:
    """What was said, be it a refusal."""
    try:
        return await outcome
    except BadInput as error:
        return error


async def answered(house: House, change: int | None, actor: Actor = LAN) -> Outcome:
    """An undo in some process, with a yes to whatever is asked."""
    desk = house.desk()
    outcome = await desk.submit(tool_named("undo_change").call({"change": change}), actor)
    return await desk.answer(outcome.ticket, actor, yes=True) if isinstance(outcome, Ask) else outcome


async def test_what_moved_on_is_left_and_said_and_the_rest_is_taken_back() -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        made = await do(
            w, "update_customer", ref=ref, name="X", owner="minh@antcrm.example", custom_fields={"Gói": "A"}
        )
        colleague(w, ref, responsibleStaff="hung@antcrm.example", cusFields=[{"name": "Gói", "value": "Max"}])
        undone = await undo(w, made.change)
        assert undone.restored == ("name",)
        assert raw(w, ref)["name"] == RICH["name"]
        assert raw(w, ref)["responsibleStaff"] == "hung@antcrm.example"
        assert raw(w, ref)["cusFields"] == [{"name": "Gói", "value": "Max"}]
        for language in LANGUAGES:
            said = undone.sentence().render(language)
            assert "hung@antcrm.example" in said
            assert "Max" in said
            assert "{" not in said


async def test_what_moved_on_wholly_is_refused_with_what_it_is_now() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        colleague(w, AN.ref, stage="Chốt")
        why = await refused(w, made.change)
        assert "L9001 Nguyễn Văn An has moved on" in why
        assert "stage: now “Chốt”" in why
        assert await status(w, made.change) == "done"
        colleague(w, AN.ref, stage="Nóng")
        await undo(w, made.change)
        assert raw(w, AN.ref)["stage"] == "Mới"


async def test_of_an_array_only_what_the_change_touched_goes_back() -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        tagged = await do(w, "add_tags", ref=ref, tags=["a", "b"])
        called = await do(w, "update_customer", ref=ref, drop_phones=["0977123456"])
        colleague(w, ref, tags=["Hẹn gọi lại", "a", "theirs"])
        colleague(w, ref, phones=[*raw(w, ref)["phones"], {"type": "Work", "value": "0912000111"}])
        await undo(w, tagged.change)
        assert raw(w, ref)["tags"] == ["Hẹn gọi lại", "theirs"]
        await undo(w, called.change)
        assert raw(w, ref)["phones"] == [*RICH["phones"], {"type": "Work", "value": "0912000111"}]


async def test_of_a_note_only_the_line_goes_and_what_others_wrote_stays() -> None:
    async with world() as w:
        made = await do(w, "add_note", ref=AN.ref, note="đã gọi")
        colleague(w, AN.ref, bgInfo=raw(w, AN.ref)["bgInfo"] + "\nHẹn thứ hai.")
        await undo(w, made.change)
        assert raw(w, AN.ref)["bgInfo"] == "Hỏi giá gói 10 user.\nHẹn thứ hai."
        made = await do(w, "update_customer", ref=AN.ref, note="khác")
        colleague(w, AN.ref, bgInfo="ai đó viết lại")
        assert "ai đó viết lại" in await refused(w, made.change)


async def test_what_is_as_it_was_already_is_not_sent_and_not_undone_once_more() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        colleague(w, AN.ref, stage="Mới")
        undone = await undo(w, made.change)
        assert undone.restored == ()
        assert "already" in undone.sentence().render("en")
        assert len(w.sent("PUT")) == 1
        await refused(w, made.change)


async def test_a_gender_that_cannot_be_taken_away_is_not_said_to_be_as_before() -> None:
    async with world(people=0) as w:
        ref = put(w, {"name": "Lê Na"})
        colleague(w, ref, gender=None)
        made = await do(w, "update_customer", ref=ref, gender="male")
        outcome = await said(submit(w, "undo_change", change=made.change))
        assert raw(w, ref)["gender"] == 0
        told = outcome.result.sentence() if isinstance(outcome, Done) else None
        assert told is None or "as it was before" not in told.render("en")


async def test_what_moves_between_the_question_and_the_yes_is_not_touched() -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        made = await do(w, "update_customer", ref=ref, add_phones=["0912 000 111"], name="X")
        created = await do(w, "create_lead", name="Lê Na", note="gọi chiều")
        for change, there in ((made.change, ref), (created.change, created.created.ref)):
            question = await submit(w, "undo_change", change=change)
            assert isinstance(question, Ask)
            colleague(w, there, name="Tên khác")
            w.sandbox.clear_log()
            outcome = await said(w.house.desk().answer(question.ticket, LAN, yes=True))
            assert isinstance(outcome, Dropped | BadInput)
            assert w.destroyed() == []
            assert raw(w, there)["name"] == "Tên khác"


async def test_a_create_changed_since_is_refused_naming_what_and_undone_after_the_change_is() -> None:
    async with world(people=0) as w:
        made = await do(w, "create_lead", **FULL)
        edited = await do(w, "update_stage", ref="L9001", stage="Chốt")
        why = await refused(w, made.change)
        assert "was changed since it was created" in why
        assert "stage" in why, "what was changed has to be named"
        await undo(w, edited.change)
        await undo(w, made.change)
        assert w.sandbox.store.count() == 0


async def test_what_somebody_deleted_is_not_undone() -> None:
    async with world(people=0) as w:
        made = await do(w, "create_lead", **FULL)
        edited = await do(w, "update_stage", ref="L9001", stage="Chốt")
        row = w.sandbox.store.get("lead", 9001)
        assert row is not None
        w.sandbox.store.remove(row, hard=True)
        assert "not there any more" in await refused(w, made.change)
        with pytest.raises(NotFound):
            await submit(w, "undo_change", change=edited.change)


KINDS = ["edit", "create", "delete"]


async def a_change(w: World, kind: str) -> int:
    """A change of some kind; undoing it sends one request."""
    match kind:
        case "edit":
            return (await do(w, "update_stage", ref=put(w, RICH), stage="Nóng")).change
        case "create":
            return (await do(w, "create_lead", **FULL)).change
        case _:
            return (await do(w, "delete_customer", ref=put(w, RICH))).change


METHODS = {"edit": "PUT", "create": "DELETE", "delete": "POST"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("houses", [1, 2])
async def test_of_two_undos_at_once_one_happens(tmp_path: Path, kind: str, houses: int) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w, another(w, url) as other:
        number = await a_change(w, kind)
        before = len(w.sent(METHODS[kind]))
        second = other if houses == 2 else w.house
        async with asyncio.timeout(20):
            both = [answered(w.house, number, LAN), answered(second, number, MINH)]
            outcomes = await asyncio.gather(*both, return_exceptions=True)
        assert any(isinstance(outcome, Done) and not outcome.again for outcome in outcomes), outcomes
        for outcome in outcomes:
            assert isinstance(outcome, Done | Dropped | Unsure | BadInput | Held | NotFound), outcome
        assert len(w.sent(METHODS[kind])) == before + 1
        assert await status(w, number) == "undone"
        assert [change.status for change in await changes(w) if change.wish.undoes].count("done") == 1


async def test_the_same_tap_undoes_once_and_can_be_asked_about() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        call, tapper = tool_named("undo_change").call({"change": made.change}), Actor(LAN.who, "telegram")
        assert isinstance(await w.house.desk().submit(call, tapper, source="tap 7"), Done)
        again = await said(w.house.desk().submit(call, tapper, source="tap 7"))
        assert again.again if isinstance(again, Done) else "already" in str(again)
        assert len(w.sent("PUT")) == 2
        assert await w.house.desk().became("tap 7", tapper) is not None


async def test_a_customer_held_by_a_change_of_which_nothing_is_known_is_not_touched() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        w.sandbox.faults.fail("PUT", 500)
        unsure = await submit(w, "add_tags", ref=AN.ref, tags=["x"])
        assert isinstance(unsure, Unsure)
        puts = len(w.sent("PUT"))
        with pytest.raises(Held):
            await submit(w, "undo_change", change=made.change)
        assert "not known yet" in await refused(w, made.change + 1)
        assert len(w.sent("PUT")) == puts
        await w.later(seconds=PAUSE)
        await undo(w, made.change)
        assert raw(w, AN.ref)["stage"] == "Mới"
        assert "x" in raw(w, AN.ref)["tags"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_undo_that_acted_and_whose_answer_is_lost_is_done_at_once(kind: str) -> None:
    async with world(people=0) as w:
        number = await a_change(w, kind)
        w.line.lose_answer(METHODS[kind])
        undone = await undo(w, number)
        assert await status(w, number) == "undone"
        before = len(w.sent(METHODS[kind]))
        await w.later(seconds=PAUSE)
        assert len(w.sent(METHODS[kind])) == before
        assert w.sandbox.store.count() == (0 if kind == "create" else 1)
        await undo(w, undone.change)


@pytest.mark.parametrize("kind", ["edit", "delete"])
@pytest.mark.parametrize("late", [False, True], ids=["never acts", "acts late"])
async def test_an_undo_of_which_nothing_is_known_is_looked_into_and_marks_what_it_undid(kind: str, late: bool) -> None:
    async with world(people=0) as w:
        number = await a_change(w, kind)
        if late:
            w.sandbox.faults.act_late(METHODS[kind])
        else:
            w.sandbox.faults.fail(METHODS[kind], 500)
        assert isinstance(await submit(w, "undo_change", change=number), Unsure)
        assert await status(w, number) == "done"
        assert isinstance(await submit(w, "undo_change", change=number), Unsure)  # no second one
        if late:
            await w.sandbox.act_pending()
        await w.later(seconds=PAUSE)
        assert await status(w, number) == "undone"
        assert w.sandbox.store.count() == 1
        (ref,) = {str(change.ref) for change in await changes(w) if change.wish.undoes}
        assert raw(w, ref) | RICH == raw(w, ref)
        for _ in range(3):
            await w.later(minutes=20)
        assert w.sandbox.store.count() == 1
        assert "undone already" in await refused(w, number)


async def test_a_delete_that_undoes_is_never_sent_twice_and_may_be_asked_for_again() -> None:
    async with world(people=0) as w:
        number = await a_change(w, "create")
        w.sandbox.faults.fail("DELETE", 500)
        question = await submit(w, "undo_change", change=number)
        assert isinstance(question, Ask)
        assert isinstance(await w.house.desk().answer(question.ticket, LAN, yes=True), Unsure)
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert len(w.sent("DELETE")) == 1
        assert w.sandbox.store.count() == 1
        assert await status(w, number) == "done"
        w.clock.advance(minutes=11)
        await undo(w, number)
        assert w.sandbox.store.count() == 0


async def test_an_undone_delete_waits_for_antcrm_and_is_created_once() -> None:
    async with world(people=0) as w:
        number = await a_change(w, "delete")
        w.line.lose_request("POST", times=ALWAYS)
        for _ in range(2):
            assert isinstance(await submit(w, "undo_change", change=number), Queued)
        w.line.clear()
        await w.later(seconds=31)
        assert w.sandbox.store.count() == 1
        assert await status(w, number) == "undone"


@pytest.mark.parametrize("after", [False, True], ids=["before it was sent", "after it acted"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_process_killed_in_an_undo(tmp_path: Path, kind: str, after: bool) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w:
        number = await a_change(w, kind)
        line = Stopping(w.line, METHODS[kind], after=after)
        async with stopped(w, url, line, lambda house: answered(house, number)):
            for _ in range(3):
                await w.later(seconds=LEASED)
            happened = after or kind != "create"  # a delete is not sent again by itself
            try:
                assert (await status(w, number) == "undone") is happened
                assert w.sandbox.store.count() == (1 if kind != "create" or not happened else 0)
            finally:
                line.wake.set()


async def test_a_create_that_waits_is_taken_back_after_a_yes_and_never_sent() -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST", times=ALWAYS)
        assert isinstance(await submit(w, "create_lead", **FULL), Queued)
        question = await submit(w, "undo_change", change=1)
        assert isinstance(question, Ask)
        assert "not sent yet" in question.preview.question.render("en")
        await undo(w, 1)
        w.line.clear()
        for _ in range(3):
            await w.later(minutes=20)
        assert w.sent("POST") == []
        assert "taken back already" in await refused(w, 1)
        # Its phone is free again.
        await do(w, "create_lead", **FULL)
        assert w.sandbox.store.count() == 1


@pytest.mark.parametrize("days", [0, 100], ids=["a new customer", "an old customer"])
async def test_an_undone_delete_that_waits_is_taken_back_or_gives_way_to_who_has_the_phone_by_now(days: int) -> None:
    async with world(people=0) as w:
        number = await a_change(w, "delete")
        w.line.lose_request("POST", times=ALWAYS)
        waiting = await submit(w, "undo_change", change=number)
        assert isinstance(waiting, Queued)
        await undo(w, waiting.change)
        assert await status(w, number) == "done"
        waiting = await submit(w, "undo_change", change=number)
        assert isinstance(waiting, Queued)
        w.line.clear()
        put(w, {"name": "Người khác", "phones": [{"type": "Work", "value": "0977123456"}]}, days=days)
        await w.later(seconds=31)
        assert w.sent("POST") == []
        assert [await status(w, each) for each in (number, waiting.change)] == ["done", "conflict"]


async def test_a_create_that_waits_for_another_day_is_taken_back_too() -> None:
    async with world(people=0, daily_writes=0) as w:
        assert isinstance(await submit(w, "create_lead", **FULL), Queued)
        await undo(w, 1)
        for _ in range(3):
            await w.later(days=1)
        assert w.sent("POST") == []


async def test_a_create_that_leaves_between_the_question_and_the_yes_is_not_taken_back() -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST")
        assert isinstance(await submit(w, "create_lead", **FULL), Queued)
        question = await submit(w, "undo_change", change=1)
        assert isinstance(question, Ask)
        await w.later(seconds=31)
        assert w.sandbox.store.count() == 1
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Dropped)
        assert w.sandbox.store.count() == 1


async def test_what_failed_and_what_needs_a_person_has_nothing_to_undo() -> None:
    async with world() as w:
        w.sandbox.faults.fail("PUT", 400)
        with pytest.raises(Exception, match="refused"):
            await submit(w, "update_stage", ref=AN.ref, stage="Nóng")
        w.sandbox.faults.fail("PUT", 500)
        assert isinstance(await submit(w, "update_stage", ref=HOA.ref, stage="Nóng"), Unsure)
        colleague(w, HOA.ref, stage="Chốt")
        await w.later(seconds=PAUSE)
        assert [change.status for change in await changes(w)] == ["failed", "conflict"]
        for number in (1, 2):
            assert "changed nothing that could be undone" in await refused(w, number)
        assert raw(w, HOA.ref)["stage"] == "Chốt"


async def test_a_deleted_customer_is_not_created_beside_one_a_colleague_made_meanwhile() -> None:
    async with world(people=0) as w:
        number = await a_change(w, "delete")
        put(w, {"name": "Người khác", "phones": [{"type": "Work", "value": "+84977123456"}]}, days=0)
        with pytest.raises(BadInput, match="Others have the phone") as told:
            await submit(w, "undo_change", change=number)
        assert "Người khác" in told.value.render("en")
        assert w.sent("POST") == []
        assert await status(w, number) == "done"


async def test_a_deleted_customer_that_shared_its_phone_before_comes_back() -> None:
    async with world() as w:
        assert AN.phone == ANH.phone
        deleted = await do(w, "delete_customer", ref=AN.ref)
        w.clock.advance(hours=1)
        undone = await undo(w, deleted.change)
        assert raw(w, undone.ref)["name"] == AN.name


@pytest.mark.parametrize("often", [False, True], ids=["brought back once", "away and back again"])
async def test_an_edit_is_undone_at_the_number_the_customer_has_now(often: bool) -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        first = await record(w, ref)
        edited = await do(w, "update_customer", ref=ref, name="X", drop_phones=["0977123456"])
        deleted = await do(w, "delete_customer", ref=ref)
        back = await undo(w, deleted.change)
        if often:
            back = await undo(w, (await undo(w, back.change)).change)
        assert w.sandbox.store.count() == 1
        undone = await undo(w, edited.change)
        assert undone.ref == back.ref
        assert literally_differing(WRITABLE, first, await record(w, back.ref)) == []
