"""What a process looks after beside everything else: changes that are open, and the copy of the customers."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.logs import note_unexpected

if TYPE_CHECKING:
    from antcrm_tools.house import House

Wait = Callable[[float], Awaitable[object]]

_BETWEEN, _SHORTEST = 5.0, 0.02
"""Seconds between two looks at what is open; less where the pause is less."""

_BEFORE_COPYING = 2.0
"""Seconds before the copy is looked after when nobody has asked for it: a start has other things to do."""

_ERASES_EVERY = 3600.0
_ERASED_AT_ONCE = 1000

_log = logging.getLogger(__name__)


async def tend_copy(house: House, wait: Wait) -> None:
    """Keep the copy fresh, for ever."""
    await wait(_BEFORE_COPYING)
    await house.copy().keep()


async def tend_ledger(house: House, wait: Wait) -> None:
    """Look after what is open, for ever."""
    broken, erased_at = False, -_ERASES_EVERY
    while True:
        # The first time not at once, either: a start has other things to do.
        await wait(max(_SHORTEST, min(_BETWEEN, house.settings.unsure_pause / 4)))
        try:
            await house.resolver().tick()
            await house.desk().tidy()
            if time.monotonic() - erased_at > _ERASES_EVERY:
                await _erase_old(house, wait)
                erased_at = time.monotonic()
            broken = False
        except LedgerBroken as error:
            if not broken:
                _log.error("what is open cannot be looked after: %s", error)
            broken = True
        except Exception as error:  # noqa: BLE001  it must go on; the next look may be better
            note_unexpected(error)


async def _erase_old(house: House, wait: Wait) -> None:
    """Personal data of changes that are old enough; none of what could still be undone."""
    settings = house.settings
    keep = timedelta(days=max(settings.keep_days, settings.undo_hours / 24))
    while await house.ledger().erasing.old(keep, _ERASED_AT_ONCE) == _ERASED_AT_ONCE:
        await wait(_SHORTEST)
