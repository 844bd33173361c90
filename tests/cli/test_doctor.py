"""`antcrm doctor` as people run it: lines and exit codes, what it keeps, and what it says when something is wrong."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import update

from antcrm_cli.examining import examine
from antcrm_tools.doctor.check import Check, has_fault
from antcrm_tools.house import House
from antcrm_tools.learning import NOTHING_KNOWN, Learnt
from antcrm_tools.ledger.engines import server_of
from antcrm_tools.ledger.schema import VERSION, version
from antcrm_tools.ledger.store import Store
from antcrm_tools.models import Query
from antcrm_tools.sandbox import Sandbox, Switches, serving
from antcrm_tools.sandbox.telegram import BotApi
from antcrm_tools.sandbox.telegram import serving as serving_telegram
from antcrm_tools.settings import Settings
from tests.cli.test_commands import COMMAND, finished, started
from tests.fakes.proxies import http_proxy
from tests.fakes.telegram import MEMBERS, SPEC, TOKEN

KEY = "key-of-the-doctor-test"
PEOPLE = 100
BOUND = 60.0


@dataclass(frozen=True)
class Office:
    """An AntCRM on a port, and the settings of a program that works on it."""

    sandbox: Sandbox
    url: str
    folder: Path

    def settings(self, **more: object) -> Settings:
        own = {"api_key": KEY, "base_url": self.url, "data_dir": self.folder / "data", "language": "en", "max_rps": 100}
        return Settings.model_validate(own | more)

    async def checks(self, **more: object) -> dict[str, Check]:
        """What the doctor finds; no secret is in it."""
        with anyio.fail_after(BOUND):
            found, requests = await examine(self.settings(**more))
        assert requests <= 25
        assert len({check.name for check in found}) == len(found)
        for language in ("en", "vi"):
            shown = [f"{c.text.render(language)} {c.then and c.then.render(language)}" for c in found]
            assert not [secret for secret in (KEY, TOKEN, "s3cret") if secret in "\n".join(shown)]
        return {check.name: check for check in found}

    async def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The command, as a process of its own."""
        own = {
            "ANTCRM_API_KEY": KEY,
            "ANTCRM_BASE_URL": self.url,
            "ANTCRM_DATA_DIR": str(self.folder / "data"),
            "ANTCRM_MAX_RPS": "100",
        }
        with started([*COMMAND, "doctor", *arguments], self.folder, **(own | settings)) as process:
            done = await asyncio.to_thread(finished, process)
        assert KEY not in done.stdout + done.stderr
        return done

    async def learnt(self) -> Learnt:
        """What is kept for this AntCRM."""
        async with House(self.settings()) as house:
            return await house.ledger().learnt.read()


@asynccontextmanager
async def office(folder: Path, **switches: Any) -> AsyncGenerator[Office]:
    with Sandbox.open(api_key=KEY, people=PEOPLE, switches=Switches(**switches)) as sandbox:
        async with serving(sandbox) as url:
            yield Office(sandbox, url, folder)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


def said(check: Check) -> tuple[str, str, str]:
    return check.state, check.text.render("en"), check.then.render("en") if check.then else ""


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


# --- AntCRM ---


def nobody() -> str:
    """An address of this machine at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


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


# --- the ledger ---


async def test_a_ledger_that_cannot_be_written(at: Office) -> None:
    file = at.folder / "data" / "ledger.sqlite3"
    file.mkdir(parents=True)
    found = await at.checks()
    assert found["ledger"].state == "fault"
    assert found["ledger"].text.render("en") == f"{file} cannot be written."
    assert said(found["learnt"])[0] == "warning"
    assert found["pages.first"].state == "ok", "AntCRM is looked at all the same"


async def test_a_ledger_of_a_newer_version(at: Office) -> None:
    await at.checks()
    store = Store(at.folder / "data" / "ledger.sqlite3")
    await store.run(lambda connection: connection.execute(update(version).values(version=VERSION + 1)) and None)
    await store.aclose()
    found = await at.checks()
    assert found["ledger"].state == "fault"
    assert "was made by a newer version of this program" in found["ledger"].text.render("en")


async def test_a_postgres_that_is_not_there(at: Office) -> None:
    found = await at.checks(ledger_url="postgresql://an:s3cret@127.0.0.1:9/antcrm")
    assert found["ledger"].state == "fault"


async def test_a_postgres(at: Office, postgres_server: str) -> None:
    found = await at.checks(ledger_url=postgres_server)
    assert found["ledger"].state == "ok"
    assert said(found["ledger"])[1].startswith(f"Postgres at {server_of(postgres_server)}, version {VERSION} of ")
    assert found["learnt"].state == "ok"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://an:s3cret@db.example:5433/antcrm?sslmode=require", "db.example:5433/antcrm"),
        ("postgresql://an:s3%23cr%2Fet@db.example/antcrm", "db.example/antcrm"),
        ("postgresql://an:s3#cr/et@db.example/antcrm", "db.example/antcrm"),
        ("postgresql://an:s3cr@et@db.example/antcrm", ""),
        ("postgresql://db.example/antcrm?password=s3cret", "db.example/antcrm"),
    ],
)
def test_where_a_postgres_is_without_its_password(url: str, shown: str) -> None:
    assert server_of(url) in {shown, ""}
    assert "s3" not in server_of(url)


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


# --- the copy ---


async def test_the_copy(at: Office) -> None:
    assert said((await at.checks())["copy"])[:2] == ("warning", "There is none yet.")
    async with House(at.settings()) as house:
        await house.copy().sync.run_once(now=True)
    state, text, _ = said((await at.checks())["copy"])
    assert (state, text.partition(",")[0]) == ("ok", f"{PEOPLE} customers")
    (file,) = (at.folder / "data").glob("directory-*-v*.sqlite3")
    file.write_bytes(b"no database at all" * 1000)
    assert (await at.checks())["copy"].state in {"warning", "fault"}


# --- Telegram and members ---


@asynccontextmanager
async def telegram() -> AsyncGenerator[tuple[BotApi, dict[str, object]]]:
    api = BotApi(TOKEN, username="antcrm_test_bot", spec=SPEC)
    async with serving_telegram(api) as url:
        yield api, {"telegram_token": TOKEN, "telegram_api_url": url, "telegram_members": MEMBERS}
    assert api.violations == []


async def test_telegram_as_it_should_be(at: Office) -> None:
    async with telegram() as (api, settings):
        found = await at.checks(**settings)
        assert said(found["telegram.token"]) == ("ok", "@antcrm_test_bot", "")
        assert said(found["telegram.webhook"]) == ("ok", "There is none.", "")
        assert said(found["members"]) == ("ok", "3 members: admin 1, sales 1, viewer 1.", "")
        # Whoever fetches its messages now is not disturbed.
        assert {call.method for call in api.calls} == {"getMe", "getWebhookInfo"}


async def test_a_webhook_of_somebody_else(at: Office) -> None:
    async with telegram() as (api, settings):
        api.webhook = "https://other.example/hook/s3cret"
        state, text, then = said((await at.checks(**settings))["telegram.webhook"])
    assert (state, text) == ("warning", "Its messages are sent to other.example, which another program has asked for.")
    assert "antcrm telegram" in then


async def test_a_wrong_token(at: Office) -> None:
    async with telegram() as (_, settings):
        done = await at.checks(**(settings | {"telegram_token": "7654321:AAF-another-made-up-token-xxxxxxxxxxxxxx"}))
        assert said(done["telegram.token"]) == (
            "fault",
            "Telegram does not accept ANTCRM_TELEGRAM_TOKEN.",
            "Get the token from @BotFather and put it there, whole.",
        )
        assert has_fault(done.values())


async def test_telegram_out_of_reach(at: Office) -> None:
    async with telegram() as (api, settings):
        api.faults.html("getMe", 502, times=None)
        assert said((await at.checks(**settings))["telegram.reach"])[:2] == ("fault", "Telegram cannot be reached.")
        api.faults.clear()
        dead = settings | {"telegram_proxy": "http://an:s3cret@127.0.0.1:9"}
        assert said((await at.checks(**dead))["telegram.reach"])[1] == "Telegram cannot be reached through the proxy."
        async with http_proxy() as proxy:
            through = await at.checks(**(settings | {"telegram_proxy": proxy.url}))
            assert said(through["telegram.reach"])[1].endswith(" s, through the proxy.")
            assert proxy.asked


@pytest.mark.parametrize(
    ("members", "state", "words"),
    [
        ("", "warning", "Nobody may use the bot."),
        ("43:minh@antcrm.example:sales", "warning", "1 member: sales 1."),
        ("43:minh@antcrm.example:admin", "ok", "1 member: admin 1."),
    ],
)
async def test_members_and_admins(at: Office, members: str, state: str, words: str) -> None:
    async with telegram() as (_, settings):
        found = await at.checks(**(settings | {"telegram_members": members}))
        assert said(found["members"])[:2] == (state, words)


async def test_without_a_bot_there_is_nothing_to_look_at(at: Office) -> None:
    found = await at.checks()
    assert said(found["telegram.token"]) == said(found["members"]) == ("ok", "Not set up.", "")
