"""Who changed what, newest first; an import is one line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from antcrm_tools.jobs import begin
from antcrm_tools.ledger.history import Entry, Wanted
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.outcomes import Actor
from antcrm_tools.refs import Ref, require_ref
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.work import no_progress
from tests.fakes.wishes import MINH, wish
from tests.fakes.world import ALWAYS, World, world

HOA_REF, AN_REF = require_ref(HOA.ref), require_ref(AN.ref)


async def move(w: World, ref: Ref, stage: str, actor: Actor | None = None) -> int:
    """A change, a minute after the one before."""
    w.clock.advance(minutes=1)
    wished = wish(tool="update_stage") if actor is None else wish(tool="update_stage", actor=actor)
    edited = await w.house.records().edit(ref, lambda _: Edit(stage=stage), wished)
    assert edited.change is not None
    return edited.change


async def imported(w: World, *phones: str) -> int:
    rows = [Draft(name=f"Khách {i}", phones=(Phone(value=p),), code=f"c{i}") for i, p in enumerate(phones)]
    job = await begin(w.house.records(), wish(tool="import_leads"), rows, no_progress)
    return job.change.id


async def entries(w: World, limit: int = 50, **wanted: object) -> list[Entry]:
    return await w.house.ledger().history.entries(Wanted(**wanted), limit)  # pyright: ignore[reportArgumentType]


async def numbers(w: World, limit: int = 50, **wanted: object) -> list[int]:
    return [entry.change.id for entry in await entries(w, limit, **wanted)]


async def test_newest_first_and_in_parts(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        made = [await move(w, HOA_REF, f"Bước {i}") for i in range(5)]
        assert await numbers(w) == made[::-1]
        assert await numbers(w, 2) == made[:2:-1]
        assert await numbers(w, 2, below=made[3]) == [made[2], made[1]]
        assert await numbers(w, below=made[0]) == []


async def test_whose_and_of_whom_and_when(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        first = await move(w, HOA_REF, "A")
        start = w.clock() + timedelta(milliseconds=1)
        second = await move(w, AN_REF, "B", MINH)
        third = await move(w, HOA_REF, "C", MINH)
        assert await numbers(w, who=MINH.who) == [third, second]
        assert await numbers(w, refs=(HOA.ref,)) == [third, first]
        assert await numbers(w, refs=(HOA.ref, AN.ref)) == [third, second, first]
        begun = (start, w.clock())
        assert await numbers(w, begun=begun) == [second]
        assert await numbers(w, begun=(begun[0], begun[1] + timedelta(milliseconds=1))) == [third, second]
        assert await numbers(w, who=MINH.who, refs=(HOA.ref,)) == [third]
        assert await numbers(w, refs=("L1",)) == []


async def test_an_import_stands_for_its_rows(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        before = await move(w, HOA_REF, "A")
        number = await imported(w, "0978100000", HOA.phone, "0978100001")
        head, other = await entries(w)
        assert other.change.id == before
        assert other.rows is None
        assert head.change.id == number
        assert head.rows is not None
        assert (head.rows.action, head.rows.total, head.rows.done, head.rows.open) == ("create", 3, 2, 0)
        rows = await w.house.ledger().imports.rows(head.change, "done")
        assert await numbers(w, refs=(str(rows[0].ref),)) == [number]


async def test_what_is_not_settled(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        await move(w, HOA_REF, "A")
        assert await numbers(w, unsettled=True) == []
        w.line.lose_request("POST", times=ALWAYS)
        number = await imported(w, "0978100000")
        assert await numbers(w, unsettled=True) == [number]
        w.line.clear()
        await w.later(seconds=121)
        assert await numbers(w, unsettled=True) == []


async def test_an_import_whose_rows_are_not_known_is_not_settled(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        w.line.lose_answer("POST", times=ALWAYS)
        w.line.lose_request("GET", times=ALWAYS, after=10)
        number = await imported(w, "0978100000")
        (head,) = await entries(w, unsettled=True)
        assert head.change.id == number
        assert head.rows is not None
        assert head.rows.open == 1


async def test_another_antcrm_has_another_history(ledger_url: str | Path) -> None:
    async with world(url=ledger_url) as w:
        await move(w, HOA_REF, "A")
    async with world(url=ledger_url, api_key="another-key") as w:
        assert await numbers(w) == []
