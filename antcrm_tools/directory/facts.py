"""What the directory knows about itself: a few named values."""

from __future__ import annotations

import sqlite3


def fact(db: sqlite3.Connection, name: str) -> str | None:
    """The value of a fact; None where it was never written."""
    found = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def set_fact(db: sqlite3.Connection, name: str, value: str | None) -> None:
    """Write one down; None takes it out."""
    if value is None:
        db.execute("DELETE FROM facts WHERE name = ?", (name,)).close()
    else:
        db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value)).close()
