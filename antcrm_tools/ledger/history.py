"""Reading the ledger: who changed what, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from antcrm_tools.changes import OPEN, Action, Change
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import changes


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an import, counted."""

    action: Action = "create"
    total: int = 0
    done: int = 0
    undone: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history. An import, or one taken back, stands for its rows."""

    change: Change
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes. What is left out leaves nothing out."""

    who: str = ""
    refs: tuple[str, ...] = ()
    begun: tuple[datetime, datetime] | None = None
    """From the first moment to before the second."""
    unsettled: bool = False
    below: int | None = None
    """Only those of a lower number: older ones."""


class History:
    """The history of one AntCRM."""

    def __init__(self, inner: Changes) -> None:
        """Nothing is read before it is asked for."""
        self._changes = inner

    async def entries(self, wanted: Wanted, limit: int) -> list[Entry]:
        """The newest of the wanted changes, at most `limit`."""
        found = await self._changes.listed(_where(wanted), changes.c.id.desc(), limit=limit)
        rows = await self._rows([change.id for change in found if change.action == "import"])
        return [Entry(change, _counted(change, rows)) for change in found]

    async def _rows(self, heads: Sequence[int]) -> dict[int, Rows]:
        if not heads:
            return {}
        columns = (changes.c.parent, changes.c.action)
        query = (
            select(
                *columns,
                func.count().label("total"),
                *(
                    func.count().filter(changes.c.status.in_(statuses)).label(name)
                    for name, statuses in (("done", ("done",)), ("undone", ("undone",)), ("open", OPEN))
                ),
            )
            .where(changes.c.parent.in_(heads))
            .group_by(*columns)
        )

        def work(connection: Connection) -> dict[int, Rows]:
            return {
                row["parent"]: Rows(row["action"], row["total"], row["done"], row["undone"], row["open"])
                for row in connection.execute(query).mappings()
            }

        return await self._changes.store.run(work, write=False)


def _where(wanted: Wanted) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [changes.c.parent.is_(None)]
    row = changes.alias()
    if wanted.who:
        parts.append(changes.c.who == wanted.who)
    if wanted.refs:
        its = select(row.c.parent).where(row.c.parent.is_not(None), row.c.ref.in_(wanted.refs))
        parts.append(or_(changes.c.ref.in_(wanted.refs), changes.c.id.in_(its)))
    if wanted.begun is not None:
        first, end = wanted.begun
        parts += [changes.c.begun_at >= ms(first), changes.c.begun_at < ms(end)]
    if wanted.unsettled:
        its = select(row.c.parent).where(row.c.parent.is_not(None), row.c.status.in_(OPEN))
        parts.append(or_(changes.c.status.in_(OPEN), changes.c.id.in_(its)))
    if wanted.below is not None:
        parts.append(changes.c.id < wanted.below)
    return and_(*parts)


def _counted(change: Change, rows: dict[int, Rows]) -> Rows | None:
    """An import that is taken back makes its rows one after the other; how many there are to be is its name."""
    if change.action != "import":
        return None
    found = rows.get(change.id, Rows())
    planned = int(change.name) if change.name.isdecimal() else 0
    return Rows(found.action, max(found.total, planned), found.done, found.undone, found.open)
