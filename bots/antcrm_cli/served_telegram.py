"""`antcrm telegram`: the chat for the staff on Telegram."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

from antcrm_cli.running import settings_for
from antcrm_cli.terminal import new_screen
from antcrm_telegram.serving import Hello, TelegramFace
from antcrm_tools.house import House
from antcrm_tools.text import Text, msg, msgs


async def run_telegram(lang: str | None, *, sandbox: bool) -> None:
    """Until it is interrupted or terminated.

    Raises:
        BadInput: a setting is wrong or missing, or Telegram does not accept the token.
        CrmError: it had to end: the token was withdrawn, or another program fetches this bot's messages.
    """
    settings = settings_for(lang, sandbox=sandbox)
    token = settings.require_telegram_token()
    screen = new_screen()

    def say(text: Text) -> None:
        screen.say(text.render(settings.language))

    def announce(hello: Hello) -> None:
        crm = msg("a made-up AntCRM") if settings.sandbox else settings.base_url
        say(
            msg(
                "Connected to Telegram as @{bot} ({name}), working on {crm}.",
                bot=hello.username,
                name=hello.name,
                crm=crm,
            )
        )
        members = len({member.who for member in house.staff().everybody()})
        if members:
            say(msgs("{count} member of staff may use it.", "{count} members of staff may use it.", members))
        elif settings.sandbox:
            say(
                msg(
                    "Nobody may use it yet: write to it on Telegram, and put the number it tells you into {variable}.",
                    variable="ANTCRM_TELEGRAM_MEMBERS",
                )
            )
        else:
            say(
                msg(
                    "Nobody may use it yet. Invite somebody: {command}. Or write to it on Telegram, and put the number "
                    "it tells you into {variable}.",
                    command="antcrm members invite E-MAIL --role admin",
                    variable="ANTCRM_TELEGRAM_MEMBERS",
                )
            )
        say(msg("Ctrl-C stops it."))

    async with House(settings) as house:
        with _stopping() as stop:
            finished = await TelegramFace(house, token, announce=announce, report=say).run(stop)
    say(msg("Stopped. Nothing is left half done.") if finished else msg("Stopped."))


@contextmanager
def _stopping() -> Generator[asyncio.Event]:
    """Set by the first Ctrl-C or SIGTERM. The second one ends the program at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    caught: list[signal.Signals] = []

    def leave() -> None:
        stop.set()
        _release()

    def _release() -> None:
        while caught:
            loop.remove_signal_handler(caught.pop())

    try:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, leave)
            caught.append(each)
    except NotImplementedError:
        pass  # Windows: Ctrl-C cancels this task, which ends it just as well
    try:
        yield stop
    finally:
        _release()
