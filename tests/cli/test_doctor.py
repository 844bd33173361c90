"""`antcrm doctor` as people run it: its lines, its exit codes, what it says of AntCRM, and what is kept and used."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from antcrm_tools.house import House
from antcrm_tools.learning import NOTHING_KNOWN, Learnt
from antcrm_tools.ledger.schema import VERSION
from antcrm_tools.models import Query
from antcrm_tools.sandbox import Switches
from tests.cli.doctors import BOUND, KEY, Office, nobody, office, said
from tests.cli.test_commands import COMMAND, finished, started


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


# --- as a process ---


async def test_lines_and_0_where_all_is_well(tmp_path: Path) -> None:
    async with office(tmp_path, page_base=0, ids="strings", limit_over="refuse") as at:
        done = await at.run()
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0] == f"✓ Settings: The key is there, for {at.url}."
        assert "✓ Number of the first page: It is 0." in lines
        assert "✓ A limit above 20: It is refused. None is ever sent." in lines
        assert (
            f"✓ Ledger: {tmp_path / 'data' / 'ledger.sqlite3'}, version {VERSION} of the tables, can be written."
            in (done.stdout)
        )
        assert lines[-1].endswith(f"read with {len(at.sandbox.requests)} requests; nothing was changed there.")
        assert {request.method for request in at.sandbox.requests} == {"GET"}
        assert (await at.learnt()).page_base == 0


async def test_a_wrong_key_is_1_and_nothing_but_json_is_printed(at: Office) -> None:
    done = await at.run("--json", ANTCRM_API_KEY="wrong")
    assert done.returncode == 1
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["requests"] == len(at.sandbox.requests) == 1
    key = next(check for check in found["checks"] if check["name"] == "key")
    assert key == {
        "name": "key",
        "state": "fault",
        "text": "AntCRM does not accept the API key.",
        "then": "Ask the admin to check ANTCRM_API_KEY; AntCRM issues one key per company.",
    }
    assert {check["name"] for check in found["checks"]} >= {"settings", "reach", "ledger", "copy", "members"}


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ANTCRM_API_KEY": ""}, "ANTCRM_API_KEY is not set."),
        ({"ANTCRM_MAX_RPS": "fast"}, "ANTCRM_MAX_RPS"),
        ({"ANTCRM_DATA_DIR": "somewhere"}, "that depends on where the program is started"),
    ],
)
async def test_wrong_settings_are_2(at: Office, settings: dict[str, str], words: str, as_json: bool) -> None:
    done = await at.run(*(["--json"] if as_json else []), **settings)
    assert (done.returncode, done.stderr) == (2, "")
    if as_json:
        (check,) = json.loads(done.stdout)["checks"]
        assert (check["name"], check["state"]) == ("settings", "fault")
        assert words in check["text"]
    else:
        (line,) = done.stdout.splitlines()
        assert line.startswith("✗ Settings: ")
        assert words in line
    assert at.sandbox.requests == []


def test_the_made_up_one_needs_nothing(tmp_path: Path) -> None:
    with started([*COMMAND, "doctor", "--sandbox", "--lang", "vi"], tmp_path) as process:
        done = finished(process)
    assert (done.returncode, done.stderr) == (0, "")
    assert "✗" not in done.stdout.splitlines()[:-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals work differently there")
async def test_ctrl_c_is_130_and_nothing_is_said_for_found_out(at: Office) -> None:
    at.sandbox.faults.slow(BOUND, "GET", times=None)
    settings = {"ANTCRM_API_KEY": KEY, "ANTCRM_BASE_URL": at.url, "ANTCRM_DATA_DIR": str(at.folder / "data")}
    with started([*COMMAND, "doctor"], at.folder, **settings) as process:
        with anyio.fail_after(BOUND):
            while not at.sandbox.requests:
                await anyio.lowlevel.checkpoint()
        process.send_signal(signal.SIGINT)
        done = await asyncio.to_thread(finished, process)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "antcrm: Stopped. Not everything was looked at.\n"
    assert await at.learnt() == NOTHING_KNOWN


# --- AntCRM ---


UNREACHED = {
    "refused": "Nothing listens at ANTCRM_BASE_URL: the connection was refused.",
    "no such name": "The name in ANTCRM_BASE_URL is not known on this network.",
    "no https": "What answers at ANTCRM_BASE_URL cannot be spoken to over https.",
}


@pytest.mark.parametrize("how", UNREACHED)
async def test_why_it_is_not_reached(at: Office, how: str) -> None:
    addresses = {
        "refused": nobody(),
        "no such name": "https://antcrm.invalid",
        "no https": at.url.replace("http:", "https:"),
    }
    found = await at.checks(base_url=addresses[how])
    assert said(found["reach"]) == (
        "fault",
        UNREACHED[how],
        "Look at ANTCRM_BASE_URL, at this machine's network, and at what a firewall lets through.",
    )
    assert "key" not in found
    assert found["learnt"].state == "unknown"
    assert found["ledger"].state == "ok"


@pytest.mark.parametrize("status", [200, 404])
async def test_a_web_page_instead_of_answers(at: Office, status: int) -> None:
    at.sandbox.faults.html("GET", status, times=None)
    found = await at.checks()
    assert found["answers"].state == "fault"
    assert found["answers"].text.render("en") == "A web page was answered where customers should be."
    assert len(at.sandbox.requests) == 1


@pytest.mark.parametrize(("status", "words"), [(500, "an error of its own (500)"), (429, "too many requests")])
async def test_errors_of_its_own(at: Office, status: int, words: str) -> None:
    at.sandbox.faults.fail("GET", status, times=None)
    found = await at.checks()
    assert found["reach"].state == "fault"
    assert words in found["reach"].text.render("en")


# --- what is kept, and used ---


async def second_page(at: Office) -> int:
    """How many requests a start needs to show a second page."""
    at.sandbox.clear_log()
    async with House(at.settings()) as house:
        page = await house.api().page(Query(), 1)
        assert len(page.customers) == 20
    return len(at.sandbox.requests)


async def test_the_next_start_begins_with_it(at: Office) -> None:
    assert await second_page(at) == 4
    assert (await at.checks())["learnt"].state == "ok"
    assert await second_page(at) == 3
    at.sandbox.switches = Switches(page_base=0)
    assert (await second_page(at), await second_page(at)) == (4, 2), "found out anew, and kept"
    assert await at.learnt() == Learnt(0, None, None, (await at.learnt()).honoured)


async def test_what_is_not_as_it_was_is_said(at: Office) -> None:
    await at.checks()
    at.sandbox.switches = Switches(page_base=0, filters_ignored=frozenset({"type"}))
    found = await at.checks()
    state, text, then = said(found["learnt"])
    assert (state, text.partition(": ")[2]) == ("warning", "page, type. The new is kept.")
    assert then.startswith("Start the programs that are running once more")
    assert (await at.checks())["learnt"].state == "ok"


async def test_an_answer_less_leaves_what_was_learnt(at: Office) -> None:
    await at.checks()
    kept = await at.learnt()
    assert kept.page_base == 1
    assert said((await at.checks(base_url=nobody()))["learnt"])[0] == "unknown", "another AntCRM"
    at.sandbox.faults.fail("GET", 500, times=None)
    assert said((await at.checks())["learnt"])[1].startswith("Nothing new. What was learnt on ")
    assert await at.learnt() == kept


async def test_a_broken_ledger_breaks_no_reading(at: Office) -> None:
    (at.folder / "data" / "ledger.sqlite3").mkdir(parents=True)
    with anyio.fail_after(BOUND):
        assert await second_page(at) == 4


async def test_another_key_is_another_antcrm(at: Office) -> None:
    await at.checks()
    async with House(at.settings(api_key="another")) as house:
        assert await house.ledger().learnt.read() == NOTHING_KNOWN
