"""What is on this machine: the ledger, the copy of the customers, and the members."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.doctor.check import Check
from antcrm_tools.errors import CrmError
from antcrm_tools.text import Text, comma, msg, msgs, verbatim

if TYPE_CHECKING:
    from antcrm_tools.house import House
    from antcrm_tools.learning import Learnt
    from antcrm_tools.settings import Settings

_SETTINGS, _LEDGER, _LEARNT = msg("Settings"), msg("Ledger"), msg("What was learnt")
_COPY, _MEMBERS = msg("Copy of the customers"), msg("Members on Telegram")

_OLD = timedelta(minutes=15)
_NOT_NEEDED = msg("In memory, as the made-up AntCRM is.")


def examine_settings(settings: Settings) -> Check:
    """Which AntCRM this is about. What is wrong with settings stops a start before this."""
    if settings.sandbox:
        return Check("settings", _SETTINGS, "ok", msg("A made-up AntCRM in this program (ANTCRM_SANDBOX)."))
    return Check("settings", _SETTINGS, "ok", msg("The key is there, for {url}.", url=settings.base_url))


async def examine_ledger(house: House) -> Check:
    """Which database it is, its version, and whether it can be written: by writing its version once more."""
    from antcrm_tools.ledger.probe import write_nothing_new  # noqa: PLC0415  brings SQLAlchemy

    if house.settings.sandbox:
        return Check("ledger", _LEDGER, "ok", _NOT_NEEDED)
    try:
        version = await write_nothing_new(house.store())
    except CrmError as error:
        return Check("ledger", _LEDGER, "fault", error.what, error.then)
    return Check("ledger", _LEDGER, "ok", _which(house.settings, str(version)))


def _which(settings: Settings, version: str) -> Text:
    from antcrm_tools.ledger.engines import server_of  # noqa: PLC0415  brings SQLAlchemy
    from antcrm_tools.ledger.location import ledger_file  # noqa: PLC0415  most starts never need it

    if settings.ledger_url is not None:
        return msg(
            "Postgres at {host}, version {version} of the tables, can be written. All machines with that address share "
            "it.",
            host=server_of(settings.ledger_url.get_secret_value()),
            version=version,
        )
    return msg(
        "{file}, version {version} of the tables, can be written. Only programs on this machine share it.",
        file=str(ledger_file(settings.data_dir)),
        version=version,
    )


async def keep_learnt(house: House, learnt: Learnt | None, *, broken: bool) -> Check:
    """Keep what was learnt of AntCRM, so that the next start begins with it. `broken`: the ledger is, as was seen."""
    if house.settings.sandbox:
        return Check("learnt", _LEARNT, "ok", _NOT_NEEDED)
    try:
        since = None if broken else await house.ledger().learnt.since()
        before = None if broken or learnt is None else await house.ledger().learnt.keep(learnt)
    except CrmError:
        broken, since, before = True, None, None
    when = "" if since is None else f"{since.astimezone(house.settings.zone):%d/%m/%Y %H:%M}"
    if broken:
        text = msg("It could not be kept. Every start finds it out anew.")
        return Check("learnt", _LEARNT, "warning", text, msg("See the line about the ledger."))
    if before is None or learnt is None:
        if since is None:
            return Check("learnt", _LEARNT, "unknown", msg("Nothing was learnt of this AntCRM yet."))
        return Check("learnt", _LEARNT, "ok", msg("Nothing new. What was learnt on {when} stays.", when=when))
    if changed := before.contradicted_by(learnt):
        names = ", ".join(changed)
        text = msg("AntCRM is not as it was on {when}: {names}. The new is kept.", when=when, names=names)
        then = msg("Start the programs that are running once more: they go by what they found out at their start.")
        return Check("learnt", _LEARNT, "warning", text, then)
    return Check("learnt", _LEARNT, "ok", msg("It is kept in the ledger, and the next start begins with it."))


async def examine_copy(house: House) -> Check:
    """How many customers it holds, how fresh it is, and whether it is whole. Nothing is read of AntCRM."""
    if house.settings.sandbox:
        return Check("copy", _COPY, "ok", _NOT_NEEDED)
    made_by_itself = msg("It is filled while a program runs, or at once by `antcrm sync`.")
    try:
        store = house.copy().directory.store
        if store.path is not None and not store.path.exists():
            return Check("copy", _COPY, "warning", msg("There is none yet."), made_by_itself)
        fresh = await house.copy().directory.freshness()
    except CrmError as error:
        return Check("copy", _COPY, "fault", error.what, error.then)
    as_of = fresh.synced_at or fresh.filled_at
    if as_of is None:
        text = msgs(
            "{count} customer so far; it is not whole yet ({share} %).",
            "{count} customers so far; it is not whole yet ({share} %).",
            fresh.customers,
            share=str(round(fresh.share * 100)),
        )
        return Check("copy", _COPY, "warning", text, made_by_itself)
    when = f"{as_of.astimezone(house.settings.zone):%d/%m/%Y %H:%M}"
    text = msgs("{count} customer, as of {when}.", "{count} customers, as of {when}.", fresh.customers, when=when)
    if fresh.trouble:
        then = msg("The last time it could not be brought up to date; see what `antcrm sync` says.")
        return Check("copy", _COPY, "warning", text, then)
    if house.clock() - as_of > _OLD:
        return Check(
            "copy", _COPY, "warning", text, msg("It is older than a quarter of an hour; no program keeps it now.")
        )
    return Check("copy", _COPY, "ok", text)


async def examine_members(house: House, *, broken: bool) -> Check:
    """Who may use the bot, as numbers of each role, and whether one of them is an admin. `broken`: the ledger is."""
    staff = house.staff()
    if not broken:
        with suppress(CrmError):  # the line about the ledger says so
            await staff.look()
    roles = Counter({member.who: member.role for member in staff.everybody()}.values())
    if not roles and house.settings.telegram_token is None:
        return Check("members", _MEMBERS, "ok", msg("Not set up."))
    if not roles:
        then = msg("Invite the first one: {command}", command="antcrm members invite E-MAIL --role admin")
        return Check("members", _MEMBERS, "warning", msg("Nobody may use the bot."), then)
    counts = comma(verbatim(f"{role} {count}") for role, count in sorted(roles.items()))
    text = msgs("{count} member: {roles}.", "{count} members: {roles}.", roles.total(), roles=counts)
    if not roles["admin"]:
        then = msg("None of them is an admin: {command}", command="antcrm members role E-MAIL admin")
        return Check("members", _MEMBERS, "warning", text, then)
    return Check("members", _MEMBERS, "ok", text)
