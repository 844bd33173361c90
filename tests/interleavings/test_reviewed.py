"""What a reviewer broke, one create or edit at a time: each of it holds now."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from antcrm_tools.errors import BadInput, CrmError, KeptForLater, LedgerBroken, MayHaveActed
from antcrm_tools.finding import meet
from antcrm_tools.house import House
from antcrm_tools.ledger.schema import changes as table
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.plans import Edited
from antcrm_tools.progress import no_progress
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import AN
from antcrm_tools.taking_back import undo
from antcrm_tools.text import msg
from antcrm_tools.undoing import look
from tests.fakes.wishes import LAN, message, wish
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.houses import another
from tests.interleavings.leads import (
    PAUSE,
    by_name,
    by_phone,
    changes,
    create,
    created,
    heard,
    one_as_sent,
    posts,
    tap,
    the_change,
)

OF_AN = Ref("lead", str(AN.id))

Says = Callable[[httpx.Request], httpx.Response | str | None]


class Line(httpx.AsyncBaseTransport):
    """A line that does with each request what `says` says: `away`, `lost`, `unheard`, an answer, or nothing special."""

    def __init__(self, inner: httpx.AsyncBaseTransport, says: Says) -> None:
        self._inner = inner
        self._says = says

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        said = self._says(request)
        if isinstance(said, httpx.Response):
            return said
        if said == "away":
            raise httpx.ConnectError("away", request=request)
        if said == "lost":
            raise httpx.ReadTimeout("lost", request=request)
        response = await self._inner.handle_async_request(request)
        if said == "unheard":
            await response.aread()
            raise httpx.ReadTimeout("unheard", request=request)
        return response


@asynccontextmanager
async def reviewed(
    folder: Path, says: Callable[[World], Says], *, people: int = 0
) -> AsyncGenerator[tuple[World, House]]:
    """A world, and a process of its own on a line that does what it is told."""
    url = folder / "ledger.sqlite3"
    async with world(people=people, url=url) as w, another(w, url, line=Line(w.line, says(w))) as house:
        yield w, house


async def later(w: World, house: House, **by: float) -> None:
    """Let time pass, and that process look after what is open."""
    w.clock.advance(**by)
    await house.resolver().tick()
    await house.resolver().idle()


async def edited(w: World) -> Edited:
    return await w.house.records().edit(OF_AN, lambda _: Edit(note="new"), wish(tool="update_customer"))


def answer(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


async def test_one_lead_antcrm_cannot_look_up_does_not_hold_up_the_others(tmp_path: Path) -> None:
    away = True

    def says(_: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            if away:
                return "away"
            return answer(500) if request.method == "GET" and "977000001" in str(request.url) else None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        for n in range(1, 4):
            with pytest.raises(KeptForLater):
                await create(house, by_phone(f"at-{n}", f"097700000{n}"), message(f"m{n}"))
        away = False
        for _ in range(3):
            await later(w, house, seconds=31)
        assert [change.status for change in await changes(w)] == ["waiting", "done", "done"]


async def test_an_old_customer_whose_number_antcrm_gave_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    away = False

    def says(_: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            nonlocal away
            if request.method == "POST":
                away = True
                return answer(200, success=1, leadId=int(AN.id))
            return "away" if away else None

        return say

    async with reviewed(tmp_path, says, people=7) as (w, house):
        with pytest.raises(MayHaveActed):
            await create(house, by_phone(), tap())
        away = False
        await later(w, house, seconds=PAUSE)
        assert (await the_change(w)).status == "failed"
        assert f"changed the existing {AN.ref}" in await heard(w)
        with pytest.raises(BadInput):
            await look(house.records(), 1, LAN.who, 24, others=False)


async def test_what_was_acknowledged_and_is_not_everywhere_yet_is_one_and_done(tmp_path: Path) -> None:
    unseen = 1

    def says(w: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            nonlocal unseen
            if request.method == "GET" and posts(w) and unseen:
                unseen -= 1
                return answer(404, success=0, message="not found")
            return None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        with pytest.raises(MayHaveActed):
            await create(house, by_name(), tap())
        await later(w, house, seconds=PAUSE)
        await one_as_sent(w, by_name())
        assert (await created(house, by_name("at-2"), tap())).again
        assert posts(w) == 1


async def test_meeting_by_code_looks_at_the_clock(tmp_path: Path) -> None:
    asleep = False

    def says(w: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            nonlocal asleep
            if request.method == "GET" and asleep:
                asleep = False
                w.clock.advance(hours=1)
            return answer(500) if request.method == "POST" else None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        with pytest.raises(MayHaveActed):
            await create(house, by_phone(), tap())
        asleep = True
        await later(w, house, seconds=PAUSE)
        assert w.line.asked["PUT"] == 0


async def test_whoever_was_known_before_is_not_met() -> None:
    async with world(people=0) as w:
        w.sandbox.switches.put_unknown = "upsert"
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, by_phone(), tap())
        await w.house.ledger().store.run(lambda c: c.execute(update(table).values(known='["L9001"]')) and None)
        change = await the_change(w)
        assert await meet(w.house.records(), change, change.name, lambda: None) == "none"


async def test_an_outage_does_not_use_up_the_tries_to_meet_it(tmp_path: Path) -> None:
    mode = "lost"

    def says(_: World) -> Says:
        def say(request: httpx.Request) -> httpx.Response | str | None:
            if mode == "broken":
                return answer(500)
            return "lost" if request.method in ("POST", "PUT") else None

        return say

    async with reviewed(tmp_path, says) as (w, house):
        with pytest.raises(MayHaveActed):
            await create(house, by_phone(), tap())
        mode = "broken"
        for _ in range(3):
            await later(w, house, minutes=20)
        mode = "lost"
        await later(w, house, minutes=20)
        change = await the_change(w)
        assert (change.status, change.sends, change.meets) == ("unsure", 1, 1)


async def test_what_left_before_is_not_said_never_to_have_left() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.act_late("POST")
        with pytest.raises(MayHaveActed):
            await create(w.house, by_phone(), tap())
        w.sandbox.faults.fail("POST", 429)
        await w.later(seconds=PAUSE)
        assert ((await the_change(w)).status, (await the_change(w)).sends) == ("waiting", 2)
        await w.sandbox.act_pending()
        found = await look(w.house.records(), 1, LAN.who, 24, others=False)
        with pytest.raises(BadInput, match="not known yet"):
            await undo(
                w.house.records(),
                found,
                wish(tool="undo_change"),
                shown=None,
                code=lambda: "at-9",
                progress=no_progress,
            )
        await w.later(seconds=PAUSE)
        await one_as_sent(w, by_phone())


async def test_a_look_for_twins_that_cannot_read_takes_a_pause() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, by_name(), tap())
        await w.later(seconds=PAUSE)
        assert (await the_change(w)).next_at is not None
        w.line.lose_request(times=ALWAYS)
        w.clock.advance(seconds=PAUSE)
        before = w.line.asked.total()
        for _ in range(24):
            await w.later(seconds=5)
        assert w.line.asked.total() - before <= 2 * 6  # leads and customers, each tried three times


@pytest.mark.parametrize("call", ["edit", "create"])
async def test_what_was_told_as_not_done_is_not_sent_when_the_ledger_is_back(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> bool:
        raise LedgerBroken(msg("It is broken."))

    async with world(people=7) as w:
        with monkeypatch.context() as patch:
            patch.setattr(w.house.ledger().changes, "settle", broken)
            w.line.lose_request("PUT")
            w.sandbox.faults.fail("POST", 400)
            with pytest.raises(CrmError) as told:
                await (edited(w) if call == "edit" else create(w.house, by_phone(), tap()))
        assert "Nothing was changed." in told.value.render("en")
        for _ in range(2):
            await w.later(seconds=200)
        assert (await the_change(w)).status == "failed"
        assert [request.method for request in w.sandbox.requests if request.acted and request.method != "GET"] == []


async def test_a_name_with_a_nul_is_kept_in_every_ledger(ledger_url: str | Path) -> None:
    async with world(people=0, url=ledger_url) as w:
        draft = Draft(name="A\0B", phones=(Phone(value="0977000001"),), code="at-1")
        assert (await created(w.house, draft, tap())).customer.name == "A\0B"
        assert (await the_change(w)).status == "done"
