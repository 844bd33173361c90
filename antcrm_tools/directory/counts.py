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
from typing import Final, Literal, TypeAlias, get_args

from antcrm_tools.directory.filters import Resolved, Unknown
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.schema import KINDS, LABELS, NONE, Label
from antcrm_tools.identity.names import fold

Group: TypeAlias = Literal["stage", "tag", "owner", "source", "kind", "day", "week", "month"]
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
    columns = list(dict.fromkeys(_column(group) for group in by))
    # The order of the index: a label, then the day. With it nothing has to be sorted.
    columns.sort(key=lambda column: column == "c.created_day")
    source = "customers c"
    if "t.tag" in columns:
        # Driven by the tags, which stand in their order, too.
        source = (
            "tagged t CROSS JOIN customers c ON c.place = t.place" if conditions or len(columns) > 1 else "tagged t"
        )
        columns = ["t.created_day" if column == "c.created_day" else column for column in columns]
    found = db.execute(
        f"SELECT {', '.join(columns)}, count(*) FROM {source}{where} GROUP BY {', '.join(columns)}",  # noqa: S608
        values,
    )
    places = [
        columns.index(_column(group)) if _column(group) in columns else columns.index("t.created_day") for group in by
    ]
    named: list[Callable[[int], str]] = [_naming(db, labels, group) for group in by]
    rows: Counter[tuple[str, ...]] = Counter()
    for row in found:
        rows[tuple(name(row[place]) for name, place in zip(named, places, strict=True))] += row[-1]
    return Counted(total, tuple(_sorted(rows, by)))


def values(db: sqlite3.Connection, field: Label, prefix: str = "") -> list[tuple[str, int]]:
    """The values of a label in use, with how many have them, the most used first; `prefix` needs no marks."""
    column = "tag" if field == "tag" else field
    table = "tagged" if field == "tag" else "customers"
    known = {
        int(number): (str(value), str(folded))
        for number, value, folded in db.execute("SELECT id, value, folded FROM labels WHERE field = ?", (field,))
    }
    wanted = fold(prefix)
    found: list[tuple[str, int]] = []
    for number, (value, folded) in known.items():
        if folded.startswith(wanted) or any(word.startswith(wanted) for word in folded.split()):
            many = db.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", (number,)).fetchone()[0]  # noqa: S608
            if many:
                found.append((value, int(many)))
    return sorted(found, key=lambda each: (-each[1], each[0]))


def _column(group: Group) -> str:
    if group in TIMES:
        return "c.created_day"
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
