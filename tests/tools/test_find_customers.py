"""Lists in parts: every customer once, nothing skipped or repeated silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from antcrm_tools.errors import BadInput, FilterIgnored, NotActed
from antcrm_tools.models import Customer, Query
from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.paging import Page
from antcrm_tools.refs import require_ref
from antcrm_tools.sandbox import AN, CONTACT, HOA
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.find_customers import FoundCustomers
from tests.fakes.world import ALWAYS, World, world

ME = Actor("lan@antcrm.example", "terminal")


async def find(w: World, **arguments: object) -> FoundCustomers:
    outcome = await w.house.desk().submit(tool_named("find_customers").call(arguments), ME)
    assert isinstance(outcome, Done)
    return cast("FoundCustomers", outcome.result)


async def everything(w: World, **arguments: object) -> list[str]:
    refs: list[str] = []
    cursor: str | None = None
    for _ in range(200):
        part = await find(w, **arguments, **({"cursor": cursor} if cursor else {}))
        refs += [customer.ref for customer in part.customers]
        cursor = part.next_cursor
        if cursor is None:
            return refs
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("limit", [1, 7, 20, 33, 50])
async def test_every_customer_once(base: int, limit: int) -> None:
    async with world(people=90) as w:
        w.sandbox.switches = w.sandbox.switches.model_copy(update={"page_base": base})
        refs = await everything(w, limit=limit)
        assert len(refs) == len(set(refs)) == 90


async def test_by_kind() -> None:
    async with world(people=90) as w:
        lists = [await everything(w, kind=kind, limit=50) for kind in ("lead", "contact", "account")]
        assert sum(len(refs) for refs in lists) == 90
        assert all(ref.startswith("L") for ref in lists[0])
        assert CONTACT.ref in lists[1]


async def test_a_record_that_goes_between_two_parts_takes_no_other_with_it() -> None:
    async with world(people=60) as w:
        first = await find(w, limit=10)
        await w.house.records().api.delete(require_ref(first.customers[2].ref))
        rest, cursor = [line.ref for line in first.customers], first.next_cursor
        while cursor is not None:
            part = await find(w, limit=10, cursor=cursor)
            rest, cursor = rest + [line.ref for line in part.customers], part.next_cursor
        assert len(rest) == len(set(rest)) == 60


async def test_a_cursor_belongs_to_its_question() -> None:
    async with world(people=60) as w:
        cursor = (await find(w, limit=5)).next_cursor
        for wrong in ({"kind": "lead", "cursor": cursor}, {"cursor": "rubbish"}, {"cursor": "bm8="}):
            with pytest.raises(BadInput):
                await find(w, limit=5, **wrong)


@pytest.mark.parametrize(
    ("query", "refs"),
    [
        (AN.phone, {"L9001", "L9003"}),
        ("+84 912.345.678", {"L9001", "L9003"}),
        ("0834567890", {"L9005"}),
        ("0987654321", {HOA.ref}),  # stored as 0987.654.321
        ("+84905123456", {CONTACT.ref}),  # stored as 0905 123 456
        ("01234567890", {"L9005"}),
        ("HOA.TRAN@example.com", {HOA.ref}),
        ("l9001", {"L9001"}),
        ("C 9101", {CONTACT.ref}),
        ("9101", {CONTACT.ref}),
        ("L1", set[str]()),
    ],
)
async def test_what_a_person_may_type(query: str, refs: set[str]) -> None:
    async with world() as w:
        assert {customer.ref for customer in (await find(w, query=query)).customers} == refs


async def test_words_find_by_name_without_marks() -> None:
    async with world(people=60) as w:
        found = await find(w, query="nguyen van an")
        # The one is written with marks, the other without: words without marks do not tell them apart.
        assert {line.ref for line in found.customers[:2]} == {"L9001", "L9004"}
        assert found.fit_equally == 2
        assert "2 customers fit equally well" in str(found.sentence())
        assert not found.similar_only
        assert (await find(w, query="nguyễn văn an")).customers[0].ref == "L9001"


async def test_one_who_is_gone_is_forgotten_by_a_read_and_not_before() -> None:
    async with world(people=60) as w:
        assert (await find(w, query="nguyễn văn an")).customers[0].ref == "L9001"
        row = w.sandbox.store.get("lead", 9001)
        assert row is not None
        w.sandbox.store.remove(row, hard=True)
        assert (await find(w, query="nguyễn văn an")).customers[0].ref == "L9001"
        assert not (await find(w, query="L9001")).customers
        assert "L9001" not in {line.ref for line in (await find(w, query="nguyen van an")).customers}


async def test_a_phone_in_a_spelling_antcrm_is_never_asked_for_is_found_in_the_copy() -> None:
    async with world(people=60) as w:
        row = w.sandbox.store.get("lead", 9002)
        assert row is not None
        row.fields = {**row.fields, "phones": [{"type": "Work", "value": "(+84) 98-765-4321 / 024.3825.1234 (ext 5)"}]}
        w.sandbox.store.save(row)
        await find(w, limit=1)  # fills the copy
        assert [line.ref for line in (await find(w, query="0987654321")).customers] == ["L9002"]
        assert [line.ref for line in (await find(w, query="024 3825 1234")).customers] == ["L9002"]


async def test_when_antcrm_is_away_the_copy_answers_and_says_so() -> None:
    async with world(people=60) as w:
        await find(w, limit=1)
        w.line.lose_request("GET", times=ALWAYS)
        found = await find(w, query=AN.phone)
        assert {line.ref for line in found.customers} == {"L9001", "L9003"}
        assert "As of 03/08/2026" in str(found.sentence())
        with pytest.raises(NotActed):
            await find(w, query="0999888777")


async def test_owner_me_needs_to_know_who_that_is() -> None:
    async with world(people=200) as w:
        mine = await everything(w, owner="me", limit=50)
        by_name = await everything(w, owner="lan", limit=50)
        assert mine == by_name
        assert mine
        nobody = Actor("local", "terminal")
        with pytest.raises(BadInput) as caught:
            await w.house.desk().submit(tool_named("find_customers").call({"owner": "me"}), nobody)
        assert "ANTCRM_ACTOR" in caught.value.render("en")


async def test_a_value_nobody_has_is_said_with_what_may_have_been_meant() -> None:
    async with world(people=200) as w:
        found = await find(w, stage="Đang liên hê")
        assert found.customers
        found = await find(w, stage="Đang liên hệe")
        assert not found.customers
        assert "Did you mean “Đang liên hệ”?" in str(found.sentence())


async def test_every_filter_is_what_the_records_say() -> None:
    async with world(people=300) as w:
        everybody = [await w.house.records().get(require_ref(ref)) for ref in await everything(w, limit=50)]
        cases: list[tuple[dict[str, object], Callable[[Customer], bool]]] = [
            ({"stage": "moi"}, lambda c: c.stage == "Mới"),
            ({"source": "facebook", "kind": "lead"}, lambda c: c.source == "Facebook" and c.kind == "lead"),
            ({"tags": ["VIP"]}, lambda c: "VIP" in c.tags),
            ({"tags": ["vip", "dai ly"]}, lambda c: {"VIP", "Đại lý"} <= set(c.tags)),
            ({"without_tags": ["VIP"]}, lambda c: "VIP" not in c.tags),
            ({"owner": "none"}, lambda c: not c.owner),
            ({"stage": "Chốt", "owner": "lan@antcrm.example"}, lambda c: (c.stage, c.owner) == ("Chốt", ME.who)),
        ]
        for arguments, holds in cases:
            want = {c.ref for c in everybody if holds(c)}
            assert set(await everything(w, **arguments, limit=50)) == want, arguments
            assert want, arguments


async def test_days_are_the_companys_days_both_ends_included() -> None:
    async with world(people=200) as w:
        rows = await everything(w, limit=50)
        day = "2026-05-01"
        before = await everything(w, created_to="2026-04-30", limit=50)
        on = await everything(w, created_from=day, created_to=day, limit=50)
        after = await everything(w, created_from="2026-05-02", limit=50)
        assert sorted(before + on + after) == sorted(rows)


async def test_an_ignored_filter_is_an_error_and_never_a_hit() -> None:
    async with world() as w:
        w.sandbox.switches.filters_ignored = frozenset({"phone"})
        with pytest.raises(FilterIgnored):
            await find(w, query="0999888777")


async def test_one_or_two_digits_are_no_end_of_a_phone() -> None:
    async with world(people=60) as w:
        await find(w, limit=1)
        assert not (await find(w, query="3")).customers
        assert not (await find(w, query="10")).customers
        assert {line.ref for line in (await find(w, query="678")).customers} >= {"L9001", "L9003"}


@pytest.mark.parametrize(("whole", "requests"), [(False, 12), (True, 4)])
async def test_with_a_whole_copy_a_phone_costs_few_requests(whole: bool, requests: int) -> None:
    async with world(people=60) as w:
        if whole:
            await find(w, limit=1)
        w.sandbox.clear_log()
        await find(w, query="0834567890")
        assert sum("phone" in request.query for request in w.sandbox.requests) == requests


async def test_a_part_is_not_said_to_be_all() -> None:
    async with world(people=60) as w:
        assert str((await find(w, limit=7)).sentence()).startswith("The first 7 customers:")
        assert str((await find(w, limit=50, kind="account")).sentence()).split()[1] == "customers:"


async def test_the_rate_limit_puts_people_before_the_sync() -> None:
    async with world(people=60) as w:
        asked: list[bool] = []
        page = w.house.api().page

        async def watched(query: Query, number: int = 0, *, background: bool = False) -> Page:
            asked.append(background)
            return await page(query, number, background=background)

        w.house.api().page = watched  # pyright: ignore[reportAttributeAccessIssue]
        await w.house.copy().sync.run_once()
        w.clock.advance(minutes=5)
        await w.house.copy().sync.run_once()
        assert asked
        assert all(asked)
