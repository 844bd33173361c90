"""From Telegram's updates to the chat, and back onto the phone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatAction
from telegram.error import Forbidden, TelegramError
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, TypeHandler, filters

from antcrm_chat.cards import Card, Person
from antcrm_chat.chat import Chat
from antcrm_chat.intents import Draft
from antcrm_chat.leads import draft_of, has_contact
from antcrm_chat.understand import draft_in
from antcrm_telegram.contacts import lead_of
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.fetching import Unreadable
from antcrm_telegram.gate import Context, Gate
from antcrm_telegram.rendering import is_of_draft, token_of
from antcrm_tools.logs import note_unexpected
from antcrm_tools.text import Text, join, msg

_SHOWS_TYPING = 1.0
"""Seconds after which a person is shown that something is being done; Telegram forgets it after five."""
_TYPING_LASTS = 4.5

_TAP_WAITS = 3.0
"""Seconds a button turns before it says that it is being worked on. Telegram gives up on it after some fifteen."""

_ALERT = 200

_WORKING = msg("Working on it…")
_ONLY_WORDS = msg("Only text and contact cards can be read here. Nothing of this was saved: write it as a message.")
_WITHOUT_FILE = msg("The words under it were read; the picture or file itself is not kept.")


class Face:
    """One bot's conversations."""

    def __init__(self, chat: Chat, gate: Gate, delivery: Delivery, region: str) -> None:
        """`region` is where a phone without a country code is."""
        self._chat = chat
        self._gate = gate
        self._delivery = delivery
        self._region = region
        self._albums: dict[str, str] = {}
        """The album each person sent last: its pictures come one by one, and are answered once."""

    def attach(self, app: Application[Any, Any, Any, Any, Any, Any]) -> None:
        """Put the gate before everything, and the handlers behind it."""
        app.add_handler(TypeHandler(object, self._gate.check), group=-1)
        app.add_handler(CallbackQueryHandler(self._on_tap))
        app.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, self._on_edit))
        app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, self._on_message))
        app.add_handler(TypeHandler(Unreadable, self._on_unreadable))
        app.add_error_handler(self._on_error)

    async def _on_message(self, update: Update, context: Context) -> None:
        message, person = update.message, self._person(update)
        if message is None:
            return
        answer, more = self._answer(person, message)
        cards = await self._while_typing(answer, message.chat_id, context)
        if more is not None and cards:
            cards = [*cards, Card(None, (more,))]
        await self._delivery.show(message.chat_id, cards, person.language, in_place=False)

    def _answer(self, person: Person, message: Message) -> tuple[Coroutine[Any, Any, list[Card]], Text | None]:
        """What the chat says to a message, and what is to be said of the rest of it."""
        name = str(message.message_id)
        if message.contact is not None:
            lead, words = lead_of(message.contact, self._region)
            return self._chat.hear_contact(person, lead, words, name), None
        if message.text is not None:
            if _is_own(message):
                answered = message.reply_to_message
                to = "" if answered is None else self._delivery.card_at(message.chat_id, answered.message_id)
                return self._chat.hear(person, message.text, name, to=to), None
            return self._chat.hear_quoted(person, message.text, name), None
        if message.caption and has_contact(message.caption, self._region):
            self._albums[person.id] = message.media_group_id or ""
            return self._chat.hear_quoted(person, message.caption, name), _WITHOUT_FILE
        album, before = message.media_group_id, self._albums.get(person.id)
        if album is not None:
            self._albums[person.id] = album
        return _said(_ONLY_WORDS if album is None or album != before else None, name), None

    async def _on_edit(self, update: Update, context: Context) -> None:
        message, person = update.edited_message, self._person(update)
        words = (message.text or message.caption) if message is not None else None
        if message is None or not words:
            return  # a live location that moves, a picture that was swapped: nothing was said with it
        answer = self._chat.hear_again(person, words, str(message.message_id), own=_is_own(message))
        cards = await self._while_typing(answer, message.chat_id, context)
        await self._delivery.show(message.chat_id, cards, person.language, in_place=True)

    async def _on_tap(self, update: Update, context: Context) -> None:
        query, person = update.callback_query, self._person(update)
        if query is None:
            return
        chat = query.from_user.id
        tapping = asyncio.create_task(self._chat.tap(person, token_of(query.data), lost=self._lost(query)))
        try:
            await asyncio.wait((tapping,), timeout=_TAP_WAITS)
            waits = not tapping.done()
            if waits:
                await _answered(query, _WORKING.render(person.language))
            cards = await self._while_typing(_result(tapping), chat, context)
        finally:
            tapping.cancel()
        notices = [card for card in cards if card.notice]
        said = " ".join(card.render(person.language) for card in notices)
        seen = not waits and await _answered(query, said, alert=any(card.alert for card in notices))
        if said and not seen:
            # Telegram takes no answer to a tap that has waited too long, and this one was not heard by anybody.
            await self._delivery.say(chat, said)
        if any(card.stale for card in cards) and query.message is not None:
            await self._tidy(person, chat, query.message.message_id)
        await self._delivery.show(chat, cards, person.language, in_place=True)

    async def _tidy(self, person: Person, chat: int, message: int) -> None:
        """A card of which no button works any more has none."""
        card = self._delivery.card_at(chat, message)
        if not card or not self._chat.is_open(person, card):
            await self._delivery.strip(chat, message)

    def _lost(self, query: CallbackQuery) -> Draft | None:
        """What the message says that the tapped card is about: Telegram sends it along."""
        about = query.message.reply_to_message if isinstance(query.message, Message) else None
        if not is_of_draft(query.data):
            return None
        if about is None or about.from_user is None or about.from_user.id != query.from_user.id:
            return None
        name = str(about.message_id)
        if about.contact is not None:
            lead, words = lead_of(about.contact, self._region)
            return draft_of(lead, self._region, name, words)
        return draft_in(about.text or about.caption or "", self._region, name, own=_is_own(about))

    async def _on_unreadable(self, update: Unreadable, context: Context) -> None:
        del context
        if update.person is not None and self._gate.is_member(update.person):
            said = msg("A message of yours could not be read, and nothing was done. Send it again as plain text.")
            code = msg("If it happens again, tell the admin the code {code}.", code=update.code)
            await self._delivery.say(update.person, join((said, code)).render(self._gate.language_with(update.person)))

    async def _on_error(self, update: object, context: Context) -> None:
        """The last line: a person must hear that something went wrong."""
        error = context.error
        if error is None or isinstance(error, Forbidden):  # who has blocked the bot hears nothing
            return
        code = note_unexpected(error)
        user = update.effective_user if isinstance(update, Update) else None
        if user is None or not self._gate.is_member(user.id):
            return
        said = msg("Something unexpected went wrong, and it may be that you do not see what became of your message.")
        then = msg("Look the customer up before you try again, and tell the admin the code {code}.", code=code)
        with suppress(TelegramError):
            await self._delivery.say(user.id, join((said, then)).render(self._gate.language_of(user)))

    async def _while_typing(self, answer: Coroutine[Any, Any, list[Card]], chat: int, context: Context) -> list[Card]:
        working = asyncio.create_task(answer)
        seconds = _SHOWS_TYPING
        try:
            while not working.done():
                await asyncio.wait((working,), timeout=seconds)
                if not working.done():
                    with suppress(TelegramError):
                        await context.bot.send_chat_action(chat, ChatAction.TYPING)
                    seconds = _TYPING_LASTS
            return working.result()
        finally:
            working.cancel()  # who is broken off begins nothing more; a write that has begun ends at the Desk

    def _person(self, update: Update) -> Person:
        """Whom the gate has let through."""
        if update.effective_user is None:
            raise LookupError("an update of nobody passed the gate")
        return self._gate.person(update.effective_user)


def _is_own(message: Message) -> bool:
    """Whether the words are the person's own, and not passed on, made by another bot or set under a picture."""
    return message.text is not None and message.forward_origin is None and message.via_bot is None


async def _said(text: Text | None, about: str) -> list[Card]:
    return [] if text is None else [Card(None, (text,), about=about)]


async def _result(task: asyncio.Task[list[Card]]) -> list[Card]:
    return await task


async def _answered(query: CallbackQuery, text: str, *, alert: bool = False) -> bool:
    """Answer a tap; False if Telegram does not take it any more, or it does not fit."""
    if len(text) > _ALERT:
        alert, text = False, ""
    try:
        await query.answer(text or None, show_alert=alert)
    except TelegramError:
        return False
    return bool(text)
