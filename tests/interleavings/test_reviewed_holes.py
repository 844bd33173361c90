"""What is still open of what a reviewer looked at. Each of these fails, and says by that when it is mended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from antcrm_tools import jobs
from antcrm_tools.changes import Change
from antcrm_tools.errors import BadInput, CrmError, KeptForLater, LedgerBroken, MayHaveActed, NotStored
from antcrm_tools.house import House
from antcrm_tools.ledger.imports import RowFate
from antcrm_tools.ledger.schema import changes as table
from antcrm_tools.liveness import new_holder
from antcrm_tools.models import Edit
from antcrm_tools.progress import no_progress
from antcrm_tools.refs import Ref
from antcrm_tools.text import msg
from tests.fakes.wishes import message, wish
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.breaking import Disk
from tests.interleavings.houses import SOON, Stopping, another
from tests.interleavings.leads import PAUSE, by_name, by_phone, changes, create, created, heard, leads, tap, the_change
from tests.interleavings.test_creates_waiting import colleague
from tests.interleavings.test_reviewed import OF_AN, Says, answer, later, reviewed
from tests.interleavings.test_reviewed_processes import Asleep, dead, imported, rows, undone

__all__ = ["dead"]

UNREADABLE = '{"kind":"lead","name":7}'


async def spoil(w: World, number: int, **values: object) -> None:
    spoilt = update(table).where(table.c.id == number).values(**values)
    await w.house.ledger().store.run(lambda connection: connection.execute(spoilt) and None)


async def test_an_import_does_not_end_while_rows_are_given_back(tmp_path: Path) -> None:
    url = tmp_path / "ledger.sqlite3"
    asleep, wakes, given = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with world(people=0, url=url) as w:

        async def sleep() -> None:
            w.clock.advance(minutes=10)
            asleep.set()
            await wakes.wait()

        async with another(w, url, pace=Asleep(w, sleep)) as house:
            imports, ours = house.ledger().imports, w.house.ledger().imports
            give_back, left = imports.settle, ours.left

            async def gives_back(fates: list[RowFate], holder: str) -> None:
                await give_back(fates, holder)
                given.set()

            async def looks(job: Change, limit: int = 1000) -> list[Change]:
                found = await left(job, limit)
                if not found and not wakes.is_set():
                    wakes.set()
                    async with asyncio.timeout(SOON):
                        await given.wait()
                return found

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(imports, "settle", gives_back)
                patch.setattr(ours, "left", looks)
                begun = jobs.begin(house.records(), wish("words", tool="import_leads"), rows(3), no_progress)
                task = asyncio.create_task(begun)
                async with asyncio.timeout(SOON):
                    await asleep.wait()
                    await jobs.go_on(w.house.records(), (await changes(w))[0], no_progress)
                    await task
        for _ in range(4):
            await w.later(minutes=10)
        assert leads(w) == 3


async def test_the_same_message_is_not_carried_out_twice_because_its_change_cannot_be_read() -> None:
    async with world(people=0) as w:
        await created(w.house, by_name(), tap())
        await spoil(w, 1, wanted=UNREADABLE)
        with pytest.raises(CrmError):
            await create(w.house, by_name("at-2"), tap())
        assert leads(w) == 1


async def test_a_phone_that_an_unreadable_change_holds_is_held() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, by_phone(), tap())
        await spoil(w, 1, wanted=UNREADABLE)
        with pytest.raises(CrmError):
            await create(w.house, by_phone("at-2"), message("m2"))


async def test_a_row_whose_undo_was_killed_does_not_leave_without_its_import(dead: str) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        await imported(w, rows(2))
        for _ in range(8):
            await w.later(minutes=10)
        w.line.clear()
        assert "a person has to say" in await heard(w)
        assert await w.house.ledger().duty.take_over((await changes(w))[1], dead)
        await w.later(seconds=5)
        assert leads(w) == 0


async def test_the_end_of_an_import_is_told_though_the_process_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_: object) -> None:
        raise LedgerBroken(msg("It is broken."))

    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        await imported(w, rows(1))
        with monkeypatch.context() as patch:
            patch.setattr(jobs, "tell_of_rows", killed)
            for _ in range(2):
                w.clock.advance(seconds=PAUSE)
                with pytest.raises(LedgerBroken):
                    await w.house.resolver().tick()
                if (await changes(w))[1].status == "done":
                    break
        for _ in range(4):
            await w.later(minutes=10)
        assert "1 of 1" in await heard(w)


async def test_a_colleagues_lead_is_not_taken_for_one_that_certainly_did_not_act() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 429)
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone(), tap())
        row = colleague(w, by_phone().name, by_phone().phones[0].value)
        await w.later(seconds=31)
        assert leads(w) == 1
        with pytest.raises(BadInput):
            await undone(w, 1)
        assert w.sandbox.store.get("lead", row.id) is not None


async def test_what_is_there_under_another_name_is_not_said_never_to_have_left() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.act_late("POST")
        with pytest.raises(MayHaveActed):
            await create(w.house, by_phone(), tap())
        w.sandbox.faults.fail("POST", 429)
        await w.later(seconds=PAUSE)
        await w.sandbox.act_pending()
        await w.house.api().edit(Ref("lead", "9001"), Edit(name="Anh Bình xe máy"), check=lambda: None)
        w.clock.advance(seconds=PAUSE)
        with pytest.raises(BadInput):
            await undone(w, 1)


async def test_two_creates_to_which_antcrm_gave_one_number_come_to_rest(tmp_path: Path) -> None:
    def says(w: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            if request.method == "PUT":
                return answer(404, success=0, message="none")
            return answer(200, success=1, leadId=9001) if request.method == "POST" and leads(w) else None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        await created(house, by_name("at-1"), message("m1"))
        with pytest.raises(NotStored, match="changed the existing"):
            await create(house, by_name("at-2"), message("m2"))
        for _ in range(8):
            await later(w, house, minutes=3)
        assert all(not change.is_open for change in await changes(w))
        assert max(change.sends for change in await changes(w)) <= 2


async def test_what_could_not_be_settled_is_not_settled_in_another_file(tmp_path: Path) -> None:
    async def broken(*_: object, **__: object) -> bool:
        raise LedgerBroken(msg("It is broken."))

    async with world(url=tmp_path / "ledger.sqlite3") as w:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(w.house.ledger().changes, "settle", broken)
            await created(w.house, by_phone(), tap())
        await Disk(tmp_path / "ledger.sqlite3").deleted()
        w.sandbox.faults.act_late("PUT")
        with pytest.raises(MayHaveActed):
            await w.house.records().edit(OF_AN, lambda _: Edit(note="new"), wish(tool="update_customer"))
        await w.later(seconds=1)
        assert ((await the_change(w)).action, (await the_change(w)).status) == ("edit", "unsure")


async def test_an_edit_that_slept_after_its_answer_does_not_settle_what_another_sends(tmp_path: Path) -> None:
    url, ticks = tmp_path / "ledger.sqlite3", list[asyncio.Task[int]]()
    async with world(people=7, url=url) as w:
        line = Stopping(w.line, "PUT", after=False)
        async with another(w, url, line=line) as other, another(w, url, line=_Sleeps(w, other, line, ticks)) as house:
            with pytest.raises(CrmError):
                await house.records().edit(OF_AN, lambda _: Edit(note="new"), wish(tool="update_customer"))
            line.wake.set()
            await asyncio.wait(ticks, timeout=SOON)
        assert (await w.house.records().get(OF_AN)).note == "new"
        assert (await the_change(w)).status == "done"


class _Sleeps(httpx.AsyncBaseTransport):
    """A line on which an edit is acknowledged and not stored, and the machine falls asleep after that."""

    def __init__(self, w: World, other: House, line: Stopping, ticks: list[asyncio.Task[int]]) -> None:
        self._w, self._other, self._line, self._ticks = w, other, line, ticks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PUT":
            return await self._w.line.handle_async_request(request)
        self._w.sandbox.switches.acknowledge_without_storing = True
        response = await self._w.line.handle_async_request(request)
        self._w.sandbox.switches.acknowledge_without_storing = False
        self._w.clock.advance(seconds=300)
        self._ticks.append(asyncio.create_task(self._other.resolver().tick()))
        async with asyncio.timeout(SOON):
            await self._line.reached.wait()
        return response


async def test_a_row_that_was_held_before_the_clock_was_set_back_does_not_stop_its_import() -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST")
        await imported(w, rows(2))
        w.clock.advance(hours=5)
        assert await w.house.ledger().duty.take_over((await changes(w))[1], new_holder())
        w.clock.advance(hours=-5)
        for _ in range(6):
            await w.later(minutes=2)
        assert leads(w) == 2


async def test_what_is_found_out_of_edits_does_not_send_what_waits() -> None:
    async with world(people=7) as w:
        w.sandbox.faults.fail("POST", 429, times=None)
        for n in range(1, 5):
            with pytest.raises(KeptForLater):
                await create(w.house, by_phone(f"at-{n}", f"097700010{n}"), message(f"m{n}"))
            w.line.lose_request("PUT", how=httpx.ReadTimeout)
            ref = Ref("lead", f"900{n}")
            with pytest.raises(MayHaveActed):
                await w.house.records().edit(ref, lambda _: Edit(note="new"), wish(tool="update_customer"))
        before = w.line.asked["POST"]
        await w.later(seconds=PAUSE)
        assert w.line.asked["POST"] - before == 1


async def test_an_old_customer_is_not_met(tmp_path: Path) -> None:
    def says(_: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            if request.method == "PUT":
                return answer(200, success=1, leadId=9001)
            return "lost" if request.method == "POST" else None

        return say

    async with reviewed(tmp_path, says, people=7) as (w, house):
        old = (await w.house.records().get(OF_AN)).name
        with pytest.raises(MayHaveActed):
            await create(house, by_phone().model_copy(update={"name": old}), tap())
        await later(w, house, seconds=PAUSE)
        assert (await the_change(w)).status != "done"
