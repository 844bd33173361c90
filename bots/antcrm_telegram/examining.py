"""Whether the bot would work: its token, the way to Telegram, and who else has its messages. Fetches none of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr
from telegram import User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from antcrm_telegram.serving import new_bot
from antcrm_tools.doctor.check import Check
from antcrm_tools.settings import Settings
from antcrm_tools.text import clean, msg

_TOKEN, _REACH, _HOOK = msg("Telegram bot"), msg("Way to Telegram"), msg("Webhook of the bot")

_LONGEST = 20.0
"""Seconds for both questions together."""


async def examine_telegram(settings: Settings) -> Iterable[Check]:
    """Ask Telegram who the bot is, and whether its messages go elsewhere."""
    if settings.telegram_token is None:
        return (Check("telegram.token", _TOKEN, "ok", msg("Not set up.")),)
    return await _asked(settings, settings.telegram_token)


async def _asked(settings: Settings, token: SecretStr) -> Iterable[Check]:
    bot = new_bot(settings, token)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(_LONGEST):
            await bot.initialize()  # asks who the bot is
            seconds = time.monotonic() - begun
            hook = await bot.get_webhook_info()
    except InvalidToken:
        return (Check("telegram.reach", _REACH, "ok", msg("It answers.")), _refused())
    except (TelegramError, TimeoutError):
        return (_unreached(settings),)
    finally:
        await bot.shutdown()
    return _found(settings, bot.bot, hook, seconds)


def _found(settings: Settings, me: User, hook: WebhookInfo, seconds: float) -> Iterator[Check]:
    said = (
        msg("It answered after {seconds} s.", seconds=f"{seconds:.2f}")
        if settings.telegram_proxy is None
        else msg("It answered after {seconds} s, through the proxy.", seconds=f"{seconds:.2f}")
    )
    yield Check("telegram.reach", _REACH, "ok", said)
    yield Check("telegram.token", _TOKEN, "ok", msg("@{bot}", bot=clean(me.username or "")))
    if hook.url:
        # Only the host: what follows it may be somebody's secret.
        host = clean(urlsplit(hook.url).hostname or "…")
        text = msg("Its messages are sent to {host}, which another program has asked for.", host=host)
        then = msg("`antcrm telegram` takes that back when it starts; if the other program is wanted, make a new bot.")
        yield Check("telegram.webhook", _HOOK, "warning", text, then)
    else:
        yield Check("telegram.webhook", _HOOK, "ok", msg("There is none."))


def _refused() -> Check:
    text = msg("Telegram does not accept ANTCRM_TELEGRAM_TOKEN.")
    then = msg("Get the token from @BotFather and put it there, whole.")
    return Check("telegram.token", _TOKEN, "fault", text, then)


def _unreached(settings: Settings) -> Check:
    if settings.telegram_proxy is None:
        text = msg("Telegram cannot be reached.")
        then = msg("Where Telegram is blocked, set ANTCRM_TELEGRAM_PROXY; else look at this machine's network.")
    else:
        text = msg("Telegram cannot be reached through the proxy.")
        then = msg("Look at the proxy in ANTCRM_TELEGRAM_PROXY, and whether it needs a password.")
    return Check("telegram.reach", _REACH, "fault", text, then)
