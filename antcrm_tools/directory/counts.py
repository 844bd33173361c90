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
from typing import Final, get_args

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
    by_tag = "tag" in by
    # A tag's table has the day of creation, too.
    columns = {group: _column(group, by_tag=by_tag) for group in by}
    # The order of the index: a label, then the day. With it nothing has to be sorted.
    ordered = sorted(dict.fromkeys(columns.values()), key=lambda column: column.endswith(".created_day"))
    source = "customers c"
    if by_tag:
        alone = not conditions and len(ordered) == 1
        source = "tagged t" if alone else "tagged t CROSS JOIN customers c ON c.place = t.place"
    listed = ", ".join(ordered)
    found = db.execute(f"SELECT {listed}, count(*) FROM {source}{where} GROUP BY {listed}", values)  # noqa: S608
    places = [ordered.index(columns[group]) for group in by]
    named: list[Callable[[int], str]] = [_naming(db, labels, group) for group in by]
    rows: Counter[tuple[str, ...]] = Counter()
    for row in found:
        rows[tuple(name(row[place]) for name, place in zip(named, places, strict=True))] += row[-1]
    return Counted(total, tuple(_sorted(rows, by)))


def _column(group: Group, *, by_tag: bool) -> str:
    if group in TIMES:
        return "t.created_day" if by_tag else "c.created_day"
    return "t.tag" if group == "tag" else f"c.{group}"


def _naming(db: sqlite3.Connection, labels: Labels, group: Group) -> Callable[[int], str]:
    if group == "kind":
        return lambda number: KINDS[number]
    if group in LABELS:
        return lambda number: labels.value(db, number)
    known: dict[int, str] = {NONE: ""}

    def name(day: int) -> str:
        if day not in known:
            known[day] = time_name(group, date.fromordinal(day))
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
