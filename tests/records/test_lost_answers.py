"""A write whose answer is lost is sent once: found at once, or not known and looked into, and said so."""

from __future__ import annotations

import pytest
from sqlalchemy import true

from antcrm_tools.creating import Created
from antcrm_tools.errors import Held, MayHaveActed
from antcrm_tools.models import Draft, Edit, Phone
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import AN, HOA
from tests.fakes.wishes import LAN, MINH, wish
from tests.fakes.world import ALWAYS, world

AN_REF = Ref("lead", str(AN.id))
HOA_REF = Ref("lead", str(HOA.id))


def stage(name: str) -> Edit:
    return Edit(stage=name)


def draft(code: str = "c1") -> Draft:
    return Draft(name="Nguyễn Văn Bình", phones=(Phone(value="0977123456"),), code=code)


async def test_a_write_whose_answer_is_lost_is_sent_once_and_found_at_once() -> None:
    async with world() as w:
        w.line.lose_answer("PUT", times=ALWAYS)
        w.line.lose_answer("POST", times=ALWAYS)
        w.line.lose_answer("DELETE", times=ALWAYS)
        records = w.house.records()
        made = await records.create(draft(), wish())
        assert isinstance(made, Created)
        assert not made.again
        edited = await records.edit(AN_REF, lambda _: stage("Chốt"), wish())
        assert edited.after.stage == "Chốt"
        assert (await records.delete(HOA_REF, wish())).was.name == HOA.name
        assert [len(w.sent(method)) for method in ("POST", "PUT", "DELETE")] == [1, 1, 1]
        changes = await w.house.ledger().changes.listed(true())
        assert [change.status for change in changes] == ["done", "done", "done"]


async def test_a_write_that_is_not_found_is_sent_once_and_may_have_acted() -> None:
    async with world() as w:
        for method in ("POST", "PUT", "DELETE"):
            w.sandbox.faults.fail(method, 500)
        records = w.house.records()
        with pytest.raises(MayHaveActed):
            await records.create(draft(), wish())
        with pytest.raises(MayHaveActed):
            await records.edit(AN_REF, lambda _: stage("Chốt"), wish())
        with pytest.raises(MayHaveActed):
            await records.delete(HOA_REF, wish())
        assert [len(w.sent(method)) for method in ("POST", "PUT", "DELETE")] == [1, 1, 1]
        changes = await w.house.ledger().changes.listed(true())
        assert [change.status for change in changes] == ["unsure", "unsure", "unsure"]


async def test_what_is_not_known_yet_keeps_its_customer_from_everybody() -> None:
    async with world() as w:
        w.sandbox.faults.fail("PUT", 500)
        records = w.house.records()
        with pytest.raises(MayHaveActed):
            await records.edit(AN_REF, lambda _: stage("Chốt"), wish())
        with pytest.raises(Held) as held:
            await records.edit(AN_REF, lambda _: Edit(source="Zalo"), wish(actor=MINH))
        assert LAN.who in held.value.render("en")
        assert AN.name in held.value.render("en")
        with pytest.raises(Held):
            await records.delete(AN_REF, wish(actor=MINH))
        assert (await records.edit(HOA_REF, lambda _: stage("Chốt"), wish(actor=MINH))).fields == ("stage",)
        assert [len(w.sent(method)) for method in ("PUT", "DELETE")] == [2, 0]


async def test_after_a_lost_answer_the_same_lead_is_a_duplicate() -> None:
    async with world() as w:
        w.line.lose_answer("POST", times=ALWAYS)
        records = w.house.records()
        made = await records.create(draft(), wish())
        assert isinstance(made, Created)
        w.line.clear()
        known = await records.create(draft(code="c2"), wish())
        assert isinstance(known, list)
        assert [customer.ref for customer in known] == [made.customer.ref]
        assert len(w.sent("POST")) == 1


async def test_a_read_back_that_fails_is_not_taken_for_saved_nor_for_undone() -> None:
    async with world() as w:
        w.sandbox.faults.fail("GET", 500, times=None, after=1)
        with pytest.raises(MayHaveActed) as caught:
            await w.house.records().edit(AN_REF, lambda _: stage("Chốt"), wish())
        assert "acknowledged" in caught.value.render("en")
