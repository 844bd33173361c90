"""Several programs on one copy: what one writes the others read, whoever comes and goes meanwhile."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from antcrm_tools.models import Customer
from tests.directory.people import people
from tests.fakes.clock import Clock
from tests.fakes.ledgers import in_processes

COMES_AND_GOES = """
import asyncio, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from tests.fakes.clock import Clock

async def main():
    store = Store(Path(sys.argv[1]), clock=Clock(), zone=ZoneInfo("Asia/Ho_Chi_Minh"))
    print("ready", flush=True)
    input()
    found = await Directory(store).find(sys.argv[2], Filters(), limit=5)
    print(" ".join(hit.entry.ref for hit in found.hits), flush=True)
    await store.aclose()

asyncio.run(main())
"""


def opened(file: Path) -> Store:
    return Store(file, clock=Clock(), zone=ZoneInfo("Asia/Ho_Chi_Minh"))


def held() -> list[str]:
    """The files this process has open."""
    return [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]


async def put(store: Store, *customers: Customer) -> None:
    await store.seen(customers, store.begin())


def found_elsewhere(file: Path, words: str) -> str:
    """By a program that is started now, looks and ends."""
    return in_processes(COMES_AND_GOES, str(file), words, many=1)[0]


async def test_whoever_comes_and_goes_takes_nothing_away(tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite3"
    one, two, *_ = (person.customer for person in people(50))
    mine = opened(file)
    try:
        await put(mine, one)
        assert (await Directory(mine).find(one.name, Filters(), limit=5)).hits  # both connections are open
        for _ in range(2):
            assert one.ref in found_elsewhere(file, one.name)
        await put(mine, two)
        assert two.ref in found_elsewhere(file, two.name)
    finally:
        await mine.aclose()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux says which files a process holds")
async def test_no_file_is_gone_that_is_still_written_to(tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite3"
    (one, *_) = (person.customer for person in people(50))
    mine = opened(file)
    try:
        await put(mine, one)
        await Directory(mine).find(one.name, Filters(), limit=5)
        found_elsewhere(file, one.name)
        assert [name for name in held() if str(file) in name and "(deleted)" in name] == []
    finally:
        await mine.aclose()
