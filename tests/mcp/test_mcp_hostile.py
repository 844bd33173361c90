"""Every way around the person that was thought of, tried on delete. Each ends with what AntCRM was really sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from antcrm_mcp.server import build_server
from antcrm_tools.house import House
from antcrm_tools.ledger.store import IN_MEMORY, Store
from antcrm_tools.outcomes import Actor
from antcrm_tools.sandbox import AN, HOA, Sandbox
from antcrm_tools.settings import load_settings
from antcrm_tools.tools import TOOLS
from antcrm_tools.tools.delete_customer import delete_customer
from tests.fakes.assistant import ERAS, MODES, Era, Person, assistant
from tests.fakes.clock import Clock
from tests.fakes.rogue import DELETE, THE_ONE, Rogue, rogue

YES = f"Delete {AN.name}"

every_era = pytest.mark.parametrize("era", ERAS)


async def test_answers_on_a_first_call_are_not_answers(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        result = await r.send(THE_ONE, choice=YES)
    assert isinstance(result, InputRequiredResult)
    assert sandbox.destroying() == []


async def test_in_the_old_era_answers_in_the_call_are_not_answers(house: House, sandbox: Sandbox) -> None:
    async with rogue(house, era="old") as r:
        result = await r.final(choice=YES)
    assert "the answer was no" in result.text
    assert sandbox.destroying() == []


async def test_the_old_era_takes_no_state_from_the_new(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        state = await r.ask()
    async with rogue(house, era="old") as r:
        result = await r.final(choice=YES, state=state)
    assert result.is_error
    assert sandbox.destroying() == []


@pytest.mark.parametrize("forge", ["", "v1.AAAA", "v1." + "A" * 120])
async def test_a_made_up_state_is_refused(house: House, sandbox: Sandbox, forge: str) -> None:
    async with rogue(house) as r:
        await r.ask()
        with pytest.raises(MCPError, match="requestState"):
            await r.send(THE_ONE, choice=YES, state=forge)
    assert sandbox.destroying() == []


async def test_a_bare_ticket_id_is_no_state(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        ask = await house.desk().submit(delete_customer.call(THE_ONE), Actor(house.settings.actor, "mcp"))
        ticket: Any = ask
        with pytest.raises(MCPError, match="requestState"):
            await r.send(THE_ONE, choice=YES, state=ticket.ticket)
    assert sandbox.destroying() == []


async def test_a_changed_state_is_refused(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        bent = state[:-4] + ("AAAA" if state[-4:] != "AAAA" else "BBBB")
        with pytest.raises(MCPError, match="requestState"):
            await r.send(THE_ONE, choice=YES, state=bent)
    assert sandbox.destroying() == []


async def test_a_state_is_good_for_its_own_arguments_only(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        with pytest.raises(MCPError, match="requestState"):
            await r.send({"ref": HOA.ref}, choice=f"Delete {HOA.name}", state=state)
        with pytest.raises(MCPError, match="requestState"):
            await r.send({"ref": AN.ref, "note": "x"}, tool="add_note", choice=YES, state=state)
    assert sandbox.destroying() == []


async def test_a_seal_that_failed_would_not_open_another_ticket(house: House, sandbox: Sandbox) -> None:
    """The second lock: a state whose seal is taken for good, but whose ticket is about another customer."""
    server = build_server(house, tools=TOOLS)
    server.middleware.pop()  # the boundary: from here on the state is the bare ticket
    async with Client(server, mode=MODES["new"], elicitation_callback=Person("yes").look) as client:
        r = Rogue(client)
        state = await r.ask()
        result = await r.final({"ref": HOA.ref}, choice=YES, state=state)
    assert "no longer open" in result.text
    assert sandbox.destroying() == []


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ElicitResult(action="decline"),
        ElicitResult(action="cancel", content={"choice": YES}),
        ElicitResult(action="accept"),
        ElicitResult(action="accept", content={}),
        ElicitResult(action="accept", content={"choice": "Keep"}),
        ElicitResult(action="accept", content={"choice": "yes"}),
        ElicitResult(action="accept", content={"choice": True}),
        ElicitResult(action="accept", content={"choice": [YES]}),
        ElicitResult(action="accept", content={"confirm": YES}),
    ],
)
async def test_only_the_label_itself_is_yes(house: House, sandbox: Sandbox, answer: ElicitResult | None) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        result = await r.final(answer=answer, state=state)
        again = await r.final(choice=YES, state=state)
    assert result.is_error
    assert again.text == result.text
    assert sandbox.destroying() == []


async def test_a_state_is_used_once_and_its_outcome_told_again(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        results = [await r.final(choice=YES, state=state) for _ in range(3)]
    assert len(sandbox.destroying()) == 1
    assert not results[0].is_error
    assert len({result.text for result in results}) == 1


async def test_two_answers_at_once_delete_once(house: House, sandbox: Sandbox) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        results = await asyncio.gather(*(r.final(choice=YES, state=state) for _ in range(3)))
    assert len(sandbox.destroying()) == 1
    assert {result.text for result in results} == {f"Deleted: {AN.ref} {AN.name}."}


@every_era
async def test_two_calls_at_once_delete_once(house: House, sandbox: Sandbox, era: Era) -> None:
    async with assistant(house, era=era) as one, assistant(house, era=era) as other:
        results = await asyncio.gather(*(a.call(DELETE, ref=AN.ref) for a in (one, other)))
    assert len(sandbox.destroying()) == 1
    assert {result.text for result in results} == {f"Deleted: {AN.ref} {AN.name}."}


async def test_a_late_answer_is_told_so(house: House, sandbox: Sandbox, clock: Clock) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        clock.advance(minutes=10)
        result = await r.final(choice=YES, state=state)
    assert "too late" in result.text
    assert sandbox.destroying() == []


async def test_a_very_late_answer_finds_no_question(house: House, sandbox: Sandbox, clock: Clock) -> None:
    async with rogue(house) as r:
        state = await r.ask()
        clock.advance(minutes=30)
        await r.ask({"ref": HOA.ref})
        result = await r.final(choice=YES, state=state)
    assert "no longer open" in result.text
    assert sandbox.destroying() == []


@every_era
async def test_a_record_that_changed_while_the_question_stood_is_kept(house: House, sandbox: Sandbox, era: Era) -> None:
    async def rename() -> None:
        row = sandbox.store.get("lead", AN.id)
        assert row is not None
        row.fields["name"] = "Công ty Khác"
        sandbox.store.save(row)

    async with assistant(house, era=era, person=Person("yes", meanwhile=rename)) as a:
        result = await a.call(DELETE, ref=AN.ref)
    assert result.is_error
    assert "no longer as it was shown" in result.text
    assert sandbox.destroying() == []


async def test_another_persons_process_cannot_answer(clock: Clock) -> None:
    store = Store(IN_MEMORY)
    lan, minh = (
        House(load_settings(_env_file=None, sandbox=True, language="en", actor=who), store=store, clock=clock)
        for who in ("lan@antcrm.example", "minh@antcrm.example")
    )
    async with lan, minh, rogue(lan) as hers, rogue(minh) as his:
        state = await hers.ask()
        stolen = await his.final(choice=YES, state=state)
        assert "asked of somebody else" in stolen.text
        assert lan.open_sandbox().destroying() == minh.open_sandbox().destroying() == []
        assert not (await hers.final(choice=YES, state=state)).is_error
        assert len(lan.open_sandbox().destroying()) == 1
        assert minh.open_sandbox().destroying() == []


async def test_another_process_of_the_same_person_can_carry_on(clock: Clock) -> None:
    store = Store(IN_MEMORY)
    settings = load_settings(_env_file=None, sandbox=True, language="en", actor="lan@antcrm.example")
    first, second = (House(settings, store=store, clock=clock) for _ in range(2))
    async with first, second:
        async with rogue(first) as r:
            state = await r.ask()
        async with rogue(second) as r:
            result = await r.final(choice=YES, state=state)
        assert not result.is_error
        assert first.open_sandbox().destroying() == []
        assert len(second.open_sandbox().destroying()) == 1


async def test_an_old_question_that_another_call_answered_is_not_called_unanswered(
    house: House, sandbox: Sandbox
) -> None:
    """Two calls share a question; one times out after the person has said yes to the other."""
    async with assistant(house) as other:

        async def answered_elsewhere() -> None:
            await other.call(DELETE, ref=AN.ref)

        server = build_server(house, tools=TOOLS, elicit_timeout=1.0)
        person = Person("silent", meanwhile=answered_elsewhere)
        async with assistant(house, era="old", person=person, server=server) as a:
            result = await a.call(DELETE, ref=AN.ref)
    assert result.text == f"Deleted: {AN.ref} {AN.name}."
    assert len(sandbox.destroying()) == 1


async def test_a_client_that_declares_forms_and_cannot_show_them_changes_nothing(
    house: House, sandbox: Sandbox
) -> None:
    async def fail() -> None:
        raise RuntimeError("no window")

    async with assistant(house, era="old", person=Person("yes", meanwhile=fail)) as a:
        result = await a.call(DELETE, ref=AN.ref)
    assert result.is_error
    assert "Claude Code" in result.text
    assert sandbox.destroying() == []


async def test_the_question_is_the_same_every_round(house: House, clock: Clock) -> None:
    async with rogue(house) as r:
        first = await r.send(THE_ONE)
        clock.advance(minutes=3)
        second = await r.send(THE_ONE)
    assert isinstance(first, InputRequiredResult)
    assert isinstance(second, InputRequiredResult)
    assert _form(first) == _form(second)


def _form(asked: InputRequiredResult) -> ElicitRequestFormParams:
    assert asked.input_requests is not None
    (request,) = asked.input_requests.values()
    assert isinstance(request, ElicitRequest)
    assert isinstance(request.params, ElicitRequestFormParams)
    return request.params
