"""Counts are those of plain counting, whatever is asked."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from antcrm_tools.directory.counts import GROUPS, time_name
from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.schema import Group
from antcrm_tools.directory.store import Store
from antcrm_tools.models import Customer
from tests.fakes.clock import Clock

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def made_up(count: int) -> list[Customer]:
    random = Random(7)  # noqa: S311
    start = datetime(2026, 1, 30, 16, 30, tzinfo=UTC)
    return [
        Customer(
            kind=random.choice(("lead", "contact", "account")),
            id=str(number),
            name=f"Khách {number}",
            stage=random.choice(("Mới", "Chốt", "")),
            source=random.choice(("Facebook", "Zalo", "")),
            owner=random.choice(("lan@x.example", "Minh@x.example", "")),
            tags=tuple(random.sample(("VIP", "Đại lý", "Cũ"), random.randrange(3))),
            created_at=None if random.random() < 0.05 else start + timedelta(hours=random.randrange(900)),
        )
        for number in range(count)
    ]


EVERYBODY = made_up(400)


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncGenerator[Directory]:
    store = Store(tmp_path / "copy.sqlite3", clock=Clock(), zone=ZONE)
    await store.seen(EVERYBODY, store.begin())
    yield Directory(store)
    await store.aclose()


def keys(customer: Customer, group: Group) -> list[str]:
    if group == "tag":
        return list(customer.tags) or [""]
    if group in ("stage", "source", "owner", "kind"):
        return [str(getattr(customer, group)).lower() if group == "owner" else str(getattr(customer, group))]
    made = customer.created_at
    return [time_name(group, made.astimezone(ZONE).date()) if isinstance(made, datetime) else ""]


def counted(customers: list[Customer], by: tuple[Group, ...]) -> Counter[tuple[str, ...]]:
    return Counter(one for c in customers for one in itertools.product(*(keys(c, group) for group in by)))


PAIRS: list[tuple[Group, ...]] = [(), *((g,) for g in GROUPS), *itertools.permutations(GROUPS, 2)]

FILTERS: list[tuple[Filters, Callable[[Customer], bool]]] = [
    (Filters(), lambda _: True),
    (Filters(stage="moi"), lambda c: c.stage == "Mới"),
    (Filters(kind="lead", owner="none"), lambda c: c.kind == "lead" and not c.owner),
    (Filters(tags=("VIP",)), lambda c: "VIP" in c.tags),
    (Filters(tags=("vip", "dai ly")), lambda c: {"VIP", "Đại lý"} <= set(c.tags)),
    (Filters(without_tags=("VIP",), source="Zalo"), lambda c: "VIP" not in c.tags and c.source == "Zalo"),
    (
        Filters(created_from=date(2026, 2, 1), created_to=date(2026, 2, 14)),
        lambda c: (
            isinstance(c.created_at, datetime)
            and date(2026, 2, 1) <= c.created_at.astimezone(ZONE).date() <= date(2026, 2, 14)
        ),
    ),
]


@pytest.mark.parametrize("number", range(len(FILTERS)))
async def test_every_group_and_pair_with_every_filter(directory: Directory, number: int) -> None:
    filters, holds = FILTERS[number]
    wanted = [customer for customer in EVERYBODY if holds(customer)]
    assert wanted
    for by in PAIRS:
        found = await directory.count(filters, by)
        assert found.total == len(wanted)
        if by:
            assert {key: many for key, many in found.rows if many} == dict(counted(wanted, by)), by


async def test_times_are_in_order_and_none_is_missing(directory: Directory) -> None:
    for group in ("day", "week", "month"):
        names = [key for (key,), _ in (await directory.count(Filters(), (group,))).rows if key]
        assert names == sorted(names)
        assert len(names) == len(set(names))
    days = [key for (key,), _ in (await directory.count(Filters(), ("day",))).rows if key]
    first = date.fromisoformat(days[0])
    assert days == [(first + timedelta(days=n)).isoformat() for n in range(len(days))]


async def test_labels_the_biggest_first(directory: Directory) -> None:
    counts = [many for _, many in (await directory.count(Filters(), ("stage",))).rows]
    assert counts == sorted(counts, reverse=True)


async def test_the_day_is_the_companys(directory: Directory) -> None:
    # The earliest is the evening of the 30th in UTC, and the night of the 30th in Vietnam still.
    late = [c for c in EVERYBODY if isinstance(c.created_at, datetime) and c.created_at.hour >= 17]
    found = dict((await directory.count(Filters(), ("day",))).rows)
    day = late[0].created_at
    assert isinstance(day, datetime)
    assert found[((day + timedelta(hours=7)).date().isoformat(),)] >= 1


async def test_a_value_nobody_has(directory: Directory) -> None:
    found = await directory.count(Filters(stage="Mớii"), ("month",))
    assert found.total == 0
    assert [(each.field, each.near) for each in found.unknown] == [("stage", ("Mới",))]


async def test_the_same_group_twice_is_no_pair_of_tags(directory: Directory) -> None:
    for filters in (Filters(), Filters(kind="lead")):
        once = await directory.count(filters, ("tag",))
        twice = await directory.count(filters, ("tag", "tag"))
        assert {(tag, tag): many for (tag,), many in once.rows} == dict(twice.rows)
