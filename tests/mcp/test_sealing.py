"""The seal, and what happens when there is no key for it."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client
from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import InputRequiredResult

from antcrm_mcp.sealing import Sealing
from antcrm_mcp.server import NAME, build_server
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, Sandbox
from antcrm_tools.text import msg
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import MODES, Person
from tests.fakes.rogue import THE_ONE, Rogue

YES = f"Delete {AN.name}"


class Keys:
    """Where the key comes from."""

    def __init__(self, key: bytes = b"k" * 32) -> None:
        self.key = key
        self.broken = False
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.broken:
            raise LedgerBroken(msg("{ledger} is damaged.", ledger="The ledger"))
        return self.key


@pytest.fixture
def keys() -> Keys:
    return Keys()


def sealed(house: House, keys: Keys) -> Server[Any]:
    server = build_server(house, tools=TOOLS)
    server.middleware[-1] = Sealing(keys, ttl=3600.0, audience=NAME, language="en")
    return server


def client(server: Server[Any]) -> Client:
    return Client(server, mode=MODES["new"], elicitation_callback=Person("cancel").look)


async def test_no_key_is_asked_for_before_a_state_passes(house: House, keys: Keys) -> None:
    keys.broken = True
    async with client(sealed(house, keys)) as connected:
        await connected.list_tools()
        found = await Rogue(connected).final({"ref": AN.ref}, tool="get_customer")
    assert AN.name in found.text
    assert keys.asked == 0


async def test_a_state_is_sealed_and_opened(house: House, sandbox: Sandbox, keys: Keys) -> None:
    async with client(sealed(house, keys)) as connected:
        rogue = Rogue(connected)
        state = await rogue.ask()
        assert state.startswith("v1.")
        assert not (await rogue.final(choice=YES, state=state)).is_error
    assert keys.asked == 1
    assert len(sandbox.destroying()) == 1


async def test_another_process_with_the_same_key_opens_it(house: House, sandbox: Sandbox) -> None:
    async with client(sealed(house, Keys())) as connected:
        state = await Rogue(connected).ask()
    async with client(sealed(house, Keys(b"o" * 32))) as connected:
        with pytest.raises(MCPError, match="requestState"):
            await Rogue(connected).send(THE_ONE, choice=YES, state=state)
    assert sandbox.destroying() == []
    async with client(sealed(house, Keys())) as connected:
        assert not (await Rogue(connected).final(choice=YES, state=state)).is_error
    assert len(sandbox.destroying()) == 1


async def test_without_a_key_nothing_is_asked_and_the_model_is_told(house: House, sandbox: Sandbox, keys: Keys) -> None:
    keys.broken = True
    async with client(sealed(house, keys)) as connected:
        rogue = Rogue(connected)
        result = await rogue.final()
        assert result.is_error
        assert "The ledger is damaged. Nothing was sent to AntCRM." in result.text
        keys.broken = False
        assert isinstance(await rogue.send(THE_ONE), InputRequiredResult)
    assert sandbox.destroying() == []


@pytest.mark.parametrize("state", ["sealed", "plain"])
async def test_without_a_key_no_state_is_believed(house: House, sandbox: Sandbox, keys: Keys, state: str) -> None:
    async with client(sealed(house, keys)) as connected:
        given = await Rogue(connected).ask()
    if state == "plain":
        given = "a ticket"
    broken = Keys()
    broken.broken = True
    async with client(sealed(house, broken)) as connected:
        result = await Rogue(connected).final(choice=YES, state=given)
    assert result.is_error
    assert "The ledger is damaged." in result.text
    assert sandbox.destroying() == []


async def test_a_forged_state_is_refused(house: House, sandbox: Sandbox, keys: Keys) -> None:
    async with client(sealed(house, keys)) as connected:
        with pytest.raises(MCPError, match="requestState"):
            await Rogue(connected).send(THE_ONE, choice=YES, state="a ticket")
    assert sandbox.destroying() == []
