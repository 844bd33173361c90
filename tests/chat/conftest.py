"""A house with the made-up AntCRM, a chat in it, and a clock that only tests move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from antcrm_tools.house import House
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.settings import Settings
from tests.fakes.talker import Talker, chat_in


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def house(clock: Clock) -> AsyncIterator[House]:
    settings = Settings.model_validate({"sandbox": True, "language": "en"})
    async with House(settings, clock=clock) as house:
        yield house


@pytest.fixture
def sandbox(house: House) -> Sandbox:
    return house.open_sandbox()


@pytest.fixture
def lan(house: House) -> Talker:
    return Talker(chat_in(house), language="en")
