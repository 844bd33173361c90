"""How many customers there are, in groups.

A count for each label and day comes from an index in its order; weeks and months are put together here. Sorting a
million rows into groups would take the database seconds.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any, Final, get_args

from antcrm_tools.directory.filters import Resolved, Unknown
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.schema import KINDS, LABELS, NONE, Group

GROUPS: Final[tuple[Group, ...]] = get_args(Group)

TIMES: Final = ("day", "week", "month")
_MOST_STEPS = 60
"""Days, weeks or months in a row, of which those without anybody are counted too."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`total` counts each customer once; in groups by tag one with two tags is in both."""

    total: int = 0
    rows: tuple[tuple[tuple[str, ...], int], ...] = ()
    unknown: tuple[Unknown, ...] = ()


def count(db: sqlite3.Connection, labels: Labels, filters: Resolved, by: Sequence[Group] = ()) -> Counted:
    """Count customers. Times are those of creation: `2026-10-05`, `2026-W41`, `2026-10`; empty where not known.

    Rows are in the order of time, or the biggest first.
    """
    if filters.unknown:
        return Counted(unknown=filters.unknown)
    conditions, values = filters.where(days=False)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    total = int(db.execute(f"SELECT count(*) FROM customers c{where}", values).fetchone()[0])  # noqa: S608
    if not by:
        return Counted(total)
    # With the tags' own table nothing has to be sorted, but it knows no more than the days.
    by_tags_days = "tag" in by and not conditions and all(group == "tag" or group in TIMES for group in by)
    columns = {group: _column(group, of_tags=by_tags_days) for group in by}
    # The order of the index: a label, then the day.
    ordered = sorted(dict.fromkeys(columns.values()), key=lambda column: column == "created_day")
    source = "tagged" if by_tags_days else "customers c"
    listed = grouped = ", ".join(ordered)
    if not conditions and len(ordered) > 1 and "created_day" not in ordered:
        # In the order of an index nothing has to be sorted; what are too many groups for it is put together here.
        source, grouped = "customers c INDEXED BY by_labels", "owner, stage, source, kind, tags"
    found = db.execute(f"SELECT {listed}, count(*) FROM {source}{where} GROUP BY {grouped}", values)  # noqa: S608
    # Whoever asks for the same twice means the same value twice, and not pairs of a customer's tags.
    once = list(dict.fromkeys(by))
    asked = [once.index(group) for group in by]
    places = [ordered.index(columns[group]) for group in once]
    named: list[Callable[[Any], Sequence[str]]] = [_naming(db, labels, group) for group in once]
    rows: Counter[tuple[str, ...]] = Counter()
    for row in found:
        for keys in product(*(name(row[place]) for name, place in zip(named, places, strict=True))):
            rows[tuple(keys[place] for place in asked)] += row[-1]
    return Counted(total, tuple(_sorted(rows, by)))


def _column(group: Group, *, of_tags: bool) -> str:
    if group in TIMES:
        return "created_day"
    if group == "tag":
        return "tag" if of_tags else "tags"
    return group


def _naming(db: sqlite3.Connection, labels: Labels, group: Group) -> Callable[[Any], Sequence[str]]:
    """What a value of a group's column is called; customers with several tags have several."""
    if group == "kind":
        kinds = [(kind,) for kind in KINDS]
        return kinds.__getitem__
    if group in LABELS:
        return lambda numbers: [labels.value(db, int(number)) for number in str(numbers).split()]
    known: dict[int, tuple[str]] = {NONE: ("",)}

    def name(day: int) -> tuple[str]:
        if day not in known:
            known[day] = (time_name(group, date.fromordinal(day)),)
        return known[day]

    return name


def time_name(group: Group, day: date) -> str:
    """What a day, or its week or month, is called."""
    if group == "month":
        return f"{day.year:04}-{day.month:02}"
    if group == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return day.isoformat()


def _sorted(rows: Counter[tuple[str, ...]], by: Sequence[Group]) -> list[tuple[tuple[str, ...], int]]:
    if len(by) == 1 and by[0] in TIMES:
        _with_empty(rows, by[0])
    weight: Counter[tuple[int, str]] = Counter()
    for keys, many in rows.items():
        for level, key in enumerate(keys):
            weight[level, key] += many

    def order(item: tuple[tuple[str, ...], int]) -> list[tuple[int, str]]:
        return [
            (0 if group in TIMES else -weight[level, key], key)
            for level, (group, key) in enumerate(zip(by, item[0], strict=True))
        ]

    return sorted(rows.items(), key=order)


def _with_empty(rows: Counter[tuple[str, ...]], group: Group) -> None:
    """Times in between without anybody count as well: a week without leads is worth seeing."""
    known = sorted(key for (key,) in rows if key)
    if not known:
        return
    day, last = _first_day(group, known[0]), known[-1]
    steps = 0
    between: list[str] = []
    while (name := time_name(group, day)) < last and steps < _MOST_STEPS * 31:
        if not between or between[-1] != name:
            between.append(name)
        day += timedelta(days=1)
        steps += 1
    if len(between) <= _MOST_STEPS:
        for name in between:
            rows[(name,)] += 0


def _first_day(group: Group, name: str) -> date:
    if group == "month":
        return date.fromisoformat(f"{name}-01")
    if group == "week":
        return date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
    return date.fromisoformat(name)
