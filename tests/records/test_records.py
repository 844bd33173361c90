"""Safe writes: read first, read back, say what is not as it was sent; and never twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from antcrm_tools.creating import Created, always
from antcrm_tools.errors import (
    BadInput,
    ChangedMeanwhile,
    CrmError,
    EditsStopped,
    FieldMoved,
    NotFound,
    NotStored,
)
from antcrm_tools.meaning import fingerprint
from antcrm_tools.models import Customer, Draft, Edit, Email, Phone
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import AN, ANH, HOA, TUAN
from tests.fakes.wishes import wish
from tests.fakes.world import world

AN_REF = Ref("lead", str(AN.id))
HOA_REF = Ref("lead", str(HOA.id))


def stage(name: str) -> Edit:
    return Edit(stage=name)


def draft(name: str = "Nguyễn Văn Bình", phone: str = "0977123456", code: str = "c1") -> Draft:
    return Draft(name=name, phones=(Phone(value=phone),), code=code)


async def test_an_edit_sends_only_what_changes_and_reads_back() -> None:
    async with world() as w:
        edited = await w.house.records().edit(AN_REF, lambda c: Edit(stage="Chốt", name=c.name), wish())
        assert edited.fields == ("stage",)
        assert edited.after.stage == "Chốt"
        (put,) = w.sent("PUT")
        assert put.body == {"leadId": str(AN.id), "stage": "Chốt"}
        assert [r.method for r in w.sandbox.requests] == ["GET", "PUT", "GET"]


async def test_an_edit_that_changes_nothing_sends_nothing() -> None:
    async with world() as w:
        edited = await w.house.records().edit(AN_REF, lambda c: Edit(stage=c.stage), wish())
        assert edited.fields == ()
        assert w.sent("PUT") == []


async def test_put_that_clears_what_it_is_not_sent_stops_all_edits_and_tells_the_old_values() -> None:
    async with world() as w:
        w.sandbox.switches.put_unsent = "clear"
        records = w.house.records()
        with pytest.raises(FieldMoved) as caught:
            await records.edit(AN_REF, lambda _: stage("Chốt"), wish())
        assert caught.value.before["note"] == AN.note
        assert AN.phone in caught.value.render("en")
        with pytest.raises(EditsStopped):
            await records.edit(HOA_REF, lambda _: stage("Chốt"), wish())
        assert len(w.sent("PUT")) == 1


async def test_a_colleague_who_edits_at_the_same_moment_is_reported_and_does_not_stop_the_work() -> None:
    async with world() as w:
        records = w.house.records()

        def colleague(_: Customer) -> Edit:
            row = w.sandbox.store.get("lead", AN.id)
            assert row is not None
            row.fields["sourceContact"] = "Giới thiệu"
            w.sandbox.store.save(row)
            return stage("Chốt")

        with pytest.raises(FieldMoved) as caught:
            await records.edit(AN_REF, colleague, wish())
        assert caught.value.before == {"source": AN.source}
        assert not caught.value.stopped
        assert (await records.edit(HOA_REF, lambda _: stage("Chốt"), wish())).fields == ("stage",)


async def test_put_that_merges_arrays_cannot_take_a_tag_off_and_says_so() -> None:
    async with world() as w:
        w.sandbox.switches.put_arrays = "merge"
        with pytest.raises(NotStored) as caught:
            await w.house.records().edit(AN_REF, lambda _: Edit(tags=()), wish())
        assert caught.value.fields == ("tags",)


async def test_put_that_never_clears_says_so() -> None:
    async with world() as w:
        w.sandbox.switches.put_clears_by = "never"
        records = w.house.records()
        plan = await records.plan(AN_REF, lambda _: Edit(note="", stage="Chốt"))
        with pytest.raises(NotStored) as caught:
            await records.edit(AN_REF, lambda _: Edit(note="", stage="Chốt"), wish(), shown=plan.fingerprint)
        assert caught.value.fields == ("note",)
        assert "Stored: stage" in caught.value.render("en")


async def test_a_field_dropped_silently_is_an_error() -> None:
    async with world() as w:
        w.sandbox.switches.drop_fields = frozenset({"bgInfo"})
        with pytest.raises(NotStored) as caught:
            await w.house.records().create(Draft(name="A", note="x", code="c"), wish())
        assert caught.value.fields == ("note",)
        assert "was created" in caught.value.render("en")


async def test_what_was_shown_is_compared_on_the_very_read_the_write_is_made_from() -> None:
    async with world() as w:
        records = w.house.records()
        shown = fingerprint(await records.get(AN_REF))
        await records.edit(AN_REF, lambda _: stage("Chốt"), wish())
        with pytest.raises(ChangedMeanwhile):
            await records.delete(AN_REF, wish(), shown=shown)
        plan = await records.plan(AN_REF, lambda _: Edit(note="x"))
        await records.edit(AN_REF, lambda _: Edit(note="y"), wish())
        with pytest.raises(ChangedMeanwhile):
            await records.edit(AN_REF, lambda _: Edit(note="x"), wish(), shown=plan.fingerprint)
        assert w.sent("DELETE") == []


async def test_an_array_that_cannot_be_read_is_not_rewritten() -> None:
    async with world() as w:
        row = w.sandbox.store.get("lead", AN.id)
        assert row is not None
        row.fields["tags"] = ["VIP", {"colour": "red"}]
        w.sandbox.store.save(row)
        with pytest.raises(BadInput):
            await w.house.records().edit(AN_REF, lambda c: Edit(tags=(*c.tags, "mới")), wish())
        assert w.sent("PUT") == []


@pytest.mark.parametrize("mode", ["hard", "soft"])
async def test_a_deleted_customer_is_gone_hard_or_soft(mode: str) -> None:
    async with world() as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(update={"delete": mode})
        records = w.house.records()
        deleted = await records.delete(AN_REF, wish())
        assert deleted.was.name == AN.name
        assert [c.ref for c in await records.by_phone(AN.phone)] == [ANH.ref]
        if mode == "hard":
            with pytest.raises(NotFound):
                await records.get(AN_REF)


async def test_a_customer_without_phone_or_email_is_deleted_softly_too() -> None:
    async with world() as w:
        records = w.house.records()
        made = await records.create(Draft(name="Không Số", code="c"), wish())
        assert isinstance(made, Created)
        nameless = made.customer
        w.sandbox.switches.delete = "soft"
        assert (await records.delete(nameless.as_ref(), wish())).was.ref == nameless.ref


@pytest.mark.parametrize("hour", [1, 17, 20, 23])
async def test_a_delete_that_was_not_done_is_noticed_whatever_the_hour_it_was_created(hour: int) -> None:
    async with world() as w:
        row = w.sandbox.store.get("lead", AN.id)
        assert row is not None
        row.created = int(datetime(2026, 7, 1, hour, tzinfo=UTC).timestamp() * 1000)
        w.sandbox.store.save(row)
        w.sandbox.switches.acknowledge_without_storing = True
        with pytest.raises(NotStored):
            await w.house.records().delete(AN_REF, wish())


async def test_delete_that_looks_for_its_id_in_the_query_is_noticed() -> None:
    async with world() as w:
        w.sandbox.switches.delete_id_in = "query"
        with pytest.raises(CrmError):
            await w.house.records().delete(AN_REF, wish())
        assert w.sandbox.store.get("lead", AN.id) is not None


@pytest.mark.parametrize("phone", ["0912345678", "+84 912 345 678", "84912345678", "0912.345.678"])
async def test_duplicates_are_found_in_every_spelling(phone: str) -> None:
    async with world() as w:
        known = await w.house.records().create(draft(phone=phone), wish())
        assert isinstance(known, list)
        assert {customer.ref for customer in known} == {AN.ref, ANH.ref}
        assert w.sent("POST") == []


async def test_duplicates_are_found_by_the_number_of_before_2018_and_by_email_among_contacts_too() -> None:
    async with world() as w:
        records = w.house.records()
        known = await records.create(draft(phone="0834567890"), wish())
        assert isinstance(known, list)
        assert [customer.ref for customer in known] == [TUAN.ref]
        known = await records.create(Draft(name="x", emails=(Email(value="AN.Nguyen@Example.com"),), code="c"), wish())
        assert isinstance(known, list)
        assert [customer.ref for customer in known] == [AN.ref]


async def test_two_who_create_the_same_lead_at_once_make_one() -> None:
    async with world() as w:
        records = w.house.records()
        made = await asyncio.gather(*(records.create(draft(code=f"c{i}"), wish()) for i in range(5)))
        assert len(w.sent("POST")) == 1
        assert sum(isinstance(one, Created) for one in made) == 1
        assert sum(isinstance(one, list) for one in made) == 4


async def test_antcrm_that_updates_instead_of_creating_is_noticed_with_the_old_values() -> None:
    async with world() as w:
        w.sandbox.switches.post_known_phone = "update"
        with pytest.raises(NotStored) as caught:
            await w.house.records().create(draft(phone=AN.phone), wish(), go_on=always)
        assert "instead of creating" in caught.value.render("en")
        assert any(name in caught.value.render("en") for name in (AN.name, ANH.name))


@pytest.mark.parametrize("form", ["iso", "epoch_ms", "long"])
async def test_a_new_customer_is_new_in_whatever_form_its_date_is(form: str) -> None:
    async with world() as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(update={"dates": form})
        assert isinstance(await w.house.records().create(draft(), wish()), Created)


async def test_edits_of_one_customer_take_turns() -> None:
    async with world() as w:
        records = w.house.records()
        tags = [f"t{i}" for i in range(6)]
        await asyncio.gather(*(records.edit(AN_REF, lambda c, t=tag: Edit(tags=(*c.tags, t)), wish()) for tag in tags))
        assert set(tags) < set((await records.get(AN_REF)).tags)
