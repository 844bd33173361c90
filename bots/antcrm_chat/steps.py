"""What a button does when it is tapped, and what the next message may answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from antcrm_chat.intents import LeadWords, Wish
from antcrm_tools.registry import Call
from antcrm_tools.text import Text


@dataclass(frozen=True, slots=True)
class Open:
    """Show one customer whole."""

    ref: str


@dataclass(frozen=True, slots=True)
class Look:
    """Look somebody up, or show the next part of a list; `wish` is what to do with the one who is meant."""

    query: str
    cursor: str | None = None
    wish: Wish | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Carry a wish out on this customer."""

    wish: Wish
    ref: str


@dataclass(frozen=True, slots=True)
class Run:
    """Submit a call that was made before: a draft that was remembered, or one AntCRM could not be reached for."""

    call: Call


@dataclass(frozen=True, slots=True)
class AskName:
    """Ask for the name of a lead."""

    lead: LeadWords


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the Desk's question."""

    ticket: str
    yes: bool
    call: Call


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave it."""

    said: Text


Step: TypeAlias = Open | Look | Do | Run | AskName | Answer | Drop

SETTLES = (Do, Run, AskName, Answer, Drop)
"""Steps after which the other buttons of their card are spent too. Looking at one hit of a list spends no other."""


@dataclass(frozen=True, slots=True)
class NameOf:
    """The next message is the name of this lead, asked for on `card`."""

    lead: LeadWords
    card: str


@dataclass(frozen=True, slots=True)
class CountFor:
    """The next message is the number that confirms a bulk, asked for on `card`."""

    ticket: str
    call: Call
    card: str


Expected: TypeAlias = NameOf | CountFor
