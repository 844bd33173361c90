"""The ledger's file goes wrong at every point of a write: nothing leaves unwritten, nothing is lost, all is said."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.event import listen, remove
from sqlalchemy.pool import Pool

from antcrm_tools.errors import CrmError, LedgerBroken
from antcrm_tools.outcomes import Ask, Done, Outcome, Queued, Unsure
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import tool_named
from tests.fakes.world import KEY
from tests.interleavings.breaking import (
    LAN,
    LONG,
    METHODS,
    PHONE,
    POINTS,
    SECRET,
    Disk,
    Office,
    every_call,
    office,
    sent_points,
)
from tests.interleavings.leads import LEASED, changes

ADMIN = "Tell the admin. Nothing can be changed in AntCRM until it is put right; looking up still works."
ANEW = "Put a copy of it back, or move it away and start again; a new one knows nothing of the old."
UPDATE = "Update this program and start it again."

WAYS: dict[str, tuple[str, str, str]] = {
    "read_only": ("{file} cannot be written.", ADMIN, "reads"),
    "full": ("{file} has no room left on its disk.", ADMIN, "reads"),
    "damaged": ("{file} is damaged.", ANEW, ""),
    "newer": ("{file} was made by a newer version of this program.", UPDATE, ""),
}
"""What is said of it, what to do, and whether the ledger itself can still be read."""

ROWS = [{"name": f"{SECRET} {n}", "phones": [f"09771122{n:02}"], "note": LONG} for n in range(3)]

every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Generator[Disk]:
    made = Disk(tmp_path / "ledger.sqlite3")
    caplog.set_level(logging.DEBUG, "antcrm_tools")
    listen(Pool, "checkout", made.set_pragmas)
    yield made
    remove(Pool, "checkout", made.set_pragmas)
    for secret in (SECRET, PHONE, KEY, AN.name, AN.phone, HOA.name):
        assert secret not in caplog.text


def sentence(way: str, disk: Disk) -> str:
    what, then, _ = WAYS[way]
    return f"{what.format(file=disk.file)} Nothing was sent to AntCRM. {then}"


@every_way
@every_call
@pytest.mark.parametrize("point", ["before anything", "before the intent"])
async def test_what_cannot_be_written_down_does_not_leave(disk: Disk, way: str, call: str, point: str) -> None:
    async with office(disk.file) as o:

        async def breaks() -> None:
            if point == "before anything":
                await getattr(disk, way)()
            else:
                o.line.at(point, getattr(disk, way))

        await changes(o.w)  # so that there is a ledger
        for _ in range(2):
            with pytest.raises(LedgerBroken) as caught:
                await o.make(call, breaks)
            assert caught.value.render("en") == sentence(way, disk)
            assert o.acted() == []
            await o.reads()
            await disk.mend()
            o.w.clock.advance(seconds=LEASED)
        made = await o.make(call)
        assert isinstance(made, Done)
        assert not made.again
        assert o.acted() == [METHODS[call]]


@every_way
@every_call
@sent_points
async def test_what_was_done_is_told_as_done_and_settled_later(disk: Disk, way: str, call: str, point: str) -> None:
    async with office(disk.file) as o:
        o.line.at(point, getattr(disk, way))
        # The question of a delete reads too, and is no write.
        made = await o.make(call)
        assert isinstance(made, Done)
        assert not made.again
        assert o.acted() == [METHODS[call]]
        await o.reads()
        with suppress(LedgerBroken):
            await o.later(seconds=LEASED)
        await disk.mend()
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


@every_way
@every_call
async def test_the_answer_is_lost_as_well(disk: Disk, way: str, call: str) -> None:
    async with office(disk.file) as o:
        o.w.line.lose_answer(METHODS[call])
        o.line.at("between intent and request", getattr(disk, way))
        made = await o.make(call)
        assert isinstance(made, Done | Unsure)
        assert isinstance(made, Done) or (call, WAYS[way][2]) == ("create", "")
        await disk.mend()
        await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        assert o.acted() == [METHODS[call]]


@every_way
async def test_a_create_that_did_not_arrive_is_sent_once_when_the_ledger_is_back(disk: Disk, way: str) -> None:
    async with office(disk.file) as o:
        o.w.line.lose_request("POST")
        o.line.at("between intent and request", getattr(disk, way))
        assert isinstance(await o.make("create"), Queued)
        await disk.mend()
        for _ in range(3):
            await o.later(seconds=LEASED)
        (change,) = await changes(o.w)
        assert change.status == "done"
        assert o.acted() == ["POST"]


@every_way
@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("create", "refused"),
        ("edit", "refused"),
        ("edit", "no connection"),
        ("delete", "refused"),
        ("delete", "no connection"),
    ],
)
async def test_what_was_told_as_not_done_is_not_done_later(disk: Disk, way: str, call: str, lost: str) -> None:
    async with office(disk.file) as o:
        if lost == "refused":
            o.w.sandbox.faults.fail(METHODS[call], 400)
        else:
            o.w.line.lose_request(METHODS[call])
        o.line.at("between intent and request", getattr(disk, way))
        with pytest.raises(CrmError) as caught:
            await o.make(call)
        assert "Nothing was changed." in caught.value.render("en")
        await disk.mend()
        for _ in range(4):
            await o.later(seconds=LEASED)
        assert [change.status for change in await changes(o.w)] == ["failed"]
        assert o.acted() == []


@every_call
@sent_points
async def test_a_file_that_is_deleted_while_it_is_used(disk: Disk, call: str, point: str) -> None:
    async with office(disk.file) as o:
        o.line.at(point, disk.deleted)
        assert isinstance(await o.make(call), Done)
        await o.later(seconds=LEASED)
        assert o.acted() == [METHODS[call]]
        assert await changes(o.w) == []
        assert isinstance(await o.submit("edit", source="message 2"), Done)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with office(tmp_path / "file" / "data" / "ledger.sqlite3") as o:
        with pytest.raises(LedgerBroken, match="cannot be written"):
            await o.make("edit")
        await o.reads()
        assert o.acted() == []
        (tmp_path / "file").unlink()
        assert isinstance(await o.make("edit"), Done)


@every_way
@pytest.mark.parametrize("point", ["before the intent", *list(POINTS)[1:]])
async def test_an_import_goes_on_when_the_ledger_is_back(disk: Disk, way: str, point: str) -> None:
    async with office(disk.file) as o:
        with suppress(LedgerBroken):
            await imported(o, point, getattr(disk, way))
        await disk.mend()
        for _ in range(3):
            await o.later(seconds=LEASED)
            await o.house.resolver().idle()
        assert {change.status for change in await changes(o.w)} == {"done"}
        assert o.acted() == ["POST"]


@every_way
@sent_points
async def test_of_an_import_whose_rows_left_it_is_not_said_that_nothing_did(disk: Disk, way: str, point: str) -> None:
    async with office(disk.file) as o:
        made = None
        with suppress(CrmError):
            made = await imported(o, point, getattr(disk, way))
        assert isinstance(made, Done | Queued | Unsure)


async def imported(o: Office, point: str, breaks: Callable[[], Awaitable[object]]) -> Outcome:
    asked = await o.call("import_leads", {"rows": ROWS})
    assert isinstance(asked, Ask)
    o.line.at(point, breaks)
    return await o.house.desk().answer(asked.ticket, LAN, yes=True, count=len(ROWS))


@pytest.mark.parametrize("by", [-1.0, 9.0], ids=["an hour back", "asleep for nine hours"])
@pytest.mark.parametrize("point", POINTS)
@every_call
async def test_the_clock_at_every_point(disk: Disk, call: str, point: str, by: float) -> None:
    async def turned() -> None:
        o.w.clock.advance(hours=by)

    async def soon() -> None:
        o.line.at(point, turned)

    async with office(disk.file) as o:
        made, said = None, ""
        try:
            made = await o.make(call, soon)
        except CrmError as error:
            said = error.render("en")
        told = o.acted()
        assert told == ([METHODS[call]] if isinstance(made, Done) else [])
        for _ in range(15):
            await o.later(minutes=10)
        assert [change for change in await changes(o.w) if change.is_open] == []
        if made is None:
            assert "Nothing was changed." in said
            assert o.acted() == []
            made = await o.make(call)
            assert isinstance(made, Done)
        assert o.acted() == [METHODS[call]]


@pytest.mark.parametrize("lost", ["request", "answer"])
@every_call
async def test_a_deleted_file_and_a_lost_answer(disk: Disk, call: str, lost: str) -> None:
    async with office(disk.file) as o:
        getattr(o.w.line, f"lose_{lost}")(METHODS[call])
        o.line.at("between intent and request", disk.deleted)
        try:
            made = await o.make(call)
        except CrmError as error:
            made = error
        text = made.text.render("en") if isinstance(made, CrmError | Queued | Unsure) else "done"
        assert "unexpected" not in text
        assert "by itself" not in text  # nobody is left who could
        assert (text == "done") == (lost == "answer")


async def test_a_new_file_does_not_mix_up_numbers(disk: Disk) -> None:
    """What was begun in a file that is gone says nothing of whatever has its number in the new one."""
    async with office(disk.file) as o:

        async def anew() -> None:
            await disk.deleted()
            o.w.sandbox.faults.act_late("PUT")
            other = tool_named("update_stage").call({"ref": AN.ref, "stage": HOA.stage})
            assert isinstance(await o.w.house.desk().submit(other, LAN, source="message 2"), Unsure)

        o.line.at("between intent and request", anew)
        assert isinstance(await o.make("create"), Done)
        (change,) = await changes(o.w)
        assert (change.action, change.status) == ("edit", "unsure")
