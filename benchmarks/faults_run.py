"""The working processes of the fault run: given work, killed, and followed by others until all is settled."""

from __future__ import annotations

import asyncio
import json
import math
import random
import resource
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from faults_leads import Task, Wanted
from faults_ledgers import count_open, opened
from faults_worker import HANDED_OVER, Place

from antcrm_tools.ledger.store import Store

_WORKER: Final = str(Path(__file__).with_name("faults_worker.py"))

_AT_ONCE: Final = 20
"""What one process has in hand at most."""

_AGAIN: Final = 0.5
"""Seconds after which a person sends what was not taken once more."""

_CRASHES: Final = 5
"""After so many a run is given up: they would go on."""

_SPEAK: Final = 20
"""Seconds between two lines of progress."""

_LONGEST_LINE: Final = 1 << 24


class Run:
    """What is still to be handed over, what was, and when processes are killed."""

    def __init__(self, wanted: Wanted, place: Place, chance: random.Random, kills: Sequence[int], workers: int) -> None:
        """`kills`: the numbers of requests at which a process is killed."""
        self.wanted = wanted
        self.place = place
        self.chance = chance
        self.kills = deque(kills)
        self.workers = workers
        # A few files are shared out, too.
        self.at_once = min(_AT_ONCE, math.ceil(len(wanted.tasks) / workers))
        self.left = deque(wanted.tasks)
        self.later: deque[tuple[float, Task]] = deque()
        self.handed_over: set[str] = set()
        self.fates: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self.starts = self.killed = self.crashed = 0
        self.over = False

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


async def carry_out(run: Run, seconds: float) -> None:
    """All of it, within so many seconds."""
    store = opened(run.place.ledger)
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            tasks.create_task(_until_settled(run, store))
            for _ in range(run.workers):
                tasks.create_task(_keep_working(run))
    except TimeoutError:
        print(f"  not finished after {seconds:g} seconds")
    finally:
        await store.aclose()


def cpu_seconds() -> float:
    """Of this process and of those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


async def _keep_working(run: Run) -> None:
    """One working process after the other, until the run is over."""
    while not run.over and run.crashed < _CRASHES:
        run.starts += 1
        given = asdict(run.place) | {"seed": run.place.seed * 1000 + run.starts}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            _WORKER,
            json.dumps(given),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the run, which ends them
        )
        try:
            await _one_life(run, process)
        except BaseException:
            process.kill()
            raise
        finally:
            await process.wait()


async def _one_life(run: Run, process: asyncio.subprocess.Process) -> None:
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
            while not run.over and len(given) < run.at_once and (task := run.next()) is not None:
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


async def _until_settled(run: Run, store: Store) -> None:
    """Until everything is handed over and nothing is open any more."""
    begin = time.monotonic()
    while not run.done or await store.run(count_open, write=False):
        await asyncio.sleep(0.2)
        if run.crashed >= _CRASHES:
            print(f"  given up after {run.crashed} crashes")
            break
        if time.monotonic() - begin > _SPEAK:
            begin = time.monotonic()
            print(f"  {len(run.handed_over)} of {len(run.wanted.tasks)} handed over, {run.killed} kills", flush=True)
    run.over = True
