"""Who may answer a question from elsewhere, and what becomes of it: at the Desk, without any face."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from antcrm_tools.approving import recipients
from antcrm_tools.errors import CannotAsk, LedgerBroken, NotAllowed
from antcrm_tools.ledger.tickets import MOST_OPEN, LedgerTickets
from antcrm_tools.members import Member, Role
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Unsure, Waiting
from antcrm_tools.registry import Call
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.text import msg
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.create_lead import LeadCreated
from tests.fakes.world import World, world

LAN, BOSS, MINH = "lan@antcrm.example", "boss@antcrm.example", "minh@antcrm.example"
ASSISTANT = Actor(LAN, "mcp", "Claude @ laptop")
TERMINAL = Actor(BOSS, "terminal", "laptop")


def phone(who: str) -> Actor:
    return Actor(who, "telegram", "server")


def delete(ref: str = AN.ref) -> Call:
    return tool_named("delete_customer").call({"ref": ref})


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """A ledger that other programs see, in which Lan sells and the boss manages."""
    async with world(url=tmp_path / "ledger.sqlite3") as one:
        book = one.house.ledger().members
        for number, (who, role) in enumerate(((LAN, "sales"), (BOSS, "manager"), (MINH, "sales"), ("a@b.vn", "admin"))):
            await book.accept(await book.invite(who, role, by="local"), 42 + number)  # pyright: ignore[reportArgumentType]
        yield one


async def asked(w: World, call: Call | None = None, actor: Actor = ASSISTANT) -> Waiting:
    outcome = await w.house.desk().submit(call or delete(), actor, asks_here=False)
    assert isinstance(outcome, Waiting)
    return outcome


async def created(w: World, number: int) -> str:
    """A new lead."""
    call = tool_named("create_lead").call({"name": f"Khách {number}", "phones": [f"09770{number:05}"]})
    outcome = await w.house.desk().submit(call, phone(BOSS))
    assert isinstance(outcome, Done)
    assert isinstance(outcome.result, LeadCreated)
    assert outcome.result.created is not None
    return outcome.result.created.ref


async def test_a_manager_says_yes_for_others(w: World) -> None:
    waiting = await asked(w)
    outcome = await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    assert isinstance(outcome, Done)
    assert len(w.destroyed()) == 1
    changes = await w.house.desk().submit(tool_named("list_changes").call({}), phone(BOSS))
    assert isinstance(changes, Done)
    assert "lan@antcrm.example (assistant)" in changes.result.sentence().render("en")
    assert "· boss@antcrm.example said yes" in changes.result.sentence().render("en")
    again = await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=False)
    assert isinstance(again, Done)
    assert len(w.destroyed()) == 1


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("who", [LAN, MINH])
async def test_whoever_lacks_the_right_answers_nothing(w: World, who: str, yes: bool) -> None:
    waiting = await asked(w)
    with pytest.raises(NotAllowed):
        await w.house.desk().approve(waiting.ticket, phone(who), yes=yes)
    assert w.destroyed() == []
    assert isinstance(await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True), Done)


async def test_nor_does_the_assistant_itself(w: World) -> None:
    waiting = await asked(w)
    desk = w.house.desk()
    outcome = None
    with suppress(NotAllowed):
        outcome = await desk.answer(waiting.ticket, ASSISTANT, yes=True)
    assert not isinstance(outcome, Done)
    assert w.destroyed() == []


async def test_whose_role_was_lowered_meanwhile_confirms_nothing(w: World) -> None:
    waiting = await asked(w)
    await w.house.ledger().members.set_role(BOSS, "sales", named=())
    with pytest.raises(NotAllowed):
        await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    assert w.destroyed() == []


@pytest.mark.parametrize("became", ["removed", "viewer"])
async def test_what_was_asked_by_somebody_who_is_out_is_not_done(w: World, became: str) -> None:
    waiting = await asked(w)
    book = w.house.ledger().members
    await (book.remove(LAN, named=()) if became == "removed" else book.set_role(LAN, "viewer", named=()))
    with pytest.raises(NotAllowed):
        await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    assert w.destroyed() == []


async def test_a_viewer_asks_nobody(w: World) -> None:
    await w.house.ledger().members.set_role(LAN, "viewer", named=())
    with pytest.raises(NotAllowed):
        await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)


async def test_what_the_program_may_not_do_is_not_asked_either(tmp_path: Path) -> None:
    async with world(url=tmp_path / "ledger.sqlite3", scopes="read,write") as w:
        with pytest.raises(NotAllowed, match="which this program was not given"):
            await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)


async def test_where_nobody_elsewhere_can_see_it_nothing_is_asked() -> None:
    async with world() as w:
        with pytest.raises(CannotAsk):
            await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)
        assert w.sent("GET") == []


async def test_a_question_of_this_face_is_nobody_elses(w: World) -> None:
    outcome = await w.house.desk().submit(delete(), phone(BOSS))
    assert isinstance(outcome, Ask)
    said = await w.house.desk().approve(outcome.ticket, phone("a@b.vn"), yes=True)
    assert isinstance(said, Dropped)
    assert w.destroyed() == []


async def test_at_a_terminal(w: World) -> None:
    waiting = await asked(w)
    assert isinstance(await w.house.desk().approve(waiting.ticket, TERMINAL, yes=True), Done)
    assert len(w.destroyed()) == 1


async def test_nobody_whose_name_is_not_known_answers_for_members(w: World) -> None:
    waiting = await asked(w)
    for who in ("local", "stranger@antcrm.example"):
        with pytest.raises(NotAllowed, match="Only a member may answer for others"):
            await w.house.desk().approve(waiting.ticket, Actor(who, "terminal", "laptop"), yes=True)
    assert w.destroyed() == []


async def test_where_nobody_is_a_member_whoever_has_the_key_answers(tmp_path: Path) -> None:
    async with world(url=tmp_path / "ledger.sqlite3") as w:
        waiting = await asked(w)
        outcome = await w.house.desk().approve(waiting.ticket, Actor("local", "terminal", "laptop"), yes=True)
        assert isinstance(outcome, Done)


async def test_a_number_that_is_not_the_count_confirms_nothing(w: World) -> None:
    rows = [{"name": "Một", "phones": ["0977000001"]}, {"name": "Hai", "phones": ["0977000002"]}]
    waiting = await asked(w, tool_named("import_leads").call({"rows": rows}))
    outcome = await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True, count=3)
    assert isinstance(outcome, Dropped)
    assert outcome.reason == "wrong_count"
    assert w.sent("POST") == []


async def test_the_same_question_is_shared_and_one_that_changed_is_asked_anew(w: World) -> None:
    first, second = await asked(w), await asked(w)
    assert first.ticket == second.ticket
    row = w.sandbox.store.get("lead", AN.id)
    assert row is not None
    row.fields["bgInfo"] = "Vừa chốt!"
    w.sandbox.store.save(row)
    third = await asked(w)
    assert third.ticket != first.ticket
    old = await w.house.desk().approve(first.ticket, phone(BOSS), yes=True)
    assert isinstance(old, Dropped)
    assert old.reason == "changed"
    assert isinstance(await w.house.desk().approve(third.ticket, phone(BOSS), yes=True), Done)


async def test_nobody_has_answered(w: World) -> None:
    await asked(w)
    w.clock.advance(minutes=10)
    outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)
    assert isinstance(outcome, Dropped)
    assert outcome.reason == "expired"
    assert isinstance(await w.house.desk().submit(delete(), ASSISTANT, asks_here=False), Waiting)


async def test_a_failure_is_said_on_both_sides(w: World) -> None:
    waiting = await asked(w)
    w.sandbox.faults.fail("DELETE", 400, times=None)
    with pytest.raises(Exception, match="AntCRM refused"):
        await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    with pytest.raises(Exception, match="AntCRM refused"):
        await w.house.desk().submit(delete(), ASSISTANT, asks_here=False)


async def test_a_ledger_that_breaks_while_it_is_waited_for(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not known whether somebody has answered, and nothing else is said."""
    await asked(w)

    async def broken(*_: Any) -> Any:
        raise LedgerBroken(msg("It is locked."))

    monkeypatch.setattr(LedgerTickets, "get", broken)
    outcome = await w.house.desk().submit(delete(), ASSISTANT, asks_here=False, within=0.05)
    assert isinstance(outcome, Waiting)
    said = outcome.text.render("en")
    assert "cannot be read from the ledger" in said
    assert "Nothing was changed" not in said


async def test_an_assistant_in_a_loop_does_not_fill_phones(w: World) -> None:
    *first, last = [await created(w, number) for number in range(MOST_OPEN + 1)]
    for ref in first:
        await asked(w, delete(ref))
    with pytest.raises(CannotAsk, match="wait for an answer already"):
        await w.house.desk().submit(delete(last), ASSISTANT, asks_here=False)
    await asked(w, delete(first[0]))  # a question that stands is no new one
    await asked(w, delete(last), Actor(MINH, "mcp"))
    w.clock.advance(minutes=10)
    await asked(w, delete(last))


async def test_what_was_answered_here_after_all_is_no_news(w: World) -> None:
    await w.house.ledger().members.set_role(LAN, "manager", named=())
    waiting = await asked(w)
    assert isinstance(await w.house.desk().answer(waiting.ticket, ASSISTANT, yes=True), Done)
    assert list(await w.house.desk().news(ASSISTANT)) == []


async def test_who_carried_it_out_is_gone(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = await asked(w)
    tickets = LedgerTickets(w.house.store(), crm=w.house.ledger().crm, clock=w.clock, tools=tool_named)
    monkeypatch.setattr("antcrm_tools.ledger.tickets.is_gone", bool)
    assert await tickets.take(waiting.ticket, phone(BOSS))
    said = await w.house.desk().approve(waiting.ticket, phone(BOSS), yes=True)
    assert isinstance(said, Unsure)
    assert "The program ended while this was being carried out" in said.text.render("en")
    assert w.destroyed() == []


MEMBERS = {"lan": (42, LAN), "second": (43, LAN), "boss": (44, BOSS), "admin": (45, "a@b.vn"), "minh": (46, MINH)}


WHO: list[tuple[dict[str, Role], tuple[str, ...], set[str]]] = [
    ({"lan": "manager", "boss": "manager"}, (), {"lan"}),
    ({"lan": "manager", "second": "manager", "boss": "manager"}, (), {"lan", "second"}),
    ({"lan": "manager", "second": "manager", "boss": "manager"}, ("lan",), {"second"}),
    ({"lan": "manager", "second": "sales", "boss": "manager"}, ("lan",), {"boss"}),
    ({"lan": "sales", "boss": "manager", "admin": "admin", "minh": "sales"}, (), {"boss", "admin"}),
    ({"boss": "manager", "admin": "admin", "minh": "viewer"}, ("boss",), {"admin"}),
    ({"lan": "sales", "minh": "sales"}, (), set()),
    ({}, (), set()),
]


@pytest.mark.parametrize(("roles", "without", "expected"), WHO)
async def test_who_is_asked(w: World, roles: dict[str, Role], without: tuple[str, ...], expected: set[str]) -> None:
    waiting = await asked(w, delete(HOA.ref))
    ticket = await w.house.desk().question(waiting.ticket)
    assert ticket is not None
    everybody = [Member(*MEMBERS[name], role) for name, role in roles.items()]
    found = recipients(ticket, "delete", everybody, [MEMBERS[name][0] for name in without])
    assert {member.telegram_id for member in found} == {MEMBERS[name][0] for name in expected}
