"""Cards as a terminal shows them. Nothing a customer's name holds is taken for markup or for a control sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from antcrm_chat.cards import Button, Card
from antcrm_tools.text import Language, Text

if TYPE_CHECKING:
    from rich.console import Console

PROMPT = "› "


class Screen(Protocol):
    """Where the terminal face writes."""

    def say(self, text: str) -> None:
        """Words of the program itself, as they are."""
        ...

    def copyable(self, text: str) -> None:
        """A line to be copied: never broken in two."""
        ...

    def show(self, card: Card, language: Language) -> None:
        """A card; its buttons are numbered from 1."""
        ...

    def prompt(self) -> None:
        """Ask for the next line."""
        ...

    def echo(self, line: str) -> None:
        """The line that was read, where nobody's typing has shown it."""
        ...

    def end(self) -> None:
        """No line came."""
        ...


class PlainScreen:
    """For pipes and files."""

    def __init__(self, out: TextIO) -> None:
        """`out` takes the text."""
        self._out = out

    def say(self, text: str) -> None:
        """Words of the program itself, as they are."""
        self._write(text + "\n")

    def copyable(self, text: str) -> None:
        """No line is broken here anyway."""
        self._write(text + "\n")

    def show(self, card: Card, language: Language) -> None:
        """A card, and a blank line."""
        rows = [*card_lines(card, language), *button_lines(card, language)]
        self._write("\n".join(rows) + "\n\n")

    def prompt(self) -> None:
        """Written together with the line, once it is known that there is one."""

    def echo(self, line: str) -> None:
        """As it would have looked typed."""
        self._write(PROMPT + visible(line) + "\n")

    def end(self) -> None:
        """No prompt is waiting."""

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class RichScreen:
    """For a terminal: colours, and lines broken at words."""

    def __init__(self, console: Console) -> None:
        """`console` knows what the terminal can do."""
        self._console = console

    def say(self, text: str) -> None:
        """Words of the program itself, as they are."""
        self._line(text)

    def copyable(self, text: str) -> None:
        """The terminal wraps it by itself, and gives it back whole."""
        self._console.print(text, style="green", markup=False, highlight=False, emoji=False, soft_wrap=True)

    def show(self, card: Card, language: Language) -> None:
        """The title bold, the buttons in their colours."""
        heading = 0 if card.title is None else len(card.title.render(language).split("\n"))
        for place, row in enumerate(card_lines(card, language)):
            self._line(row, "bold" if place < heading else "yellow" if card.notice else "")
        for row, style in styled_buttons(card, language):
            self._line(row, style)
        self._line("")

    def prompt(self) -> None:
        """Without a line break."""
        self._console.print(PROMPT, end="", style="bold cyan", markup=False, highlight=False)

    def echo(self, line: str) -> None:
        """The terminal has shown what was typed."""

    def end(self) -> None:
        """Leave the line of the prompt."""
        self._line("")

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style or None, markup=False, highlight=False, emoji=False, soft_wrap=False)


def card_lines(card: Card, language: Language) -> list[str]:
    """Title and lines, safe to print."""
    texts: list[Text] = [text for text in (card.title, *card.lines) if text is not None]
    return [visible(row) for text in texts for row in text.render(language).split("\n")]


def button_lines(card: Card, language: Language) -> list[str]:
    """Every row of buttons on a line: `[1] Delete  [2] Keep`."""
    return [row for row, _ in styled_buttons(card, language)]


def styled_buttons(card: Card, language: Language) -> list[tuple[str, str]]:
    """The rows of buttons, and the colour of each row."""
    rows: list[tuple[str, str]] = []
    number = 1
    for row in card.buttons:
        parts: list[str] = []
        for button in row:
            parts.append(f"[{number}] {visible(button.label.render(language))}")
            number += 1
        rows.append(("  ".join(parts), _colour(row)))
    return rows


def visible(text: str) -> str:
    """Without what a terminal would obey: escape sequences, line breaks, characters that turn the writing round."""
    return "".join(char if char.isprintable() else " " for char in text)


def _colour(row: Sequence[Button]) -> str:
    return "red" if any(button.style == "danger" for button in row) else "cyan"
