"""Telling members what became of what was not known, or not sent yet, when they were told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from telegram.error import TelegramError

from antcrm_chat.cards import Card, Person
from antcrm_chat.chat import Chat
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.gate import Gate

_BETWEEN = 5.0
"""Seconds between two looks at what there is to tell."""

_ROUNDS_OFF = 120
"""Looks for which somebody is left alone who could not be reached: they have blocked the bot, or never used it."""


class Herald:
    """Brings members their news."""

    def __init__(
        self, chat: Chat, gate: Gate, delivery: Delivery, *, rest: Callable[[float], Awaitable[object]]
    ) -> None:
        """`rest` waits some seconds between two looks."""
        self._chat = chat
        self._gate = gate
        self._delivery = delivery
        self._rest = rest
        self._off: dict[str, int] = {}
        """Looks for which somebody is left alone still."""

    async def run(self) -> None:
        """Until it is cancelled. What was not told by then is told after the next start."""
        while True:
            await self._rest(_BETWEEN)
            await self.look()

    async def look(self) -> None:
        """Tell everybody what there is."""
        self._off = {person: looks - 1 for person, looks in self._off.items() if looks > 1}
        for accounts in await self._gate.members():
            reachable = [person for person in accounts if person.id not in self._off]
            if reachable:
                await self._chat.tell(reachable, self._show)

    async def _show(self, person: Person, card: Card) -> bool:
        try:
            await self._delivery.show(int(person.id), [card], person.language, in_place=False)
        except TelegramError:
            self._off[person.id] = _ROUNDS_OFF
            return False
        return True
