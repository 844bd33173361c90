"""Which requests count as destroying, and what they asked and did."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from antcrm_tools.sandbox import AN, Sandbox, Switches


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(people=7) as opened:
        yield opened


@pytest.fixture
def http(sandbox: Sandbox) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=sandbox.app)
    return httpx.AsyncClient(transport=transport, base_url="http://crm", headers={"apikey": sandbox.api_key})


async def delete(http: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await http.request("DELETE", "/contacts", json=body)


PUT_CASES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"stage": "Chốt"}, ()),
    ({"bgInfo": ""}, ("bgInfo",)),
    ({"bgInfo": None}, ("bgInfo",)),
    ({"industry": ""}, ()),
    ({"tags": ["VIP"]}, ("tags",)),
    ({"tags": ["VIP", "Quan tâm"]}, ()),
    ({"phones": [{"type": "Home", "value": "+84 912 345 678"}]}, ()),
    ({"phones": [{"type": "Work", "value": "0911222333"}]}, ("phones",)),
    ({"emails": []}, ("emails",)),
    ({"emails": [{"type": "Work", "value": "AN.Nguyen@example.com"}]}, ()),
]


@pytest.mark.parametrize(("body", "lost"), PUT_CASES, ids=lambda value: str(value)[:40])
async def test_what_a_put_destroys(
    sandbox: Sandbox, http: httpx.AsyncClient, body: dict[str, Any], lost: tuple[str, ...]
) -> None:
    await http.put("/contacts", json={"leadId": AN.id, **body})
    request = sandbox.requests[-1]
    assert request.asked_losses == lost
    assert sandbox.destroying() == ([request] if lost else [])


async def test_custom_fields_go_by_name(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    def body(value: str) -> dict[str, Any]:
        return {"leadId": AN.id, "cusFields": [{"name": "Ngân sách", "value": value}]}

    for value in ("3 triệu", "5 triệu", ""):
        await http.put("/contacts", json=body(value))
    assert [request.asked_losses for request in sandbox.requests] == [(), (), ("cusFields",)]


async def test_deletes_destroy_even_when_they_fail(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.fail("DELETE", 503)
    await delete(http, {"leadId": AN.id})
    await delete(http, {"leadId": AN.id})
    await http.get("/contacts")
    assert [(r.acted, r.losses) for r in sandbox.destroying()] == [(False, ()), (True, ("*",))]


async def test_what_really_went_is_told_from_what_was_asked(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.switches = Switches(put_arrays="merge", put_unsent="clear")
    await http.put("/contacts", json={"leadId": AN.id, "tags": []})
    request = sandbox.destroying()[0]
    assert request.asked_losses == ("tags",)
    assert set(request.losses) == {"bgInfo", "stage", "sourceContact", "responsibleStaff", "phones", "emails"}
