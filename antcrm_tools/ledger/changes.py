"""Changes in the ledger: written down before they leave, settled after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from antcrm_tools.changes import OPEN, Change, Hold, Intent, News, Status, Wish
from antcrm_tools.errors import LedgerBroken, NotActed, OverCap
from antcrm_tools.ledger.caps import Caps
from antcrm_tools.ledger.claims import Claims
from antcrm_tools.ledger.locks import Locks
from antcrm_tools.ledger.notices import Notices
from antcrm_tools.ledger.rows import change_of, ms, readable
from antcrm_tools.ledger.schema import changes
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.values import dump, write_customer, write_edit, write_text
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Customer, Draft
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg


class Changes:
    """The changes of one AntCRM."""

    def __init__(
        self, store: Store, locks: Locks, *, crm: str, clock: Callable[[], datetime], caps: Caps, region: str
    ) -> None:
        """`caps` are looked at in the transaction that writes an intent down."""
        self.store = store
        self.locks = locks
        self._crm = crm
        self._clock = clock
        self._caps = caps
        self._region = region
        self.notices = Notices(store, crm, clock)
        self.claims = Claims(store, crm)

    async def begin(self, wish: Wish, intent: Intent, hold: Hold, names: Iterable[str]) -> Change:
        """Write an intent down, and let it hold `names`, which `hold` holds. The request may leave when this returns.

        Raises:
            OverCap: the person's writes of the day are used up.
            NotActed: somebody else has had a turn since.
            LedgerBroken: it is not written down, so nothing may leave.
        """
        row = self.row(wish, intent, status="sent") | {
            "sent_at": ms(self._clock()),
            "sends": 1,
            "holder": hold.holder,
            "until": ms(hold.until),
        }
        return await self.store.run(lambda connection: self._begin(connection, wish, row, hold, sorted(set(names))))

    async def keep(
        self, wish: Wish, intent: Intent, hold: Hold, names: Iterable[str], *, next_at: datetime, reason: Text
    ) -> Change:
        """Write down what cannot be sent now, to be sent later.

        One that the day has no room for any more is kept as well, and does not count yet.
        """
        row = self.row(wish, intent, status="waiting") | {"next_at": ms(next_at), "reason": write_text(reason)}
        held = sorted(set(names))

        def work(connection: Connection) -> Change:
            try:
                return self._begin(connection, wish, row, hold, held)
            except OverCap as over:
                late = row | {
                    "counted_at": None,
                    "next_at": ms(self.tomorrow()),
                    "reason": write_text(over.what),
                }
                return self._insert(connection, late, hold, held)

        return await self.store.run(work)

    async def get(self, number: int) -> Change | None:
        """A change by its number; None if there is none of this AntCRM."""
        return await self._one(changes.c.id == number)

    async def of_wish(self, wish: Wish) -> Change | None:
        """The newest change that the same wish led to: to take a change back is one wish, whoever has it and when."""
        if wish.undoes is not None:
            return await self._one(changes.c.undoes == wish.undoes)
        return await self.of_cause(wish.cause)

    async def of_cause(self, cause: str) -> Change | None:
        """The newest change of a cause."""
        return await self._one(changes.c.cause == cause) if cause else None

    async def settle(
        self,
        change: Change,
        status: Status,
        *,
        ref: Ref | None = None,
        before: Customer | None = None,
        after: Customer | None = None,
        reason: Text | None = None,
        next_at: datetime | None = None,
        probed: bool = False,
        met: bool = False,
        news: News | None = None,
        mine: str = "",
        certain: bool = False,
    ) -> bool:
        """Say what became of a change.

        `mine`: only if it is still this holder's. False: it is not, or it was settled before, or the customer belongs
        to another create; nothing was written then. `certain`: AntCRM itself named the customer for this create; one
        that took it for its own by its looks then has to look again.
        """
        values = self.outcome(status, ref, before, after, reason, next_at)
        if probed:
            values["probes"] = changes.c.probes + 1
        if met:
            values["meets"] = changes.c.meets + 1

        def work(connection: Connection) -> bool:
            try:
                with connection.begin_nested():
                    if certain and ref is not None:
                        self._give_back(connection, change, ref)
                    self._settle_or_raise(connection, change, values, ref, mine, certain=certain)
            except (IntegrityError, _NotSettledError):
                return False
            if news is not None:
                self.notices.add(connection, change, news.text, news.refs)
            return True

        return await self.store.run(work)

    def tomorrow(self) -> datetime:
        """When the next day begins, where the company is."""
        return self._caps.day_start(self._clock()) + timedelta(days=1)

    def now(self) -> datetime:
        """By the clock on the wall."""
        return self._clock()

    def outcome(  # noqa: PLR0917  in the order `settle` names them
        self,
        status: Status,
        ref: Ref | None,
        before: Customer | None,
        after: Customer | None,
        reason: Text | None,
        next_at: datetime | None,
    ) -> dict[str, Any]:
        """What a settled change says, by column. What is not known is left as it was."""
        values: dict[str, Any] = {
            "status": status,
            "holder": None,
            "until": None,
            "next_at": None if next_at is None else ms(next_at),
            "reason": None if reason is None else write_text(reason),
        }
        if status not in OPEN:
            values["settled_at"] = ms(self._clock())
        if ref is not None:
            values["ref"] = str(ref)
        if before is not None:
            values["before"] = write_customer(before)
        if after is not None:
            values |= {"after": write_customer(after), "name": after.name.replace("\0", "")}
        return values

    async def listed(
        self, where: ColumnElement[bool], *order: Any, limit: int = 1000, offset: int = 0, skip: bool = False
    ) -> list[Change]:
        """Changes of this AntCRM. `skip` those that cannot be read, where the others must not wait for them.

        Raises:
            LedgerBroken: one of them cannot be read.
        """
        query = select(changes).where(self.of(where)).order_by(*(order or (changes.c.id.desc(),)))

        def work(connection: Connection) -> list[Change]:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return [change for row in rows if (change := readable(row, skip=skip)) is not None]

        return await self.store.run(work, write=False)

    def require_room(self, connection: Connection, wish: Wish, rows: int, *, deletes: int = 0) -> None:
        """Raises OverCap where the day has no room for so many rows. What takes something back needs none."""
        if wish.undoes is None:
            self._caps.require_room(connection, self._crm, wish.actor.who, self._clock(), rows=rows, deletes=deletes)

    def _begin(self, connection: Connection, wish: Wish, row: dict[str, Any], hold: Hold, names: list[str]) -> Change:
        self.require_room(connection, wish, 1, deletes=int(row["action"] == "delete"))
        return self._insert(connection, row, hold, names)

    def _insert(self, connection: Connection, row: dict[str, Any], hold: Hold, names: list[str]) -> Change:
        number = connection.execute(insert(changes).returning(changes.c.id).values(row)).scalar_one()
        if not all(self.locks.bind(connection, hold.holder, name, number) for name in names):
            raise NotActed(
                msg("The program was held up for too long before the request could be sent."),
                then=msg("Try again."),
            )
        return change_of(connection.execute(select(changes).where(changes.c.id == number)).mappings().one())

    def _settle_or_raise(
        self,
        connection: Connection,
        change: Change,
        values: dict[str, Any],
        ref: Ref | None,
        mine: str,
        *,
        certain: bool,
    ) -> None:
        if not self.settle_now(connection, change, values, ref, mine, certain=certain):
            raise _NotSettledError

    def settle_now(
        self,
        connection: Connection,
        change: Change,
        values: dict[str, Any],
        ref: Ref | None,
        mine: str = "",
        *,
        certain: bool = False,
    ) -> bool:
        """As `settle`, within a transaction."""
        # By more than its number: a ledger that was begun anew has numbers of its own.
        same = and_(
            changes.c.id == change.id,
            changes.c.begun_at == ms(change.begun_at),
            changes.c.action == change.action,
            changes.c.code == change.code if change.code else changes.c.code.is_(None),
        )
        where = and_(self.of(same), changes.c.status.in_((*OPEN, change.status)))
        if mine:
            where = and_(where, changes.c.holder == mine)
        if connection.execute(update(changes).where(where).values(**values)).rowcount != 1:
            return False
        if ref is not None and change.action == "create":
            self.claims.make(connection, change.id, ref, certain=certain)
        if values["status"] not in OPEN:
            self.locks.free(connection, change.id)
        # An import is undone when all its rows are.
        if values["status"] == "done" and change.wish.undoes is not None and change.action != "import":
            self._mark_undone(connection, change.wish.undoes, change.id)
        return True

    def _give_back(self, connection: Connection, change: Change, ref: Ref) -> None:
        other = self.claims.take_from_others(connection, change.id, ref)
        if other is None:
            return
        taken = and_(self.of(changes.c.id == other), changes.c.status == "done")
        again = {"status": "unsure", "next_at": ms(self._clock()), "ref": None, "after": None, "settled_at": None}
        if connection.execute(update(changes).where(taken).values(**again)).rowcount:
            row = connection.execute(select(changes).where(changes.c.id == other)).mappings().one()
            given = change_of(row).wanted
            if isinstance(given, Draft):
                self.locks.put(connection, contact_keys(given, self._region), other, self._clock())

    def _mark_undone(self, connection: Connection, number: int, by: int) -> None:
        where = and_(self.of(changes.c.id == number), changes.c.status.in_(("done", "conflict")))
        connection.execute(update(changes).where(where).values(status="undone", undone_by=by))

    def row(self, wish: Wish, intent: Intent, *, status: Status) -> dict[str, Any]:
        """What an intent says, by column."""
        now = ms(self._clock())
        return {
            "crm": self._crm,
            "parent": intent.parent,
            "place": intent.place,
            "who": wish.actor.who,
            "face": wish.actor.face,
            "host": wish.actor.host,
            "confirmed_by": wish.confirmed_by or None,
            "tool": wish.tool,
            "action": intent.action,
            "status": status,
            "cause": wish.cause or None,
            "code": intent.code or None,
            "ref": None if intent.ref is None else str(intent.ref),
            "undoes": wish.undoes,
            "begun_at": now,
            "counted_at": None if wish.undoes is not None else now,
            "name": intent.name.replace("\0", ""),
            "arguments": wish.arguments,
            "wanted": None if intent.wanted is None else write_edit(intent.wanted),
            "known": dump(list(intent.known)) if intent.known else None,
            "before": None if intent.before is None else write_customer(intent.before),
        }

    async def require(self, number: int) -> Change:
        """A change that is certainly there."""
        found = await self.get(number)
        if found is None:
            raise LedgerBroken(msg("Change #{number} is not in the ledger any more.", number=str(number)))
        return found

    async def _one(self, where: ColumnElement[bool]) -> Change | None:
        found = await self.listed(where, limit=1)
        return found[0] if found else None

    async def update(self, where: ColumnElement[bool], **values: Any) -> bool:
        """Set columns of one change. False: the condition holds for none of them."""
        return await self.store.run(lambda c: c.execute(update(changes).where(where).values(**values)).rowcount == 1)

    def of(self, where: ColumnElement[bool]) -> ColumnElement[bool]:
        """A condition, for this AntCRM only."""
        return and_(changes.c.crm == self._crm, where)


class _NotSettledError(Exception):
    """It was not this holder's, or was settled before: the transaction is undone."""
