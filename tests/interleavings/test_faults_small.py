"""The fault run in small: whatever is lost, late, refused or killed, every lead is there once in the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent.parent
_RUN = str(_ROOT / "benchmarks" / "faults.py")
_SECONDS, _TO_TIDY_UP = 100, 20

_SMALL = {"captures": 24, "rows": 12, "people": 5, "pause": 0.5, "seconds": 45}
_RUNS = {
    "sqlite": {"imports": 2, "workers": 1, "kills": 1},
    "postgres": {"imports": 0, "workers": 2, "kills": 2},
}


@pytest.mark.parametrize("ledger", _RUNS)
def test_nothing_is_lost_or_doubled_or_left_open(ledger: str) -> None:
    if ledger == "postgres":
        pytest.importorskip("pgserver", reason="the group `postgres` is not installed: uv run --group postgres pytest")
        pytest.importorskip("psycopg", reason="the group `postgres` is not installed: uv run --group postgres pytest")
    given = _SMALL | _RUNS[ledger] | {"ledger": ledger}
    command = [sys.executable, _RUN, *(f"--{name}={value}" for name, value in given.items())]
    with subprocess.Popen(  # noqa: S603  ourselves
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=_ROOT
    ) as run:
        try:
            said, _ = run.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            run.terminate()
            said, _ = run.communicate(timeout=_TO_TIDY_UP)
        finally:
            run.kill()
    assert run.returncode == 0, said
