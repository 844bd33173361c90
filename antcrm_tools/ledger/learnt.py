"""What was found out about one AntCRM, so that the next start begins with it. No customer's data is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, delete, insert, select

from antcrm_tools.learning import NOTHING_KNOWN, Above, Learnt
from antcrm_tools.ledger.rows import moment, ms
from antcrm_tools.ledger.schema import learnt
from antcrm_tools.ledger.store import Store

_BASE, _SIZE, _ABOVE, _HONOURED, _IGNORED = "page_base", "page_size", "above", "honoured", "ignored"
_BASES = frozenset({"0", "1"})
_ABOVES: Mapping[str, Above] = {"honoured": "honoured", "clamped": "clamped", "refused": "refused"}
_MOST_DIGITS = 6


class LearntOf:
    """What is known of the AntCRM called `crm`."""

    def __init__(self, store: Store, crm: str, clock: Callable[[], datetime]) -> None:
        """`clock`: the wall's."""
        self._store = store
        self._crm = crm
        self._clock = clock

    async def read(self) -> Learnt:
        """What is known; what cannot be understood counts as not known.

        Raises:
            LedgerBroken: it cannot be read.
        """
        return _learnt(await self._store.run(self._rows, write=False))

    async def since(self) -> datetime | None:
        """When it was last found out; None if never.

        Raises:
            LedgerBroken: it cannot be read.
        """
        last = select(learnt.c.learnt_at).where(learnt.c.crm == self._crm).order_by(learnt.c.learnt_at.desc()).limit(1)
        return moment(await self._store.run(lambda connection: connection.scalar(last), write=False))

    async def keep(self, found: Learnt) -> Learnt:
        """Keep it, and what was known before where this says nothing. Returns what was known before.

        Raises:
            LedgerBroken: nothing was kept.
        """

        def put(connection: Connection) -> Learnt:
            known = _learnt(self._rows(connection))
            self._put(connection, known.then(found))
            return known

        return await self._store.run(put)

    async def correct(self, page_base: int) -> None:
        """The first page has another number: how many there are on one, and what a limit does, is not known then.

        Raises:
            LedgerBroken: nothing was kept.
        """

        def put(connection: Connection) -> None:
            known = _learnt(self._rows(connection))
            self._put(connection, Learnt(page_base=page_base, honoured=known.honoured, ignored=known.ignored))

        await self._store.run(put)

    def _rows(self, connection: Connection) -> dict[str, str]:
        found = connection.execute(select(learnt.c.name, learnt.c.value).where(learnt.c.crm == self._crm))
        return {cast("str", name): cast("str", value) for name, value in found}

    def _put(self, connection: Connection, found: Learnt) -> None:
        values = {
            _BASE: "" if found.page_base is None else str(found.page_base),
            _SIZE: "" if found.page_size is None else str(found.page_size),
            _ABOVE: found.above or "",
            _HONOURED: " ".join(sorted(found.honoured)),
            _IGNORED: " ".join(sorted(found.ignored)),
        }
        connection.execute(delete(learnt).where(learnt.c.crm == self._crm))
        at = ms(self._clock())
        rows = [
            {"crm": self._crm, "name": name, "value": value, "learnt_at": at} for name, value in values.items() if value
        ]
        if rows:
            connection.execute(insert(learnt), rows)


def _learnt(rows: Mapping[str, str]) -> Learnt:
    if not rows:
        return NOTHING_KNOWN
    base, size = rows.get(_BASE, ""), rows.get(_SIZE, "")
    return Learnt(
        page_base=int(base) if base in _BASES else None,
        page_size=int(size) if size.isdecimal() and len(size) <= _MOST_DIGITS and int(size) else None,
        above=_ABOVES.get(rows.get(_ABOVE, "")),
        honoured=frozenset(rows.get(_HONOURED, "").split()),
        ignored=frozenset(rows.get(_IGNORED, "").split()),
    )
