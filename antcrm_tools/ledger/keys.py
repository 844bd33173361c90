"""Keys that every process of one ledger shares, made by whichever needs one first."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import keys
from antcrm_tools.ledger.store import Store


async def key(
    store: Store, name: str, *, clock: Callable[[], datetime], make: Callable[[], bytes] = lambda: os.urandom(32)
) -> bytes:
    """The key of that name: made once, and the same for everybody, also when two ask for it at once.

    Raises:
        LedgerBroken: it is not known.
    """
    # Looked for without writing: a ledger that can no longer be written still opens what it has sealed.
    found = await store.run(lambda connection: _found(connection, name), write=False)
    if found is not None:
        return found
    made_at = ms(clock())

    def made(connection: Connection) -> bytes:
        there = _found(connection, name)
        if there is not None:
            return there  # another process was quicker
        value = make()
        connection.execute(insert(keys).values(name=name, value=value, made_at=made_at))
        return value

    return await store.run(made)


def _found(connection: Connection, name: str) -> bytes | None:
    value = connection.scalar(select(keys.c.value).where(keys.c.name == name))
    return None if value is None else bytes(value)
