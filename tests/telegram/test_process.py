"""The real command: its words in both languages, a conversation, signals, a kill, and a sentence for what is wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from antcrm_tools.sandbox import AN, HOA
from tests.fakes.programs import KEY, READY, SECONDS, Office, office
from tests.fakes.telegram import LAN, MINH, TOKEN, soon

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals work differently there")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(tmp_path) as one:
        yield one


async def test_a_conversation_and_a_stop_in_the_middle_of_it(at: Office) -> None:
    program = await at.start()
    await program.says(READY["en"])
    assert program.out.splitlines() == [
        f"Connected to Telegram as @antcrm_test_bot (AntCRM), working on {at.settings['ANTCRM_BASE_URL']}.",
        "3 members of staff may use it.",
        "Ctrl-C stops it.",
    ]
    lan = at.phone()
    assert AN.name in await lan.send(f"/find {AN.ref}")
    assert "not saved yet" in await lan.send("Chị Mới 0977 123 456")
    assert "Created" in await lan.tap("Save")
    assert "?" in await lan.send(f"/delete {HOA.ref}")
    await lan.tap("Keep")
    assert at.sandbox.store.get("lead", HOA.id) is not None
    assert at.sandbox.destroying() == []

    at.sandbox.faults.slow(0.5, "GET", param="leadId")
    update = lan.send_later(f"/note {AN.ref} trước khi dừng")
    await soon(lambda: len(at.sandbox.faults) == 0)  # AntCRM has begun to answer
    code, out, err = await program.stopped()
    assert (code, err) == (0, "")
    assert out.splitlines()[3:] == ["Finishing what is under way…", "Stopped. Nothing is left half done."]
    assert update not in at.api.pending
    assert "Saved" in lan.latest
    row = at.sandbox.store.get("lead", AN.id)
    assert row is not None
    assert str(row.fields["bgInfo"]).count("trước khi dừng") == 1


async def test_in_vietnamese_with_nobody_in_it_yet_and_stopped_by_ctrl_c(at: Office) -> None:
    program = await at.start("--lang", "vi", telegram_members=None)
    out = await program.says("Ctrl-C")
    assert "@antcrm_test_bot (AntCRM)" in out
    assert at.settings["ANTCRM_BASE_URL"] in out
    assert "ANTCRM_TELEGRAM_MEMBERS" in out
    assert "Connected" not in out
    said = await at.phone(language="vi").send("/start")
    assert str(LAN) in said, "the number the admin is to put there"
    code, _, err = await program.stopped(signal.SIGINT)
    assert (code, err) == (0, "")


async def test_on_the_made_up_antcrm_without_a_key(at: Office) -> None:
    program = await at.start("--sandbox", api_key=None, base_url=None)
    assert "working on a made-up AntCRM" in await program.says(READY["en"])
    assert AN.name in await at.phone().send(f"/find {AN.ref}")
    assert at.sandbox.requests == []
    assert (await program.stopped())[0] == 0


async def test_killed_with_messages_waiting_none_is_lost(at: Office) -> None:
    lan = at.phone()
    program = await at.start()
    await program.says(READY["en"])
    at.sandbox.faults.slow(2, "GET", param="leadId")
    waiting = [lan.send_later(f"/note {one.ref} số {number}") for number, one in enumerate((AN, HOA, AN))]
    await soon(lambda: len(at.sandbox.faults) == 0)
    assert (await program.stopped(signal.SIGKILL))[0] == -signal.SIGKILL
    assert at.api.pending == waiting

    program = await at.start()
    await at.api.until(lambda: not at.api.pending, SECONDS)
    notes = {one.ref: str(row.fields["bgInfo"]) for one in (AN, HOA) if (row := at.sandbox.store.get("lead", one.id))}
    assert [notes[AN.ref].count(f"số {number}") for number in (0, 2)] == [1, 1]
    assert notes[HOA.ref].count("số 1") == 1
    assert (await program.stopped())[0] == 0


async def test_killed_while_one_takes_long_what_others_wrote_is_not_done_again(at: Office) -> None:
    """Telegram has one offset, and that of the slow one keeps back all that came after it."""
    lan, minh = at.phone(), at.phone(MINH)
    program = await at.start()
    await program.says(READY["en"])
    at.sandbox.faults.slow(20, "GET", param="leadId")
    slow = lan.send_later(f"/find {AN.ref}")
    await soon(lambda: len(at.sandbox.faults) == 0)
    for number in range(3):
        minh.send_later(f"/note {HOA.ref} số {number}")
    minh.send_later("/lead Chị Không Số")
    minh.send_later(f"/find {AN.ref}")
    await minh.sees(AN.name)  # a person's next message is begun when the one before is written down
    assert (await program.stopped(signal.SIGKILL))[0] == -signal.SIGKILL
    assert at.api.pending[0] == slow
    assert len(at.api.pending) == 6, "Telegram has been told of none"

    program = await at.start()
    await at.api.until(lambda: not at.api.pending, SECONDS)
    assert AN.name in lan.latest
    row = at.sandbox.store.get("lead", HOA.id)
    assert row is not None
    assert [str(row.fields["bgInfo"]).count(f"số {number}") for number in range(3)] == [1, 1, 1]
    assert sum(request.method == "POST" for request in at.sandbox.requests) == 1
    assert (await program.stopped())[0] == 0


async def test_a_second_ctrl_c_does_not_wait(at: Office) -> None:
    program = await at.start()
    await program.says(READY["en"])
    at.sandbox.faults.slow(20, "GET", param="leadId")
    update = at.phone().send_later(f"/find {AN.ref}")
    await soon(lambda: len(at.sandbox.faults) == 0)
    program.process.send_signal(signal.SIGINT)
    await program.says("Finishing what is under way…")
    code, out, err = await program.stopped(signal.SIGINT)
    assert code in {0, 130}
    assert err == ""
    assert "Nothing is left half done" not in out
    assert at.api.pending == [update]


async def test_a_token_withdrawn_while_it_runs(at: Office) -> None:
    program = await at.start()
    await program.says(READY["en"])
    at.api.revoke()
    code, _, err = await program.ended()
    assert code == 1
    assert err.startswith("antcrm: Telegram does not accept the bot's token any more. ")
    assert len(err.splitlines()) == 1


async def test_telegram_is_not_there_and_it_is_stopped(at: Office) -> None:
    program = await at.start(telegram_api_url="http://127.0.0.1:9")
    await program.says("Telegram cannot be reached.")
    code, out, err = await program.stopped()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Stopped. Nothing is left half done."


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no token": ({"telegram_token": None}, "ANTCRM_TELEGRAM_TOKEN is not set. Nothing was started."),
    "no key": ({"api_key": None}, "ANTCRM_API_KEY is not set."),
    "half a token": ({"telegram_token": TOKEN[:30]}, "ANTCRM_TELEGRAM_TOKEN is not a bot's token"),
    "somebody's token": ({"telegram_token": TOKEN[:-4] + "wxyz"}, "Telegram does not accept ANTCRM_TELEGRAM_TOKEN."),
    "bad members": ({"telegram_members": "42:lan:boss"}, "The e-mail in entry 1 of ANTCRM_TELEGRAM_MEMBERS is none."),
    "a server in the open": (
        {"telegram_api_url": "http://telegram.example"},
        "ANTCRM_TELEGRAM_API_URL must begin with https://",
    ),
    "a bad proxy": ({"telegram_proxy": "127.0.0.1:1080"}, "ANTCRM_TELEGRAM_PROXY is not the address of a proxy."),
}


async def test_what_is_wrong_is_one_sentence_and_2(at: Office) -> None:
    programs = [(name, await at.start(**wrong)) for name, (wrong, _) in WRONG.items()]
    for name, program in programs:
        code, out, err = await program.ended()
        assert (code, out) == (2, ""), name
        assert err.startswith(f"antcrm: {WRONG[name][1]}"), name
        assert len(err.splitlines()) == 1, name
        assert TOKEN[:-4] not in err
        assert KEY not in err
