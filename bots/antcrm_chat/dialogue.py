"""What the chat remembers about one person: the buttons it offered, and what it asked. In memory, and not for long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from antcrm_chat.cards import Button, Card, Style
from antcrm_chat.steps import SETTLES, Answer, Expected, Step
from antcrm_tools.text import Text

MEMORY = timedelta(minutes=30)
MOST_BUTTONS = 100
"""Of one person. The oldest go first; nobody scrolls back that far to tap."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button before it has a token."""

    label: Text
    step: Step
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Offer:
    """A button somebody can tap. Those of one `group` are choices in one question."""

    step: Step
    card: str
    group: str
    until: datetime


class Dialogue:
    """One person's open buttons, and the question they may answer with words."""

    def __init__(self, clock: Callable[[], datetime], token: Callable[[], str]) -> None:
        """`token` makes the random names of cards and buttons."""
        self._clock = clock
        self._token = token
        self._offers: dict[str, Offer] = {}
        self._cards: dict[str, Card] = {}
        self._expected: tuple[Expected, datetime] | None = None
        self.seen = clock()

    def card(
        self,
        title: Text | None,
        lines: Sequence[Text] = (),
        choices: Sequence[Sequence[Choice]] = (),
        *,
        group: str = "",
    ) -> Card:
        """Make a card and remember its buttons. Cards of one `group` are spent together."""
        card = self._token()
        rows = tuple(tuple(self._offer(choice, card, group or card) for choice in row) for row in choices)
        made = Card(title, tuple(lines), rows, id=card)
        offered = {offer.card for offer in self._offers.values()}
        self._cards = {key: one for key, one in {**self._cards, card: made}.items() if key in offered}
        return made

    def question(self) -> Card | None:
        """The newest card that waits for an answer."""
        now = self._clock()
        waiting = [o.card for o in self._offers.values() if isinstance(o.step, SETTLES) and o.until > now]
        return self._cards[waiting[-1]] if waiting else None

    def take(self, token: str) -> Offer | None:
        """Use a button up, and with it the rest of its question; None if it was used, is too old or never was."""
        offer = self._offers.pop(token, None)
        if offer is None or offer.until <= self._clock():
            return None
        if isinstance(offer.step, SETTLES):
            self._offers = {key: other for key, other in self._offers.items() if other.group != offer.group}
            if self._expected is not None and self._expected[0].card == offer.card:
                self._expected = None
        return offer

    def has(self, token: str) -> bool:
        """Whether this button is this person's, and open."""
        return token in self._offers

    def expect(self, expected: Expected) -> None:
        """Take the next message as an answer."""
        self._expected = (expected, self._clock() + MEMORY)

    def take_expected(self) -> Expected | None:
        """What the last question was, once."""
        expected, self._expected = self._expected, None
        return expected[0] if expected is not None and expected[1] > self._clock() else None

    def close_card(self, card: str) -> None:
        """Forget the buttons of a card that was answered with words."""
        self._offers = {key: offer for key, offer in self._offers.items() if offer.card != card}

    def close(self, ticket: str) -> None:
        """Forget the buttons of a question that is no longer this card's to ask."""
        groups = {o.group for o in self._offers.values() if isinstance(o.step, Answer) and o.step.ticket == ticket}
        self._offers = {key: offer for key, offer in self._offers.items() if offer.group not in groups}

    def close_all(self) -> tuple[dict[str, None], dict[str, None]]:
        """Forget every question; return the cards they stood on and the Desk's tickets among them."""
        settling = {key: offer for key, offer in self._offers.items() if isinstance(offer.step, SETTLES)}
        groups = {offer.group for offer in settling.values()}
        self._offers = {key: offer for key, offer in self._offers.items() if offer.group not in groups}
        cards = dict.fromkeys(offer.card for offer in settling.values())
        tickets = dict.fromkeys(o.step.ticket for o in settling.values() if isinstance(o.step, Answer))
        return cards, tickets

    def new_group(self) -> str:
        """A name for several cards that ask one question."""
        return self._token()

    def _offer(self, choice: Choice, card: str, group: str) -> Button:
        token = self._token()
        while len(self._offers) >= MOST_BUTTONS:
            del self._offers[next(iter(self._offers))]
        self._offers[token] = Offer(choice.step, card, group, self._clock() + MEMORY)
        return Button(choice.label, token, choice.style)


class Dialogues:
    """Everybody's."""

    def __init__(self, clock: Callable[[], datetime], token: Callable[[], str]) -> None:
        """`clock` decides what is old."""
        self._clock = clock
        self._token = token
        self._all: dict[str, Dialogue] = {}

    def of(self, person: str) -> Dialogue:
        """A person's dialogue; those of people long silent are forgotten on the way."""
        now = self._clock()
        self._all = {key: one for key, one in self._all.items() if now - one.seen < MEMORY}
        dialogue = self._all.setdefault(person, Dialogue(self._clock, self._token))
        dialogue.seen = now
        return dialogue

    def is_anybodys(self, token: str) -> bool:
        """Whether a button is open for anybody."""
        return any(dialogue.has(token) for dialogue in self._all.values())


def in_place_of(cards: list[Card], card: str) -> list[Card]:
    """Let the first of `cards` take the place of the one that was answered."""
    return [replace(first, replaces=card) if not place else first for place, first in enumerate(cards)]
