"""What people have to hear who were told that something was not known, or not done, yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from antcrm_tools.changes import Change, News
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import notices
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.values import read_text, write_text
from antcrm_tools.outcomes import Actor
from antcrm_tools.refs import parse_ref
from antcrm_tools.text import Text


class Notices:
    """The news of one AntCRM."""

    def __init__(self, store: Store, crm: str, clock: Callable[[], datetime]) -> None:
        """`clock` says when something was found out, and told."""
        self._store = store
        self._crm = crm
        self._clock = clock

    def add(self, connection: Connection, change: Change, text: Text, refs: Iterable[object]) -> None:
        """Keep something for the person whose change it is, in the transaction that found it out."""
        actor = change.wish.actor
        connection.execute(
            insert(notices).values(
                crm=self._crm,
                who=actor.who,
                face=actor.face,
                change=change.id,
                text=write_text(text),
                refs=",".join(str(ref) for ref in refs),
                at=ms(self._clock()),
            )
        )

    async def waiting(self, actor: Actor, limit: int = 20) -> Sequence[News]:
        """What a person has not heard yet on this face, oldest first."""
        where = and_(
            notices.c.crm == self._crm,
            notices.c.face == actor.face,
            notices.c.who == actor.who,
            notices.c.told_at.is_(None),
        )
        query = select(notices).where(where).order_by(notices.c.id).limit(limit)

        def work(connection: Connection) -> list[News]:
            return [
                News(
                    read_text(row["text"]),
                    tuple(ref for each in row["refs"].split(",") if (ref := parse_ref(each)) is not None),
                    row["change"],
                    row["id"],
                )
                for row in connection.execute(query).mappings()
            ]

        return await self._store.run(work, write=False)

    async def told(self, news: Iterable[News]) -> None:
        """They have heard it."""
        where = and_(notices.c.crm == self._crm, notices.c.id.in_([each.id for each in news]))
        now = ms(self._clock())
        await self._store.run(lambda c: c.execute(update(notices).where(where).values(told_at=now)) and None)
