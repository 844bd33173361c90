"""Erasing a person from the copy, so that nothing of them is left in the file."""

from __future__ import annotations

import sqlite3

from antcrm_tools.directory import rows


def erase(db: sqlite3.Connection, labels: rows.Labels, ref: str, now: float) -> None:
    """Take a customer out, and words that only they had.

    The index keeps what was taken out until its parts are put together, which is done here; on a big copy that takes
    some seconds.
    """
    held = db.execute("SELECT tokens FROM words JOIN customers USING (place) WHERE ref = ?", (ref,)).fetchone()
    # A row from the future counts as old: this is no read that could be too late.
    db.execute("UPDATE customers SET read_at = 0 WHERE ref = ?", (ref,)).close()
    rows.forget(db, ref, now, now)
    db.execute("INSERT INTO found (found) VALUES ('optimize')").close()
    words = {token for token in held[0].split() if token.isalnum()} if held else ()
    for word in words:
        used = db.execute("SELECT 1 FROM found WHERE found MATCH ? LIMIT 1", (f'"{word}"',)).fetchone()
        if used is None:
            db.execute("DELETE FROM vocabulary WHERE word = ?", (word,)).close()
            db.execute("DELETE FROM slips WHERE word = ?", (word,)).close()
    labels.forget()  # it would take such a word for known
