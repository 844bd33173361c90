"""What a reviewer broke of the queue of what is open: what is odd, or much, does not hide the rest; nothing is slow."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, update
from sqlalchemy.event import listen, remove

from antcrm_tools.changes import Wish
from antcrm_tools.errors import KeptForLater, MayHaveActed
from antcrm_tools.ledger.schema import changes as table
from tests.fakes.wishes import LAN, message
from tests.fakes.world import ALWAYS, world
from tests.interleavings.leads import PAUSE, by_name, by_phone, changes, create, leads
from tests.interleavings.test_reviewed import OF_AN, edited


@pytest.mark.parametrize("wanted", ['{"kind":"lead","name":7}', None], ids=["unreadable", "nothing"])
async def test_a_change_that_cannot_be_read_does_not_stop_the_others(wanted: str | None) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        for n in range(1, 4):
            with pytest.raises(KeptForLater):
                await create(w.house, by_phone(f"at-{n}", f"097700000{n}"), message(f"m{n}"))
        w.line.clear()
        spoilt = update(table).where(table.c.id == 1).values(wanted=wanted)
        await w.house.ledger().store.run(lambda connection: connection.execute(spoilt) and None)
        await w.later(seconds=31)
        assert leads(w) == 2


async def test_many_that_wait_do_not_hide_what_is_not_known() -> None:
    async with world(people=7) as w:
        w.line.lose_request(times=ALWAYS)
        for n in range(51):
            with pytest.raises(KeptForLater):
                await create(w.house, by_name(f"at-{n}"), message(f"m{n}"))
        w.line.clear()
        w.line.lose_request("PUT", how=httpx.ReadTimeout)
        with pytest.raises(MayHaveActed):
            await edited(w)
        w.sandbox.faults.fail("POST", 429, times=None)
        for _ in range(3):
            await w.later(seconds=PAUSE)
        assert (await changes(w))[-1].status == "done"


@pytest.fixture
def asked() -> Generator[list[tuple[str, Any]]]:
    """Every statement with its values."""
    statements = list[tuple[str, Any]]()

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    listen(Engine, "before_cursor_execute", note)
    yield statements
    remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("what", ["due", "an undo", "a cause", "a successor"])
async def test_what_is_looked_up_often_is_looked_up_by_an_index(
    tmp_path: Path, asked: list[tuple[str, Any]], what: str
) -> None:
    async with world(people=0, url=tmp_path / "ledger.sqlite3") as w:
        ledger = w.house.ledger()
        await changes(w)  # so that there is a ledger
        asked.clear()
        match what:
            case "due":
                await ledger.duty.due(w.clock())
            case "an undo":
                await ledger.changes.of_wish(Wish(LAN, "undo_change", "{}", undoes=7))
            case "a cause":
                await ledger.changes.of_cause("words")
            case _:
                await ledger.undos.successor(OF_AN)
        reads = [each for each in asked if each[0].startswith("SELECT") and "FROM changes" in each[0]]
        assert reads
        for read in reads:
            steps = await ledger.store.run(partial(_plan, read=read), write=False)
            assert not [step for step in steps if step.startswith("SCAN")], read[0]


def _plan(connection: Connection, *, read: tuple[str, Any]) -> list[str]:
    statement, values = read
    return [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
