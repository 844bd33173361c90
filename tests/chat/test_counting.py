"""A bulk is confirmed by typing how many."""

import pytest

from antcrm_tools.house import House
from antcrm_tools.registry import Call
from antcrm_tools.sandbox import HOA, Sandbox
from antcrm_tools.tools import tool_named
from tests.fakes.talker import Talker

ROWS = [{"name": f"Khách {number}", "phones": [f"09771234{number:02}"]} for number in range(12)]


@pytest.fixture
def bulk() -> Call:
    return tool_named("import_leads").call({"rows": ROWS})


async def ask(lan: Talker, bulk: Call) -> str:
    lan.cards = await lan.chat.do(lan.person, bulk)
    lan.wall = {card.id: card for card in lan.cards}
    return lan.screen


def imported(sandbox: Sandbox) -> int:
    return len([r for r in sandbox.requests if r.method == "POST"])


async def test_the_right_number(lan: Talker, house: House, sandbox: Sandbox, bulk: Call) -> None:
    screen = await ask(lan, bulk)
    assert "type the number of customers: 12" in screen
    assert len(lan.cards[0].choices) == 1
    assert imported(sandbox) == 0
    before = house.open_sandbox().store.count("lead")
    await lan.say(" １２ ")
    assert sandbox.store.count("lead") == before + 12


@pytest.mark.parametrize("typed", ["11", "0", "120"])
async def test_another_number(lan: Talker, sandbox: Sandbox, bulk: Call, typed: str) -> None:
    await ask(lan, bulk)
    assert "not the number of rows" in await lan.say(typed)
    await lan.say("12")
    assert imported(sandbox) == 0


async def test_the_number_counts_only_as_the_next_message(lan: Talker, sandbox: Sandbox, bulk: Call) -> None:
    await ask(lan, bulk)
    screen = await lan.say(HOA.ref)
    assert "The question before was closed" in screen
    assert HOA.name in screen
    await lan.say("12")
    assert imported(sandbox) == 0


@pytest.mark.parametrize("words", ["/cancel", "huỷ", "không", "no"])
async def test_cancelled(lan: Talker, sandbox: Sandbox, bulk: Call, words: str) -> None:
    await ask(lan, bulk)
    assert "Cancelled" in await lan.say(words)
    await lan.say("12")
    assert imported(sandbox) == 0


async def test_a_yes_is_not_a_number(lan: Talker, sandbox: Sandbox, bulk: Call) -> None:
    await ask(lan, bulk)
    screen = await lan.say("có")
    assert "does not answer the question" in screen
    assert "type the number of customers: 12" in screen
    assert imported(sandbox) == 0
    before = sandbox.store.count("lead")
    await lan.say("12")
    assert sandbox.store.count("lead") == before + 12


async def test_no_by_button(lan: Talker, sandbox: Sandbox, bulk: Call) -> None:
    await ask(lan, bulk)
    await lan.press(lan.cards[0].choices[0].token)
    assert "the answer was no" in lan.screen
    await lan.say("12")
    assert imported(sandbox) == 0
