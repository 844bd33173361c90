"""The real process: what an assistant's host starts, and what is left of it afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from antcrm_tools.sandbox import AN
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import Assistant, Person

COMMAND = str(Path(sys.executable).with_name("antcrm-mcp"))
SECONDS = 60.0

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}

HEAVY = (
    "httpx",
    "openpyxl",
    "phonenumbers",
    "rich",
    "sqlalchemy",
    "telegram",
    "typer",
    "antcrm_tools.api",
    "antcrm_tools.sandbox",
)

LIST_TOOLS_AND_LOOK = f"""
import asyncio, sys
import antcrm_mcp.main
from antcrm_mcp.server import build_server
from antcrm_tools.house import House
from antcrm_tools.settings import load_settings
from antcrm_tools.tools import TOOLS
from mcp import Client

async def look():
    async with House(load_settings()) as house, Client(build_server(house, tools=TOOLS), mode="legacy") as client:
        print(len((await client.list_tools()).tools))

asyncio.run(look())
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""

INTERRUPTED_AT = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)

from antcrm_mcp.main import main
assert sys.argv[1] not in sys.modules
sys.meta_path.insert(0, Finder())
main([])
"""


def environment(**settings: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANTCRM_")}
    return {**own, "ANTCRM_LANGUAGE": "en", **settings}


@contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Generator[subprocess.Popen[str]]:
    """The process with pipes to it; never left behind."""
    process = subprocess.Popen(  # noqa: S603  our own command
        [COMMAND, *arguments],
        cwd=folder,
        env=environment(**settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def send(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()


def receive(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def greet(process: subprocess.Popen[str]) -> None:
    send(process, {"id": 1, "method": "initialize", "params": HELLO})
    assert receive(process)["result"]["serverInfo"]["name"] == "antcrm"
    send(process, {"method": "notifications/initialized"})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_host_can_work_with_the_process(tmp_path: Path, mode: str) -> None:
    process = StdioServerParameters(command=COMMAND, args=["--sandbox"], env=environment(), cwd=tmp_path)
    person = Person("yes")
    async with Client(process, mode=mode, elicitation_callback=person.look) as client:
        a = Assistant(client, person)
        assert len((await client.list_tools()).tools) == len(TOOLS)
        assert AN.name in (await a.call("find_customers", query=AN.phone)).text
        deleted = await a.call("delete_customer", ref=AN.ref)
        gone = await a.call("get_customer", ref=AN.ref)
    assert not deleted.is_error
    assert len(deleted.asked) == 1
    assert gone.is_error


def test_it_ends_with_its_input_and_leaves_nothing_on_standard_error(tmp_path: Path) -> None:
    with running(tmp_path, "--sandbox") as process:
        greet(process)
        _, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--sandbox") as process:
        greet(process)
        process.send_signal(number)
        assert process.wait(timeout=SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_without_a_key_it_starts_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        greet(process)
        send(process, {"id": 2, "method": "tools/list", "params": {}})
        assert len(receive(process)["result"]["tools"]) == len(TOOLS)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert errors.startswith("antcrm-mcp: ANTCRM_API_KEY is not set.")
    assert "ANTCRM_SANDBOX=1" in errors


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["--sandbocks"], {}, "no option --sandbocks"),
        ([], {"ANTCRM_MAX_RPS": "fast"}, "“ANTCRM_MAX_RPS” must be a number."),
        ([], {"ANTCRM_SCOPES": "read,everything"}, "“ANTCRM_SCOPES” must be one of"),
    ],
)
def test_wrong_use_is_one_sentence_and_2(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    with running(tmp_path, *arguments, **settings) as process:
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert output == ""
    assert said in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is a shell for it elsewhere")
@pytest.mark.parametrize("closed", ["<&-", ">&-"])
@pytest.mark.parametrize("arguments", ["--sandbox", "--version"])
def test_a_closed_stream_is_one_sentence_and_2(tmp_path: Path, closed: str, arguments: str) -> None:
    done = subprocess.run(  # noqa: S603  our own command
        ["/bin/sh", "-c", f'"$0" {arguments} {closed}', COMMAND],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "antcrm-mcp: Standard input and standard output must be open: an assistant talks to this program through them."
        "\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
@pytest.mark.parametrize("module", ["asyncio", "antcrm_tools.settings", "mcp.server.stdio", "antcrm_tools.tools"])
def test_ctrl_c_while_it_starts_leaves_without_a_word(tmp_path: Path, module: str) -> None:
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", INTERRUPTED_AT, module],
        cwd=tmp_path,
        env=environment(ANTCRM_SANDBOX="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(("argument", "said"), [("--version", "antcrm-mcp 0."), ("--help", "usage: antcrm-mcp")])
def test_it_can_be_asked_about_itself(tmp_path: Path, argument: str, said: str) -> None:
    with running(tmp_path, argument) as process:
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert output.startswith(said)
    assert errors == ""


def test_a_broken_line_is_not_quoted_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, "--sandbox") as process:
        greet(process)
        assert process.stdin is not None
        process.stdin.write('{"jsonrpc": "2.0", "id": 3, "name": "Nguyễn Bí Mật"\n')
        process.stdin.flush()
        send(process, {"id": 4, "method": "tools/call", "params": {"name": "get_customer", "arguments": "Bí Mật"}})
        assert receive(process)["id"] == 4
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert errors == ""


def test_listing_tools_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", LIST_TOOLS_AND_LOOK],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(TOOLS))]
