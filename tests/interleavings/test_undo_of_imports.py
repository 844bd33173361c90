"""Taking an import back: row by row, what a colleague changed stays, and what was interrupted can be gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from antcrm_tools.changes import Change
from antcrm_tools.errors import BadInput, CrmError, Held, NotAllowed
from antcrm_tools.house import House
from antcrm_tools.meaning import literally_differing
from antcrm_tools.models import WRITABLE
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Failed, Outcome
from antcrm_tools.text import LANGUAGES
from antcrm_tools.tools import tool_named
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.houses import Stopping, another, stopped
from tests.interleavings.leads import LEASED, PAUSE, heard
from tests.tools.test_undo_change import FULL, LAN, MINH, OTHER_SALES, do, raw, record, refused, submit, undo

ROWS = 30


def khach(count: int) -> list[dict[str, Any]]:
    """Rows, each with a phone; the first says all there is to say."""
    full = dict(sorted(FULL.items()))
    return [full, *({"name": f"Khách {i}", "phones": [f"09770000{i:02}"], "stage": "Mới"} for i in range(1, count))]


async def imported(w: World, count: int = ROWS) -> int:
    """An import that is done; its number."""
    made = await do(w, "import_leads", rows=khach(count))
    assert made.created == count
    return made.change


async def question(w: World, number: int, actor: Actor = LAN) -> Ask:
    outcome = await submit(w, "undo_change", actor, change=number)
    assert isinstance(outcome, Ask)
    return outcome


async def rows(w: World, number: int) -> list[Change]:
    return await w.house.ledger().imports.rows(await w.house.ledger().changes.require(number))


def colleague(w: World, number: int, **fields: object) -> None:
    row = w.sandbox.store.get("lead", number)
    assert row is not None
    row.fields |= fields
    w.sandbox.store.save(row)


def answering(change: int, count: int) -> Callable[[House], Awaitable[Outcome]]:
    """Undo it in some process, with the number typed."""

    async def work(house: House) -> Outcome:
        outcome = await house.desk().submit(tool_named("undo_change").call({"change": change}), LAN)
        assert isinstance(outcome, Ask)
        return await house.desk().answer(outcome.ticket, LAN, yes=True, count=count)

    return work


async def test_an_import_is_taken_back_but_for_what_a_colleague_changed_since() -> None:
    async with world(people=3) as w:
        number = await imported(w)
        made = {str(row.ref) for row in await rows(w, number)}
        assert len(made) == ROWS
        mine = sorted(int(ref[1:]) for ref in made)
        colleague(w, mine[3], bgInfo="gọi lại thứ hai")
        colleague(w, mine[10], stage="Chốt", tags=["VIP"])
        colleague(w, mine[29], phones=[{"type": "Work", "value": "0912 000 111"}])
        asked = await question(w, number)
        assert asked.preview.count == ROWS
        assert f"{ROWS} leads" in asked.preview.question.render("en")
        wrong = await w.house.desk().answer(asked.ticket, LAN, yes=True, count=ROWS - 3)
        assert isinstance(wrong, Dropped)
        assert wrong.reason == "wrong_count"
        assert w.sent("DELETE") == []
        undone = await undo(w, number)
        assert w.sandbox.store.count() == 3 + 3
        assert raw(w, f"L{mine[3]}")["bgInfo"] == "gọi lại thứ hai"
        assert raw(w, f"L{mine[10]}")["tags"] == ["VIP"]
        assert raw(w, f"L{mine[29]}")["phones"][0]["value"] == "0912 000 111"
        for language in LANGUAGES:
            said = undone.sentence().render(language)
            assert "27" in said
            assert all(f"L{mine[place]}" in said for place in (3, 10, 29))
            assert "{" not in said


async def test_rows_somebody_deleted_or_took_back_alone_are_no_obstacle() -> None:
    async with world(people=0) as w:
        number = await imported(w, 5)
        first, second = (await rows(w, number))[:2]
        await undo(w, first.id)
        await do(w, "delete_customer", ref=str(second.ref))
        assert (await question(w, number)).preview.count == 4
        await undo(w, number)
        assert w.sandbox.store.count() == 0


async def test_the_undo_of_an_import_can_be_undone_and_that_again() -> None:
    async with world(people=0) as w:
        number = await imported(w, 4)
        first = await record(w, "L9001")
        undone = await undo(w, number)
        assert undone.change is not None
        assert w.sandbox.store.count() == 0
        outcome = await submit(w, "undo_change", change=undone.change)
        if isinstance(outcome, Ask):
            assert outcome.preview.count == 4
            asked = outcome.preview.question.render("en") + outcome.preview.yes.render("en")
            assert "delete" not in asked.lower(), "it creates them anew"
        back = await undo(w, undone.change)
        assert w.sandbox.store.count() == 4
        assert literally_differing(WRITABLE, first, await record(w, "L9005")) == []
        await undo(w, back.change)
        assert w.sandbox.store.count() == 0


@pytest.mark.parametrize("method", ["*", "POST"])
async def test_rows_that_come_back_while_antcrm_is_out_of_reach_are_not_stuck(method: str) -> None:
    async with world(people=0) as w:
        undone = await undo(w, await imported(w, 3))
        w.line.lose_request(method, times=ALWAYS)
        with pytest.raises(BadInput, match="No row"):
            await undo(w, undone.change)
        w.line.clear()
        for _ in range(4):
            await w.later(minutes=20)
        if w.sandbox.store.count() == 0:
            await undo(w, undone.change)
        assert w.sandbox.store.count() == 3


async def test_caps_are_not_used_up_by_taking_back() -> None:
    async with world(people=1, daily_writes=6, daily_deletes=1) as w:
        number = await imported(w, 5)
        undone = await undo(w, number)
        back = await undo(w, undone.change)
        await undo(w, back.change)
        assert w.sandbox.store.count() == 1
        await do(w, "update_stage", ref="L9001", stage="Nóng")
        with pytest.raises(CrmError, match="One person may change"):
            await submit(w, "update_stage", ref="L9001", stage="Chốt")


async def test_others_take_an_import_back_with_the_right_to_delete_only() -> None:
    async with world(people=0) as w:
        number = await imported(w, 3)
        with pytest.raises(NotAllowed):
            await submit(w, "undo_change", OTHER_SALES, change=number)
        assert w.sandbox.store.count() == 3
        await undo(w, number, MINH)
        assert w.sandbox.store.count() == 0


@pytest.mark.parametrize("houses", [1, 2])
async def test_of_two_at_once_each_row_goes_once(tmp_path: Path, houses: int) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w, another(w, url) as other:
        number = await imported(w, 5)
        first = await question(w, number, LAN)
        second_house = other if houses == 2 else w.house
        second = await second_house.desk().submit(tool_named("undo_change").call({"change": number}), MINH)
        assert isinstance(second, Ask)
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(
                w.house.desk().answer(first.ticket, LAN, yes=True, count=5),
                second_house.desk().answer(second.ticket, MINH, yes=True, count=5),
                return_exceptions=True,
            )
        assert any(isinstance(outcome, Done) for outcome in outcomes)
        assert all(isinstance(outcome, Done | Dropped | Failed | BadInput | Held) for outcome in outcomes), outcomes
        assert len(w.sent("DELETE")) == 5
        assert w.sandbox.store.count() == 0
        assert "already" in await refused(w, number)


async def test_one_row_whose_delete_is_lost_and_one_of_which_nothing_is_known() -> None:
    async with world(people=0) as w:
        number = await imported(w, 4)
        w.line.lose_answer("DELETE")
        w.sandbox.faults.fail("DELETE", 500, after=2)
        undone = await undo(w, number)
        assert w.sandbox.store.count() == 1
        (left,) = [row for row in await rows(w, number) if row.status == "done"]
        assert str(left.ref) in undone.sentence().render("en")
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert len(w.sent("DELETE")) == 4
        assert "were created" not in await heard(w), "it was an undo that was completed"
        # It was not deleted, and can be taken back after another yes.
        await undo(w, left.id)
        assert w.sandbox.store.count() == 0


async def test_rows_that_could_not_be_reached_can_be_taken_back_later_with_the_same_number() -> None:
    async with world(people=0) as w:
        number = await imported(w, 6)
        w.line.lose_request("DELETE", after=2, times=ALWAYS)
        await undo(w, number)
        assert w.sandbox.store.count() == 4
        w.line.clear()
        w.clock.advance(minutes=11)
        assert (await question(w, number)).preview.count == 4
        await undo(w, number)
        assert w.sandbox.store.count() == 0


@pytest.mark.parametrize("after", [False, True], ids=["before a delete was sent", "after it acted"])
@pytest.mark.parametrize("looked_after", [True, False], ids=["looked after meanwhile", "at once"])
async def test_after_a_kill_in_the_middle_the_rest_is_taken_back_with_another_yes(
    tmp_path: Path, after: bool, looked_after: bool
) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w:
        number = await imported(w, 5)
        # Two rows get through before the process stands still.
        line = _Third(w, after=after)
        async with stopped(w, url, line, answering(number, 5)):
            try:
                there = w.sandbox.store.count()
                assert there == (2 if after else 3)
                if looked_after:
                    for _ in range(4):
                        await w.later(seconds=LEASED)
                    assert w.sandbox.store.count() == there  # no delete by itself
                else:
                    w.clock.advance(seconds=LEASED)
                    with pytest.raises(Held):  # somebody may be at it still
                        await undo(w, number, MINH)
                    for _ in range(4):
                        await w.later(seconds=LEASED)
                again = await question(w, number)
                assert again.preview.count == there
                await undo(w, number)
                assert w.sandbox.store.count() == 0
            finally:
                line.wake.set()


async def test_a_process_that_slept_in_the_middle_stops_where_its_undo_was_ended_meanwhile(tmp_path: Path) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w:
        number = await imported(w, 5)
        line = _Third(w, after=True)
        async with stopped(w, url, line, answering(number, 5)) as task:
            for _ in range(4):
                await w.later(seconds=LEASED)
            assert "Undo it again to go on" in await heard(w)
            line.wake.set()
            async with asyncio.timeout(20):
                await asyncio.wait((task,))
            assert not task.exception() or isinstance(task.exception(), CrmError)
        assert len(w.sent("DELETE")) == 3, "a person was told that it was interrupted"


class _Third(Stopping):
    """Stands still at the third delete."""

    def __init__(self, w: World, *, after: bool) -> None:
        super().__init__(w.line, "DELETE", after=after)
        self._left = 2

    async def handle_async_request(self, request: Any) -> Any:
        if request.method == "DELETE" and self._left:
            self._left -= 1
            return await self._inner.handle_async_request(request)
        return await super().handle_async_request(request)


async def test_an_import_that_waits_is_not_gone_on_with_and_what_got_in_can_be_taken_back() -> None:
    async with world(people=0) as w:
        many = [{"name": f"Khách {i}"} for i in range(120)]
        w.line.lose_request("POST", after=1, times=ALWAYS)
        made = await do(w, "import_leads", rows=many)
        assert made.created == 100
        asked = await question(w, made.change)
        assert "100" in asked.preview.question.render("en"), "what is in AntCRM already is deleted or said to stay"
        await undo(w, made.change)
        w.line.clear()
        for _ in range(3):
            await w.later(minutes=20)
        assert len(w.sent("POST")) == 1
        assert w.sandbox.store.count() == 0


async def test_an_import_of_which_nothing_left_is_taken_back_and_never_sent() -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST", times=ALWAYS)
        made = await do(w, "import_leads", rows=khach(3))
        outcome = await submit(w, "undo_change", change=made.change)
        assert isinstance(outcome, Ask)
        await undo(w, made.change)
        w.line.clear()
        for _ in range(3):
            await w.later(minutes=20)
        assert w.sent("POST") == []
        assert w.sandbox.store.count() == 0


async def test_a_row_of_which_nothing_is_known_is_named_and_does_not_come_behind_the_back() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500, after=1)
        made = await do(w, "import_leads", rows=[{"name": f"Khách {i}"} for i in range(101)])
        assert made.created == 100
        try:
            told = (await undo(w, made.change)).sentence()
        except BadInput as error:
            told = error.text
        left = "Khách 100" in told.render("en")
        assert left or "not known" in told.render("en"), "one row may still get in, and nobody was told"


async def test_rows_may_name_their_fields_in_any_order() -> None:
    async with world(people=0) as w:
        made = await do(w, "import_leads", rows=[{"phones": ["0977000001"], "name": "Khách"}])
        assert made.created == 1


async def test_an_import_that_created_nothing_has_nothing_to_undo() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 400, times=None)
        made = await do(w, "import_leads", rows=khach(2))
        assert "changed nothing that could be undone" in await refused(w, made.change)
