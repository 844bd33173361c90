"""Who works here: the members a setting names and those in the ledger, and what each may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from antcrm_tools.errors import BadInput, LedgerBroken
from antcrm_tools.members import ALL_SCOPES, ROLES, Member, Role, Scope, scopes_of
from antcrm_tools.outcomes import Actor

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.members import Members

_READ: frozenset[Scope] = frozenset({"read"})
_NOTHING: frozenset[Scope] = frozenset()
_BY_ACCOUNT = "telegram"
"""The face that knows people by their accounts, of which each may have a role of its own in the setting."""


class Staff:
    """Everybody. Whom the setting names is what it says, on all their accounts, whatever the ledger holds.

    That is how an admin gets back in. Roles and removals reach every program that shares the ledger and the setting.
    """

    def __init__(self, named: Iterable[Member], book: Callable[[], Members]) -> None:
        """`book` is called when it is first needed: opening the ledger takes longer than a start may."""
        self._named = {member.telegram_id: member for member in named}
        self._book = book
        self._others: dict[int, Member] = {}
        self._former: frozenset[str] = frozenset()
        self._looks = self._latest = 0

    @property
    def named(self) -> tuple[Member, ...]:
        """Those of the setting."""
        return tuple(self._named.values())

    async def look(self) -> None:
        """Read the ledger's anew.

        Raises:
            LedgerBroken: they are those of the last time.
        """
        try:
            book = self._book()
        except BadInput:
            return  # without a key there is no AntCRM whose staff it could be
        self._looks += 1
        mine = self._looks
        members, former = await book.everybody()
        if mine > self._latest:  # a look that was late on the line must not put back who was taken out since
            self._latest = mine
            self._others = {member.telegram_id: member for member in members}
            self._former = former

    def is_named(self, telegram_id: int | None) -> bool:
        """Whether the setting names this account."""
        return telegram_id in self._named

    def names(self, who: str) -> bool:
        """Whether the setting names this person, by their e-mail."""
        return any(member.who == who for member in self._named.values())

    def of(self, telegram_id: int | None) -> Member | None:
        """The member behind an account."""
        if telegram_id is None:
            return None
        found = self._named.get(telegram_id) or self._others.get(telegram_id)
        if found is None or self.is_named(telegram_id) or not self.names(found.who):
            return found
        return replace(found, role=_least(self._roles(found.who)))

    def everybody(self) -> list[Member]:
        """All accounts."""
        return [found for number in {**self._others, **self._named} if (found := self.of(number)) is not None]

    def role_of(self, who: str) -> Role | None:
        """What somebody is, by their e-mail: the least of what they are; None if they are no member."""
        roles = self._roles(who)
        return _least(roles) if roles else None

    async def entitled(self, actor: Actor, *, looks_up: bool) -> Actor:
        """The same, with no more than their role leaves them now.

        Whoever is no member may do what this program may, and who was one before nothing. Where it cannot be known,
        `looks_up` still works, with what was known last.

        Raises:
            LedgerBroken: it cannot be known who may write.
        """
        if "@" not in actor.who:
            return actor  # nobody's e-mail: a program that works for whoever sits in front of it
        if not self.names(actor.who):
            try:
                await self.look()
            except LedgerBroken:
                if not looks_up:
                    raise
                return replace(actor, scopes=actor.scopes & self._may(actor) & _READ)
        return replace(actor, scopes=actor.scopes & self._may(actor))

    def _may(self, actor: Actor) -> frozenset[Scope]:
        roles = self._roles(actor.who)
        if not roles:
            return _NOTHING if actor.who in self._former else ALL_SCOPES
        return scopes_of(max(roles, key=ROLES.index) if actor.face == _BY_ACCOUNT else _least(roles))

    def _roles(self, who: str) -> list[Role]:
        def of(members: Iterable[Member]) -> list[Role]:
            return [member.role for member in members if member.who == who]

        return of(self._named.values()) or of(self._others.values())


def _least(roles: Iterable[Role]) -> Role:
    return min(roles, key=ROLES.index)
