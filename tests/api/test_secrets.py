"""The key is shown to AntCRM and to nobody else, and customers' phones are in no log."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.models import Query
from antcrm_tools.sandbox import HOA, Sandbox, serving
from tests.api.line import KEY, Time, client
from tests.api.test_outcomes import CALLS, TABLE, Situation


def everything_shown(error: BaseException) -> str:
    """All that a log, a report or a person could get to see of an error."""
    seen: list[str] = []
    one: BaseException | None = error
    while one is not None:
        seen += [repr(one), str(one), repr(vars(one)), *traceback.format_exception(one)]
        if isinstance(one, CrmError):
            seen += [one.render("en"), repr(one.what)]
        one = one.__cause__ or one.__context__
    return "\n".join(seen)


def repeating_the_key(body: str, status: int = 200) -> Situation:
    return lambda _: httpx.Response(status, text=body)


SITUATIONS: dict[str, Situation] = {name: row[0] for name, row in TABLE.items()} | {
    "a message that repeats it": repeating_the_key(f'{{"success": 0, "message": "bad key {KEY}"}}', 400),
    "success 0 that repeats it": repeating_the_key(f'{{"success": 0, "error": "bad key {KEY}"}}'),
    "an unreadable one that does": repeating_the_key(f"<html>{KEY}</html>"),
    "a shape that does": repeating_the_key(f'["{KEY}"]'),
    "a record that does": repeating_the_key(f'[{{"name": "{KEY}"}}]'),
    "a 404 that does": repeating_the_key(f"<html>{KEY}</html>", 404),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_no_error_shows_the_key(situation: str, call: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client(SITUATIONS[situation]) as api:
        assert KEY not in repr(api)
        try:
            await CALLS[call](api)
        except CrmError as error:
            assert KEY not in everything_shown(error)  # noqa: PT017  the same for whichever error it is
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["", "  ", "khoá-bí-mật", "two\nlines", "a b", "tab\tbed"])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        AntCrmApi("http://antcrm.test", SecretStr(key), pace=Time().pace())
    assert not key.strip() or key not in everything_shown(caught.value)


@pytest.mark.parametrize("url", ["", "apiring.antbuddy.com", "ftp://antcrm.test", "http://", "http://a:b"])
def test_what_cannot_be_an_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        AntCrmApi(url, SecretStr(KEY), pace=Time().pace())


async def test_a_key_with_a_line_break_behind_it_is_sent_without() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=[])

    async with client(answer, key=f" {KEY}\n") as api:
        await api.page(Query())
    assert sent[0].headers["apikey"] == KEY


async def test_no_log_shows_a_phone(caplog: pytest.LogCaptureFixture) -> None:
    """Over a real socket, at the most talkative level of every library on the way."""
    caplog.set_level(logging.DEBUG)
    with Sandbox.open(people=7, api_key=KEY) as sandbox:
        async with serving(sandbox) as url:
            api = AntCrmApi(url, SecretStr(KEY), pace=Time().pace())
            try:
                page = await api.page(Query(space="lead", phone=HOA.phone))
            finally:
                await api.aclose()
    assert [c.name for c in page.customers] == [HOA.name]
    assert f"GET {url}/contacts " in caplog.text, "the request itself is still logged"
    assert HOA.phone not in caplog.text
    assert HOA.name not in caplog.text
    assert KEY not in caplog.text


async def test_other_logs_of_httpx_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http:
        await http.get("http://elsewhere.test/search?q=1")
    assert "/search?q=1" in caplog.text
