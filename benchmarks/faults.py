"""The fault run: leads are captured and imported over a bad line by processes that are killed again and again.

A fifth of all requests is lost before or after AntCRM acts, is carried out late, or gets 429, 503, 500 or half an
answer. In the end every lead must be there once, as it was sent, and nothing may be open in the ledger: the exit code
is 0 if so, else 1.

The three runs, each some five to ten minutes on two cores:

  uv run python benchmarks/faults.py --imports 0
      10,000 captures of 50 people, 500 of them sent twice, 20 kills; the ledger is a file
  uv run python benchmarks/faults.py --captures 0
      50 imports of 400 rows, 20 kills; every five have an AntCRM and a ledger of their own
  uv run --group postgres python benchmarks/faults.py --imports 0 --ledger postgres
      the captures once more, on a Postgres that is started for it

Everything is drawn from --seed, but what meets what is decided by the machine as well.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from faults_antcrm import KEY, Weather, antcrm
from faults_leads import Wanted, captures, imports, judged
from faults_ledgers import in_the_end, ledgers, new_ledger
from faults_run import Run, carry_out, cpu_seconds
from faults_worker import Place

SHARE, UNSENT = 0.18, 0.02
"""Of the requests: spoilt on AntCRM's side, and lost before they leave."""

_REQUESTS: Final = 5
"""For a lead at least; a process is killed at some of them."""

_SHOWN: Final = 20
_ENDED: Final = 130
"""The exit code after Ctrl-C or SIGTERM, as shells have it."""

NONE_OF: Final = (
    "leads lost",
    "doubles",
    "not as sent",
    "nobody's",
    "open in the ledger",
    "conflicts of leads sent once",
    "not handed over",
    "crashes",
)
"""What there must be none of."""

OTHERS: Final = ("conflicts of leads sent twice", "kills", "requests", "spoilt")


@dataclass(slots=True)
class Tally:
    """What came of a run, added up over all AntCRMs it had."""

    count: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    told: Counter[str] = field(default_factory=Counter[str])
    seconds: float = 0
    processor: float = 0
    """Seconds of all processes."""

    def add(self, other: Tally) -> None:
        """One AntCRM more."""
        self.count += other.count
        self.faults += other.faults
        self.told += other.told
        self.seconds += other.seconds
        self.processor += other.processor

    def good(self, kills: int) -> bool:
        """Whether all is as it should be, and so many processes were killed."""
        return not any(self.count[name] for name in NONE_OF) and self.count["kills"] >= kills

    def table(self) -> Mapping[str, object]:
        """All of it."""
        share = sum(self.faults.values()) / (self.count["requests"] or 1)
        return (
            {name: self.count[name] for name in (*NONE_OF, *OTHERS[:-1])}
            | {OTHERS[-1]: f"{share:.1%}"}
            | {f"  {name}": many for name, many in sorted(self.faults.items())}
            | {f"told “{fate}”": many for fate, many in sorted(self.told.items())}
            | {"seconds": f"{self.seconds:.0f}", "processor seconds": f"{self.processor:.0f}"}
        )


def one_antcrm(wanted: Wanted, ledger: str, kills: int, seed: int, given: argparse.Namespace) -> Tally:
    """A part of a run, with an AntCRM and a ledger of its own."""
    chance = random.Random(seed)  # noqa: S311  a seed is the point
    at = sorted(chance.sample(range(10, 10 + max(kills, _REQUESTS * len(wanted.records))), kills))
    used = cpu_seconds()
    with antcrm(Weather(seed, SHARE, given.pause / 2)) as url:
        run = Run(wanted, Place(url, KEY, ledger, seed, UNSENT, given.pause), chance, at, given.workers)
        begin = time.monotonic()
        asyncio.run(carry_out(run, given.seconds))
        seconds = time.monotonic() - begin
        records = httpx.get(f"{url}/bench/records", timeout=60).json()
        met: dict[str, int] = httpx.get(f"{url}/bench/faults", timeout=60).json()
    end = in_the_end(ledger)
    for line in end.open[:_SHOWN]:
        print(f"  open at {time.time() * 1000:.0f}: {line}")
    once = {forms[0]["name"] for forms in wanted.records if len(forms) == 1}
    strange = sum(name in once for name in end.conflicts)
    requests = met.pop("requests") + run.counted["lost before sending"]
    count = judged(wanted.records, records) | {
        "open in the ledger": len(end.open),
        "conflicts of leads sent once": strange,
        "conflicts of leads sent twice": len(end.conflicts) - strange,
        "not handed over": len(wanted.tasks) - len(run.handed_over),
        "crashes": run.crashed,
        "kills": run.killed,
        "requests": requests,
    }
    faults = met | {"lost before sending": run.counted["lost before sending"]}
    return Tally(Counter(count), Counter(faults), run.fates, seconds, cpu_seconds() - used)


def fault_run(name: str, parts: Sequence[Wanted], where: str, given: argparse.Namespace) -> bool:
    """One run and its table; whether all is as it should be."""
    leads, tasks = sum(len(part.records) for part in parts), sum(len(part.tasks) for part in parts)
    print(f"{name}: {leads} leads in {tasks} messages or files, {len(parts)} AntCRM, seed {given.seed}", flush=True)
    whole = Tally()
    for number, part in enumerate(parts):
        kills = given.kills * (number + 1) // len(parts) - given.kills * number // len(parts)
        whole.add(one_antcrm(part, new_ledger(where, f"{name}{number}"), kills, given.seed + number, given))
        if len(parts) > 1:
            print(
                f"  {number + 1} of {len(parts)}: {whole.seconds:.0f} seconds, {whole.count['kills']} kills", flush=True
            )
    for what, many in whole.table().items():
        print(f"{what:<32}{many:>10}")
    good = whole.good(given.kills)
    print(f"{name}: {'as it should be' if good else 'NOT as it should be'}\n", flush=True)
    return good


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (number, what) in {
        "captures": (10_000, "leads sent one by one; one in twenty is sent by two people at once"),
        "people": (50, "who send them"),
        "imports": (50, "files"),
        "rows": (400, "leads in a file"),
        "together": (5, "files that have an AntCRM and a ledger in common: lists grow with all that is new in one"),
        "kills": (20, "processes killed, in each of the two runs"),
        "workers": (2, "processes that work side by side with one ledger"),
        "seed": (1, "of what is drawn"),
        "seconds": (1800, "after which one AntCRM's part is given up"),
    }.items():
        parser.add_argument(f"--{name}", type=int, default=number, metavar="N", help=f"{what}; {number} unless said")
    pause = "seconds after which what was lost is looked for; AntCRM acts at most half of it late; 0.5 unless said"
    parser.add_argument("--pause", type=float, default=0.5, metavar="S", help=pause)
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    return parser.parse_args()


def both(given: argparse.Namespace) -> bool:
    """The runs that were asked for."""
    runs: dict[str, list[Wanted]] = {"captures": [], "imports": []}
    if given.captures:
        runs["captures"] = [captures(given.captures, given.people, given.seed)]
    if given.imports:
        runs["imports"] = [
            imports(min(given.together, given.imports - first), given.rows, given.people, given.seed + first)
            for first in range(0, given.imports, given.together)
        ]
    with tempfile.TemporaryDirectory() as folder, ledgers(given.ledger, Path(folder)) as where:
        good = [fault_run(name, parts, where, given) for name, parts in runs.items() if parts]
    return all(good)


def terminated(*_: object) -> None:
    """Like Ctrl-C: processes and folders are tidied away."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)


def main() -> None:
    """The exit code says whether anything was lost, doubled or left open."""
    given = asked()
    # A shell has those it starts in the background ignore this one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminated)
    try:
        good = both(given)
    except KeyboardInterrupt:
        print("ended from outside")
        sys.exit(_ENDED)
    sys.exit(not good)


if __name__ == "__main__":
    main()
