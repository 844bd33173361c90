"""How soon the machine of tests/interleavings finds bugs that are planted in the core, by random search alone.

uv run --group postgres python benchmarks/planted.py [--examples N] [--steps N] [--seeds N] [--only WORDS]

For each bug the machine runs with fixed seeds; "in" is the number of the example that found it. The first row has no
bug planted: what is found there is one of our own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.interleavings.machine import Machine
from tests.interleavings.planted import PLANTS, planted


@dataclass(frozen=True, slots=True)
class Search:
    """What one search came to. `said` is empty where nothing was found."""

    examples: int
    seconds: float
    said: str = ""


def search(number: int, examples: int, steps: int) -> Search:
    """Let the machine run until it finds something or has had its examples."""
    begun, tried = time.perf_counter(), list[Machine]()

    class Counted(Machine):
        def __init__(self) -> None:
            super().__init__()
            if not any(machine.judge.wrong for machine in tried):
                tried[:] = [*tried, self]

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
        report_multiple_bugs=False,
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run_state_machine_as_test(seed(number)(Counted), settings=chosen)
    except Exception as error:  # noqa: BLE001  a planted bug may show as anything
        wrong = next((machine.judge.wrong[0] for machine in tried if machine.judge.wrong), type(error).__name__)
        return Search(len(tried), time.perf_counter() - begun, wrong)
    return Search(len(tried), time.perf_counter() - begun)


def searched(bug: AbstractContextManager[None], seeds: int, examples: int, steps: int) -> list[Search]:
    """One search for each seed, until one finds something."""
    found: list[Search] = []
    with bug:
        for number in range(1, seeds + 1):
            found.append(search(number, examples, steps))
            if found[-1].said:
                break
    return found


def main() -> int:
    """Print a row for each bug; 0 when each was found, and nothing else."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--examples", type=int, default=60, help="of one search")
    options.add_argument("--steps", type=int, default=30, help="of one example")
    options.add_argument("--seeds", type=int, default=5, help="searches for each bug at most")
    options.add_argument("--only", default="", help="bugs whose name holds these words")
    chosen = options.parse_args()
    names = [name for name in ("", *PLANTS) if chosen.only in name]
    print(f"{'bug':35} {'found':6} {'search':>6} {'in':>4} {'of':>4} {'seconds':>8}  what was seen")
    right = 0
    for name in names:
        made = searched(planted(name) if name else nullcontext(), chosen.seeds, chosen.examples, chosen.steps)
        last, seconds = made[-1], sum(each.seconds for each in made)
        found = "yes" if last.said else "no"
        right += bool(last.said) == bool(name)
        print(
            f"{name or '(none)':35} {found:6} {len(made):6} {last.examples:4} {chosen.examples:4} {seconds:8.1f}  "
            f"{last.said[:90]}",
            flush=True,
        )
    print(f"{right} of {len(names)} as it should be")
    return 0 if right == len(names) else 1


if __name__ == "__main__":
    raise SystemExit(main())
