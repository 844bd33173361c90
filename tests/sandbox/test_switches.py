"""Each switch does what its line says: the default answers one thing, the other value another."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest

from antcrm_tools.sandbox import AN, CONTACT, Sandbox, Switches

NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
Play = Callable[["Crm"], Awaitable[Any]]


class Crm:
    """A caller of a sandbox that holds the seven memorable customers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=sandbox.app), base_url="http://crm", headers={"apikey": sandbox.api_key}
        )

    async def get(self, **params: Any) -> Any:
        return (await self.http.get("/contacts", params=params)).json()

    async def write(self, method: str, body: Any, path: str = "/contacts") -> httpx.Response:
        return await self.http.request(method, path, json=body)

    async def put(self, **body: Any) -> Any:
        """What An is after a PUT."""
        await self.write("PUT", {"leadId": AN.id, **body})
        return self.an()

    def an(self) -> dict[str, Any]:
        row = self.sandbox.store.get("lead", AN.id)
        assert row is not None
        return row.fields


def new(name: str = "Mới Toanh", code: str = "code-1", **more: Any) -> dict[str, Any]:
    return {"name": name, "customerIdApiRing": code, **more}


async def one(crm: Crm) -> Any:
    found = await crm.get(leadId=AN.id)
    return found[0]


async def shape_of_list(crm: Crm) -> Any:
    return type(await crm.get()).__name__


async def shape_of_one(crm: Crm) -> Any:
    found = await crm.get(leadId=AN.id)
    return "list" if isinstance(found, list) else "data" if "data" in found else "record"


async def shape_of_none(crm: Crm) -> Any:
    answer = await crm.http.get("/contacts", params={"leadId": 1})
    return answer.status_code, answer.json() if answer.status_code == 200 else None


async def ids(crm: Crm) -> Any:
    written = (await crm.write("POST", new())).json()
    return type((await one(crm))["leadId"]), type(written["leadId"])


async def gender_and_type(crm: Crm) -> Any:
    contact = (await crm.get(customerId=CONTACT.id))[0]
    return contact["gender"], contact["type"]


async def empty_values(crm: Crm) -> Any:
    an = await one(crm)
    return an.get("industry", "gone"), an.get("im", "gone"), an.get("customerId", "gone")


async def named(crm: Crm) -> Any:
    an = await one(crm)
    values = (an["stage"], an["responsibleStaff"], an["sourceContact"], *an["tags"])
    return [value["name"] if isinstance(value, dict) else value for value in values], type(an["stage"]).__name__


async def dates(crm: Crm) -> Any:
    await crm.put(dateOfBirth="March 15, 2000")
    an = await one(crm)
    return an["dateOfBirth"], an["updatedAt"]


async def extra(crm: Crm) -> Any:
    return "companyScale" in await one(crm)


def page(**params: Any) -> Play:
    async def play(crm: Crm) -> Any:
        answer = await crm.http.get("/contacts", params=params)
        if answer.status_code != 200:
            return answer.status_code
        return [record["name"].split()[-1] for record in answer.json()]

    return play


async def born_late_in_the_day(crm: Crm) -> Any:
    # 20:00 UTC on the 10th is 03:00 on the 11th in Vietnam.
    await crm.write("POST", new())
    return [[r["name"] for r in await crm.get(createdAtf=day, createdAtt=day)] for day in ("2026-03-10", "2026-03-11")]


def hits(**params: Any) -> Play:
    async def play(crm: Crm) -> Any:
        return len(await crm.get(**params))

    return play


def after_put(field: str, value: Any) -> Play:
    async def play(crm: Crm) -> Any:
        return (await crm.put(**{field: value}))[field]

    return play


async def unsent(crm: Crm) -> Any:
    an = await crm.put(stage="Chốt")
    return an["stage"], an["bgInfo"], an["name"]


def post_twice(**second: Any) -> Play:
    async def play(crm: Crm) -> Any:
        await crm.write("POST", new(phones=[{"type": "Work", "value": "0911222333"}]))
        answer = await crm.write("POST", new("Khác", **second))
        return answer.status_code, crm.sandbox.store.count("lead")

    return play


same_phone = post_twice(code="code-2", phones=[{"type": "Work", "value": "+84 911 222 333"}])


def reply(method: str, body: Any) -> Play:
    async def play(crm: Crm) -> Any:
        answer = await crm.write(method, body)
        html = answer.headers["content-type"].startswith("text/html")
        return answer.status_code, "html" if html else answer.json()["success"]

    return play


async def upserted(crm: Crm) -> Any:
    await crm.write("PUT", new(code="unheard"))
    return crm.sandbox.store.by_code("unheard") is not None


async def stored(crm: Crm) -> Any:
    replies = [await crm.write("POST", new(stage="Chốt")), await crm.write("PUT", {"leadId": AN.id, "stage": "Chốt"})]
    replies.append(await crm.write("DELETE", {"leadId": 9002}))
    row = crm.sandbox.store.by_code("code-1")
    return (
        [r.json()["success"] for r in replies],
        crm.sandbox.store.count(),
        row and row.fields["stage"],
        crm.an()["stage"],
    )


async def deleted(crm: Crm) -> Any:
    await crm.write("DELETE", {"leadId": AN.id})
    return len(await crm.get(leadId=AN.id)), len(await crm.get(phone=AN.phone)), len(await crm.get())


async def delete_by_query(crm: Crm) -> Any:
    by_body = (await crm.write("DELETE", {"leadId": 9002})).status_code
    return by_body, (await crm.http.delete("/contacts", params={"leadId": 9003})).status_code


async def bulk(crm: Crm) -> Any:
    rows = [new("A", "a"), {"name": ""}, new("B", "b")]
    answer = await crm.write("POST", rows, "/contacts/package")
    return answer.status_code, crm.sandbox.store.count("lead")


async def bulk_order(crm: Crm) -> Any:
    return (await crm.write("POST", [new("A", "a"), new("B", "b")], "/contacts/package")).json()["leadId"]


class Case(NamedTuple):
    switches: str
    play: Play
    by_default: Any
    switched: Any


LIMIT_2 = ["Xanh", "Mai"]
NEXT_2 = ["Tuấn", "an"]
PHONES = [{"type": "Work", "value": "0933444555"}]
AN_PHONES = [{"type": "Work", "value": AN.phone}]
NAMES = [AN.stage, AN.owner, AN.source, *AN.tags]

CASES = [
    Case("list_shape=object_data", shape_of_list, "list", "dict"),
    Case("one_shape=object", shape_of_one, "list", "record"),
    Case("one_shape=object_data", shape_of_one, "list", "data"),
    Case("none_shape=empty_object", shape_of_none, (200, []), (200, {})),
    Case("none_shape=404", shape_of_none, (200, []), (404, None)),
    Case("ids=strings", ids, (int, int), (str, str)),
    Case("type_gender=strings", gender_and_type, (2, 0), ("2", "0")),
    Case("empty_values=null", empty_values, ("", [], ""), (None, None, None)),
    Case("empty_values=missing", empty_values, ("", [], ""), ("gone", "gone", "gone")),
    Case("named=objects", named, (NAMES, "str"), (NAMES, "dict")),
    Case(
        "dates=epoch_ms",
        dates,
        ("2000-03-15T00:00:00.000Z", "2026-03-10T20:00:00.000Z"),
        (953078400000, 1773172800000),
    ),
    Case(
        "dates=long",
        dates,
        ("2000-03-15T00:00:00.000Z", "2026-03-10T20:00:00.000Z"),
        ("March 15, 2000", "March 10, 2026"),
    ),
    Case("extra_fields=on", extra, False, True),
    Case("page_base=0", page(page=1, limit=2), LIMIT_2, NEXT_2),
    Case("page_zero=empty", page(page=0, limit=2), LIMIT_2, []),
    Case("page_zero=400", page(page=0, limit=2), LIMIT_2, 400),
    Case("page_ignored=on", page(page=2, limit=2), NEXT_2, LIMIT_2),
    Case("limit_over=refuse", hits(limit=21), 7, 2),
    Case("fixed_page_size=3", hits(limit=5), 5, 3),
    Case("day_zone=vietnam", born_late_in_the_day, [["Mới Toanh"], []], [[], ["Mới Toanh"]]),
    Case("day_to=exclusive", born_late_in_the_day, [["Mới Toanh"], []], [[], []]),
    Case("filters_ignored=all", hits(phone="0", contactType="lead"), 0, 7),
    Case("filters_ignored=phone", hits(phone="0", contactType="lead"), 0, 5),
    Case("filters_ignored=email", hits(email="x@example.com"), 0, 7),
    Case("filters_ignored=leadId", hits(leadId=1), 0, 7),
    Case("filters_ignored=customerId", hits(customerId=1), 0, 7),
    Case("filters_ignored=contactType", hits(contactType="customer"), 2, 7),
    Case("filters_ignored=type", hits(type=1), 1, 7),
    Case("filters_ignored=dates", hits(createdAtf="2026-03-10"), 0, 7),
    Case("kinds_by_default=lead", hits(), 7, 5),
    Case("phone_match=digits", hits(phone="0987654321"), 0, 1),
    Case("put_arrays=merge", after_put("phones", PHONES), PHONES, AN_PHONES + PHONES),
    Case("put_unsent=clear", unsent, ("Chốt", AN.note, AN.name), ("Chốt", "", AN.name)),
    Case("put_clears_by=null", after_put("bgInfo", ""), "", AN.note),
    Case("put_clears_by=null", after_put("bgInfo", None), AN.note, ""),
    Case("put_clears_by=never", after_put("bgInfo", ""), "", AN.note),
    Case("put_clears_by=never", after_put("tags", []), [], list(AN.tags)),
    Case("post_known_code=update", post_twice(), (200, 7), (200, 6)),
    Case("post_known_code=refuse", post_twice(), (200, 7), (400, 6)),
    Case("post_known_phone=update", same_phone, (200, 7), (200, 6)),
    Case("post_known_phone=refuse", same_phone, (200, 7), (400, 6)),
    Case("refusals=success0", reply("POST", {}), (400, 0), (200, 0)),
    Case("refusals=html", reply("POST", {}), (400, 0), (400, "html")),
    Case("put_unknown=success0", reply("PUT", new()), (404, 0), (200, 0)),
    Case("put_unknown=html", reply("PUT", new()), (404, 0), (404, "html")),
    Case("put_unknown=empty_success", reply("PUT", new()), (404, 0), (200, 1)),
    Case("put_unknown=upsert", reply("PUT", {"leadId": 1, "name": "A"}), (404, 0), (404, 0)),
    Case("put_unknown=upsert", upserted, False, True),
    Case("delete_unknown=success0", reply("DELETE", {"leadId": 1}), (404, 0), (200, 0)),
    Case("delete_unknown=html", reply("DELETE", {"leadId": 1}), (404, 0), (404, "html")),
    Case("delete_unknown=empty_success", reply("DELETE", {"leadId": 1}), (404, 0), (200, 1)),
    Case("acknowledge_without_storing=on", stored, ([1, 1, 1], 7, "Chốt", "Chốt"), ([1, 1, 1], 7, None, "Mới")),
    Case("drop_fields=stage,tags", stored, ([1, 1, 1], 7, "Chốt", "Chốt"), ([1, 1, 1], 7, "", "Mới")),
    Case("delete=soft", deleted, (0, 1, 6), (1, 1, 6)),
    Case("delete_id_in=query", delete_by_query, (200, 400), (400, 200)),
    Case("bulk_bad_row=skip", bulk, (400, 5), (200, 7)),
    Case("bulk_ids=reversed", bulk_order, [9006, 9007], [9007, 9006]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.switches}-{case.by_default}")
async def test_switch(case: Case) -> None:
    answers: list[Any] = []
    for switches in (Switches(), Switches.parse([case.switches])):
        with Sandbox.open(people=7, switches=switches, clock=lambda: NOW) as sandbox:
            answers.append(await case.play(Crm(sandbox)))
    assert answers == [case.by_default, case.switched]


def test_every_switch_is_in_the_table() -> None:
    assert {case.switches.partition("=")[0] for case in CASES} == set(Switches.model_fields)


def test_every_switch_says_what_it_plays() -> None:
    assert all(field.description for field in Switches.model_fields.values())


async def test_switches_change_while_it_runs() -> None:
    with Sandbox.open(people=7) as sandbox:
        crm = Crm(sandbox)
        sandbox.switches.list_shape = "object_data"
        assert set(await crm.get()) == {"data"}
        sandbox.switches = Switches(fixed_page_size=1)
        assert len(await crm.get()) == 1
