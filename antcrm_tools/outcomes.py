"""What can become of a call, and who made it. Plain values that every face turns into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from antcrm_tools.errors import CrmError
from antcrm_tools.members import ALL_SCOPES, Scope
from antcrm_tools.registry import Call, Preview, Result
from antcrm_tools.text import Text


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a call: a member of staff (e-mail, or `local`), through which face, on which host.

    `scopes`: what this person may do at most; they say nothing about who it is.
    """

    who: str
    face: str
    host: str = ""
    scopes: frozenset[Scope] = ALL_SCOPES


@dataclass(frozen=True, slots=True)
class Done:
    """It was done, or it was already so: the result says which.

    `again`: it is the outcome of the same call a little earlier, handed out again; nothing was sent now. `by` says who
    has said yes, where that was somebody elsewhere.
    """

    result: Result
    again: bool = False
    by: Text | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A person has to say yes before anything is sent. Answer with the ticket's id."""

    ticket: str
    preview: Preview
    expires: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody elsewhere has to say yes, on their phone or at a terminal. Nothing is sent before."""

    ticket: str
    text: Text
    expires: datetime


@dataclass(frozen=True, slots=True)
class Unsure:
    """It was sent, and nobody knows yet whether AntCRM did it. It is looked into by itself."""

    text: Text


@dataclass(frozen=True, slots=True)
class Queued:
    """It is in the ledger, is not done yet, and goes on by itself: nothing has to be asked for again.

    `change`: its number there.
    """

    text: Text
    change: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A confirmed call ended in an error, which says what was and was not done. Faces see it raised."""

    error: CrmError


Reason: TypeAlias = Literal["declined", "changed", "expired", "wrong_count", "unknown_ticket", "not_yours"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nothing was sent, and the call is over."""

    reason: Reason
    text: Text


Outcome: TypeAlias = Done | Ask | Waiting | Queued | Unsure | Dropped
Settled: TypeAlias = Done | Queued | Unsure | Dropped | Failed
"""How a ticket can end."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A pending confirmation: the call, who asked, what was shown, and until when it can be answered."""

    id: str
    actor: Actor
    call: Call
    preview: Preview
    expires: datetime
    keep_until: datetime
    """Until when it is remembered at least; its outcome is handed out again for a while from when it was settled."""
    cause: str = ""
    """What the wish came from, such as a message; by it a repeat is known."""
