"""Whoever asked hears what became of it, whatever happens to the process that carries the answer out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from antcrm_mcp import server
from antcrm_mcp.server import build_server
from antcrm_tools.errors import CannotAsk, LedgerBroken
from antcrm_tools.ledger.cards import Cards
from antcrm_tools.ledger.schema import tickets
from antcrm_tools.ledger.tickets import MOST_OPEN, PRESUMED, LedgerTickets
from antcrm_tools.outcomes import Actor, Done, Dropped, Unsure, Waiting
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.text import msg
from antcrm_tools.tools import TOOLS, tool_named
from tests.desk.test_approving import ASSISTANT, BOSS, asked, delete, phone
from tests.fakes.assistant import Person, assistant
from tests.fakes.world import World, world

BOT = "bot@telegram"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(url=tmp_path / "ledger.sqlite3") as one:
        yield one


def another(w: World) -> LedgerTickets:
    """The tickets as another process has them."""
    return LedgerTickets(w.house.store(), crm=w.house.ledger().crm, clock=w.clock, tools=tool_named)


async def news(w: World) -> list[str]:
    return [each.text.render("en") for each in await w.house.desk().news(ASSISTANT)]


async def test_a_process_that_is_gone(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = await asked(w)
    assert await another(w).take(waiting.ticket, phone(BOSS))
    monkeypatch.setattr("antcrm_tools.ledger.tickets.is_gone", bool)
    outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)
    assert isinstance(outcome, Unsure)
    assert "The program ended while this was being carried out" in outcome.text.render("en")
    assert await news(w) == []
    assert isinstance(await w.house.desk().submit(delete(), ASSISTANT, asks_here=False), Waiting)


async def test_or_it_is_news(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = await asked(w)
    assert await another(w).take(waiting.ticket, phone(BOSS))
    assert await news(w) == []
    monkeypatch.setattr("antcrm_tools.ledger.tickets.is_gone", bool)
    await w.house.desk().tidy()
    (said,) = await news(w)
    assert "The program ended while this was being carried out" in said
    assert "Answered by boss@antcrm.example through Telegram." in said


async def test_a_process_of_another_machine_that_says_nothing(w: World) -> None:
    """And lives after all: its own word counts, and is told."""
    waiting = await asked(w)
    theirs = another(w)
    await w.approving.cards.begin(waiting.ticket, BOT, [(42, BOSS)])
    await w.approving.cards.note(waiting.ticket, BOT, 42, "shown", 700)
    assert await theirs.take(waiting.ticket, phone(BOSS))
    w.clock.advance(seconds=PRESUMED.total_seconds() - 1)
    await w.house.desk().tidy()
    assert await news(w) == []
    w.clock.advance(seconds=2)
    await w.house.desk().tidy()
    assert len(await news(w)) == 1
    await w.house.desk().told(await w.house.desk().news(ASSISTANT))
    await w.approving.cards.note(waiting.ticket, BOT, 42, "closed")
    await theirs.settle(waiting.ticket, Dropped("declined", msg("Nothing was changed: the answer was no.")))
    (said,) = await news(w)
    assert "the answer was no" in said
    assert [card.account for card in await w.approving.cards.standing(BOT)] == [42]


async def test_an_outcome_that_could_not_be_written_down_is_later(w: World) -> None:
    waiting = await asked(w)
    store = w.house.store()
    running, broken = store.run, [False]

    async def run(work: Any, *, write: bool = True) -> Any:
        if broken[0] and write:
            raise LedgerBroken(msg("It is full."))
        return await running(work, write=write)

    store.run = run
    real = LedgerTickets.settle

    async def full(self: LedgerTickets, *rest: Any) -> None:
        broken[0] = True
        await real(self, *rest)

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(LedgerTickets, "settle", full)
        assert isinstance(await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True), Done)
    theirs = await another(w).get(waiting.ticket)
    assert theirs is not None
    assert theirs.outcome is None
    with pytest.raises(LedgerBroken):
        await w.house.desk().tidy()
    broken[0] = False
    await w.house.desk().tidy()
    theirs = await another(w).get(waiting.ticket)
    assert theirs is not None
    assert isinstance(theirs.outcome, Done)
    assert len(w.destroyed()) == 1


async def test_an_answer_of_which_nobody_knows_whether_it_was_taken(w: World) -> None:
    waiting = await asked(w)
    store = w.house.store()
    running, lost = store.run, [True]

    async def run(work: Any, *, write: bool = True) -> Any:
        result = await running(work, write=write)
        if lost and write:
            lost.clear()
            raise LedgerBroken(msg("The line broke."))
        return result

    store.run = run
    with pytest.raises(LedgerBroken):
        await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    await w.house.desk().tidy()
    (said,) = await news(w)
    assert "the answer could not be written down. Ask again." in said
    assert w.destroyed() == []


async def test_a_yes_in_the_last_moment_is_not_called_none(w: World) -> None:
    waiting = await asked(w)
    latest = LedgerTickets.latest

    async def meanwhile(self: LedgerTickets, *rest: Any) -> Any:
        found = await latest(self, *rest)
        assert isinstance(await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True), Done)
        w.clock.advance(minutes=10)
        return found

    with pytest.MonkeyPatch.context() as once:
        once.setattr(LedgerTickets, "latest", meanwhile)
        outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)
    assert isinstance(outcome, Done)
    assert len(w.destroyed()) == 1


async def test_many_at_once_are_not_more_than_may_stand_open(w: World) -> None:
    calls = [
        tool_named("update_customer").call({"ref": AN.ref, "empty": ["note"], "industry": f"{n}"}) for n in range(20)
    ]
    desk = w.house.desk()
    outcomes = await asyncio.gather(
        *(desk.submit(call, ASSISTANT, asks_here=False) for call in calls), return_exceptions=True
    )
    assert sum(isinstance(each, Waiting) for each in outcomes) == MOST_OPEN
    assert sum(isinstance(each, CannotAsk) for each in outcomes) == len(calls) - MOST_OPEN


async def test_that_nobody_answered_is_news_where_no_bot_runs(w: World) -> None:
    await asked(w)
    w.clock.advance(minutes=10)
    (said,) = await news(w)
    assert "nobody answered the question in time" in said


async def test_an_outcome_waits_for_whoever_is_away_until_tomorrow(w: World) -> None:
    waiting = await asked(w)
    await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=False)
    w.clock.advance(hours=23)
    await another(w).forget()
    (said,) = await news(w)
    assert "said no" in said
    w.clock.advance(hours=2)
    await another(w).forget()
    assert await news(w) == []


async def test_a_question_that_was_replaced_is_no_news(w: World) -> None:
    await asked(w)
    row = w.sandbox.store.get("lead", AN.id)
    assert row is not None
    row.fields["bgInfo"] = "Vừa chốt!"
    w.sandbox.store.save(row)
    second = await asked(w)
    assert isinstance(await w.house.desk().approve(second.ticket, phone(BOSS), yes=True), Done)
    assert isinstance(await w.house.desk().submit(delete(), ASSISTANT, asks_here=False), Done)
    assert await news(w) == []


async def test_a_call_that_comes_while_it_is_carried_out_is_told_once(w: World) -> None:
    waiting = await asked(w)
    desk = w.house.desk()
    deciding = asyncio.create_task(desk.approve(waiting.ticket, phone(BOSS), yes=True))
    outcome = await desk.submit(delete(), ASSISTANT, asks_here=False, within=10.0)
    assert isinstance(await deciding, Done)
    assert isinstance(outcome, Done)
    assert await news(w) == []


async def test_another_client_that_gets_no_answer_closes_nothing(w: World) -> None:
    """It can ask, and nobody sits there; the card on the phone stays."""
    waiting = await asked(w)
    silent = Person("silent")
    shy = build_server(w.house, tools=TOOLS, elicit_timeout=0.05)
    async with assistant(w.house, era="old", person=silent, server=shy) as a:
        said = await a.call("delete_customer", ref=AN.ref)
    assert silent.asked
    assert "waits for a yes" in said.text
    assert isinstance(await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True), Done)


async def test_what_was_erased_meanwhile_is_not_said_to_wait(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", 0.05)
    await w.approving.cards.here(BOT, "server")
    began = asyncio.Event()
    couriers = Cards.couriers

    async def then_erased(self: Cards) -> Any:
        found = await couriers(self)
        if not began.is_set():
            began.set()
            await w.house.store().run(lambda c: c.execute(tickets.delete()) and None)
        return found

    monkeypatch.setattr(Cards, "couriers", then_erased)
    outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False, within=0.05)
    assert isinstance(outcome, Unsure)
    assert "is not known any more" in outcome.text.render("en")


async def test_a_question_that_is_asked_is_not_said_to_be_none(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger breaks right after it was written down."""
    left = [1]
    couriers = Cards.couriers

    async def breaks(self: Cards) -> Any:
        if left[0]:
            left[0] -= 1
            raise LedgerBroken(msg("It is locked."))
        return await couriers(self)

    monkeypatch.setattr(Cards, "couriers", breaks)
    outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False, within=0.05)
    assert isinstance(outcome, Waiting)


async def test_a_row_that_was_answered_and_cannot_be_read_is_left_alone(w: World) -> None:
    waiting = await asked(w, delete(HOA.ref))
    spoiled = update(tickets).values(tool="of_a_later_program")
    await w.house.store().run(lambda connection: connection.execute(spoiled) and None)
    await w.house.desk().tidy()
    assert await news(w) == []
    outcome = await w.house.desk().approve(waiting.ticket, Actor("local", "terminal"), yes=True)
    assert isinstance(outcome, Dropped)
    assert w.destroyed() == []
