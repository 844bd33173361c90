"""The same list of ways around the person against everything that destroys: delete, empty, import."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult, InputRequiredResult

from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, HOA, Sandbox
from tests.fakes.assistant import ERAS, Answers, Era, Person, assistant
from tests.fakes.clock import Clock
from tests.fakes.rogue import Rogue, rogue

LABEL = "Delete from"
ROWS: dict[str, Any] = {"rows": [{"name": "Một"}, {"name": "Hai"}]}
TARGETS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # tool, arguments, other arguments, the answer that says yes
    "delete": ("delete_customer", {"ref": AN.ref}, {"ref": HOA.ref}, {"choice": f"Delete {AN.name}"}),
    "empty": (
        "update_customer",
        {"ref": AN.ref, "empty": ["note"]},
        {"ref": AN.ref, "empty": ["tags"]},
        {"choice": f"{LABEL} {AN.name}"},
    ),
    "import": ("import_leads", ROWS, {"rows": [{"name": "Ba"}]}, {"choice": "Create 2 leads", "count": 2}),
}

on_each = pytest.mark.parametrize("target", TARGETS)
every_era = pytest.mark.parametrize("era", ERAS)


def sent(sandbox: Sandbox) -> int:
    """Requests that destroyed, or created many."""
    return len(sandbox.destroying()) + sum(request.method == "POST" for request in sandbox.requests)


async def one(r: Rogue, target: str, **round_: Any) -> Any:
    tool, arguments, _, yes = TARGETS[target]
    return await r.send(arguments, tool=tool, answer=ElicitResult(action="accept", content=yes), **round_)


async def question(r: Rogue, target: str) -> str:
    tool, arguments, _, _ = TARGETS[target]
    asked = await r.send(arguments, tool=tool)
    assert isinstance(asked, InputRequiredResult)
    assert asked.request_state is not None
    return asked.request_state


@every_era
@on_each
@pytest.mark.parametrize("answers", [None, "decline", "cancel", "keep"])
async def test_no_yes(house: House, sandbox: Sandbox, target: str, era: Era, answers: Answers | None) -> None:
    tool, arguments, _, _ = TARGETS[target]
    async with assistant(house, era=era, person=Person(answers)) as a:
        assert (await a.call(tool, **arguments)).is_error
    assert sent(sandbox) == 0


@every_era
@on_each
async def test_a_yes_is_done_once(house: House, sandbox: Sandbox, target: str, era: Era) -> None:
    tool, arguments, _, _ = TARGETS[target]
    async with assistant(house, era=era) as a:
        replies = await asyncio.gather(*(a.call(tool, **arguments) for _ in range(2)))
    assert not any(reply.is_error for reply in replies)
    assert sent(sandbox) == 1


@on_each
async def test_an_answer_on_the_first_call(house: House, sandbox: Sandbox, target: str) -> None:
    async with rogue(house) as r:
        assert isinstance(await one(r, target), InputRequiredResult)
    assert sent(sandbox) == 0


@on_each
async def test_a_forged_state(house: House, sandbox: Sandbox, target: str) -> None:
    async with rogue(house) as r:
        state = await question(r, target)
        with pytest.raises(MCPError, match="requestState"):
            await one(r, target, state=state[:-2] + ("AA" if state[-2:] != "AA" else "BB"))
    assert sent(sandbox) == 0


@on_each
async def test_a_state_for_other_arguments(house: House, sandbox: Sandbox, target: str) -> None:
    tool, _, others, yes = TARGETS[target]
    async with rogue(house) as r:
        state = await question(r, target)
        with pytest.raises(MCPError, match="requestState"):
            await r.send(others, tool=tool, answer=ElicitResult(action="accept", content=yes), state=state)
    assert sent(sandbox) == 0


@on_each
async def test_a_state_sent_three_times(house: House, sandbox: Sandbox, target: str) -> None:
    async with rogue(house) as r:
        state = await question(r, target)
        first, *others = [await one(r, target, state=state) for _ in range(3)]
    assert all(other.content == first.content for other in others)
    assert sent(sandbox) == 1


@on_each
async def test_an_expired_question(house: House, sandbox: Sandbox, clock: Clock, target: str) -> None:
    async with rogue(house) as r:
        state = await question(r, target)
        clock.advance(minutes=10)
        late = await one(r, target, state=state)
    assert late.is_error
    assert sent(sandbox) == 0


@every_era
@pytest.mark.parametrize("target", ["delete", "empty"])
async def test_a_record_that_changed_meanwhile(house: House, sandbox: Sandbox, target: str, era: Era) -> None:
    tool, arguments, _, _ = TARGETS[target]

    async def colleague() -> None:
        row = sandbox.store.get("lead", AN.id)
        assert row is not None
        row.fields["bgInfo"] = "Khách vừa chốt!"
        sandbox.store.save(row)

    async with assistant(house, era=era, person=Person("yes", meanwhile=colleague)) as a:
        assert (await a.call(tool, **arguments)).is_error
    assert sent(sandbox) == 0
