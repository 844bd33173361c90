"""Tickets: pending confirmations. Each is consumed once, before the request it allows leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from antcrm_tools.outcomes import Settled, Ticket

KEEP = timedelta(minutes=10)
"""How long the outcome of a ticket is handed out to whoever lost the answer."""

TicketState: TypeAlias = Literal["open", "taken", "settled"]


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """A ticket as it stands; `outcome` once it is settled."""

    ticket: Ticket
    state: TicketState
    outcome: Settled | None


class Tickets(Protocol):
    """Where tickets are kept. `take` is the single-use mechanism: of any number of takers, one gets True."""

    async def put(self, ticket: Ticket) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one."""
        ...

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten."""
        ...

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        ...

    async def take(self, ticket_id: str) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open."""
        ...

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket."""
        ...

    async def settled(self, ticket_id: str, seconds: float) -> Settled | None:
        """The outcome, waiting at most `seconds` for it; None if it is not there by then."""
        ...


@dataclass
class _Entry:
    ticket: Ticket
    state: TicketState = "open"
    outcome: Settled | None = None
    keep_until: datetime | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryTickets:
    """Tickets of one process, gone when it ends: an unanswered question is then simply asked again."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock` tells the time, with its zone."""
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    async def put(self, ticket: Ticket) -> Ticket:
        """Keep a ticket, unless one is open for the same actor, face, tool and arguments: then that one."""
        self._forget()
        for entry in self._entries.values():
            if entry.state == "open" and _key(entry.ticket) == _key(ticket) and entry.ticket.expires > self._clock():
                return entry.ticket
        self._entries[ticket.id] = _Entry(ticket)
        return ticket

    async def get(self, ticket_id: str) -> TicketStatus | None:
        """The ticket, or None if there never was one or it has been forgotten."""
        entry = self._entries.get(ticket_id)
        return None if entry is None else TicketStatus(entry.ticket, entry.state, entry.outcome)

    async def latest(self, actor_key: tuple[str, str], tool: str, canonical: str) -> TicketStatus | None:
        """The newest ticket for this person, face, tool and arguments whose outcome is still handed out."""
        wanted = (*actor_key, tool, canonical)
        for entry in reversed(self._entries.values()):
            if _key(entry.ticket) == wanted and (entry.state == "taken" or self._kept_until(entry) > self._clock()):
                return TicketStatus(entry.ticket, entry.state, entry.outcome)
        return None

    async def take(self, ticket_id: str) -> bool:
        """Consume an open ticket. False: somebody else did, or it is not open."""
        entry = self._entries.get(ticket_id)
        if entry is None or entry.state != "open":
            return False
        entry.state = "taken"
        return True

    async def settle(self, ticket_id: str, outcome: Settled) -> None:
        """Record what became of a ticket."""
        entry = self._entries[ticket_id]
        entry.state, entry.outcome = "settled", outcome
        # From now on, as what was confirmed may have taken long.
        entry.keep_until = max(entry.ticket.keep_until, self._clock() + KEEP)
        entry.done.set()

    async def settled(self, ticket_id: str, seconds: float) -> Settled | None:
        """The outcome, waiting at most `seconds` for it; None if it is not there by then."""
        entry = self._entries.get(ticket_id)
        if entry is None:
            return None
        try:
            async with asyncio.timeout(seconds):
                await entry.done.wait()
        except TimeoutError:
            return None
        return entry.outcome

    def _kept_until(self, entry: _Entry) -> datetime:
        return entry.keep_until or entry.ticket.keep_until

    def _forget(self) -> None:
        """Drop what can no longer be answered nor asked about; a ticket under way stays."""
        now = self._clock()
        gone = [key for key, e in self._entries.items() if e.state != "taken" and self._kept_until(e) <= now]
        for key in gone:
            del self._entries[key]


def _key(ticket: Ticket) -> tuple[str, str, str, str]:
    return (ticket.actor.who, ticket.actor.face, ticket.call.tool.name, ticket.call.canonical)
