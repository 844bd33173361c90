"""Members of staff and invitations, of one AntCRM."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from antcrm_tools.ledger.rows import moment, ms
from antcrm_tools.ledger.schema import invites, members
from antcrm_tools.ledger.store import Store
from antcrm_tools.members import Invitation, Member, Role

LIFE = timedelta(hours=24)
"""How long an invitation can be used."""

_MS = timedelta(milliseconds=1)
_REMEMBERED = timedelta(days=30)
"""How long one that can no longer be used is known to have been one, so that whoever comes late is told so."""

Unusable: TypeAlias = Literal["unknown", "used", "late", "another"]
"""Why an invitation does not make somebody a member. `another`: their account is somebody else's here."""

Unchanged: TypeAlias = Literal["unknown", "last_admin"]
"""Why a member stays as they are."""


class Members:
    """The members of the AntCRM called `crm`, beside those a setting names."""

    def __init__(self, store: Store, crm: str, clock: Callable[[], datetime]) -> None:
        """`clock`: the wall's. Every method raises LedgerBroken when nothing could be done."""
        self._store = store
        self._crm = crm
        self._clock = clock

    async def all(self) -> tuple[Member, ...]:
        """Everybody, by e-mail and then by account."""
        query = select(members).where(self._active()).order_by(members.c.who, members.c.telegram_id)

        def work(connection: Connection) -> tuple[Member, ...]:
            return tuple(
                Member(row["telegram_id"], row["who"], row["role"]) for row in connection.execute(query).mappings()
            )

        return await self._store.run(work, write=False)

    async def former(self) -> frozenset[str]:
        """The e-mails of those who were members and are none now."""
        there = select(members.c.who).where(self._active())
        query = select(members.c.who).where(members.c.crm == self._crm, members.c.who.not_in(there))
        return await self._store.run(lambda connection: frozenset(connection.scalars(query)), write=False)

    async def invitations(self) -> tuple[Invitation, ...]:
        """Those that can still be used, the next to end first."""
        open_ones = and_(invites.c.crm == self._crm, invites.c.used_by.is_(None), invites.c.expires_at > self._now())
        query = select(invites).where(open_ones).order_by(invites.c.expires_at)

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
            connection.execute(
                update(invites).where(self._invited(who), invites.c.expires_at > now).values(expires_at=now)
            )
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
        return await self._store.run(lambda connection: self._found(connection, word, telegram_id), write=False)

    async def accept(self, word: str, telegram_id: int) -> Member | Unusable:
        """Use an invitation up. Who is a member by then keeps the role an admin gave them since."""
        now = self._now()

        def work(connection: Connection) -> Member | Unusable:
            found = self._found(connection, word, telegram_id)
            if not isinstance(found, Invitation):
                return found
            there = connection.scalar(select(members.c.role).where(self._named(found.who)).limit(1))
            role = cast("Role", there or found.role)
            invite = and_(invites.c.crm == self._crm, invites.c.hash == _hash(word))
            by = connection.scalar(select(invites.c.made_by).where(invite))
            connection.execute(update(invites).where(invite).values(used_by=telegram_id))
            # An account that was taken out before has a row still.
            connection.execute(delete(members).where(members.c.crm == self._crm, members.c.telegram_id == telegram_id))
            connection.execute(
                insert(members).values(
                    crm=self._crm, telegram_id=telegram_id, who=found.who, role=role, added_at=now, added_by=by
                )
            )
            return Member(telegram_id, found.who, role)

        return await self._store.run(work)

    async def set_role(self, who: str, role: Role, *, admins: Iterable[str]) -> Unchanged | None:
        """Give somebody another role, and their open invitations too; None if that was done.

        `admins`: the e-mails of those who are admins by a setting. Somebody has to remain one.
        """
        admins = set(admins)

        def work(connection: Connection) -> Unchanged | None:
            if role != "admin" and self._is_last_admin(connection, who, admins):
                return "last_admin"
            open_ones = and_(self._invited(who), invites.c.expires_at > self._now())
            invited = connection.execute(update(invites).where(open_ones).values(role=role))
            changed = connection.execute(update(members).where(self._named(who)).values(role=role))
            return None if changed.rowcount or invited.rowcount else "unknown"

        return await self._store.run(work)

    async def remove(self, who: str, *, admins: Iterable[str]) -> Unchanged | None:
        """Take somebody out on all their accounts, and their open invitations; None if that was done."""
        admins = set(admins)

        def work(connection: Connection) -> Unchanged | None:
            if self._is_last_admin(connection, who, admins):
                return "last_admin"
            open_ones = and_(self._invited(who), invites.c.expires_at > self._now())
            ended = connection.execute(update(invites).where(open_ones).values(expires_at=self._now()))
            gone = connection.execute(update(members).where(self._named(who)).values(removed_at=self._now()))
            return None if gone.rowcount or ended.rowcount else "unknown"

        return await self._store.run(work)

    def _found(self, connection: Connection, word: str, telegram_id: int) -> Invitation | Member | Unusable:
        where = and_(invites.c.crm == self._crm, invites.c.hash == _hash(word))
        row = connection.execute(select(invites).where(where)).mappings().first()
        account = select(members).where(self._active(), members.c.telegram_id == telegram_id)
        here = connection.execute(account).mappings().first()
        if row is None:
            return "unknown"
        if row["used_by"] is not None:
            mine = row["used_by"] == telegram_id and here is not None and here["who"] == row["who"]
            return Member(telegram_id, here["who"], here["role"]) if mine and here is not None else "used"
        if row["expires_at"] <= self._now():
            return "late"
        if here is not None:
            same = here["who"] == row["who"]
            return Member(telegram_id, here["who"], here["role"]) if same else "another"
        return Invitation(row["who"], row["role"], cast("datetime", moment(row["expires_at"])))

    def _is_last_admin(self, connection: Connection, who: str, admins: set[str]) -> bool:
        there = select(members.c.who).where(self._active(), members.c.role == "admin").distinct()
        by_ledger = {row[0] for row in connection.execute(there)}
        return who in by_ledger and not (by_ledger | admins) - {who}

    def _active(self) -> ColumnElement[bool]:
        return and_(members.c.crm == self._crm, members.c.removed_at.is_(None))

    def _named(self, who: str) -> ColumnElement[bool]:
        return and_(self._active(), members.c.who == who)

    def _invited(self, who: str) -> ColumnElement[bool]:
        """Their invitations that were not used."""
        return and_(invites.c.crm == self._crm, invites.c.who == who, invites.c.used_by.is_(None))

    def _now(self) -> int:
        return ms(self._clock())


def _hash(word: str) -> str:
    # The word is random and long, so a plain hash is as good as a slow one.
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
