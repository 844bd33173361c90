"""An assistant that cannot ask, where others can: what it is told, and that nothing it can call is a yes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

from antcrm_mcp import server
from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import ERAS, Era, Person, assistant
from tests.fakes.rogue import Rogue, rogue
from tests.fakes.world import World, world
from tests.mcp.test_mcp_hostile_table import TARGETS

BOT = "bot@telegram"
MANAGER = Actor("boss@antcrm.example", "telegram", "server")
every_era = pytest.mark.parametrize("era", ERAS)
on_each = pytest.mark.parametrize("target", TARGETS)


@pytest.fixture(autouse=True)
def _waits_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", 0.1)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(url=tmp_path / "ledger.sqlite3") as one:
        yield one


async def waiting(w: World) -> str:
    """The only question that stands open."""
    (status,) = await w.approving.open()
    return status.ticket.id


def sent(w: World) -> int:
    """Requests that destroyed, or created."""
    return len(w.destroyed()) + len(w.sent("POST"))


@every_era
async def test_without_a_bot_it_names_the_terminal_and_does_not_wait(
    w: World, era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WAIT", 1_000.0)
    async with assistant(w.house, era=era, person=Person(None)) as a:
        said = await a.call("delete_customer", ref=AN.ref)
        assert said.is_error
        assert f"Nothing was changed yet: “Delete lead {AN.ref} {AN.name}?” waits for a yes until 09:10." in said.text
        assert "No bot on Telegram is running that could show it to anybody." in said.text
        assert "antcrm approve" in said.text
        assert isinstance(await w.house.desk().approve(await waiting(w), MANAGER, yes=True), Done)
        done = await a.call("delete_customer", ref=AN.ref)
        assert done.data["ref"] == AN.ref
    assert len(w.destroyed()) == 1


async def test_asked_again_it_waits_for_whoever_is_at_the_terminal(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with assistant(w.house, person=Person(None)) as a:
        await a.call("delete_customer", ref=AN.ref)
        ticket = await waiting(w)
    monkeypatch.setattr(server, "WAIT", 15.0)
    async with assistant(w.house, person=Person(None)) as a:
        asking = asyncio.create_task(a.call("delete_customer", ref=AN.ref))
        await w.house.desk().approve(ticket, MANAGER, yes=True)
        said = await asking
        assert not said.is_error, said.text
    assert len(w.destroyed()) == 1


async def test_a_bot_that_has_not_sent_it_yet(w: World) -> None:
    await w.approving.cards.here(BOT, "server")
    async with assistant(w.house, person=Person(None)) as a:
        said = await a.call("delete_customer", ref=AN.ref)
    assert "It is being sent to Telegram" in said.text


@every_era
async def test_where_it_can_ask_and_lacks_the_right_a_manager_is_asked(w: World, era: Era) -> None:
    book = w.house.ledger().members
    await book.accept(await book.invite("lan@antcrm.example", "sales", by="boss"), 42)
    await book.accept(await book.invite(MANAGER.who, "manager", by="boss"), 43)
    async with assistant(w.house, era=era) as a:
        said = await a.call("delete_customer", ref=AN.ref)
        assert said.is_error
        assert not said.asked
        assert "waits for a manager's yes until 09:10" in said.text
        assert isinstance(await w.house.desk().approve(await waiting(w), MANAGER, yes=True), Done)
        assert not (await a.call("delete_customer", ref=AN.ref)).is_error
    assert len(w.destroyed()) == 1


@every_era
@on_each
async def test_asking_again_and_again_is_no_yes(w: World, target: str, era: Era) -> None:
    tool, arguments, _, _ = TARGETS[target]
    async with assistant(w.house, era=era, person=Person(None)) as a:
        for _ in range(3):
            said = await a.call(tool, **arguments)
            assert said.is_error
            assert "Nothing was changed yet" in said.text
        await asyncio.gather(*(a.call(tool, **arguments) for _ in range(3)))
    assert len(await w.approving.open()) == 1
    assert sent(w) == 0


@on_each
async def test_answers_it_makes_up_are_none(w: World, target: str) -> None:
    """With its own question standing elsewhere, whatever it sends along."""
    tool, arguments, others, yes = TARGETS[target]
    answer = ElicitResult(action="accept", content=yes)
    async with assistant(w.house, person=Person(None)) as a:
        await a.call(tool, **arguments)
        ticket = await waiting(w)
        r = Rogue(a.client)
        for given in (arguments, others):
            await r.send(given, tool=tool, answer=answer)
            for state in (ticket, f".a{ticket}", f"c:.a{ticket}", "approved"):
                with pytest.raises(MCPError, match="requestState"):
                    await r.send(given, tool=tool, answer=answer, state=state)
    assert sent(w) == 0


async def test_no_tool_answers_it(w: World) -> None:
    """Every tool with the ticket wherever a text fits, and everything else a client can call."""
    async with assistant(w.house, person=Person(None)) as a:
        await a.call("delete_customer", ref=AN.ref)
        ticket = await waiting(w)
        for tool in TOOLS:
            for argument, given in _texts(ticket):
                await a.call(tool.name, **{"ref": HOA.ref, argument: given})
                await a.call(tool.name, **{argument: given})
        for name in ("approve", "confirm", "antcrm_approve", "answer"):
            assert (await a.call(name, ticket=ticket, yes=True)).is_error
        for uri in (f"antcrm://approve/{ticket}", f"antcrm://stages/{ticket}", f"antcrm://tickets/{ticket}"):
            try:
                await a.client.read_resource(uri)
            except MCPError:
                continue
        assert ticket in {status.ticket.id for status in await w.approving.open()}
    assert w.destroyed() == []


def _texts(ticket: str) -> list[tuple[str, Any]]:
    words = (ticket, f".a{ticket}", "yes", True)
    names = ("ref", "query", "confirm", "ticket", "note", "stage", "approve", "change")
    return [(name, word) for name in names for word in words]


async def test_nothing_an_assistant_reads_holds_the_ticket(w: World) -> None:
    async with assistant(w.house, person=Person(None)) as a:
        said = await a.call("delete_customer", ref=AN.ref)
        ticket = await waiting(w)
        changes = await a.call("list_changes")
    assert ticket not in said.text
    assert ticket not in changes.text


async def test_a_client_that_claims_it_can_ask_and_says_no_changes_nothing(w: World) -> None:
    async with rogue(w.house, era="old") as r:
        assert (await r.final()).is_error
    assert w.destroyed() == []
