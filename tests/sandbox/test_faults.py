"""Faults meet the requests they should, and act or do not act as they say."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from antcrm_tools.sandbox import AN, Sandbox, serving

NEW = {"name": "Mới Toanh", "customerIdApiRing": "code-1"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(people=7) as opened:
        yield opened


@pytest.fixture
def http(sandbox: Sandbox) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=sandbox.app)
    return httpx.AsyncClient(transport=transport, base_url="http://crm", headers={"apikey": sandbox.api_key})


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen within 5 seconds")


async def post(http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/contacts", json=NEW)


async def test_a_fault_meets_its_method_once(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.fail(method="POST", status=503, retry_after=2, times=1)
    assert (await http.get("/contacts")).status_code == 200
    failed = await post(http)
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "2")
    assert failed.json() == {"success": 0, "message": "Service Unavailable"}
    assert sandbox.store.count() == 7
    assert (await post(http)).status_code == 200
    assert [r.acted for r in sandbox.requests if r.method == "POST"] == [False, True]


async def test_standing_later_and_by_path(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.fail(status=429, times=None, after=1, path="/contacts/package")
    statuses = [(await http.post("/contacts/package", json=[NEW])).status_code for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert (await post(http)).status_code == 200
    sandbox.faults.clear()
    assert len(sandbox.faults) == 0
    assert (await http.post("/contacts/package", json=[NEW])).status_code == 200


async def test_a_wrong_key_meets_no_fault(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.fail()
    assert (await http.get("/contacts", headers={"apikey": "x"})).status_code == 401
    assert len(sandbox.faults) == 1


@pytest.mark.parametrize("status", [200, 500, 502])
async def test_html(sandbox: Sandbox, http: httpx.AsyncClient, status: int) -> None:
    sandbox.faults.html("GET", status)
    answer = await http.get("/contacts")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("act", [False, True])
@pytest.mark.parametrize("kind", ["fail", "html", "cut"])
async def test_act_then_fail(sandbox: Sandbox, http: httpx.AsyncClient, kind: str, act: bool) -> None:
    getattr(sandbox.faults, kind)("POST", act=act)
    answer = await post(http)
    assert answer.status_code == {"fail": 500, "html": 502, "cut": 200}[kind]
    assert (sandbox.store.by_code("code-1") is not None) is act
    assert sandbox.requests[-1].acted is act


async def test_a_cut_read_is_the_real_answer_cut(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    whole = (await http.get("/contacts")).text
    sandbox.faults.cut("GET")
    short = (await http.get("/contacts")).text
    assert whole.startswith(short)
    with pytest.raises(json.JSONDecodeError):
        json.loads(short)


@pytest.mark.parametrize("act_first", [False, True])
async def test_slow(sandbox: Sandbox, http: httpx.AsyncClient, act_first: bool) -> None:
    sandbox.faults.slow(3600, "POST", act_first=act_first)
    task = asyncio.create_task(post(http))
    await until(lambda: bool(sandbox.requests) and len(sandbox.faults) == 0)
    task.cancel()
    await asyncio.wait([task])
    assert (sandbox.store.by_code("code-1") is not None) is act_first
    assert sandbox.requests[-1].status == 0


async def test_slow_answers_in_the_end(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.slow(0.001)
    assert (await post(http)).json()["success"] == 1
    assert sandbox.requests[-1].acted


async def test_act_late(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.act_late("PUT")
    sandbox.faults.act_late("POST", 500)
    edit: dict[str, Any] = {"leadId": AN.id, "tags": [], "stage": "Chốt"}
    assert (await http.put("/contacts", json=edit)).status_code == 504
    assert (await post(http)).status_code == 500
    assert [r.acted for r in sandbox.requests] == [False, False]
    assert sandbox.store.count() == 7

    assert await sandbox.act_pending() == 2
    assert sandbox.store.count() == 8
    assert [(r.acted, r.losses) for r in sandbox.requests] == [(True, ("tags",)), (True, ())]
    assert await sandbox.act_pending() == 0


async def test_a_late_write_meets_the_crm_as_it_is_then(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.act_late("PUT")
    await http.put("/contacts", json={"leadId": AN.id, "stage": "Chốt"})
    await http.request("DELETE", "/contacts", json={"leadId": AN.id})
    assert await sandbox.act_pending() == 0
    assert not sandbox.requests[0].acted


async def test_act_late_by_itself_when_served() -> None:
    with Sandbox.open(people=0) as sandbox:
        sandbox.faults.act_late("POST", delay=0.02)
        async with serving(sandbox) as base_url, httpx.AsyncClient(base_url=base_url) as http:
            answer = await http.post("/contacts", json=NEW, headers={"apikey": "sandbox"})
            assert answer.status_code == 504
            await until(lambda: sandbox.requests[0].acted)
        assert sandbox.store.count() == 1
        assert await sandbox.act_pending() == 0


async def test_closing_forgets_what_would_act_late() -> None:
    with Sandbox.open(people=0) as sandbox:
        sandbox.faults.act_late(delay=0.01)
        transport = httpx.ASGITransport(app=sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://crm") as http:
            await http.post("/contacts", json=NEW, headers={"apikey": "sandbox"})
    # A timer that still ran would write to a closed store, and the loop would report it.
    problems: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
    await asyncio.sleep(0.03)
    assert problems == []


@pytest.mark.parametrize(
    ("text", "status", "stored"),
    [
        ("POST=429", 429, 0),
        ("post = 500", 500, 0),
        ("*=503", 503, 0),
        ("POST=html", 502, 0),
        ("POST=act-500", 500, 1),
        ("POST=late:60", 504, 0),
        ("POST=slow:0.001", 200, 1),
        ("POST=cut", 200, 0),
        ("GET=500", 200, 1),
    ],
)
async def test_a_fault_in_words(text: str, status: int, stored: int, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.stand(text)
    for number in (1, 2):
        assert (await post(http)).status_code == status
        assert sandbox.store.count() == 7 + stored * number
    assert len(sandbox.faults) == 1


async def test_a_fault_in_words_may_be_counted(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.faults.stand("POST=500,times=2")
    assert [(await post(http)).status_code for _ in range(3)] == [500, 500, 200]


@pytest.mark.parametrize(
    "text",
    ["", "POST", "POST=", "POST=418", "PATCH=500", "POST=slow", "POST=slow:-1", "POST=500,times=0", "POST=500,x"],
)
def test_other_words_are_no_fault(text: str, sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="is not METHOD=KIND"):
        sandbox.faults.stand(text)
    assert len(sandbox.faults) == 0
