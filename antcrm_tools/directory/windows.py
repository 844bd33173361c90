"""Windows of days of creation, in which all of AntCRM is read, and how far each was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from antcrm_tools.models import Query
from antcrm_tools.refs import Space

_COLUMNS = "id, space, first, last, page, seen"


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `first` to `last`, both included; None: as far as there is anything. `page`: read up to there."""

    id: int
    space: Space
    first: date | None
    last: date | None
    page: int = 0
    seen: int = 0

    @property
    def query(self) -> Query:
        """What to ask for. Days are sent as they stand: neighbours share a day, so that none falls between."""
        return Query(space=self.space, created_from=self.first, created_to=self.last, as_sent=True)

    def days(self, today: date, oldest: date) -> int:
        """How many days it has, where those without an end reach to these."""
        return max(1, ((self.last or today) - (self.first or oldest)).days)


def plan(db: sqlite3.Connection, of: str, space: Space, first: date | None, last: date | None) -> Window:
    """Write a window down."""
    made = db.execute(
        "INSERT INTO windows (pass, space, first, last, state, page, seen) VALUES (?, ?, ?, ?, 'open', 0, 0)",
        (of, space, _text(first), _text(last)),
    )
    return Window(int(made.lastrowid or 0), space, first, last)


def of_pass(db: sqlite3.Connection, of: str, *, state: str | None = None) -> list[Window]:
    """The windows of a pass, in the order they were planned."""
    sql = f"SELECT {_COLUMNS} FROM windows WHERE pass = ? AND (?2 IS NULL OR state = ?2) ORDER BY id"  # noqa: S608
    return [_window(row) for row in db.execute(sql, (of, state))]


def reached(db: sqlite3.Connection, window: Window, page: int, seen: int) -> None:
    """It was read up to this page."""
    db.execute("UPDATE windows SET page = ?, seen = ? WHERE id = ?", (page, seen, window.id)).close()


def done(db: sqlite3.Connection, window: Window, seen: int) -> None:
    """It was read whole."""
    db.execute("UPDATE windows SET state = 'done', seen = ? WHERE id = ?", (seen, window.id)).close()


def split(db: sqlite3.Connection, of: str, window: Window, at: date) -> None:
    """Put two in its place that share a day."""
    db.execute("DELETE FROM windows WHERE id = ?", (window.id,)).close()
    plan(db, of, window.space, at, window.last)
    plan(db, of, window.space, window.first, at)


def clear(db: sqlite3.Connection, of: str) -> None:
    """Forget a pass."""
    db.execute("DELETE FROM windows WHERE pass = ?", (of,)).close()


def by_count(days: Iterable[tuple[int, int]], most: int) -> list[tuple[date | None, date | None]]:
    """Windows of about `most` customers each, from (day's ordinal, customers), the newest first; they share no day.

    The first and the last have no end.
    """
    edges: list[date] = []
    held = 0
    for day, count in days:
        held += count
        if held >= most:
            edges.append(date.fromordinal(day))
            held = 0
    firsts: list[date | None] = [*edges, None]
    lasts: list[date | None] = [None, *(edge - timedelta(days=1) for edge in edges)]
    return list(zip(firsts, lasts, strict=True))


def _window(row: tuple[Any, ...]) -> Window:
    number, space, first, last, page, seen = row
    return Window(number, space, _date(first), _date(last), page, seen)


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
