"""A House with a sandbox in it, and a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator

import pytest

from antcrm_tools.house import House
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.settings import load_settings
from tests.fakes.clock import Clock


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ANTCRM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def house(clock: Clock) -> AsyncGenerator[House]:
    settings = load_settings(_env_file=None, sandbox=True, language="en", actor="lan@antcrm.example")
    async with House(settings, clock=clock) as opened:
        yield opened


@pytest.fixture
def sandbox(house: House) -> Sandbox:
    return house.open_sandbox()
