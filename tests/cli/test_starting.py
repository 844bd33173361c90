"""Before a command does anything: Ctrl-C, closed streams, and what the sandbox is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from antcrm_tools.sandbox import Switches

SECONDS = 60
COMMAND = "from antcrm_cli.main import app; app()"
INTERRUPTED_AT = f"""
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            signal.raise_signal(signal.SIGINT)

wanted = sys.argv.pop(1)
sys.meta_path.insert(0, Finder())
{COMMAND}
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and shells work differently there")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANTCRM_")}
    return {**kept, "PYTHONWARNINGS": "error", "ANTCRM_LANGUAGE": "en"}


def ended(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("module", ["typer", "asyncio", "antcrm_cli.terminal", "pydantic", "antcrm_tools.settings"])
@pytest.mark.parametrize("arguments", [["chat", "--sandbox"], ["demo"]])
def test_ctrl_c_while_it_starts_leaves_without_a_word(module: str, arguments: list[str], tmp_path: Path) -> None:
    done = ended([sys.executable, "-c", INTERRUPTED_AT, module, *arguments], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "closed", "sentence"),
    [
        ("chat --sandbox", "<&-", "Standard input and standard output must be open."),
        ("chat --sandbox", ">&-", "Standard input and standard output must be open."),
        ("demo", "<&-", "Standard input and standard output must be open."),
        ("demo", ">&-", "Standard input and standard output must be open."),
        ("sandbox --port 0", ">&-", "Standard output must be open."),
        ("mcp --http --sandbox --port 0", ">&-", "Standard output must be open."),
    ],
)
def test_a_closed_stream_is_one_sentence_and_2(arguments: str, closed: str, sentence: str, tmp_path: Path) -> None:
    shell = ["/bin/sh", "-c", f'"$0" -c "$1" {arguments} {closed}', sys.executable, COMMAND]
    done = ended(shell, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"antcrm: {sentence}\n")


def test_the_switches_are_listed(tmp_path: Path) -> None:
    done = ended([sys.executable, "-c", COMMAND, "sandbox", "--switches"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    for name, field in Switches.model_fields.items():
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name}="))
        assert lines[place + 1].strip()
        assert lines[place + 2].strip() == field.description
    assert "put_arrays=replace\n    replace | merge\n" in done.stdout


@pytest.mark.parametrize("fault", ["GET", "GET=teapot", "FETCH=500", "GET=slow", "GET=429,times=0", "GET=late:-1"])
def test_a_fault_that_is_none_is_one_sentence(fault: str, tmp_path: Path) -> None:
    done = ended([sys.executable, "-c", COMMAND, "sandbox", "--port", "0", "--fault", fault], tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"antcrm: --fault {fault} is not METHOD=KIND: ")
    assert len(done.stderr.splitlines()) == 1


def test_faults_stand_in_a_served_sandbox(tmp_path: Path) -> None:
    faults = ["--fault", "GET=429,times=1", "--fault", "DELETE=503"]
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", COMMAND, "sandbox", "--port", "0", "--people", "10", *faults],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            url = process.stdout.readline().strip().partition("=")[2]
            assert [status(url, "GET") for _ in range(2)] == [429, 200]
            assert [status(url, "DELETE") for _ in range(2)] == [503, 503]
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def status(url: str, method: str) -> int:
    body = json.dumps({"leadId": 9002}).encode() if method == "DELETE" else None
    request = urllib.request.Request(  # noqa: S310  our own server
        f"{url}/contacts", body, {"apikey": "sandbox", "content-type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  the same
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
