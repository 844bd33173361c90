"""What `antcrm doctor` says of approvals: who could see a question, where, who may answer; and of the clock."""

from __future__ import annotations

import platform
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from antcrm_tools.doctor.approvals import examine_approvals, examine_clock
from antcrm_tools.house import House, now
from tests.cli.doctors import Office, nobody, office, said
from tests.fakes.ledgers import new_database
from tests.fakes.telegram import TOKEN

HERE = f"Only programs on {platform.node()} can ask and answer."
NO_BOT = "No bot brings the questions to Telegram."
BY_HAND = "Questions that an assistant cannot show are decided by antcrm approve in a terminal."
INVITE = "Invite somebody who may: antcrm members invite E-MAIL --role manager"

MANAGER: dict[str, Any] = {"telegram_members": "41:lan@antcrm.example:manager,43:minh@antcrm.example:sales"}
SALES: dict[str, Any] = {"telegram_members": "43:minh@antcrm.example:sales"}
BOT: dict[str, Any] = {"telegram_token": TOKEN}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


async def looked_at(
    at: Office, *, seen: datetime | None = None, broken: bool = False, **more: object
) -> tuple[str, ...]:
    """The line; `seen`: when a bot last said that it shows questions."""
    if seen is not None:
        async with House(at.settings(**more), clock=lambda: seen) as house:
            approving = house.desk().approving
            assert approving is not None
            await approving.cards.here("antcrm_test_bot", "văn-phòng")
    async with House(at.settings(**more)) as house:
        check = await examine_approvals(house, broken=broken)
        assert check.name == "approvals"
        return said(check)


async def test_its_line_is_among_the_others(at: Office) -> None:
    found = await at.checks()
    assert said(found["approvals"]) == ("ok", f"{HERE} {NO_BOT}", BY_HAND)
    assert "ledger.clock" not in found


async def test_a_broken_ledger_is_another_line_s_to_say(at: Office) -> None:
    (at.folder / "data" / "ledger.sqlite3").mkdir(parents=True)
    assert said((await at.checks())["approvals"]) == ("unknown", "See the line about the ledger.", "")
    assert (await looked_at(at))[0] == "unknown", "also where it broke since"


async def test_the_made_up_one(at: Office) -> None:
    text = "In this program only: its ledger is in memory."
    assert await looked_at(at, sandbox=True) == ("ok", text, "")


async def test_a_bot_that_shows_them(at: Office) -> None:
    text = f"{HERE} The bot on văn-phòng brings the questions to Telegram."
    assert await looked_at(at, seen=now(), **MANAGER, **BOT) == ("ok", text, "")
    assert await looked_at(at, **MANAGER) == ("ok", text, ""), "its token is its own program's"
    assert await looked_at(at, **SALES, **BOT) == (
        "warning", f"{text} Nobody among the members may say yes to a delete.", INVITE,
    )  # fmt: skip
    assert (await looked_at(at))[0] == "warning"


async def test_a_bot_that_shows_them_no_longer(at: Office) -> None:
    state, text, then = await looked_at(at, seen=now() - timedelta(hours=2), **MANAGER, **BOT)
    assert state == "warning"
    assert text.startswith(f"{HERE} No bot brings the questions to Telegram since ")
    assert then == "Start the bot with antcrm telegram. Until then: antcrm approve in a terminal."


async def test_members_without_a_bot(at: Office) -> None:
    assert await looked_at(at, **MANAGER) == ("ok", f"{HERE} {NO_BOT}", BY_HAND)
    assert (await looked_at(at, **SALES))[::2] == ("warning", INVITE)


async def test_a_bot_that_was_never_started(at: Office) -> None:
    assert (await looked_at(at, **BOT))[::2] == ("warning", INVITE)
    assert (await looked_at(at, **MANAGER, **BOT))[0] == "warning"


async def test_nothing_is_changed(at: Office) -> None:
    await looked_at(at, seen=now(), **MANAGER, **BOT)
    before = (at.folder / "data" / "ledger.sqlite3").read_bytes()
    await looked_at(at, **MANAGER, **BOT)
    assert (at.folder / "data" / "ledger.sqlite3").read_bytes() == before
    assert at.sandbox.requests == []


# --- on a Postgres ---


async def test_all_machines_share_a_postgres(at: Office, postgres_server: str) -> None:
    found = await at.checks(ledger_url=new_database(postgres_server))
    assert said(found["approvals"])[1].startswith("Programs on all machines with this ledger can ask and answer. ")
    state, text, _ = said(found["ledger.clock"])
    assert state == "ok"
    assert text.startswith("This machine's clock is 0.")


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (20, "ok", "ahead of"),
        (-20, "ok", "behind"),
        (45, "warning", "ahead of"),
        (-3600, "warning", "behind"),
    ],
)
async def test_a_clock_that_is_wrong(at: Office, postgres_server: str, seconds: int, state: str, words: str) -> None:
    settings = at.settings(ledger_url=new_database(postgres_server))
    async with House(settings, clock=lambda: now() + timedelta(seconds=seconds)) as house:
        (check,) = await examine_clock(house, broken=False)
        assert await examine_clock(house, broken=True) == ()
    assert (check.state, f" s {words} that of the ledger's server." in check.text.render("en")) == (state, True)
    assert (said(check)[2] != "") == (state == "warning")


async def test_a_postgres_that_is_gone(at: Office) -> None:
    url = nobody().replace("http://", "postgresql://an:s3cret@") + "/antcrm"
    async with House(at.settings(ledger_url=url)) as house:
        (check,) = await examine_clock(house, broken=False)
    assert said(check) == ("unknown", "See the line about the ledger.", "")
