"""What a button's name says besides being random: what is needed to answer a tap when the process was started anew.

A question's ticket is in the ledger, and a change has its number there. Neither lets anybody do what they may not do.
"""

from __future__ import annotations

from dataclasses import dataclass

from antcrm_chat.steps import Answer, Step, Undo

_SEAM = "."  # no random name has it
_YES, _NO, _UNDO = "y", "n", "u"
_APPROVE, _REFUSE = "a", "r"
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to the question of this ticket."""

    ticket: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Approved:
    """An answer to a question that somebody else's call asks."""

    ticket: str
    yes: bool


def approval(answer: Approved) -> str:
    """The whole name of a button that gives this answer. It needs no chance: the ticket's has enough of it."""
    return f"{_SEAM}{_APPROVE if answer.yes else _REFUSE}{answer.ticket}"


def meaning(step: Step) -> str:
    """What is added to the random name of a button; `""` for most."""
    match step:
        case Answer(ticket, yes):
            return f"{_SEAM}{_YES if yes else _NO}{ticket}"
        case Undo(change):
            return f"{_SEAM}{_UNDO}{change}"
        case _:
            return ""


def read(token: str) -> Answered | Approved | Undo | None:
    """What a forgotten button stood for; None where its name does not say it."""
    what = token.partition(_SEAM)[2]
    kind, rest = what[:1], what[1:]
    if kind in (_YES, _NO) and rest:
        return Answered(rest, kind == _YES)
    if kind in (_APPROVE, _REFUSE) and rest:
        return Approved(rest, kind == _APPROVE)
    if kind == _UNDO and rest.isascii() and rest.isdecimal() and len(rest) <= _MOST_DIGITS:
        return Undo(int(rest), listed=True)
    return None
