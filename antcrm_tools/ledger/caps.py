"""What one person may write in a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from antcrm_tools.errors import OverCap
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import changes
from antcrm_tools.text import Text, msg, msgs


@dataclass(frozen=True, slots=True)
class Caps:
    """How many rows a person may write, and delete, in a day."""

    writes: int
    deletes: int
    day_start: Callable[[datetime], datetime]
    """The beginning of the day of a moment, where the company is."""

    def require_room(
        self, connection: Connection, crm: str, who: str, now: datetime, *, rows: int, deletes: int = 0
    ) -> None:
        """In the transaction that writes the intent down, so that two at once do not both find the last room.

        Raises:
            OverCap: so many more are more than the day has room for.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{crm} {who}"))))
        # An import is counted by its rows; what takes something back is not counted.
        counted = and_(
            changes.c.crm == crm,
            changes.c.who == who,
            changes.c.counted_at >= ms(self.day_start(now)),
            changes.c.action != "import",
        )
        both = select(func.count(), func.count().filter(changes.c.action == "delete")).where(counted)
        written, deleted = connection.execute(both).one()
        if written + rows > self.writes:
            raise OverCap(
                msgs(
                    "One person may change {count} customer in a day.",
                    "One person may change {count} customers in a day.",
                    self.writes,
                ),
                then=_tomorrow(self.writes - written),
            )
        if deletes and deleted + deletes > self.deletes:
            raise OverCap(
                msgs(
                    "One person may delete {count} customer in a day.",
                    "One person may delete {count} customers in a day.",
                    self.deletes,
                ),
                then=_tomorrow(self.deletes - deleted),
            )


def _tomorrow(left: int) -> Text:
    return msg("Today there is room for {left} more. Go on tomorrow, or ask the admin.", left=max(0, left))
