"""Assistants' processes that share a ledger: what one asked another is answered, what one began another knows."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antcrm_mcp import gate
from antcrm_tools import jobs
from antcrm_tools.house import House
from antcrm_tools.outcomes import Actor, Ask
from antcrm_tools.sandbox import AN, Sandbox
from antcrm_tools.sandbox.server import serving
from antcrm_tools.tools import tool_named
from tests.fakes.assistant import MODES, Assistant, Era, Person, assistant
from tests.fakes.rogue import Rogue, rogue
from tests.fakes.world import World, world
from tests.interleavings.houses import Stopping, another, stopped
from tests.interleavings.leads import LEASED, PAUSE, changes, leads, posts
from tests.mcp.test_mcp_stdio import COMMAND, environment

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

SECONDS = 60.0
YES = f"Delete {AN.name}"
LEAD: dict[str, Any] = {"name": "Nguyễn Văn Bình", "phones": ["0977123456"]}
LAN = Actor("lan@antcrm.example", "mcp")
ROWS = [{"name": f"Hàng {n}", "phones": [f"0977{n:06}"]} for n in range(5)]
AGAIN = "Make the same call again to hear what became of it."


@dataclass
class Standing:
    """An AntCRM that acts on a write and then says nothing, until it is let go."""

    app: ASGIApp
    method: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def held(message: Message) -> None:
            if scope.get("method") == self.method:
                self.reached.set()
                await self.let_go.wait()
            await send(message)

        await self.app(scope, receive, held)


@dataclass
class Process:
    """A real one, and how it is killed."""

    client: Client
    folder: Path

    def kill(self) -> None:
        os.kill(int((self.folder / "pid").read_text("ascii")), signal.SIGKILL)

    async def until_done(self, tool: str, /, **arguments: Any) -> str:
        """What is looked into by itself needs a moment."""
        async with asyncio.timeout(SECONDS):
            while (said := await Assistant(self.client, Person()).call(tool, **arguments)).is_error:
                assert "by itself" in said.text
        return said.text


@dataclass
class Office:
    """A served AntCRM, and processes on one ledger."""

    folder: Path
    sandbox: Sandbox
    url: str
    standing: Standing
    numbers: int = 0

    @asynccontextmanager
    async def process(
        self, *, era: Era = "new", person: Person | None = None, **settings: str
    ) -> AsyncGenerator[Process]:
        self.numbers += 1
        folder = self.folder / str(self.numbers)
        folder.mkdir()
        script = f"echo $$ > pid; exec {shlex.quote(COMMAND)} 2> errors"
        ours = {
            "ANTCRM_BASE_URL": self.url,
            "ANTCRM_API_KEY": self.sandbox.api_key,
            "ANTCRM_ACTOR": LAN.who,
            "ANTCRM_DATA_DIR": str(self.folder / "data"),
            "ANTCRM_UNSURE_PAUSE": "0.5",
            "ANTCRM_MAX_RPS": "100",
        }
        parameters = StdioServerParameters(
            command="/bin/sh", args=["-c", script], env=environment(**ours | settings), cwd=folder
        )
        look = (person or Person("cancel")).look
        async with Client(parameters, mode=MODES[era], elicitation_callback=look) as client:
            yield Process(client, folder)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncGenerator[Office]:
    with Sandbox.open(people=7) as sandbox:
        standing = Standing(sandbox.app)
        sandbox.app = standing  # pyright: ignore[reportAttributeAccessIssue]  it is served as well
        async with serving(sandbox) as url:
            try:
                yield Office(tmp_path, sandbox, url, standing)
            finally:
                standing.let_go.set()


async def killed_in(process: Process, work: Awaitable[object], reached: asyncio.Event) -> None:
    """Kill a process in the middle of a call, whose end its host then sees."""
    call = asyncio.ensure_future(work)
    async with asyncio.timeout(SECONDS):
        await reached.wait()
        process.kill()
        await asyncio.wait((call,))
    assert call.exception() is not None


@posix
async def test_a_question_of_a_killed_process_is_answered_to_another(office: Office) -> None:
    async with office.process() as first:
        state = await Rogue(first.client).ask()
        first.kill()
    for _ in range(2):
        async with office.process() as next_one:
            said = await Rogue(next_one.client).final(choice=YES, state=state)
        assert not said.is_error
        assert AN.name in said.text
    assert len(office.sandbox.destroying()) == 1


@posix
async def test_in_the_old_era_it_is_asked_again(office: Office) -> None:
    seen = asyncio.Event()

    async def stand_still() -> None:
        seen.set()

    person = Person("silent", meanwhile=stand_still)
    async with office.process(era="old", person=person) as first:
        await killed_in(first, Assistant(first.client, person).call("delete_customer", ref=AN.ref), seen)
    assert office.sandbox.destroying() == []
    async with office.process(era="old", person=Person("yes")) as second:
        said = await Assistant(second.client, Person()).call("delete_customer", ref=AN.ref)
    assert not said.is_error
    assert len(office.sandbox.destroying()) == 1


@posix
async def test_what_a_killed_process_was_at_is_found_by_the_next(office: Office) -> None:
    office.standing.method = "POST"
    async with office.process() as first:
        await killed_in(first, Assistant(first.client, Person()).call("create_lead", **LEAD), office.standing.reached)
    async with office.process() as second:
        said = await second.until_done("create_lead", **LEAD)
    assert said.startswith("This was done a moment ago already; nothing was sent now.")
    assert sum(request.method == "POST" for request in office.sandbox.requests) == 1


@posix
async def test_a_repeated_call_after_a_kill_gets_the_first_result(office: Office) -> None:
    async with office.process() as first:
        made = await Assistant(first.client, Person()).call("create_lead", **LEAD)
        first.kill()
    async with office.process() as second:
        again = await Assistant(second.client, Person()).call("create_lead", **LEAD)
    assert again.text == f"This was done a moment ago already; nothing was sent now.\n{made.text}"
    assert sum(request.method == "POST" for request in office.sandbox.requests) == 1


@posix
async def test_a_delete_of_a_killed_process_is_not_sent_again(office: Office) -> None:
    office.standing.method = "DELETE"
    async with office.process() as first:
        state = await Rogue(first.client).ask()
        await killed_in(first, Rogue(first.client).final(choice=YES, state=state), office.standing.reached)
    async with office.process() as second:
        said = await Rogue(second.client).final(choice=YES, state=state)
    assert "The program ended while this was being carried out." in said.text
    assert len(office.sandbox.destroying()) == 1


@posix
@pytest.mark.parametrize("folder", ["file/data", "rubbish"])
async def test_a_ledger_that_cannot_be_used_is_said_in_words(office: Office, folder: str) -> None:
    (office.folder / "file").touch()
    (office.folder / "rubbish").mkdir()
    (office.folder / "rubbish" / "ledger.sqlite3").write_bytes(b"rubbish " * 1000)
    async with office.process(ANTCRM_DATA_DIR=str(office.folder / folder)) as process:
        a = Assistant(process.client, Person())
        found = await a.call("find_customers", query=AN.phone)
        failed = [
            await a.call("create_lead", **LEAD),
            await a.call("delete_customer", ref=AN.ref),
            await a.call("list_changes"),
        ]
    assert AN.name in found.text
    for each in failed:
        assert each.is_error
        assert "ledger.sqlite3" in each.text
        assert "Nothing was sent to AntCRM." in each.text
    assert not [request for request in office.sandbox.requests if request.method != "GET"]
    errors = (process.folder / "errors").read_text("utf-8")
    assert "ledger" in errors
    for secret in (AN.name, AN.phone, LEAD["name"], LEAD["phones"][0], office.sandbox.api_key):
        assert secret not in errors.replace("antcrm_tools.sandbox", "")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger that several processes open; an import goes in packages of three."""
    monkeypatch.setattr(jobs, "PACKAGE", 3)
    return tmp_path / "ledger.sqlite3"


async def test_an_import_that_takes_long_is_picked_up_by_the_same_call(
    url: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_WITHIN", 0.05)
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
