"""The Desk: who may, who is asked, and that one yes does one thing once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from antcrm_tools.desk import Desk
from antcrm_tools.errors import CrmError, Held, NotAllowed, NotFound
from antcrm_tools.ledger.tickets import LedgerTickets
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome, Unsure
from antcrm_tools.registry import Args, Effect, Preview, Result, tool
from antcrm_tools.rights import Policy
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.text import Text, msg
from antcrm_tools.tools import TOOLS, tool_named
from antcrm_tools.tools.delete_customer import Deleted
from antcrm_tools.work import Work
from tests.fakes.world import ALWAYS, World, world

LAN = Actor("lan@antcrm.example", "terminal")
MINH = Actor("minh@antcrm.example", "terminal")


async def submit(w: World, tool: str, actor: Actor = LAN, /, **arguments: object) -> Outcome:
    return await w.house.desk().submit(tool_named(tool).call(arguments), actor)


async def ask(w: World, tool: str = "delete_customer", actor: Actor = LAN, /, **arguments: object) -> Ask:
    outcome = await submit(w, tool, actor, **(arguments or {"ref": AN.ref}))
    assert isinstance(outcome, Ask)
    return outcome


async def test_nothing_is_sent_before_the_yes() -> None:
    async with world() as w:
        question = await ask(w)
        assert AN.name in str(question.preview.question)
        assert {request.method for request in w.sandbox.requests} == {"GET"}


async def test_five_answers_at_once_are_one_delete_with_one_outcome() -> None:
    async with world() as w:
        question = await ask(w)
        desk = w.house.desk()
        outcomes = await asyncio.gather(*(desk.answer(question.ticket, LAN, yes=True) for _ in range(5)))
        assert all(outcome == outcomes[0] for outcome in outcomes)
        assert isinstance(outcomes[0], Done)
        assert len(w.destroyed()) == 1


async def test_of_yes_and_no_at_once_the_first_counts_for_both() -> None:
    async with world() as w:
        question = await ask(w)
        desk = w.house.desk()
        no, yes = await asyncio.gather(
            desk.answer(question.ticket, LAN, yes=False), desk.answer(question.ticket, LAN, yes=True)
        )
        assert no == yes
        assert isinstance(no, Dropped)
        assert w.destroyed() == []


async def test_the_same_wish_at_once_is_one_question() -> None:
    async with world() as w:
        questions = await asyncio.gather(*(ask(w) for _ in range(4)))
        assert len({question.ticket for question in questions}) == 1
        other = await ask(w, "delete_customer", LAN, ref=HOA.ref)
        assert other.ticket != questions[0].ticket
        assert (await ask(w, "delete_customer", MINH, ref=AN.ref)).ticket != questions[0].ticket


async def test_somebody_elses_answer_decides_nothing() -> None:
    async with world() as w:
        question = await ask(w)
        desk = w.house.desk()
        for stranger in (MINH, Actor(LAN.who, "mcp")):
            outcome = await desk.answer(question.ticket, stranger, yes=True)
            assert isinstance(outcome, Dropped)
            assert outcome.reason == "not_yours"
        assert w.destroyed() == []
        assert isinstance(await desk.answer(question.ticket, LAN, yes=True), Done)


@pytest.mark.parametrize(
    ("face", "minutes", "done"), [("terminal", 1, True), ("terminal", 2, False), ("mcp", 9, True), ("mcp", 10, False)]
)
async def test_a_ticket_lives_two_minutes_and_ten_from_an_assistant(face: str, minutes: int, done: bool) -> None:
    async with world() as w:
        actor = Actor("lan@antcrm.example", face)
        question = await ask(w, "delete_customer", actor, ref=AN.ref)
        w.clock.advance(minutes=minutes)
        outcome = await w.house.desk().answer(question.ticket, actor, yes=True)
        assert isinstance(outcome, Done) is done
        assert len(w.destroyed()) == int(done)


async def test_a_lost_answer_is_handed_out_again_for_ten_minutes_and_then_asked_anew() -> None:
    async with world() as w:
        question = await ask(w)
        desk = w.house.desk()
        done = await desk.answer(question.ticket, LAN, yes=True)
        assert isinstance(done, Done)
        w.clock.advance(minutes=5)
        assert await desk.answer(question.ticket, LAN, yes=True) == done
        assert await submit(w, "delete_customer", ref=AN.ref) == replace(done, again=True)
        w.clock.advance(minutes=6)
        with pytest.raises(NotFound):
            await submit(w, "delete_customer", ref=AN.ref)
        assert len(w.destroyed()) == 1


async def test_after_a_no_the_next_call_asks_anew() -> None:
    async with world() as w:
        question = await ask(w)
        await w.house.desk().answer(question.ticket, LAN, yes=False)
        again = await ask(w)
        assert again.ticket != question.ticket
        assert isinstance(await w.house.desk().answer(again.ticket, LAN, yes=True), Done)


async def test_an_error_after_the_yes_is_told_again_and_not_tried_again() -> None:
    async with world() as w:
        question = await ask(w)
        w.sandbox.switches.acknowledge_without_storing = True
        desk = w.house.desk()
        for _ in range(2):
            with pytest.raises(CrmError) as caught:
                await desk.answer(question.ticket, LAN, yes=True)
            assert "still there" in caught.value.render("en")
        assert len(w.destroyed()) == 1


async def test_a_delete_whose_answer_is_lost_is_found_to_be_done() -> None:
    async with world() as w:
        question = await ask(w)
        w.line.lose_answer("DELETE", times=ALWAYS)
        desk = w.house.desk()
        done = await desk.answer(question.ticket, LAN, yes=True)
        assert isinstance(done, Done)
        assert isinstance(done.result, Deleted)
        assert await desk.answer(question.ticket, LAN, yes=True) == done
        assert len(w.destroyed()) == 1


async def test_an_unsure_delete_is_said_and_never_sent_again() -> None:
    async with world() as w:
        question = await ask(w)
        w.sandbox.faults.fail("DELETE", 500)
        desk = w.house.desk()
        assert isinstance(await desk.answer(question.ticket, LAN, yes=True), Unsure)
        assert isinstance(await desk.answer(question.ticket, LAN, yes=True), Unsure)
        # Looked at twice, with a pause before each: it is there, so it was not deleted, and a person is asked anew.
        await w.later(seconds=121)
        await w.later(seconds=121)
        assert len(w.destroyed()) == 1
        assert w.sandbox.store.get("lead", AN.id) is not None
        assert isinstance(await desk.answer((await ask(w)).ticket, LAN, yes=True), Done)
        assert len(w.destroyed()) == 2


async def test_while_a_delete_is_unsure_a_new_yes_deletes_nothing() -> None:
    async with world() as w:
        question = await ask(w)
        w.sandbox.faults.fail("DELETE", 500)
        desk = w.house.desk()
        assert isinstance(await desk.answer(question.ticket, LAN, yes=True), Unsure)
        for actor in (LAN, MINH):
            again = await ask(w, "delete_customer", actor, ref=AN.ref)
            with pytest.raises(Held):
                await desk.answer(again.ticket, actor, yes=True)
        assert len(w.destroyed()) == 1


async def test_a_caller_who_goes_away_does_not_leave_half_a_write() -> None:
    async with world() as w:
        question = await ask(w)
        desk = w.house.desk()
        caller = asyncio.create_task(desk.answer(question.ticket, LAN, yes=True))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await desk.aclose()
        again = await desk.answer(question.ticket, LAN, yes=True)
        assert isinstance(again, Done)
        assert isinstance(again.result, Deleted)
        assert len(w.destroyed()) == 1


@pytest.mark.parametrize(
    ("scopes", "refused"),
    [
        ("read", {"create_lead", "update_stage", "delete_customer"}),
        ("read,write", {"delete_customer"}),
        ("", {"find_customers"}),
    ],
)
async def test_rights_of_the_process(scopes: str, refused: set[str]) -> None:
    async with world(scopes=scopes) as w:
        arguments: dict[str, dict[str, object]] = {
            "create_lead": {"name": "A"},
            "update_stage": {"ref": AN.ref, "stage": "Chốt"},
            "delete_customer": {"ref": AN.ref},
            "find_customers": {"query": AN.ref},
        }
        for tool in refused:
            with pytest.raises(NotAllowed):
                await submit(w, tool, **arguments[tool])
        assert w.sandbox.requests == []


async def test_confirm_writes_asks_before_every_write_and_never_less() -> None:
    async with world(confirm="writes") as w:
        writes: list[tuple[str, dict[str, object]]] = [
            ("create_lead", {"name": "Mới", "phones": ["0977123456"]}),
            ("update_stage", {"ref": AN.ref, "stage": "Chốt"}),
            ("add_tags", {"ref": AN.ref, "tags": ["x"]}),
            ("remove_tags", {"ref": HOA.ref, "tags": ["VIP"]}),
            ("add_note", {"ref": AN.ref, "note": "x"}),
            ("update_customer", {"ref": HOA.ref, "source": "Zalo"}),
        ]
        for tool, arguments in writes:
            question = await ask(w, tool, LAN, **arguments)
            assert {r.method for r in w.sandbox.requests} == {"GET"}, tool
            outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
            assert isinstance(outcome, Done), tool
            w.sandbox.clear_log()


EMPTYING: list[dict[str, object]] = [
    {"empty": ["note"]},
    {"drop_phones": [AN.phone]},
    {"drop_emails": [AN.email]},
    {"empty": ["tags", "stage"]},
    {"note": "mới", "drop_phones": [AN.phone]},
]


@pytest.mark.parametrize("arguments", EMPTYING)
async def test_emptying_and_dropping_ask(arguments: dict[str, object]) -> None:
    async with world() as w:
        call = tool_named("update_customer").call({"ref": AN.ref, **arguments})
        assert call.effect is Effect.DESTROY
        question = await ask(w, "update_customer", LAN, ref=AN.ref, **arguments)
        assert w.destroyed() == []
        assert isinstance(await w.house.desk().answer(question.ticket, LAN, yes=True), Done)
        assert len(w.destroyed()) == 1


async def test_the_desk_compares_for_itself_what_a_careless_tool_does_not() -> None:
    seen: list[str] = []

    class Nothing(Args):
        pass

    class Ran(Result):
        def sentence(self) -> Text:
            return msg("done")

    async def changing(_work: Work, _args: Nothing) -> Preview:
        seen.append("shown")
        return Preview(msg("Really?"), msg("Yes"), msg("No"), fingerprint=str(len(seen)))

    @tool(title=msg("Careless"), most=Effect.DESTROY, preview=changing, args=Nothing, returns=Ran)
    async def careless(_work: Work, _args: Nothing) -> Ran:
        """Run without looking."""
        seen.append("ran")
        return Ran()

    async with world() as w:
        ledger = w.house.ledger()
        tickets = LedgerTickets(ledger.store, crm=ledger.crm, clock=w.clock, tools={"careless": careless}.__getitem__)
        desk = Desk(
            w.house.records(), w.house.copy(), tickets, policy=Policy(), clock=w.clock, zone=w.house.settings.zone
        )
        question = await desk.submit(careless.call({}), LAN)
        assert isinstance(question, Ask)
        outcome = await desk.answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "changed"
        assert "ran" not in seen


async def test_no_tool_has_a_way_to_say_yes_for_the_person() -> None:
    words = {"confirm", "confirmed", "force", "yes", "skip", "sure"}
    for one in TOOLS:
        assert not words & {part for name in one.args.model_fields for part in name.split("_")}, one.name
