"""What the chat remembers about one person: the buttons it offered, and what it asked. In memory, and not for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from antcrm_chat import tokens
from antcrm_chat.cards import Button, Card, Style
from antcrm_chat.intents import Draft
from antcrm_chat.steps import SETTLES, Answer, Expected, Step
from antcrm_tools.text import Text

MEMORY = timedelta(minutes=30)
"""How long words may answer a question, and a button the Desk's."""

DAY = timedelta(hours=24)
"""How long the other buttons live: a draft waits for the end of a long meeting."""

MOST_BUTTONS = 300
"""Of one person. The oldest go first; nobody scrolls back that far to tap."""

MOST_SETTLED = 100
"""Messages of one person of which it is known what was made of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button before it has a token."""

    label: Text
    step: Step
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Settled:
    """What was made of a message: a customer, a change that is not done yet, or nothing."""

    words: str
    ref: str = ""
    change: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A button somebody can tap. Those of one `group` are choices in one question."""

    step: Step
    card: str
    group: str
    made: datetime

    @property
    def until(self) -> datetime:
        """Until when it can be tapped."""
        return self.made + (MEMORY if isinstance(self.step, Answer) else DAY)


class Dialogue:
    """One person's open buttons, and the question they may answer with words."""

    def __init__(self, clock: Callable[[], datetime], token: Callable[[], str]) -> None:
        """`token` makes the random names of cards and buttons."""
        self._clock = clock
        self._token = token
        self._offers: dict[str, Offer] = {}
        self._cards: dict[str, Card] = {}
        self._spent: dict[str, None] = {}
        self._used: dict[str, None] = {}
        self._settled: dict[str, Settled] = {}
        self._asked: dict[str, tuple[Expected, datetime]] = {}
        self._newest = ""
        self.shown: frozenset[str] = frozenset()
        """The cards of the last answer."""
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
        rows = tuple(tuple(self._offer(choice, card, group or card) for choice in row) for row in choices if row)
        made = Card(title, tuple(lines), rows, id=card)
        offered = {offer.card for offer in self._offers.values()}
        self._cards = {key: one for key, one in {**self._cards, card: made}.items() if key in offered}
        return made

    def question(self) -> Card | None:
        """The newest card that a word may answer."""
        waiting = [offer.card for offer in self._offers.values() if self._is_asked(offer)]
        return self._cards[waiting[-1]] if waiting else None

    def take(self, token: str) -> Offer | None:
        """What a button stands for; None if it was used, is too old or never was.

        One that settles its question is used up, and with it the rest of the question.
        """
        offer = self._offers.get(token)
        if offer is None:
            return None
        if offer.until <= self._clock():
            del self._offers[token]
            return None
        if isinstance(offer.step, SETTLES):
            self._forget(key for key, other in self._offers.items() if other.group == offer.group)
        return offer

    def is_open(self, card: str) -> bool:
        """Whether any button of a card still works."""
        now = self._clock()
        return any(offer.card == card and offer.until > now for offer in self._offers.values())

    def has(self, token: str) -> bool:
        """Whether this button is this person's, and open."""
        return token in self._offers

    def used(self, token: str) -> bool:
        """Whether this button was this person's, and has been used or closed."""
        return token in self._used

    def expect(self, expected: Expected) -> None:
        """Take the next message as an answer."""
        self._asked[expected.card] = expected, self._clock() + MEMORY
        self._newest = expected.card

    def take_expected(self, card: str = "") -> Expected | None:
        """What was asked last, or on `card` where the answer says that it is to that one; once."""
        newest, self._newest = self._newest, ""
        expected = self._asked.pop(card if card in self._asked else newest, None)
        return expected[0] if expected is not None and expected[1] > self._clock() else None

    def close_card(self, card: str) -> None:
        """Forget the buttons of a card that was answered with words."""
        self._forget(key for key, offer in self._offers.items() if offer.card == card)

    def close(self, ticket: str) -> None:
        """Forget the buttons of a question that is no longer this card's to ask."""
        groups = {o.group for o in self._offers.values() if isinstance(o.step, Answer) and o.step.ticket == ticket}
        self._forget(key for key, offer in self._offers.items() if offer.group in groups)

    def close_questions(self) -> tuple[dict[str, Draft | None], dict[str, None]]:
        """Forget every question; return the cards they stood on, with their drafts, and the Desk's tickets."""
        settling = [offer for offer in self._offers.values() if self._is_asked(offer)]
        groups = {offer.group for offer in settling}
        self._forget(key for key, offer in self._offers.items() if offer.group in groups)
        cards: dict[str, Draft | None] = {}
        for offer in settling:
            cards[offer.card] = cards.get(offer.card) or getattr(offer.step, "draft", None)
        tickets = dict.fromkeys(o.step.ticket for o in settling if isinstance(o.step, Answer))
        return cards, tickets

    def draft_of(self, message: str) -> tuple[Draft, str] | None:
        """The newest draft that was read from a message and is still open, and the card it stands on."""
        for offer in reversed(self._offers.values()):
            draft: Draft | None = getattr(offer.step, "draft", None)
            if draft is not None and draft.message == message:
                return draft, offer.card
        return None

    def settle(self, draft: Draft, ref: str = "", change: int = 0) -> None:
        """Remember what was made of a draft's message, and by which change."""
        if draft.message:
            self._settled[draft.message] = Settled(draft.words, ref, change)
        while len(self._settled) > MOST_SETTLED:
            del self._settled[next(iter(self._settled))]

    def settled(self, message: str) -> Settled | None:
        """What was made of a message; None if it is open or was forgotten."""
        return self._settled.get(message)

    def unsettle(self, change: int) -> str:
        """A change was taken back: the message it was made of, which may be a draft again; `""` if none is known."""
        message = self.message_of(change)
        self._settled.pop(message, None)
        return message

    def message_of(self, change: int) -> str:
        """The message a change was made of, as far as that is remembered."""
        return next((message for message, known in self._settled.items() if change and known.change == change), "")

    def take_spent(self) -> set[str]:
        """Cards that have lost their last button since this was asked before."""
        spent, self._spent = self._spent, {}
        return set(spent)

    def new_group(self) -> str:
        """A name for several cards that ask one question."""
        return self._token()

    def _is_asked(self, offer: Offer) -> bool:
        """Whether words may answer it: a question of this half hour, and of a draft only if it was shown last.

        Whoever says no to something does not mean the lead of before.
        """
        last = offer.card in self.shown or getattr(offer.step, "draft", None) is None
        return isinstance(offer.step, SETTLES) and last and offer.made + MEMORY > self._clock()

    def _offer(self, choice: Choice, card: str, group: str) -> Button:
        token, now = self._token() + tokens.meaning(choice.step), self._clock()
        old = [key for key, offer in self._offers.items() if offer.until <= now]
        over = max(0, len(self._offers) - len(old) - MOST_BUTTONS + 1)
        # Their cards keep their buttons: of a draft, a tap on one reads its message again.
        for key in [*old, *[key for key in self._offers if key not in old][:over]]:
            del self._offers[key]
        self._offers[token] = Offer(choice.step, card, group, now)
        return Button(choice.label, token, choice.style, of_draft=getattr(choice.step, "draft", None) is not None)

    def _forget(self, tokens: Iterable[str]) -> None:
        """Of what was answered, or can no longer be asked: nothing on such a card may look open."""
        closing = [token for token in tokens if token in self._offers]
        gone = {self._offers.pop(token).card for token in closing}
        spent = gone - {offer.card for offer in self._offers.values()}
        self._spent.update(dict.fromkeys(spent))
        self._used.update(dict.fromkeys(closing))
        for token in list(self._used)[: max(0, len(self._used) - MOST_BUTTONS)]:
            del self._used[token]
        for card in spent:
            self._asked.pop(card, None)


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
        self._all = {key: one for key, one in self._all.items() if now - one.seen < DAY}
        dialogue = self._all.setdefault(person, Dialogue(self._clock, self._token))
        dialogue.seen = now
        return dialogue

    def is_anybodys(self, token: str) -> bool:
        """Whether a button is open for anybody."""
        return any(dialogue.has(token) for dialogue in self._all.values())


def in_place_of(cards: list[Card], card: str) -> list[Card]:
    """Let the first of `cards` take the place of the one that was answered."""
    return [replace(first, replaces=card) if not place else first for place, first in enumerate(cards)]
