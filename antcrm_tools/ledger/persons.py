"""What is kept of one person, wherever in the ledger it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, true

from antcrm_tools.changes import OPEN
from antcrm_tools.ledger.rows import change_of
from antcrm_tools.ledger.schema import changes, notices, tickets
from antcrm_tools.ledger.traces import Traces
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Customer, Draft

OF_ALL_ROWS = (changes.c.arguments, changes.c.reason)
"""What an import holds that is its rows'. Its name is their number."""

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one person."""

    traces: Traces
    changes: tuple[int, ...] = ()
    imports: tuple[int, ...] = ()
    """Those with this person among their rows."""
    open: tuple[int, ...] = ()
    """Of all these, what is not settled."""
    others: tuple[str, ...] = ()
    """Customers of other numbers who have, or had, one of the phones or e-mails."""
    tickets: tuple[int, ...] = ()
    notices: tuple[int, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to erase."""
        return not (self.changes or self.imports or self.tickets or self.notices)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found, and how far it went: what came later, or was not settled then, has to be looked at again."""

    kept: Kept
    last: int
    unsettled: tuple[int, ...]


class Persons:
    """Looks for persons in what is kept of one AntCRM, within a transaction."""

    def __init__(self, connection: Connection, crm: str) -> None:
        """Nothing is written."""
        self._connection = connection
        self._crm = crm

    def look(self, asked: Traces, before: Seen | None = None) -> Seen:
        """Everything of a person. The phones and e-mails of their own changes count as well.

        `before`: what an earlier look found; of what it has seen only what may have changed is looked at.
        """
        own = self._own(asked.refs)
        refs = asked.refs | {row["ref"] for row in own if row["ref"]}
        keys = {key for row in own for key in _contacts(row, asked.region)}
        traces = Traces.of(refs, asked.contacts | keys, asked.region)
        numbers = {row["id"] for row in own if row["erased_at"] is None}
        heads = {row["parent"] for row in own} - {None}
        others: set[str] = set()
        last, unsettled = 0, list[int]()
        if before is not None:
            last = before.last
            numbers |= set(before.kept.changes)
            heads |= set(before.kept.imports)
        for row in self._unerased(_later(before)):
            last = max(last, row["id"])
            if row["status"] in OPEN:
                unsettled.append(row["id"])
            if row["id"] in numbers or not _is_about(row, traces):
                continue
            if row["action"] == "import":
                heads.add(row["id"])
                continue
            numbers.add(row["id"])
            heads |= {row["parent"]} - {None}
            others |= {row["ref"]} - {None}
        imports = self._numbers(changes.c.id.in_(heads), or_(*(column.is_not(None) for column in OF_ALL_ROWS)))
        kept = Kept(
            traces,
            tuple(sorted(numbers)),
            imports,
            self._numbers(changes.c.id.in_({*numbers, *imports}), changes.c.status.in_(OPEN)),
            tuple(sorted(others)),
            self._tickets(traces),
            self._notices(traces, {*numbers, *imports}),
        )
        return Seen(kept, last, tuple(unsettled))

    def _own(self, refs: Iterable[str]) -> Sequence[RowMapping]:
        """The changes of these customers, and of whom they became when they were deleted and brought back."""
        found: dict[int, RowMapping] = {}
        known = set(refs)
        while True:
            undone = [row["undoes"] for row in found.values() if row["undoes"] is not None]
            linked = or_(changes.c.ref.in_(known), changes.c.undoes.in_(list(found)), changes.c.id.in_(undone))
            query = select(changes).where(
                self._is(changes.c.action != "import", linked, changes.c.id.not_in(list(found)))
            )
            more = self._connection.execute(query).mappings().all()
            if not more:
                return list(found.values())
            found |= {row["id"]: row for row in more}
            known |= {row["ref"] for row in more if row["ref"]}

    def _unerased(self, where: ColumnElement[bool]) -> Iterator[RowMapping]:
        """In parts: a database ends a transaction in which nothing happens for long."""
        last = 0
        while True:
            query = select(changes).where(self._is(where, changes.c.erased_at.is_(None), changes.c.id > last))
            some = self._connection.execute(query.order_by(changes.c.id).limit(_CHUNK)).mappings().all()
            yield from some
            if len(some) < _CHUNK:
                return
            last = some[-1]["id"]

    def _numbers(self, *where: ColumnElement[bool]) -> tuple[int, ...]:
        query = select(changes.c.id).where(self._is(*where)).order_by(changes.c.id)
        return tuple(self._connection.execute(query).scalars())

    def _tickets(self, traces: Traces) -> tuple[int, ...]:
        rows = self._connection.execute(select(tickets).where(tickets.c.crm == self._crm)).mappings()
        texts = {row["number"]: (row["arguments"], row["preview"], row["outcome"]) for row in rows}
        return tuple(number for number, each in texts.items() if traces.name(*each) or traces.reach(*each))

    def _notices(self, traces: Traces, numbers: set[int]) -> tuple[int, ...]:
        rows = self._connection.execute(select(notices).where(notices.c.crm == self._crm)).mappings()
        return tuple(
            row["id"]
            for row in rows
            if row["change"] in numbers or traces.name(row["text"], row["refs"]) or traces.reach(row["text"])
        )

    def _is(self, *where: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(changes.c.crm == self._crm, *where)


def _later(before: Seen | None) -> ColumnElement[bool]:
    return true() if before is None else or_(changes.c.id > before.last, changes.c.id.in_(before.unsettled))


def _is_about(row: RowMapping, traces: Traces) -> bool:
    said = (row["arguments"], row["reason"])
    return traces.name(*said) or traces.reach(*said, row["name"], row["wanted"], row["before"], row["after"])


def _contacts(row: RowMapping, region: str) -> frozenset[str]:
    """The phones and e-mails in a change; none of one that another version of this program wrote otherwise."""
    try:
        change = change_of(row)
    except (ValueError, LookupError, TypeError):
        return frozenset()
    held = [cast("Customer | Draft", each) for each in (change.before, change.after, change.wanted) if each is not None]
    return frozenset(key for each in held for key in contact_keys(each, region))
