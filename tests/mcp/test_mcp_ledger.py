"""Imports that take long or are interrupted, over MCP; and two AntCRMs in one ledger, which do not see each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antcrm_mcp import server
from antcrm_tools import jobs
from antcrm_tools.desk import Desk
from antcrm_tools.house import House
from antcrm_tools.outcomes import Actor, Ask
from antcrm_tools.sandbox import AN
from antcrm_tools.tools import tool_named
from tests.fakes.assistant import Person, assistant
from tests.fakes.rogue import rogue
from tests.fakes.world import World, world
from tests.interleavings.houses import Stopping, another, stopped
from tests.interleavings.leads import LEASED, PAUSE, changes, leads, posts

SECONDS = 60.0
YES = f"Delete {AN.name}"
LEAD: dict[str, Any] = {"name": "Nguyễn Văn Bình", "phones": ["0977123456"]}
LAN = Actor("lan@antcrm.example", "mcp")
ROWS = [{"name": f"Hàng {n}", "phones": [f"0977{n:06}"]} for n in range(5)]
AGAIN = "Make the same call again to hear what became of it."


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger that several processes open. An import goes in packages of three; who is killed finishes nothing."""

    async def at_once(_desk: Desk) -> None:
        pass

    monkeypatch.setattr(jobs, "PACKAGE", 3)
    monkeypatch.setattr(Desk, "aclose", at_once)
    return tmp_path / "ledger.sqlite3"


async def test_an_import_that_takes_long_is_picked_up_by_the_same_call(
    url: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WAIT", 0.05)
    async with world(people=0, url=url) as w:
        line = Stopping(w.line, "POST", after=False)
        async with another(w, url, line=line) as house, assistant(house, person=Person("yes")) as a:
            first = await a.call("import_leads", rows=ROWS)
            async with asyncio.timeout(SECONDS):
                await line.reached.wait()
            said = await a.call("import_leads", rows=ROWS)
            assert (len(first.asked), len(said.asked)) == (1, 0)
            for each in (first, said):
                assert AGAIN in each.text
            line.wake.set()
            async with asyncio.timeout(SECONDS):
                while AGAIN in said.text:
                    said = await a.call("import_leads", rows=ROWS)
        assert said.data["created"] == len(ROWS)
        assert not said.asked
        assert (leads(w), posts(w)) == (len(ROWS), 2)


async def imports(house: House) -> None:
    desk = house.desk()
    asked = await desk.submit(tool_named("import_leads").call({"rows": ROWS}), LAN)
    assert isinstance(asked, Ask)
    await desk.answer(asked.ticket, LAN, yes=True, count=len(ROWS))


STOPS: dict[str, Callable[[World], Stopping]] = {
    "the first package is not read back": lambda w: Stopping(w.line, "GET", after=False, following="POST"),
    "the second package does not arrive": lambda w: Stopping(w.line, "POST", after=False, following="POST"),
}


@pytest.mark.parametrize("stop", STOPS)
async def test_within_the_hour_the_next_process_goes_on_by_itself(url: Path, stop: str) -> None:
    async with world(people=0, url=url) as w, stopped(w, url, STOPS[stop](w), imports):
        for _ in range(4):
            await w.later(seconds=LEASED)
        assert leads(w) == len(ROWS)
        assert {change.status for change in await changes(w)} == {"done"}
        async with assistant(w.house) as a:
            said = await a.call("import_leads", rows=ROWS)
        assert not said.asked
        assert said.data["created"] == len(ROWS)
        assert leads(w) == len(ROWS)


async def test_after_the_hour_a_person_is_asked_again(url: Path) -> None:
    stop = STOPS["the first package is not read back"]
    async with world(people=0, url=url) as w, stopped(w, url, stop(w), imports):
        await w.later(hours=1, seconds=LEASED)
        await w.later(seconds=PAUSE)
        assert leads(w) == 3
        async with assistant(w.house, person=Person("keep")) as a:
            said = await a.call("import_leads", rows=ROWS)
        (question,) = said.asked
        assert question.splitlines()[0] == "3 of 5 leads are done. Go on with the other 2?"
        assert leads(w) == 3
        async with assistant(w.house, person=Person("yes", types=2)) as a:
            said = await a.call("import_leads", rows=ROWS)
        assert len(said.asked) == 1
        assert said.data["created"] == len(ROWS)
        assert (leads(w), posts(w)) == (len(ROWS), 2)


OTHERS = pytest.mark.parametrize("other", [{"api_key": "another-key"}, {"base_url": "https://other.antcrm.example"}])


@OTHERS
async def test_another_antcrm_in_the_same_file_is_not_there(url: Path, other: dict[str, Any]) -> None:
    async with world(url=url) as ours, world(url=url, **other) as theirs:
        async with assistant(ours.house) as a, assistant(theirs.house) as b:
            made = await a.call("update_stage", ref=AN.ref, stage="Chốt")
            number = made.data["change"]
            assert (await b.call("list_changes")).data["changes"] == []
            undone = await b.call("undo_change", change=number)
            assert undone.is_error
            assert not undone.asked
            ours.sandbox.faults.fail("POST", 500)
            assert (await a.call("create_lead", **LEAD)).is_error
            # Neither its phone nor the wish is held here, and its fate is not looked into from here.
            assert not (await b.call("create_lead", **LEAD)).is_error
            await theirs.later(seconds=LEASED)
            assert [change.status for change in await changes(ours)] == ["done", "unsure"]
            await ours.later(seconds=LEASED)
            there = await b.call("get_customer", ref=AN.ref)
            here = await a.call("get_customer", ref=AN.ref)
        assert "It is saved now" not in there.text
        assert "It is saved now" in here.text
        assert (posts(ours), posts(theirs)) == (2, 1)


@OTHERS
async def test_nor_is_its_question(url: Path, other: dict[str, Any]) -> None:
    async with world(url=url) as ours, world(url=url, **other) as theirs:
        async with rogue(ours.house) as there:
            state = await there.ask()
        async with rogue(theirs.house) as here:
            said = await here.final(choice=YES, state=state)
        assert "this question is no longer open" in said.text
        assert theirs.destroyed() == []
        async with rogue(ours.house) as there:
            assert not (await there.final(choice=YES, state=state)).is_error


@pytest.mark.parametrize("spelling", ["https://crm.antcrm.example/", "HTTPS://crm.antcrm.example"])
async def test_the_same_antcrm_spelled_otherwise_is_the_same(url: Path, spelling: str) -> None:
    async with world(url=url, base_url="https://crm.antcrm.example") as one, assistant(one.house) as a:
        await a.call("update_stage", ref=AN.ref, stage="Chốt")
    async with world(url=url, base_url=spelling) as other, assistant(other.house) as b:
        assert len((await b.call("list_changes")).data["changes"]) == 1
