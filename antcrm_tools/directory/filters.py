"""Which customers are meant, but for words: kind, stage, source, owner, tags and days."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from antcrm_tools.directory.schema import FIRST_KNOWN, KINDS, NONE, SECOND_BITS, Label
from antcrm_tools.directory.tokens import kind_token, label_token, storable
from antcrm_tools.identity.names import fold
from antcrm_tools.identity.spelling import one_slip
from antcrm_tools.models import Customer, Kind, Moment
from antcrm_tools.wire.dates import day_in

NOTHING_WORDS = frozenset({"none", "-", "khong co"})
"""Folded; they ask for customers whose field is empty."""

_TAGGED = "EXISTS (SELECT 1 FROM tagged t WHERE t.tag IN ({}) AND t.created_day = c.created_day AND t.place = c.place)"
_NEAR = 3
_SHORTEST_PART = 2


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person asked for, in their words. Days are the company's own, both ends included.

    Labels are compared without marks and case; an owner may be named by what stands before the @. Several `tags`: all
    of them.
    """

    kind: Kind | None = None
    stage: str | None = None
    source: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    created_from: date | None = None
    created_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A filter names something that no customer in the copy has; `near` are values it may have meant."""

    field: Label
    text: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Filters as numbers. Of each group of a label, one has to hold; every group has to."""

    kind: int | None = None
    groups: tuple[tuple[Label, frozenset[int]], ...] = ()
    excluded: frozenset[int] = frozenset()
    """Tags nobody may have."""
    created: tuple[int, int] | None = None
    """First and last day as ordinals."""
    updated: tuple[int, int] | None = None
    unknown: tuple[Unknown, ...] = ()
    """With one of these nobody is found."""

    @property
    def tokens(self) -> tuple[tuple[str, ...], ...]:
        """For the index: of each group one token has to be there."""
        kinds = () if self.kind is None else ((kind_token(self.kind),),)
        return kinds + tuple(tuple(label_token(f, n) for n in sorted(numbers)) for f, numbers in self.groups)

    @property
    def excluded_tokens(self) -> tuple[str, ...]:
        """For the index: none of these."""
        return tuple(label_token("tag", number) for number in sorted(self.excluded))

    @property
    def places(self) -> tuple[int, int] | None:
        """Places in which customers created on those days are, a day more on each side; None where days don't count."""
        if self.created is None:
            return None
        first, last = (_second(day) for day in (self.created[0] - 1, self.created[1] + 2))
        first = first if first >= FIRST_KNOWN else 0  # among those of unknown time
        return first << SECOND_BITS, ((last + 1) << SECOND_BITS) - 1

    def where(self, *, days: bool = True) -> tuple[list[str], list[int]]:
        """Conditions on the table `customers c`, and what goes into them; with `days` only for the days."""
        conditions: list[str] = []
        values: list[int] = []
        for column, window in (("created_day", self.created), ("updated_day", self.updated)):
            if window is not None:
                conditions.append(f"c.{column} BETWEEN ? AND ?")
                values += window
        if days:
            return conditions, values
        if self.kind is not None:
            conditions.append("c.kind = ?")
            values.append(self.kind)
        for field, numbers in self.groups:
            marks = ", ".join("?" * len(numbers))
            if field == "tag":
                conditions.append(_TAGGED.format(marks))
            else:
                conditions.append(f"c.{field} IN ({marks})")
            values += sorted(numbers)
        if self.excluded:
            marks = ", ".join("?" * len(self.excluded))
            conditions.append(f"NOT {_TAGGED.format(marks)}")
            values += sorted(self.excluded)
        return conditions, values


def resolve(db: sqlite3.Connection, filters: Filters) -> Resolved:
    """Look up what the words of filters stand for."""
    unknown: list[Unknown] = []
    groups: list[tuple[Label, frozenset[int]]] = []
    wanted: list[tuple[Label, str | None]] = [
        ("stage", filters.stage),
        ("source", filters.source),
        ("owner", filters.owner),
        *(("tag", tag) for tag in filters.tags),
    ]
    for field, text in wanted:
        if text is None:
            continue
        numbers = numbers_of(db, field, text)
        if numbers:
            groups.append((field, numbers))
        else:
            unknown.append(Unknown(field, text, near(db, field, text)))
    excluded: set[int] = set()
    for tag in filters.without_tags:
        excluded |= numbers_of(db, "tag", tag)
    return Resolved(
        None if filters.kind is None else KINDS.index(filters.kind),
        tuple(groups),
        frozenset(excluded),
        _window(filters.created_from, filters.created_to),
        _window(filters.updated_from, filters.updated_to),
        tuple(unknown),
    )


def fits(filters: Filters, customer: Customer, zone: tzinfo) -> bool:
    """Whether a record that was read fresh is what filters mean. A day that cannot be read excludes nobody."""

    def within(moment: Moment | None, first: date | None, last: date | None) -> bool:
        day = day_in(moment, zone)
        return day is None or ((first is None or day >= first) and (last is None or day <= last))

    tags = {fold(tag) for tag in customer.tags} or set(NOTHING_WORDS)
    return (
        (filters.kind is None or customer.kind == filters.kind)
        and _is(filters.stage, customer.stage)
        and _is(filters.source, customer.source)
        and (_is(filters.owner, customer.owner) or _is(filters.owner, customer.owner.partition("@")[0]))
        and all(fold(tag) in tags for tag in filters.tags)
        and not any(fold(tag) in tags for tag in filters.without_tags)
        and within(customer.created_at, filters.created_from, filters.created_to)
        and within(customer.updated_at, filters.updated_from, filters.updated_to)
    )


def _is(wanted: str | None, value: str) -> bool:
    if wanted is None:
        return True
    folded = fold(wanted)
    return not value.strip() if folded in NOTHING_WORDS else fold(value) == folded


def numbers_of(db: sqlite3.Connection, field: Label, text: str) -> frozenset[int]:
    """The numbers a value has: of the value itself, else of those that are the same but for marks and case.

    An owner is also known by what stands before the @, where that is nobody else's.
    """
    value = " ".join(storable(text).split())
    if field == "owner":
        value = value.casefold()  # as it is kept
    folded = fold(value)
    if folded in NOTHING_WORDS:
        return frozenset({NONE})
    exact = db.execute("SELECT id FROM labels WHERE field = ? AND value = ?", (field, value)).fetchall()
    same = exact or db.execute("SELECT id FROM labels WHERE field = ? AND folded = ?", (field, folded)).fetchall()
    if not same and field == "owner" and folded and "@" not in folded:
        found = db.execute("SELECT id, folded FROM labels WHERE field = 'owner'").fetchall()
        same = [row for row in found if row[1].partition("@")[0] == folded]
    return frozenset(int(row[0]) for row in same)


def near(db: sqlite3.Connection, field: Label, text: str) -> tuple[str, ...]:
    """Values in use that may have been meant: the same but for marks first, then a slip apart, then with its words."""
    folded = fold(text)
    found: list[tuple[int, str]] = []
    for value, other in db.execute("SELECT value, folded FROM labels WHERE field = ? ORDER BY value", (field,)):
        if (rank := _nearness(folded, str(other))) is not None and value != text:
            found.append((rank, str(value)))
    return tuple(value for _, value in sorted(found)[:_NEAR])


def _nearness(folded: str, other: str) -> int | None:
    if folded == other:
        return 0
    if one_slip(folded.replace(" ", ""), other.replace(" ", "")):
        return 1
    if len(folded) >= _SHORTEST_PART and (other.startswith(folded) or folded.startswith(other)):
        return 2
    mine, theirs = set(folded.split()), set(other.split())
    return 3 if mine and theirs and (mine <= theirs or theirs <= mine) else None


def _window(first: date | None, last: date | None) -> tuple[int, int] | None:
    if first is None and last is None:
        return None
    # A day that is not known is 0, and is in no window.
    return (first or date.min).toordinal(), (last or date.max).toordinal()


def _second(day: int) -> int:
    day = max(date.min.toordinal() + 1, min(day, date.max.toordinal() - 1))
    moment = datetime.combine(date.fromordinal(day), time(), UTC)
    return max(0, int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)))
