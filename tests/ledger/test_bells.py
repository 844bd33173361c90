"""Where the database can say that something was written, whoever waits hears it at once, and not at the next look."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from sqlalchemy import Connection

from antcrm_tools.ledger.bells import listening, ring
from antcrm_tools.ledger.store import Store
from tests.fakes.ledgers import BOUND

ONLY_POSTGRES = pytest.mark.parametrize("ledger_url", ["postgres"], indirect=True)


async def for_ever(_seconds: float) -> None:
    """No look is due by itself."""
    await asyncio.get_running_loop().create_future()


@ONLY_POSTGRES
async def test_what_another_writes_is_heard(
    ledger_url: str | Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    other = Store(ledger_url)
    try:
        async with asyncio.timeout(BOUND), listening(store, for_ever) as bell:
            await bell.wait()  # it listens from now on
            for _ in range(3):
                waiting = asyncio.create_task(bell.wait())
                await other.run(ring)
                await waiting
    finally:
        await other.aclose()
    assert caplog.text == ""


@ONLY_POSTGRES
async def test_nobody_is_woken_by_what_was_given_up(ledger_url: str | Path, store: Store) -> None:
    other = Store(ledger_url)

    def gives_up(connection: Connection) -> None:
        ring(connection)
        raise LookupError

    try:
        async with asyncio.timeout(BOUND), listening(store, for_ever) as bell:
            await bell.wait()
            waiting = asyncio.create_task(bell.wait())
            with pytest.raises(LookupError):
                await other.run(gives_up)
            await store.run(lambda _: None)
            assert not waiting.done()
            await other.run(ring)
            await waiting
    finally:
        await other.aclose()
