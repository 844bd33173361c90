"""A bot on a Telegram on this machine, over a made-up AntCRM, and the people who write to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.phone import Phone
from tests.fakes.telegram import LAN, MINH, STRANGER, VIEWER, TelegramBot, telegram
from tests.fakes.world import World, world


@pytest.fixture
async def w() -> AsyncIterator[World]:
    async with world() as one:
        yield one


@pytest.fixture
async def bot(w: World) -> AsyncIterator[TelegramBot]:
    """Every call it makes is legal."""
    async with telegram(w.house) as one:
        yield one
        assert one.api.violations == []


@pytest.fixture
def lan(bot: TelegramBot) -> Phone:
    """The admin."""
    return bot.phone(LAN)


@pytest.fixture
def minh(bot: TelegramBot) -> Phone:
    """Sales."""
    return bot.phone(MINH, first_name="Minh")


@pytest.fixture
def vy(bot: TelegramBot) -> Phone:
    """May only look."""
    return bot.phone(VIEWER, first_name="Vy")


@pytest.fixture
def stranger(bot: TelegramBot) -> Phone:
    """Nobody's colleague."""
    return bot.phone(STRANGER, first_name="Ai đó", language_code="vi")
