"""`antcrm forget`: a person at a terminal types who it is, or nothing happens."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import true

from antcrm_cli.forgetting import forget
from antcrm_tools.creating import always
from antcrm_tools.errors import CrmError, KeptForLater, NotActed, NotAllowed
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.refs import require_ref
from antcrm_tools.sandbox import AN, ANH, HOA, TUAN
from antcrm_tools.text import Text
from tests.fakes.wishes import wish
from tests.fakes.world import ALWAYS, World, world

SECONDS = 60
COMMAND = [sys.executable, "-c", "from antcrm_cli.main import app; app()"]
HOA_REF = require_ref(HOA.ref)


@dataclass
class Person:
    """Somebody at a terminal: what they read, and what they type when asked."""

    types: str | None
    reads: list[str] = field(default_factory=list[str])
    asked: int = 0

    def say(self, text: Text) -> None:
        assert text.render("vi")
        self.reads.append(text.render("en"))

    async def ask(self, text: Text) -> str | None:
        self.say(text)
        self.asked += 1
        return self.types


async def forgets(w: World, types: str | None, ref: str = HOA.ref) -> Person:
    person = Person(types)
    await forget(w.house, require_ref(ref), person.say, person.ask)
    return person


async def move(w: World, ref: str, stage: str = "Chốt") -> None:
    await w.house.records().edit(require_ref(ref), lambda _: Edit(stage=stage), wish())


async def names(w: World) -> list[str]:
    """The names in the ledger, oldest first; empty where erased."""
    history = await w.house.ledger().changes.listed(true())
    return [change.name for change in history][::-1]


@pytest.mark.parametrize("typed", ["L9002", " l9002 ", "L-9002"])
async def test_typing_the_number_erases(typed: str, ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        await move(w, HOA.ref)
        await move(w, TUAN.ref)
        person = await forgets(w, typed)
        assert await names(w) == ["", TUAN.name]
        assert person.asked == 1
        assert person.reads[0].startswith("Of 1 change that speaks of L9002,")
        assert person.reads[-3].startswith("L9002 itself is in AntCRM still")
        assert person.reads[-1] == "Erased: L9002."
        assert w.sandbox.store.get("lead", HOA.id) is not None
        assert [request.method for request in w.sandbox.requests if request.method == "DELETE"] == []


@pytest.mark.parametrize("typed", [None, "", "yes", "có", "L9003", "C9002", "9002", "L9002 L9002", HOA.name])
async def test_anything_else_erases_nothing(typed: str | None) -> None:
    async with world() as w:
        await move(w, HOA.ref)
        with pytest.raises(CrmError) as caught:
            await forgets(w, typed)
        assert "Nothing was erased." in caught.value.render("en")
        assert await names(w) == [HOA.name]


async def test_phones_of_antcrm_count_while_it_is_there() -> None:
    async with world() as w:
        # The ledger knows nothing of HOA herself, but of somebody with her phone.
        draft = Draft(name="Hoa cũ", phones=(Phone(value="+84987654321"),), code="c1")
        made = await w.house.records().create(draft, wish(), go_on=always)
        assert not isinstance(made, list)
        person = await forgets(w, HOA.ref)
        assert await names(w) == [""]
        assert any(made.customer.ref in each for each in person.reads)


async def test_who_is_gone_from_antcrm_is_known_by_the_ledger() -> None:
    async with world() as w:
        await move(w, AN.ref)
        await move(w, ANH.ref)  # the same phone
        await w.house.records().delete(require_ref(AN.ref), wish())
        person = await forgets(w, AN.ref, AN.ref)
        assert await names(w) == ["", "", ""]
        assert any(ANH.ref in each for each in person.reads)
        assert not any("is in AntCRM still" in each for each in person.reads)


async def test_nobody_is_asked_about_nothing() -> None:
    async with world() as w:
        await move(w, TUAN.ref)
        person = await forgets(w, None)
        assert person.asked == 0
        assert person.reads == ["Nothing about L9002 is kept here."]


async def test_nothing_while_antcrm_cannot_be_asked() -> None:
    async with world() as w:
        await move(w, HOA.ref)
        w.line.lose_request("GET", times=ALWAYS)
        with pytest.raises(NotActed):
            await forgets(w, HOA.ref)
        assert await names(w) == [HOA.name]


async def test_nothing_while_something_is_open() -> None:
    async with world() as w:
        w.line.lose_answer("PUT", times=ALWAYS)
        w.line.lose_request("GET", times=ALWAYS, after=1)
        with pytest.raises(CrmError):
            await move(w, HOA.ref)
        w.line.clear()
        with pytest.raises(CrmError, match="settled") as caught:
            await forgets(w, HOA.ref)
        assert "#1" in caught.value.render("en")
        assert await names(w) == [HOA.name]


async def test_what_becomes_open_while_the_person_types() -> None:
    async with world() as w:
        await move(w, HOA.ref)

        class Slow(Person):
            async def ask(self, text: Text) -> str | None:
                w.line.lose_request("POST", times=ALWAYS)
                draft = Draft(name="Hoa", phones=(Phone(value=HOA.phone),), code="c1")
                with pytest.raises(KeptForLater):
                    await w.house.records().create(draft, wish(), go_on=always)
                return await super().ask(text)

        person = Slow(HOA.ref)
        with pytest.raises(CrmError, match="settled"):
            await forget(w.house, HOA_REF, person.say, person.ask)
        assert await names(w) == [HOA.name, "Hoa"]


async def test_a_process_that_may_not_delete_erases_nothing() -> None:
    async with world(scopes="read,write") as w:
        await move(w, HOA.ref)
        with pytest.raises(NotAllowed):
            await forgets(w, HOA.ref)
        assert await names(w) == [HOA.name]


# --- the command ---


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANTCRM_")}
    return {**kept, "PYTHONWARNINGS": "error", "ANTCRM_LANGUAGE": "en", **settings}


def without_a_terminal(*arguments: str, given: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [*COMMAND, "forget", *arguments],
        input=given,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment(**settings),
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("ref", "settings", "words"),
    [
        ("L9002", {"ANTCRM_SANDBOX": "1"}, "needs a person at a terminal, and there is none. Nothing was erased."),
        ("9002", {"ANTCRM_SANDBOX": "1"}, "Say which one: L9002 or C9002."),
        ("Hoa", {"ANTCRM_SANDBOX": "1"}, "is not a customer's number"),
        ("L9002", {}, "ANTCRM_API_KEY is not set"),
    ],
)
def test_without_a_terminal_it_fails_closed(ref: str, settings: dict[str, str], words: str, tmp_path: Path) -> None:
    done = without_a_terminal(ref, given=f"{ref}\n" * 3, cwd=tmp_path, **settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize("flag", ["--yes", "-y", "--force"])
def test_no_flag_skips_the_question(flag: str, tmp_path: Path) -> None:
    done = without_a_terminal("L9002", flag, given="L9002\n", cwd=tmp_path, ANTCRM_SANDBOX="1")
    assert done.returncode == 2
    assert "No such option" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="a terminal of our own is POSIX's")
def test_in_a_terminal(tmp_path: Path) -> None:
    """With the AntCRM of another process, and a ledger that another process has written."""
    command = [*COMMAND, "sandbox", "--port", "0", "--people", "10"]
    with subprocess.Popen(  # noqa: S603  our own program
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(), cwd=tmp_path, encoding="utf-8"
    ) as served:
        try:
            assert served.stdout is not None
            first = [served.stdout.readline().strip() for _ in range(3)]
            settings = dict(line.split("=", 1) for line in first if "=" in line)
            settings["ANTCRM_DATA_DIR"] = str(tmp_path / "data")
            words = f"chuyển {HOA.ref} sang Chốt\n"
            subprocess.run(  # noqa: S603  our own program
                [*COMMAND, "chat"], input=words, encoding="utf-8", cwd=tmp_path, env=environment(**settings),
                capture_output=True, timeout=SECONDS, check=True,
            )  # fmt: skip
            assert HOA.name.encode() in ledger_bytes(tmp_path)
            wrong = typed("L9003", cwd=tmp_path, **settings)
            assert (wrong.code, HOA.name.encode() in ledger_bytes(tmp_path)) == (1, True)
            assert "What was typed is not L9002. Nothing was erased." in wrong.said
            right = typed("L9002", cwd=tmp_path, **settings)
            assert right.code == 0
            assert "Of 1 change that speaks of L9002" in right.said
            assert "Erased: L9002." in right.said
            assert HOA.name.encode() not in ledger_bytes(tmp_path)
        finally:
            served.kill()


def ledger_bytes(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in (folder / "data").iterdir())


@dataclass(frozen=True)
class Ended:
    """What a command in a terminal said, and its exit code."""

    said: str
    code: int


def typed(words: str, *, cwd: Path, **settings: str) -> Ended:
    """Run it in a terminal, and type `words` when it asks."""
    ours, its = os.openpty()
    command = [*COMMAND, "forget", "L9002"]
    with (
        os.fdopen(ours, "rb+", buffering=0) as terminal,
        subprocess.Popen(command, stdin=its, stdout=its, stderr=its, cwd=cwd, env=environment(**settings)) as process,  # noqa: S603  our own program
    ):
        os.close(its)
        try:
            said = until(terminal, lambda said: "to erase it:" in said)
            terminal.write(f"{words}\n".encode())
            said += until(terminal, lambda _: False)
            return Ended(said, process.wait(SECONDS))
        finally:
            process.kill()


def until(terminal: BinaryIO, enough: Callable[[str], bool]) -> str:
    """What comes until that is enough, or the other side has closed."""
    said, end = b"", time.monotonic() + SECONDS
    while time.monotonic() < end and not enough(said.decode("utf-8", "replace")):
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                some = terminal.read(4096)
            except OSError:  # how a terminal without anybody on the other side ends
                break
            if not some:
                break
            said += some
    return said.decode("utf-8", "replace")
