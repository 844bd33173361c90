"""Questions that somebody else's call asks: as cards on the phone of whoever may answer, and what a tap on one does.

They stand outside of the dialogue: they come without having been asked for, and no word a person types may answer
them. Their buttons say all that is needed, so they work whichever process sees the tap.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from antcrm_chat import tokens
from antcrm_chat.cards import Button, Card
from antcrm_chat.dialogue import Choice
from antcrm_chat.steps import ApproveCount, Drop
from antcrm_chat.tokens import Approved
from antcrm_tools.approving import asked_by, closed
from antcrm_tools.errors import CrmError
from antcrm_tools.outcomes import Done, Ticket
from antcrm_tools.text import Text, msg

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn
    from antcrm_tools.ledger.ticket import TicketStatus

_STAYS = msg("Nothing was decided. The question stays open.")
_ENDED = msg("This question is no longer open, and what became of it is not known here any more. Look the customer up.")
_NOT_YOURS = msg("This question is no longer yours to answer.")


def question(ticket: Ticket, zone: tzinfo) -> Card:
    """The card that asks: what will happen, who asks, and two buttons."""
    preview = ticket.preview
    until = msg("Can be answered until {time}.", time=f"{ticket.expires.astimezone(zone):%H:%M}")
    no, yes = (tokens.approval(Approved(ticket.id, yes=yes)) for yes in (False, True))
    # What does it comes last: a finger that is too quick keeps.
    buttons = (Button(preview.no, no), Button(preview.yes, yes, "danger"))
    return Card(preview.question, (*preview.lines, asked_by(ticket), until), (buttons,))


def answered(status: TicketStatus) -> Card:
    """What stands in its place when it has been answered."""
    return Card(None, (closed(status),))


def ended() -> Card:
    """What stands there when the question has been forgotten."""
    return Card(None, (_ENDED,))


def not_yours() -> Card:
    """What stands there when somebody may not answer any more. It names nobody."""
    return Card(None, (_NOT_YOURS,))


async def tapped(turn: Turn, approved: Approved) -> list[Card]:
    """Answer with a tap. The card itself is changed by who has put it there, on every phone."""
    ticket = await turn.desk.question(approved.ticket)
    count = None if ticket is None else ticket.preview.count
    if ticket is None or not approved.yes or count is None:
        return [await _decided(turn, approved.ticket, yes=approved.yes, count=None)]
    return [_count_asked(turn, ticket)]


async def typed(turn: Turn, ticket: str, count: int) -> list[Card]:
    """Answer with the number that was asked for; another one is asked for once more, and decides nothing."""
    asked = await turn.desk.question(ticket)
    if asked is not None and asked.preview.count not in (None, count):
        return [_count_asked(turn, asked, msg("That is not the number. Nothing was decided."))]
    return [replace(await _decided(turn, ticket, yes=True, count=count), notice=False)]


def _count_asked(turn: Turn, ticket: Ticket, *before: Text) -> Card:
    line = msg("To go on, type the number of customers: {count}", count=ticket.preview.count or 0)
    card = turn.dialogue.card(ticket.preview.question, [*before, line], [[Choice(msg("Cancel"), Drop(_STAYS))]])
    turn.dialogue.expect(ApproveCount(ticket.id, card.id))
    return card


def stays() -> Card:
    """It was answered with something else."""
    return Card(None, (_STAYS,))


async def _decided(turn: Turn, ticket: str, *, yes: bool, count: int | None) -> Card:
    try:
        outcome = await turn.desk.approve(ticket, turn.actor, yes=yes, count=count)
    except CrmError as error:
        return _notice(error.text)
    # Where the card is one that nobody knows of any more, its buttons go all the same.
    return replace(_notice(msg("It was done.") if isinstance(outcome, Done) else outcome.text), stale=True)


def _notice(said: Text) -> Card:
    return Card(None, (said,), notice=True, alert=True)
