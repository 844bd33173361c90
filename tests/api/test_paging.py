"""Every record exactly once, whatever AntCRM's pages are like; and an error where that cannot be."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from antcrm_tools.api import AntCrmApi
from antcrm_tools.errors import NotActed, PagingBroken, Refused
from antcrm_tools.models import Draft, Phone, Query
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.switches import Switches
from tests.api.line import client, on_sandbox, record, walked

SIZES = (0, 1, 19, 20, 21, 45, 60)
PHONE = "0912345678"
Base: TypeAlias = Literal[0, 1]


@asynccontextmanager
async def filled(count: int, switches: Switches | None = None) -> AsyncGenerator[tuple[Sandbox, AntCrmApi]]:
    """A sandbox that holds `count` leads, all of one phone."""
    with Sandbox.open(people=0, switches=switches) as sandbox:
        api = on_sandbox(sandbox)
        await add(api, count)
        sandbox.clear_log()
        yield sandbox, api
        await api.aclose()


async def add(api: AntCrmApi, count: int, start: int = 0) -> None:
    drafts = [
        Draft(name=f"Khách {n}", code=f"c-{n}", phones=(Phone(value=PHONE),)) for n in range(start, start + count)
    ]
    for first in range(0, count, 100):
        await api.create_many(drafts[first : first + 100])


BASES: list[dict[str, Any]] = [
    {"page_base": 0},
    *({"page_base": 1, "page_zero": page_zero} for page_zero in ("first", "empty", "400")),
]
LIMITS: list[dict[str, Any]] = [
    {"limit_over": "clamp"},
    {"limit_over": "refuse"},
    *({"fixed_page_size": size} for size in (1, 7, 20)),
]
NONE: list[dict[str, Any]] = [{"none_shape": shape} for shape in ("empty_array", "empty_object", "404")]
# How an empty page looks matters once for each base, and how a refusal looks where something is refused.
COMBINATIONS = [
    *(Switches(**base, **limit) for base, limit in itertools.product(BASES, LIMITS)),
    *(Switches(**base, **none) for base, none in itertools.product(BASES, NONE[1:])),
    *(Switches(page_base=1, page_zero="400", refusals=style) for style in ("success0", "html")),
]


# Sixty pages of one record each would prove no more than twenty-one, and take their time.
CASES = [
    (count, switches)
    for count, switches in itertools.product(SIZES, COMBINATIONS)
    if switches.fixed_page_size != 1 or count <= 21
]


def name_of(value: object) -> str:
    """A case as it is shown."""
    changed = value.model_dump(exclude_defaults=True) if isinstance(value, Switches) else {"records": value}
    return " ".join(f"{name}={what}" for name, what in changed.items()) or "defaults"


@pytest.mark.parametrize(("count", "switches"), CASES, ids=name_of)
async def test_every_record_exactly_once(count: int, switches: Switches) -> None:
    async with filled(count, switches) as (sandbox, api):
        expected = {str(n) for n in range(9001, 9001 + count)}
        for query in (Query(phone=PHONE), Query()):
            ids = [customer.id for customer in await walked(api, query)]
            assert len(ids) == count
            assert set(ids) == expected
        for client_of_its_own in (api, on_sandbox(sandbox)):
            ids = [c.id for page in await pages(client_of_its_own, Query()) for c in page]
            assert len(ids) == count
            assert set(ids) == expected
        # Once more from the end, as a cursor that was kept is used by a new process.
        later = on_sandbox(sandbox)
        size = switches.fixed_page_size or 20
        for number in reversed(range(count // size + 2)):
            page = await later.page(Query(), number)
            assert len(page.customers) == max(0, min(size, count - number * size))


async def pages(api: AntCrmApi, query: Query) -> list[list[Any]]:
    found: list[list[Any]] = []
    while True:
        page = await api.page(query, len(found))
        assert page.number == len(found)
        found.append(list(page.customers))
        if page.last:
            return found
        assert len(found) < 100


@pytest.mark.parametrize("count", [21, 60])
async def test_an_ignored_page_number_is_an_error(count: int) -> None:
    async with filled(count, Switches(page_ignored=True)) as (sandbox, api):
        with pytest.raises(PagingBroken):
            await walked(api)
        assert len(sandbox.requests) < 10, "and not a long search"
        assert len((await api.page(Query())).customers) == 20
        with pytest.raises(PagingBroken):
            await api.page(Query(), 1)


@pytest.mark.parametrize("base", [0, 1])
async def test_a_page_number_ignored_from_some_day_on_is_noticed(base: Base) -> None:
    async with filled(60, Switches(page_base=base)) as (sandbox, api):
        await walked(api)
        sandbox.switches = Switches(page_base=base, page_ignored=True)
        with pytest.raises(PagingBroken):
            await walked(api)
        await api.page(Query(), 0)
        with pytest.raises(PagingBroken):
            await api.page(Query(), 1)


async def test_a_page_that_was_pushed_back_is_no_broken_one() -> None:
    async with filled(60) as (sandbox, api):
        first = await api.page(Query(), 0)
        create_in(sandbox, 20)()
        assert (await api.page(Query(), 1)).customers == first.customers


async def test_in_a_small_company_everyone_is_looked_at_once() -> None:
    async with filled(3) as (sandbox, api):
        for _ in range(3):
            assert len(await walked(api, Query(phone=PHONE))) == 3
        assert len([r for r in sandbox.requests if "phone" not in r.query]) == 1


async def test_look_ups_that_have_no_pages_are_read_all_the_same() -> None:
    """A new company's only customer, found by an AntCRM that knows no pages of a look-up."""
    async with filled(1, Switches(page_ignored=True)) as (_, api):
        assert len(await walked(api, Query(phone=PHONE))) == 1


@pytest.mark.parametrize(
    ("count", "first", "then"),
    [(0, 1, 1), (1, 2, 1)],
    ids=["nobody", "one"],
)
async def test_a_look_up_costs_one_request(count: int, first: int, then: int) -> None:
    """And the first one with a hit one more, which shows how long a page is."""
    async with filled(30) as (sandbox, api):
        phone = "0999888777"
        if count:
            await api.create(Draft(name="An", code="an", phones=(Phone(value=phone),)))
        for expected in (first, then, then):
            sandbox.clear_log()
            assert len(await walked(api, Query(phone=phone))) == count
            assert len(sandbox.requests) == expected


@pytest.mark.parametrize("base", [0, 1])
async def test_what_a_walk_costs(base: Base) -> None:
    async with filled(45, Switches(page_base=base)) as (sandbox, api):
        await walked(api)
        learning = len(sandbox.requests)
        sandbox.clear_log()
        await walked(api)
        # Three pages, the empty one that is the end, and the first once more for what has moved to the front.
        assert len(sandbox.requests) == 5
        assert learning <= 7


async def test_a_short_page_in_the_middle_of_a_list_is_not_its_end() -> None:
    pages = [[record(n) for n in range(start, start + 20)] for start in (0, 20, 40)]
    del pages[1][3]

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        return httpx.Response(200, json=pages[number - 1] if 1 <= number <= len(pages) else [])

    async with client(httpx.MockTransport(answer)) as api:
        assert len(await walked(api)) == 59


async def test_walks_that_start_together_find_out_once() -> None:
    async with filled(45) as (sandbox, _), client(Moving(sandbox), key=sandbox.api_key) as api:
        found: list[int] = []

        async def walk() -> None:
            found.append(len(await walked(api)))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(walk)
        assert found == [45] * 8
        asked_for_page_one = [r for r in sandbox.requests if r.query.get("page") == "1"]
        assert len(asked_for_page_one) == 1


class Moving(httpx.AsyncBaseTransport):
    """Something happens in AntCRM right before the request of a number."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.inner = httpx.ASGITransport(app=sandbox.app)
        self.before: dict[int, Callable[[], object]] = {}
        self.count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await checkpoint()  # as a network, it lets others go on meanwhile
        if happen := self.before.pop(self.count, None):
            happen()
        self.count += 1
        return await self.inner.handle_async_request(request)


def create_in(sandbox: Sandbox, count: int) -> Callable[[], None]:
    def create() -> None:
        for row in sandbox.store.select(sandbox_query(count)):
            row.key, row.id, row.created = None, 0, row.created + 10**9
            sandbox.store.save(row)

    return create


def bump_in(sandbox: Sandbox, offset: int) -> Callable[[], None]:
    """The list's record at `offset` moves to its front, as one that is updated would where the latest come first."""

    def bump() -> None:
        query = sandbox_query(1)
        query.offset = offset
        for row in sandbox.store.select(query):
            row.created += 10**9
            sandbox.store.save(row)

    return bump


def sandbox_query(limit: int) -> Any:
    from antcrm_tools.sandbox.store import Query as StoreQuery

    return StoreQuery(limit=limit)


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("created", [1, 5, 19, 20, 21, 40])
@pytest.mark.parametrize("moment", range(7))
async def test_customers_created_meanwhile_confuse_nothing(base: Base, created: int, moment: int) -> None:
    """At whatever point of the first walk, when the first page's number is not known yet, and of the next one."""
    async with filled(45, Switches(page_base=base)) as (sandbox, _):
        line = Moving(sandbox)
        async with client(line, key=sandbox.api_key) as api:
            for _ in range(2):
                there = {c.id for c in await walked(on_sandbox(sandbox))}
                line.before = {line.count + moment: create_in(sandbox, created)}
                ids = [c.id for c in await walked(api)]
                assert there <= set(ids)
                assert len(ids) == len(set(ids))
                line.before.clear()
            everyone = {c.id for c in await walked(on_sandbox(sandbox))}
            assert {c.id for c in await walked(api)} == everyone


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("moment", range(1, 6))
@pytest.mark.parametrize("offset", [1, 20, 44])
async def test_a_customer_that_moves_to_the_front_is_not_missed(base: Base, moment: int, offset: int) -> None:
    async with filled(45, Switches(page_base=base)) as (sandbox, _):
        line = Moving(sandbox)
        async with client(line, key=sandbox.api_key) as api:
            line.before = {moment: bump_in(sandbox, offset)}
            ids = [c.id for c in await walked(api)]
            assert sorted(ids) == [str(n) for n in range(9001, 9046)]


async def test_a_list_that_never_stands_still_is_not_guessed_at() -> None:
    numbers = itertools.count()
    async with client(lambda _: httpx.Response(200, json=[record(next(numbers)) for _ in range(20)])) as api:
        with pytest.raises(NotActed, match="kept changing"):
            await walked(api)


def ids_of(first: int, count: int = 20) -> list[dict[str, Any]]:
    return [record(n) for n in range(first, first + count)]


async def test_a_page_past_the_end_that_repeats_the_last_one() -> None:
    """The list ends with a full page, and AntCRM answers any later number with that page."""
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        number = min(int(request.url.params.get("page", "1")), 3)
        return httpx.Response(200, json=ids_of(20 * number))

    async with client(answer) as api:
        with pytest.raises(PagingBroken):
            await walked(api)
        assert asked <= 8
        assert [len((await api.page(Query(), number)).customers) for number in range(3)] == [20, 20, 20]
        with pytest.raises(PagingBroken):
            await api.page(Query(), 3)


@pytest.mark.parametrize("base", [0, 1])
async def test_records_repeated_on_a_page_and_on_the_next_are_one(base: Base) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        rows = [[*ids_of(0, 19), record(0)], [record(5), *ids_of(19, 19)], [record(30), *ids_of(38, 5)]]
        number = int(request.url.params.get("page", base)) - base
        return httpx.Response(200, json=rows[number] if 0 <= number < 3 else [])

    async with client(answer) as api:
        assert [c.id for c in await walked(api)] == [str(n) for n in range(43)]
        assert [c.id for c in (await api.page(Query())).customers] == [str(n) for n in range(19)]


async def test_pages_that_go_round_in_circles() -> None:
    """New customers arrive all the time, and AntCRM answers pages 1, 2, 3, 2, 3 and so on."""
    new = itertools.count(1000)

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        if "page" not in request.url.params and asked_for_later:
            return httpx.Response(200, json=[record(next(new)), *ids_of(0, 19)])
        asked_for_later.extend([number] * (number > 3))
        return httpx.Response(200, json=ids_of(20 * (number if number < 4 else 2 + number % 2) - 20))

    asked_for_later: list[int] = []
    async with client(answer) as api:
        with pytest.raises(PagingBroken):
            await walked(api)
    assert max(asked_for_later) < 8


@pytest.mark.parametrize("status", [400, 404, 416])
async def test_refused_past_the_end(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "0"))
        return httpx.Response(200, json=ids_of(20 * number)) if number < 2 else httpx.Response(status)

    async with client(answer) as api:
        assert len(await walked(api)) == 40
        page = await api.page(Query(), 2)
        assert (page.customers, page.last) == ((), True)


async def test_a_first_page_that_is_refused_is_refused() -> None:
    async with client(lambda _: httpx.Response(400)) as api:
        with pytest.raises(Refused):
            await walked(api)
        with pytest.raises(Refused):
            await api.page(Query(), 1)


async def test_a_key_that_is_refused_halfway_is_not_the_end() -> None:
    async with filled(45) as (sandbox, api):
        await walked(api)
        sandbox.faults.fail("GET", 401, after=2)
        with pytest.raises(Refused):
            await walked(api)


async def test_longer_pages_than_asked_for() -> None:
    """`limit` ignored the other way: fifty to a page."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1")) - 1
        return httpx.Response(200, json=ids_of(50 * number, max(0, min(50, 120 - 50 * number))))

    async with client(answer) as api:
        assert len(await walked(api)) == 120


async def test_pages_are_counted_from_0() -> None:
    async with filled(1) as (_, api):
        with pytest.raises(ValueError, match="from 0"):
            await api.page(Query(), -1)
