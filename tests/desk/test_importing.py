"""Imports at the Desk: one yes with the number typed, and what the same import gets that is asked for again."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.import_leads import Imported
from tests.fakes.world import ALWAYS, World, world

LAN = Actor("lan@antcrm.example", "terminal")
ASSISTANT = Actor("lan@antcrm.example", "mcp")


async def submit(w: World, rows: list[dict[str, str]], actor: Actor = LAN, source: str = "") -> Outcome:
    return await w.house.desk().submit(tool_named("import_leads").call({"rows": rows}), actor, source=source)


async def ask(w: World, rows: list[dict[str, str]], actor: Actor = LAN, source: str = "") -> Ask:
    outcome = await submit(w, rows, actor, source)
    assert isinstance(outcome, Ask)
    return outcome


async def imported(w: World, rows: list[dict[str, str]], actor: Actor = LAN, source: str = "") -> Imported:
    """Ask, and say yes."""
    question = await ask(w, rows, actor, source)
    done = await w.house.desk().answer(question.ticket, actor, yes=True, count=len(rows))
    assert isinstance(done, Done)
    return cast("Imported", done.result)


def known(outcome: Outcome) -> Imported:
    """What is handed out again."""
    assert isinstance(outcome, Done)
    assert outcome.again
    return cast("Imported", outcome.result)


def khach(count: int) -> list[dict[str, str]]:
    return [{"name": f"Khách {i}"} for i in range(count)]


async def test_the_number_of_a_bulk_has_to_be_typed() -> None:
    async with world() as w:
        rows = khach(3)
        for typed in (None, 2, 0):
            question = await ask(w, rows)
            assert question.preview.count == 3
            outcome = await w.house.desk().answer(question.ticket, LAN, yes=True, count=typed)
            assert isinstance(outcome, Dropped)
            assert outcome.reason == "wrong_count"
        assert w.sent("POST") == []
        question = await ask(w, rows)
        done = await w.house.desk().answer(question.ticket, LAN, yes=True, count=3)
        assert isinstance(done, Done)
        assert isinstance(done.result, Imported)
        assert done.result.created == 3


@pytest.mark.parametrize(
    ("actor", "source"), [(ASSISTANT, ""), (Actor("lan@antcrm.example", "telegram"), "message 7")], ids=["words", "tap"]
)
async def test_the_same_import_within_ten_minutes_is_the_same_wish(actor: Actor, source: str) -> None:
    async with world(people=0) as w:
        first = await imported(w, khach(3), actor, source)
        w.clock.advance(minutes=9)
        again = known(await submit(w, khach(3), actor, source))
        assert again.rows == first.rows
        assert again.change == first.change
        assert len(w.sent("POST")) == 1
        assert w.sandbox.store.count("lead") == 3


async def test_after_ten_minutes_words_are_meant_anew_and_a_tap_never() -> None:
    async with world(people=0) as w:
        telegram = Actor("lan@antcrm.example", "telegram")
        await imported(w, khach(1), ASSISTANT)
        tapped = await imported(w, khach(1), telegram, "message 7")
        w.clock.advance(minutes=11)
        assert isinstance(await submit(w, khach(1), ASSISTANT), Ask)
        assert known(await submit(w, khach(1), telegram, "message 7")).change == tapped.change
        assert isinstance(await submit(w, khach(1), telegram, "message 8"), Ask)
        assert len(w.sent("POST")) == 2


async def test_who_sits_at_a_terminal_is_asked_again_and_nothing_is_sent_before() -> None:
    async with world(people=0) as w:
        await imported(w, khach(3))
        assert isinstance(await submit(w, khach(3)), Ask)
        assert len(w.sent("POST")) == 1


async def test_an_import_that_was_not_sent_goes_on_by_itself_and_is_not_asked_about_again() -> None:
    async with world(people=0) as w:
        question = await ask(w, khach(2), ASSISTANT)
        w.line.lose_request(times=ALWAYS)
        first = await w.house.desk().answer(question.ticket, ASSISTANT, yes=True, count=2)
        assert isinstance(first, Done)
        result = cast("Imported", first.result)
        assert [row.outcome for row in result.rows] == ["not_sent", "not_sent"]
        assert result.unfinished
        assert "goes on by itself" in result.sentence().render("en")
        # The same call meanwhile is no second question, and no second import.
        meanwhile = await submit(w, khach(2), ASSISTANT)
        assert isinstance(meanwhile, Done)
        assert cast("Imported", meanwhile.result).change == result.change
        w.line.clear()
        await w.later(seconds=31)
        again = known(await submit(w, khach(2), ASSISTANT))
        assert [row.outcome for row in again.rows] == ["created", "created"]
        assert not again.unfinished
        assert len(w.sent("POST")) == 1
        assert w.sandbox.store.count("lead") == 2


async def test_an_import_of_which_nothing_got_in_may_be_tried_again_at_once() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 400, times=None)
        first = await imported(w, khach(2), ASSISTANT)
        assert [row.outcome for row in first.rows] == ["refused", "refused"]
        w.sandbox.faults.clear()
        again = await imported(w, khach(2), ASSISTANT)
        assert [row.outcome for row in again.rows] == ["created", "created"]


async def test_a_long_import_is_not_confirmed_twice_while_it_runs() -> None:
    async with world() as w:
        rows = khach(1)
        question = await ask(w, rows)
        running, go_on = asyncio.Event(), asyncio.Event()

        async def watch(_done: int, _total: int) -> None:
            running.set()
            await go_on.wait()

        desk = w.house.desk()
        answered = asyncio.create_task(desk.answer(question.ticket, LAN, yes=True, count=1, progress=watch))
        async with asyncio.timeout(10):
            await running.wait()
            w.clock.advance(minutes=11)
            repeated = asyncio.create_task(submit(w, rows))
            # The ledger is asked one after the other, so by now the repeat has seen that it was answered.
            for _ in range(3):
                assert not repeated.done()
                await w.house.ledger().changes.of_cause("nobody's")
            go_on.set()
            first, second = await asyncio.gather(answered, repeated)
        assert isinstance(second, Done)
        assert second == first
        assert len(w.sent("POST")) == 1
