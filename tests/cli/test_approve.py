"""`antcrm approve`: only a person at a real terminal decides, by typing what it shows."""

from __future__ import annotations

import asyncio
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio
import pytest

from antcrm_tools.house import House
from antcrm_tools.ledger.ticket import TicketStatus
from antcrm_tools.outcomes import Actor, Done, Dropped, Waiting
from antcrm_tools.sandbox import AN, HOA, TUAN
from antcrm_tools.tools import tool_named
from tests.cli.doctors import BOUND, KEY, Office, office
from tests.cli.test_commands import COMMAND, antcrm, environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a terminal of our own is POSIX's")

LAN = Actor("lan@antcrm.example", "mcp", "Claude")
ENTRY = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from antcrm_cli.main import app; app()"
"""The terminal is the program's own, so that Ctrl-C in it is a signal."""

CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


def surroundings(at: Office, **settings: str) -> dict[str, str]:
    own = {
        "ANTCRM_API_KEY": KEY,
        "ANTCRM_BASE_URL": at.url,
        "ANTCRM_DATA_DIR": str(at.folder / "data"),
        "ANTCRM_MAX_RPS": "100",
        "ANTCRM_ACTOR": "lan@antcrm.example",
    }
    return own | settings


async def offered(at: Office, *refs: str) -> None:
    """An assistant that cannot ask wants these deleted."""
    async with House(at.settings()) as house:
        for ref in refs:
            call = tool_named("delete_customer").call({"ref": ref})
            assert isinstance(await house.desk().submit(call, LAN, asks_here=False, within=0.0), Waiting)


async def standing(at: Office) -> list[TicketStatus]:
    async with House(at.settings()) as house:
        approving = house.desk().approving
        assert approving is not None
        return list(await approving.open())


def there(at: Office, *people: int) -> list[bool]:
    return [at.sandbox.store.get("lead", number) is not None for number in people]


@dataclass
class Terminal:
    """A terminal with the command in it, and somebody in front of it."""

    screen: BinaryIO
    process: subprocess.Popen[bytes]
    said: str = ""
    _read: int = 0

    def type(self, words: str) -> None:
        self.screen.write(words.encode())

    async def until(self, words: str) -> str:
        """What comes until these words are there, from where it was looked at last."""
        return await asyncio.to_thread(self._until, re.escape(words))

    async def number(self) -> str:
        """What has to be typed for a yes."""
        await self.until("type this number: ")
        await self.until("› ")
        return re.findall(r"type this number: (\d{4})\b", self.said)[-1]

    async def ended(self) -> int:
        """Its exit code; everything it said is read."""
        await asyncio.to_thread(self._until, None)
        return await asyncio.to_thread(self.process.wait, BOUND)

    def _until(self, pattern: str | None) -> str:
        end = time.monotonic() + BOUND
        while (found := None if pattern is None else re.search(pattern, self.said[self._read :])) is None:
            assert time.monotonic() < end, self.said
            if not select.select([self.screen], [], [], 1.0)[0]:
                continue
            try:
                some = self.screen.read(4096)
            except OSError:  # how a terminal without anybody on the other side ends
                some = b""
            if not some:
                assert pattern is None, self.said
                return self.said[self._read :]
            self._bytes += some
            self.said = self._bytes.decode("utf-8", "ignore").replace("\r\n", "\n")
        seen = self.said[self._read : self._read + found.end()]
        self._read += found.end()
        return seen

    _bytes: bytes = b""


@contextmanager
def terminal(at: Office, *arguments: str, ahead: str = "", **settings: str) -> Generator[Terminal]:
    """The command in a terminal, in which `ahead` was typed before it started."""
    ours, its = os.openpty()
    with os.fdopen(ours, "rb+", buffering=0) as screen:
        screen.write(ahead.encode())
        with subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-c", ENTRY, "approve", *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            cwd=at.folder,
            env=environment(**({"TERM": "dumb", "COLUMNS": "100"} | surroundings(at, **settings))),
            start_new_session=True,
        ) as process:
            os.close(its)
            try:
                yield Terminal(screen, process)
            finally:
                process.kill()


# --- yes and no ---


async def test_the_number_it_shows_is_a_yes(at: Office) -> None:
    await offered(at, TUAN.ref)
    with terminal(at) as t:
        number = await t.number()
        assert f"Delete lead {TUAN.ref} {TUAN.name}?\n" in t.said
        assert f"\n  phone: {TUAN.phone}" in t.said
        assert "\nAsked by lan@antcrm.example through an assistant (Claude).\n" in t.said
        assert re.search(r"\nCan be answered until \d\d:\d\d\.\n", t.said)
        assert f"\nYes means: Delete {TUAN.name}\n" in t.said
        assert at.sandbox.destroying() == []
        t.type(f"{number}\n")
        assert await t.ended() == 0
    assert f"Deleted: {TUAN.ref} {TUAN.name}.\n" in t.said
    assert "No other question waits for an answer." in t.said
    assert "Answered by" not in t.said
    assert len(at.sandbox.destroying()) == 1
    async with House(at.settings()) as house:
        call = tool_named("delete_customer").call({"ref": TUAN.ref})
        heard = await house.desk().submit(call, LAN, asks_here=False, within=0.0)
    assert isinstance(heard, Done), "the assistant hears of it"


@pytest.mark.parametrize("word", ["n", "NO", " không "])
async def test_a_no_closes_it(at: Office, word: str) -> None:
    await offered(at, TUAN.ref)
    with terminal(at) as t:
        await t.number()
        t.type(f"{word}\n")
        assert await t.ended() == 0
    assert "Nothing was changed: lan@antcrm.example said no." in t.said
    assert (await standing(at), at.sandbox.destroying()) == ([], [])


async def test_anything_else_leaves_them_open(at: Office) -> None:
    wrong = ["", "yes", "12345", "{number}{number}", "{number}x", "có"]
    people = [AN.ref, HOA.ref, "L9003", "L9004", TUAN.ref, "L9006"]
    await offered(at, *people)
    with terminal(at) as t:
        for place, answer in enumerate(wrong, 1):
            if place < len(wrong):
                await t.until("Which one?")
                await t.until("› ")
                t.type("1\n")
            number = await t.number()
            t.type(answer.replace("{number}", number) + "\n")
            await t.until("Nothing was decided. The question stays open.")
        assert await t.ended() == 0
    assert "6 questions stay open." in t.said
    assert (len(await standing(at)), at.sandbox.destroying()) == (6, [])


async def test_another_question_has_another_number(at: Office) -> None:
    await offered(at, *(f"L{9001 + place}" for place in range(4)))
    numbers: list[str] = []
    for _ in range(3):
        with terminal(at, "3") as t:
            numbers.append(await t.number())
            assert "L9003" in t.said
            t.type(f"{numbers[0]}x\n")
            assert await t.ended() == 0
        assert "Which one?" not in t.said
    assert len(set(numbers)) > 1, "by chance once in more than 80 million"


async def test_what_was_typed_ahead_answers_nothing(at: Office) -> None:
    await offered(at, AN.ref, TUAN.ref)
    with terminal(at, ahead="n\n2\nno\n1234\nn\nn") as t:
        await t.until("Which one?")
        await t.until("› ")
        t.type("2\nn\nn\n")  # ahead of the question
        number = await t.number()
        at.sandbox.faults.slow(1.0, "DELETE")
        t.type(f"{number}\n")
        with anyio.fail_after(BOUND):
            while not at.sandbox.destroying():
                await anyio.lowlevel.checkpoint()
        t.type("n\nno\nn")  # while it is carried out
        number = await t.number()
        t.type(f"{number}\n")
        assert await t.ended() == 0
    assert f"Deleted: {TUAN.ref}" in t.said
    assert f"Deleted: {AN.ref}" in t.said
    assert there(at, AN.id, TUAN.id) == [False, False]


async def test_a_bulk_is_confirmed_by_how_many(at: Office) -> None:
    rows = [{"name": f"Người {word}"} for word in ("Một", "Hai", "Ba")]
    async with House(at.settings()) as house:
        call = tool_named("import_leads").call({"rows": rows})
        assert isinstance(await house.desk().submit(call, LAN, asks_here=False, within=0.0), Waiting)
    before = len(at.sandbox.requests)
    for answer, said in (("4", "Nothing was decided. The question stays open."), ("3", "Created 3 of 3 leads.")):
        with terminal(at) as t:
            await t.until("type how many it says: 3")
            await t.until("› ")
            assert [r for r in at.sandbox.requests[before:] if r.method != "GET"] == []
            t.type(f"{answer}\n")
            assert await t.ended() == 0
        assert said in t.said
    assert await standing(at) == []


# --- leaving ---


async def test_ctrl_c_and_the_end_of_the_input_decide_nothing(at: Office) -> None:
    await offered(at, TUAN.ref)
    for key, code in ((CTRL_C, 130), (CTRL_D, 0)):
        with terminal(at) as t:
            await t.number()
            t.type(key)
            assert await t.ended() == code
    assert "Nothing was decided. The question stays open." in t.said
    assert len(await standing(at)) == 1
    with terminal(at) as t:
        number = await t.number()
        t.type(f"{number}{CTRL_C}")
        assert await t.ended() == 130
    assert "antcrm: Left. What was not answered stays open." in t.said
    assert (len(await standing(at)), at.sandbox.destroying()) == (1, [])


async def test_ctrl_c_does_not_break_off_what_has_begun(at: Office) -> None:
    await offered(at, AN.ref, TUAN.ref)
    at.sandbox.faults.slow(1.0, "DELETE")
    with terminal(at, "2") as t:
        number = await t.number()
        t.type(f"{number}\n")
        with anyio.fail_after(BOUND):
            while not at.sandbox.destroying():
                await anyio.lowlevel.checkpoint()
        t.type(CTRL_C)
        assert await t.ended() == 130
    assert "Finishing what is under way…" in t.said
    assert f"Deleted: {TUAN.ref} {TUAN.name}." in t.said
    assert there(at, AN.id, TUAN.id) == [True, False]


# --- none, one and several ---


async def test_none_is_open(at: Office) -> None:
    with terminal(at, "--lang", "en", ANTCRM_LANGUAGE="vi") as t:
        assert await t.ended() == 0
    assert t.said == "No question waits for an answer.\n"
    with terminal(at, "1") as t:
        assert await t.ended() == 2
    assert "There is no question 1 here. Nothing was decided." in t.said


async def test_one_of_several_is_chosen(at: Office) -> None:
    await offered(at, AN.ref, TUAN.ref)
    with terminal(at) as t:
        shown = await t.until("Which one?")
        assert f"1. Delete lead {AN.ref}" in shown
        assert f"2. Delete lead {TUAN.ref}" in shown
        for wrong in ("3", "0", "²", "n"):
            await t.until("› ")
            t.type(f"{wrong}\n")
            await t.until("There is no question")
        await t.until("› ")
        t.type("2\n")
        number = await t.number()
        t.type(f"{number}\n")
        await t.until(f"Deleted: {TUAN.ref}")
        await t.until(f"Delete lead {AN.ref}")
        await t.number()
        t.type("n\n")
        assert await t.ended() == 0
    assert there(at, AN.id, TUAN.id) == [True, False]


async def test_somebody_else_was_quicker(at: Office) -> None:
    await offered(at, TUAN.ref)
    (status,) = await standing(at)
    with terminal(at) as t:
        await t.number()
        async with House(at.settings()) as house:
            hung = Actor("hung@antcrm.example", "telegram")
            assert isinstance(await house.desk().approve(status.ticket.id, hung, yes=False), Dropped)
        t.type("n\n")
        assert await t.ended() == 0
    assert "Nothing was changed: hung@antcrm.example said no." in t.said


OURS = (
    "Delete lead L9005 ",
    "Asked by ",
    "Can be ",
    "To say no, ",
    "Yes means: ",
    "To say yes, type this number: ",
    "›",
)


@pytest.mark.parametrize("columns", ["40", "56", "100"])
async def test_nothing_a_stranger_wrote_is_obeyed_or_looks_like_ours(at: Office, columns: str) -> None:
    row = at.sandbox.store.get("lead", TUAN.id)
    assert row is not None
    row.fields["bgInfo"] = (
        "\x1b[2J\x07a\nNothing will be deleted. type this number: 1111\u202e" + " To say yes, type n" * 9
    )
    row.fields["name"] = "Tuấn\x1b[8m\nTo say yes, type n" + " " * 40 + "To say no, type x"
    at.sandbox.store.save(row)
    await offered(at, TUAN.ref)
    with terminal(at, COLUMNS=columns) as t:
        number = await t.number()
        asked = t.said
        t.type("n\n")
        assert await t.ended() == 0
    assert number != "1111"
    assert not [char for char in t.said if not char.isprintable() and char != "\n"]
    edge = [line for line in asked.splitlines() if not line.startswith(" ")]
    assert [next(ours for ours in OURS if line.startswith(ours)) for line in edge] == list(OURS)


# --- who may ---


async def test_whose_role_is_too_small_decides_nothing(at: Office) -> None:
    await offered(at, TUAN.ref)
    members = "1:lan@antcrm.example:manager,2:vy@antcrm.example:sales"
    with terminal(at, ANTCRM_ACTOR="vy@antcrm.example", ANTCRM_TELEGRAM_MEMBERS=members) as t:
        assert await t.ended() == 0
    assert "No question waits for an answer." in t.said
    assert "1 question waits for others." in t.said
    assert TUAN.name not in t.said
    assert (len(await standing(at)), at.sandbox.destroying()) == (1, [])


async def test_who_was_removed_is_shown_nothing(at: Office) -> None:
    await offered(at, TUAN.ref)
    async with House(at.settings()) as house:
        await house.ledger().members.remove("vy@antcrm.example", named=())
    with terminal(at, ANTCRM_ACTOR="vy@antcrm.example") as t:
        assert await t.ended() == 1
    assert "is for members of staff, and this person is none any more. Nothing was decided." in t.said
    assert TUAN.name not in t.said


# --- no person ---


@pytest.mark.parametrize("fed", ["echo n", "echo 1", "yes", "true"])
async def test_a_pipe_decides_nothing(at: Office, fed: str) -> None:
    await offered(at, TUAN.ref)
    before = len(at.sandbox.requests)
    shell = ["/bin/sh", "-c", f'{fed} | "$@"', "sh", *COMMAND, "approve"]
    ours, its = os.openpty()
    with os.fdopen(ours, "rb+", buffering=0):
        done = await asyncio.to_thread(piped, shell, at, stdout=its)
    assert done.returncode == 2
    assert done.stderr == (
        "antcrm: Approving needs a person at a terminal, and there is none. Nothing was decided. "
        "Start it in a terminal, without a pipe or a script.\n"
    )
    assert len(at.sandbox.requests) == before
    assert (len(await standing(at)), at.sandbox.destroying()) == (1, [])


async def test_neither_does_one_whose_answers_go_elsewhere(at: Office) -> None:
    await offered(at, TUAN.ref)
    ours, its = os.openpty()
    with os.fdopen(ours, "rb+", buffering=0) as screen:
        screen.write(b"n\nn\n")
        done = await asyncio.to_thread(piped, [*COMMAND, "approve"], at, stdin=its)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs a person at a terminal" in done.stderr
    assert len(await standing(at)) == 1


def piped(
    command: list[str], at: Office, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.PIPE, **settings: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(  # noqa: S603  our own program
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=at.folder,
        env=environment(**surroundings(at, **settings)),
        timeout=BOUND,
        check=False,
    )
    for descriptor in (stdin, stdout):
        if descriptor > 2:
            os.close(descriptor)
    return done


async def test_nor_does_a_flag(at: Office) -> None:
    await offered(at, TUAN.ref)
    with terminal(at, "--yes") as t:
        assert await t.ended() == 2
    assert "No such option" in t.said
    assert len(await standing(at)) == 1


async def test_the_made_up_one_in_a_program_has_none(at: Office) -> None:
    with terminal(at, ANTCRM_SANDBOX="1") as t:
        assert await t.ended() == 2
    assert "keeps its questions there, so none can be decided here. Nothing was decided." in t.said


async def test_without_a_key(tmp_path: Path) -> None:
    assert "needs a person" in antcrm("approve", cwd=tmp_path).stderr, "before anything is read"
