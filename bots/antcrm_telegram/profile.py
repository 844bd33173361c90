"""What people see of the bot before they write: its commands and descriptions, in their language."""

from __future__ import annotations

import logging

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import InvalidToken, TelegramError

from antcrm_chat.helping import ABOUT, MENU
from antcrm_tools.text import LANGUAGES, Language, msg

log = logging.getLogger(__name__)

_SCOPE = BotCommandScopeAllPrivateChats()
_DESCRIPTION = msg(
    "Send a phone number to see who it is. Send a name and a phone, or a contact card, to save a lead. "
    "Nothing is deleted that you did not just confirm."
)


async def introduce(bot: Bot, language: Language) -> None:
    """Set what differs from what is set; `language` is for whoever uses Telegram in neither of the two.

    The bot works without it as well, so a failure is only logged.
    """
    try:
        await _introduce(bot, None, language)
        for each in LANGUAGES:
            await _introduce(bot, each, each)
    except InvalidToken:
        return  # who fetches the updates says so
    except TelegramError as error:
        log.warning("the bot's commands and descriptions could not be set: %s", type(error).__name__)


async def _introduce(bot: Bot, code: str | None, language: Language) -> None:
    commands = tuple(BotCommand(command, does.render(language)) for command, does in MENU.items())
    if await bot.get_my_commands(_SCOPE, language_code=code) != commands:
        await bot.set_my_commands(commands, _SCOPE, language_code=code)
    about, description = ABOUT.render(language), _DESCRIPTION.render(language)
    if (await bot.get_my_short_description(language_code=code)).short_description != about:
        await bot.set_my_short_description(about, language_code=code)
    if (await bot.get_my_description(language_code=code)).description != description:
        await bot.set_my_description(description, language_code=code)
