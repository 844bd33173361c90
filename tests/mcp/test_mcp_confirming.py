"""How a person says yes through an assistant, in both eras."""

from __future__ import annotations

from datetime import timedelta

import pytest

from antcrm_mcp.server import build_server
from antcrm_tools.asking import KEEP
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, HOA, Sandbox
from antcrm_tools.settings import load_settings
from antcrm_tools.text import msg
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import ERAS, Answers, Era, Person, assistant
from tests.fakes.clock import Clock

ROWS = [{"name": f"Hàng {n}", "phones": [f"09771122{n:02}"]} for n in range(3)]

every_era = pytest.mark.parametrize("era", ERAS)


@every_era
async def test_yes_deletes_after_the_person_saw_what_will_be_gone(house: House, sandbox: Sandbox, era: Era) -> None:
    person = Person("yes")
    async with assistant(house, era=era, person=person) as a:
        result = await a.call("delete_customer", ref=AN.ref)
    assert not result.is_error
    assert AN.name in result.text
    (question,) = result.asked
    assert question.splitlines()[0] == f"Delete lead {AN.ref} {AN.name}?"
    assert f"phone: {AN.phone}" in question.splitlines()
    (form,) = person.forms
    assert form["properties"]["choice"]["enum"] == ["Keep", f"Delete {AN.name}"]
    assert form["required"] == ["choice"]
    assert "default" not in str(form)
    assert len(sandbox.destroying()) == 1


@every_era
@pytest.mark.parametrize("answers", ["keep", "decline", "cancel"])
async def test_anything_but_yes_changes_nothing(house: House, sandbox: Sandbox, era: Era, answers: Answers) -> None:
    async with assistant(house, era=era, person=Person(answers)) as a:
        result = await a.call("delete_customer", ref=AN.ref)
    assert result.is_error
    assert result.data is None
    assert "Nothing was changed: the answer was no" in result.text
    assert sandbox.destroying() == []


@every_era
async def test_an_assistant_that_cannot_ask_is_told_so_and_no_ticket_is_opened(
    house: House, sandbox: Sandbox, era: Era
) -> None:
    person = Person(None)
    async with assistant(house, era=era, person=person) as a:
        result = await a.call("delete_customer", ref=AN.ref)
        read = await a.call("get_customer", ref=AN.ref)
    assert result.is_error
    assert "Claude Code, VS Code or Cursor" in result.text
    assert "Nothing was changed" in result.text
    assert not read.is_error
    assert sandbox.destroying() == []
    assert [request.method for request in sandbox.requests] == ["GET"]


@every_era
async def test_a_bulk_takes_the_number_typed(house: House, sandbox: Sandbox, era: Era) -> None:
    wrong, right = Person("yes", types=2), Person("yes", types=3)
    async with assistant(house, era=era, person=wrong) as a:
        refused = await a.call("import_leads", rows=ROWS)
    assert refused.is_error
    assert "number" in refused.text
    assert [request for request in sandbox.requests if request.acted] == []
    async with assistant(house, era=era, person=right) as a:
        result = await a.call("import_leads", rows=ROWS)
    assert result.data["created"] == 3
    assert right.forms[0]["properties"]["count"]["type"] == "integer"
    assert right.forms[0]["required"] == ["choice", "count"]
    assert result.progress[-1] == (3, 3)


@every_era
async def test_with_confirm_writes_every_write_is_asked_about(clock: Clock, era: Era) -> None:
    settings = load_settings(_env_file=None, sandbox=True, language="en", confirm="writes")
    async with House(settings, clock=clock) as house, assistant(house, era=era) as a:
        result = await a.call("update_stage", ref=AN.ref, stage=HOA.stage)
        again = await a.call("update_stage", ref=AN.ref, stage=HOA.stage)
    assert not result.is_error
    assert len(result.asked) == 1
    assert again.data.get("changed", []) == []
    assert not again.asked


@every_era
async def test_an_update_asks_only_when_it_takes_something_away(house: House, era: Era) -> None:
    async with assistant(house, era=era) as a:
        plain = await a.call("update_customer", ref=AN.ref, industry="Bán lẻ")
        emptied = await a.call("update_customer", ref=AN.ref, empty=["note"])
    assert not plain.is_error
    assert not plain.asked
    assert not emptied.is_error
    assert "will be gone" in emptied.asked[0]


@every_era
async def test_the_question_is_in_the_persons_language(clock: Clock, era: Era) -> None:
    person = Person("yes")
    async with House(load_settings(_env_file=None, sandbox=True, language="vi"), clock=clock) as house:
        async with assistant(house, era=era, person=person) as a:
            result = await a.call("delete_customer", ref=AN.ref)
        assert len(house.open_sandbox().destroying()) == 1
    assert not result.is_error
    yes = msg("Delete {name}", name=AN.name)
    assert person.forms[0]["properties"]["choice"]["enum"] == [msg("Keep").render("vi"), yes.render("vi")]
    assert yes.render("vi") != yes.render("en")


async def test_in_the_old_era_nobody_waits_for_ever(house: House, sandbox: Sandbox) -> None:
    person = Person("silent")
    server = build_server(house, tools=TOOLS, elicit_timeout=0.05)
    async with assistant(house, era="old", person=person, server=server) as a:
        result = await a.call("delete_customer", ref=AN.ref)
        assert result.is_error
        assert "Nobody answered" in result.text
        person.answers = "yes"
        again = await a.call("delete_customer", ref=AN.ref)
    assert not again.is_error
    assert len(again.asked) == 1
    assert len(sandbox.destroying()) == 1


@every_era
async def test_a_lost_answer_is_handed_out_again_without_a_question(
    house: House, sandbox: Sandbox, clock: Clock, era: Era
) -> None:
    async with assistant(house, era=era) as a:
        first = await a.call("delete_customer", ref=AN.ref)
        clock.advance(minutes=9)
        second = await a.call("delete_customer", ref=AN.ref)
        clock.advance(seconds=KEEP / timedelta(seconds=1))
        third = await a.call("delete_customer", ref=AN.ref)
    assert second.text == f"This was done a moment ago already; nothing was sent now.\n{first.text}"
    assert (second.data, second.asked) == (first.data, [])
    assert third.is_error
    assert "There is no customer" in third.text
    assert len(sandbox.destroying()) == 1


@every_era
async def test_what_may_have_happened_is_told_and_not_repeated(house: House, sandbox: Sandbox, era: Era) -> None:
    sandbox.faults.act_late("DELETE")
    async with assistant(house, era=era) as a:
        result = await a.call("delete_customer", ref=AN.ref)
        assert result.is_error
        assert result.data is None
        assert "not known" in result.text
        again = await a.call("delete_customer", ref=AN.ref)
        assert again.is_error
        assert "not known yet" in again.text
    assert len([request for request in sandbox.requests if request.method == "DELETE"]) == 1


@every_era
async def test_what_was_done_though_its_answer_was_lost_is_done(house: House, sandbox: Sandbox, era: Era) -> None:
    sandbox.faults.fail("DELETE", 502, act=True)
    async with assistant(house, era=era) as a:
        result = await a.call("delete_customer", ref=AN.ref)
    assert not result.is_error
    assert len(sandbox.destroying()) == 1
