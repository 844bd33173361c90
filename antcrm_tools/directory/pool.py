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

_FEW_FIT = 300
"""So few fit the words that the filters are better looked up of each than in the index."""

_SAMPLE = 20
_FOREVER = 1 << 60
"""More than there are places."""

_ANYBODY = Resolved()

_Tokens = dict[int, frozenset[str]]
"""The tokens of customers, by place."""


@dataclass(slots=True)
class Pool:
    """Who was found, by place, each as by the surest step. `full`: a step may have found more."""

    db: sqlite3.Connection
    labels: Labels
    filters: Resolved
    size: int = _STEP
    found: dict[int, Hit] = field(default_factory=dict[int, Hit])
    full: bool = False
    _whole: dict[frozenset[Group], _Tokens] = field(default_factory=dict[frozenset[Group], _Tokens])
    """All there are who fit some groups, the newest first, where they are few; at least those who pass the filters."""

    _rarities: dict[Group, float] = field(default_factory=dict[Group, float])

    def __post_init__(self) -> None:
        if self.filters != _ANYBODY and not self._whole:
            self._hold((), self._places(self.filters, (), _FEW_PASS + 1), _FEW_PASS)

    def deeper(self) -> Pool:
        """An empty one, whose steps look at more."""
        return Pool(self.db, self.labels, self.filters, _MOST, _whole=self._whole, _rarities=self._rarities)

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

    def _take(self, rows: Iterable[Sequence[object]], fit: Fit) -> None:
        for entry in entries(self.db, self.labels, rows):
            self.found.setdefault(entry.place, Hit(entry, fit))

    def _rows(self, groups: Sequence[Group]) -> list[tuple[object, ...]]:
        held = self._among_held(groups)
        if held is None and self.filters != _ANYBODY:
            self._hold(groups, self._places(_ANYBODY, groups, _FEW_FIT + 1), _FEW_FIT)
            held = self._among_held(groups)
        if held is not None:
            return self._passing_rows("place", held)
        return newest_rows(self.db, self.filters, groups, self.size, rarity=self._rarity)

    def _places(self, filters: Resolved, groups: Sequence[Group], limit: int) -> list[int]:
        return newest_places(self.db, filters, groups, limit, rarity=self._rarity)

    def _rarity(self, group: Group) -> float:
        """By how close together the newest are who meet it: the index could only count all of them."""
        known = self._rarities.get(group)
        if known is None:
            newest = newest_places(self.db, _ANYBODY, (group,), _SAMPLE)
            all_of_them = len(newest) < _SAMPLE
            known = len(newest) / _FOREVER if all_of_them else _SAMPLE / max(1, newest[0] - newest[-1])
            self._rarities[group] = known
        return known

    def _hold(self, groups: Sequence[Group], places: Sequence[int], most: int) -> None:
        """Keep who fits these groups, and their tokens, if that is everybody."""
        if len(places) <= most:
            marks = ", ".join("?" * len(places))
            sql = f"SELECT place, tokens FROM words WHERE place IN ({marks}) ORDER BY place DESC"  # noqa: S608
            found = self.db.execute(sql, tuple(places))
            self._whole[frozenset(groups)] = {place: frozenset(tokens.split()) for place, tokens in found}

    def _among_held(self, groups: Sequence[Group]) -> list[int] | None:
        """The places of all who fit these groups, if that can be told from who fits fewer of them."""
        wanted = frozenset(groups)
        for known, tokens in self._whole.items():
            if known <= wanted:
                rest = wanted - known
                return [place for place, have in tokens.items() if all(group.holds(have) for group in rest)]
        return None

    def _passing_rows(self, column: str, values: Sequence[int | str]) -> list[tuple[object, ...]]:
        """Of these customers, those who pass the filters."""
        conditions, more = self.filters.where(days=False)
        where = " AND ".join([f"c.{column} IN ({', '.join('?' * len(values))})", *conditions])
        # An index of the filters' columns would lead through everybody who passes one of them.
        source = "customers c NOT INDEXED" if column == "place" else "customers c"
        sql = f"SELECT {SELECTED} FROM {source} WHERE {where} ORDER BY c.place DESC LIMIT ?"  # noqa: S608
        return self.db.execute(sql, (*values, *more, self.size)).fetchall()
