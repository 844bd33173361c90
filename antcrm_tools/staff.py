"""Who works here: the members a setting names and those in the ledger, and what each may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from antcrm_tools.errors import BadInput, LedgerBroken
from antcrm_tools.members import ALL_SCOPES, Member, Role, Scope, scopes_of

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.members import Members


class Staff:
    """Everybody. Whom the setting names is what it says, whatever the ledger holds: it is how an admin gets back in."""

    def __init__(self, named: Iterable[Member], book: Callable[[], Members]) -> None:
        """`book` is called when it is first needed: opening the ledger takes longer than a start may."""
        self._named = {member.telegram_id: member for member in named}
        self._book = book
        self._others: dict[int, Member] = {}
        self._former: frozenset[str] = frozenset()

    @property
    def named(self) -> tuple[Member, ...]:
        """Those of the setting."""
        return tuple(self._named.values())

    @property
    def named_admins(self) -> frozenset[str]:
        """The e-mails of its admins."""
        return frozenset(member.who for member in self._named.values() if member.role == "admin")

    async def look(self) -> None:
        """Read the ledger's anew.

        Raises:
            LedgerBroken: they are those of the last time.
        """
        try:
            book = self._book()
        except BadInput:
            return  # without a key there is no AntCRM whose staff it could be
        self._others = {member.telegram_id: member for member in await book.all()}
        self._former = await book.former()

    def is_named(self, telegram_id: int | None) -> bool:
        """Whether the setting names them."""
        return telegram_id in self._named

    def of(self, telegram_id: int | None) -> Member | None:
        """The member behind an account."""
        if telegram_id is None:
            return None
        return self._named.get(telegram_id) or self._others.get(telegram_id)

    def everybody(self) -> list[Member]:
        """All accounts."""
        return list({**self._others, **self._named}.values())

    def role_of(self, who: str) -> Role | None:
        """What somebody is, by their e-mail; None if they are no member."""
        roles: dict[str, Role] = {m.who: m.role for m in (*self._others.values(), *self._named.values())}
        return roles.get(who.casefold())

    async def scopes_of(self, who: str) -> frozenset[Scope]:
        """What somebody may do who is known by their e-mail, and works without Telegram.

        Whoever is no member may do what this program may, and who was one before nothing. Where the ledger cannot be
        read nothing can be written either, so then it is what was known last.
        """
        with suppress(LedgerBroken):
            await self.look()
        role = self.role_of(who)
        if role is None:
            return frozenset() if who.casefold() in self._former else ALL_SCOPES
        return scopes_of(role)
