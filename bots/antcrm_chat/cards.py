"""Cards: what the chat says, before any messenger has drawn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_tools.text import Language, Text

Style: TypeAlias = Literal["danger", "primary", "plain"]


@dataclass(frozen=True, slots=True)
class Button:
    """A choice. The face hands `token` back when it is tapped; it is random, works once and says nothing."""

    label: Text
    token: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """One message. How it looks is the face's business.

    `replaces` names the card whose place this one takes, where a face can edit what it has sent: a question that was
    answered must not go on looking open. A `notice` is a passing word about a tap, and leaves every card as it is.
    """

    title: Text | None = None
    lines: tuple[Text, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    id: str = ""
    replaces: str | None = None
    notice: bool = False

    @property
    def choices(self) -> tuple[Button, ...]:
        """The buttons in reading order."""
        return tuple(button for row in self.buttons for button in row)

    def render(self, language: Language) -> str:
        """Title and lines as plain text."""
        return "\n".join(text.render(language) for text in (self.title, *self.lines) if text is not None)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is talking: `id` is the messenger's name for them, `who` the member of staff AntCRM knows."""

    id: str
    who: str
    language: Language = "en"
