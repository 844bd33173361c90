from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from antcrm_tools.errors import BadInput, LedgerBroken, MayHaveActed
from antcrm_tools.ledger.schema import tickets as table
from antcrm_tools.ledger.store import IN_MEMORY, Store
from antcrm_tools.ledger.ticket import TicketState
from antcrm_tools.ledger.ticket_rows import UNSETTLED
from antcrm_tools.ledger.tickets import ALIVE, KEEP, LedgerTickets
from antcrm_tools.outcomes import Actor, Dropped, Settled, Ticket, Unsure
from antcrm_tools.registry import Preview, Tool
from antcrm_tools.text import msg, verbatim
from antcrm_tools.tools import tool_named
from tests.fakes.clock import Clock
from tests.fakes.ledgers import new_database

T = TypeVar("T")

LIFE = timedelta(minutes=2)
LAN = Actor("lan@antcrm.example", "terminal")
HERS = (LAN.who, LAN.face)
BOUND = 30.0
"""Seconds no wait in here comes near, unless something is broken."""

Process = Callable[..., LedgerTickets]


def ticket(ticket_id: str, now: datetime, *, actor: Actor = LAN, ref: str = "L1") -> Ticket:
    call = tool_named("delete_customer").call({"ref": ref})
    preview = Preview(msg("/start"), msg("/start"), msg("/start"), "shown", (verbatim("Nguyễn Văn An"),))
    return Ticket(ticket_id, actor, call, preview, now + LIFE, now + KEEP, "said by Lan")


def outcome(number: int = 0) -> Settled:
    return Dropped("declined", msg("{number}", number=number))


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def process(ledger_url: str | Path, clock: Clock) -> AsyncGenerator[Process]:
    """Another process on the same database, each time it is called."""
    async with AsyncExitStack() as stack:

        def make(
            crm: str = "crm",
            tools: Callable[[str], Tool[Any, Any]] = tool_named,
            store: Store | None = None,
            pause: Callable[[float], Awaitable[None]] = no_pause,
        ) -> LedgerTickets:
            if store is None:
                store = Store(ledger_url)
                stack.push_async_callback(store.aclose)
            return LedgerTickets(store, crm=crm, clock=clock, tools=tools, pause=pause)

        yield make


@pytest.fixture
def tickets(process: Process, store: Store) -> LedgerTickets:
    return process(store=store)


async def under_way(tickets: LedgerTickets, canonical: str) -> TicketState | None:
    status = await tickets.latest(HERS, "delete_customer", canonical)
    return None if status is None else status.state


async def test_of_any_number_of_takers_one_wins(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    async with asyncio.timeout(BOUND):
        taken = await asyncio.gather(*(tickets.take("a") for _ in range(50)))
    assert taken.count(True) == 1
    assert not await tickets.take("a")
    await tickets.settle("a", outcome())
    assert not await tickets.take("a")


async def test_what_is_not_there_cannot_be_taken(tickets: LedgerTickets) -> None:
    assert not await tickets.take("nobody's")
    assert await tickets.get("nobody's") is None
    assert await tickets.settled("nobody's", BOUND) is None
    assert await tickets.latest(("lan@antcrm.example", "terminal"), "delete_customer", "{}") is None


async def test_the_same_question_is_asked_once(tickets: LedgerTickets, clock: Clock) -> None:
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
    other: dict[str, Actor | str], tickets: LedgerTickets, clock: Clock
) -> None:
    await tickets.put(ticket("a", clock()))
    actor, ref = other.get("actor", LAN), other.get("ref", "L1")
    assert isinstance(actor, Actor)
    assert isinstance(ref, str)
    assert (await tickets.put(ticket("b", clock(), actor=actor, ref=ref))).id == "b"


async def test_a_host_is_no_other_person(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    elsewhere = Actor(LAN.who, LAN.face, host="other")
    assert (await tickets.put(ticket("b", clock(), actor=elsewhere))).id == "a"


async def test_an_expired_question_is_not_shared(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    clock.advance(seconds=LIFE.total_seconds() - 1)
    assert (await tickets.put(ticket("b", clock()))).id == "a"
    clock.advance(seconds=1)
    assert (await tickets.put(ticket("b", clock()))).id == "b"
    # The person who answers the old one is told that it is too late: it is still known.
    assert await tickets.get("a") is not None


async def test_an_outcome_is_handed_out_while_it_is_kept(tickets: LedgerTickets, clock: Clock) -> None:
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


async def test_an_outcome_is_kept_from_settling_and_not_from_asking(tickets: LedgerTickets, clock: Clock) -> None:
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


async def test_who_waits_gets_the_outcome(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
        waiting = [group.create_task(tickets.settled("a", BOUND)) for _ in range(5)]
        await asyncio.sleep(0)  # lets them begin to wait
        assert not any(task.done() for task in waiting)
        await tickets.settle("a", outcome(7))
    assert [task.result() for task in waiting] == [outcome(7)] * 5
    assert await tickets.settled("a", 0) == outcome(7)


async def test_who_waits_does_not_wait_for_ever(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    assert await tickets.settled("a", 0) is None
    await tickets.take("a")
    assert await tickets.settled("a", 0) is None


async def test_who_waits_gets_the_outcome_even_if_it_is_forgotten_meanwhile(
    tickets: LedgerTickets, clock: Clock
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


async def test_the_ledger_does_not_grow_for_ever(tickets: LedgerTickets, clock: Clock) -> None:
    count = 30
    for number in range(count):
        await tickets.put(ticket(f"t{number}", clock(), ref=f"L{number}"))
        clock.advance(minutes=1)
    known = [number for number in range(count) if await tickets.get(f"t{number}") is not None]
    assert known == list(range(count - 10, count))


async def test_what_is_under_way_is_not_forgotten(tickets: LedgerTickets, clock: Clock) -> None:
    await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    clock.advance(days=1)
    await tickets.put(ticket("b", clock(), ref="C9"))
    await tickets.settle("a", outcome(7))
    assert await tickets.settled("a", 0) == outcome(7)


async def test_all_of_a_ticket_is_kept(tickets: LedgerTickets, clock: Clock) -> None:
    actor = Actor("minh@antcrm.example", "mcp", "Claude Code", frozenset({"read", "delete"}))
    kept = ticket("a", clock(), actor=actor)
    assert await tickets.put(kept) == kept
    for status in (
        await tickets.get("a"),
        await tickets.latest((actor.who, actor.face), "delete_customer", kept.call.canonical),
    ):
        assert status is not None
        assert (status.ticket, status.state, status.outcome) == (kept, "open", None)
    nobody = Actor("nobody@antcrm.example", "mcp", scopes=frozenset())
    await tickets.put(ticket("b", clock(), actor=nobody))
    found = await tickets.get("b")
    assert found is not None
    assert found.ticket.actor == nobody


async def test_the_newest_is_told_from_one_of_the_same_moment(tickets: LedgerTickets, clock: Clock) -> None:
    canonical = ticket("", clock()).call.canonical
    for number in range(5):
        await tickets.put(ticket(f"{9 - number}", clock()))
        await tickets.take(f"{9 - number}")
        await tickets.settle(f"{9 - number}", outcome(number))
        latest = await tickets.latest(HERS, "delete_customer", canonical)
        assert latest is not None
        assert latest.outcome == outcome(number)


async def test_of_takers_in_two_processes_one_wins(process: Process, clock: Clock) -> None:
    both = [process(), process()]
    await both[0].put(ticket("a", clock()))
    async with asyncio.timeout(BOUND):
        taken = await asyncio.gather(*(both[number % 2].take("a") for number in range(50)))
    assert taken.count(True) == 1
    assert [await each.take("a") for each in both] == [False, False]


async def test_two_processes_that_ask_at_once_ask_once(process: Process, clock: Clock) -> None:
    both = [process(), process()]
    async with asyncio.timeout(BOUND):
        asked = await asyncio.gather(*(both[number % 2].put(ticket(f"{number}", clock())) for number in range(20)))
    assert len({shared.id for shared in asked}) == 1
    known = [number for number in range(20) if await both[0].get(f"{number}") is not None]
    assert [f"{number}" for number in known] == [asked[0].id]


async def test_a_question_outlives_the_process_that_asked(
    process: Process, ledger_url: str | Path, clock: Clock
) -> None:
    store = Store(ledger_url)
    kept = await process(store=store).put(ticket("a", clock()))
    await store.aclose()
    later = process()
    status = await later.get("a")
    assert status is not None
    assert (status.ticket, status.state) == (kept, "open")
    assert (await later.put(ticket("b", clock()))) == kept
    assert await later.take("a")
    await later.settle("a", outcome(7))
    assert await process().settled("a", 0) == outcome(7)


async def test_what_a_killed_process_took_is_not_under_way_for_ever(process: Process, clock: Clock) -> None:
    killed, other = process(), process()
    kept = await killed.put(ticket("a", clock()))
    assert await killed.take("a")
    del killed
    clock.advance(seconds=ALIVE.total_seconds() - 1)
    assert await under_way(other, kept.call.canonical) == "taken"
    clock.advance(seconds=1)
    assert await under_way(other, kept.call.canonical) is None
    status = await other.get("a")
    assert status is not None
    assert (status.state, status.outcome) == ("taken", None)
    assert not await other.take("a")
    asked = await other.put(ticket("b", clock()))
    assert asked.id == "b"
    assert await under_way(other, kept.call.canonical) == "open"


async def test_what_this_process_took_is_under_way_for_as_long_as_it_takes(process: Process, clock: Clock) -> None:
    mine = process()
    kept = await mine.put(ticket("a", clock()))
    await mine.take("a")
    clock.advance(hours=3)
    assert await under_way(mine, kept.call.canonical) == "taken"
    assert await under_way(process(), kept.call.canonical) is None


async def test_what_nobody_settles_is_forgotten_in_the_end(process: Process, clock: Clock) -> None:
    killed, other = process(), process()
    await killed.put(ticket("a", clock()))
    await killed.take("a")
    del killed
    clock.advance(seconds=UNSETTLED.total_seconds() - 1)
    await other.forget()
    assert await other.get("a") is not None
    clock.advance(seconds=1)
    await other.forget()
    assert await other.get("a") is None


async def test_what_is_forgotten_is_gone_whichever_antcrm_it_was_of(
    process: Process, store: Store, clock: Clock
) -> None:
    here, elsewhere = process("here"), process("elsewhere")
    await here.put(ticket("a", clock()))
    await elsewhere.put(ticket("b", clock()))
    clock.advance(seconds=KEEP.total_seconds())
    await here.forget()
    assert await store.run(lambda connection: list(connection.execute(table.select()))) == []


async def test_another_antcrms_tickets_are_not_there(process: Process, clock: Clock) -> None:
    here, elsewhere = process("here"), process("elsewhere")
    kept = await here.put(ticket("a", clock()))
    assert await elsewhere.get("a") is None
    assert await under_way(elsewhere, kept.call.canonical) is None
    assert not await elsewhere.take("a")
    assert (await elsewhere.put(ticket("b", clock()))).id == "b"
    assert await here.take("a")
    await elsewhere.settle("a", outcome(7))
    assert await elsewhere.settled("a", 0) is None
    assert await here.settled("a", 0) is None


async def test_who_waits_hears_what_another_process_did(process: Process, clock: Clock) -> None:
    looked = asyncio.Event()

    async def pause(_: float) -> None:
        looked.set()
        await asyncio.sleep(0)

    asking, waiting_too, acting = process(pause=pause), process(), process()
    await asking.put(ticket("a", clock()))
    await acting.take("a")
    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
        waiting = [group.create_task(each.settled("a", BOUND)) for each in (asking, waiting_too)]
        await looked.wait()
        assert not any(task.done() for task in waiting)
        await acting.settle("a", outcome(7))
    assert [task.result() for task in waiting] == [outcome(7)] * 2


async def test_the_first_outcome_stands(process: Process, clock: Clock) -> None:
    one, other = process(), process()
    await one.put(ticket("a", clock()))
    await one.settle("a", outcome(6))  # nobody took it
    assert await one.settled("a", 0) is None
    await one.take("a")
    await one.settle("a", outcome(7))
    await other.settle("a", outcome(8))
    assert await one.settled("a", 0) == outcome(7)


async def test_an_outcome_that_cannot_be_written_down_is_known_here(
    process: Process, store: Store, clock: Clock
) -> None:
    tickets = process(store=store)
    kept = await tickets.put(ticket("a", clock()))
    await tickets.take("a")
    await store.run(table.drop)
    with pytest.raises(LedgerBroken):
        await tickets.settle("a", outcome(7))
    await store.run(table.create)
    assert await tickets.settled("a", 0) == outcome(7)
    await tickets.put(kept)
    clock.advance(seconds=KEEP.total_seconds())
    await tickets.forget()
    assert await tickets.settled("a", 0) is None


async def test_what_another_version_wrote_is_not_called_undone(process: Process, store: Store, clock: Clock) -> None:
    def no_tool(name: str) -> Tool[Any, Any]:
        raise BadInput(verbatim(name))

    tickets, newer = process(), process(tools=no_tool)
    kept = await tickets.put(ticket("a", clock()))
    assert await newer.get("a") is None
    await tickets.take("a")
    assert await under_way(newer, kept.call.canonical) is None
    with pytest.raises(MayHaveActed):
        await newer.get("a")
    await tickets.settle("a", outcome(7))
    with pytest.raises(MayHaveActed):
        await newer.settled("a", 0)
    await store.run(lambda connection: connection.execute(table.update().values(outcome="{}")) and None)
    assert isinstance(await tickets.settled("a", 0), Unsure)


async def test_an_open_question_of_another_version_is_asked_anew(process: Process, store: Store, clock: Clock) -> None:
    tickets = process()
    await tickets.put(ticket("a", clock()))
    await store.run(lambda connection: connection.execute(table.update().values(preview="{}")) and None)
    assert await tickets.get("a") is None
    assert (await tickets.put(ticket("b", clock()))).id == "b"


@dataclass
class Known:
    """What we expect of one ticket."""

    ticket: Ticket
    keep_until: datetime
    state: TicketState = "open"
    outcome: Settled | None = None


class Interleavings(RuleBasedStateMachine):
    """Any order of asking, answering, settling and time passing, in two processes, against a plain model."""

    ids = Bundle("ids")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.store = Store(self.url())
        self.processes = [self.process(), self.process()]
        self.taken_by: dict[str, LedgerTickets] = {}
        self.known: dict[str, Known] = {}
        self.forgotten: set[str] = set()

    def url(self) -> str | Path:
        return IN_MEMORY

    def process(self) -> LedgerTickets:
        return LedgerTickets(self.store, crm="crm", clock=self.clock, tools=tool_named, pause=no_pause)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    @rule(
        target=ids, who=st.sampled_from(["lan", "minh"]), ref=st.sampled_from(["L1", "C1"]), by=st.sampled_from([0, 1])
    )
    def ask(self, who: str, ref: str, by: int) -> str:
        now = self.clock()
        asked = ticket(f"t{len(self.known)}", now, actor=Actor(who, "mcp"), ref=ref)
        shared = [
            k.ticket
            for k in self.known.values()
            if k.state == "open" and k.ticket.expires > now and self.key(k.ticket) == self.key(asked)
        ]
        kept = self.run(self.processes[by].put(asked))
        # Asking is also when what nobody needs any more is forgotten.
        self.forgotten |= {i for i, k in self.known.items() if k.state != "taken" and k.keep_until <= now}
        assert kept == (shared[0] if shared else asked)
        self.known.setdefault(kept.id, Known(kept, kept.keep_until))
        return kept.id

    @rule(ticket_id=ids, takers=st.integers(1, 4))
    def answer(self, ticket_id: str, takers: int) -> None:
        async def together() -> list[bool]:
            return list(await asyncio.gather(*(self.processes[n % 2].take(ticket_id) for n in range(takers))))

        taken = self.run(together())
        winners = taken.count(True)
        assert winners == (1 if ticket_id not in self.forgotten and self.known[ticket_id].state == "open" else 0)
        if winners:
            self.known[ticket_id].state = "taken"
            self.taken_by[ticket_id] = self.processes[taken.index(True) % 2]

    @rule(ticket_id=ids, number=st.integers())
    def settle(self, ticket_id: str, number: int) -> None:
        if self.known[ticket_id].state != "taken":
            return
        self.run(self.taken_by[ticket_id].settle(ticket_id, outcome(number)))
        known = self.known[ticket_id]
        known.state, known.outcome = "settled", outcome(number)
        known.keep_until = max(known.keep_until, self.clock() + KEEP)

    @rule(seconds=st.sampled_from([1, 119, 120, 300, 599, 600, 1800]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        if not hasattr(self, "known"):
            return
        for (ticket_id, known), tickets in itertools.product(self.known.items(), self.processes):
            status = self.run(tickets.get(ticket_id))
            if ticket_id in self.forgotten:
                assert status is None
            else:
                assert status is not None
                assert (status.state, status.outcome) == (known.state, known.outcome)
                assert self.run(tickets.settled(ticket_id, 0)) == known.outcome

    @staticmethod
    def key(asked: Ticket) -> tuple[str, str]:
        return asked.actor.who, asked.call.canonical

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.store.aclose())
            self.runner.close()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)


def test_the_same_on_a_postgres(postgres_server: str) -> None:
    class OnPostgres(Interleavings):
        def url(self) -> str:
            return new_database(postgres_server)

    few = settings(deadline=None, max_examples=5, stateful_step_count=15, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(OnPostgres, settings=few)
