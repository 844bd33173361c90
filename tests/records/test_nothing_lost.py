"""What an edit does not mean to touch stays as it is in AntCRM; what goes all the same is told, with its old value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import httpx
import pytest
from pydantic import JsonValue, SecretStr
from sqlalchemy import true

from antcrm_tools.api import AntCrmApi, Retry
from antcrm_tools.errors import BadInput, CrmError, EditsStopped, FieldMoved, MayHaveActed, NotStored
from antcrm_tools.models import Customer, Draft, Edit, Phone
from antcrm_tools.outcomes import Actor, Ask, Done, Outcome, Unsure
from antcrm_tools.pace import Pace
from antcrm_tools.plans import planned
from antcrm_tools.records import Records
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.update_customer import UpdateCustomer
from antcrm_tools.wire import read_customers, write_edit
from tests.fakes.wishes import wish
from tests.fakes.world import ALWAYS, KEY, World, no_wait, world

LAN = Actor("lan@antcrm.example", "terminal")
AN_REF = Ref("lead", str(AN.id))
HOA_REF = Ref("lead", str(HOA.id))

PHONES: list[JsonValue] = [
    {"value": "0912345678", "type": "Work", "isPrimary": True, "note": "vợ"},
    {"value": "0977 000 111", "type": {"_id": "a1", "name": "Nhà"}},
]
ADDRESSES: list[JsonValue] = [
    {"city": "Huế", "street": "1", "streetName": "Lê Lợi", "zipCode": "49000", "country": {"_id": "c1", "code": "VN"}},
    {"city": "Vinh", "country": {"_id": "c1", "code": "VN", "name": "Việt Nam"}},
]
CUSTOM: list[JsonValue] = [
    {"_id": "f1", "name": "Hạng", "type": "select", "value": {"_id": "v1", "name": "Vàng"}},
    {"name": "Số con", "value": 5},
    {"name": "Ngân sách", "value": "5 tỷ"},
]
OLD_NOTE = "".join(f"Cuộc gọi thứ {i:03}: khách hỏi giá. " for i in range(9)).strip()
"""About 300 characters, as `clean` would show them."""

SHOWS_NOTHING = ["\x1c", "\u200b", "\u3164", "\u2800", " \u200b\u2800 "]


class AfterPut(httpx.AsyncBaseTransport):
    """A line on which something happens in AntCRM right after every PUT."""

    def __init__(self, inner: httpx.AsyncBaseTransport, then: Callable[[], None]) -> None:
        self._inner = inner
        self._then = then

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.method == "PUT":
            self._then()
        return response


def put_in(w: World, number: int = AN.id, /, **fields: object) -> None:
    """Let AntCRM hold something, whoever wrote it."""
    row = w.sandbox.store.get("lead", number)
    assert row is not None
    row.fields |= fields
    w.sandbox.store.save(row)


def records_of(w: World, then: Callable[[], None] = lambda: None) -> Records:
    api = AntCrmApi(
        "http://antcrm.test",
        SecretStr(KEY),
        pace=Pace(10_000.0),
        transport=AfterPut(w.line, then),
        timezone=UTC,
        retry=Retry(sleep=no_wait),
    )
    journal = w.house.records().journal
    return Records(api, journal, code=lambda: "code-of-the-test", clock=w.clock, zone=w.house.settings.zone)


async def submit(w: World, tool: str, **arguments: object) -> Outcome:
    return await w.house.desk().submit(tool_named(tool).call({"ref": AN.ref, **arguments}), LAN)


async def shown(records: Records, edit: Edit) -> str:
    return (await records.plan(AN_REF, lambda _: edit)).fingerprint


@pytest.mark.parametrize(
    ("key", "held", "arguments", "sent"),
    [
        (
            "phones",
            PHONES,
            {"add_phones": ["0988111222"]},
            [*PHONES, {"type": "Work", "value": "0988111222"}],
        ),
        (
            "addresses",
            ADDRESSES,
            {"add_addresses": [{"city": "Đà Nẵng"}]},
            [*ADDRESSES, {"city": "Đà Nẵng"}],
        ),
        (
            "cusFields",
            CUSTOM,
            {"custom_fields": {"Ngân sách": "6 tỷ"}},
            [*CUSTOM[:2], {"name": "Ngân sách", "value": "6 tỷ"}],
        ),
        (
            "cusFields",
            CUSTOM,
            {"custom_fields": {"Nguồn vốn": "vay"}},
            [*CUSTOM, {"name": "Nguồn vốn", "value": "vay"}],
        ),
    ],
    ids=["phones", "addresses", "a changed custom field", "a new custom field"],
)
async def test_what_is_not_touched_goes_back_as_it_came(
    key: str, held: list[JsonValue], arguments: dict[str, object], sent: list[JsonValue]
) -> None:
    async with world() as w:
        put_in(w, **{key: held})
        assert isinstance(await submit(w, "update_customer", **arguments), Done)
        (put,) = w.sent("PUT")
        assert put.body == {"leadId": str(AN.id), key: sent}
        row = w.sandbox.store.get("lead", AN.id)
        assert row is not None
        assert row.fields[key] == sent


def test_bare_phones_go_back_bare_beside_a_new_one() -> None:
    (before,) = read_customers([{"contactType": "lead", "leadId": 1, "name": "An", "phones": ["0912345678"]}])
    args = UpdateCustomer(ref="L1", add_phones=("0988111222",))
    change = planned(before, lambda customer: args.plan("VN", customer), "VN")
    body = write_edit(before.as_ref(), change.edit)
    assert body == {"leadId": "1", "phones": ["0912345678", {"type": "Work", "value": "0988111222"}]}


@pytest.mark.parametrize("nothing", SHOWS_NOTHING)
@pytest.mark.parametrize("field", ["note", "source", "name", "industry", "custom_fields", "stage"])
async def test_a_value_that_shows_nothing_empties_nothing_unasked(field: str, nothing: str) -> None:
    async with world() as w:
        put_in(w, cusFields=CUSTOM)
        try:
            tool = "update_stage" if field == "stage" else "update_customer"
            value = {"Ngân sách": nothing} if field == "custom_fields" else nothing
            outcome = await submit(w, tool, **{field: value})
        except CrmError:
            pass
        else:
            assert isinstance(outcome, Ask)
        assert w.destroyed() == []
        assert w.sent("PUT") == []


LOSING: dict[str, Callable[[Customer], Edit]] = {
    "note": lambda _: Edit(note=""),
    "stage": lambda _: Edit(stage="", source="Zalo"),
    "phones": lambda _: Edit(phones=()),
    "one phone": lambda c: Edit(phones=c.phones[:1]),
    "one address": lambda c: Edit(addresses=c.addresses[1:]),
    "one custom field": lambda c: Edit(custom_fields=c.custom_fields[1:]),
    "e-mails": lambda _: Edit(tags=(), emails=()),
}


@pytest.mark.parametrize("plan", LOSING.values(), ids=LOSING)
async def test_nothing_but_tags_is_lost_that_nobody_was_asked_about(plan: Callable[[Customer], Edit]) -> None:
    async with world() as w:
        put_in(w, phones=PHONES, addresses=ADDRESSES, cusFields=CUSTOM)
        with pytest.raises(BadInput):
            await records_of(w).edit(AN_REF, plan, wish())
        assert w.sent("PUT") == []
        await records_of(w).edit(AN_REF, lambda _: Edit(tags=()), wish())
        assert len(w.sent("PUT")) == 1


@pytest.mark.parametrize("acted", [True, False])
async def test_a_lost_answer_that_shows_nothing_is_told_with_the_whole_old_note(acted: bool) -> None:
    async with world() as w:
        put_in(w, bgInfo=OLD_NOTE)
        question = await submit(w, "update_customer", note="mới")
        assert isinstance(question, Ask)
        if acted:
            # Read once before the write; after it nobody can look.
            w.line.lose_answer("PUT", times=ALWAYS)
            w.sandbox.faults.fail("GET", 500, times=None, after=2)
        else:
            w.sandbox.faults.fail("PUT", 500)
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Unsure)
        assert OLD_NOTE in outcome.text.render("en")
        assert len(w.sent("PUT")) == 1


async def test_a_lost_answer_that_is_found_at_once_is_done_and_the_old_note_is_kept() -> None:
    async with world() as w:
        put_in(w, bgInfo=OLD_NOTE)
        question = await submit(w, "update_customer", note="mới")
        assert isinstance(question, Ask)
        w.line.lose_answer("PUT", times=ALWAYS)
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Done)
        assert len(w.sent("PUT")) == 1
        (change,) = await w.house.ledger().changes.listed(true())
        assert change.status == "done"
        assert change.before is not None
        assert change.before.note == OLD_NOTE


async def test_a_read_back_that_fails_is_told_with_the_whole_old_note() -> None:
    async with world() as w:
        put_in(w, bgInfo=OLD_NOTE)
        records = records_of(w, lambda: w.sandbox.faults.fail("GET", 500, times=None))
        edit = Edit(note="mới")
        with pytest.raises(MayHaveActed) as caught:
            await records.edit(AN_REF, lambda _: edit, wish(), shown=await shown(records, edit))
        assert OLD_NOTE in caught.value.render("en")


async def test_a_note_that_is_stored_shortened_is_told_with_the_whole_old_note() -> None:
    async with world() as w:
        put_in(w, bgInfo=OLD_NOTE)
        edit = Edit(note=f"{OLD_NOTE} Thêm.")
        records = records_of(w, lambda: put_in(w, bgInfo=edit.note[:100]))
        with pytest.raises(NotStored) as caught:
            await records.edit(AN_REF, lambda _: edit, wish(), shown=await shown(records, edit))
        assert caught.value.fields == ("note",)
        assert OLD_NOTE in caught.value.render("en")
        assert not caught.value.stopped


async def test_a_note_nobody_sent_that_is_shortened_is_told_whole() -> None:
    async with world() as w:
        put_in(w, bgInfo=OLD_NOTE)
        records = records_of(w, lambda: put_in(w, bgInfo=OLD_NOTE[:100]))
        with pytest.raises(FieldMoved) as caught:
            await records.edit(AN_REF, lambda _: Edit(source="Zalo"), wish())
        assert caught.value.before == {"note": OLD_NOTE}
        assert OLD_NOTE in caught.value.render("en")


async def test_put_that_keeps_only_the_last_phone_stops_edits() -> None:
    async with world() as w:
        put_in(w, phones=PHONES)
        new = Phone(value="0988111222")
        records = records_of(w, lambda: put_in(w, phones=[{"type": "Work", "value": new.value}]))
        with pytest.raises(NotStored) as caught:
            await records.edit(AN_REF, lambda c: Edit(phones=(*c.phones, new)), wish())
        assert caught.value.stopped
        assert "0912345678" in caught.value.render("en")
        assert "0977 000 111" in caught.value.render("en")
        with pytest.raises(EditsStopped):
            await records.edit(HOA_REF, lambda _: Edit(source="Zalo"), wish())
        assert len(w.sent("PUT")) == 1


async def test_a_create_that_hits_a_phone_no_look_up_finds_is_not_called_created() -> None:
    async with world() as w:
        put_in(w, HOA.id, phones=[{"type": "Work", "value": "0987-654-321"}])
        w.sandbox.switches.post_known_phone = "update"
        draft = Draft(name="Nguyễn Văn Bình", phones=(Phone(value="0987654321"),), code="c1")
        with pytest.raises(NotStored) as caught:
            await records_of(w).create(draft, wish())
        assert "instead of creating" in caught.value.render("en")
        assert HOA.ref in caught.value.render("en")


@pytest.mark.parametrize("names", [("Con", "Con"), ("con", "CON")])
@pytest.mark.parametrize("value", ["x", ""])
async def test_custom_fields_of_one_name_are_left_to_the_person(names: tuple[str, str], value: str) -> None:
    async with world() as w:
        put_in(w, cusFields=[{"name": name, "value": v} for name, v in zip(names, ("Bi", "Bo"), strict=True)])
        with pytest.raises(BadInput):
            await submit(w, "update_customer", custom_fields={"Con": value})
        assert w.sent("PUT") == []


async def test_the_custom_field_of_exactly_that_name_is_meant() -> None:
    async with world() as w:
        put_in(w, cusFields=[{"name": "con", "value": "Bi"}, {"name": "Con", "value": "Bo"}])
        await submit(w, "update_customer", custom_fields={"Con": "x"})
        (put,) = w.sent("PUT")
        custom = [{"name": "con", "value": "Bi"}, {"name": "Con", "value": "x"}]
        assert put.body == {"leadId": str(AN.id), "cusFields": custom}
