"""Assistants' processes that are killed: what one asked another is answered, what one began another knows."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from antcrm_tools.outcomes import Actor
from antcrm_tools.sandbox import AN, Sandbox
from antcrm_tools.sandbox.server import serving
from tests.fakes.assistant import MODES, Assistant, Era, Person
from tests.fakes.programs import Standing
from tests.fakes.rogue import Rogue
from tests.mcp.test_mcp_stdio import COMMAND, environment

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

SECONDS = 60.0
YES = f"Delete {AN.name}"
LEAD: dict[str, Any] = {"name": "Nguyễn Văn Bình", "phones": ["0977123456"]}
LAN = Actor("lan@antcrm.example", "mcp")


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
