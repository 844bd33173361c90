"""What is sent: addresses, headers, parameters, bodies."""

from __future__ import annotations

import json
from datetime import date

import httpx
import pytest

from antcrm_tools.models import Draft, Edit, Query
from antcrm_tools.refs import Ref
from tests.api.line import KEY, client, record


class Listener:
    """Keeps the requests and answers each with what suits it."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            number = request.url.params.get("leadId") or request.url.params.get("customerId") or "1"
            found = record(int(number)) if "customerId" not in request.url.params else customer(int(number))
            return httpx.Response(200, json=[found])
        return httpx.Response(200, json={"success": 1, "leadId": 1})


def customer(number: int) -> dict[str, object]:
    return {"contactType": "customer", "type": 0, "customerId": number, "name": "Bình"}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://antcrm.test", "http://antcrm.test/contacts"),
        ("http://antcrm.test/", "http://antcrm.test/contacts"),
        ("https://gate.test:8443/crm/v1", "https://gate.test:8443/crm/v1/contacts"),
        ("https://gate.test/crm/v1/ ", "https://gate.test/crm/v1/contacts"),
    ],
)
async def test_the_address_may_have_a_path(base: str, expected: str) -> None:
    listener = Listener()
    async with client(listener, url=base) as api:
        await api.create(Draft(name="An", code="c"))
        await api.create_many([Draft(name="An", code="c")])
    assert [str(request.url) for request in listener.requests] == [expected, expected + "/package"]


async def test_headers() -> None:
    listener = Listener()
    async with client(listener) as api:
        await api.edit(Ref("lead", "1"), Edit(name="An"))
    (request,) = listener.requests
    assert request.headers["apikey"] == KEY
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("ref", "params"),
    [
        (Ref("lead", "1"), {"contactType": "lead", "leadId": "1"}),
        (Ref("customer", "1"), {"contactType": "customer", "customerId": "1"}),
    ],
)
async def test_get_asks_for_one_id_of_one_space(ref: Ref, params: dict[str, str]) -> None:
    listener = Listener()
    async with client(listener) as api:
        assert (await api.get(ref)).as_ref() == ref
    assert dict(listener.requests[0].url.params) == params


async def test_days_are_asked_for_a_day_wider_and_no_number_for_the_first_page() -> None:
    listener = Listener()
    query = Query(
        space="lead",
        created_from=date(2026, 3, 1),
        created_to=date(2026, 3, 31),
        updated_from=date(1, 1, 1),
        updated_to=date(9999, 12, 31),
    )
    async with client(listener) as api:
        await api.page(query)
    assert dict(listener.requests[0].url.params) == {
        "contactType": "lead",
        "createdAtf": "2026-02-28",
        "createdAtt": "2026-04-01",
        "updateAtf": "0001-01-01",
        "updateAtt": "9999-12-31",
        "limit": "20",
    }


async def test_bodies() -> None:
    listener = Listener()
    async with client(listener) as api:
        await api.create(Draft(name="Nguyễn An", code="c-1"))
        await api.create_many([Draft(name="A", code="1"), Draft(name="B", code="2", kind="account")])
        await api.edit(Ref("customer", "5"), Edit(note=""))
        await api.delete(Ref("lead", "9"))
    assert [(request.method, json.loads(request.content)) for request in listener.requests] == [
        ("POST", {"customerIdApiRing": "c-1", "contactType": "lead", "name": "Nguyễn An"}),
        (
            "POST",
            [
                {"customerIdApiRing": "1", "contactType": "lead", "name": "A"},
                {"customerIdApiRing": "2", "contactType": "customer", "type": "1", "name": "B"},
            ],
        ),
        ("PUT", {"customerId": "5", "bgInfo": ""}),
        ("DELETE", {"leadId": "9"}),
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_carries_the_key_nowhere(status: int) -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(status, headers={"location": "http://elsewhere.test/contacts"})

    async with client(answer) as api:
        for call in (api.page(Query()), api.create(Draft(name="An", code="c"))):
            with pytest.raises(Exception, match="redirect"):
                await call
    assert hosts == ["antcrm.test", "antcrm.test"]
