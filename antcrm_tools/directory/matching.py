"""The index's language, and the newest of the customers that match.

Tokens are letters, digits and our own signs, so that nothing anybody types is an operator.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from antcrm_tools.directory.filters import Resolved
from antcrm_tools.directory.rows import COLUMNS
from antcrm_tools.directory.schema import KINDS
from antcrm_tools.directory.tokens import changed_tokens, is_token, kind_token

SELECTED = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
_KINDS = tuple(kind_token(number) for number in range(len(KINDS)))


def one_of(columns: str, tokens: Iterable[str]) -> str:
    """Has one of the tokens in one of the columns."""
    return f"{{{columns}}} : ({' OR '.join(_quoted(token) for token in tokens)})"


def beginning(columns: str, token: str) -> str:
    """Has a token in one of the columns that begins with this one. Slow where many do."""
    return f"{{{columns}}} : ({_quoted(token)} *)"


def every(groups: Sequence[str]) -> str:
    """Has all of these."""
    return " AND ".join(f"({group})" for group in groups)


def _quoted(token: str) -> str:
    if not is_token(token):
        raise ValueError(token)
    return f'"{token}"'


def newest_rows(
    db: sqlite3.Connection, filters: Resolved, match: str, before: int | None, limit: int
) -> list[tuple[object, ...]]:
    """Rows, as `SELECTED`, of the newest customers before a place who match and pass the filters."""
    conditions, values = filters.where()
    if (places := filters.places) is not None:
        conditions.append("c.place BETWEEN ? AND ?")
        values += places
    if before is not None:
        conditions.append("c.place < ?")
        values.append(before)
    groups = [match] if match else []
    groups += [one_of("keys", tokens) for tokens in filters.tokens]
    if filters.updated is not None:
        changed = _changed(db, filters.updated)
        if changed is None:
            return []
        groups += [one_of("keys", changed)] if changed else []
    whole = every(groups)
    if filters.excluded_tokens:
        # The index cannot say "not" alone; every customer has a kind.
        whole = f"({whole or one_of('keys', _KINDS)}) NOT ({one_of('keys', filters.excluded_tokens)})"
    if not whole:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return db.execute(
            f"SELECT {SELECTED} FROM customers c {where} ORDER BY c.place DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
    # The index itself has to know the places: it goes through them in their order, and stops at the limit.
    where = "".join(f" AND {condition.replace('c.place', 'f.rowid')}" for condition in conditions)
    return db.execute(
        f"SELECT {SELECTED} FROM found f CROSS JOIN customers c ON c.place = f.rowid"  # noqa: S608
        f" WHERE found MATCH ?{where} ORDER BY f.rowid DESC LIMIT ?",
        (whole, *values, limit),
    ).fetchall()


def _changed(db: sqlite3.Connection, window: tuple[int, int]) -> list[str] | None:
    """The tokens of a window of days of the last change; none: any day. None: nobody was changed in it."""
    first = db.execute("SELECT min(updated_day) FROM customers WHERE updated_day >= ?", (max(window[0], 1),)).fetchone()
    last = db.execute("SELECT max(updated_day) FROM customers WHERE updated_day <= ?", (window[1],)).fetchone()
    if first[0] is None or last[0] is None or last[0] < first[0]:
        return None
    return changed_tokens(first[0], last[0])
