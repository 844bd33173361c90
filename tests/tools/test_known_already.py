"""Whom a new lead seems to be already, and values nobody had before."""

from __future__ import annotations

from typing import Any, cast

import pytest

from antcrm_tools.models import CustomField, Draft, Email
from antcrm_tools.outcomes import Actor, Ask, Done
from antcrm_tools.registry import Result
from antcrm_tools.sandbox import AN
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.create_lead import LeadCreated
from antcrm_tools.tools.fields import Changed
from antcrm_tools.tools.import_leads import Imported
from tests.fakes.wishes import wish
from tests.fakes.world import World, world

ME = Actor("lan@antcrm.example", "terminal")


async def call(w: World, tool: str, **arguments: Any) -> Result:
    outcome = await w.house.desk().submit(tool_named(tool).call(arguments), ME)
    assert isinstance(outcome, Done)
    return outcome.result


async def filled(w: World) -> None:
    await call(w, "count_customers")


async def create(w: World, **arguments: Any) -> LeadCreated:
    return cast("LeadCreated", await call(w, "create_lead", **arguments))


async def lan_of_vinamilk(w: World) -> str:
    made = await w.house.records().create(
        Draft(
            code="one",
            name="Nguyễn Thị Lan",
            emails=(Email(value="lan.nguyen@gmail.com"),),
            custom_fields=(CustomField(name="Công ty", value="Công ty TNHH Vinamilk"),),
        ),
        wish(),
    )
    assert not isinstance(made, list)
    return made.customer.ref


async def test_a_similar_name_at_the_same_company_is_shown_first() -> None:
    async with world(people=60) as w:
        await filled(w)
        ref = await lan_of_vinamilk(w)
        found = await create(w, name="chị Lan", phones=["0977123456"], custom_fields={"Công ty": "cty vinamilk"})
        assert found.created is None
        assert [(line.ref, line.why) for line in found.duplicates] == [(ref, ("name_company",))]
        assert "may be the same person" in str(found.sentence())
        assert "(similar name, same company)" in str(found.sentence())
        gone_on = await create(
            w, name="chị Lan", phones=["0977123456"], custom_fields={"Công ty": "cty vinamilk"}, allow_duplicate=True
        )
        assert gone_on.created is not None


async def test_never_on_a_name_alone() -> None:
    async with world(people=60) as w:
        await filled(w)
        await lan_of_vinamilk(w)
        for other in ({}, {"custom_fields": {"Công ty": "FPT"}}, {"note": "cty MISA hỏi giá"}):
            made = await create(w, name="Nguyễn Thị Lan", allow_duplicate=False, **other)
            assert made.created is not None


async def test_a_gmail_address_with_other_dots_is_the_same_mailbox() -> None:
    async with world(people=60) as w:
        await filled(w)
        ref = await lan_of_vinamilk(w)
        found = await create(w, name="Người Khác", emails=["LanNguyen+crm@gmail.com"])
        assert [(line.ref, line.why) for line in found.duplicates] == [(ref, ("email",))]


async def test_one_known_to_the_copy_who_is_gone_stops_nobody() -> None:
    async with world(people=60) as w:
        await filled(w)
        ref = await lan_of_vinamilk(w)
        row = w.sandbox.store.get("lead", int(ref[1:]))
        assert row is not None
        w.sandbox.store.remove(row, hard=True)
        assert (await create(w, name="Lan", custom_fields={"Công ty": "Vinamilk"})).created is not None


async def test_an_import_finds_them_too_in_the_crm_and_in_the_batch() -> None:
    async with world(people=60) as w:
        await filled(w)
        ref = await lan_of_vinamilk(w)
        rows = [
            {"name": "Lan", "note": "cty Vinamilk"},
            {"name": "Trần Văn Bình", "phones": ["0977111222"], "custom_fields": {"Công ty": "Sao Việt"}},
            {"name": "anh Bình", "custom_fields": {"Công ty": "Công ty TNHH Sao Việt"}},
            {"name": "Bình", "phones": ["0977333444"], "custom_fields": {"Công ty": "Sao Việt"}},
            {"name": "Hoa", "emails": ["hoa.le@gmail.com"]},
            {"name": "Lê Hoa", "emails": ["hoale@gmail.com"]},
        ]
        desk, asked = w.house.desk(), tool_named("import_leads").call({"rows": rows})
        question = await desk.submit(asked, ME)
        assert isinstance(question, Ask)
        outcome = await desk.answer(question.ticket, ME, yes=True, count=question.preview.count)
        assert isinstance(outcome, Done)
        result = cast("Imported", outcome.result)
        assert [row.outcome for row in result.rows] == [
            *("duplicate", "created", "invalid", "created", "created", "invalid")
        ]
        assert result.rows[0].duplicate_of == (ref,)
        # The fourth has another phone than the second: that may well be another Bình.


async def test_the_one_like_it_is_found_among_many_colleagues() -> None:
    async with world(people=60) as w:
        await filled(w)
        ref = await lan_of_vinamilk(w)
        for number in range(15):
            w.clock.advance(minutes=1)
            await create(w, name=f"Khách Số{number}", custom_fields={"Công ty": "Vinamilk"})
        found = await create(w, name="chị Lan", custom_fields={"Công ty": "Vinamilk"})
        assert [line.ref for line in found.duplicates] == [ref]


async def test_in_an_import_another_phone_speaks_against_a_like_name() -> None:
    async with world(people=60) as w:
        await filled(w)
        made = await create(w, name="Nguyễn Thị Lan", phones=["0977111000"], custom_fields={"Công ty": "Vinamilk"})
        assert made.created is not None
        rows = [{"name": "Lan", "phones": ["0977222000"], "custom_fields": {"Công ty": "Vinamilk"}}]
        desk, asked = w.house.desk(), tool_named("import_leads").call({"rows": rows})
        question = await desk.submit(asked, ME)
        assert isinstance(question, Ask)
        outcome = await desk.answer(question.ticket, ME, yes=True, count=1)
        assert isinstance(outcome, Done)
        assert [row.outcome for row in cast("Imported", outcome.result).rows] == ["created"]


@pytest.mark.parametrize("tool", ["update_stage", "add_tags"])
async def test_a_value_nobody_had_is_written_and_said(tool: str) -> None:
    async with world(people=200) as w:
        value = {"stage": "Da lien he"} if tool == "update_stage" else {"tags": ["Quan tamm"]}
        quiet = cast("Changed", await call(w, tool, ref=AN.ref, **value))
        assert quiet.changed
        assert not quiet.unused  # the copy is not whole: nothing is known
        await filled(w)
        other = {"stage": "Dang lien he"} if tool == "update_stage" else {"tags": ["Đã liên hê"]}
        said = cast("Changed", await call(w, tool, ref=AN.ref, **other))
        assert said.changed
        assert said.unused[0].did_you_mean[0] == ("Đang liên hệ" if tool == "update_stage" else "Đã liên hệ")
        assert "Did you mean" in str(said.sentence())
        known = {"stage": "Chốt"} if tool == "update_stage" else {"tags": ["VIP"]}
        assert not cast("Changed", await call(w, tool, ref=AN.ref, **known)).unused


async def test_with_every_write_confirmed_it_is_said_in_the_question() -> None:
    async with world(people=200, confirm="writes") as w:
        await filled(w)
        question = await w.house.desk().submit(tool_named("update_stage").call({"ref": AN.ref, "stage": "Chot"}), ME)
        assert isinstance(question, Ask)
        assert any("Did you mean “Chốt”?" in str(line) for line in question.preview.lines)
