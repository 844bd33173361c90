"""What the copy has of the customers a read has shown, before it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from antcrm_tools.directory.schema import COLUMNS

_AT_ONCE = 500
"""Refs in one question: some SQLites take no more than a thousand."""


class Held:
    """What there is of some customers, asked for at once: a question for each takes longer."""

    def __init__(self, db: sqlite3.Connection, refs: Sequence[str]) -> None:
        """Of more refs than fit into one question, the others are asked for when they are taken."""
        asked = tuple(dict.fromkeys(refs))[:_AT_ONCE]
        wanted = f"ref IN ({', '.join('?' * len(asked))})"
        there = f"SELECT {COLUMNS}, tokens FROM customers JOIN words USING (place) WHERE {wanted}"  # noqa: S608
        gone = f"SELECT ref, read_at FROM gone WHERE {wanted}"  # noqa: S608
        self._asked = set(asked)
        self._there: dict[str, tuple[Any, ...]] = {row[1]: row for row in db.execute(there, asked)}
        self._gone: dict[str, float] = dict(db.execute(gone, asked))

    def take(self, db: sqlite3.Connection, ref: str) -> tuple[tuple[Any, ...] | None, float | None]:
        """A customer's row with its tokens, and when it was gone.

        What is taken is written, and then is not as it was: who is taken twice is asked for anew.
        """
        if ref not in self._asked:
            return Held(db, (ref,)).take(db, ref)
        self._asked.remove(ref)
        return self._there.get(ref), self._gone.get(ref)
