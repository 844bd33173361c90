"""An answer counts only if its records bear what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from antcrm_tools.errors import FilterIgnored, NotFound, UnreadableAnswer
from antcrm_tools.models import Query
from antcrm_tools.refs import Ref, require_ref
from antcrm_tools.sandbox import AN, CONTACT, Sandbox
from antcrm_tools.sandbox.switches import Filter, Switches
from tests.api.line import client, on_sandbox, record

NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
LEAD = Ref("lead", "9457")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(people=200, clock=lambda: NOW) as opened:
        yield opened


async def answered(query: Query, *records: dict[str, Any]) -> list[str]:
    async with client(lambda _: httpx.Response(200, json=list(records))) as api:
        return [customer.id for customer in (await api.page(query)).customers]


QUERIES: list[tuple[Filter, str, Query]] = [
    ("phone", "phone", Query(phone=AN.phone)),
    ("email", "email", Query(email="nobody@antcrm.example")),
    ("contactType", "contactType", Query(space="customer")),
    ("contactType", "contactType", Query(kind="lead")),
    ("type", "type", Query(kind="account")),
    ("dates", "createdAtf", Query(created_from=date(2027, 1, 1))),
    ("dates", "createdAtt", Query(created_to=date(2020, 1, 1))),
    ("dates", "updateAtf", Query(updated_from=date(2027, 1, 1))),
    ("dates", "updateAtt", Query(updated_to=date(2020, 1, 1))),
]


@pytest.mark.parametrize(("switch", "parameter", "query"), QUERIES, ids=[str(q[2]) for q in QUERIES])
async def test_an_ignored_filter_is_an_error(sandbox: Sandbox, switch: Filter, parameter: str, query: Query) -> None:
    api = on_sandbox(sandbox)
    await api.page(query)
    sandbox.switches = Switches(filters_ignored=frozenset({switch}))
    with pytest.raises(FilterIgnored) as caught:
        await api.page(query)
    assert parameter in caught.value.render("en")
    with pytest.raises(FilterIgnored):
        await anext(aiter(api.walk(query)))


@pytest.mark.parametrize(("ref", "switch"), [(require_ref(AN.ref), "leadId"), (require_ref(CONTACT.ref), "customerId")])
async def test_an_ignored_id_is_an_error(sandbox: Sandbox, ref: Ref, switch: Filter) -> None:
    api = on_sandbox(sandbox)
    assert (await api.get(ref)).as_ref() == ref
    sandbox.switches = Switches(filters_ignored=frozenset({switch}))
    with pytest.raises(FilterIgnored, match="ignored the filter"):
        await api.get(ref)


async def test_the_same_number_of_the_other_space_is_not_it() -> None:
    other = {"contactType": "customer", "customerId": 9457, "name": "Bình"}
    async with client(lambda _: httpx.Response(200, json=[other])) as api:
        with pytest.raises(FilterIgnored):
            await api.get(LEAD)


async def test_one_record_twice_is_one_unless_they_differ() -> None:
    async with client(lambda _: httpx.Response(200, json=[record(9457), record(9457)])) as api:
        assert (await api.get(LEAD)).name == "Khách 9457"
    async with client(lambda _: httpx.Response(200, json=[record(9457), record(9457, name="An")])) as api:
        with pytest.raises(UnreadableAnswer):
            await api.get(LEAD)


@pytest.mark.parametrize("shape", ["empty_array", "empty_object", "404"])
async def test_nobody(sandbox: Sandbox, shape: str) -> None:
    sandbox.switches = Switches.parse([f"none_shape={shape}"])
    api = on_sandbox(sandbox)
    with pytest.raises(NotFound) as caught:
        await api.get(Ref("lead", "1"))
    assert caught.value.ref == "L1"
    page = await api.page(Query(phone="0999999999"))
    assert (page.customers, page.number, page.last) == ((), 0, True)


@pytest.mark.parametrize("held", ["0912345678", "+84 912 345 678", "84912345678", "0912.345.678"])
async def test_a_phone_in_another_spelling_is_that_phone(held: str) -> None:
    two = [{"type": "Work", "value": "02838251234"}, {"type": "Home", "value": held}]
    assert await answered(Query(phone="0912345678"), record(1, phones=two)) == ["1"]


async def test_an_email_in_another_case_is_that_email() -> None:
    found = record(1, emails=[{"value": "An@Example.VN"}])
    assert await answered(Query(email="an@example.vn"), found) == ["1"]
    with pytest.raises(FilterIgnored):
        await answered(Query(email="an@example.vn"), record(1))


@pytest.mark.parametrize(
    ("created", "kept"),
    [
        # The day is Vietnam's: it begins at 17:00 UTC of the day before.
        ("2026-03-04T16:59:59Z", False),
        ("2026-03-04T17:00:00Z", True),
        ("2026-03-06T16:59:59Z", True),
        ("2026-03-06T17:00:00Z", False),
        ("2026-03-03T12:00:00Z", False),
        ("2026-03-07T20:00:00Z", False),
        ("hôm qua", True),
        ("", True),
        (None, True),
    ],
)
async def test_only_the_days_that_were_meant(created: str | None, kept: bool) -> None:
    query = Query(created_from=date(2026, 3, 5), created_to=date(2026, 3, 6))
    assert await answered(query, record(1, createdAt=created)) == (["1"] if kept else [])
    query = Query(updated_from=date(2026, 3, 5), updated_to=date(2026, 3, 6))
    assert await answered(query, record(1, updatedAt=created)) == (["1"] if kept else [])


@pytest.mark.parametrize("created", ["2026-03-02T16:59:59Z", "2026-03-08T17:00:00Z"])
async def test_further_off_than_the_window_explains(created: str) -> None:
    query = Query(created_from=date(2026, 3, 5), created_to=date(2026, 3, 6))
    with pytest.raises(FilterIgnored):
        await answered(query, record(1, createdAt=created))


@pytest.mark.parametrize("zone", ["utc", "vietnam"])
@pytest.mark.parametrize("to", ["inclusive", "exclusive"])
async def test_whatever_antcrms_day_is(sandbox: Sandbox, zone: str, to: str) -> None:
    """Row "day filters are in UTC or Vietnam time; inclusive or not"."""
    api = on_sandbox(sandbox)
    everyone = [customer async for customer in api.walk(Query())]
    sandbox.switches = Switches.parse([f"day_zone={zone}", f"day_to={to}"])
    first, last = date(2026, 2, 1), date(2026, 2, 20)
    meant = {
        c.ref for c in everyone if isinstance(c.created_at, datetime) and first <= in_vietnam(c.created_at) <= last
    }
    assert meant
    found = [c.ref async for c in api.walk(Query(created_from=first, created_to=last))]
    assert sorted(found) == sorted(meant)


def in_vietnam(moment: datetime) -> date:
    return date.fromordinal(int((moment.timestamp() + 7 * 3600) // 86400) + date(1970, 1, 1).toordinal())
