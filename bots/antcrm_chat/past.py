"""What one has changed lately, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice
from antcrm_chat.steps import Undo
from antcrm_tools.outcomes import Done
from antcrm_tools.text import msg
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.list_changes import ChangeLine, ChangesFound

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn

_LISTED, _LOOKED_THROUGH = 8, 50

_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Past:
    """What a turn does with changes that were made."""

    turn: Turn

    async def recent(self) -> list[Card]:
        """One's last changes, and a button for each that may be undone."""
        lines = await self._mine(_LISTED)
        if not lines:
            return [Card(None, (msg("You have changed nothing yet."),))]
        buttons = [_button(line) for line in lines if _is_undoable(line)]
        rows = [buttons[start : start + _IN_A_ROW] for start in range(0, len(buttons), _IN_A_ROW)]
        return [self.turn.dialogue.card(msg("Your last changes:"), [line.sentence() for line in lines], rows)]

    async def last(self) -> list[Card]:
        """One's last change that may be undone, to be undone by a tap.

        Not at once: a message that comes again after a kill would undo the change before.
        """
        mine = await self._mine(_LOOKED_THROUGH)
        line = next((line for line in mine if _is_undoable(line) and line.undoes is None), None)
        if line is None:
            return [Card(None, (msg("You have no change that can be undone."),))]
        title = msg("Your last change that can be undone:")
        return [self.turn.dialogue.card(title, [line.sentence()], [[_button(line, listed=False)]])]

    async def undo(self, number: int, under: str = "") -> list[Card]:
        """Take a change back; `under` is the card that speaks of it alone."""
        return await self.turn.submit(tool_named("undo_change").call({"change": number}), under=under)

    async def _mine(self, limit: int) -> Sequence[ChangeLine]:
        call = tool_named("list_changes").call({"mine": True, "limit": limit})
        outcome = await self.turn.desk.submit(call, self.turn.actor)
        found = outcome.result if isinstance(outcome, Done) else None
        return found.changes if isinstance(found, ChangesFound) else ()


def _is_undoable(line: ChangeLine) -> bool:
    return line.status in ("done", "waiting")


def _button(line: ChangeLine, *, listed: bool = True) -> Choice:
    return Choice(msg("Undo #{number}", number=str(line.change)), Undo(line.change, listed))
