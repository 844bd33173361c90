"""Whether the process that holds something is still there.

Only what is certain counts: on this machine, since it was started, in the same space of process numbers. For all
others a lease has to run out.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cache
from pathlib import Path

_PARTS = 4


def new_holder() -> str:
    """A name for one turn of this process, by which others can tell whether the process is gone."""
    pid = os.getpid()
    return ".".join((_machine(), str(pid), _started(pid), secrets.token_urlsafe(9)))


def is_gone(holder: str) -> bool:
    """Whether the process of a holder has certainly ended."""
    parts = holder.split(".")
    if len(parts) != _PARTS or not parts[0] or parts[0] != _machine() or not parts[1].isdecimal():
        return False
    return _started(int(parts[1])) != parts[2]


@cache
def _machine() -> str:
    """This machine since it was started, and its space of process numbers; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  it is no path
        _started_now(os.getpid())
        _started_now(1)  # where the processes of others are hidden, they only look as if they were gone
    except (OSError, ValueError, IndexError):
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _started(pid: int) -> str:
    """When a process was started, in the kernel's ticks; empty where there is none: a number is given out again."""
    try:
        return _started_now(pid)
    except (OSError, ValueError, IndexError):
        return ""


def _started_now(pid: int) -> str:
    # The second field is the program's name in brackets, and may hold anything. The 22nd is the start.
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else str(int(fields[19]))
