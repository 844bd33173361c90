from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from antcrm_tools.ledger.tickets import KEEP, MemoryTickets, TicketState
from antcrm_tools.outcomes import Actor, Dropped, Settled, Ticket
from antcrm_tools.registry import Preview
from antcrm_tools.text import msg
from antcrm_tools.tools import tool_named
from tests.fakes.clock import Clock

T = TypeVar("T")

LIFE = timedelta(minutes=2)
LAN = Actor("lan@antcrm.example", "terminal")
BOUND = 30.0
"""Seconds no wait in here comes near, unless something is broken."""


def ticket(ticket_id: str, now: datetime, *, actor: Actor = LAN, ref: str = "L1") -> Ticket:
    call = tool_named("delete_customer").call({"ref": ref})
    preview = Preview(msg("/start"), msg("/start"), msg("/start"), "shown")
    return Ticket(ticket_id, actor, call, preview, now + LIFE, now + KEEP)


def outcome(number: int = 0) -> Settled:
    return Dropped("declined", msg("{number}", number=number))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(clock: Clock) -> MemoryTickets:
    return MemoryTickets(clock)


async def test_of_any_number_of_takers_one_wins(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    async with asyncio.timeout(BOUND):
        taken = await asyncio.gather(*(tickets.take("a") for _ in range(50)))
    assert taken.count(True) == 1
    assert not await tickets.take("a")
    await tickets.settle("a", outcome())
    assert not await tickets.take("a")


async def test_what_is_not_there_cannot_be_taken(tickets: MemoryTickets) -> None:
    assert not await tickets.take("nobody's")
    assert await tickets.get("nobody's") is None
    assert await tickets.settled("nobody's", BOUND) is None
    assert await tickets.latest(("lan@antcrm.example", "terminal"), "delete_customer", "{}") is None


async def test_the_same_question_is_asked_once(tickets: MemoryTickets, clock: Clock) -> None:
    first = await tickets.put(ticket("a", clock()))
    async with asyncio.timeout(BOUND):
        others = await asyncio.gather(*(tickets.put(ticket(f"b{i}", clock())) for i in range(9)))
    assert {shared.id for shared in others} == {first.id}
    assert await tickets.get("b0") is None


@pytest.mark.parametrize(
    "other",
    [
        {"actor": Actor("minh@antcrm.example", "terminal")},
        {"actor": Actor("lan@antcrm.example", "mcp")},
        {"ref": "C1"},
    ],
)
async def test_another_persons_faces_or_calls_question_is_another(
    other: dict[str, Actor | str], tickets: MemoryTickets, clock: Clock
) -> None:
    await tickets.put(ticket("a", clock()))
    actor, ref = other.get("actor", LAN), other.get("ref", "L1")
    assert isinstance(actor, Actor)
    assert isinstance(ref, str)
    assert (await tickets.put(ticket("b", clock(), actor=actor, ref=ref))).id == "b"


async def test_a_host_is_no_other_person(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    elsewhere = Actor(LAN.who, LAN.face, host="other")
    assert (await tickets.put(ticket("b", clock(), actor=elsewhere))).id == "a"


async def test_an_expired_question_is_not_shared(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    clock.advance(seconds=LIFE.total_seconds() - 1)
    assert (await tickets.put(ticket("b", clock()))).id == "a"
    clock.advance(seconds=1)
    assert (await tickets.put(ticket("b", clock()))).id == "b"
    # The person who answers the old one is told that it is too late: it is still known.
    assert await tickets.get("a") is not None


async def test_an_outcome_is_handed_out_while_it_is_kept(tickets: MemoryTickets, clock: Clock) -> None:
    kept = ticket("a", clock())
    key = (kept.actor.who, kept.actor.face)
    await tickets.put(kept)
    await tickets.take("a")
    await tickets.settle("a", outcome(7))
    clock.advance(seconds=KEEP.total_seconds() - 1)
    latest = await tickets.latest(key, "delete_customer", kept.call.canonical)
    assert latest is not None
    assert latest.outcome == outcome(7)
    clock.advance(seconds=1)
    assert await tickets.latest(key, "delete_customer", kept.call.canonical) is None


async def test_an_outcome_is_kept_from_settling_and_not_from_asking(tickets: MemoryTickets, clock: Clock) -> None:
    kept = ticket("a", clock())
    key = (kept.actor.who, kept.actor.face)
    await tickets.put(kept)
    await tickets.take("a")
    clock.advance(days=1)
    running = await tickets.latest(key, "delete_customer", kept.call.canonical)
    assert running is not None
    assert running.state == "taken"
    await tickets.settle("a", outcome(7))
    clock.advance(seconds=KEEP.total_seconds() - 1)
    await tickets.put(ticket("b", clock(), ref="C9"))
    latest = await tickets.latest(key, "delete_customer", kept.call.canonical)
    assert latest is not None
    assert latest.outcome == outcome(7)
    clock.advance(seconds=1)
    assert await tickets.latest(key, "delete_customer", kept.call.canonical) is None
    await tickets.put(ticket("c", clock(), ref="C8"))
    assert await tickets.get("a") is None


async def test_who_waits_gets_the_outcome(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
        waiting = [group.create_task(tickets.settled("a", BOUND)) for _ in range(5)]
        await asyncio.sleep(0)  # lets them begin to wait
        assert not any(task.done() for task in waiting)
        await tickets.settle("a", outcome(7))
    assert [task.result() for task in waiting] == [outcome(7)] * 5
    assert await tickets.settled("a", 0) == outcome(7)


async def test_who_waits_does_not_wait_for_ever(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    assert await tickets.settled("a", 0) is None
    await tickets.take("a")
    assert await tickets.settled("a", 0) is None


async def test_who_waits_gets_the_outcome_even_if_it_is_forgotten_meanwhile(
    tickets: MemoryTickets, clock: Clock
) -> None:
    await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
        waiting = group.create_task(tickets.settled("a", BOUND))
        await asyncio.sleep(0)
        await tickets.settle("a", outcome(7))
        clock.advance(days=1)
        await tickets.put(ticket("b", clock(), ref="C9"))
    assert waiting.result() == outcome(7)
    assert await tickets.get("a") is None


async def test_memory_does_not_grow_for_ever(tickets: MemoryTickets, clock: Clock) -> None:
    count = 500
    for number in range(count):
        await tickets.put(ticket(f"t{number}", clock(), ref=f"L{number}"))
        clock.advance(minutes=1)
    known = [number for number in range(count) if await tickets.get(f"t{number}") is not None]
    assert known == list(range(count - 10, count))


async def test_what_is_under_way_is_not_forgotten(tickets: MemoryTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    clock.advance(days=1)
    await tickets.put(ticket("b", clock(), ref="C9"))
    await tickets.settle("a", outcome(7))
    assert await tickets.settled("a", 0) == outcome(7)


@dataclass
class Known:
    """What we expect of one ticket."""

    ticket: Ticket
    keep_until: datetime
    state: TicketState = "open"
    outcome: Settled | None = None


class Interleavings(RuleBasedStateMachine):
    """Any order of asking, answering, settling and time passing, against a model that is plain to see."""

    ids = Bundle("ids")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.tickets = MemoryTickets(self.clock)
        self.known: dict[str, Known] = {}
        self.forgotten: set[str] = set()

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    @rule(target=ids, who=st.sampled_from(["lan", "minh"]), ref=st.sampled_from(["L1", "C1"]))
    def ask(self, who: str, ref: str) -> str:
        now = self.clock()
        asked = ticket(f"t{len(self.known)}", now, actor=Actor(who, "mcp"), ref=ref)
        shared = [
            k.ticket
            for k in self.known.values()
            if k.state == "open" and k.ticket.expires > now and self.key(k.ticket) == self.key(asked)
        ]
        kept = self.run(self.tickets.put(asked))
        # Asking is also when what nobody needs any more is forgotten.
        self.forgotten |= {i for i, k in self.known.items() if k.state != "taken" and k.keep_until <= now}
        assert kept == (shared[0] if shared else asked)
        self.known.setdefault(kept.id, Known(kept, kept.keep_until))
        return kept.id

    @rule(ticket_id=ids, takers=st.integers(1, 4))
    def answer(self, ticket_id: str, takers: int) -> None:
        async def together() -> list[bool]:
            return list(await asyncio.gather(*(self.tickets.take(ticket_id) for _ in range(takers))))

        winners = self.run(together()).count(True)
        assert winners == (1 if ticket_id not in self.forgotten and self.known[ticket_id].state == "open" else 0)
        if winners:
            self.known[ticket_id].state = "taken"

    @rule(ticket_id=ids, number=st.integers())
    def settle(self, ticket_id: str, number: int) -> None:
        if self.known[ticket_id].state != "taken":
            return
        self.run(self.tickets.settle(ticket_id, outcome(number)))
        known = self.known[ticket_id]
        known.state, known.outcome = "settled", outcome(number)
        known.keep_until = max(known.keep_until, self.clock() + KEEP)

    @rule(seconds=st.sampled_from([1, 119, 120, 300, 599, 600, 3600]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        if not hasattr(self, "known"):
            return
        for ticket_id, known in self.known.items():
            status = self.run(self.tickets.get(ticket_id))
            if ticket_id in self.forgotten:
                assert status is None
            else:
                assert status is not None
                assert (status.state, status.outcome) == (known.state, known.outcome)
                assert self.run(self.tickets.settled(ticket_id, 0)) == known.outcome

    @staticmethod
    def key(asked: Ticket) -> tuple[str, str]:
        return asked.actor.who, asked.call.canonical

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
