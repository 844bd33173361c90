"""What has changed since the last pass, by days: AntCRM knows no finer times."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.fill import SPACES, utc_or_local
from antcrm_tools.directory.freshness import NO_DAYS, NO_UPDATES, SYNCED
from antcrm_tools.directory.reading import Reader, Watched, read_list
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.errors import FilterIgnored
from antcrm_tools.models import Query
from antcrm_tools.refs import Ref, Space

if TYPE_CHECKING:
    from antcrm_tools.directory.duty import Duty
    from antcrm_tools.directory.store import Store

_OVERLAP = timedelta(minutes=10)
"""How far AntCRM's clock may be from ours."""


async def update(reader: Reader, store: Store, duty: Duty, *, clock: Callable[[], datetime], zone: tzinfo) -> None:
    """Read everything that was changed or created since the day the last pass began on.

    Raises:
        CrmError: it could not go on; the next pass begins where this one did.
        LostDutyError: another process has taken over.
    """
    begun, lost = clock(), store.lost
    last, no_days, no_updates = await store.read(
        lambda db, _: tuple(fact(db, name) for name in (SYNCED, NO_DAYS, NO_UPDATES))
    )
    if no_days is None:
        # A clock that was set back must not make the days before it look read.
        since = utc_or_local(min(datetime.fromisoformat(last) if last else begun, begun) - _OVERLAP, zone)
        for space in SPACES:
            seen = frozenset[Ref]()
            if no_updates is None:
                try:
                    query = Query(space=space, updated_from=since, as_sent=True)
                    seen = (await read_list(reader, query, 0, _on(duty))).refs
                except FilterIgnored as ignored:
                    if not ignored.is_of_days:
                        raise
                    await store.write(lambda db, _: set_fact(db, NO_UPDATES, "1"))
            await _created(reader, duty, Query(space=space, created_from=since, as_sent=True), seen)
    else:
        for space in SPACES:
            await _newest(reader, store, duty, space)

    if store.lost != lost:
        raise CopyUnusable("lost")

    def end(db: sqlite3.Connection, _: Labels) -> None:
        set_fact(db, SYNCED, begun.isoformat())

    await store.write(end)


async def _created(reader: Reader, duty: Duty, query: Query, seen: frozenset[Ref]) -> None:
    """Whoever is new may not count as changed: pages, until one shows nobody who was not seen."""

    async def watch(_number: int, found: AbstractSet[Ref]) -> bool:
        await duty.renew()
        return not found <= seen

    await read_list(reader, query, 0, watch)


async def _newest(reader: Reader, store: Store, duty: Duty, space: Space) -> None:
    """Without days: the beginning of the list, until a page shows nobody new."""

    def look(db: sqlite3.Connection, _: Labels) -> set[str]:
        return {row[0] for row in db.execute("SELECT ref FROM customers ORDER BY place DESC LIMIT 1000")}

    known = await store.read(look)

    async def watch(_number: int, found: AbstractSet[Ref]) -> bool:
        await duty.renew()
        return not {str(ref) for ref in found} <= known

    await read_list(reader, Query(space=space), 0, watch)


def _on(duty: Duty) -> Watched:
    async def watch(_number: int, _found: AbstractSet[Ref]) -> bool:
        await duty.renew()
        return True

    return watch
