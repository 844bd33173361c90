"""What the local copy of a big company's customers costs: to fill, to ask, to count, and in memory.

    uv run python benchmarks/directory.py                       a million customers; some ten minutes on two cores
    uv run python benchmarks/directory.py --customers 100000

Filling is compared with plain INSERTs of the same finished rows into a table without an index, in the same run. It is
asked in a process of its own, so that its memory is that of a process which opens the file and asks.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from antcrm_tools.directory.counts import Group
from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from antcrm_tools.sandbox import words as made_up

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.directory.people import NEWEST, people, unmarked
from tests.directory.questions import WAYS

BATCH, QUESTIONS, LIMIT = 1000, 1000, 10
_ASKING = 20_000
"""Customers from whom questions are drawn; whoever asks for one of them finds others of that name as well."""


NONE = Filters()


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; `pages`: so many parts of the answer are read, each a question of its own."""

    kind: str
    text: str = ""
    filters: Filters = NONE
    pages: int = 1


def opened(path: Path) -> Store:
    """The copy in a file."""
    return Store(path, clock=lambda: datetime.now(UTC), zone=ZoneInfo("Asia/Ho_Chi_Minh"))


async def fill(path: Path, count: int) -> float:
    """Fill it; returns the seconds, without those in which the customers were made up."""
    store = opened(path)
    filling = 0.0
    drawn = (person.customer for person in people(count, newest_first=True))
    while batch := list(islice(drawn, BATCH)):
        began = time.perf_counter()
        await store.seen(batch, store.begin())
        filling += time.perf_counter() - began
    began = time.perf_counter()
    await store.tidy()
    filling += time.perf_counter() - began
    if store.lost or (await Directory(store).freshness()).customers != count:
        sys.exit("not all of them were written")
    await store.aclose()
    print(f"filled    {filling:6.1f} s  {count / filling:6.0f} customers/s", flush=True)
    return filling


def compare(path: Path, count: int, filling: float) -> None:
    """Print what the same rows take without anything, and the size of the file."""
    plain = plainly(path, path.with_name("plain.sqlite3"))
    size = path.stat().st_size
    print(f"plain     {plain:6.1f} s  the same rows as plain INSERTs, x {filling / plain:.1f}")
    print(f"file      {size / 1e6:6.0f} MB  {size / count:.0f} bytes a customer", flush=True)


def plainly(path: Path, other: Path) -> float:
    """Seconds for the rows of a file in one table with no index."""
    source, target = sqlite3.connect(path), sqlite3.connect(other, isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=NORMAL")
    rows = source.execute("SELECT c.*, w.tokens FROM customers c JOIN words w USING (place)")
    columns = ", ".join(f"c{number}" for number in range(len(rows.description)))
    target.execute(f"CREATE TABLE plain ({columns})")
    sql = f"INSERT INTO plain VALUES ({', '.join('?' * len(rows.description))})"  # noqa: S608
    seconds = 0.0
    while batch := rows.fetchmany(BATCH):
        began = time.perf_counter()
        target.execute("BEGIN")
        target.executemany(sql, batch)
        target.execute("COMMIT")
        seconds += time.perf_counter() - began
    source.close()
    target.close()
    return seconds


def questions(random: Random) -> Iterator[Ask]:
    """All kinds, each as often as the others, without an end."""
    known = list(people(_ASKING, seed=2))
    persons = [person for person in known if person.family]
    companies = [person.company for person in known if person.company]
    while True:
        filters = some_filters(random)
        who = random.choice(persons)
        yield Ask("one family name", random.choice(["nguyễn", "nguyen", "tran", "Lê"]))
        yield Ask("one family name, filters", "nguyễn", random.choice(filters))
        yield Ask("given name", random.choice([who.given, unmarked(who.given).lower()]))
        yield Ask("whole name", random.choice([who.name, unmarked(who.name).lower()]))
        yield Ask("whole name, next parts", unmarked(f"{who.family} {who.given}"), pages=3)
        yield Ask("company", random.choice(companies))
        yield Ask("company, filters", random.choice(companies), random.choice(filters))
        yield Ask("piece of a phone", random.choice([who.number[-3:], who.number[:4], who.number[-5:], who.number]))
        way = random.choice(WAYS)
        asked = way(random, who)
        if asked is not None:
            yield Ask(asked.kind, asked.text)
        yield Ask("filters alone", filters=random.choice(filters))
        yield Ask("filters alone, next parts", filters=random.choice(filters), pages=3)
        yield Ask("rare combination", filters=rare(random))
        yield Ask("rare combination with a name", random.choice(["nguyen", who.given]), rare(random))
        yield Ask("nobody", random.choice(["xyzzy qwerty", f"{who.name} xyzzy", f"{who.family} Ba Tư Năm Sáu"]))


def some_questions() -> list[Ask]:
    """The questions of a run."""
    return list(islice(questions(Random(3)), QUESTIONS))  # noqa: S311  made-up questions


def some_filters(random: Random) -> list[Filters]:
    """One of each, and a few together."""
    day = (NEWEST - timedelta(days=random.randrange(900))).date()
    stage, source, tag = random.choice(list(made_up.STAGES)), random.choice(list(made_up.SOURCES)), made_up.TAGS[1]
    return [
        Filters(kind=random.choice(("lead", "contact", "account"))),
        Filters(stage=stage),
        Filters(source=source),
        Filters(owner=random.choice(made_up.STAFF)),
        Filters(owner="none"),
        Filters(tags=(random.choice(made_up.TAGS),)),
        Filters(without_tags=(tag, random.choice(made_up.TAGS))),
        Filters(created_from=day, created_to=day + timedelta(days=random.choice((0, 6, 30)))),
        Filters(updated_from=day, updated_to=day + timedelta(days=random.choice((0, 6, 30, 90)))),
        Filters(created_from=day, stage=stage, owner="minh", source=source),
        Filters(kind="lead", stage=stage, tags=(tag,), updated_from=NEWEST.date() - timedelta(days=30)),
    ]


def rare(random: Random) -> Filters:
    """Few or none."""
    tags = tuple(random.sample(made_up.TAGS, random.choice((2, 3))))
    day = date(2024, 6, 1) + timedelta(days=random.randrange(600))
    several = Filters(kind="account", stage="Đàm phán", source="Hội chợ", owner="none", tags=tags)
    if random.choice((True, False)):
        return replace(several, created_from=day, created_to=day)
    return replace(several, updated_from=day, updated_to=day)


async def ask(path: Path) -> None:
    """Ask it, and print how long it took and how much memory there was in the end."""
    store = opened(path)
    directory = Directory(store)
    took: dict[str, list[float]] = defaultdict(list)
    # In a process of its own: who is made up to ask for would be counted as memory of this one.
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        asking = iter(beside.submit(some_questions).result())
    await directory.find("nguyen", Filters(), limit=LIMIT)  # opens the file
    while sum(map(len, took.values())) < QUESTIONS:
        each = next(asking)
        cursor = None
        for _ in range(each.pages):
            began = time.perf_counter()
            hits = await directory.find(each.text, each.filters, limit=LIMIT, cursor=cursor)
            took[each.kind].append((time.perf_counter() - began) * 1000)
            if (cursor := hits.next) is None:
                break
    for kind, times in sorted(took.items(), key=lambda pair: -max(pair[1])):
        say(kind, times)
    say("all", [each for times in took.values() for each in times])
    counted: tuple[tuple[Group, ...], ...] = (("stage", "month"), ("tag", "month"), ("owner", "stage"), ("week",))
    for by in counted:
        times: list[float] = []
        for _ in range(5):
            began = time.perf_counter()
            await directory.count(Filters(), by)
            times.append((time.perf_counter() - began) * 1000)
        say(f"count by {' and '.join(by)}", times)
    await store.aclose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory    {memory:6.0f} MB at most, of the process that asked")


def say(kind: str, times: list[float]) -> None:
    """A line of milliseconds."""
    ordered = sorted(times)
    late = ordered[int(len(ordered) * 0.95)]
    print(f"{kind:34} {len(times):5}  p50 {statistics.median(times):6.1f}  p95 {late:6.1f}  max {ordered[-1]:6.1f} ms")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--ask", type=Path, help="only ask, a file that was kept")
    parser.add_argument("--keep", type=Path, help="where the file is made, and left")
    options = parser.parse_args()
    if options.ask is not None:
        asyncio.run(ask(options.ask))
        return
    with tempfile.TemporaryDirectory() as folder:
        path: Path = options.keep or Path(folder) / "directory.sqlite3"
        print(f"{options.customers} customers", flush=True)
        compare(path, options.customers, asyncio.run(fill(path, options.customers)))
        # This very file, with one argument of ours.
        subprocess.run([sys.executable, __file__, "--ask", str(path)], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
