"""How much of AntCRM the copy holds, and how old it is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from antcrm_tools.directory.facts import fact

FILLED = "filled"
"""The fact of when everything had been read once."""

SYNCED = "synced"
"""The fact of when the last pass began that read all that had changed."""

BACK_TO = "back_to"
"""While it is being filled: the day since which every customer created is there."""

SHARE = "share"
"""While it is being filled: how much of the time that has to be read was read, from 0 to 1."""

TROUBLE = "trouble"
"""The fact of what kept the last pass from its end, as the name of an error; absent where it was done."""

REBUILT = "rebuilt"
"""The fact of when a damaged or older copy was thrown away, so that people can be told why it is filled again."""


ERASED = "erased"
"""The fact of when words were last taken out of the vocabulary, for processes that remember what is in it."""

NO_DAYS = "days_ignored"
"""The fact that AntCRM does not look at days, so that there can be no windows."""

NO_UPDATES = "updates_ignored"
"""The fact that AntCRM does not look at the day of a change: then only the sweep finds changes made elsewhere."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the copy is worth. `customers` is how many it holds now."""

    customers: int = 0
    filled_at: datetime | None = None
    synced_at: datetime | None = None
    back_to: date | None = None
    share: float = 0.0
    trouble: str = ""
    rebuilt_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was read once."""
        return self.filled_at is not None


def freshness(db: sqlite3.Connection) -> Freshness:
    """Read it."""
    back_to = fact(db, BACK_TO)
    return Freshness(
        customers=int(db.execute("SELECT count(*) FROM customers").fetchone()[0]),
        filled_at=_moment(fact(db, FILLED)),
        synced_at=_moment(fact(db, SYNCED)),
        back_to=date.fromisoformat(back_to) if back_to else None,
        share=float(fact(db, SHARE) or 0),
        trouble=fact(db, TROUBLE) or "",
        rebuilt_at=_moment(fact(db, REBUILT)),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
