"""The fault run in small: whatever is lost, late, refused or killed, every lead is there once in the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent.parent
_SECONDS = 150

_SMALL = ("--captures", "60", "--imports", "2", "--rows", "30", "--kills", "3", "--people", "5", "--seconds", "60")


@pytest.mark.parametrize("ledger", [("sqlite", "1"), ("postgres", "2")], ids=["sqlite", "postgres, two processes"])
def test_nothing_is_lost_or_doubled_or_left_open(ledger: tuple[str, str]) -> None:
    kind, workers = ledger
    if kind == "postgres":
        pytest.importorskip("pgserver", reason="the group `postgres` is not installed: uv run --group postgres pytest")
        pytest.importorskip("psycopg", reason="the group `postgres` is not installed: uv run --group postgres pytest")
    command = [sys.executable, str(_ROOT / "benchmarks" / "faults.py"), *_SMALL, "--ledger", kind, "--workers", workers]
    run = subprocess.run(  # noqa: S603  ourselves
        command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=_ROOT
    )
    assert run.returncode == 0, run.stdout + run.stderr
