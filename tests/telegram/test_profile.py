"""What stands above the chat: set in both languages, only where it differs, and never in the way."""

from __future__ import annotations

from antcrm_chat.helping import ABOUT, MENU
from antcrm_tools.sandbox import AN
from antcrm_tools.text import Language
from tests.fakes.telegram import TelegramBot, bot_api, soon
from tests.fakes.world import World

SETTERS = {"setMyCommands", "setMyShortDescription", "setMyDescription"}
PRIVATE = "all_private_chats"


def set_calls(bot: TelegramBot) -> list[str]:
    return [call.method for call in bot.api.calls if call.method in SETTERS]


def calls_of(bot: TelegramBot, method: str) -> int:
    return [call.method for call in bot.api.calls].count(method)


async def test_each_language_has_its_own(bot: TelegramBot) -> None:
    await bot.api.until(lambda: len(set_calls(bot)) == 9)
    pairs: tuple[tuple[str, Language], ...] = (("", "en"), ("en", "en"), ("vi", "vi"))
    for code, language in pairs:
        assert bot.api.commands[PRIVATE, code] == [(name, does.render(language)) for name, does in MENU.items()]
        assert bot.api.short_descriptions[code] == ABOUT.render(language)
    assert bot.api.descriptions["vi"] != bot.api.descriptions["en"]


async def test_a_second_start_sets_nothing(w: World) -> None:
    async with bot_api(w.house) as bot:
        await bot.start()
        await bot.api.until(lambda: len(set_calls(bot)) == 9)
        await bot.leave()
        await bot.start()
        await bot.api.until(lambda: calls_of(bot, "getMyDescription") == 6)
        await bot.leave()
        assert len(set_calls(bot)) == 9


async def test_without_it_the_bot_works_as_well(w: World) -> None:
    async with bot_api(w.house) as bot:
        for method in ("getMyCommands", "setMyCommands", "getMyDescription", "setMyShortDescription"):
            for status in (400, 403, 429, 500):
                bot.api.faults.clear()
                bot.api.faults.fail(method, status, times=None)
                asked = calls_of(bot, method)
                await bot.start()
                await bot.api.until(lambda method=method, asked=asked: calls_of(bot, method) > asked)
                assert bot.hello is not None
                await bot.leave()
        await bot.start()
        assert AN.name in await bot.phone().send(f"/find {AN.ref}")
        await bot.leave()


async def test_one_that_hangs_keeps_nobody_waiting(w: World) -> None:
    async with bot_api(w.house) as bot:
        bot.api.faults.slow("setMyCommands", 300)
        await bot.start()
        await soon(lambda: set_calls(bot))
        assert AN.name in await bot.phone().send(f"/find {AN.ref}")
        await bot.leave()
