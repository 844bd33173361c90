"""Whoever is erased leaves nothing in the file, and nobody else becomes harder to find."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref
from tests.directory.people import ZONE
from tests.fakes.clock import Clock

NAME = "Qxjvkwz Bhgtrfy"
WORDS = ("qxjvkwz", "bhgtrfy", "xjvkwz")


def lead(number: int, name: str) -> Customer:
    return Customer(kind="lead", id=str(number), name=name)


def opened(file: Path, clock: Clock) -> Store:
    return Store(file, clock=clock, zone=ZONE)


@pytest.mark.parametrize("before", ["as they were", "renamed", "deleted"])
def test_nothing_is_left_in_the_file(tmp_path: Path, before: str) -> None:
    file, clock = tmp_path / "copy.sqlite3", Clock()

    async def erase() -> None:
        store = opened(file, clock)
        await store.seen([lead(1, NAME), *(lead(number, f"Trần Thị Lan {number}") for number in range(2, 60))], 1.0)
        clock.advance(seconds=1)
        if before == "renamed":
            await store.seen([lead(1, "Lê Thị Hoa")], store.begin())
        if before == "deleted":
            await store.missing(Ref("lead", "1"), store.begin())
        clock.advance(seconds=1)
        await Directory(store).erase("L1")
        await store.aclose()

    asyncio.run(erase())
    held = file.read_bytes()
    assert b"lan" in held
    assert [word for word in WORDS if word.encode() in held] == []
    with sqlite3.connect(file) as db:
        words = {word for (word,) in db.execute("SELECT word FROM vocabulary")}
    db.close()
    assert {"lan", "tran"} <= words


async def test_another_process_learns_the_word_again(tmp_path: Path) -> None:
    clock = Clock()
    bot, command = opened(tmp_path / "copy.sqlite3", clock), opened(tmp_path / "copy.sqlite3", clock)
    await bot.seen([lead(1, "Trần Khuynhdiep")], bot.begin())
    clock.advance(seconds=1)
    await Directory(command).erase("L1")
    clock.advance(seconds=1)
    await bot.seen([lead(2, "Lê Khuynhdiep")], bot.begin())
    for typed in ("khuynhdiep", "khuy", "khuynhdeip"):
        hits = await Directory(bot).find(typed, Filters(), limit=5)
        assert [hit.entry.ref for hit in hits.hits] == ["L2"], typed
    await bot.aclose()
    await command.aclose()
