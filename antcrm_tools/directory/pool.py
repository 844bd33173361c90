"""Who was found so far, and the quickest way to find more: from the words, from the filters, or from both at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from antcrm_tools.directory.filters import Resolved
from antcrm_tools.directory.matching import SELECTED, Group, newest_places, newest_rows
from antcrm_tools.directory.ranking import Fit, Hit
from antcrm_tools.directory.rows import Labels, entries

_STEP, _MOST = 40, 200
"""Customers a step looks at, the newest of those who fit it: first, and for whoever asks for further parts."""

_ENOUGH = 5
"""With fewer than these, the next step is taken."""

_FEW_PASS = 100
"""So few pass the filters that all are looked at once, instead of the index at each step."""

_FEW_FIT = 200
"""So few fit the words that the filters are better looked up of each than in the index."""

_ANYBODY = Resolved()


@dataclass(slots=True)
class Pool:
    """Who was found, by place, each as by the surest step. `full`: a step may have found more."""

    db: sqlite3.Connection
    labels: Labels
    filters: Resolved
    size: int = _STEP
    found: dict[int, Hit] = field(default_factory=dict[int, Hit])
    full: bool = False
    _passing: dict[int, frozenset[str]] | None = None
    """All who pass the filters, the newest first, with their tokens, if they are few."""

    def __post_init__(self) -> None:
        if self.filters != _ANYBODY and self._passing is None:
            places = newest_places(self.db, self.filters, (), _FEW_PASS + 1)
            if len(places) <= _FEW_PASS:
                self._passing = self._tokens(places)

    def deeper(self) -> Pool:
        """An empty one, whose steps look at more."""
        return Pool(self.db, self.labels, self.filters, _MOST, _passing=self._passing)

    def add(self, groups: Sequence[Group], fit: Fit) -> bool:
        """Take the newest who fit all groups; returns whether there may be more of them."""
        rows = self._rows(groups)
        self._take(rows, fit)
        full = len(rows) == self.size
        self.full = self.full or full
        return full

    def named(self, refs: Sequence[str]) -> None:
        """Take those of these numbers."""
        self._take(self._passing_rows("ref", refs), Fit.KEY)

    def few(self) -> bool:
        """Whether a more forgiving step is worth it."""
        return len(self.found) < _ENOUGH

    def is_sure(self) -> bool:
        """Whether somebody has all that was asked for in the name or the company."""
        return any(hit.fit <= Fit.BEGINNING for hit in self.found.values())

    def _take(self, rows: Iterable[Sequence[object]], fit: Fit) -> None:
        for entry in entries(self.db, self.labels, rows):
            self.found.setdefault(entry.place, Hit(entry, fit))

    def _rows(self, groups: Sequence[Group]) -> list[tuple[object, ...]]:
        if self._passing is not None:
            fitting = [place for place, have in self._passing.items() if all(group.holds(have) for group in groups)]
            return self._passing_rows("place", fitting)
        if self.filters != _ANYBODY:
            fitting = newest_places(self.db, _ANYBODY, groups, _FEW_FIT + 1)
            if len(fitting) <= _FEW_FIT:
                return self._passing_rows("place", fitting)
        return newest_rows(self.db, self.filters, groups, self.size)

    def _passing_rows(self, column: str, values: Sequence[int | str]) -> list[tuple[object, ...]]:
        """Of these customers, those who pass the filters."""
        conditions, more = self.filters.where(days=False)
        where = " AND ".join([f"c.{column} IN ({', '.join('?' * len(values))})", *conditions])
        sql = f"SELECT {SELECTED} FROM customers c WHERE {where} ORDER BY c.place DESC LIMIT ?"  # noqa: S608
        return self.db.execute(sql, (*values, *more, self.size)).fetchall()

    def _tokens(self, places: Sequence[int]) -> dict[int, frozenset[str]]:
        marks = ", ".join("?" * len(places))
        sql = f"SELECT place, tokens FROM words WHERE place IN ({marks}) ORDER BY place DESC"  # noqa: S608
        return {place: frozenset(tokens.split()) for place, tokens in self.db.execute(sql, tuple(places))}
