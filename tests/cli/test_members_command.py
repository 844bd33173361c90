"""`antcrm members`: what it says, and that it lets nobody in who was not meant."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.cli.test_commands import antcrm
from tests.telegram.test_process import Office, office

NGA, MINH = "nga@antcrm.example", "minh@antcrm.example"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


async def members(at: Office, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(lambda: antcrm("members", *words, cwd=at.folder, **at.settings | settings))


async def test_from_the_invitation_to_the_removal(at: Office) -> None:
    invited = await members(at, "invite", "Nga@AntCRM.example", "--role", "manager")
    assert (invited.returncode, invited.stderr) == (0, "")
    link = invited.stdout.split()[-1]
    assert link.startswith("https://t.me/antcrm_test_bot?start=")
    listed = (await members(at, "list")).stdout
    assert "lan@antcrm.example  admin  Telegram 42  named by ANTCRM_TELEGRAM_MEMBERS" in listed
    assert f"{NGA}  manager  invited, until " in listed

    program = await at.start()
    await program.says("Ctrl-C stops it.")
    phone = at.phone(77)
    assert "n•••@antcrm.example" in await phone.send(f"/start {link.partition('=')[2]}")
    assert f"You are a member now: {NGA}, as manager" in await phone.tap("Yes, that is me")
    assert f"{NGA}  manager  Telegram 77" in (await members(at, "list")).stdout

    assert (await members(at, "role", NGA, "VIEWER")).stdout == f"{NGA} is viewer now.\n"
    assert "your role does not include" in await phone.send("/delete L9001")
    removed = await members(at, "remove", NGA)
    assert removed.stdout.startswith(f"{NGA} is no member any more.")
    again = await members(at, "remove", NGA)
    assert again.stdout.startswith(f"{NGA} was no member.")
    assert "This bot works for the staff of one company" in await phone.send("/start")
    assert NGA not in (await members(at, "list")).stdout


async def test_without_telegram_it_can_be_typed(tmp_path: Path) -> None:
    invited = await asyncio.to_thread(
        lambda: antcrm("members", "invite", NGA, ANTCRM_API_KEY="k", ANTCRM_DATA_DIR=str(tmp_path))
    )
    line = invited.stdout.splitlines()[-1]
    assert line.startswith("/start ")
    assert len(line) == len("/start ") + 32


WRONG: dict[tuple[str, ...], str] = {
    ("invite", "rubbish"): "“rubbish” is not an e-mail.",
    ("invite", NGA, "--role", "boss"): "There is no role “boss”. Nothing was changed. The roles are: viewer, sales,",
    ("invite", "lan@antcrm.example"): "lan@antcrm.example is named by ANTCRM_TELEGRAM_MEMBERS",
    ("role", NGA, "admin"): f"{NGA} is no member, and was not invited.",
    ("remove", "lan@antcrm.example"): "lan@antcrm.example is named by ANTCRM_TELEGRAM_MEMBERS",
}


@pytest.mark.parametrize("words", WRONG)
async def test_what_is_wrong_is_said(at: Office, words: tuple[str, ...]) -> None:
    done = await members(at, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert WRONG[words] in done.stderr


async def test_somebody_stays_admin(at: Office) -> None:
    alone = {"ANTCRM_TELEGRAM_MEMBERS": ""}
    assert "There are no members yet." in (await members(at, "list", **alone)).stdout
    words: dict[str, str] = {}
    for who, role in ((NGA, "admin"), (MINH, "sales")):
        words[who] = (await members(at, "invite", who, "--role", role, **alone)).stdout.strip().partition("start=")[2]
    program = await at.start(telegram_members=None)
    await program.says("Ctrl-C stops it.")
    assert "Nobody may use it yet. Invite somebody: antcrm members invite" in program.out
    for number, who in enumerate((NGA, MINH), 77):
        phone = at.phone(number)
        await phone.send(f"/start {words[who]}")
        assert who in await phone.tap("Yes, that is me")
    for wrong in (("remove", NGA), ("role", NGA, "viewer")):
        done = await members(at, *wrong, **alone)
        assert done.returncode == 2
        assert f"{NGA} is the last admin. Nothing was changed. Make somebody else admin first" in done.stderr
    assert (await members(at, "role", MINH, "admin", **alone)).returncode == 0
    assert (await members(at, "remove", NGA, **alone)).returncode == 0


async def test_a_member_is_not_invited_as_something_else(at: Office) -> None:
    word = (await members(at, "invite", NGA)).stdout.strip().partition("start=")[2]
    program = await at.start()
    await program.says("Ctrl-C stops it.")
    phone = at.phone(77)
    await phone.send(f"/start {word}")
    await phone.tap("Yes, that is me")
    done = await members(at, "invite", NGA, "--role", "admin")
    assert done.returncode == 2
    assert (
        f"{NGA} is a member already, as sales. Nobody was invited. Change it with: antcrm members role" in done.stderr
    )
    # Without a role they are invited as what they are: a second phone.
    assert "as sales" in (await members(at, "invite", NGA)).stdout
    wrong = await members(
        at, "invite", "bao@antcrm.example", ANTCRM_TELEGRAM_TOKEN="7654321:AAF-another-made-up-token-xxxxxxxxxxxxxx"
    )
    assert wrong.returncode == 2
    assert "Telegram does not accept ANTCRM_TELEGRAM_TOKEN." in wrong.stderr
    assert "bao@" not in (await members(at, "list")).stdout
