"""What a person reads before saying yes is what goes, and it goes only while it is still so."""

from __future__ import annotations

import pytest

from antcrm_tools.outcomes import Actor, Ask, Done, Dropped
from antcrm_tools.sandbox import AN
from antcrm_tools.sandbox.store import ContactType
from antcrm_tools.tools import tool_named
from tests.fakes.world import World, world

LAN = Actor("lan@antcrm.example", "terminal")
CONTACT = "C9101"


def put_in(w: World, ref: str = AN.ref, **fields: object) -> None:
    """Let AntCRM hold something, whoever wrote it."""
    space: ContactType = "lead" if ref.startswith("L") else "customer"
    row = w.sandbox.store.get(space, int(ref[1:]))
    assert row is not None
    row.fields |= fields
    w.sandbox.store.save(row)


async def ask(w: World, tool: str, **arguments: object) -> Ask:
    outcome = await w.house.desk().submit(tool_named(tool).call({"ref": AN.ref, **arguments}), LAN)
    assert isinstance(outcome, Ask)
    return outcome


def lines(question: Ask) -> list[str]:
    return [line.render("en") for line in question.preview.lines]


def long_address(number: int) -> dict[str, str]:
    tail = " tổ dân phố khu đô thị mới phía đông sông Hàn" * 4
    return {"city": "Đà Nẵng", "streetName": f"Đường số {number}{tail}", "street": str(number * 11)}


async def test_dropping_the_fourth_of_four_long_addresses_shows_the_fourth() -> None:
    async with world() as w:
        put_in(w, addresses=[long_address(i) for i in range(1, 5)])
        question = await ask(w, "update_customer", drop_addresses=[4])
        (line,) = lines(question)
        assert "will be gone" in line
        assert long_address(4)["streetName"] in line
        assert "44" in line
        assert isinstance(await w.house.desk().answer(question.ticket, LAN, yes=True), Done)
        (put,) = w.sent("PUT")
        assert put.body == {"leadId": str(AN.id), "addresses": [long_address(i) for i in range(1, 4)]}


async def test_dropping_one_of_twelve_custom_fields_shows_that_one() -> None:
    async with world() as w:
        put_in(w, cusFields=[{"name": f"Trường {i:02}", "value": f"giá trị {i:02}"} for i in range(1, 13)])
        (line,) = lines(await ask(w, "update_customer", custom_fields={"Trường 07": ""}))
        assert "will be gone" in line
        assert "Trường 07" in line
        assert "giá trị 07" in line


async def test_a_long_note_is_shown_by_its_head_its_tail_and_its_length() -> None:
    async with world() as w:
        note = "Đầu. " + "x" * 2989 + " Đuôi."
        assert len(note) == 3000
        put_in(w, bgInfo=note)
        emptying = await ask(w, "update_customer", empty=["note"])
        replacing = await ask(w, "update_customer", note="mới")
        for question in (emptying, replacing):
            (line,) = lines(question)
            assert note[:400] in line
            assert note[-150:] in line
            assert "3000" in line
            assert len(line) < 1000


async def test_a_note_that_differs_only_in_its_middle_is_still_another() -> None:
    async with world() as w:
        put_in(w, bgInfo="a" * 3000)
        question = await ask(w, "update_customer", empty=["note"])
        put_in(w, bgInfo="a" * 1500 + "b" + "a" * 1499)
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "changed"
        assert w.destroyed() == []


@pytest.mark.parametrize("drop", [[1], [2]])
async def test_addresses_swapped_while_the_question_stands_drop_it(drop: list[int]) -> None:
    async with world() as w:
        held = [long_address(1), long_address(2)]
        put_in(w, addresses=held)
        question = await ask(w, "update_customer", drop_addresses=drop)
        put_in(w, addresses=held[::-1])
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "changed"
        assert w.sent("PUT") == []


async def test_a_delete_shows_what_cannot_be_written_either() -> None:
    async with world() as w:
        w.sandbox.switches.extra_fields = True
        put_in(w, CONTACT, scoreAvailable=120, scoreRank=345, rankName="Vàng")
        text = "\n".join(lines(await ask(w, "delete_customer", ref=CONTACT)))
        for words in ("points: 120", "345", "rank: Vàng", "companyScale"):
            assert words in text


@pytest.mark.parametrize(
    "moved",
    [{"scoreAvailable": 121}, {"rankName": "Kim cương"}, {"historiesAds": [{"_id": "a1", "fb_ads_id": "7"}]}],
    ids=["points", "rank", "advertisements"],
)
async def test_what_a_delete_showed_and_moved_drops_it(moved: dict[str, object]) -> None:
    async with world() as w:
        put_in(w, CONTACT, scoreAvailable=120, scoreRank=345, rankName="Vàng")
        question = await ask(w, "delete_customer", ref=CONTACT)
        put_in(w, CONTACT, **moved)
        outcome = await w.house.desk().answer(question.ticket, LAN, yes=True)
        assert isinstance(outcome, Dropped)
        assert outcome.reason == "changed"
        assert w.sent("DELETE") == []
