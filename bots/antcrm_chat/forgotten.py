"""Taps on buttons that are not known any more: too old, or of a process that is gone."""

from __future__ import annotations

from dataclasses import replace

from antcrm_chat import tokens
from antcrm_chat.cards import Card
from antcrm_chat.intents import Draft
from antcrm_chat.steps import Undo
from antcrm_chat.tokens import Answered
from antcrm_chat.turn import Turn
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.text import Text, join, msg

_FORGOTTEN = msg(
    "This button is too old, or the program was started anew since. If you have tapped it before, what became of that "
    "is not known here: look the customer up."
)
_READ_AGAIN = msg("The draft had been forgotten and was read from your message again, without what you changed in it.")


async def tapped(turn: Turn, token: str, lost: Draft | None) -> list[Card]:
    """Answer a tap that may come for the second time. `lost` is what the message says that the tapped card is about."""
    answered = await _as_meant(turn, token, lost)
    if answered:
        return [replace(answered[0], stale=True), *answered[1:]]
    if lost is not None and (turn.dialogue.draft_of(lost.message) or turn.dialogue.settled(lost.message) is not None):
        lost = None  # it is on the screen already, or done with
    became = await _became(turn, token, lost)
    if lost is not None:
        # The message is still there: what it says is not lost.
        first = _READ_AGAIN if became is None else join((became, _READ_AGAIN))
        return [replace(await turn.drafts.look(lost, first), stale=True)]
    return [Card(None, (became or _FORGOTTEN,), notice=True, alert=True, stale=True)]


async def _as_meant(turn: Turn, token: str, lost: Draft | None) -> list[Card]:
    """What is in the ledger can still be answered, and is done once; nothing where it is not."""
    meant = tokens.read(token)
    if isinstance(meant, Undo):
        return await turn.take(meant, "")
    ticket = await turn.desk.question(meant.ticket) if isinstance(meant, Answered) else None
    if ticket is None or not isinstance(meant, Answered):
        return []
    return await turn.answer(ticket.id, ticket.call, yes=meant.yes, draft=lost)


async def _became(turn: Turn, token: str, lost: Draft | None) -> Text | None:
    """What the tap, or the message the draft was read from, has led to."""
    for source in dict.fromkeys((turn.source_of(lost), token)):
        try:
            became = await turn.desk.became(source, turn.actor)
        except LedgerBroken:
            return None
        if became is not None:
            return became
    return None
