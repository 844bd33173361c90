"""Taking back what every tool did, and what a person is asked and told about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from antcrm_tools.errors import BadInput, NotAllowed
from antcrm_tools.ledger.erasing import Erasing
from antcrm_tools.meaning import literally_differing
from antcrm_tools.models import WRITABLE, Customer
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome
from antcrm_tools.refs import require_ref
from antcrm_tools.sandbox import AN
from antcrm_tools.sandbox.store import ContactType
from antcrm_tools.sandbox.writes import new_row
from antcrm_tools.text import LANGUAGES
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.undo_change import Undone
from tests.fakes.assistant import Person, assistant
from tests.fakes.world import World, world

LAN = Actor("lan@antcrm.example", "terminal")
MINH = Actor("minh@antcrm.example", "terminal")
SALES = Actor("lan@antcrm.example", "telegram", scopes=frozenset({"read", "write"}))
OTHER_SALES = Actor("minh@antcrm.example", "telegram", scopes=frozenset({"read", "write"}))

RICH: dict[str, Any] = {
    "name": "Đỗ Thị Lựu",
    "phones": [
        {"type": "Work", "value": "0977 123 456", "primary": True},
        {"type": "Home", "value": "028 3811 2233"},
    ],
    "emails": [{"type": "Work", "value": "Luu@example.com", "_id": "e1"}, {"type": "Home", "value": "l2@example.com"}],
    "stage": "Mới",
    "tags": ["VIP", "Hẹn gọi lại", "Ho\u0300a"],
    "responsibleStaff": "lan@antcrm.example",
    "sourceContact": "Zalo",
    "industry": "Bán lẻ",
    "bgInfo": "dòng một\r\ndòng hai",
    "gender": 1,
    "dateOfBirth": "1990-03-15",
    "addresses": [
        {
            "city": "Hà Nội",
            "state": "Ba Đình",
            "street": "12",
            "country": {"code": "VN", "name": "Vietnam"},
            "zip": "1",
        },
        {"city": "Huế"},
    ],
    "im": [{"protocol": "Facebook", "value": "https://facebook.example/luu", "seen": 3}],
    "cusFields": [{"name": "Gói", "value": "Pro", "type": "list"}, {"name": "Số user", "value": "10"}],
}
"""With things in the arrays that nobody documents, and values as nobody of ours would write them."""

FULL: dict[str, Any] = {
    "name": "Nguyễn Văn Bình",
    "phones": ["0977 999 888"],
    "emails": ["binh@example.com"],
    "note": "gọi chiều",
    "stage": "Mới",
    "tags": ["VIP"],
    "source": "Zalo",
    "owner": "minh@antcrm.example",
    "industry": "Bán lẻ",
    "gender": "male",
    "date_of_birth": "1990-03-15",
    "addresses": [{"city": "Huế", "street": "Lê Lợi"}],
    "socials": [{"value": "https://facebook.example/binh"}],
    "custom_fields": {"Gói": "Pro"},
}

EDITS: list[tuple[str, dict[str, Any]]] = [
    ("update_customer", {"name": "Đỗ Lựu"}),
    ("update_customer", {"owner": "minh@antcrm.example"}),
    ("update_customer", {"source": "Website"}),
    ("update_customer", {"industry": "Xây dựng"}),
    ("update_customer", {"note": "khác"}),
    ("update_customer", {"gender": "male"}),
    ("update_customer", {"date_of_birth": "1991-01-01"}),
    ("update_customer", {"custom_fields": {"Gói": "Basic", "Mới": "x", "Số user": ""}}),
    ("update_customer", {"add_phones": ["0912 000 111"], "drop_phones": ["0977123456"]}),
    ("update_customer", {"drop_phones": ["+84 977 123 456", "02838112233"]}),
    ("update_customer", {"add_emails": ["neu@example.com"], "drop_emails": ["luu@example.com"]}),
    ("update_customer", {"add_addresses": [{"city": "Vinh"}], "drop_addresses": [1]}),
    ("update_customer", {"drop_addresses": [2]}),
    ("update_customer", {"add_socials": [{"protocol": "Zalo", "value": "z"}]}),
    ("update_customer", {"drop_socials": ["https://facebook.example/luu"]}),
    *[
        ("update_customer", {"empty": [field]})
        for field in WRITABLE
        if field not in ("name", "gender")
    ],
    ("update_customer", {"empty": ["note", "tags", "custom_fields", "addresses", "date_of_birth"], "name": "X"}),
    ("update_stage", {"stage": "Đàm phán"}),
    ("add_tags", {"tags": ["Khách cũ", "vip"]}),
    ("remove_tags", {"tags": ["vip", "hẹn gọi lại"]}),
    ("add_note", {"note": "đã gọi"}),
]  # fmt: skip

EDITS_OF_NOTHING: list[tuple[str, dict[str, Any]]] = [
    ("add_note", {"note": "đã gọi"}),
    ("update_stage", {"stage": "Mới"}),
]


def put(
    w: World, fields: dict[str, Any], space: ContactType = "lead", kind: int | None = None, *, days: float = 100
) -> str:
    """A customer somebody made so many days ago; its ref."""
    made = int((w.clock() - timedelta(days=days)).timestamp() * 1000)
    row = w.sandbox.store.save(new_row(space, kind, fields, made))
    return f"{'L' if space == 'lead' else 'C'}{row.id}"


def raw(w: World, ref: str) -> dict[str, Any]:
    """What AntCRM holds."""
    row = w.sandbox.store.get("lead" if ref[0] == "L" else "customer", int(ref[1:]))
    assert row is not None
    return row.fields


async def record(w: World, ref: str) -> Customer:
    return await w.house.records().get(require_ref(ref))


async def submit(w: World, tool: str, /, actor: Actor = LAN, **arguments: Any) -> Outcome:
    return await w.house.desk().submit(tool_named(tool).call(arguments), actor)


async def do(w: World, tool: str, /, actor: Actor = LAN, **arguments: Any) -> Any:
    """Do it, with a yes to whatever is asked; the result."""
    outcome = await submit(w, tool, actor, **arguments)
    if isinstance(outcome, Ask):
        count = outcome.preview.count
        outcome = await w.house.desk().answer(outcome.ticket, actor, yes=True, count=count)
    assert isinstance(outcome, Done), outcome
    return outcome.result


async def undo(w: World, change: int | None, actor: Actor = LAN) -> Undone:
    """Take a change back, with a yes to whatever is asked."""
    return cast("Undone", await do(w, "undo_change", actor, change=change))


async def refused(w: World, change: int | None, actor: Actor = LAN) -> str:
    """Why it cannot be taken back; nothing is written."""
    before = len(w.sandbox.requests)
    with pytest.raises(BadInput) as told:
        await submit(w, "undo_change", actor, change=change)
    assert {request.method for request in w.sandbox.requests[before:]} <= {"GET"}
    for language in LANGUAGES:
        assert "{" not in told.value.render(language)
    return told.value.render("en")


@pytest.mark.parametrize(("tool", "arguments"), EDITS, ids=[f"{tool} {arguments}" for tool, arguments in EDITS])
async def test_an_edit_is_taken_back_and_back_again(tool: str, arguments: dict[str, Any]) -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        first, held = await record(w, ref), raw(w, ref)
        made = await do(w, tool, ref=ref, **arguments)
        second, changed, number = await record(w, ref), raw(w, ref), made.change
        assert made.changed
        for _ in range(2):
            undone = await undo(w, number)
            assert literally_differing(WRITABLE, first, await record(w, ref)) == []
            assert raw(w, ref) == held  # also what nobody documents, and its order
            assert (undone.undone, undone.restored, undone.left) == (number, made.changed, "")
            redone = await undo(w, undone.change)
            assert literally_differing(WRITABLE, second, await record(w, ref)) == []
            assert raw(w, ref) == changed
            assert (redone.undone, redone.restored, redone.left) == (undone.change, made.changed, "")
            number = redone.change


@pytest.mark.parametrize(("tool", "arguments"), EDITS, ids=[f"{tool} {arguments}" for tool, arguments in EDITS])
async def test_nothing_goes_without_a_yes_when_an_edit_is_taken_back(tool: str, arguments: dict[str, Any]) -> None:
    async with world(people=0) as w:
        ref = put(w, RICH)
        number: int | None = (await do(w, tool, ref=ref, **arguments)).change
        for _ in range(2):
            w.sandbox.clear_log()
            outcome = await submit(w, "undo_change", change=number)
            # Tags go as with `remove_tags`, which nobody is asked about.
            assert {loss for request in w.destroyed() for loss in request.losses} <= {"tags"}
            if isinstance(outcome, Ask):
                assert w.sent("PUT") == []
                assert outcome.preview.lines
                outcome = await w.house.desk().answer(outcome.ticket, LAN, yes=True)
            assert isinstance(outcome, Done)
            number = cast("Undone", outcome.result).change


async def test_what_was_empty_is_emptied_again_after_a_yes() -> None:
    async with world(people=0) as w:
        ref = put(w, {"name": "Lê Na"})
        first = raw(w, ref)
        given: dict[str, Any] = {
            "owner": "lan@antcrm.example",
            "source": "Zalo",
            "date_of_birth": "1990-03-15",
            "gender": "male",
        }
        more: dict[str, Any] = {
            "add_phones": ["0977999888"],
            "custom_fields": {"Gói": "Pro"},
            "add_addresses": [{"city": "Huế"}],
        }
        made = await do(w, "update_customer", ref=ref, **given, **more)
        outcome = await submit(w, "undo_change", change=made.change)
        assert isinstance(outcome, Ask)
        lines = "\n".join(line.render("en") for line in outcome.preview.lines)
        for shown in ("lan@antcrm.example", "Zalo", "1990-03-15", "0977999888", "Gói Pro", "Huế"):
            assert shown in lines
        dropped = await w.house.desk().answer(outcome.ticket, LAN, yes=False)
        assert isinstance(dropped, Dropped)
        assert raw(w, ref)["phones"]
        await undo(w, made.change)
        assert raw(w, ref) == first


async def test_a_note_on_an_empty_one_and_a_first_stage_are_taken_back_after_a_yes() -> None:
    async with world(people=0) as w:
        ref = put(w, {"name": "Lê Na"})
        for tool, arguments in EDITS_OF_NOTHING:
            made = await do(w, tool, ref=ref, **arguments)
            assert isinstance(await submit(w, "undo_change", change=made.change), Ask)
            await undo(w, made.change)
        assert (raw(w, ref)["bgInfo"], raw(w, ref)["stage"]) == ("", "")


async def test_a_lead_that_was_created_is_deleted_after_a_yes_and_brought_back() -> None:
    async with world(people=0) as w:
        made = await do(w, "create_lead", **FULL)
        first = await record(w, "L9001")
        question = await submit(w, "undo_change", change=made.change)
        assert isinstance(question, Ask)
        assert "delete lead L9001 Nguyễn Văn Bình" in question.preview.question.render("en")
        shown = "\n".join(line.render("en") for line in question.preview.lines)
        for value in ("0977999888", "binh@example.com", "gọi chiều", "Huế", "Gói Pro", "1990-03-15"):
            assert value in shown
        assert w.sent("DELETE") == []
        undone = await undo(w, made.change)
        assert w.sandbox.store.count() == 0
        back = await undo(w, undone.change)
        assert (back.undone, back.ref) == (undone.change, "L9002")
        assert literally_differing(WRITABLE, first, await record(w, "L9002")) == []
        # And away again, by the number it has now.
        await undo(w, back.change)
        assert w.sandbox.store.count() == 0


KINDS: list[tuple[ContactType, int | None]] = [("lead", None), ("customer", 0), ("customer", 1)]


@pytest.mark.parametrize(("space", "kind"), KINDS, ids=["lead", "contact", "account"])
async def test_a_deleted_customer_is_created_anew_as_it_was(space: ContactType, kind: int | None) -> None:
    async with world(people=0) as w:
        ref = put(w, RICH, space, kind)
        first, held = await record(w, ref), raw(w, ref)
        deleted = await do(w, "delete_customer", ref=ref)
        assert w.sandbox.store.count() == 0
        outcome = await submit(w, "undo_change", change=deleted.change)
        assert isinstance(outcome, Done)  # it takes nothing away
        undone = cast("Undone", outcome.result)
        assert undone.ref != ref
        assert undone.ref[0] == ref[0]
        after = await record(w, undone.ref)
        assert literally_differing(WRITABLE, first, after) == []
        assert after.kind == first.kind
        assert {name: raw(w, undone.ref)[name] for name in RICH} == {name: held[name] for name in RICH}
        for language in LANGUAGES:
            assert ref in undone.sentence().render(language)
            assert undone.ref in undone.sentence().render(language)


async def test_what_was_undone_is_not_undone_twice_and_the_other_number_is_named() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        undone = await undo(w, made.change)
        assert f"undo change #{undone.change}" in await refused(w, made.change)
        assert "no change #999" in await refused(w, 999)


async def test_others_undo_with_the_right_to_delete_only() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        with pytest.raises(NotAllowed, match="undoing what others did"):
            await submit(w, "undo_change", OTHER_SALES, change=made.change)
        assert raw(w, AN.ref)["stage"] == "Nóng"
        assert (await undo(w, made.change, MINH)).restored == ("stage",)


async def test_a_process_without_the_right_to_delete_undoes_nothing_of_others() -> None:
    async with world(scopes="read,write") as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        with pytest.raises(NotAllowed):
            await submit(w, "undo_change", MINH, change=made.change)
        await undo(w, made.change, LAN)


@pytest.mark.parametrize("process", ["read,write", "read,write,delete"])
async def test_who_may_not_delete_takes_back_a_lead_of_their_own_with_a_card(process: str) -> None:
    async with world(people=0, scopes=process) as w:
        made = await do(w, "create_lead", SALES, **FULL)
        with pytest.raises(NotAllowed):
            await submit(w, "delete_customer", SALES, ref="L9001")
        with pytest.raises(NotAllowed):
            await submit(w, "undo_change", OTHER_SALES, change=made.change)
        outcome = await submit(w, "undo_change", SALES, change=made.change)
        assert isinstance(outcome, Ask)
        assert w.sandbox.store.count() == 1
        assert isinstance(await w.house.desk().answer(outcome.ticket, SALES, yes=True), Done)
        assert w.sandbox.store.count() == 0


async def test_who_may_only_look_undoes_nothing_and_is_told_nothing() -> None:
    async with world() as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        with pytest.raises(NotAllowed, match="role does not include"):
            await submit(w, "undo_change", Actor(LAN.who, "telegram", scopes=frozenset({"read"})), change=made.change)


async def test_too_old_is_too_old_and_erased_is_erased() -> None:
    async with world(undo_hours=2) as w:
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        w.clock.advance(hours=2)
        await undo(w, made.change)
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        w.clock.advance(hours=2, seconds=1)
        assert "older than 2 hours" in await refused(w, made.change)
    async with world(undo_hours=1000) as w:
        edited = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        deleted = await do(w, "delete_customer", ref=AN.ref)
        ledger = w.house.ledger()
        w.clock.advance(days=3)
        assert await Erasing(ledger.store, ledger.crm, w.clock).old(timedelta(days=2)) == 2
        for change in (edited.change, deleted.change):
            assert "erased" in await refused(w, change)


async def test_every_undo_is_asked_about_where_every_write_is() -> None:
    async with world(confirm="writes") as w:
        held = raw(w, AN.ref)
        made = await do(w, "update_stage", ref=AN.ref, stage="Nóng")
        outcome = await submit(w, "undo_change", change=made.change)
        assert isinstance(outcome, Ask)
        assert "Mới" in outcome.preview.lines[0].render("en")
        await undo(w, made.change)
        assert raw(w, AN.ref) == held
        deleted = await do(w, "delete_customer", ref=AN.ref)
        outcome = await submit(w, "undo_change", change=deleted.change)
        assert isinstance(outcome, Ask)
        assert "create Nguyễn Văn An anew" in outcome.preview.question.render("en")
        assert "does not come back" in outcome.preview.lines[-1].render("en")


@pytest.mark.parametrize("era", ["new", "old"])
async def test_an_assistant_that_cannot_ask_undoes_what_takes_nothing_away(era: Any) -> None:
    async with world(people=0) as w, assistant(w.house, era=era, person=Person(None)) as a:
        ref = put(w, RICH)
        moved = await a.call("update_stage", ref=ref, stage="Nóng")
        undone = await a.call("undo_change", change=moved.data["change"])
        assert not undone.is_error, undone.text
        assert undone.data["restored"] == ["stage"]
        assert raw(w, ref)["stage"] == "Mới"
        made = await a.call("create_lead", name="Lê Na")
        for change in (made.data["change"], undone.data["change"]):
            reply = await a.call("undo_change", change=change)
            assert reply.is_error == (change == made.data["change"]), reply.text
        assert w.sent("DELETE") == []
        assert w.sandbox.store.count() == 2


@pytest.mark.parametrize("era", ["new", "old"])
async def test_an_assistant_that_can_ask_asks(era: Any) -> None:
    async with world(people=0) as w, assistant(w.house, era=era, person=Person("keep")) as a:
        made = await a.call("create_lead", name="Lê Na")
        reply = await a.call("undo_change", change=made.data["change"])
        assert "Undo change #1 and delete lead L9001 Lê Na?" in reply.asked[0]
        assert w.sent("DELETE") == []
        a.person.answers = "yes"
        reply = await a.call("undo_change", change=made.data["change"])
        assert not reply.is_error, reply.text
        assert w.sandbox.store.count() == 0
