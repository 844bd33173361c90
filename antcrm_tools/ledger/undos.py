"""What was undone, and who was brought back under which number."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from antcrm_tools.changes import Change
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.schema import changes
from antcrm_tools.refs import Ref, require_ref


class Undos:
    """The undos of one AntCRM."""

    def __init__(self, inner: Changes, crm: str) -> None:
        """They are changes like others, which name the one they undo."""
        self._changes = inner
        self._crm = crm

    async def mark(self, change: Change, by: int | None = None) -> None:
        """There is nothing of it to undo any more."""
        done = and_(changes.c.id == change.id, changes.c.status == "done")
        await self._changes.update(self._changes.of(done), status="undone", undone_by=by)

    async def successor(self, ref: Ref) -> Ref:
        """The number a customer has now, after having been deleted and brought back any number of times."""

        def work(connection: Connection) -> str:
            found = str(ref)
            deleted, back = changes.alias(), changes.alias()
            while True:
                query = select(back.c.ref).where(
                    deleted.c.crm == self._crm,
                    deleted.c.action == "delete",
                    deleted.c.ref == found,
                    back.c.crm == self._crm,
                    back.c.undoes == deleted.c.id,
                    back.c.status.in_(("done", "undone")),
                    back.c.ref != found,
                )
                now = connection.execute(query.order_by(back.c.id.desc())).scalars().first()
                if now is None:
                    return found
                found = now

        return require_ref(await self._changes.store.run(work, write=False))
