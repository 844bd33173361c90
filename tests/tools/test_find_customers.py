"""Lists in parts: every customer once, nothing skipped or repeated silently."""

from __future__ import annotations

from typing import cast

import pytest

from antcrm_tools.errors import BadInput, FilterIgnored
from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.sandbox import AN, CONTACT, HOA
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.find_customers import FoundCustomers
from tests.fakes.world import World, world

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
        assert not part.list_changed
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


async def test_a_record_that_goes_between_two_parts_is_not_missed_silently() -> None:
    async with world(people=60) as w:
        first = await find(w, limit=10)
        gone = w.sandbox.store.get("lead", int(first.customers[2].ref[1:]))
        assert gone is not None
        w.sandbox.store.remove(gone, hard=True)
        second = await find(w, limit=10, cursor=first.next_cursor)
        assert second.list_changed
        assert "may be missing or repeated" in str(second.sentence())


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


async def test_words_are_said_to_be_not_available_yet_and_nothing_is_asked() -> None:
    async with world() as w:
        with pytest.raises(BadInput) as caught:
            await find(w, query="nguyen van an")
        assert "not available yet" in caught.value.render("en")
        assert w.sandbox.requests == []


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
