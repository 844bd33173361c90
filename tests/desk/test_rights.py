"""Rights are those of the process and those of the person's role, and what neither has is refused in words."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest

from antcrm_tools.errors import NotAllowed
from antcrm_tools.members import Role, Scope, scopes_of
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped
from antcrm_tools.registry import Call, Effect
from antcrm_tools.sandbox import AN
from antcrm_tools.tools import tool_named
from tests.fakes.world import world

ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)
PROCESSES = [frozenset(chosen) for size in range(4) for chosen in combinations(SCOPES, size)]

NEEDED: dict[Effect, Scope] = {
    Effect.READ: "read",
    Effect.ADD: "write",
    Effect.CHANGE: "write",
    Effect.DESTROY: "delete",
}
CALLS: dict[Effect, tuple[str, dict[str, object]]] = {
    Effect.READ: ("get_customer", {"ref": AN.ref}),
    Effect.ADD: ("add_note", {"ref": AN.ref, "note": "Gọi lại"}),
    Effect.CHANGE: ("update_stage", {"ref": AN.ref, "stage": "Chốt"}),
    Effect.DESTROY: ("delete_customer", {"ref": AN.ref}),
}
WORDS: dict[Scope, str] = {"read": "look up", "write": "add and change", "delete": "delete"}
PROCESS = "which this program was not given. Nothing was changed. Ask the admin, who sets ANTCRM_SCOPES."
ROLE = "which your role does not include. Nothing was changed. Ask the admin, or a manager to do it."


def person(role: Role | None, face: str = "telegram") -> Actor:
    """Lan, in a role or (None) with all there is."""
    who = "lan@antcrm.example"
    return Actor(who, face) if role is None else Actor(who, face, scopes=scopes_of(role))


def call_of(effect: Effect) -> Call:
    name, arguments = CALLS[effect]
    call = tool_named(name).call(arguments)
    assert call.effect is effect
    return call


def refusal(error: NotAllowed, effect: Effect, whose: str) -> bool:
    title = call_of(effect).tool.title.render("en")
    # The setting is spelled as it has to be written there; a person reads what they may not do.
    right = f"“{NEEDED[effect]}”" if whose == PROCESS else f"to {WORDS[NEEDED[effect]]}"
    return error.render("en") == f"“{title}” needs the right {right}, {whose}"


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("process", PROCESSES, ids=lambda scopes: ",".join(sorted(scopes)) or "none")
@pytest.mark.parametrize("effect", Effect, ids=lambda effect: effect.name)
async def test_a_call_needs_the_right_of_both(effect: Effect, process: frozenset[Scope], role: Role | None) -> None:
    actor, needed = person(role), NEEDED[effect]
    async with world(scopes=process) as w:
        desk = w.house.desk()
        allowed = needed in process and needed in actor.scopes
        assert desk.policy.allows(effect, actor) is allowed
        if allowed:
            assert isinstance(await desk.submit(call_of(effect), actor), Ask if effect is Effect.DESTROY else Done)
            return
        with pytest.raises(NotAllowed) as caught:
            await desk.submit(call_of(effect), actor)
        assert refusal(caught.value, effect, ROLE if needed in process else PROCESS)
        assert w.sandbox.requests == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("effect", [Effect.ADD, Effect.CHANGE, Effect.DESTROY], ids=lambda effect: effect.name)
async def test_whose_role_was_lowered_meanwhile_confirms_nothing_beyond_it(effect: Effect, role: Role) -> None:
    async with world(confirm="writes") as w:
        desk = w.house.desk()
        question = await desk.submit(call_of(effect), person("admin"))
        assert isinstance(question, Ask)
        if NEEDED[effect] in scopes_of(role):
            assert isinstance(await desk.answer(question.ticket, person(role), yes=True), Done)
            return
        for now in (role, "admin"):  # the question is over, also for whoever is raised again
            with pytest.raises(NotAllowed) as caught:
                await desk.answer(question.ticket, person(now), yes=True)
            assert refusal(caught.value, effect, ROLE)
        assert {request.method for request in w.sandbox.requests} == {"GET"}
        again = await desk.submit(call_of(effect), person("admin"))
        assert isinstance(again, Ask)
        assert again.ticket != question.ticket


async def test_whose_role_was_lowered_may_still_say_no() -> None:
    async with world() as w:
        desk = w.house.desk()
        question = await desk.submit(call_of(Effect.DESTROY), person("manager"))
        assert isinstance(question, Ask)
        outcome = await desk.answer(question.ticket, person("viewer"), yes=False)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "declined"


async def test_a_process_whose_rights_were_taken_away_meanwhile_confirms_nothing() -> None:
    async with world() as w:
        desk = w.house.desk()
        question = await desk.submit(call_of(Effect.DESTROY), person("manager"))
        assert isinstance(question, Ask)
        less = {"scopes": frozenset({"read", "write"})}
        w.house.settings = w.house.settings.model_copy(update=less)
        setattr(w.house, "_desk", None)  # noqa: B010  the process was started anew
        with pytest.raises(NotAllowed) as caught:
            await w.house.desk().answer(question.ticket, person("manager"), yes=True)
        assert refusal(caught.value, Effect.DESTROY, PROCESS)
        assert w.destroyed() == []


async def test_rights_say_nothing_about_whose_question_it_is() -> None:
    async with world() as w:
        desk = w.house.desk()
        question = await desk.submit(call_of(Effect.DESTROY), person("manager"))
        shared = await desk.submit(call_of(Effect.DESTROY), person("admin"))
        assert isinstance(question, Ask)
        assert isinstance(shared, Ask)
        assert shared.ticket == question.ticket
        stranger = Actor("minh@antcrm.example", "telegram")
        outcome = await desk.answer(question.ticket, stranger, yes=True)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "not_yours"
        assert isinstance(await desk.answer(question.ticket, person("manager"), yes=True), Done)


async def test_the_same_call_in_a_lower_role_hands_out_nothing_that_was_done() -> None:
    async with world() as w:
        desk = w.house.desk()
        question = await desk.submit(call_of(Effect.DESTROY), person("manager"))
        assert isinstance(question, Ask)
        assert isinstance(await desk.answer(question.ticket, person("manager"), yes=True), Done)
        with pytest.raises(NotAllowed):
            await desk.submit(call_of(Effect.DESTROY), person("sales"))
