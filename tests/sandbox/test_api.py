"""The endpoints as the vendor's page describes them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from antcrm_tools.sandbox import ACCOUNT, AN, ANH, CONTACT, MEMORABLE, Sandbox

NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
PEOPLE = 60


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(people=PEOPLE, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def http(sandbox: Sandbox) -> httpx.AsyncClient:
    return client(sandbox)


def client(sandbox: Sandbox, key: str = "sandbox") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=sandbox.app), base_url="http://crm", headers={"apikey": key}
    )


async def delete(http: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await http.request("DELETE", "/contacts", json=body)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"name": f"Khách {n}", "customerIdApiRing": f"row-{n}"} for n in range(count)]


@pytest.mark.parametrize("key", ["", "wrong", "khoá"])
async def test_a_wrong_key_is_refused(sandbox: Sandbox, key: str) -> None:
    async with client(sandbox) as http:
        answer = await http.get("/contacts", headers={b"apikey": key.encode()})
    assert answer.status_code == 401
    assert answer.json() == {"success": 0, "message": "Invalid apikey"}


async def test_a_record_has_the_documented_fields_in_order(http: httpx.AsyncClient) -> None:
    found = (await http.get("/contacts", params={"leadId": AN.id})).json()
    documented = """name contactType type leadId customerId dateOfBirth gender addresses phones emails industry im
        bgInfo stage tags sourceContact responsibleStaff cusFields scoreAvailable scoreRank rankName createdAt updatedAt
        createdByBot historiesAds"""
    assert list(found[0]) == documented.split()
    assert found[0]["name"] == AN.name
    assert found[0]["phones"] == [{"type": "Work", "value": AN.phone}]


@pytest.mark.parametrize("one", MEMORABLE, ids=lambda one: one.ref)
async def test_the_memorable_ones_are_where_they_say(http: httpx.AsyncClient, one: Any) -> None:
    id_name = "leadId" if one.contact_type == "lead" else "customerId"
    found = (await http.get("/contacts", params={id_name: one.id})).json()
    assert [record["name"] for record in found] == [one.name]
    by_phone = (await http.get("/contacts", params={"phone": one.phone})).json()
    assert one.name in [record["name"] for record in by_phone]


async def test_one_phone_two_hits(http: httpx.AsyncClient) -> None:
    found = (await http.get("/contacts", params={"phone": AN.phone})).json()
    assert sorted(record["leadId"] for record in found) == [AN.id, ANH.id]


async def test_kinds(http: httpx.AsyncClient) -> None:
    contact = (await http.get("/contacts", params={"customerId": CONTACT.id})).json()[0]
    account = (await http.get("/contacts", params={"customerId": ACCOUNT.id, "type": "1"})).json()[0]
    assert (contact["contactType"], contact["type"], contact["leadId"]) == ("customer", 0, "")
    assert (account["type"], account["name"]) == (1, ACCOUNT.name)
    assert (await http.get("/contacts", params={"customerId": ACCOUNT.id, "type": "0"})).json() == []


async def test_pages_cover_everyone_once(http: httpx.AsyncClient) -> None:
    seen: list[tuple[str, int]] = []
    for page in range(1, 5):
        found = (await http.get("/contacts", params={"page": page, "limit": 50})).json()
        assert len(found) <= 20
        seen += [(record["contactType"], record["leadId"] or record["customerId"]) for record in found]
    assert len(seen) == len(set(seen)) == PEOPLE


async def test_create_edit_delete(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    body = {
        "name": "Đỗ Thị Mới",
        "customerIdApiRing": "mine-1",
        "contactType": "customer",
        "type": "1",
        "dateOfBirth": "March 15, 2000",
        "gender": "1",
        "phones": [{"type": "Work", "value": "0911 222 333"}],
        "unheardOf": 1,
    }
    created = (await http.post("/contacts", json=body)).json()
    assert set(created) == {"success", "customerId"}
    number = created["customerId"]
    read = (await http.get("/contacts", params={"customerId": number})).json()[0]
    assert (read["type"], read["gender"], read["dateOfBirth"]) == (1, 1, "2000-03-15T00:00:00.000Z")
    assert "unheardOf" not in read
    assert "customerIdApiRing" not in read

    edited = await http.put("/contacts", json={"customerIdApiRing": "mine-1", "stage": "Chốt"})
    assert edited.json() == {"success": 1, "customerId": number}
    row = sandbox.store.get("customer", number)
    assert row is not None
    assert row.fields["stage"] == "Chốt"

    assert (await delete(http, {"customerId": str(number)})).json() == {"success": 1}
    assert sandbox.store.get("customer", number) is None
    again = (await http.post("/contacts", json=body)).json()
    assert again["customerId"] == number + 1


async def test_lead_ids_and_customer_ids_are_two_number_spaces() -> None:
    with Sandbox.open(people=300) as sandbox:
        lead, customer = sandbox.store.get("lead", 9101), sandbox.store.get("customer", 9101)
        assert lead is not None
        assert customer is not None
        assert lead.fields["name"] != customer.fields["name"]
        async with client(sandbox) as http:
            await delete(http, {"leadId": 9101})
        assert sandbox.store.get("lead", 9101) is None
        assert sandbox.store.get("customer", 9101) is not None


BASE = {"name": "A", "customerIdApiRing": "a"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "Body must be an object"),
        ({"customerIdApiRing": "a"}, "name is required"),
        ({"name": "  ", "customerIdApiRing": "a"}, "name is required"),
        ({"name": "A"}, "customerIdApiRing is required"),
        (BASE | {"contactType": "account"}, "contactType must be lead or customer"),
        (BASE | {"contactType": "customer", "type": 2}, "type must be one of 0, 1"),
        (BASE | {"gender": True}, "gender must be one of 0, 1, 2"),
        (BASE | {"stage": 5}, "stage must be a string"),
        (BASE | {"tags": "VIP"}, "tags must be an array"),
        (BASE | {"tags": [1]}, "tags must be an array of strings"),
        (BASE | {"phones": ["0912345678"]}, "phones must be an array of objects"),
        (BASE | {"phones": [{"type": "Work", "value": "zalo"}]}, "phones: zalo is not valid"),
        (BASE | {"emails": [{"value": "a@b"}]}, "emails: a@b is not valid"),
        (BASE | {"phones": [{"value": "0912345678"}, {"value": "+84 912 345 678"}]}, "phones must not be repeated"),
        (BASE | {"cusFields": [{"value": "x"}]}, "cusFields must have a name"),
        (BASE | {"dateOfBirth": "March 32, 2000"}, "dateOfBirth is invalid"),
        (BASE | {"dateOfBirth": "Marz 3, 2000"}, "dateOfBirth is invalid"),
    ],
)
async def test_bad_data_is_refused(sandbox: Sandbox, http: httpx.AsyncClient, body: Any, message: str) -> None:
    answer = await http.post("/contacts", json=body)
    assert (answer.status_code, answer.json()) == (400, {"success": 0, "message": message})
    assert sandbox.store.count() == PEOPLE
    assert not sandbox.requests[-1].acted


@pytest.mark.parametrize("body", [{}, {"name": "A"}, {"leadId": ""}])
async def test_an_edit_must_name_its_customer(http: httpx.AsyncClient, body: Any) -> None:
    answers = [await http.put("/contacts", json=body), await delete(http, body)]
    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize("params", [{"page": "x"}, {"limit": "x"}, {"createdAtf": "30/05/2025"}])
async def test_bad_parameters_are_refused(http: httpx.AsyncClient, params: dict[str, str]) -> None:
    assert (await http.get("/contacts", params=params)).status_code == 400


async def test_text_that_is_no_json_is_refused(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    answer = await http.post("/contacts", content=b'{"name": ')
    assert answer.status_code == 400
    assert sandbox.requests[-1].body is None


async def test_a_package_holds_a_hundred(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    answer = (await http.post("/contacts/package", json=rows(100))).json()
    assert answer["success"] == 1
    assert len(answer["leadId"]) == 100
    assert answer["leadId"] == sorted(answer["leadId"])
    assert sandbox.store.count() == PEOPLE + 100


@pytest.mark.parametrize("body", [[], {}, rows(101)], ids=["empty", "object", "101"])
async def test_a_package_has_limits(sandbox: Sandbox, http: httpx.AsyncClient, body: Any) -> None:
    answer = await http.post("/contacts/package", json=body)
    assert answer.status_code == 400
    assert sandbox.store.count() == PEOPLE


async def test_a_failed_package_takes_no_ids(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await http.post("/contacts/package", json=[*rows(2), {"name": ""}])
    first = sandbox.store.reserve("lead")
    await http.post("/contacts", json=BASE)
    row = sandbox.store.by_code("a")
    assert row is not None
    assert row.id == first + 1 == 9001 + sum(1 for _ in range(sandbox.store.count("lead")))


async def test_a_mixed_package_answers_both_ids(http: httpx.AsyncClient) -> None:
    body = [BASE, BASE | {"customerIdApiRing": "b", "contactType": "customer"}]
    answer = (await http.post("/contacts/package", json=body)).json()
    assert set(answer) == {"success", "leadId", "customerId"}


async def test_an_empty_crm() -> None:
    with Sandbox.open(people=0) as sandbox:
        async with client(sandbox) as http:
            assert (await http.get("/contacts")).json() == []


async def test_a_file_store_survives(tmp_path: Path) -> None:
    path = tmp_path / "crm.sqlite"
    with Sandbox.open(path, people=10, clock=lambda: NOW) as sandbox:
        async with client(sandbox) as http:
            await http.post("/contacts", json=BASE)
            await delete(http, {"leadId": AN.id})
    with Sandbox.open(path, people=500, clock=lambda: NOW) as sandbox:
        assert sandbox.store.count() == 10
        assert sandbox.store.by_code("a") is not None
        assert sandbox.store.get("lead", AN.id) is None


async def test_an_emptied_file_is_not_filled_again(tmp_path: Path) -> None:
    path = tmp_path / "crm.sqlite"
    with Sandbox.open(path, people=1) as sandbox:
        async with client(sandbox) as http:
            await delete(http, {"leadId": AN.id})
    with Sandbox.open(path, people=10) as sandbox:
        assert sandbox.store.count() == 0
        assert sandbox.store.reserve("lead") == AN.id + 1


async def test_the_log(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await http.get("/contacts", params={"phone": "+84912345678"})
    await http.post("/contacts", json=BASE)
    await http.post("/contacts", json={})
    seen = [(r.method, r.path, r.query, r.body, r.status, r.acted) for r in sandbox.requests]
    assert seen == [
        ("GET", "/contacts", {"phone": "+84912345678"}, None, 200, False),
        ("POST", "/contacts", {}, BASE, 200, True),
        ("POST", "/contacts", {}, {}, 400, False),
    ]
    assert sandbox.requests[0].at == NOW
    sandbox.clear_log()
    assert sandbox.requests == []
