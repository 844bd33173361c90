"""A client that begins with what earlier ones found out: fewer requests, and no wrong list where it is out of date."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import anyio
import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi
from antcrm_tools.errors import LedgerBroken, PagingBroken
from antcrm_tools.learning import NOTHING_KNOWN, Learnt, Remembering
from antcrm_tools.models import Query
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.switches import Switches
from antcrm_tools.text import msg
from tests.api.line import URL, Time, walked
from tests.api.test_paging import COMBINATIONS, PHONE, Base, filled, name_of, pages

# Pages of one record each would prove no more with forty-five than with twenty-one, and take their time.
CASES = [
    (count, switches)
    for count, switches in itertools.product((1, 20, 21, 45), COMBINATIONS)
    if switches.fixed_page_size != 1 or count <= 21
]
FAR = date(2100, 1, 1)
BOUND = 10.0


@dataclass
class Notes:
    """What is known, and what it was corrected to."""

    known: Learnt
    corrected: list[int] = field(default_factory=list[int])
    asked: int = 0

    async def recall(self) -> Learnt:
        self.asked += 1
        return self.known

    async def correct(self, page_base: int) -> None:
        self.corrected.append(page_base)


@asynccontextmanager
async def beginning_with(sandbox: Sandbox, notes: Notes | None) -> AsyncGenerator[AntCrmApi]:
    """A fresh client, and an empty log of its requests."""
    time = Time()
    key = SecretStr(sandbox.api_key)
    api = AntCrmApi(URL, key, pace=time.pace(), app=sandbox.app, retry=time.retry(), memory=notes)
    sandbox.clear_log()
    yield api
    await api.aclose()


async def requests_for(sandbox: Sandbox, notes: Notes | None, query: Query, number: int) -> int:
    """How many a fresh client needs for one page."""
    async with beginning_with(sandbox, notes) as api:
        await api.page(query, number)
    return len(sandbox.requests)


@pytest.mark.parametrize(("base", "without", "with_it"), [(1, 4, 3), (0, 3, 2)])
async def test_a_second_page_takes_fewer_requests(base: Base, without: int, with_it: int) -> None:
    async with filled(45, Switches(page_base=base)) as (sandbox, _):
        assert await requests_for(sandbox, None, Query(), 1) == without
        assert await requests_for(sandbox, Notes(Learnt(page_base=base)), Query(), 1) == with_it


@pytest.mark.parametrize(("base", "without"), [(1, 4), (0, 3)])
async def test_a_short_list_takes_one_request(base: Base, without: int) -> None:
    async with filled(3, Switches(page_base=base)) as (sandbox, _):
        assert await requests_for(sandbox, None, Query(), 0) == without
        assert await requests_for(sandbox, Notes(Learnt(page_base=base, page_size=20)), Query(), 0) == 1


async def test_it_is_looked_up_once_and_only_when_it_is_needed() -> None:
    async with filled(45) as (sandbox, _):
        notes = Notes(Learnt(page_base=1, page_size=20))
        async with beginning_with(sandbox, notes) as api:
            await api.page(Query())
            assert notes.asked == 0
            for _ in range(3):
                await walked(api)
        assert notes.asked == 1
        assert notes.corrected == []


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("size", [None, 20])
@pytest.mark.parametrize(("count", "switches"), CASES, ids=name_of)
async def test_every_record_exactly_once_whatever_is_remembered(
    count: int, switches: Switches, size: int | None, base: Base
) -> None:
    """Half of what is remembered here is out of date."""
    async with filled(count, switches) as (sandbox, _):
        for query in (Query(phone=PHONE), Query()):
            async with beginning_with(sandbox, Notes(Learnt(page_base=base, page_size=size))) as api:
                ids = [customer.id for customer in await walked(api, query)]
                assert sorted(ids) == sorted({str(n) for n in range(9001, 9001 + count)})
            async with beginning_with(sandbox, Notes(Learnt(page_base=base, page_size=size))) as api:
                ids = [c.id for page in await pages(api, query) for c in page]
                assert sorted(ids) == sorted({str(n) for n in range(9001, 9001 + count)})


@pytest.mark.parametrize("now", [0, 1])
async def test_what_is_out_of_date_is_found_out_anew_and_corrected(now: Base) -> None:
    async with filled(45, Switches(page_base=now)) as (sandbox, _):
        notes = Notes(Learnt(page_base=1 - now, page_size=20))
        async with beginning_with(sandbox, notes) as api:
            assert len(await walked(api)) == 45
            assert len(await walked(api)) == 45
        assert notes.corrected == [now]


@pytest.mark.parametrize("base", [0, 1])
async def test_an_ignored_page_number_is_an_error_still(base: Base) -> None:
    async with filled(45, Switches(page_ignored=True)) as (sandbox, _):
        notes = Notes(Learnt(page_base=base, page_size=20))
        async with beginning_with(sandbox, notes) as api:
            with pytest.raises(PagingBroken):
                await walked(api)
        assert notes.corrected == []


async def test_an_empty_list_contradicts_nothing() -> None:
    async with filled(45) as (sandbox, _):
        notes = Notes(Learnt(page_base=1, page_size=20))
        async with beginning_with(sandbox, notes) as api:
            assert (await api.page(Query(created_from=FAR), 1)).customers == ()
            assert len(await walked(api)) == 45
        assert notes.corrected == []


class Broken:
    """A ledger that cannot be used."""

    async def read(self) -> Learnt:
        raise LedgerBroken(msg("It cannot be read."))

    async def correct(self, page_base: int) -> None:
        raise LedgerBroken(msg("{base} cannot be written.", base=page_base))


class Hanging:
    """A ledger that does not answer."""

    async def read(self) -> Learnt:
        await anyio.sleep_forever()
        raise AssertionError

    async def correct(self, page_base: int) -> None:
        await anyio.sleep_forever()
        raise AssertionError(page_base)


@pytest.mark.parametrize("kept", [Broken(), Hanging()], ids=lambda kept: type(kept).__name__)
async def test_a_ledger_that_does_not_work_is_as_if_nothing_were_known(
    kept: Broken | Hanging, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    memory = Remembering(lambda: kept, patience=0.01)
    with anyio.fail_after(BOUND):
        assert await memory.recall() == NOTHING_KNOWN
        await memory.correct(1)
    assert caplog.text.count("ledger_broken") == (2 if isinstance(kept, Broken) else 0)


def test_what_was_not_found_out_this_time_stays() -> None:
    known = Learnt(1, 20, "clamped", frozenset({"phone", "type"}), frozenset({"email"}))
    assert known.then(NOTHING_KNOWN) == known
    assert known.then(Learnt(page_base=0)) == Learnt(0, None, None, known.honoured, known.ignored)
    found = known.then(Learnt(honoured=frozenset({"email"}), ignored=frozenset({"type"})))
    assert (found.honoured, found.ignored) == (frozenset({"phone", "email"}), frozenset({"type"}))


def test_what_is_not_as_it_was_is_named() -> None:
    known = Learnt(1, 20, "clamped", frozenset({"phone", "type"}), frozenset({"email"}))
    assert known.contradicted_by(known) == ()
    assert known.contradicted_by(NOTHING_KNOWN) == ()
    other = Learnt(0, 7, "refused", frozenset({"email"}), frozenset({"phone"}))
    assert known.contradicted_by(other) == ("email", "limit", "page", "phone")
