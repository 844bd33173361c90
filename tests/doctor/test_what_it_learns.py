"""What the doctor learns of an AntCRM by reading it: each open question of the API, played by the sandbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from antcrm_tools.doctor.asking import MOST
from antcrm_tools.doctor.check import Check
from antcrm_tools.doctor.crm import Crm, examine_crm
from antcrm_tools.learning import Learnt
from antcrm_tools.sandbox import Sandbox, Switches
from antcrm_tools.wire.dates import VIETNAM
from tests.api.line import client, on_sandbox, record
from tests.fakes.clock import Clock

FILTERS = frozenset(
    {
        "contactType",
        "type",
        "phone",
        "email",
        "leadId",
        "customerId",
        "createdAtf",
        "createdAtt",
        "updateAtf",
        "updateAtt",
    }
)
DAYS = frozenset({"createdAtf", "createdAtt", "updateAtf", "updateAtt"})
PEOPLE = 300
BOUND = 60.0


@dataclass(frozen=True)
class Seen:
    """What was learnt, by the names of the checks, and the AntCRM it was learnt of."""

    checks: dict[str, Check]
    crm: Crm
    sandbox: Sandbox

    def state(self, name: str) -> str:
        return self.checks[name].state

    def text(self, name: str) -> str:
        return self.checks[name].text.render("en")


async def looked_at(sandbox: Sandbox) -> Seen:
    """One examination, after which every promise about any of them was kept."""
    api = on_sandbox(sandbox)
    with anyio.fail_after(BOUND):
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    await api.aclose()
    assert len(sandbox.requests) == crm.requests <= MOST
    assert {request.method for request in sandbox.requests} == {"GET"}
    assert len({check.name for check in crm.checks}) == len(crm.checks)
    shown = "\n".join(f"{c.text.render('en')} {c.then.render('en') if c.then else ''}" for c in crm.checks)
    for row in (row for space in ("lead", "customer") for row in _rows(sandbox, space)):
        values = [row.fields["name"], *(each["value"] for each in (*row.fields["phones"], *row.fields["emails"]))]
        assert not [value for value in values if value in shown]
    assert all(check.then is not None for check in crm.checks if check.state in {"warning", "fault"})
    return Seen({check.name: check for check in crm.checks}, crm, sandbox)


def _rows(sandbox: Sandbox, space: str) -> list[Any]:
    from antcrm_tools.sandbox.store import Query

    return sandbox.store.select(Query(space=space, limit=PEOPLE))


@asynccontextmanager
async def seen(people: int = PEOPLE, **switches: Any) -> AsyncGenerator[Seen]:
    """An AntCRM that behaves so, and what was learnt of it."""
    with Sandbox.open(people=people, switches=Switches(**switches), clock=Clock()) as sandbox:
        yield await looked_at(sandbox)


CONFIGURED: dict[str, tuple[dict[str, Any], Learnt, dict[str, str]]] = {
    "page 0, Vietnam's days": (
        {"page_base": 0, "day_zone": "vietnam", "day_to": "exclusive", "phone_match": "digits"},
        Learnt(0, 20, "clamped", FILTERS),
        {
            "pages.first": "It is 0.",
            "days.zone": "At midnight in Vietnam.",
            "days.end": "It does not count; windows are asked for a day wider.",
            "phones.spelling": "It is found, with other spaces and dots.",
        },
    ),
    "limits refused, ids as text": (
        {"limit_over": "refuse", "ids": "strings", "dates": "epoch_ms", "refusals": "success0", "page_zero": "400"},
        Learnt(1, 20, "refused", FILTERS),
        {
            "pages.first": "It is 1.",
            "pages.above": "It is refused. None is ever sent.",
            "values.ids": 'Written as "9457".',
            "values.dates": "Written as 1767225600000.",
            "days.zone": "At midnight UTC, which is seven in Vietnam.",
            "days.end": "It counts.",
        },
    ),
    "objects, pages of seven, leads by default": (
        {
            "list_shape": "object_data",
            "one_shape": "object",
            "none_shape": "404",
            "named": "objects",
            "empty_values": "missing",
            "fixed_page_size": 7,
            "kinds_by_default": "lead",
        },
        Learnt(1, 7, "clamped", FILTERS),
        {
            "answers.list": "It comes as {data: […]}.",
            "answers.one": "It comes as {…}.",
            "answers.none": "It comes as 404.",
            "values.names": "Written as {_id, name}.",
            "values.empty": "Written as left out.",
            "pages.limit": "It is ignored: pages have a size of their own.",
            "kinds.default": "Only leads are in it. Each kind is asked for by itself.",
        },
    ),
    "every filter ignored": (
        {"filters_ignored": "all"},
        # Where `contactType` is ignored, `type` cannot be told.
        Learnt(1, 20, "clamped", frozenset(), FILTERS - {"type"}),
        {"answers.none": "Not known: no answer showed it.", "days.zone": "Not known: the filter does not work."},
    ),
    "pages and days ignored": (
        {"page_ignored": True, "filters_ignored": "dates", "empty_values": "null"},
        Learnt(None, None, None, FILTERS - DAYS, DAYS),
        {"pages.first": "AntCRM answers every page with the first one.", "values.empty": "Written as null."},
    ),
}


@pytest.mark.parametrize("configured", CONFIGURED)
async def test_differently_configured_ones(configured: str) -> None:
    switches, learnt, texts = CONFIGURED[configured]
    async with seen(**switches) as found:
        assert found.crm.learnt == learnt
        assert {name: found.text(name) for name in texts} == texts


async def test_one_as_we_think_it_likeliest_is_well() -> None:
    async with seen() as found:
        assert {check.state for check in found.crm.checks} <= {"ok", "unknown"}
        # Nobody was deleted, and an AntCRM without a web server before it says no time.
        assert [check.name for check in found.crm.checks if check.state == "unknown"] == ["clock", "deleted"]


@pytest.mark.parametrize("name", sorted(FILTERS - DAYS))
async def test_one_filter_that_is_ignored(name: str) -> None:
    async with seen(filters_ignored=name) as found:
        assert found.crm.learnt is not None
        assert found.crm.learnt.ignored == {name}
        assert found.state(f"filters.{name}") == ("warning" if name == "type" else "fault")


async def test_pages_or_days_can_be_done_without_but_not_both() -> None:
    async with seen(page_ignored=True) as found:
        assert found.state("pages.first") == "warning"
    async with seen(filters_ignored="dates") as found:
        assert {found.state(f"filters.{name}") for name in DAYS} == {"warning"}
    async with seen(page_ignored=True, filters_ignored="dates") as found:
        assert found.state("pages.first") == "fault"


@pytest.mark.parametrize("people", [0, 1, 2])
@pytest.mark.parametrize("base", [0, 1])
async def test_of_too_few_customers_nothing_is_guessed(people: int, base: int) -> None:
    async with seen(people, page_base=base) as found:
        assert found.crm.learnt is not None
        assert found.crm.learnt.page_size is None
        assert found.crm.learnt.ignored == frozenset()
        assert found.state("pages.size") == "unknown"
        assert found.text("pages.size").startswith("Not known: it needs at least 21 customers")
        if people == 0:
            assert found.crm.learnt == Learnt()
            assert found.text("filters.createdAtf").startswith("Not known: it needs at least 1 customer ")
        else:
            assert found.crm.learnt.page_base == base


@pytest.mark.parametrize(("switch", "state"), [("hard", "ok"), ("soft", "warning")])
async def test_deleted_customers(switch: str, state: str) -> None:
    with Sandbox.open(people=PEOPLE, switches=Switches.model_validate({"delete": switch}), clock=Clock()) as sandbox:
        leads = _rows(sandbox, "lead")
        sandbox.store.remove(leads[5], hard=switch == "hard")
        found = await looked_at(sandbox)
    assert found.state("deleted") == state


async def test_a_customer_of_another_page_is_no_deleted_one() -> None:
    """Numbers of leads that were brought in from elsewhere are in no order."""

    def answers(request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        leads = [record(n, createdAt=f"2026-01-{20 - n // 10:02}T05:00:00Z") for n in (40, 20, 10)]
        old = record(21, createdAt="2019-01-01T05:00:00Z")
        if "leadId" in asked:
            leads = [each for each in (*leads, old) if str(each["leadId"]) == asked["leadId"]]
        elif asked.get("page") not in {None, "1"} or asked.get("contactType") == "customer":
            leads = []
        return httpx.Response(200, json=leads)

    async with client(answers) as api:
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    (deleted,) = (check for check in crm.checks if check.name == "deleted")
    assert deleted.state == "unknown"


async def test_dates_without_an_hour_tell_nothing_of_zones() -> None:
    async with seen(dates="long") as found:
        assert found.text("values.dates") == "Written as January 1, 2026."
        assert found.state("days.zone") == found.state("days.end") == "unknown"


async def test_dates_that_cannot_be_read() -> None:
    async with client(lambda _: httpx.Response(200, json=[record(1, createdAt="hôm qua")])) as api:
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    (dates,) = (check for check in crm.checks if check.name == "values.dates")
    assert (dates.state, dates.text.render("en")) == ("warning", "1 cannot be read.")


@pytest.mark.parametrize(("minutes", "said"), [(-5, "5 minutes behind"), (0, ""), (1, ""), (5, "5 minutes ahead")])
async def test_clocks_that_differ(minutes: int, said: str) -> None:
    date = "Mon, 03 Aug 2026 02:00:00 GMT"
    clock = Clock()
    clock.advance(seconds=(datetime(2026, 8, 3, 2, minutes % 60, tzinfo=UTC) - clock()).total_seconds())
    if minutes < 0:
        clock.advance(hours=-1)
    async with client(lambda _: httpx.Response(200, json=[record(1)], headers={"date": date})) as api:
        crm = await examine_crm(api, clock, region="VN", zone=VIETNAM)
    (check,) = (check for check in crm.checks if check.name == "clock")
    assert check.state == ("warning" if said else "ok")
    assert said in check.text.render("en")


async def test_a_list_that_moves_teaches_nothing_about_pages() -> None:
    count = iter(range(1000, 100_000, 20))

    def answers(_: httpx.Request) -> httpx.Response:
        start = next(count)
        return httpx.Response(200, json=[record(n) for n in range(start, start + 20)])

    async with client(answers) as api:
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    (pages,) = (check for check in crm.checks if check.name == "pages.first")
    assert (pages.state, pages.text.render("en")) == ("unknown", "Not known: the list changed while it was looked at.")
    assert crm.learnt is not None
    assert crm.learnt.page_base is None


async def test_one_that_falls_silent_is_not_asked_for_ever() -> None:
    asked: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[record(1)]) if len(asked) == 1 else httpx.Response(500)

    async with client(answers) as api:
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    assert len(asked) == crm.requests == 4
    assert crm.learnt == Learnt()
    assert {check.state for check in crm.checks if check.name.startswith(("pages.", "filters.", "days."))} == {
        "unknown"
    }


WRONG: dict[str, tuple[httpx.Response, str]] = {
    "redirect": (httpx.Response(302, headers={"location": "https://elsewhere.example"}), "a redirect"),
    "web page": (httpx.Response(200, text="<html>Chị Lan 0912345678</html>"), "A web page was answered"),
    "other data": (httpx.Response(200, json={"name": "Chị Lan 0912345678"}), "The answer could not be read."),
    "refusal": (httpx.Response(400, json={"message": "Chị Lan 0912345678"}), "AntCRM refused it."),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_wrong_is_said_without_the_words_of_the_answer(what: str) -> None:
    answer, words = WRONG[what]
    async with client(lambda _: answer) as api:
        crm = await examine_crm(api, Clock(), region="VN", zone=VIETNAM)
    (check,) = (check for check in crm.checks if check.name == "answers")
    assert check.state == "fault"
    assert words in check.text.render("en")
    assert "Lan" not in check.text.render("en")
    assert crm.learnt is None
