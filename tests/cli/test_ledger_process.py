"""Real processes whose ledger cannot be used: it is said, looking up goes on, nothing is sent, nothing betrayed."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from antcrm_tools.ledger.schema import VERSION
from antcrm_tools.ledger.store import Store
from antcrm_tools.sandbox import AN, HOA, Sandbox
from antcrm_tools.sandbox.server import serving
from tests.cli.test_commands import antcrm, finished, started

# Nobody can ask for that, but an administrator who looks for an error may patch it in.
LOUD = """
import logging, resource, sys
from antcrm_tools import logs
quiet = logs.set_up
def loud(*given, **more):
    quiet(*given, **more)
    logging.getLogger().setLevel(logging.DEBUG)
logs.set_up = loud
if len(sys.argv) > 1 and sys.argv[1].isdigit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from antcrm_cli.main import app
app()
"""

LEAD = "thêm lead Bí Mật 0977123456 bimat@example.com"
LINES = [f"tìm {AN.phone}", LEAD, f"chuyển {HOA.ref} sang Chốt", f"xoá {AN.ref}", "2", HOA.ref]
SECRETS = ("Bí Mật", "0977123456", "bimat", AN.name, HOA.name, AN.phone, "s3cr", "key-of-the-test")


@dataclass
class Office:
    """A served AntCRM, and folders for ledgers."""

    folder: Path
    sandbox: Sandbox
    url: str

    async def chat(self, *before: str, lines: list[str] = LINES, **settings: str) -> tuple[str, str]:
        """What the chat said, and what came on standard error, at the noisiest level."""
        ours = {"ANTCRM_BASE_URL": self.url, "ANTCRM_API_KEY": "key-of-the-test", "ANTCRM_MAX_RPS": "100"}
        command = [sys.executable, "-c", LOUD, *before, "chat"]

        def talk() -> tuple[int, str, str]:
            with started(command, self.folder, **ours | settings) as process:
                done = finished(process, "\n".join(lines))
            return done.returncode, done.stdout, done.stderr

        code, said, errors = await asyncio.to_thread(talk)
        assert code == 0, errors
        for secret in SECRETS:
            assert secret not in errors
        return said, errors

    def writes(self) -> list[str]:
        return [request.method for request in self.sandbox.requests if request.method != "GET"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncGenerator[Office]:
    with Sandbox.open(people=7, api_key="key-of-the-test") as sandbox:
        async with serving(sandbox) as url:
            yield Office(tmp_path, sandbox, url)


def answers(said: str, lines: list[str] = LINES) -> dict[str, str]:
    return dict(zip(lines, said.split("› ")[1:], strict=False))


def a_file_in_the_way(file: Path) -> None:
    file.parent.parent.touch()


def a_folder_in_its_place(file: Path) -> None:
    file.mkdir(parents=True)


def rubbish(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"rubbish " * 1000)


def a_newer_version(file: Path) -> None:
    made = Store(file)
    made.run_now(lambda _: None)
    made.close_now()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE ledger_version SET version = ?", [VERSION + 1]).close()


WAYS: dict[Callable[[Path], None], str] = {
    a_file_in_the_way: "cannot be written.",
    a_folder_in_its_place: "cannot be written.",
    rubbish: "is damaged.",
    a_newer_version: "was made by a newer version of this program.",
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_ledger_that_cannot_be_used(office: Office, way: Callable[[Path], None]) -> None:
    file = office.folder / "some" / "data" / "ledger.sqlite3"
    way(file)
    said, errors = await office.chat(ANTCRM_DATA_DIR=str(file.parent))
    answer = answers(said)
    assert AN.name in answer[LINES[0]]
    assert HOA.name in answer[HOA.ref]
    for line in LINES[1:4]:
        assert f"{file} {WAYS[way]} Nothing was sent to AntCRM." in answer[line], line
    assert office.writes() == []
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")
@pytest.mark.parametrize("limit", [0, 300_000])
async def test_no_room_for_the_file(office: Office, limit: int) -> None:
    """What is written is on the disk or is not sent."""
    lines = [*(f"thêm lead Bí Mật 09771234{n:02} {'x' * 3000}" for n in range(9)), HOA.ref]
    said, errors = await office.chat(str(limit), lines=lines, ANTCRM_DATA_DIR=str(office.folder / "data"))
    assert said.count("Nothing was sent to AntCRM.") == len(lines) - 1 - len(office.writes())
    assert (len(office.writes()) == 0) == (limit == 0)
    assert len(office.writes()) < len(lines) - 1
    assert HOA.name in answers(said, lines)[HOA.ref]
    assert "Traceback" not in errors
    if limit:
        with closing(sqlite3.connect(office.folder / "data" / "ledger.sqlite3")) as there:
            sent = there.execute("SELECT count(*) FROM changes WHERE sends = 1").fetchone()[0]
        assert sent == len(office.writes())


async def test_a_postgres_out_of_reach(office: Office) -> None:
    pytest.importorskip("psycopg", reason="the group `postgres` is not installed")
    said, errors = await office.chat(ANTCRM_LEDGER_URL="postgresql://someone:s3cr%2Fet%40p@127.0.0.1:1/nowhere")
    answer = answers(said)
    assert AN.name in answer[LINES[0]]
    for line in LINES[1:4]:
        assert "The ledger's Postgres cannot be reached" in answer[line]
        assert "s3cr" not in answer[line]
    assert office.writes() == []
    assert "s3cr" not in said + errors


@pytest.mark.parametrize(
    "address", ["postgresql://someone:s3cr/et@p@127.0.0.1/db", "mysql://someone:s3cr@127.0.0.1/db", "s3cr"]
)
def test_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    ours = {"ANTCRM_API_KEY": "key", "ANTCRM_BASE_URL": "http://127.0.0.1:1", "ANTCRM_LEDGER_URL": address}
    shown = antcrm("chat", given=LEAD, cwd=tmp_path, **ours)
    assert "ANTCRM_LEDGER_URL" in shown.stdout + shown.stderr
    assert "s3cr" not in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    "settings", [{"ANTCRM_DATA_DIR": "/dev/null/data"}, {"ANTCRM_LEDGER_URL": "postgresql://a:s3cr@127.0.0.1:1/b"}]
)
def test_a_demo_needs_no_ledger_of_anybodys(tmp_path: Path, settings: dict[str, str]) -> None:
    shown = antcrm("demo", "--lang", "en", given="\n".join(LINES), cwd=tmp_path, **settings)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Nothing was sent" not in shown.stdout
    assert f"Deleted: {AN.ref}" in shown.stdout


@pytest.mark.parametrize("folder", ["data", "./data", "~nobody-of-that-name/data"])
def test_a_folder_that_depends_on_where_it_is_started(tmp_path: Path, folder: str) -> None:
    shown = antcrm("chat", given="\n".join(LINES), cwd=tmp_path, ANTCRM_API_KEY="s3cr", ANTCRM_DATA_DIR=folder)
    assert "ANTCRM_DATA_DIR is “" in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr
    assert list(tmp_path.iterdir()) == []


async def test_the_next_process_works_on_with_what_is_put_right(office: Office) -> None:
    file = office.folder / "data" / "ledger.sqlite3"
    rubbish(file)
    await office.chat(ANTCRM_DATA_DIR=str(file.parent))
    file.unlink()
    said, _ = await office.chat(ANTCRM_DATA_DIR=str(file.parent))
    assert "Nothing was sent" not in said
    assert sorted(office.writes()) == ["DELETE", "POST", "PUT"]
