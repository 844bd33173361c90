"""Becoming a member: who opens an invitation's link is asked whether they are who is meant, and says so with a tap."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.error import TelegramError

from antcrm_tools.errors import BadInput, LedgerBroken
from antcrm_tools.identity.emails import masked_email
from antcrm_tools.members import Invitation, Member, Role
from antcrm_tools.staff import Staff
from antcrm_tools.text import Language, Text, join, msg

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.ledger.members import Members, Unusable

_OPENED = re.compile(r"/start(?:@\w+)?\s+([A-Za-z0-9_-]{32})")
_TAPPED = re.compile(r"j([yn]):([A-Za-z0-9_-]{32})")
_TRIES = 20
"""Words that are none which one account may try in an hour. Nobody guesses one, but everybody can make us look."""

_WHILE = timedelta(hours=1)
_MOST_TRIED = 10_000
"""Accounts of which that is counted."""

_ASK_ANEW = msg("Ask the admin for a new one.")

ROLE_NAMES: dict[Role, Text] = {
    "viewer": msg("viewer (looks customers up)"),
    "sales": msg("sales (adds and changes as well)"),
    "manager": msg("manager (deletes and imports as well)"),
    "admin": msg("admin (also says who is a member)"),
}


def link(bot: str, word: str) -> str:
    """What somebody opens to become a member."""
    return f"https://t.me/{bot}?start={word}"


class Joining:
    """Answers invitations. Everything else is not its business."""

    def __init__(self, staff: Staff, book: Callable[[], Members], *, clock: Callable[[], datetime]) -> None:
        """`book`: where invitations are."""
        self._staff = staff
        self._book = book
        self._clock = clock
        self._tried: dict[int, tuple[datetime, int]] = {}
        """Since when, and how many words that were none each account has tried."""

    async def takes(self, update: Update, user: User, language: Language, bot: Bot) -> bool:
        """Answer an update that is about an invitation; False if it is not."""
        message, query = update.message, update.callback_query
        opened = _OPENED.fullmatch(_text(message.text).strip()) if message is not None else None
        tapped = _TAPPED.fullmatch(_text(query.data)) if query is not None else None
        if opened is None and tapped is None:
            return False
        if self._has_tried_enough(user.id):
            return True
        with suppress(TelegramError):  # the link can be opened once more
            if opened is not None:
                said, choice = await self._opened(opened[1], user.id, language)
                await bot.send_message(user.id, said.render(language), reply_markup=choice)
            elif tapped is not None and query is not None:
                said = await self._tapped(tapped[2], user.id) if tapped[1] == "y" else _declined()
                await _replace(query, said.render(language), bot)
        return True

    async def _opened(self, word: str, account: int, language: Language) -> tuple[Text, InlineKeyboardMarkup | None]:
        if self._staff.is_named(account):
            return self._already(account), None
        try:
            found = await self._book().invitation(word, account)
        except (BadInput, LedgerBroken):
            return _not_now(), None
        if not isinstance(found, Invitation):
            return await self._became(found, account), None
        yes, no = (
            InlineKeyboardButton(label.render(language), callback_data=f"j{answer}:{word}")
            for answer, label in (("y", msg("Yes, that is me")), ("n", msg("No")))
        )
        asked = msg("This invitation is for {email}. Is that you?", email=masked_email(found.who))
        return asked, InlineKeyboardMarkup([[no, yes]])

    async def _tapped(self, word: str, account: int) -> Text:
        if self._staff.is_named(account):
            return self._already(account)
        try:
            return await self._became(await self._book().accept(word, account), account)
        except (BadInput, LedgerBroken):
            return _not_now()

    async def _became(self, found: Member | Unusable, account: int) -> Text:
        if found == "unknown":
            self._note_tried(account)
        if found == "already":
            await self._staff.look()
            return join((self._already(account), msg("The invitation was not needed, and nobody can use it now.")))
        return _became(found)

    def _already(self, account: int) -> Text:
        member = self._staff.of(account)
        if member is None:
            return _not_now()
        return msg("You are a member already: {email}, as {role}.", email=member.who, role=ROLE_NAMES[member.role])

    def _has_tried_enough(self, account: int) -> bool:
        since, tries = self._tried.get(account, (self._clock(), 0))
        return tries >= _TRIES and abs(self._clock() - since) < _WHILE

    def _note_tried(self, account: int) -> None:
        now = self._clock()
        since, tries = self._tried.pop(account, (now, 0))
        self._tried[account] = (since, tries + 1) if abs(now - since) < _WHILE else (now, 1)
        if len(self._tried) > _MOST_TRIED:
            del self._tried[next(iter(self._tried))]


def _text(given: object) -> str:
    """What should be text: the library does not look whether it is."""
    return given if isinstance(given, str) else ""


def _became(found: Member | Unusable) -> Text:
    match found:
        case Member() as member:
            welcome = msg("You are a member now: {email}, as {role}.", email=member.who, role=ROLE_NAMES[member.role])
            return join((welcome, msg("/help shows everything.")))
        case "used":
            return join((msg("This invitation was used already."), _ASK_ANEW))
        case "late":
            return join(
                (
                    msg("This invitation can no longer be used: it was good for 24 hours, or has been replaced."),
                    _ASK_ANEW,
                )
            )
        case "another":
            return msg(
                "This Telegram account is another member's already. Nothing was changed. Ask the admin to remove that "
                "member first."
            )
        case _:
            return join((msg("This is no invitation that is known here."), _ASK_ANEW))


def _declined() -> Text:
    return msg("Nothing was changed. Tell the admin that the invitation came to the wrong person.")


def _not_now() -> Text:
    return msg("Invitations cannot be read at the moment. Nothing was changed, and yours stays good: try again later.")


async def _replace(query: CallbackQuery, said: str, bot: Bot) -> None:
    """Put the answer where the question stood, so that it does not go on looking open."""
    with suppress(TelegramError):  # who waits too long for it may still see what follows
        await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(said)
    else:
        await bot.send_message(query.from_user.id, said)
