"""Erasing a person from the copy, so that nothing of them is left in the file."""

from __future__ import annotations

import sqlite3

from antcrm_tools.directory import rows
from antcrm_tools.directory.facts import set_fact
from antcrm_tools.directory.freshness import ERASED


def erase(db: sqlite3.Connection, labels: rows.Labels, ref: str, now: float) -> None:
    """Take a customer out, and words that nobody has any more: theirs, and those of earlier names and of who is gone.

    The index keeps what was taken out until its parts are put together, which is done here; on a big copy that takes
    some seconds.
    """
    # A row from the future counts as old: this is no read that could be too late.
    db.execute("UPDATE customers SET read_at = 0 WHERE ref = ?", (ref,)).close()
    rows.forget(db, ref, now, now)
    db.execute("INSERT INTO found (found) VALUES ('optimize')").close()
    for (word,) in db.execute("SELECT word FROM vocabulary").fetchall():
        used = db.execute("SELECT 1 FROM found WHERE found MATCH ? LIMIT 1", (f'"{word}"',)).fetchone()
        if used is None:
            db.execute("DELETE FROM vocabulary WHERE word = ?", (word,)).close()
            db.execute("DELETE FROM slips WHERE word = ?", (word,)).close()
    set_fact(db, ERASED, repr(now))
    labels.forget()  # it would take such a word for known
