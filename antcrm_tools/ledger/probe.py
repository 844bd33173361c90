"""Whether the ledger can be written, without writing anything that is not there."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from antcrm_tools.ledger.schema import version
from antcrm_tools.ledger.store import Store


async def write_nothing_new(store: Store) -> int:
    """Write the version that is there once more, and return it.

    Raises:
        LedgerBroken: it cannot be written, or is of a newer version.
    """

    def again(connection: Connection) -> int:
        connection.execute(update(version).values(version=version.c.version))
        return connection.execute(select(version.c.version)).scalar_one()

    return await store.run(again)
