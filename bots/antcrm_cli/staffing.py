"""`antcrm members …`: who may use the bot. Whoever can start this program here with the key is the one who says so."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from antcrm_cli.running import settings_for
from antcrm_tools.errors import BadInput
from antcrm_tools.house import House
from antcrm_tools.members import ROLES, Role, read_role, read_who
from antcrm_tools.text import Text, clean, msg, verbatim

_SETTING = "ANTCRM_TELEGRAM_MEMBERS"


async def run_list(lang: str | None) -> None:
    """Everybody, and who was invited.

    Raises:
        LedgerBroken: it cannot be known.
    """
    async with _office(lang) as (house, say):
        staff, book = house.staff(), house.ledger().members
        await staff.look()
        invitations = await book.invitations()
        for member in staff.everybody():
            line = msg("{email}  {role}  Telegram {id}", email=member.who, role=member.role, id=member.telegram_id)
            where = msg("named by {setting}", setting=_SETTING)
            say(line if not staff.is_named(member.telegram_id) else msg("{line}  {note}", line=line, note=where))
        for invited in invitations:
            until = f"{invited.expires_at.astimezone(house.settings.zone):%d/%m/%Y %H:%M}"
            say(msg("{email}  {role}  invited, until {when}", email=invited.who, role=invited.role, when=until))
        if not staff.everybody() and not invitations:
            say(msg("There are no members yet. Invite the first one: antcrm members invite E-MAIL --role admin"))
        elif not any(member.role == "admin" for member in staff.everybody()):
            say(msg("Nobody is admin yet."))


async def run_invite(lang: str | None, email: str, role: str | None) -> None:
    """Print a link that makes somebody a member.

    Raises:
        BadInput: it is no e-mail or no role, or they are a member already with another one.
        LedgerBroken: there is no invitation.
    """
    who, given = _who(email), None if role is None else _role(role)
    async with _office(lang) as (house, say):
        staff = house.staff()
        await staff.look()
        _require_not_named(house, who)
        known = staff.role_of(who)
        wanted: Role = given or known or "sales"
        if known is not None and known != wanted:
            raise BadInput(
                msg("{email} is a member already, as {role}.", email=who, role=known),
                done=msg("Nobody was invited."),
                then=msg("Change it with: antcrm members role {email} {role}", email=who, role=wanted),
            )
        from antcrm_telegram.joining import ROLE_NAMES, link  # noqa: PLC0415  brings Telegram's library
        from antcrm_telegram.serving import bot_name  # noqa: PLC0415

        bot = await bot_name(house.settings)  # before there is an invitation to a bot that does not work
        word = await house.ledger().members.invite(who, wanted, by=house.settings.actor)
        say(
            msg(
                "An invitation for {email}, as {role}. It works once, for 24 hours.", email=who, role=ROLE_NAMES[wanted]
            )
        )
        if bot is not None:
            say(msg("Send them this link, and nobody else: {link}", link=link(bot, word)))
        else:
            say(msg("The bot's name is not known here: ANTCRM_TELEGRAM_TOKEN is not set, or Telegram is out of reach."))
            say(msg("They open the bot and send it this line, and nobody else may:"))
            say(verbatim(f"/start {word}"))


async def run_role(lang: str | None, email: str, role: str) -> None:
    """Give a member another role.

    Raises:
        BadInput: it is no e-mail or no role, they are no member, or nobody would be admin any more.
        LedgerBroken: nothing was changed.
    """
    who, wanted = _who(email), _role(role)
    async with _office(lang) as (house, say):
        _require_not_named(house, who)
        refused = await house.ledger().members.set_role(who, wanted, named=house.staff().named)
        _require(refused, who)
        say(msg("{email} is {role} now.", email=who, role=wanted))


async def run_remove(lang: str | None, email: str) -> None:
    """Take a member out.

    Raises:
        BadInput: it is no e-mail, the setting names them, or nobody would be admin any more.
        LedgerBroken: nothing was changed.
    """
    who = _who(email)
    async with _office(lang) as (house, say):
        refused = await house.ledger().members.remove(who, named=house.staff().named)
        if refused == "last_admin":
            _require(refused, who)
        if house.staff().names(who):
            _require_not_named(house, who)
        if refused is not None:
            say(msg("{email} was no member. From now on an assistant that works for them may do nothing.", email=who))
        else:
            say(
                msg(
                    "{email} is no member any more. From now on no button of theirs does anything, and neither does "
                    "their assistant.",
                    email=who,
                )
            )


@asynccontextmanager
async def _office(lang: str | None) -> AsyncGenerator[tuple[House, Callable[[Text], None]]]:
    settings = settings_for(lang, sandbox=False)

    def say(text: Text) -> None:
        sys.stdout.write(text.render(settings.language) + "\n")

    async with House(settings) as house:
        yield house, say


def _who(email: str) -> str:
    who = read_who(email)
    if who is None:
        raise BadInput(
            msg("“{text}” is not an e-mail.", text=clean(email, 80)),
            then=msg("Members are known by their e-mail, such as lan@your-company.vn."),
        )
    return who


def _role(text: str) -> Role:
    role = read_role(text)
    if role is None:
        raise BadInput(
            msg("There is no role “{text}”.", text=clean(text, 40)),
            then=msg("The roles are: {roles}.", roles=verbatim(", ".join(ROLES))),
        )
    return role


def _require_not_named(house: House, who: str) -> None:
    if house.staff().names(who):
        raise BadInput(
            msg("{email} is named by {setting}, which counts whatever is said here.", email=who, setting=_SETTING),
            done=msg("As long as it does, they are what it says."),
            then=msg("Change the setting, and start the bot again."),
        )


def _require(refused: str | None, who: str) -> None:
    if refused == "last_admin":
        raise BadInput(
            msg("{email} is the last admin.", email=who),
            then=msg("Make somebody else admin first: antcrm members role E-MAIL admin"),
        )
    if refused is not None:
        raise BadInput(
            msg("{email} is no member, and was not invited.", email=who),
            then=msg("See who is: antcrm members list"),
        )
