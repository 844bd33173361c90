"""Getting cards onto a phone: sent, edited in place, marked; tried again where that can do no harm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from telegram import Bot, InlineKeyboardMarkup, Message, ReplyParameters
from telegram.constants import ParseMode, ReactionEmoji
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from antcrm_chat.cards import Card, Mark, Picture
from antcrm_chat.funnel import draw
from antcrm_telegram.fetching import FIRST_PAUSE, LONGEST_PAUSE, wait_of
from antcrm_telegram.rendering import caption, keyboard, pieces
from antcrm_tools.logs import note_unexpected
from antcrm_tools.text import Language, Text, msg

R = TypeVar("R")

_log = logging.getLogger(__name__)

_PATIENCE = 86400.0
"""Seconds for which a card is tried again, which may be all that tells what became of a write. A day: that long
Telegram itself keeps what people write meanwhile.
"""

_SENT_AGAIN = 2
"""Times a message is sent again that may have arrived. Twice on the screen is better than never: buttons work once."""

_PICTURE_PATIENCE = 300.0
"""Seconds for which a picture is tried again. It tells nothing new, and who waits for it is kept from going on."""

_LAST_TRIES, _LAST_PAUSE = 2, 2.0
"""Tries, and seconds before each, when the process is about to end: what was saved must not end in silence."""

_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "ProtocolError"})
"""What the library's errors were caused by, where nothing left for Telegram; the last is a SOCKS proxy's."""

_REACTIONS: dict[Mark, str | None] = {
    "seen": ReactionEmoji.EYES,
    "saved": ReactionEmoji.THUMBS_UP,
    "dropped": None,
}

_FILE = "funnel.png"
_NO_PICTURE = msg("The picture could not be sent; the words above say the same.")

_MOST_CARDS = 300
"""Of one chat, whose place on the screen is known."""


class Delivery:
    """Shows cards, and remembers where each stands."""

    def __init__(
        self,
        bot: Bot,
        *,
        sleep: Callable[[float], Awaitable[object]] | None = None,
        patience: float = _PATIENCE,
        footer: Text | None = None,
    ) -> None:
        """`sleep` waits some seconds, or shorter where there is no more time. `footer` stands under every card."""
        self._bot = bot
        self._patience = patience
        self._footer = footer
        self._leaving = asyncio.Event()
        self._sleep = sleep or self._wait
        self._last_sleep = sleep or asyncio.sleep
        self._walls: dict[int, dict[str, list[int]]] = {}

    def hurry(self) -> None:
        """The process is about to end: what cannot be delivered soon is not waited for."""
        self._leaving.set()

    def card_at(self, chat: int, message: int) -> str:
        """The card a message shows; `""` where it is none that is open."""
        return next((card for card, ids in self._walls.get(chat, {}).items() if message in ids), "")

    async def show(self, chat: int, cards: list[Card], language: Language, *, in_place: bool) -> None:
        """Show an answer. `in_place`: the person is looking at the card that is replaced, because they tapped it.

        Who has written something looks at the end of the chat: there the answer goes, and the old card only loses its
        buttons.
        """
        shown: set[str] = set()
        for one in cards:
            card = self._footed(one)
            for closed in card.closes:
                await self._strip_card(chat, closed)
            if card.notice:
                continue
            text = card.render(language)
            again = text in shown and not card.buttons
            shown.add(text)
            if card.replaces is not None and (in_place or again):
                await self._replace(chat, card, language)
            else:
                if card.replaces is not None:
                    await self._strip_card(chat, card.replaces)
                await self._send(chat, card, language)
            await self._mark(chat, card)
            if card.picture is not None:
                await self._draw(chat, card.picture, language)

    async def post(self, chat: int, card: Card, language: Language) -> int:
        """Show a card that nobody has asked for: tried once. Returns the number of the message its buttons are under.

        Raises:
            TelegramError: it may not have arrived.
        """
        parts = pieces(self._footed(card), language)
        last = 0
        for number, part in enumerate(parts, 1):
            buttons = keyboard(card, language) if number == len(parts) else None
            last = (await self._message(chat, part, buttons, patience=0.0)).message_id
        return last

    async def rewrite(self, chat: int, message: int, card: Card, language: Language) -> None:
        """Put a card where a message stands, or as a new one where it cannot be edited any more: tried once.

        Raises:
            TelegramError: it may not have been done.
        """
        first, *more = pieces(self._footed(card), language)
        try:
            await self._bot.edit_message_text(
                first, chat_id=chat, message_id=message, parse_mode=ParseMode.HTML, reply_markup=None
            )
        except BadRequest as error:
            if "not modified" in error.message:
                return
            await self.post(chat, card, language)
            return
        for part in more:
            await self._message(chat, part, None, patience=0.0)

    def _footed(self, card: Card) -> Card:
        return card if self._footer is None else replace(card, lines=(*card.lines, self._footer))

    async def _draw(self, chat: int, picture: Picture, language: Language) -> None:
        """Send a picture, or say that it could not be: what it says has been said in words already."""
        try:
            content = await asyncio.to_thread(draw, picture, language)
            await self._patiently(
                lambda: self._bot.send_photo(
                    chat, content, caption=caption(picture, language), protect_content=True, filename=_FILE
                ),
                once=True,
                patience=min(self._patience, _PICTURE_PATIENCE),
            )
        except TelegramError as error:
            _log.warning("a picture could not be sent: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001  drawing may fail on a name nobody thought of
            note_unexpected(error)
        else:
            return
        await self._quietly(lambda: self._bot.send_message(chat, _NO_PICTURE.render(language), protect_content=True))

    async def say(self, chat: int, text: str) -> None:
        """Send words that are no card."""
        await self._patiently(lambda: self._bot.send_message(chat, text, protect_content=True), once=True)

    async def strip(self, chat: int, message: int) -> None:
        """Take the buttons off a message."""
        await self._quietly(lambda: self._bot.edit_message_reply_markup(chat, message, reply_markup=None))

    async def _send(self, chat: int, card: Card, language: Language) -> None:
        ids: list[int] = []
        parts = pieces(card, language)
        for number, part in enumerate(parts, 1):
            buttons = keyboard(card, language) if number == len(parts) else None
            message = await self._message(chat, part, buttons, card.about if not ids else "")
            ids.append(message.message_id)
        self._remember(chat, card, ids)

    async def _message(
        self,
        chat: int,
        text: str,
        buttons: InlineKeyboardMarkup | None,
        about: str = "",
        *,
        patience: float | None = None,
    ) -> Message:
        answer = (
            ReplyParameters(int(about), allow_sending_without_reply=True)
            if about.isascii() and about.isdigit()
            else None
        )
        return await self._patiently(
            lambda: self._bot.send_message(
                chat,
                text,
                parse_mode=ParseMode.HTML,
                protect_content=True,
                reply_markup=buttons,
                reply_parameters=answer,
            ),
            once=True,
            patience=patience,
        )

    async def _replace(self, chat: int, card: Card, language: Language) -> None:
        """Put a card in another's place: into its last message, where the buttons were; the others go."""
        ids = self._walls.get(chat, {}).pop(card.replaces or "", [])
        if not ids:
            await self._send(chat, card, language)
            return
        *others, last = ids
        for message in others:
            await self._quietly(lambda message=message: self._bot.delete_message(chat, message))
        first, *more = pieces(card, language)
        buttons = keyboard(card, language)
        try:
            await self._patiently(
                lambda: self._bot.edit_message_text(
                    first,
                    chat_id=chat,
                    message_id=last,
                    parse_mode=ParseMode.HTML,
                    reply_markup=None if more else buttons,
                )
            )
        except BadRequest as error:
            if "not modified" not in error.message:
                # It was deleted, or is too old to be edited: the answer is not lost for that.
                await self._send(chat, card, language)
                return
        now = [last]
        for number, part in enumerate(more, 1):
            message = await self._message(chat, part, buttons if number == len(more) else None)
            now.append(message.message_id)
        self._remember(chat, card, now)

    async def _strip_card(self, chat: int, card: str) -> None:
        ids = self._walls.get(chat, {}).pop(card, [])
        if ids:
            await self.strip(chat, ids[-1])

    async def _mark(self, chat: int, card: Card) -> None:
        if card.mark is None or not (card.about.isascii() and card.about.isdigit()):
            return
        reaction, message = _REACTIONS[card.mark], int(card.about)
        await self._quietly(lambda: self._bot.set_message_reaction(chat, message, reaction))

    def _remember(self, chat: int, card: Card, ids: list[int]) -> None:
        wall = self._walls.setdefault(chat, {})
        if card.buttons:
            wall[card.id] = ids
        while len(wall) > _MOST_CARDS:
            del wall[next(iter(wall))]

    async def _quietly(self, call: Callable[[], Awaitable[object]]) -> None:
        """What is only a courtesy is tried once: a receipt, or buttons that would not work any more."""
        with suppress(TelegramError):
            await call()

    async def _patiently(
        self, call: Callable[[], Awaitable[R]], *, once: bool = False, patience: float | None = None
    ) -> R:
        """Try until it works. `once`: it must not be done twice lightly. `patience`: where it is not that of cards.

        Raises:
            TelegramError: Telegram refuses it, or it did not work for too long.
        """
        waited, pause, sent, last = 0.0, FIRST_PAUSE, 0, 0
        while True:
            try:
                return await call()
            except (BadRequest, Forbidden):
                raise
            except RetryAfter as error:
                seconds = wait_of(error)
                failure: TelegramError = error
            except NetworkError as error:
                sent += may_have_arrived(error)
                seconds, pause = pause, min(LONGEST_PAUSE, pause * 2)
                failure = error
            waited += seconds
            last += self._leaving.is_set()
            if (
                waited > (self._patience if patience is None else patience)
                or (once and sent > _SENT_AGAIN)
                or last > _LAST_TRIES
            ):
                raise failure
            await (self._last_sleep(min(seconds, _LAST_PAUSE)) if last else self._sleep(seconds))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leaving.wait()


def may_have_arrived(error: TelegramError) -> bool:
    """Whether what was sent may be on the phone although there was an error."""
    if not isinstance(error, NetworkError):
        return False
    cause = error.__cause__
    if cause is None or (isinstance(cause, TelegramError) and type(cause) is not TelegramError):
        # Telegram, or who stands before it, has said that it failed; all but one of them know.
        return "Gateway Time" in (error if cause is None else cause).message
    return type(cause).__name__ not in _NEVER_SENT
