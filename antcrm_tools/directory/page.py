"""A page of customers on its way into the copy: what is there of them, and what is written.

Each statement lets go of the interpreter's lock, and on a busy machine it takes a while to get it back. So a page has a
few statements, and not a few for each of its customers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, Final

from antcrm_tools.directory.schema import COLUMNS, FIRST_KNOWN, SECOND_BITS

MOST: Final = 50
"""Customers of a page: some SQLites take no more than a thousand values."""

_TAGS = 300
_SLOTS = 1 << SECOND_BITS
_CREATED_DAY = 13
"""Of a customer's columns, the one it is."""


class Page:
    """Up to `MOST` customers, each of them once, in one transaction."""

    def __init__(self, db: sqlite3.Connection, refs: Collection[str], seconds: Collection[int]) -> None:
        """`seconds`: when they were created, as far as that is known."""
        wanted = f"ref IN ({_marks(len(refs))})"
        there = f"SELECT {COLUMNS}, tokens FROM customers JOIN words USING (place) WHERE {wanted}"  # noqa: S608
        gone = f"SELECT ref, read_at FROM gone WHERE {wanted}"  # noqa: S608
        self._db = db
        self.there: dict[str, tuple[Any, ...]] = {row[1]: row for row in db.execute(there, (*refs,))}
        """The rows of those who are there, with their tokens, by ref."""
        self.gone: dict[str, float] = dict(db.execute(gone, (*refs,)))
        """When those who are gone were found to be, by ref."""
        self._last = self._last_of([_start(second) for second in set(seconds)])
        self._added: dict[int, int] = {}
        self._confirmed: list[int] = []
        self._customers: list[tuple[Any, ...]] = []
        self._words: list[tuple[int, str]] = []
        self._tagged: list[tuple[int, int, int]] = []

    def free_place(self, second: int) -> int:
        """The next place in a second; where many share one (days without a time), in the seconds after it."""
        start = _start(second)
        while True:
            if start not in self._last:
                self._last |= self._last_of([start])
            last = max(self._last[start], self._added.get(start, -1))
            if last < start:
                return start
            if last < start + _size(start) - 1:
                return last + 1
            start += _size(start)

    def take_out(self, place: int, words: str) -> None:
        """Take a customer out who is to be written anew."""
        take_out(self._db, place, words)
        self._last.pop(_start(place >> SECOND_BITS), None)

    def confirm(self, place: int) -> None:
        """A customer is as it was."""
        self._confirmed.append(place)

    def add(self, customer: tuple[Any, ...], tokens: str, tags: Sequence[int]) -> None:
        """Have a customer written, of whom these are all columns of the table in their order."""
        place, day = customer[0], customer[_CREATED_DAY]
        self._customers.append(customer)
        self._words.append((place, tokens))
        self._tagged += [(tag, day, place) for tag in tags]
        start = _start(place >> SECOND_BITS)
        self._added[start] = max(place, self._added.get(start, -1))

    def write(self, begun: float) -> None:
        """Write those who were added, and when the read began that shows those who are as they were."""
        if self._confirmed:
            places = _marks(len(self._confirmed))
            confirm = f"UPDATE customers SET read_at = ? WHERE place IN ({places})"  # noqa: S608
            self._db.execute(confirm, (begun, *self._confirmed))
        self._insert("INSERT INTO customers", self._customers)
        self._insert("INSERT INTO words", self._words)
        self._insert("INSERT INTO found (rowid, tokens)", self._words)
        for first in range(0, len(self._tagged), _TAGS):
            self._insert("INSERT OR IGNORE INTO tagged", self._tagged[first : first + _TAGS])

    def _insert(self, into: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            values = ", ".join([f"({_marks(len(rows[0]))})"] * len(rows))
            self._db.execute(f"{into} VALUES {values}", [value for row in rows for value in row])

    def _last_of(self, starts: Sequence[int]) -> dict[int, int]:
        """The last place that is taken of the seconds that begin there; -1 where none is."""
        lasts = dict.fromkeys(starts, -1)
        if starts:
            spans = ", ".join(["(?, ?)"] * len(starts))
            last = "SELECT max(place) FROM customers WHERE place BETWEEN column1 AND column2"
            each = f"SELECT column1 AS start, ({last}) AS last FROM (VALUES {spans})"  # noqa: S608
            ends = [end for start in starts for end in (start, start + _size(start) - 1)]
            # Most seconds are nobody's, and each row that is given back costs as much as a statement.
            lasts.update(self._db.execute(f"SELECT start, last FROM ({each}) WHERE last IS NOT NULL", ends))  # noqa: S608
        return lasts


def take_out(db: sqlite3.Connection, place: int, words: str) -> None:
    """Take a customer's row and words out."""
    db.execute("INSERT INTO found (found, rowid, tokens) VALUES ('delete', ?, ?)", (place, words))
    tags, day = db.execute("SELECT tags, created_day FROM customers WHERE place = ?", (place,)).fetchone()
    db.executemany(
        "DELETE FROM tagged WHERE tag = ? AND created_day = ? AND place = ?",
        [(int(t), day, place) for t in tags.split()],
    )
    db.execute("DELETE FROM words WHERE place = ?", (place,))
    db.execute("DELETE FROM customers WHERE place = ?", (place,))


def _start(second: int) -> int:
    """The first place of a second; those before any that is known are one."""
    return second << SECOND_BITS if second >= FIRST_KNOWN else 0


def _size(start: int) -> int:
    return _SLOTS if start else FIRST_KNOWN << SECOND_BITS


def _marks(count: int) -> str:
    return ", ".join("?" * count)
