"""A ticket as it stands in the ledger, and what keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Actor, Settled, Ticket

TicketState: TypeAlias = Literal["open", "taken", "settled", "lost"]


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """A ticket as it stands; `outcome` once it is settled."""

    ticket: Ticket
    state: TicketState
    outcome: Settled | None
    needs: Scope | None = None
    """Where others than the face that asked may answer: the right they need for it."""
    by: Actor | None = None
    """Who has answered, through which face, on which host."""
    unreached: bool = False
    """The bot has found nobody it could show the question to."""
    heard: bool = False
    """Whoever asked was given the outcome."""


class Tickets(Protocol):
    """Where tickets are kept. `take` is the single-use mechanism: of any number of takers, one gets True."""

    async def put(self, ticket: Ticket, *, needs: Scope | None = None) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one.

        `needs`: the right others need to answer it.

        Raises:
            CannotAsk: so many of those of the same actor and face stand open that it was not kept.
        """
        ...

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten."""
        ...

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        ...

    async def take(self, ticket_id: str, by: Actor | None = None) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open. `by`: whose answer it is."""
        ...

    async def now(self) -> datetime:
        """The time by which tickets live."""
        ...

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket."""
        ...

    async def settled(self, ticket_id: str, seconds: float) -> Settled | None:
        """The outcome, waiting at most `seconds` for it; None if it is not there by then."""
        ...

    async def close_lost(self, ticket_id: str, outcome: Settled) -> None:
        """Record what is known of one whose process is gone. If that lives after all, its own word counts."""
        ...

    async def write_left(self) -> None:
        """Record what could not be written down before."""
        ...
