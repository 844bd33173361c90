"""Wishes as the Desk makes them, for tests that go past it."""

from __future__ import annotations

from antcrm_tools.changes import Wish, of_message
from antcrm_tools.outcomes import Actor

LAN = Actor("lan@antcrm.example", "terminal")
MINH = Actor("minh@antcrm.example", "telegram")


def wish(cause: str = "", *, actor: Actor = LAN, tool: str = "create_lead", arguments: str = "{}") -> Wish:
    """Somebody's wish; without a cause it is known by nothing, and is another one each time."""
    return Wish(actor, tool, arguments, cause)


def message(name: str, *, actor: Actor = LAN, tool: str = "create_lead") -> Wish:
    """The wish of one message or tap: the same for ever."""
    return wish(of_message(name), actor=actor, tool=tool)
