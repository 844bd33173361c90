"""Tickets as rows, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from antcrm_tools.ledger.bells import ring
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import cards, tickets
from antcrm_tools.ledger.settled import read_preview, write_preview
from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Actor, Ticket
from antcrm_tools.registry import Call

UNSETTLED = timedelta(days=1)
"""How long one that nobody settled is kept: longer than a laptop sleeps while its write is under way."""

UNHEARD = timedelta(days=1)
"""How much longer the outcome of one that others could answer is kept: whoever asked may be away until tomorrow."""

MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def forget(connection: Connection, now: int, mine: list[str]) -> None:
    """Delete what has had its time, of whichever AntCRM, because it holds customers' data; not what is under way."""
    dead = (tickets.c.taken_at <= now - UNSETTLED // MS) & tickets.c.id.not_in(mine)
    connection.execute(tickets.delete().where(tickets.c.keep_until <= now, (tickets.c.state != "taken") | dead))


def settle_row(connection: Connection, this: ColumnElement[bool], outcome: str, keep_until: int) -> None:
    """Write an outcome down. Where another one stood, it was a guess: those who were told it are told anew."""
    before = connection.execute(select(tickets).where(this)).mappings().first()
    if before is None or before["state"] == "open":
        return
    if before["needs"] is not None:
        keep_until += UNHEARD // MS
    values: dict[str, Any] = {
        "state": "settled",
        "outcome": outcome,
        "keep_until": max(keep_until, before["keep_until"]),
    }
    if before["outcome"] not in (None, outcome):
        values["heard_at"] = None
        shown = (cards.c.crm == before["crm"]) & (cards.c.ticket == before["id"]) & (cards.c.state == "closed")
        connection.execute(cards.update().where(shown, cards.c.message.is_not(None)).values(state="shown"))
    connection.execute(tickets.update().where(this).values(values))
    ring(connection)


def decided(by: Actor | None) -> dict[str, str]:
    """Whose answer it was."""
    return {} if by is None else {"decided_by": by.who, "decided_face": by.face, "decided_host": by.host}


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """A ticket that is open."""
    actor = ticket.actor
    return {
        "id": ticket.id,
        "who": actor.who,
        "face": actor.face,
        "host": actor.host,
        "scopes": ",".join(sorted(actor.scopes)),
        "tool": ticket.call.tool.name,
        "arguments": ticket.call.canonical,
        "cause": ticket.cause,
        "preview": write_preview(ticket.preview),
        "state": "open",
        "expires_at": ms(ticket.expires),
        "keep_until": ms(ticket.keep_until),
    }


def ticket_of(row: RowMapping, call: Call) -> Ticket | None:
    """A row as a ticket; None where another version of this program wrote it otherwise."""
    preview = read_preview(row["preview"])
    if preview is None:
        return None
    scopes = cast("list[Scope]", row["scopes"].split(",")) if row["scopes"] else []
    actor = Actor(row["who"], row["face"], row["host"], frozenset(scopes))
    expires, keep_until = (_EPOCH + row[name] * MS for name in ("expires_at", "keep_until"))
    return Ticket(row["id"], actor, call, preview, expires, keep_until, row["cause"])
