"""Questions that others may answer, where their cards stand, and bells: on both kinds of database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from antcrm_tools.ledger import bells
from antcrm_tools.ledger.approvals import Approvals
from antcrm_tools.ledger.bells import Bell, listening
from antcrm_tools.ledger.cards import AWAY, KEEP, Cards
from antcrm_tools.ledger.clock import LedgerClock
from antcrm_tools.ledger.schema import tickets
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.tickets import LedgerTickets
from antcrm_tools.outcomes import Actor, Dropped, Ticket
from antcrm_tools.registry import Preview
from antcrm_tools.text import msg
from antcrm_tools.tools import tool_named
from tests.fakes.clock import Clock

LAN = Actor("lan@antcrm.example", "mcp", "Claude @ laptop")
MINH = Actor("minh@antcrm.example", "telegram", "server")
SECONDS = 30.0
NO = Dropped("declined", msg("No."))


def on(store: Store, clock: Clock, crm: str = "one") -> tuple[LedgerTickets, Approvals, Cards]:
    kept = LedgerTickets(store, crm=crm, clock=clock, tools=tool_named)
    return kept, Approvals(store, crm, kept), Cards(store, crm, kept.now)


def ticket(name: str, clock: Clock, actor: Actor = LAN, ref: str = "L1") -> Ticket:
    preview = Preview(msg("Delete?"), msg("Delete"), msg("Keep"), "as shown")
    call = tool_named("delete_customer").call({"ref": ref})
    return Ticket(name, actor, call, preview, clock() + timedelta(minutes=10), clock() + timedelta(minutes=20))


async def test_a_question_is_offered_once_and_only_while_it_is_open(store: Store) -> None:
    clock = Clock()
    kept, approvals, _ = on(store, clock)
    await kept.put(ticket("a", clock))
    assert await approvals.get("a") is None
    assert list(await approvals.open()) == []
    assert await approvals.offer("a", "delete")
    assert not await approvals.offer("a", "delete")
    assert [(each.ticket.id, each.needs, each.state) for each in await approvals.open()] == [("a", "delete", "open")]
    assert await kept.take("a", MINH)
    assert list(await approvals.open()) == []
    assert not await approvals.offer("a", "delete")
    assert not await approvals.offer("nothing", "delete")


async def test_who_has_answered_is_known(store: Store, elsewhere: Store) -> None:
    clock = Clock()
    kept, approvals, _ = on(store, clock)
    await kept.put(ticket("a", clock))
    await approvals.offer("a", "delete")
    assert await kept.take("a", MINH)
    assert not await on(elsewhere, clock)[0].take("a", LAN)
    await kept.settle("a", NO)
    seen = await on(elsewhere, clock)[1].get("a")
    assert seen is not None
    assert seen.by is not None
    assert (seen.by.who, seen.by.face, seen.by.host) == (MINH.who, MINH.face, MINH.host)
    assert seen.outcome == NO


async def test_an_outcome_is_news_until_it_was_heard(store: Store) -> None:
    clock = Clock()
    kept, approvals, _ = on(store, clock)
    for name, actor, ref in (("a", LAN, "L1"), ("b", MINH, "L1"), ("c", LAN, "L2")):
        await kept.put(ticket(name, clock, actor, ref))
        await approvals.offer(name, "delete")
    for name in ("a", "b"):
        await kept.take(name, MINH)
        assert list(await approvals.unheard(LAN.who, LAN.face)) == [] or name == "b"
        await kept.settle(name, NO)
    assert [each.ticket.id for each in await approvals.unheard(LAN.who, LAN.face)] == ["a"]
    assert [each.ticket.id for each in await approvals.unheard(LAN.who, "telegram")] == []
    await approvals.heard(["a"])
    assert list(await approvals.unheard(LAN.who, LAN.face)) == []
    assert [each.ticket.id for each in await approvals.unheard(MINH.who, MINH.face)] == ["b"]
    found = await kept.get("a")
    assert found is not None
    assert found.heard


async def test_another_crm_sees_nothing_of_it(store: Store) -> None:
    clock = Clock()
    kept, approvals, cards = on(store, clock)
    await kept.put(ticket("a", clock))
    await approvals.offer("a", "delete")
    await cards.begin("a", "bot", [(42, LAN.who)])
    await cards.here("bot", "server")
    _, others, their_cards = on(store, clock, "two")
    assert list(await others.open()) == []
    assert await others.get("a") is None
    assert not await others.offer("a", "delete")
    await others.unreached("a")
    await others.heard(["a"])
    assert list(await their_cards.of("a")) == []
    assert list(await their_cards.standing("bot")) == []
    assert list(await their_cards.couriers()) == []
    await their_cards.note("a", "bot", 42, "closed")
    found = await approvals.get("a")
    assert found is not None
    assert (found.unreached, found.heard) == (False, False)
    assert [each.state for each in await cards.of("a")] == ["sending"]


async def test_where_cards_stand(store: Store) -> None:
    clock = Clock()
    _, _, cards = on(store, clock)
    await cards.begin("a", "bot", [(42, LAN.who), (43, MINH.who)])
    await cards.begin("a", "other", [(42, LAN.who)])
    await cards.note("a", "bot", 42, "shown", 700)
    await cards.note("a", "bot", 43, "failed")
    assert [(each.account, each.state, each.message) for each in await cards.of("a", "bot")] == [
        (42, "shown", 700),
        (43, "failed", None),
    ]
    assert [each.account for each in await cards.standing("bot")] == [42]
    assert len(await cards.of("a")) == 3
    await cards.note("a", "bot", 42, "closed")
    assert next(each.message for each in await cards.of("a", "bot")) == 700
    assert list(await cards.standing("bot")) == []
    clock.advance(seconds=KEEP.total_seconds() + 1)
    await cards.here("bot", "server")
    assert list(await cards.of("a")) == []


async def test_a_bot_is_counted_on_while_it_says_so(store: Store) -> None:
    clock = Clock()
    _, _, cards = on(store, clock)
    assert list(await cards.couriers()) == []
    assert await cards.last_seen() is None
    await cards.here("bot", "server")
    assert [(each.bot, each.host) for each in await cards.couriers()] == [("bot", "server")]
    clock.advance(seconds=AWAY.total_seconds() - 1)
    assert await cards.couriers()
    clock.advance(seconds=2)
    assert list(await cards.couriers()) == []
    assert await cards.last_seen() is not None
    await cards.here("bot", "another")
    assert [each.host for each in await cards.couriers()] == ["another"]
    await cards.gone("bot")
    assert list(await cards.couriers()) == []


@asynccontextmanager
async def never(monkeypatch: pytest.MonkeyPatch, store: Store) -> AsyncGenerator[Bell]:
    """A bell that only a notification can ring in time."""
    monkeypatch.setattr(bells, "_LOOK_ANYWAY_SECONDS", 1_000.0)
    async with listening(store, every=0.2) as bell:
        yield bell


async def test_a_bell_rings_in_another_process(store: Store, elsewhere: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Postgres at once; on a file whoever waits looks by themself."""
    clock = Clock()
    kept, approvals, _ = on(elsewhere, clock)
    await kept.put(ticket("a", clock))
    async with asyncio.timeout(SECONDS), never(monkeypatch, store) as bell:
        await bell.wait()  # it listens
        await approvals.offer("a", "delete")
        await bell.wait()
        await kept.take("a", MINH)
        await kept.settle("a", NO)
        await bell.wait()


async def test_a_bell_wakes_nobody_before_its_time_without_a_reason(store: Store) -> None:
    paused: list[float] = []
    never_set = asyncio.Event()

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        await never_set.wait()

    async with asyncio.timeout(SECONDS), listening(store, pause, every=10.0) as bell:
        bell.ring()
        await bell.wait(5)
        waiting = asyncio.create_task(bell.wait(0.01))
        done, _ = await asyncio.wait((waiting,), timeout=0.05)
        if not store.is_shared_by_machines:
            assert not done
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert paused[-1] == 0.01


async def test_who_has_heard_enough_leaves_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is there must not wait for the thread that listened for it."""
    for name in ("_READS_SECONDS", "_ENDS_SECONDS"):
        monkeypatch.setattr(bells, name, 1_000.0)
    async with asyncio.timeout(SECONDS):
        async with listening(store, every=0.2) as bell:
            await bell.wait()


async def test_a_line_that_breaks_is_made_anew(ledger_url: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, elsewhere = Store(ledger_url), Store(ledger_url)
    try:
        clock = Clock()
        kept, approvals, _ = on(elsewhere, clock)
        await kept.put(ticket("a", clock))
        monkeypatch.setattr(bells, "_LOOK_ANYWAY_SECONDS", 0.5)
        async with asyncio.timeout(SECONDS), listening(store, every=0.2) as bell:
            await bell.wait()
            if store.is_shared_by_machines:
                end = "select pg_terminate_backend(pid) from pg_stat_activity where left(query, 6) = 'listen'"
                await elsewhere.run(lambda connection: connection.exec_driver_sql(end) and None)
            for _ in range(3):
                await approvals.offer("a", "delete")
                await bell.wait()
    finally:
        await store.aclose()
        await elsewhere.aclose()


async def test_machines_with_wrong_clocks_agree_by_the_ledgers(ledger_url: str | Path) -> None:
    """One is an hour late and one a day ahead: a question lives ten minutes for both."""
    late, ahead = (Clock(datetime.now(UTC) + timedelta(hours=hours)) for hours in (-1, 24))
    one, two = (Store(ledger_url, keeps_time=True) for _ in range(2))
    try:
        asking, _, _ = on(one, late)
        answering, _, _ = on(two, ahead)
        apart = abs(await answering.now() - await asking.now())
        # A file is on one machine, which has one clock.
        assert (apart < timedelta(seconds=60)) is one.is_shared_by_machines
        if one.is_shared_by_machines:
            now = await asking.now()
            made = replace(ticket("a", late), expires=now + timedelta(minutes=10), keep_until=now + timedelta(hours=1))
            await asking.put(made)
            found = await answering.get("a")
            assert found is not None
            assert timedelta(minutes=8) < found.ticket.expires - await answering.now() < timedelta(minutes=12)
    finally:
        await one.aclose()
        await two.aclose()


async def test_a_clock_that_was_set_right_is_noticed(store: Store) -> None:
    elapsed = [0.0]
    clock = Clock()
    ahead = [timedelta(hours=1)]

    async def looked(_: object) -> timedelta:
        return ahead[0]

    store.ahead = looked  # pyright: ignore[reportAttributeAccessIssue]
    ledger_clock = LedgerClock(store, clock, monotonic=lambda: elapsed[0])
    assert ledger_clock.guess() == clock()
    assert await ledger_clock.now() == clock() + timedelta(hours=1)
    ahead[0] = timedelta()
    assert await ledger_clock.now() == clock() + timedelta(hours=1)
    elapsed[0] = 61.0
    assert await ledger_clock.now() == clock()
    assert ledger_clock.guess() == clock()


async def test_a_row_another_version_wrote_is_left_alone(store: Store) -> None:
    clock = Clock()
    kept, approvals, _ = on(store, clock)
    await kept.put(ticket("a", clock))
    await approvals.offer("a", "delete")
    spoiled = update(tickets).values(preview="{}")
    await store.run(lambda connection: connection.execute(spoiled) and None)
    assert list(await approvals.open()) == []
    assert await approvals.get("a") is None
