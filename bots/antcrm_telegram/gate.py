"""Before everything: who may talk to the bot. Members, each in their own chat with it; nobody else gets a word."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from telegram import Chat as TelegramChat
from telegram import Update, User
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Forbidden, TelegramError, TimedOut
from telegram.ext import ApplicationHandlerStop, CallbackContext

from antcrm_chat.cards import Person
from antcrm_telegram.fetching import Unreadable
from antcrm_telegram.joining import Joining
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.logs import note_unexpected
from antcrm_tools.members import Member, scopes_of
from antcrm_tools.staff import Staff
from antcrm_tools.text import Language, join, msg

Context = CallbackContext[Any, Any, Any, Any]

_IN = {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.RESTRICTED}

_MOST_REFUSED = 10_000
"""Strangers who are remembered to have been told."""

_REFUSAL = msg("Hello! This bot works for the staff of one company and does not know you.")
_NOT_YOURS = msg("This button is for somebody else. Nothing was done.")
_CANNOT_LOOK = msg("The list of members cannot be read at the moment, so nothing was done.")

_ALERT = 200
"""Characters Telegram shows of an answer to a tap."""


class Gate:
    """Lets members through and turns everybody else away."""

    def __init__(self, staff: Staff, joining: Joining, language: Language) -> None:
        """`language` is spoken with whoever uses Telegram in neither Vietnamese nor English."""
        self._staff = staff
        self._joining = joining
        self.language: Language = language
        self._refused: dict[int, None] = {}
        self._spoken: dict[int, Language] = {}

    def person(self, user: User) -> Person:
        """The member behind a Telegram user who was let through."""
        member = self._staff.of(user.id)
        if member is None:
            raise LookupError("nobody who was let through")
        language = self._spoken[user.id] = self.language_of(user)
        return Person(str(user.id), member.who, language, scopes_of(member.role))

    async def members(self) -> list[list[Person]]:
        """Every member of staff by their accounts, which may be several."""
        await self.look()
        staff: dict[str, list[Person]] = {}
        for member in self._staff.everybody():
            account = member.telegram_id
            person = Person(str(account), member.who, self.language_with(account), scopes_of(member.role))
            staff.setdefault(member.who, []).append(person)
        return list(staff.values())

    async def look(self) -> None:
        """Read anew who is a member; where that cannot be, those of the last time are."""
        with suppress(LedgerBroken):
            await self._staff.look()

    def everybody(self) -> Sequence[Member]:
        """All members, as they were read last."""
        return self._staff.everybody()

    def member(self, telegram_id: int) -> Member | None:
        """The member behind an account."""
        return self._staff.of(telegram_id)

    def is_member(self, telegram_id: int | None) -> bool:
        """Whether somebody is a member of staff."""
        return self._staff.of(telegram_id) is not None

    def language_of(self, user: User) -> Language:
        """What their Telegram speaks."""
        code = str(user.language_code or "").casefold()
        return "vi" if code.startswith("vi") else "en" if code.startswith("en") else self.language

    def language_with(self, telegram_id: int) -> Language:
        """What is spoken with a member when it cannot be read what their Telegram speaks."""
        return self._spoken.get(telegram_id, self.language)

    async def check(self, update: object, context: Context) -> None:
        """Let an update through, or end it.

        Raises:
            ApplicationHandlerStop: it is nobody's who may talk to us, or not in their own chat with us.
        """
        try:
            let_in = await self._lets_in(update, context)
        except Exception as error:  # noqa: BLE001  the library would go on with the handlers behind the gate
            note_unexpected(error)
            let_in = False
        if not let_in:
            raise ApplicationHandlerStop

    async def _lets_in(self, update: object, context: Context) -> bool:
        if isinstance(update, Unreadable):
            return self.is_member(update.person)
        if not isinstance(update, Update):
            return False
        chat, user = update.effective_chat, update.effective_user
        if chat is not None and chat.type != TelegramChat.PRIVATE:
            await self._leave(update, chat, context)
            return False
        if user is None or not isinstance(user.id, int):  # pyright: ignore[reportUnnecessaryIsInstance]  nobody checks
            return False
        if chat is None and update.callback_query is None:
            return False
        if await self._joining.takes(update, user, self.language_of(user), context.bot):
            return False
        if not await self._is_looked_up(update, user, context):
            return False
        if not self.is_member(user.id) or (chat is not None and chat.id != user.id):
            await self._refuse(update, user, context)
            return False
        return True

    async def _is_looked_up(self, update: Update, user: User, context: Context) -> bool:
        """Whether it is known who they are now; what is done must not be done by who was taken out since."""
        if self._staff.is_named(user.id):
            return True
        try:
            await self._staff.look()
        except LedgerBroken as error:
            if self.is_member(user.id):
                said = join((_CANNOT_LOOK, error.then or msg("Try again in a minute."))).render(self.language_of(user))
                with suppress(TelegramError):
                    if update.callback_query is not None:
                        await update.callback_query.answer(said[:_ALERT], show_alert=True)
                    else:
                        await context.bot.send_message(user.id, said)
            return False
        return True

    async def _leave(self, update: Update, chat: TelegramChat, context: Context) -> None:
        """A group would read what is meant for one person."""
        change = update.my_chat_member
        if change is not None and change.new_chat_member.status not in _IN:
            return  # we are out already
        with suppress(TelegramError):
            await context.bot.leave_chat(chat.id)

    async def _refuse(self, update: Update, user: User, context: Context) -> None:
        """One polite sentence; the rest is silence."""
        language = self.language_of(user)
        with suppress(TelegramError):
            if update.callback_query is not None:
                await update.callback_query.answer(_NOT_YOURS.render(language), show_alert=True)
            elif update.message is not None and not self.is_member(user.id) and user.id not in self._refused:
                number = msg("If you are one of them, give the admin your Telegram number: {id}.", id=user.id)
                with suppress(BadRequest, Forbidden, TimedOut):  # it is no use, or it may have arrived
                    await context.bot.send_message(user.id, join((_REFUSAL, number)).render(language))
                self._note_refused(user.id)

    def _note_refused(self, telegram_id: int) -> None:
        self._refused[telegram_id] = None
        if len(self._refused) > _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]
