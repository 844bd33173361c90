"""Which error each situation becomes, for reads and for writes: the table everything else relies on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
import httpx
import pytest
from pydantic import SecretStr

from antcrm_tools import api as api_module
from antcrm_tools.api import AntCrmApi
from antcrm_tools.errors import (
    BrokenRead,
    CrmError,
    MayHaveActed,
    NotActed,
    NotFound,
    RateLimited,
    Refused,
    Unauthorised,
    UnreadableAnswer,
)
from antcrm_tools.models import Draft, Edit, Query
from antcrm_tools.pace import Pace
from antcrm_tools.refs import Ref, require_ref
from antcrm_tools.sandbox import AN, Sandbox
from tests.api.line import KEY, client, record
from tests.fakes.faulty import Faulty

Outcome: TypeAlias = type[CrmError] | None
Situation: TypeAlias = Callable[[httpx.Request], httpx.Response]

LEAD = Ref("lead", "9457")
CALLS: dict[str, Callable[[AntCrmApi], Awaitable[object]]] = {
    "get": lambda api: api.get(LEAD),
    "page": lambda api: api.page(Query()),
    "create": lambda api: api.create(Draft(name="An", code="c-1")),
    "create_many": lambda api: api.create_many([Draft(name="An", code="c-1")]),
    "edit": lambda api: api.edit(LEAD, Edit(stage="Mới")),
    "delete": lambda api: api.delete(LEAD),
}
ELSEWHERE = "http://elsewhere.test/"
HTML = "<html><body><h1>Bad Gateway</h1></body></html>"


def raises(error: type[httpx.HTTPError]) -> Situation:
    def situation(request: httpx.Request) -> httpx.Response:
        raise error("with the key", request=request) if issubclass(error, httpx.RequestError) else error("")

    return situation


def answers(status: int, body: object = None, **headers: str) -> Situation:
    content = body if isinstance(body, str) else json.dumps(body)
    return lambda _: httpx.Response(status, text=content, headers=headers)


def broken_gzip(_: httpx.Request) -> httpx.Response:
    body = gzip.compress(b'{"success": 1, "leadId": 9457}')[:-9] + b"not the end"
    return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(body))


NO = {"success": 0, "message": "Stage is unknown"}

# situation → outcome of get, page, create and create_many, edit and delete
TABLE: dict[str, tuple[Situation, Outcome, Outcome, Outcome, Outcome]] = {
    "no connection": (raises(httpx.ConnectError), NotActed, NotActed, NotActed, NotActed),
    "no connection in time": (raises(httpx.ConnectTimeout), NotActed, NotActed, NotActed, NotActed),
    "no free connection": (raises(httpx.PoolTimeout), NotActed, NotActed, NotActed, NotActed),
    "the proxy refuses": (raises(httpx.ProxyError), NotActed, NotActed, NotActed, NotActed),
    "no answer in time": (raises(httpx.ReadTimeout), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "not sent in time": (raises(httpx.WriteTimeout), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "sending broke": (raises(httpx.WriteError), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "receiving broke": (raises(httpx.ReadError), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "hung up": (raises(httpx.RemoteProtocolError), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "our protocol error": (raises(httpx.LocalProtocolError), NotActed, NotActed, MayHaveActed, MayHaveActed),
    "broken gzip": (broken_gzip, NotActed, NotActed, MayHaveActed, MayHaveActed),
    "429": (answers(429), RateLimited, RateLimited, RateLimited, RateLimited),
    "401": (answers(401, NO), Unauthorised, Unauthorised, Unauthorised, Unauthorised),
    "403 HTML": (answers(403, HTML), Unauthorised, Unauthorised, Unauthorised, Unauthorised),
    "404": (answers(404, NO), NotFound, None, Refused, NotFound),
    "404 empty": (answers(404, ""), NotFound, None, Refused, NotFound),
    # Nothing lives at this address: to a read that is not "nobody has this phone".
    "404 HTML": (answers(404, HTML), UnreadableAnswer, UnreadableAnswer, Refused, NotFound),
    "400": (answers(400, NO), Refused, Refused, Refused, Refused),
    "400 HTML": (answers(400, HTML), Refused, Refused, Refused, Refused),
    "422": (answers(422, NO), Refused, Refused, Refused, Refused),
    "200, success 0": (answers(200, NO), Refused, Refused, Refused, Refused),
    "500": (answers(500, NO), BrokenRead, BrokenRead, MayHaveActed, MayHaveActed),
    "500 with an id": (answers(500, {"leadId": 9457}), BrokenRead, BrokenRead, MayHaveActed, MayHaveActed),
    "502 HTML": (answers(502, HTML), BrokenRead, BrokenRead, MayHaveActed, MayHaveActed),
    "503": (answers(503), BrokenRead, BrokenRead, MayHaveActed, MayHaveActed),
    "503, later": (answers(503, **{"retry-after": "1"}), RateLimited, RateLimited, MayHaveActed, MayHaveActed),
    "599": (answers(599), BrokenRead, BrokenRead, MayHaveActed, MayHaveActed),
    "200 HTML": (answers(200, HTML), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "200 cut": (answers(200, '[{"leadId": 9'), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "200 empty": (answers(200, ""), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "204": (answers(204, ""), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "200 null": (answers(200, None), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "302": (answers(302, location=ELSEWHERE), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "304": (answers(304, ""), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "307": (answers(307, location=ELSEWHERE), UnreadableAnswer, UnreadableAnswer, MayHaveActed, MayHaveActed),
    "nobody": (answers(200, []), NotFound, None, MayHaveActed, MayHaveActed),
    "an object": (answers(200, record(9457)), None, None, None, None),
    "success": (answers(200, {"success": 1, "leadId": 9457}), None, None, None, None),
    "201": (answers(201, {"success": 1, "leadId": 9457}), None, None, None, None),
    "no id": (answers(200, {"success": 1}), UnreadableAnswer, UnreadableAnswer, None, None),
}
COLUMN = {"get": 1, "page": 2, "create": 3, "create_many": 3, "edit": 4, "delete": 4}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("situation", TABLE)
async def test_table(situation: str, call: str) -> None:
    row = TABLE[situation]
    expected = row[COLUMN[call]]
    sent = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        assert request.url.host == "antcrm.test"
        return row[0](request)

    async with client(answer) as api:
        if expected is None:
            await CALLS[call](api)
        else:
            with pytest.raises(CrmError) as caught:
                await CALLS[call](api)
            assert type(caught.value) is expected
            # No error of ours has an httpx error behind it: that one holds the request, and the request the key.
            assert not isinstance(caught.value.__context__, httpx.HTTPError)
            assert not isinstance(caught.value.__cause__, httpx.HTTPError)
    if request_writes(call):
        assert sent == 1, "a write is never sent twice"


def request_writes(call: str) -> bool:
    return call not in {"get", "page"}


def test_every_error_of_httpx_is_in_the_table_or_below_one_that_is() -> None:
    named = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "ReadTimeout", "WriteTimeout", "WriteError"}
    named |= {"ReadError", "RemoteProtocolError", "LocalProtocolError", "DecodingError"}
    # Refused when the client is made; closing fails after the answer was read; redirects are not followed.
    named |= {"UnsupportedProtocol", "CloseError", "TooManyRedirects"}
    roots = {"TransportError", "TimeoutException", "NetworkError", "ProtocolError", "RequestError"}
    there = {
        name for name, value in vars(httpx).items() if isinstance(value, type) and issubclass(value, httpx.RequestError)
    }
    assert there == named | roots


@pytest.mark.parametrize("status", [400, 401, 404, 422])
@pytest.mark.parametrize("call", ["edit", "create"])
async def test_the_vendors_message_is_passed_on_as_data(call: str, status: int) -> None:
    async with client(answers(status, {"success": 0, "message": "Stage\nis unknown"})) as api:
        with pytest.raises(Refused) as caught:
            await CALLS[call](api)
    assert caught.value.vendor_message == "Stage is unknown"
    assert "Stage" not in str(caught.value)


@pytest.mark.parametrize("call", ["edit", "create", "page"])
async def test_no_html_in_a_refusal(call: str) -> None:
    async with client(answers(400, HTML)) as api:
        with pytest.raises(Refused) as caught:
            await CALLS[call](api)
    assert caught.value.vendor_message == ""
    assert "<" not in caught.value.render("en")


async def test_a_refused_write_carries_the_wait_antcrm_asked_for() -> None:
    async with client(answers(429, **{"retry-after": "7"})) as api:
        with pytest.raises(RateLimited) as caught:
            await CALLS["create"](api)
    assert caught.value.retry_after == 7


async def test_success_without_an_id_names_nobody() -> None:
    async with client(answers(200, {"success": 1})) as api:
        assert (await api.create(Draft(name="An", code="c"))).refs == ()


@pytest.mark.parametrize("count", [0, 101])
async def test_a_package_has_1_to_100_rows(count: int) -> None:
    async with client(answers(200, {"success": 1})) as api:
        with pytest.raises(ValueError, match="1 to 100 rows"):
            await api.create_many([Draft(name="An", code=str(n)) for n in range(count)])


async def test_an_app_that_breaks_is_a_server_error() -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError("a bug")

    api = AntCrmApi("http://antcrm.test", SecretStr(KEY), pace=Pace(1000), app=app)
    with pytest.raises(MayHaveActed):
        await api.create(Draft(name="An", code="c"))
    await api.aclose()


async def test_an_answer_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte may come in time, and the whole never; the clock for the whole is set to none at all here."""
    monkeypatch.setattr(api_module, "WHOLE_SECONDS", 0)

    async def never(_request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    async with client(httpx.MockTransport(never)) as api:
        with pytest.raises(MayHaveActed, match="in time"):
            await CALLS["create"](api)
        with pytest.raises(NotActed, match="in time"):
            await CALLS["get"](api)


LOSSES: dict[str, tuple[Callable[[Faulty], None], type[CrmError], bool]] = {
    "request": (lambda line: line.lose_request("POST"), NotActed, False),
    "connect time-out": (lambda line: line.lose_request("POST", how=httpx.ConnectTimeout), NotActed, False),
    "answer": (lambda line: line.lose_answer("POST"), MayHaveActed, True),
    "hung up": (lambda line: line.lose_answer("POST", how=httpx.RemoteProtocolError), MayHaveActed, True),
    "cut": (lambda line: line.cut_answer("POST"), MayHaveActed, True),
}


@pytest.mark.parametrize("what", LOSSES)
async def test_what_is_lost_on_the_way(what: str) -> None:
    """The classes say what the AntCRM on the other side really did."""
    lose, error, created = LOSSES[what]
    with Sandbox.open(people=0, api_key=KEY) as sandbox:
        line = Faulty(httpx.ASGITransport(app=sandbox.app))
        lose(line)
        async with client(line) as api:
            with pytest.raises(error):
                await api.create(Draft(name="An", code="c-1"))
            assert sandbox.store.count() == created
            assert line.asked["POST"] == 1
            assert line.passed["POST"] == created
            await api.create(Draft(name="Bình", code="c-2"))  # the rule is used up
        assert sandbox.store.count() == created + 1


async def test_against_the_sandbox() -> None:
    """Every method once, on an AntCRM that keeps what it is told."""
    with Sandbox.open(people=7, api_key=KEY) as sandbox:
        async with client(httpx.ASGITransport(app=sandbox.app)) as api:
            assert (await api.get(require_ref(AN.ref))).name == AN.name
            (new,) = (await api.create(Draft(name="Lê Na", code="c-1"))).refs
            await api.edit(new, Edit(name="Lê Nà"))
            assert (await api.get(new)).name == "Lê Nà"
            many = await api.create_many([Draft(name=f"Khách {n}", code=f"m-{n}", kind="account") for n in range(100)])
            assert len({ref for ref in many.refs if ref.space == "customer"}) == 100
            await api.delete(new)
            with pytest.raises(NotFound):
                await api.get(new)
            with pytest.raises(NotFound):
                await api.edit(new, Edit(name="Na"))
