"""Members of staff and invitations, of one AntCRM."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast

from sqlalchemy import ColumnElement, Connection, Update, and_, delete, insert, select, update

from antcrm_tools.ledger.rows import moment, ms
from antcrm_tools.ledger.schema import former, invites, members
from antcrm_tools.ledger.store import Store
from antcrm_tools.members import Invitation, Member, Role

LIFE = timedelta(hours=24)
"""How long an invitation can be used."""

_MS = timedelta(milliseconds=1)
_REMEMBERED = timedelta(days=30)
"""How long one that can no longer be used is known to have been one, so that whoever comes late is told so."""

Unusable: TypeAlias = Literal["unknown", "used", "late", "another", "already"]
"""Why an invitation does not make somebody a member. `another`: their account is somebody else's here; `already`: it is
theirs and in, so that the invitation was not needed."""

Unchanged: TypeAlias = Literal["unknown", "last_admin"]
"""Why a member stays as they are."""


class Members:
    """The members of the AntCRM called `crm`, beside those a setting names.

    What depends on those is given them as `named`. Every method raises LedgerBroken when nothing could be done.
    """

    def __init__(self, store: Store, crm: str, clock: Callable[[], datetime]) -> None:
        """`clock`: the wall's."""
        self._store = store
        self._crm = crm
        self._clock = clock

    async def all(self) -> tuple[Member, ...]:
        """Everybody, by e-mail and then by account."""
        return (await self.everybody())[0]

    async def everybody(self) -> tuple[tuple[Member, ...], frozenset[str]]:
        """Everybody, and the e-mails of those who were taken out."""
        gone = select(former.c.who).where(former.c.crm == self._crm)

        def work(connection: Connection) -> tuple[tuple[Member, ...], frozenset[str]]:
            return self._all(connection), frozenset(connection.scalars(gone))

        return await self._store.run(work, write=False)

    async def invitations(self) -> tuple[Invitation, ...]:
        """Those that can still be used, the next to end first."""
        query = select(invites).where(self._open(), invites.c.expires_at > self._now()).order_by(invites.c.expires_at)

        def work(connection: Connection) -> tuple[Invitation, ...]:
            return tuple(
                Invitation(row["who"], row["role"], cast("datetime", moment(row["expires_at"])))
                for row in connection.execute(query).mappings()
            )

        return await self._store.run(work, write=False)

    async def invite(self, who: str, role: Role, *, by: str) -> str:
        """Make an invitation and return its word, which is kept nowhere.

        Earlier ones of the same person can no longer be used: whoever is invited again may have been sent the first
        one to a wrong place.
        """
        word = secrets.token_urlsafe(24)
        now = self._now()

        def work(connection: Connection) -> None:
            connection.execute(delete(invites).where(invites.c.expires_at < now - _REMEMBERED // _MS))
            connection.execute(self._ended(who))
            connection.execute(
                insert(invites).values(
                    crm=self._crm,
                    hash=_hash(word),
                    who=who,
                    role=role,
                    made_at=now,
                    made_by=by,
                    expires_at=now + LIFE // _MS,
                )
            )

        await self._store.run(work)
        return word

    async def invitation(self, word: str, telegram_id: int) -> Invitation | Member | Unusable:
        """Whom an invitation is for; the member it has made of this account; or why it does not work."""

        def work(connection: Connection) -> Invitation | Member | Unusable:
            found = self._found(connection, word, telegram_id)
            if found == "already":
                connection.execute(update(invites).where(self._of(word)).values(ended=1))
            return found

        return await self._store.run(work)

    async def accept(self, word: str, telegram_id: int) -> Member | Unusable:
        """Use an invitation up. Who is a member by then keeps the role an admin gave them since."""
        now = self._now()

        def work(connection: Connection) -> Member | Unusable:
            found = self._found(connection, word, telegram_id)
            if not isinstance(found, Invitation):
                return found
            there = connection.scalar(select(members.c.role).where(self._named(found.who)).limit(1))
            role = cast("Role", there or found.role)
            by = connection.scalar(select(invites.c.made_by).where(self._of(word)))
            connection.execute(update(invites).where(self._of(word)).values(used_by=telegram_id))
            connection.execute(delete(former).where(former.c.crm == self._crm, former.c.who == found.who))
            connection.execute(
                insert(members).values(
                    crm=self._crm, telegram_id=telegram_id, who=found.who, role=role, added_at=now, added_by=by
                )
            )
            return Member(telegram_id, found.who, role)

        return await self._store.run(work)

    async def set_role(self, who: str, role: Role, *, named: Iterable[Member]) -> Unchanged | None:
        """Give somebody another role, and their open invitations too; None if that was done. Somebody stays admin."""
        named = list(named)

        def work(connection: Connection) -> Unchanged | None:
            if role != "admin" and self._is_last_admin(connection, who, named):
                return "last_admin"
            open_ones = and_(self._open(), invites.c.who == who, invites.c.expires_at > self._now())
            invited = connection.execute(update(invites).where(open_ones).values(role=role))
            changed = connection.execute(update(members).where(self._named(who)).values(role=role))
            return None if changed.rowcount or invited.rowcount else "unknown"

        return await self._store.run(work)

    async def remove(self, who: str, *, named: Iterable[Member]) -> Unchanged | None:
        """Take somebody out on all their accounts, and their open invitations; None if that was done.

        Also of who was not there it is known from then on that they are none: their assistant may do nothing.
        """
        named, now = list(named), self._now()

        def work(connection: Connection) -> Unchanged | None:
            if self._is_last_admin(connection, who, named):
                return "last_admin"
            ended = connection.execute(self._ended(who))
            gone = connection.execute(delete(members).where(self._named(who)))
            connection.execute(delete(former).where(former.c.crm == self._crm, former.c.who == who))
            connection.execute(insert(former).values(crm=self._crm, who=who, removed_at=now))
            return None if gone.rowcount or ended.rowcount else "unknown"

        return await self._store.run(work)

    def _all(self, connection: Connection) -> tuple[Member, ...]:
        query = select(members).where(members.c.crm == self._crm).order_by(members.c.who, members.c.telegram_id)
        return tuple(
            Member(row["telegram_id"], row["who"], row["role"]) for row in connection.execute(query).mappings()
        )

    def _found(self, connection: Connection, word: str, telegram_id: int) -> Invitation | Member | Unusable:
        row = connection.execute(select(invites).where(self._of(word))).mappings().first()
        if row is None:
            return "unknown"
        here = next((member for member in self._all(connection) if member.telegram_id == telegram_id), None)
        if row["used_by"] is not None:
            mine = here is not None and row["used_by"] == telegram_id and here.who == row["who"]
            return here if mine and here is not None else "used"
        if row["ended"] or row["expires_at"] <= self._now():
            return "late"
        if here is not None:
            return "already" if here.who == row["who"] else "another"
        return Invitation(row["who"], row["role"], cast("datetime", moment(row["expires_at"])))

    def _is_last_admin(self, connection: Connection, who: str, named: list[Member]) -> bool:
        """Whether nobody would be admin without them who is one now. Whom the setting names is what it says."""
        accounts, persons = {member.telegram_id for member in named}, {member.who for member in named}
        admins = {member.who for member in named if member.role == "admin"}
        mine = False
        for member in self._all(connection):
            if member.role == "admin" and member.telegram_id not in accounts and member.who not in persons:
                admins.add(member.who)
                mine = mine or member.who == who
        return mine and admins == {who}

    def _named(self, who: str) -> ColumnElement[bool]:
        return and_(members.c.crm == self._crm, members.c.who == who)

    def _of(self, word: str) -> ColumnElement[bool]:
        return and_(invites.c.crm == self._crm, invites.c.hash == _hash(word))

    def _open(self) -> ColumnElement[bool]:
        """Invitations that were neither used nor taken back."""
        return and_(invites.c.crm == self._crm, invites.c.used_by.is_(None), invites.c.ended == 0)

    def _ended(self, who: str) -> Update:
        return update(invites).where(self._open(), invites.c.who == who).values(ended=1)

    def _now(self) -> int:
        return ms(self._clock())


def _hash(word: str) -> str:
    # The word is random and long, so a plain hash is as good as a slow one.
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
