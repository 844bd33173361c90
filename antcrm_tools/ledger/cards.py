"""Where questions stand on phones, and which bots show them now.

It outlives the bot's process: whichever runs the bot when a question is answered puts the answer where it stood.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from antcrm_tools.ledger.bells import ring
from antcrm_tools.ledger.rows import moment, ms
from antcrm_tools.ledger.schema import cards, couriers
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.ticket_rows import MS

CardState: TypeAlias = Literal["sending", "shown", "failed", "closed"]

AWAY = timedelta(seconds=60)
"""After which a bot that has said nothing shows no cards any more."""

KEEP = timedelta(days=2)
"""How long it is known where a card stands. After 48 hours Telegram lets nobody edit it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One ticket's question on one account's phone. `message`: the messenger's number of it, once it was sent."""

    ticket: str
    account: int
    who: str
    state: CardState
    message: int | None


@dataclass(frozen=True, slots=True)
class Courier:
    """A bot that shows questions, and the machine it runs on."""

    bot: str
    host: str


class Cards:
    """Those of one AntCRM."""

    def __init__(self, store: Store, crm: str, now: Callable[[], Awaitable[datetime]]) -> None:
        """`now`: the ledger's time."""
        self._store = store
        self._crm = crm
        self._now = now

    async def begin(self, ticket: str, bot: str, accounts: Iterable[tuple[int, str]]) -> None:
        """Write down, before anything is sent, to which accounts, of whom, a question goes."""
        at = ms(await self._now())
        rows = [
            {
                "crm": self._crm,
                "ticket": ticket,
                "bot": bot,
                "account": number,
                "who": who,
                "state": "sending",
                "at": at,
            }
            for number, who in accounts
        ]
        await self._store.run(lambda connection: connection.execute(insert(cards), rows) and None)

    async def note(self, ticket: str, bot: str, account: int, state: CardState, message: int | None = None) -> None:
        """What became of one."""
        values: dict[str, object] = {"state": state} if message is None else {"state": state, "message": message}
        this = self._of(bot) & (cards.c.ticket == ticket) & (cards.c.account == account)

        def work(connection: Connection) -> None:
            connection.execute(update(cards).where(this).values(**values))
            ring(connection)

        await self._store.run(work)

    async def of(self, ticket: str, bot: str | None = None) -> Sequence[Shown]:
        """All of one question, on whichever bot if none is named."""
        any_bot = cards.c.crm == self._crm
        return await self._read((any_bot if bot is None else self._of(bot)) & (cards.c.ticket == ticket))

    async def standing(self, bot: str) -> Sequence[Shown]:
        """Those of a bot that look open."""
        return await self._read(self._of(bot) & cards.c.state.in_(("sending", "shown")))

    async def here(self, bot: str, host: str) -> None:
        """This bot shows questions from now on, and for as long as it says so."""
        now = ms(await self._now())

        def work(connection: Connection) -> None:
            connection.execute(delete(couriers).where(couriers.c.crm == self._crm, couriers.c.bot == bot))
            connection.execute(insert(couriers).values(crm=self._crm, bot=bot, host=host, seen_at=now))
            connection.execute(delete(cards).where(cards.c.crm == self._crm, cards.c.at < now - KEEP // MS))

        await self._store.run(work)

    async def gone(self, bot: str) -> None:
        """It shows none any more."""
        mine = delete(couriers).where(couriers.c.crm == self._crm, couriers.c.bot == bot)
        await self._store.run(lambda connection: connection.execute(mine) and None)

    async def couriers(self) -> Sequence[Courier]:
        """The bots that show questions now."""
        now = ms(await self._now())
        alive = select(couriers).where(couriers.c.crm == self._crm, couriers.c.seen_at > now - AWAY // MS)
        rows = await self._store.run(lambda connection: connection.execute(alive).all(), write=False)
        return [Courier(row.bot, row.host) for row in rows]

    async def last_seen(self) -> datetime | None:
        """When a bot has last said that it shows questions; None if never."""
        newest = select(couriers.c.seen_at).where(couriers.c.crm == self._crm).order_by(couriers.c.seen_at.desc())
        return moment(await self._store.run(lambda connection: connection.scalar(newest.limit(1)), write=False))

    async def _read(self, where: ColumnElement[bool]) -> Sequence[Shown]:
        query = select(cards).where(where).order_by(cards.c.at, cards.c.account)
        rows = await self._store.run(lambda connection: connection.execute(query).all(), write=False)
        return [Shown(row.ticket, row.account, row.who, row.state, row.message) for row in rows]

    def _of(self, bot: str) -> ColumnElement[bool]:
        return (cards.c.crm == self._crm) & (cards.c.bot == bot)
