"""What was found out about an AntCRM is kept for it alone, and a ledger of version 1 gets a place for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, inspect, update

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.learning import NOTHING_KNOWN, Learnt
from antcrm_tools.ledger.learnt import LearntOf
from antcrm_tools.ledger.probe import write_nothing_new
from antcrm_tools.ledger.schema import VERSION, cards, couriers, former, invites, learnt, members, metadata, version
from antcrm_tools.ledger.store import Store
from tests.fakes.clock import Clock
from tests.fakes.ledgers import engine_of, put, there

ALL = Learnt(0, 7, "refused", frozenset({"phone", "email"}), frozenset({"createdAtf"}))


def of(store: Store, crm: str = "one", clock: Clock | None = None) -> LearntOf:
    return LearntOf(store, crm, clock or Clock())


async def test_it_comes_back_as_it_was_kept(store: Store) -> None:
    assert await of(store).read() == NOTHING_KNOWN
    assert await of(store).keep(ALL) == NOTHING_KNOWN
    assert await of(store).read() == ALL
    assert await of(store).keep(Learnt(page_size=20)) == ALL
    assert await of(store).read() == Learnt(0, 20, "refused", ALL.honoured, ALL.ignored)


async def test_another_crm_knows_nothing_of_it(store: Store) -> None:
    await of(store).keep(ALL)
    await of(store, "two").keep(Learnt(page_base=1))
    await of(store, "two").correct(0)
    assert await of(store).read() == ALL
    assert await of(store, "three").read() == NOTHING_KNOWN


async def test_a_correction_leaves_nothing_about_pages_but_itself(store: Store) -> None:
    await of(store).keep(ALL)
    await of(store).correct(1)
    assert await of(store).read() == Learnt(1, None, None, ALL.honoured, ALL.ignored)


async def test_when_it_was_found_out(store: Store) -> None:
    clock = Clock()
    assert await of(store, clock=clock).since() is None
    await of(store, clock=clock).keep(ALL)
    clock.advance(hours=3)
    await of(store, clock=clock).keep(ALL)
    await of(store, "two", Clock()).keep(ALL)
    assert await of(store, clock=clock).since() == clock()
    assert clock() > datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [("page_base", "2"), ("page_base", "-1"), ("page_size", "0"), ("page_size", "many"), ("page_size", "9" * 40),
     ("page_size", "²"), ("above", "eaten"), ("new", "of a later program")],
)  # fmt: skip
async def test_what_cannot_be_understood_counts_as_not_known(store: Store, name: str, value: str) -> None:
    row = {"crm": "one", "name": name, "value": value, "learnt_at": 1}
    await store.run(lambda connection: connection.execute(insert(learnt).values(row)) and None)
    assert await of(store).read() == NOTHING_KNOWN


def to_version_1(connection: Connection) -> None:
    for table in (learnt, members, former, invites, cards, couriers):
        table.drop(connection)
    for column in ("needs", "unreached", "decided_by", "decided_face", "decided_host", "heard_at"):
        connection.exec_driver_sql(f"alter table tickets drop column {column}")
    connection.exec_driver_sql("alter table changes drop column confirmed_by")
    connection.execute(update(version).values(version=1))


async def test_a_ledger_of_version_1_gets_a_place_for_it_and_keeps_the_rest(
    store: Store, ledger_url: str | Path
) -> None:
    await store.run(put("a", "b"))
    await store.aclose()
    engine = engine_of(ledger_url)
    with engine.begin() as connection:
        to_version_1(connection)
    engine.dispose()
    later = Store(ledger_url)
    await of(later).keep(ALL)
    assert await of(later).read() == ALL
    assert await later.run(there) == ["a", "b"]
    assert await later.run(lambda connection: set(inspect(connection).get_table_names())) == set(metadata.tables)
    assert await write_nothing_new(later) == VERSION
    await later.aclose()


async def test_a_look_at_the_ledger_writes_nothing_new(store: Store) -> None:
    await store.run(put("a"))
    assert await write_nothing_new(store) == VERSION
    assert await store.run(there) == ["a"]


async def test_one_that_is_newer_is_broken_for_it(store: Store) -> None:
    await of(store).keep(ALL)
    await store.run(lambda connection: connection.execute(update(version).values(version=VERSION + 1)) and None)
    for ask in (of(store).keep(ALL), write_nothing_new(store), of(store).correct(1)):
        with pytest.raises(LedgerBroken, match="newer version"):
            await ask
