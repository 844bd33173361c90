"""Whether questions can be answered elsewhere than where they were asked, and whether machines agree on the time."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.approving import COMMAND
from antcrm_tools.doctor.check import Check
from antcrm_tools.errors import CrmError
from antcrm_tools.members import scopes_of
from antcrm_tools.text import Text, clean, comma, join, msg, verbatim

if TYPE_CHECKING:
    from antcrm_tools.house import House
    from antcrm_tools.ledger.cards import Cards

_APPROVALS, _CLOCK = msg("Approvals"), msg("Clock and the ledger's")

_APART = timedelta(seconds=30)
"""Leases compare the clocks of the machines, which must agree within a minute: two may be wrong in opposite ways."""


async def examine_approvals(house: House, *, broken: bool) -> Check:
    """Who could see a question of an assistant's that cannot show it, where, and who may say yes.

    `broken`: the ledger is, as was seen.
    """
    settings = house.settings
    if settings.sandbox:
        return Check("approvals", _APPROVALS, "ok", msg("In this program only: its ledger is in memory."))
    staff, approving = house.staff(), house.desk().approving
    try:
        if broken or approving is None:
            return _unknown()
        await staff.look()
        bots = [courier.host for courier in await approving.cards.couriers()]
        where = join((_reach(several=house.store().is_shared_by_machines), await _bots(approving.cards, bots, house)))
    except CrmError:
        return _unknown()
    members = staff.everybody()
    if settings.telegram_token is None and not members and not bots:
        # Whoever is no member may do what the program may.
        return Check("approvals", _APPROVALS, "ok", where, _in_a_terminal())
    if not any("delete" in scopes_of(member.role) for member in members):
        nobody = msg("Nobody among the members may say yes to a delete.")
        then = msg("Invite somebody who may: {command}", command="antcrm members invite E-MAIL --role manager")
        return Check("approvals", _APPROVALS, "warning", join((where, nobody)), then)
    if bots:
        return Check("approvals", _APPROVALS, "ok", where)
    if settings.telegram_token is None:
        return Check("approvals", _APPROVALS, "ok", where, _in_a_terminal())
    then = msg(
        "Start the bot with {command}. Until then: {other} in a terminal.", command="antcrm telegram", other=COMMAND
    )
    return Check("approvals", _APPROVALS, "warning", where, then)


async def examine_clock(house: House, *, broken: bool) -> Sequence[Check]:
    """How far this machine's clock is from the ledger's server, where there is one."""
    if broken or house.settings.ledger_url is None or house.settings.sandbox:
        return ()
    try:
        ahead = await house.store().ahead(house.clock)
    except CrmError:
        return (Check("ledger.clock", _CLOCK, "unknown", msg("See the line about the ledger.")),)
    seconds = f"{abs(ahead).total_seconds():.1f}"
    text = (
        msg("This machine's clock is {seconds} s behind that of the ledger's server.", seconds=seconds)
        if ahead > timedelta()
        else msg("This machine's clock is {seconds} s ahead of that of the ledger's server.", seconds=seconds)
    )
    if abs(ahead) <= _APART:
        return (Check("ledger.clock", _CLOCK, "ok", text),)
    then = msg("Set it by a time server: programs on machines that share a ledger go by their clocks.")
    return (Check("ledger.clock", _CLOCK, "warning", text, then),)


def _unknown() -> Check:
    return Check("approvals", _APPROVALS, "unknown", msg("See the line about the ledger."))


def _in_a_terminal() -> Text:
    return msg("Questions that an assistant cannot show are decided by {command} in a terminal.", command=COMMAND)


def _reach(*, several: bool) -> Text:
    if several:
        return msg("Programs on all machines with this ledger can ask and answer.")
    return msg("Only programs on {host} can ask and answer.", host=clean(platform.node()))


async def _bots(cards: Cards, hosts: list[str], house: House) -> Text:
    if hosts:
        names = comma(verbatim(clean(host)) for host in dict.fromkeys(hosts))
        return msg("The bot on {host} brings the questions to Telegram.", host=names)
    last = await cards.last_seen()
    if last is None:
        return msg("No bot brings the questions to Telegram.")
    when = f"{last.astimezone(house.settings.zone):%d/%m/%Y %H:%M}"
    return msg("No bot brings the questions to Telegram since {when}.", when=when)
