"""Who may do what: rights, roles, and the members of staff a setting names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from antcrm_tools.identity.emails import canonical_email
from antcrm_tools.registry import ArgumentError
from antcrm_tools.text import Text, join, msg

Scope: TypeAlias = Literal["read", "write", "delete"]
Role: TypeAlias = Literal["viewer", "sales", "manager", "admin"]

ALL_SCOPES: frozenset[Scope] = frozenset({"read", "write", "delete"})

ROLES: tuple[Role, ...] = get_args(Role)

_SCOPES: dict[Role, frozenset[Scope]] = {
    "viewer": frozenset({"read"}),
    "sales": frozenset({"read", "write"}),
    "manager": ALL_SCOPES,
    "admin": ALL_SCOPES,
}
_ROLES: dict[str, Role] = {role: role for role in ROLES}
_PARTS = 3
_ID = re.compile(r"[1-9][0-9]{0,15}")  # Telegram: at most 52 bits; what is negative is a group
_MOST_SAID = 5


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a role may do at most."""
    return _SCOPES[role]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff on Telegram. `who` is their e-mail; two accounts of one person share it."""

    telegram_id: int
    who: str
    role: Role


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may become a member, and until when."""

    who: str
    role: Role
    expires_at: datetime


def read_role(text: str) -> Role | None:
    """The role of that name, in any case; None if there is none."""
    return _ROLES.get(text.strip().casefold())


def read_who(text: str) -> str | None:
    """The e-mail in the form it is compared in; None if anything would have to be taken off to make it one."""
    return _email(unicodedata.normalize("NFC", text.strip()))


def read_actor(text: str) -> str:
    """For whom a process works, in one spelling: their role, their changes and their day's writes go by it.

    Raises:
        ArgumentError: it is meant to be an e-mail and is none.
    """
    who = text.strip()
    if "@" not in who:
        return who or "local"
    if (found := read_who(who)) is None:
        raise ArgumentError(msg("ANTCRM_ACTOR is not an e-mail, such as lan@your-company.vn."))
    return found


def read_members(text: str) -> tuple[Member, ...]:
    """The members named by `id:email:role,…`; none if the text is blank.

    Raises:
        ArgumentError: naming each wrong entry by its number. No value is repeated, and none is guessed.
    """
    entries = text.strip().removesuffix(",").split(",")
    if entries == [""]:
        return ()
    members: dict[int, tuple[int, Member]] = {}
    wrong: list[Text] = []
    for number, entry in enumerate(entries, 1):
        found = _read(entry, number)
        if not isinstance(found, Member):
            wrong += found
        elif found.telegram_id in members:
            wrong.append(
                msg(
                    "Entries {first} and {second} of ANTCRM_TELEGRAM_MEMBERS have the same Telegram id.",
                    first=members[found.telegram_id][0],
                    second=number,
                )
            )
        else:
            members[found.telegram_id] = number, found
    if wrong:
        like = msg("An entry looks like 123456789:lan@your-company.vn:sales, and entries are parted by commas.")
        raise ArgumentError(join((*wrong[:_MOST_SAID], like)))
    return tuple(member for _, member in members.values())


def _read(entry: str, number: int) -> Member | list[Text]:
    """An entry, or all that is wrong with it."""
    parts = [part.strip() for part in entry.split(":")]
    if len(parts) != _PARTS:
        return [
            msg(
                "Entry {number} of ANTCRM_TELEGRAM_MEMBERS is not a Telegram id, an e-mail and a role with colons "
                "between them.",
                number=number,
            )
        ]
    telegram_id, who, role = parts[0], _email(parts[1]), _ROLES.get(parts[2].casefold())
    if _ID.fullmatch(telegram_id) and who is not None and role is not None:
        return Member(int(telegram_id), who, role)
    return list(_wrong(number, telegram_id, who, role))


def _email(text: str) -> str | None:
    """The e-mail in the form it is compared in; None if anything would have to be taken off to make it one."""
    found = canonical_email(text)
    return found if found == text.casefold() else None


def _wrong(number: int, telegram_id: str, who: str | None, role: Role | None) -> Iterator[Text]:
    if not _ID.fullmatch(telegram_id):
        yield msg(
            "The Telegram id in entry {number} of ANTCRM_TELEGRAM_MEMBERS is not a person's number.", number=number
        )
    if who is None:
        yield msg("The e-mail in entry {number} of ANTCRM_TELEGRAM_MEMBERS is none.", number=number)
    if role is None:
        yield msg(
            "The role in entry {number} of ANTCRM_TELEGRAM_MEMBERS is not one of: {roles}.",
            number=number,
            roles=", ".join(_ROLES),
        )
