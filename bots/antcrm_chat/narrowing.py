"""Making a list shorter: filters as buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice
from antcrm_chat.steps import Look
from antcrm_tools.errors import CrmError
from antcrm_tools.in_words import field_word
from antcrm_tools.outcomes import Done
from antcrm_tools.text import Text, clean, comma, msg, verbatim
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.count_customers import CustomersCounted
from antcrm_tools.tools.fields import kind_word

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn

Filters = tuple[tuple[str, object], ...]

_MOST = 6
_IN_A_ROW = 3
_WEEK, _MONTH = 6, 29


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a turn does with filters."""

    turn: Turn

    async def ask(self, look: Look) -> list[Card]:
        """By what to narrow: stages and sources in use, one's own, and how new."""
        choices: list[list[Choice]] = []
        for field in ("stage", "source"):
            values = await self._in_use(field)
            choices += _rows([self._choice(look, field, value, verbatim(clean(value, 40))) for value in values])
        today = self._today()
        own = [self._choice(look, "owner", "me", msg("Mine"))] if "@" in self.turn.actor.who else []
        since = [
            (msg("New today"), today),
            (msg("Last 7 days"), today - timedelta(days=_WEEK)),
            (msg("Last 30 days"), today - timedelta(days=_MONTH)),
        ]
        times = [self._choice(look, "created_from", day.isoformat(), label) for label, day in since]
        choices += [own, times]
        if look.filters:
            choices.append([Choice(msg("Without filters"), replace(look, filters=()))])
        lines = [self.words(look.filters)] if look.filters else []
        return [self.turn.dialogue.card(msg("By what shall the list be narrowed?"), lines, choices)]

    def words(self, filters: Filters) -> Text:
        """Filters for a person: `(stage: Mới, mine)`."""
        return msg("({filters})", filters=comma(_worded(field, value) for field, value in filters))

    def _choice(self, look: Look, field: str, value: str, label: Text) -> Choice:
        others = tuple(each for each in look.filters if each[0] != field)
        return Choice(label, replace(look, filters=(*others, (field, value))))

    async def _in_use(self, field: str) -> list[str]:
        try:
            outcome = await self.turn.desk.submit(tool_named("count_customers").call({"by": [field]}), self.turn.actor)
        except CrmError:
            return []  # without them the list can still be narrowed by the rest
        counted = outcome.result if isinstance(outcome, Done) else None
        if not isinstance(counted, CustomersCounted):
            return []
        return [group.group[0] for group in counted.groups if group.group[0]][:_MOST]

    def _today(self) -> date:
        return self.turn.now().date()


def _worded(field: str, value: object) -> Text:
    if (field, value) == ("owner", "me"):
        return msg("mine")
    if field == "kind":
        return kind_word(value)  # pyright: ignore[reportArgumentType]  only we make them
    said = clean(str(value))
    if field == "created_from":
        return msg("new since {value}", value=f"{date.fromisoformat(said):%d/%m/%Y}")
    return msg("{field}: {value}", field=field_word(field), value=said)


def _rows(choices: Sequence[Choice]) -> list[list[Choice]]:
    return [list(choices[start : start + _IN_A_ROW]) for start in range(0, len(choices), _IN_A_ROW)]
