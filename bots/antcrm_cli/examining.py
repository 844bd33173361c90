"""`antcrm doctor`: one line for everything this program depends on, and what to do where it is not well."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from antcrm_cli.running import FAILED, WRONG_USE, settings_for, settings_language
from antcrm_tools.doctor.check import Check, State, has_fault
from antcrm_tools.errors import BadInput
from antcrm_tools.text import Language, Text, msg, msgs

if TYPE_CHECKING:
    from antcrm_tools.settings import Settings

STOPPED = msg("Stopped. Not everything was looked at.")

_MARKS: dict[State, str] = {"ok": "✓", "warning": "!", "fault": "✗", "unknown": "?"}


async def run_doctor(lang: str | None, *, as_json: bool, sandbox: bool) -> int:
    """Look at everything and say it. Returns 0, 1 for a fault, or 2 for wrong settings."""
    try:
        settings = settings_for(lang, sandbox=sandbox)
        checks, requests = await examine(settings)
    except BadInput as error:
        # Nothing else can be looked at without them.
        wrong = Check("settings", msg("Settings"), "fault", error.what, error.then)
        _say([wrong], 0, settings_language(lang), as_json=as_json)
        return WRONG_USE
    _say(checks, requests, settings.language, as_json=as_json)
    return FAILED if has_fault(checks) else 0


async def examine(settings: Settings) -> tuple[Sequence[Check], int]:
    """Every check, and how many requests AntCRM was sent for them."""
    from antcrm_telegram.examining import examine_telegram  # noqa: PLC0415  brings the library
    from antcrm_tools.doctor.approvals import examine_approvals, examine_clock  # noqa: PLC0415  goes with the house
    from antcrm_tools.doctor.crm import examine_crm  # noqa: PLC0415  goes with the api
    from antcrm_tools.doctor.here import (  # noqa: PLC0415  the same
        examine_copy,
        examine_ledger,
        examine_members,
        examine_settings,
        keep_learnt,
    )
    from antcrm_tools.house import House  # noqa: PLC0415  the same

    async with House(settings) as house:
        crm = await examine_crm(house.api(), house.clock, region=settings.region, zone=settings.zone)
        ledger = await examine_ledger(house)
        checks = [
            examine_settings(settings),
            *crm.checks,
            ledger,
            *await examine_clock(house, broken=ledger.state == "fault"),
            await keep_learnt(house, crm.learnt, broken=ledger.state == "fault"),
            await examine_copy(house),
            *await examine_telegram(settings),
            await examine_members(house, broken=ledger.state == "fault"),
            await examine_approvals(house, broken=ledger.state == "fault"),
        ]
        return checks, crm.requests


def _say(checks: Sequence[Check], requests: int, language: Language, *, as_json: bool) -> None:
    if as_json:
        said = {"requests": requests, "checks": [_as_object(check, language) for check in checks]}
        sys.stdout.write(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
        return
    for check in checks:
        sys.stdout.write(_line(check, language) + "\n")
    if len(checks) > 1:
        sys.stdout.write(_end(checks, requests).render(language) + "\n")


def _as_object(check: Check, language: Language) -> dict[str, str]:
    then = "" if check.then is None else check.then.render(language)
    return {"name": check.name, "state": check.state, "text": check.text.render(language), "then": then}


def _line(check: Check, language: Language) -> str:
    then = "" if check.then is None else f" → {check.then.render(language)}"
    return f"{_MARKS[check.state]} {check.what.render(language)}: {check.text.render(language)}{then}"


def _end(checks: Sequence[Check], requests: int) -> Text:
    faults = sum(check.state == "fault" for check in checks)
    warnings = sum(check.state == "warning" for check in checks)
    unknown = sum(check.state == "unknown" for check in checks)
    return msgs(
        "{faults} ✗, {warnings} !, {unknown} ?. AntCRM was read with {count} request; nothing was changed there.",
        "{faults} ✗, {warnings} !, {unknown} ?. AntCRM was read with {count} requests; nothing was changed there.",
        requests,
        faults=faults,
        warnings=warnings,
        unknown=unknown,
    )
