"""The ledger's Postgres goes away at every point of a write and comes back: nothing leaves unwritten or is lost."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.outcomes import Ask, Done, Queued
from antcrm_tools.sandbox import AN, HOA
from tests.fakes.ledgers import BOUND
from tests.fakes.world import KEY
from tests.interleavings.breaking import LAN, METHODS, PHONE, POINTS, SECRET, every_call, office, sent_points
from tests.interleavings.leads import LEASED, changes
from tests.interleavings.wires import PASSWORD, When, far_office

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the server of the tests listens on a socket file")

GONE = (
    "The ledger's Postgres cannot be reached, does not answer or does not let this program in."
    " Nothing was sent to AntCRM. Tell the admin. Nothing can be changed in AntCRM until it is put right;"
    " looking up still works."
)

commits = pytest.mark.parametrize("when", ["before it arrives", "when it is done"])


@pytest.fixture(autouse=True)
def _nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    for name in ("antcrm_tools", "psycopg", "sqlalchemy.pool"):
        caplog.set_level(logging.DEBUG, name)
    yield
    for secret in (SECRET, PHONE, KEY, AN.name, AN.phone, HOA.name, "s3cr", PASSWORD):
        assert secret not in caplog.text


@every_call
@pytest.mark.parametrize("point", ["before anything", "before the intent"])
async def test_what_cannot_be_written_down_does_not_leave(postgres_server: str, call: str, point: str) -> None:
    async with far_office(postgres_server) as (o, wire):

        async def breaks() -> None:
            if point == "before anything":
                await wire.cut()
            else:
                o.line.at(point, wire.cut)

        for _ in range(2):
            with pytest.raises(LedgerBroken) as caught:
                await o.make(call, breaks)
            assert caught.value.render("en") == GONE
            assert o.acted() == []
            await o.reads()
            await wire.mend()
            o.w.clock.advance(seconds=LEASED)
        made = await o.make(call)
        assert isinstance(made, Done)
        assert not made.again
        assert o.acted() == [METHODS[call]]


@every_call
@commits
async def test_at_the_commit_of_the_intent(postgres_server: str, call: str, when: When) -> None:
    async with far_office(postgres_server) as (o, wire):

        async def breaks() -> None:
            wire.cut_at_commit("INSERT INTO changes", when)

        with pytest.raises(LedgerBroken) as caught:
            await o.make(call, breaks)
        assert caught.value.render("en") == GONE
        assert o.acted() == []
        written = [change.status for change in await changes(o.w)]
        assert written == (["sent"] if when == "when it is done" else [])
        await o.reads()
        await wire.mend()
        for _ in range(3):
            await o.later(seconds=LEASED)
        assert o.acted() == []
        assert {change.status for change in await changes(o.w)} <= {"failed"}
        made = await o.make(call)
        assert isinstance(made, Done)
        assert o.acted() == [METHODS[call]]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, marks=pytest.mark.xfail(strict=True, reason="another process takes it for one that left"))
        for call in ("create", "edit")
    ]
    + ["delete"],
)
async def test_nor_does_another_process_send_it_whose_line_is_whole(postgres_server: str, call: str) -> None:
    async with far_office(postgres_server) as (o, wire):

        async def breaks() -> None:
            wire.cut_at_commit("INSERT INTO changes", "when it is done")

        with pytest.raises(LedgerBroken, match="cannot be reached"):
            await o.make(call, breaks)
        for _ in range(3):
            await o.w.later(seconds=LEASED)
        assert o.acted() == []


@every_call
@sent_points
async def test_what_was_done_is_told_as_done_and_settled_later(postgres_server: str, call: str, point: str) -> None:
    async with far_office(postgres_server) as (o, wire):
        o.line.at(point, wire.cut)
        made = await o.make(call)
        assert isinstance(made, Done)
        assert o.acted() == [METHODS[call]]
        await o.reads()
        with pytest.raises(LedgerBroken):
            await o.later(seconds=LEASED)
        await wire.mend()
        (change,) = await changes(o.w)
        assert change.status == "sent"
        await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        if call != "delete":
            again = await o.submit(call)
            assert isinstance(again, Done)
            assert again.again
        assert o.acted() == [METHODS[call]]


@every_call
@commits
async def test_at_the_commit_of_what_became_of_it(postgres_server: str, call: str, when: When) -> None:
    async with far_office(postgres_server) as (o, wire):
        wire.cut_at_commit("settled_at=", when)
        made = await o.make(call)
        assert isinstance(made, Done)
        assert o.acted() == [METHODS[call]]
        await wire.mend()
        await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        assert o.acted() == [METHODS[call]]


async def test_a_create_that_did_not_arrive_is_sent_once_when_the_ledger_is_back(postgres_server: str) -> None:
    async with far_office(postgres_server) as (o, wire):
        o.w.line.lose_request("POST")
        o.line.at("between intent and request", wire.cut)
        assert isinstance(await o.make("create"), Queued)
        await wire.mend()
        for _ in range(3):
            await o.later(seconds=LEASED)
        assert o.acted() == ["POST"]


@commits
async def test_at_the_commit_of_a_yes(postgres_server: str, when: When, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used up or not; nothing is sent, and the same wish can be said again at once."""
    async with far_office(postgres_server) as (o, wire):

        async def breaks() -> None:
            wire.cut_at_commit("UPDATE tickets", when)

        with pytest.raises(LedgerBroken) as caught:
            await o.make("delete", breaks)
        assert caught.value.render("en") == GONE
        await wire.mend()
        monkeypatch.setattr(o.house.desk(), "_patience", 0.01)
        asked = await o.submit("delete")
        assert isinstance(asked, Ask)
        assert isinstance(await o.house.desk().answer(asked.ticket, LAN, yes=True), Done)
        assert o.acted() == ["DELETE"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_server_that_stops_and_starts(tmp_path: Path, postgres_server: str, point: str) -> None:
    from pgserver import postgres_server as servers

    assert postgres_server  # so there is one to be had

    def server() -> Any:
        return servers.get_server(tmp_path / "own", cleanup_mode="stop")

    running = await asyncio.to_thread(server)

    async def stop() -> None:
        await asyncio.to_thread(running.cleanup)

    try:
        async with asyncio.timeout(BOUND), office(running.get_uri()) as o:
            await changes(o.w)
            o.line.at(point, stop)
            if point == "before the intent":
                with pytest.raises(LedgerBroken):
                    await o.make("create")
            else:
                assert isinstance(await o.make("create"), Done)
            await o.reads()
            running = await asyncio.to_thread(server)
            await o.later(seconds=LEASED)
            assert [change.status for change in await changes(o.w)] == ["done"] * (point != "before the intent")
            assert isinstance(await o.make("create"), Done)
            assert o.acted() == ["POST"]
    finally:
        await asyncio.to_thread(running.cleanup)
