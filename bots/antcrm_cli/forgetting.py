"""`antcrm forget`: erases a person from the ledger, after somebody at this terminal has typed who."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from antcrm_cli.lines import reading
from antcrm_cli.running import settings_for
from antcrm_tools.errors import BadInput, CrmError, NotAllowed, NotFound
from antcrm_tools.house import House
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref, parse_ref, require_ref
from antcrm_tools.registry import Effect
from antcrm_tools.text import Text, msg, msgs

_SHOWN = 10

Say: TypeAlias = Callable[[Text], None]
Ask: TypeAlias = Callable[[Text], Awaitable[str | None]]

_NOTHING = msg("Nothing was erased.")


async def run_forget(lang: str | None, written: str) -> None:
    """Erase whom `written` names.

    Raises:
        BadInput: it names nobody, or nobody sits at a terminal.
        CrmError: nothing was erased.
    """
    settings = settings_for(lang, sandbox=False)
    ref = require_ref(written)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput(
            msg("Erasing needs a person at a terminal, and there is none."),
            done=_NOTHING,
            then=msg("Start it in a terminal, without a pipe or a script."),
        )

    def say(text: Text) -> None:
        sys.stdout.write(text.render(settings.language) + "\n")
        sys.stdout.flush()

    async with House(settings) as house, reading(os.fdopen(sys.stdin.fileno(), "rb", 0, closefd=False)) as lines:

        async def ask(text: Text) -> str | None:
            sys.stdout.write(text.render(settings.language) + " ")
            sys.stdout.flush()
            return await lines.next()

        await forget(house, ref, say, ask)


async def forget(house: House, ref: Ref, say: Say, ask: Ask) -> None:
    """Say what would be erased, ask, and erase it.

    Raises:
        CrmError: nothing was erased.
    """
    if not house.policy.allows(Effect.DESTROY):
        raise NotAllowed(
            msg("Erasing needs the right “delete”, which this program was not given."),
            done=_NOTHING,
            then=msg("Ask the admin, who sets ANTCRM_SCOPES."),
        )
    erasing, region = house.ledger().erasing, house.settings.region
    there = await _there(house, ref)
    contacts = frozenset[str]() if there is None else contact_keys(there, region)
    kept = await erasing.kept([str(ref)], contacts, region)
    _require_settled(kept.open)
    if kept.nothing:
        await house.copy().directory.erase(str(ref))
        say(msg("Nothing about {ref} is kept here.", ref=ref))
        _say_how(say, thoroughly=await erasing.fold())  # another program may have been in the way of an earlier time
        return
    say(_gone(ref, len(kept.changes)))
    if kept.imports:
        numbers = ", ".join(f"#{number}" for number in kept.imports[:_SHOWN])
        say(msg("Also of imports, what was given for all rows: {numbers}.", numbers=numbers))
    if kept.others:
        refs = ", ".join(kept.others[:_SHOWN]) + (" …" if len(kept.others) > _SHOWN else "")
        say(msg("Among them are changes of others with the same phone or e-mail: {refs}.", refs=refs))
    say(msg("Who changed something, and when, stays. What is erased can be neither shown nor undone any more."))
    if there is not None:
        say(msg("{ref} itself is in AntCRM still, and stays there: delete it there, or before this.", ref=ref))
    answer = await ask(msg("Type {ref} to erase it:", ref=ref))
    if answer is None or parse_ref(answer) != ref:
        raise CrmError(msg("What was typed is not {ref}.", ref=ref), done=_NOTHING)
    done = await erasing.forget([str(ref)], contacts, region)
    await house.copy().directory.erase(str(ref))
    _require_settled(done.open)
    say(msg("Erased: {ref}.", ref=ref))
    _say_how(say, thoroughly=done.thoroughly)


def _say_how(say: Say, *, thoroughly: bool) -> None:
    if not thoroughly:
        say(
            msg(
                "Another program was reading, so old pages may still lie beside the ledger's file. They go when all "
                "programs that use it have ended, or run this again."
            )
        )


async def _there(house: House, ref: Ref) -> Customer | None:
    """The customer in AntCRM, whose phones and e-mails say where else it stands; None if it is not there any more.

    Raises:
        CrmError: that cannot be known now, so not everything would be found.
    """
    try:
        return await house.records().get(ref)
    except NotFound:
        return None


def _gone(ref: Ref, count: int) -> Text:
    return msgs(
        "Of {count} change that speaks of {ref}, names, phones and all values will be erased.",
        "Of {count} changes that speak of {ref}, names, phones and all values will be erased.",
        count,
        ref=ref,
    )


def _require_settled(numbers: tuple[int, ...]) -> None:
    if numbers:
        shown = ", ".join(f"#{number}" for number in numbers[:_SHOWN])
        raise CrmError(
            msg("Not everything about this customer is settled: {numbers}.", numbers=shown),
            done=_NOTHING,
            then=msg("Wait until it is, or undo what waits, and try again."),
        )
