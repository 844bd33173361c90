"""What `antcrm doctor` says of this machine and of Telegram: the ledger, the copy, the bot and its members."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from antcrm_tools.doctor.check import has_fault
from antcrm_tools.house import House
from antcrm_tools.ledger.engines import server_of
from antcrm_tools.ledger.schema import VERSION, version
from antcrm_tools.ledger.store import Store
from antcrm_tools.sandbox.telegram import BotApi
from antcrm_tools.sandbox.telegram import serving as serving_telegram
from tests.cli.doctors import PEOPLE, Office, office, said
from tests.fakes.proxies import http_proxy
from tests.fakes.telegram import MEMBERS, SPEC, TOKEN


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


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
