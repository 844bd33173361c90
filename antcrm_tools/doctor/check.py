"""What was looked at, and what was learnt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_tools.text import Text, msgs

State: TypeAlias = Literal["ok", "warning", "fault", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `name` stays as it is for programs; `what` was looked at; `then` is what to do, if anything."""

    name: str
    what: Text
    state: State
    text: Text
    then: Text | None = None


def has_fault(checks: Iterable[Check]) -> bool:
    """Whether something does not work."""
    return any(check.state == "fault" for check in checks)


def needs(count: int, there: int) -> Text:
    """Why something is not known: AntCRM shows too few customers that would tell."""
    return msgs(
        "Not known: it needs at least {count} customer who would show it; seen: {there}.",
        "Not known: it needs at least {count} customers who would show it; seen: {there}.",
        count,
        there=there,
    )
