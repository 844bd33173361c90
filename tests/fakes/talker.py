"""A person at the chat, who reads like one: by what stands on the newest cards and on their buttons."""

from __future__ import annotations

from dataclasses import replace

from antcrm_chat.cards import Button, Card, Person
from antcrm_chat.chat import Chat
from antcrm_chat.intents import Draft
from antcrm_tools.house import House
from antcrm_tools.identity.names import fold
from antcrm_tools.members import ALL_SCOPES, Scope
from antcrm_tools.text import Language


def chat_in(house: House, face: str = "terminal") -> Chat:
    """A chat over a house, as the faces make it."""
    return Chat(
        house.desk,
        face=face,
        clock=house.clock,
        zone=house.settings.zone,
        region=house.settings.region,
        host="test",
        pictures=True,
    )


class Talker:
    """`await p.say("tìm 0912345678")`, `await p.tap("Xoá")`, `p.screen`."""

    def __init__(
        self,
        chat: Chat,
        *,
        language: Language = "vi",
        name: str = "lan",
        who: str = "lan@antcrm.example",
        scopes: frozenset[Scope] = ALL_SCOPES,
    ) -> None:
        """`name` is the messenger's name for this person, `who` the member of staff."""
        self.chat = chat
        self.person = Person(name, who, language, scopes)
        self.cards: list[Card] = []
        """The answer to the last message or tap."""
        self.wall: dict[str, Card] = {}
        """Everything on the screen, a card edited in place standing where it stood."""
        self._unnamed = 0

    async def say(self, words: str, message: str = "") -> str:
        """Write a message; returns the screen. `message` is the messenger's name for it."""
        return self.read(await self.chat.hear(self.person, words, message))

    async def edit(self, words: str, message: str) -> str:
        """Write a message anew; returns the screen."""
        return self.read(await self.chat.hear_again(self.person, words, message))

    async def forward(self, words: str, message: str = "") -> str:
        """Pass on what somebody else wrote; returns the screen."""
        return self.read(await self.chat.hear_quoted(self.person, words, message))

    async def hears(self) -> str:
        """What has become of earlier things, as a face tells it before it answers; returns the screen."""
        told: list[Card] = []

        async def show(_: Person, card: Card) -> bool:
            told.append(card)
            return True

        await self.chat.tell([self.person], show)
        return self.read(told)

    async def tap(self, label: str) -> str:
        """Tap the newest button whose label contains these words (case and marks aside); returns the screen."""
        return await self.press(self.button(label).token)

    async def press(self, token: str, lost: Draft | None = None) -> str:
        """Tap a button that may be long gone from the screen."""
        return self.read(await self.chat.tap(self.person, token, lost=lost))

    def button(self, label: str) -> Button:
        """The newest button whose label contains these words."""
        for card in reversed(self.wall.values()):
            for button in card.choices:
                if fold(label) in fold(button.label.render(self.person.language)):
                    return button
        raise AssertionError(f"there is no button “{label}” on:\n{self.everything}")

    def wall_of(self, words: str) -> Card:
        """The newest card on the screen with these words in its title."""
        return next(card for card in reversed(self.wall.values()) if words in str(card.title))

    @property
    def screen(self) -> str:
        """The last answer, with its buttons."""
        return "\n\n".join(self._drawn(card) for card in self.cards)

    @property
    def everything(self) -> str:
        """All cards."""
        return "\n\n".join(self._drawn(card) for card in self.wall.values())

    def read(self, cards: list[Card]) -> str:
        """Look at an answer; returns the screen."""
        self.cards = cards
        for card in cards:
            if card.notice:
                continue
            self._unnamed += 1
            stands = (key for key, old in self.wall.items() if old.id and old.id == card.replaces)
            key = next(stands, card.id or f"#{self._unnamed}")
            self.wall[key] = card
            for key, old in self.wall.items():
                if old.id in card.closes:
                    self.wall[key] = replace(old, buttons=())
        return self.screen

    def _drawn(self, card: Card) -> str:
        language = self.person.language
        rows = [" ".join(f"[{button.label.render(language)}]" for button in row) for row in card.buttons]
        return "\n".join((card.render(language), *rows))
