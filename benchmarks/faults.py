"""The fault run: leads are captured and imported over a bad line by processes that are killed again and again.

A fifth of all requests is lost before or after AntCRM acts, is carried out late, or gets 429, 503, 500 or half an
answer. In the end every lead must be there once, as it was sent, and nothing may be open in the ledger.

uv run --group postgres python benchmarks/faults.py [--captures N] [--imports N] [--ledger postgres --workers 2]

Everything is drawn from --seed, but what meets what is decided by the machine as well.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx
from faults_antcrm import KEY, Weather, antcrm
from faults_leads import Task, Wanted, captures, imports, judged
from faults_worker import HANDED_OVER, Place
from sqlalchemy import func, select

from antcrm_tools.changes import OPEN
from antcrm_tools.ledger.schema import changes
from antcrm_tools.ledger.store import Store

WORKER: Final = str(Path(__file__).with_name("faults_worker.py"))
SHARE, UNSENT = 0.18, 0.02
"""Of the requests: spoilt on AntCRM's side, and lost before they leave."""

PAUSE = 0.3
AT_ONCE: Final = 20
_REQUESTS: Final = 9
"""For a lead at least."""

_AGAIN: Final = 0.5
"""Seconds after which a person sends what was not taken once more."""

_SPEAK: Final = 20
"""Seconds between two lines of progress."""

_LONGEST_LINE: Final = 1 << 24


@dataclass(slots=True)
class Run:
    """What is still to be handed over, what was, and when processes are killed."""

    wanted: Wanted
    place: Place
    chance: random.Random
    kills: deque[int]
    """The numbers of requests at which a process is killed."""
    left: deque[Task]
    later: deque[tuple[float, Task]] = field(default_factory=deque[tuple[float, Task]])
    handed_over: set[str] = field(default_factory=set[str])
    fates: Counter[str] = field(default_factory=Counter[str])
    counted: Counter[str] = field(default_factory=Counter[str])
    starts: int = 0
    killed: int = 0
    crashed: int = 0
    over: bool = False

    @property
    def done(self) -> bool:
        """Whether all was handed over."""
        return len(self.handed_over) == len(self.wanted.tasks)

    def next(self) -> Task | None:
        """What a process is given next."""
        if self.later and self.later[0][0] <= time.monotonic():
            return self.later.popleft()[1]
        return self.left.popleft() if self.left else None

    def told(self, task: Task, fate: str) -> None:
        """What a process said of a task."""
        self.fates[fate] += 1
        if fate in HANDED_OVER:
            self.handed_over.add(task.id)
        else:
            self.later.append((time.monotonic() + _AGAIN, task))


async def keep_working(run: Run) -> None:
    """One working process after the other, until the run is over."""
    while not run.over:
        run.starts += 1
        given = asdict(run.place) | {"seed": run.place.seed + run.starts}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            WORKER,
            json.dumps(given),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        try:
            await one_life(run, process)
        except BaseException:
            process.kill()
            raise
        finally:
            await process.wait()


async def one_life(run: Run, process: asyncio.subprocess.Process) -> None:
    """Give a process work until it is killed, or the run is over; what it did not answer is given to the next."""
    assert process.stdin is not None  # noqa: S101  it is a pipe
    assert process.stdout is not None  # noqa: S101  it is a pipe
    given: dict[str, Task] = {}
    counted: Counter[str] = Counter()
    alive = True
    try:
        while True:
            if run.over:
                process.stdin.close()
            while not run.over and len(given) < AT_ONCE and (task := run.next()) is not None:
                given[task.id] = task
                process.stdin.write(json.dumps(task.line()).encode() + b"\n")
            try:
                async with asyncio.timeout(0.1):
                    line = await process.stdout.readline()
            except TimeoutError:
                continue
            if not line.endswith(b"\n"):
                run.crashed += alive and not run.over
                return
            told = json.loads(line)
            if "fate" in told:
                run.told(given.pop(told["id"]), told["fate"])
                continue
            now = Counter[str](told["counted"])
            run.counted += now - counted
            counted = now
            if alive and run.kills and run.counted["requests"] >= run.kills[0]:
                alive = False
                run.kills.popleft()
                run.killed += 1
                await asyncio.sleep(run.chance.uniform(0, 0.03))
                process.kill()
    finally:
        # As Telegram would: in their order, before what is new.
        run.left.extendleft(reversed(given.values()))


async def until_settled(run: Run, store: Store) -> None:
    """Until everything is handed over and nothing is open any more."""
    begin = time.monotonic()
    while not run.done or await store.run(_open, write=False):
        await asyncio.sleep(0.2)
        if time.monotonic() - begin > _SPEAK:
            begin = time.monotonic()
            print(f"  {len(run.handed_over)} of {len(run.wanted.tasks)} handed over, {run.killed} kills", flush=True)
    run.over = True


async def carry_out(run: Run, workers: int, seconds: float) -> None:
    """All of it, within so many seconds."""
    ledger = run.place.ledger
    store = Store(ledger if ledger.startswith("postgres") else Path(ledger))
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            tasks.create_task(until_settled(run, store))
            for _ in range(workers):
                tasks.create_task(keep_working(run))
    except TimeoutError:
        print(f"  not finished after {seconds:g} seconds")
    finally:
        await store.aclose()


def _open(connection: Any) -> int:
    is_open = changes.c.status.in_(OPEN) | changes.c.next_at.is_not(None)
    return connection.scalar(select(func.count()).select_from(changes).where(is_open))


def _conflicts(connection: Any) -> list[str]:
    found = select(changes.c.name).where(changes.c.status == "conflict")
    return list(connection.execute(found).scalars())


def _still_open(connection: Any) -> list[str]:
    columns = ("id", "action", "status", "sends", "probes", "next_at", "until", "holder", "reason")
    found = select(*(changes.c[name] for name in columns)).where(changes.c.status.in_(OPEN))
    return [", ".join(f"{name} {value}" for name, value in row.items()) for row in connection.execute(found).mappings()]


@contextmanager
def ledgers(kind: str, folder: Path) -> Generator[str]:
    """Where ledgers can be made."""
    if kind == "sqlite":
        yield str(folder)
        return
    server = importlib.import_module("pgserver").get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def new_ledger(where: str, name: str) -> str:
    """A file, or an empty database."""
    if not where.startswith("postgres"):
        return str(Path(where) / f"{name}.sqlite3")
    with importlib.import_module("psycopg").connect(where, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return urlunsplit(urlsplit(where)._replace(path=f"/{name}"))


def fault_run(name: str, wanted: Wanted, ledger: str, given: argparse.Namespace) -> bool:
    """One run and its table; whether all is as it should be."""
    chance = random.Random(given.seed)  # noqa: S311  a seed is the point
    print(f"{name}: {len(wanted.records)} leads in {len(wanted.tasks)} messages or files")
    with antcrm(Weather(given.seed, SHARE, PAUSE / 2)) as url:
        place = Place(url, KEY, ledger, given.seed, UNSENT, PAUSE)
        kills = sorted(chance.sample(range(10, 10 + _REQUESTS * len(wanted.records)), given.kills))
        run = Run(wanted, place, chance, deque(kills), deque(wanted.tasks))
        begin = time.monotonic()
        asyncio.run(carry_out(run, given.workers, given.seconds))
        seconds = time.monotonic() - begin
        records = httpx.get(f"{url}/bench/records", timeout=60).json()
        met: dict[str, int] = httpx.get(f"{url}/bench/faults", timeout=60).json()
    verdict = judged(wanted.records, records)
    store = Store(ledger if ledger.startswith("postgres") else Path(ledger))
    alone = {forms[0]["name"] for forms in wanted.records if len(forms) == 1}
    conflicts = store.run_now(_conflicts, write=False)
    left = store.run_now(_still_open, write=False)
    store.close_now()
    for line in left[:AT_ONCE]:
        print(f"  open at {time.time() * 1000:.0f}: {line}")
    requests = met.pop("requests")
    faults = met | {"lost before sending": run.counted["lost before sending"]}
    show(
        {
            "leads lost": verdict.lost,
            "doubles": verdict.doubles,
            "not as sent": verdict.altered,
            "nobody's": verdict.strangers,
            "unsure left": len(left),
            "conflicts": len(conflicts),
            "  of those not sent twice": len(alone & set(conflicts)),
            "kills": run.killed,
            "crashes": run.crashed,
            "requests": requests,
            "spoilt": f"{sum(faults.values()) / (requests + run.counted['lost before sending']):.1%}",
            "seconds": f"{seconds:.0f}",
        }
    )
    show({f"  {fault}": count for fault, count in sorted(faults.items())})
    show({f"  told “{fate}”": count for fate, count in sorted(run.fates.items())})
    return not any((*asdict(verdict).values(), left, run.crashed)) and run.done and run.killed >= given.kills


def show(table: dict[str, object]) -> None:
    """A line for each."""
    for name, value in table.items():
        print(f"{name:<28}{value:>10}")


def main() -> None:
    """Both runs; the exit code says whether anything was lost, doubled or left open."""
    parser = argparse.ArgumentParser(description="Captures and imports over a bad line, by processes that are killed.")
    for name, number in {
        "captures": 10_000,
        "people": 50,
        "imports": 50,
        "rows": 400,
        "seed": 1,
        "kills": 20,
        "workers": 1,
        "seconds": 3600,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=number, help=f"{number} unless said")
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    given = parser.parse_args()
    asked = {
        "captures": captures(given.captures, given.people, given.seed),
        "imports": imports(given.imports, given.rows, given.people, given.seed),
    }
    with tempfile.TemporaryDirectory() as folder, ledgers(given.ledger, Path(folder)) as where:
        good = [fault_run(name, each, new_ledger(where, name), given) for name, each in asked.items() if each.tasks]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
