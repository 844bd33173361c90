"""Members hear what became of what was not known when they asked: each once, on all their accounts, also later."""

from __future__ import annotations

from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MEMBERS, MINH, TelegramBot, soon, telegram
from tests.fakes.world import World

SECOND = 45
"""Another account of Lan's."""

LEAD = "/lead Bình 0977123456"
SAVED = "It is saved now: L"


async def unsure(w: World, lan: Phone) -> None:
    """A lead of which it is not known whether it was saved, and which is looked into then."""
    w.sandbox.faults.cut("POST")
    assert "not known yet" in await lan.send(LEAD)
    await w.later(seconds=121)


def told(phone: Phone) -> int:
    return phone.screen().count(SAVED)


async def looked(bot: TelegramBot, lan: Phone) -> None:
    """A whole look at what there is to tell: the next one begins after it."""
    for _ in range(2):
        bot.look()
        await soon(lambda: not bot.is_told_to_look)
    await lan.send("/start")


async def test_who_asked_hears_it_once(w: World, bot: TelegramBot, lan: Phone, minh: Phone) -> None:
    await unsure(w, lan)
    await looked(bot, lan)
    assert told(lan) == 1
    assert "Bình" in await lan.tap("Show L")
    await looked(bot, lan)
    assert told(lan) == 1
    assert told(minh) == 0


async def test_what_is_open_is_looked_after_while_it_serves(bot: TelegramBot) -> None:
    assert bot.tended == 1


async def test_in_their_language(w: World, bot: TelegramBot) -> None:
    lan = bot.phone(language_code="vi")
    w.sandbox.faults.cut("POST")
    await lan.send(LEAD)
    await w.later(seconds=121)
    bot.look()
    assert await lan.sees("[Xem L")


async def test_on_all_their_accounts(w: World) -> None:
    members = f"{MEMBERS},{SECOND}:lan@antcrm.example:sales"
    async with telegram(w.house, members=members) as bot:
        lan, second = bot.phone(LAN), bot.phone(SECOND)
        await second.send("/start")
        await unsure(w, lan)
        await looked(bot, lan)
        assert (told(lan), told(second)) == (1, 1)
        assert "Bình" in await second.tap("Show L")


async def test_who_has_blocked_the_bot_hears_it_later(w: World, bot: TelegramBot, lan: Phone) -> None:
    await unsure(w, lan)
    bot.api.faults.fail("sendMessage", 403, times=1)
    bot.look()
    await soon(lambda: bot.api.calls[-1].method == "sendMessage" or told(lan))
    await looked(bot, lan)
    assert told(lan) == 0
    # Looked for again after a while, or by the next process.
    await bot.leave()
    await bot.start()
    await looked(bot, lan)
    assert told(lan) == 1


async def test_after_a_restart(w: World, bot: TelegramBot, lan: Phone) -> None:
    await unsure(w, lan)
    await bot.kill()
    await bot.start()
    await looked(bot, lan)
    assert told(lan) == 1


async def test_what_telegram_did_not_take_at_first_is_told(w: World, bot: TelegramBot, lan: Phone) -> None:
    await unsure(w, lan)
    bot.api.faults.fail("sendMessage", 500, times=3)
    bot.look()
    await lan.sees(SAVED)
    assert told(lan) == 1


async def test_the_same_message_brought_again_is_one_lead(w: World, bot: TelegramBot, lan: Phone) -> None:
    """Killed after the lead was saved and before Telegram was told: the update comes again."""
    bot.api.faults.lose_request("sendMessage", times=None)
    update = lan.send_later(LEAD)
    await soon(lambda: w.sent("POST") and w.sent("GET")[-1].at and "sendMessage" in [c.method for c in bot.api.calls])
    await bot.kill()
    await bot.start()
    await bot.api.confirmed(update)
    assert len(w.sent("POST")) == 1
    assert "This was done a moment ago already" in lan.screen()
    assert "Created: L" in lan.screen()


async def test_colleagues_messages_bear_the_same_numbers_and_are_others(w: World, lan: Phone, minh: Phone) -> None:
    assert "Created: L" in await lan.send(LEAD)
    assert "Created: L" in await minh.send("/lead Cường 0977123457")
    assert minh.user.id == MINH
    assert len(w.sent("POST")) == 2
