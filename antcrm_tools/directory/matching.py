"""The index's language, and the newest of the customers that match.

Tokens are letters, digits and our own signs, so that nothing anybody types is an operator.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from antcrm_tools.directory.filters import Resolved
from antcrm_tools.directory.schema import COLUMNS, FIRST_KNOWN, KINDS, SECOND_BITS
from antcrm_tools.directory.tokens import changed_tokens, created_tokens, elsewhere, is_token, kind_token

SELECTED = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))

_PLACE = "c.place"

_NOBODY = elsewhere("%")
"""A token nobody has."""

_NESTED = 12
_FEW_DAYS = 35
"""Days of a window that are so few that the index had better begin with them."""


@dataclass(frozen=True, slots=True)
class Group:
    """What has to hold: one of these tokens is there, or one that begins with one of `begun`, or all of `together`.

    `begun` is slow where many tokens begin so.
    """

    tokens: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    together: tuple[Group, ...] = ()

    def __or__(self, other: Group) -> Group:
        """One of both."""
        return Group(self.tokens + other.tokens, self.begun + other.begun, self.together or other.together)

    def holds(self, tokens: AbstractSet[str]) -> bool:
        """Whether it does for somebody who has these."""
        return (
            not tokens.isdisjoint(self.tokens)
            or (bool(self.begun) and any(token.startswith(self.begun) for token in tokens))
            or (bool(self.together) and all(group.holds(tokens) for group in self.together))
        )

    @property
    def match(self) -> str:
        """For the index."""
        ways = [_quoted(token) for token in dict.fromkeys(self.tokens)]
        ways += [f"{_quoted(token)} *" for token in dict.fromkeys(self.begun)]
        ways += [f"({' AND '.join(group.match for group in self.together)})"] if self.together else []
        return f"({' OR '.join(ways)})"


def one_of(tokens: Iterable[str]) -> Group:
    """One of these is there."""
    return Group(tuple(tokens))


def anywhere(words: Iterable[str]) -> Group:
    """One of these words is there, in the name, the company or whatever else is written."""
    words = tuple(words)
    return Group((*words, *map(elsewhere, words)))


Rarity = Callable[[Group], float]
"""How many customers of those there are meet a group, about: less is rarer."""


def newest_places(
    db: sqlite3.Connection, filters: Resolved, groups: Sequence[Group], limit: int, *, rarity: Rarity | None = None
) -> list[int]:
    """Places of the newest customers who match and pass the filters."""
    return [row[0] for row in newest_rows(db, filters, groups, limit, selected=_PLACE, rarity=rarity)]


def newest_rows(
    db: sqlite3.Connection,
    filters: Resolved,
    groups: Sequence[Group],
    limit: int,
    *,
    before: int | None = None,
    selected: str = SELECTED,
    rarity: Rarity | None = None,
) -> list[tuple[Any, ...]]:
    """Rows of the newest customers who match, pass the filters and are before a place.

    With `rarity` the index begins with the rarest of the groups and filters, else with the groups.
    """
    conditions, values = filters.where()
    days, months = _days(db, filters)
    if days is None:
        return []
    if before is not None:
        conditions.append("c.place < ?")
        values.append(before)
    if not days and (places := filters.places) is not None:
        conditions.append("c.place BETWEEN ? AND ?")
        values += places
    needed = [*days, *groups, *(Group(tokens) for tokens in filters.tokens), *months]
    match = _match(needed if rarity is None else sorted(needed, key=rarity))
    if filters.excluded_tokens:
        # The index cannot say "not" alone; every customer has a kind.
        match = f"({match or _ANYBODY.match}) NOT {Group(filters.excluded_tokens).match}"
    if not match:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return db.execute(
            f"SELECT {selected} FROM customers c {where} ORDER BY c.place DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
    if selected == _PLACE and not conditions:
        sql = "SELECT f.rowid FROM found f WHERE found MATCH ? ORDER BY f.rowid DESC LIMIT ?"
        return db.execute(sql, (match, limit)).fetchall()
    # The index itself has to know the places: it goes through them in their order, and stops at the limit.
    where = "".join(f" AND {condition.replace('c.place', 'f.rowid')}" for condition in conditions)
    return db.execute(
        f"SELECT {selected} FROM found f CROSS JOIN customers c ON c.place = f.rowid"  # noqa: S608
        f" WHERE found MATCH ?{where} ORDER BY f.rowid DESC LIMIT ?",
        (match, *values, limit),
    ).fetchall()


_ANYBODY = one_of(kind_token(number) for number in range(len(KINDS)))


def _match(groups: Sequence[Group]) -> str:
    """All of these, of which the first should be the rarest.

    In a plain AND all parts skip ahead of each other in turn; two and two, the rare ones lead. The index makes one AND
    of nested ones unless something stands between them, such as a token nobody has.
    """
    whole = ""
    for place, group in enumerate(groups):
        if place > 1:
            whole = f"({whole} OR {_quoted(_NOBODY)})" if place < _NESTED else whole
        whole = f"{whole} AND {group.match}" if whole else group.match
    return whole


def _days(db: sqlite3.Connection, filters: Resolved) -> tuple[list[Group] | None, list[Group]]:
    """Windows of days for the index, the short ones and the long ones; None: nobody is in one."""
    short: list[Group] = []
    long: list[Group] = []
    if filters.created is not None:
        window = _created(db, filters.created)
        if window is None:
            return None, []
        if tokens := created_tokens(*window):
            short.append(one_of(tokens))
    if filters.updated is not None:
        window = _changed(db, filters.updated)
        if window is None:
            return None, []
        if tokens := changed_tokens(*window):
            (short if window[1] - window[0] < _FEW_DAYS else long).append(one_of(tokens))
    return short, long


def _created(db: sqlite3.Connection, window: tuple[int, int]) -> tuple[int, int] | None:
    """A window of days of creation, up to the last on which anybody was; None: nobody was created in it."""
    newest = db.execute("SELECT created_day, place FROM customers ORDER BY place DESC LIMIT 1").fetchone()
    if newest is None:
        return None
    if newest[1] >> SECOND_BITS < FIRST_KNOWN:
        return window  # all of them are without a place of their day
    last = min(window[1], newest[0])
    return None if last < window[0] else (window[0], last)


def _changed(db: sqlite3.Connection, window: tuple[int, int]) -> tuple[int, int] | None:
    """A window of days of the last change, as far as there were any. None: nobody was changed in it."""
    first = db.execute("SELECT min(updated_day) FROM customers WHERE updated_day >= ?", (max(window[0], 1),)).fetchone()
    last = db.execute("SELECT max(updated_day) FROM customers WHERE updated_day <= ?", (window[1],)).fetchone()
    if first[0] is None or last[0] is None or last[0] < first[0]:
        return None
    return first[0], last[0]


def _quoted(token: str) -> str:
    if not is_token(token):
        raise ValueError(token)
    return f'"{token}"'
