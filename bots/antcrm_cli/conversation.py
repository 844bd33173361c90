"""The chat over a house, in the terminal."""

from __future__ import annotations

import platform

from antcrm_chat.cards import Person
from antcrm_chat.chat import Chat
from antcrm_cli.running import settings_for
from antcrm_cli.screen import Screen
from antcrm_cli.terminal import new_screen, talk
from antcrm_tools.house import House
from antcrm_tools.text import msg


async def run_chat(lang: str | None, *, sandbox: bool) -> None:
    """`antcrm chat`."""
    settings = settings_for(lang, sandbox=sandbox)
    async with House(settings) as house:
        screen = new_screen()
        screen.say(msg("Type what you want, or /help. “exit” leaves.").render(settings.language))
        screen.say("")
        await talk_over(house, screen)


async def talk_over(house: House, screen: Screen) -> None:
    """Until the person at the terminal leaves."""
    settings = house.settings
    house.tend()
    chat = Chat(
        house.desk,
        face="terminal",
        clock=house.clock,
        zone=settings.zone,
        region=settings.region,
        host=platform.node(),
    )
    await talk(chat, Person("terminal", settings.actor, settings.language), screen)
