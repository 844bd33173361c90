"""How long an assistant waits from the tap on a phone to the result: two real programs, `antcrm-mcp` and the bot.

The assistant cannot show questions, so its delete becomes a card on the phone of its person; a tap there is carried out
by the bot, and the ledger brings the result to the call that waits. The baseline, in turns with it, is the same delete
confirmed within one program: by the form the assistant shows, from the answer to the result.

  uv run python benchmarks/approvals.py [N]                       the ledger is a file
  uv run --group postgres python benchmarks/approvals.py [N]      and a Postgres, on this machine
  ... --table        what the assistant gets, what the cards say and how many DELETEs there were, in each run of
                     tests/telegram/approval_runs.py and one that is too slow for a test
  ... --transcript   one run, line by line
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

# In the place of this folder, whose telegram.py would be taken for the library.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from antcrm_tools.sandbox.store import Query
from benchmarks.faults_ledgers import ledgers, new_ledger
from tests.fakes.assistant import Person
from tests.fakes.programs import Office, Served, office
from tests.fakes.telegram import LAN
from tests.telegram.approval_runs import RUNS, SETTINGS, SLOW, Told, played

APPROVALS = 40
SECONDS = 30.0
LAN_IS = "lan@antcrm.example"

_NUMBERS = count(1)


@contextmanager
def places() -> Generator[dict[str, str | None]]:
    """Where ledgers are made, by the kind: None is a folder's file."""
    with tempfile.TemporaryDirectory() as folder:
        if find_spec("pgserver") is None or find_spec("psycopg") is None:
            yield {"SQLite": None}
            return
        with ledgers("postgres", Path(folder) / "postgres") as server:
            yield {"SQLite": None, "Postgres": server}


def fresh(server: str | None) -> str | None:
    """A ledger nobody has written to."""
    return None if server is None else new_ledger(server, f"approvals_{next(_NUMBERS)}")


async def by_tap(o: Office, one: Served, ref: str, cards: int) -> float:
    """Milliseconds from the tap to the result."""
    lan = o.phone(LAN)
    call = asyncio.create_task(one.call("delete_customer", ref=ref))
    await o.api.until(lambda: sum(m.by_bot for m in lan.log.messages) > cards and bool(lan.buttons), SECONDS)
    message = lan.log.messages[-1]
    yes = message.buttons[0][-1].data or ""
    began = time.perf_counter()
    o.api.push_tap(lan.user, message.message_id, yes)
    said = await call
    took = (time.perf_counter() - began) * 1000
    judge(said.text, ref)
    await o.api.until(lambda: not message.buttons, SECONDS)
    return took


async def by_form(one: Served, ref: str, sent: list[float]) -> float:
    """Milliseconds from the answer to the result."""
    said = await one.call("delete_customer", ref=ref)
    ended = time.perf_counter()
    judge(said.text, ref)
    return (ended - sent[-1]) * 1000


def judge(said: str, ref: str) -> None:
    """Raises ValueError where it was not done: its time says nothing."""
    if not said.startswith(f"Deleted: {ref} "):
        raise ValueError(said)


async def times(server: str | None, many: int) -> tuple[list[float], list[float]]:
    """Of so many deletes by a tap, and as many by a form, in turns."""
    sent: list[float] = []

    async def answers() -> None:
        sent.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        people = 3 * (many + 10)  # two of three are leads, or more
        async with (
            office(
                Path(folder), ledger=fresh(server), people=people, settings=SETTINGS | {"daily_deletes": "1000000"}
            ) as o,
            o.assistant(actor=LAN_IS) as far,
            o.assistant(actor=LAN_IS, person=Person("yes", meanwhile=answers)) as near,
        ):
            await o.bot()
            lan = o.phone(LAN)
            await lan.send("/help")
            await lan.sees("/find")
            refs = [f"L{row.id}" for row in o.sandbox.store.select(Query("lead", limit=people))]
            found: tuple[list[float], list[float]] = [], []
            for _ in range(many + 1):
                found[0].append(await by_tap(o, far, refs.pop(), sum(m.by_bot for m in lan.log.messages)))
                found[1].append(await by_form(near, refs.pop(), sent))
            if len(o.sandbox.destroying()) != 2 * (many + 1):
                raise ValueError(len(o.sandbox.destroying()))
    return found[0][1:], found[1][1:]  # the first of each fills caches


def share(of: list[float], part: float) -> float:
    """The time within which this part of them was done."""
    return sorted(of)[min(len(of) - 1, int(len(of) * part))]


def print_times(many: int) -> None:
    print(f"{many} deletes each; milliseconds until the waiting call has the result")
    with places() as kinds:
        for kind, server in kinds.items():
            tapped, formed = asyncio.run(times(server, many))
            for name, found in (("tap, two programs", tapped), ("form, one program", formed)):
                print(f"{kind:<9} {name:<18} p50 {share(found, 0.5):7.1f}   p95 {share(found, 0.95):7.1f}")
            ratios = [share(tapped, part) / share(formed, part) for part in (0.5, 0.95)]
            print(f"{kind:<9} ratio              p50 {ratios[0]:7.2f}   p95 {ratios[1]:7.2f}")


async def one_run(name: str, server: str | None, *, says: bool) -> Told:
    """Play it."""

    def see(who: str, what: str) -> None:
        if says:
            head, *rest = what.splitlines() or [""]
            print(f"{who:>16}  {head}")
            for line in rest:
                print(f"{'':>16}  {line}")

    with tempfile.TemporaryDirectory() as folder:
        async with office(Path(folder), ledger=fresh(server), settings=SETTINGS) as o:
            return await played({**RUNS, **SLOW}[name], o, "new", see)


def print_transcript() -> None:
    asyncio.run(one_run("tapped yes", None, says=True))


def print_table(only: str) -> None:
    with places() as kinds:
        for kind, server in kinds.items():
            print(f"== {kind}")
            for name in (name for name in (*RUNS, *SLOW) if only in name):
                told = asyncio.run(one_run(name, server, says=False))
                print(f"{name}: DELETE requests {told.deletes}")
                for said in told.got:
                    print(f"    assistant    {flat(said)}")
                for who, card in told.cards:
                    print(f"    {f'{who} reads':<12} {flat(card)}")
                for tap in told.taps:
                    print(f"    tap          {flat(tap) or '(nothing said)'}")


def flat(text: str) -> str:
    return " / ".join(line for line in text.splitlines() if line)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("many", type=int, nargs="?", default=APPROVALS)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--transcript", action="store_true")
    parser.add_argument("--only", default="", metavar="WORDS", help="of the runs: those with these words in their name")
    given = parser.parse_args()
    if given.transcript:
        print_transcript()
    if given.table:
        print_table(given.only)
    if not (given.table or given.transcript):
        print_times(given.many)


if __name__ == "__main__":
    main()
