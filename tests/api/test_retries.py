"""Reads are tried again, a bounded number of times and a bounded while."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.errors import CrmError, NotActed, RateLimited
from antcrm_tools.pace import Retry, read_retry_after
from antcrm_tools.refs import Ref
from tests.api.line import Time, client, record

FAR_FUTURE = "Mon, 03 Aug 99999999999999999999 02:00:04 GMT"
LEAD = Ref("lead", "1")
NOW = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)


class Server:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, status: int = 500, retry_after: str | None = None) -> None:
        self.failures = failures
        self.status = status
        self.headers = {} if retry_after is None else {"retry-after": retry_after}
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked > self.failures:
            return httpx.Response(200, json=[record(1)])
        if not self.status:
            raise httpx.ReadTimeout("", request=request)
        return httpx.Response(self.status, headers=self.headers)


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
async def test_two_failures_are_survived(status: int) -> None:
    server, time = Server(2, status), Time()
    async with client(server, time=time) as api:
        assert (await api.get(LEAD)).id == "1"
    assert server.asked == 3
    assert time.slept == pytest.approx([0.3, 0.6])


@pytest.mark.parametrize("status", [0, 429, 500, 503])
async def test_three_are_not(status: int) -> None:
    server, time = Server(3, status), Time()
    async with client(server, time=time) as api:
        with pytest.raises(NotActed):
            await api.get(LEAD)
    assert server.asked == 3
    assert len(time.slept) == 2, "nobody waits after the last attempt"


async def test_what_a_repeat_cannot_help_is_not_repeated() -> None:
    for status in (400, 401, 404, 302):
        server = Server(9, status)
        async with client(server) as api:
            with pytest.raises(CrmError):
                await api.get(LEAD)
        assert server.asked == 1


@pytest.mark.parametrize("header", ["4", "4.0", "Mon, 03 Aug 2026 02:00:04 GMT", "Mon, 03 Aug 2026 02:00:04 -0000"])
@pytest.mark.parametrize("status", [429, 503])
async def test_antcrm_says_when(header: str, status: int) -> None:
    server, time = Server(1, status, header), Time()
    async with client(server, time=time) as api:
        await api.get(LEAD)
    assert time.slept[0] == pytest.approx(4)


@pytest.mark.parametrize("header", ["soon", "-4", "", "1e9", "inf", "Mon, 99 Aug 2026 02:00:04 GMT", FAR_FUTURE])
async def test_nonsense_is_as_good_as_nothing(header: str) -> None:
    server, time = Server(1, 429, header), Time()
    async with client(server, time=time) as api:
        await api.get(LEAD)
    assert time.slept[0] == pytest.approx(0.3)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_longer_wait_than_the_budget_is_the_callers_to_make(status: int) -> None:
    server, time = Server(1, status, "21"), Time()
    async with client(server, time=time) as api:
        with pytest.raises(RateLimited) as caught:
            await api.get(LEAD)
        assert caught.value.retry_after == 21
        assert (server.asked, time.slept) == (1, [])
        # And as long as the wait lasts, a person is told at once, without a request.
        with pytest.raises(RateLimited) as caught:
            await api.get(LEAD)
        assert (server.asked, caught.value.retry_after) == (1, 21)
        time.now += 21
        await api.get(LEAD)


async def test_background_work_waits_out_what_a_person_does_not() -> None:
    server, time = Server(1, 429, "60"), Time()
    async with client(server, time=time) as api:
        with pytest.raises(RateLimited):
            await api.get(LEAD)
        await api.get(LEAD, background=True)
    assert sum(time.slept) == pytest.approx(60)


async def test_the_budget_counts_the_attempts_too() -> None:
    time = Time()

    def slow(request: httpx.Request) -> httpx.Response:
        time.now += 15
        raise httpx.ReadTimeout("", request=request)

    async with client(slow, time=time, attempts=9) as api:
        with pytest.raises(NotActed):
            await api.get(LEAD)
    # Started at 0 and 15.3; a third would start after 20.
    assert time.now == pytest.approx(1000 + 15 + 0.3 + 15)


@given(st.integers(1, 60), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1e6)))
def test_delays_stay_within_their_limits(failures: int, luck: float, asked: float | None) -> None:
    delay = Retry(random=lambda: luck).delay(failures, asked)
    assert (asked or 0) <= delay <= max(asked or 0, min(5.0, 0.3 * 2.0 ** (failures - 1)))


@given(st.text(max_size=40))
def test_any_header_is_read_or_left(header: str) -> None:
    seconds = read_retry_after(header, NOW)
    assert seconds is None or seconds >= 0


def test_a_date_that_has_passed_is_no_wait() -> None:
    assert read_retry_after("Mon, 03 Aug 2026 01:00:00 GMT", NOW) == 0
    assert read_retry_after(None, NOW) is None
