"""What a reviewer broke with several processes, with imports and with kills: each of it holds now."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from antcrm_tools import jobs
from antcrm_tools.changes import Change, Intent, Status
from antcrm_tools.errors import CrmError, KeptForLater, LedgerBroken, MayHaveActed
from antcrm_tools.ledger.duty import Duty
from antcrm_tools.ledger.schema import locks, tickets
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.outcomes import Actor, Ask, Done, Unsure
from antcrm_tools.pace import Pace
from antcrm_tools.progress import no_progress
from antcrm_tools.taking_back import Undid, undo
from antcrm_tools.text import msg
from antcrm_tools.tools import tool_named
from antcrm_tools.undoing import look
from tests.fakes.wishes import LAN, message, wish
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.houses import SOON, Sleepy, Stopping, another
from tests.interleavings.leads import PAUSE, by_name, by_phone, changes, create, created, heard, leads, tap, the_change
from tests.interleavings.test_reviewed import OF_AN, Says, answer, later, reviewed

HERE = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def dead() -> str:
    """The holder of a process that is gone."""
    script = "from antcrm_tools.liveness import new_holder; print(new_holder())"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=HERE, check=True)  # noqa: S603  ourselves
    return ran.stdout.strip()


class Asleep(Pace):
    """A rate limit at which the machine falls asleep once, when rows of an import are about to leave."""

    def __init__(self, w: World, sleep: Callable[[], Awaitable[None]]) -> None:
        super().__init__(10_000.0)
        self._world = w
        self._sleeps = [sleep]

    async def turn(self, background: bool) -> None:
        await super().turn(background)
        sent = any(each.action == "create" and each.status == "sent" for each in await changes(self._world))
        if sent and self._sleeps:
            await self._sleeps.pop()()


def rows(count: int, *, phones: bool = True) -> list[Draft]:
    return [
        Draft(name=f"N{n}", note="x", phones=(Phone(value=f"09770000{n:02}"),) if phones else (), code=f"at-{n}")
        for n in range(1, count + 1)
    ]


async def imported(w: World, drafts: Sequence[Draft]) -> jobs.Job:
    by = wish("words", tool="import_leads", arguments='{"allow_duplicates":false}')
    return await jobs.begin(w.house.records(), by, drafts, no_progress)


async def undone(w: World, number: int) -> Undid:
    found = await look(w.house.records(), number, LAN.who, 24, others=False)
    by = wish(tool="undo_change")
    return await undo(w.house.records(), found, by, shown=None, code=lambda: "at-99", progress=no_progress)


async def unsure(w: World, draft: Draft) -> None:
    w.sandbox.faults.fail("POST", 500)
    with pytest.raises(MayHaveActed):
        await create(w.house, draft, tap())


async def test_who_has_an_old_list_does_not_send_what_was_just_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w, another(w, url) as other:
        await unsure(w, by_phone())
        w.sandbox.faults.fail("POST", 500)
        w.clock.advance(seconds=PAUSE)
        duty, now = other.ledger().duty, w.clock()

        async def slowly(_: datetime, *, waiting: bool = True) -> Sequence[Change]:
            due = await Duty.due(duty, now, waiting=waiting)
            await w.house.resolver().tick()
            return due

        monkeypatch.setattr(duty, "due", slowly)
        await other.resolver().tick()
        assert w.line.asked["POST"] == 2
        assert (await the_change(w)).sends == 2


async def test_what_a_dead_process_looked_at_leaves_once_in_a_tick(dead: str) -> None:
    async with world(people=0) as w:
        await unsure(w, by_phone())
        w.sandbox.faults.fail("POST", 500)
        w.clock.advance(seconds=PAUSE)
        assert await w.house.ledger().duty.take_over(await the_change(w), dead)
        await w.later(seconds=181)
        assert w.line.asked["POST"] == 2


async def test_a_row_whose_answer_was_lost_is_not_made_to_wait_by_the_next_ones_trouble(tmp_path: Path) -> None:
    singles, away, kept = 0, False, list[httpx.Request]()

    def says(_: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            nonlocal singles, away
            if request.method == "POST" and request.url.path.endswith("package"):
                return None if singles else answer(400, success=0, message="one row is bad")
            if request.method == "POST" and not singles:
                singles, away = 1, True
                kept.append(request)
                return "lost"
            return "away" if away else None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        by = wish("words", tool="import_leads", arguments='{"allow_duplicates":false}')
        # The first has no phone, so that the others' phones are what is looked up next.
        drafts = [*rows(1, phones=False), *rows(3)[1:]]
        await jobs.begin(house.records(), by, drafts, no_progress)
        assert [change.status for change in (await changes(w))[1:]] == ["unsure", "waiting", "waiting"]
        away = False
        await w.line.handle_async_request(kept[0])  # AntCRM carries it out after all, within the pause
        for seconds in (31, 200, 200):
            await later(w, house, seconds=seconds)
        assert [change.status for change in await changes(w)] == ["done"] * 4
        assert leads(w) == 3


async def test_an_import_that_slept_before_its_request_is_finished_and_told(tmp_path: Path) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w:

        async def sleep() -> None:
            w.clock.advance(minutes=10)
            w.line.lose_request(times=ALWAYS)
            await w.house.resolver().tick()
            await w.house.resolver().idle()
            w.line.clear()

        async with another(w, url, pace=Asleep(w, sleep)) as house:
            await jobs.begin(house.records(), wish("words", tool="import_leads"), rows(3), no_progress)
        for _ in range(3):
            await w.later(minutes=10)
        assert [change.status for change in await changes(w)] == ["done"] * 4
        assert leads(w) == 3
        assert "3 of 3" in await heard(w)
        held = await w.house.ledger().store.run(lambda c: c.execute(select(locks)).all(), write=False)
        assert held == []


async def test_an_edit_that_slept_does_not_settle_what_another_process_sends(tmp_path: Path) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=7, url=url) as w:
        line, ticks = Stopping(w.line, "PUT", after=False), list[asyncio.Task[int]]()
        async with another(w, url, line=line) as other:

            async def sleep() -> None:
                w.clock.advance(seconds=300)
                ticks.append(asyncio.create_task(other.resolver().tick()))
                async with asyncio.timeout(SOON):
                    await line.reached.wait()

            async with another(w, url, pace=Sleepy(w, sleep)) as house:
                with pytest.raises(MayHaveActed):
                    await house.records().edit(OF_AN, lambda _: Edit(note="new"), wish(tool="update_customer"))
            line.wake.set()
            await asyncio.wait(ticks, timeout=SOON)
        assert (await the_change(w)).status == "done"
        assert "saved now" in await heard(w)


async def test_an_import_that_waited_can_be_taken_back_by_its_number_until_nothing_is_left() -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST", after=1)
        await imported(w, rows(102, phones=False))
        assert (await changes(w))[0].status == "waiting"
        w.line.lose_request("DELETE", after=3)
        assert len((await undone(w, 1)).failed) == 1
        assert leads(w) == 1
        assert (await undone(w, 1)).failed == ()
        assert leads(w) == 0


async def test_the_news_is_kept_with_what_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise LedgerBroken(msg("It is broken."))

    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone(), tap())
        w.line.clear()
        monkeypatch.setattr(w.house.ledger().duty, "tell", broken)
        await w.later(seconds=31)
        assert (await heard(w)).count("It is saved now") == 1


async def test_two_processes_that_finish_an_import_tell_it_once(tmp_path: Path) -> None:
    url = tmp_path / "ledger.sqlite3"
    async with world(people=0, url=url) as w, another(w, url) as other:
        w.sandbox.faults.fail("POST", 500)
        job = await imported(w, rows(2))
        for seconds in (PAUSE, PAUSE):
            await w.later(seconds=seconds)
        head = await w.house.ledger().changes.require(job.change.id)
        await asyncio.gather(*(jobs.tell_of_rows(h.records(), head) for h in (w.house, other)))
        assert (await heard(w)).count("2 of 2") == 1


async def test_an_import_whose_hour_is_over_says_that_it_waits_for_its_person() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        await imported(w, rows(2))
        for _ in range(8):
            await w.later(minutes=10)
        w.line.clear()
        await w.later(minutes=10)
        assert leads(w) == 0
        assert (await heard(w)).count("say it again as before") == 1


async def test_a_create_that_gives_its_customer_back_holds_its_phone_again() -> None:
    async with world(people=0) as w:
        w.line.lose_answer("POST")
        made = await created(w.house, by_phone(), tap())
        journal, ref = w.house.records().journal, made.customer.as_ref()
        async with journal.turn(["another"]) as turn:
            other = await journal.begin(turn, message("m2"), Intent("create", "x", wanted=by_name("at-9"), code="at-9"))
        assert await journal.settle(other, "done", ref=ref, after=made.customer, certain=True)
        assert [change.status for change in await changes(w)] == ["unsure", "done"]
        with pytest.raises(CrmError, match="not known yet"):
            await create(w.house, by_phone("at-3"), message("m3"))


async def test_a_row_that_is_being_taken_back_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(people=0) as w:
        w.line.lose_request("POST")
        await imported(w, rows(2))
        settle = w.house.ledger().changes.settle

        async def slowly(change: Change, status: Status, **what: Any) -> bool:
            if status == "undone":
                monkeypatch.setattr(w.house.ledger().changes, "settle", settle)
                await w.later(seconds=31)
            return await settle(change, status, **what)

        monkeypatch.setattr(w.house.ledger().changes, "settle", slowly)
        await undone(w, 2)
        for _ in range(3):
            await w.later(seconds=61)
        assert [change.status for change in await changes(w)] == ["done", "undone", "done"]
        assert leads(w) == 1


async def test_a_lost_ticket_is_not_answered_with_another_days_outcome(dead: str) -> None:
    async with world(people=0, scopes="read,write,delete") as w:
        desk, actor = w.house.desk(), Actor(LAN.who, "mcp", scopes=frozenset({"read", "write", "delete"}))
        call = tool_named("import_leads").call({"rows": [{"name": "Bình", "phones": ["0977000001"]}]})
        asked = await desk.submit(call, actor)
        assert isinstance(asked, Ask)
        made = await desk.answer(asked.ticket, actor, yes=True, count=1)
        assert isinstance(made, Done)
        w.clock.advance(days=1)
        row = (await changes(w))[-1]
        assert row.ref is not None
        await w.house.records().delete(row.ref, wish(tool="delete_customer"))
        asked = await desk.submit(call, actor)
        assert isinstance(asked, Ask)
        now = int(w.clock().timestamp() * 1000)
        taken = update(tickets).where(tickets.c.id == asked.ticket).values(state="taken", holder=dead, taken_at=now)
        await w.house.ledger().store.run(lambda connection: connection.execute(taken) and None)
        said = await desk.answer(asked.ticket, actor, yes=True, count=1)
        assert isinstance(said, Unsure)
        assert "It was done" not in said.text.render("en")
        assert w.clock() > (await changes(w))[0].begun_at + timedelta(hours=1)
