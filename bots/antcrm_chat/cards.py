"""Cards: what the chat says, before any messenger has drawn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_tools.members import ALL_SCOPES, Scope
from antcrm_tools.text import Language, Text

Style: TypeAlias = Literal["danger", "primary", "plain"]

Mark: TypeAlias = Literal["seen", "saved", "dropped"]
"""What became of a message with a lead in it."""


@dataclass(frozen=True, slots=True)
class Button:
    """A choice. The face hands `token` back when it is tapped; it is random and says nothing.

    `of_draft`: it stands under a draft, whose message can be read again where the token has been forgotten.
    """

    label: Text
    token: str
    style: Style = "plain"
    of_draft: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars to be drawn by a face that can show them (`funnel.draw`), and a small line under them."""

    title: Text
    rows: tuple[tuple[Text, int], ...]
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One message. How it looks is the face's business.

    `replaces` names the card whose place this one takes, where a face can edit what it has sent: a question that was
    answered must not go on looking open. `closes` names cards whose last button was spent meanwhile. A `notice` is a
    passing word about a tap, and leaves every card as it is; an `alert` is one that has to be seen. `stale` says
    that no button of the tapped card works any more. `about` is the messenger's name for the message a card
    speaks of, and `mark` what became of it, where a face can show that on the message itself. A `picture` says once
    more what the lines say.
    """

    title: Text | None = None
    lines: tuple[Text, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    id: str = ""
    replaces: str | None = None
    closes: tuple[str, ...] = ()
    notice: bool = False
    alert: bool = False
    stale: bool = False
    about: str = ""
    mark: Mark | None = None
    picture: Picture | None = None

    @property
    def choices(self) -> tuple[Button, ...]:
        """The buttons in reading order."""
        return tuple(button for row in self.buttons for button in row)

    def render(self, language: Language) -> str:
        """Title and lines as plain text."""
        return "\n".join(text.render(language) for text in (self.title, *self.lines) if text is not None)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is talking: `id` is the messenger's name for them, `who` the member of staff AntCRM knows.

    `scopes`: what they may do at most.
    """

    id: str
    who: str
    language: Language = "en"
    scopes: frozenset[Scope] = ALL_SCOPES
