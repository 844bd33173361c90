"""The terminal face of the chat: lines in, cards out, buttons by number."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from antcrm_chat.cards import Card, Person
from antcrm_chat.chat import Chat
from antcrm_cli.lines import Lines, Raw, reading
from antcrm_cli.screen import PlainScreen, RichScreen, Screen
from antcrm_tools.identity.names import fold
from antcrm_tools.text import msg

_LEAVE = frozenset({"exit", "quit", "thoat"})

_FINISH = 60.0
"""Seconds a turn gets to end when the person leaves in the middle of it."""


@dataclass
class Terminal:
    """One person at one terminal.

    A line that is the number of a button taps it, if the button came with the answer before: what has been scrolled
    past by another answer is tapped by no number, whether that answer had buttons or not.
    """

    chat: Chat
    person: Person
    screen: Screen
    _choices: dict[str, str] = field(default_factory=dict[str, str], init=False)

    async def talk(self, lines: Lines) -> None:
        """Until the person leaves, or the input ends."""
        while True:
            self.screen.prompt()
            line = await lines.next()
            if line is None:
                self.screen.end()
                return
            self.screen.echo(line)
            words = line.strip()
            if fold(words) in _LEAVE:
                return
            if words:
                await self.turn(words)

    async def turn(self, words: str) -> None:
        """One line, and what comes of it."""
        token = self._choices.get(words)
        self._choices = {}
        await self.chat.tell([self.person], self._tell)
        answer = self.chat.hear(self.person, words) if token is None else self.chat.tap(self.person, token)
        self._show(await self._finished(answer))

    async def _tell(self, _: Person, card: Card) -> bool:
        """What has become of earlier lines; numbers pick the buttons of the answer that follows."""
        self._show([card])
        return True

    async def _finished(self, answer: Coroutine[Any, Any, list[Card]]) -> list[Card]:
        """Whoever presses Ctrl-C in the middle of a write still hears what became of it."""
        task = asyncio.create_task(answer)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.screen.say("\n" + msg("Finishing what is under way…").render(self.person.language))
            await asyncio.wait((task,), timeout=_FINISH)
            if task.done():
                self._show(task.result())
            raise

    def _show(self, cards: list[Card]) -> None:
        shown: list[str] = []
        for card in cards:
            text = card.render(self.person.language)
            if text in shown and not card.buttons:
                continue  # a terminal cannot edit what it has printed, so several cards closing alike are one
            shown.append(text)
            self.screen.show(card, self.person.language)
            if card.buttons:
                self._choices = {str(number): button.token for number, button in enumerate(card.choices, 1)}


def new_screen() -> Screen:
    """Colours for a terminal, plain text for anything else."""
    if not sys.stdout.isatty():
        return PlainScreen(sys.stdout)
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it

    return RichScreen(Console())


async def talk(chat: Chat, person: Person, screen: Screen) -> None:
    """Talk over standard input."""
    async with reading(_stdin()) as lines:
        await Terminal(chat, person, screen).talk(lines)


def _stdin() -> Raw:
    """Standard input without buffers; nothing where the program was started without one."""
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  it is None when descriptor 0 is closed
        return io.BytesIO()
    return os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
