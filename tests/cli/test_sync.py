"""`antcrm sync` as people run it: what it says, and that Ctrl-C loses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.server import serving
from tests.cli.test_commands import COMMAND, finished, started

PEOPLE = 400
PAGES = PEOPLE // 20


@pytest.fixture
async def sandbox() -> AsyncGenerator[tuple[Sandbox, str]]:
    with Sandbox.open(people=PEOPLE, api_key="key-of-the-test") as made:
        async with serving(made) as url:
            yield made, url


def syncing(url: str, folder: Path, **settings: str) -> subprocess.Popen[str]:
    ours = {"ANTCRM_BASE_URL": url, "ANTCRM_API_KEY": "key-of-the-test", "ANTCRM_DATA_DIR": str(folder)}
    return started([*COMMAND, "sync"], folder, **ours, **settings)


async def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    with process:
        return await asyncio.to_thread(finished, process)


async def test_it_says_how_far_it_is_and_what_there_is(sandbox: tuple[Sandbox, str], tmp_path: Path) -> None:
    _, url = sandbox
    done = await ended(syncing(url, tmp_path, ANTCRM_MAX_RPS="100"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{PEOPLE} customers, as of ")
    assert done.stderr.splitlines()[-1] == "Copying customers: 100 %"


@pytest.mark.skipif(os.name == "nt", reason="signals work differently there")
async def test_ctrl_c_says_that_what_was_read_stays(sandbox: tuple[Sandbox, str], tmp_path: Path) -> None:
    made, url = sandbox
    process = syncing(url, tmp_path, ANTCRM_MAX_RPS="4")
    with anyio.fail_after(30):
        while len(made.requests) < PAGES // 2:
            await anyio.lowlevel.checkpoint()
    process.send_signal(signal.SIGINT)
    done = await ended(process)
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "antcrm: Stopped. What was read stays in the copy; start it again, and it goes on from there."
    )
    again = await ended(syncing(url, tmp_path, ANTCRM_MAX_RPS="100"))
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(f"{PEOPLE} customers, as of ")
