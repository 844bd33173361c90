"""Whose turn it is to keep the copy: of the processes that share a file, one at a time asks AntCRM."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.store import Store
from antcrm_tools.liveness import is_gone

LEASE = 60.0
"""Seconds for which a turn holds without being renewed; more than the longest request."""

_HOLDER = "holder"
_BETWEEN = "|"


class LostDutyError(Exception):
    """Another process has taken over."""


class Duty:
    """One process's turn. `holder` names it (`liveness.new_holder`)."""

    def __init__(self, store: Store, holder: str) -> None:
        """It is not taken yet."""
        self._store = store
        self._holder = holder

    async def take(self) -> bool:
        """Take the turn, or go on with it; False while another process has it."""
        return await self._store.write(self._taking(self._free))

    async def renew(self) -> None:
        """Go on with it.

        Raises:
            LostDutyError: another process has it by now.
        """
        if not await self._store.write(self._taking(lambda holder, _until, _now: holder == self._holder)):
            raise LostDutyError

    async def give_back(self) -> None:
        """Let others have it."""

        def give(db: sqlite3.Connection, _: Labels) -> None:
            if (fact(db, _HOLDER) or "").partition(_BETWEEN)[0] == self._holder:
                set_fact(db, _HOLDER, None)

        await self._store.write(give)

    def _taking(self, may: Callable[[str, float, float], bool]) -> Callable[[sqlite3.Connection, Labels], bool]:
        def take(db: sqlite3.Connection, _: Labels) -> bool:
            now = self._store.begin()
            holder, _between, until = (fact(db, _HOLDER) or "").partition(_BETWEEN)
            if not may(holder, float(until or 0), now):
                return False
            set_fact(db, _HOLDER, f"{self._holder}{_BETWEEN}{now + LEASE}")
            return True

        return take

    def _free(self, holder: str, until: float, now: float) -> bool:
        # A lease that ends later than any taken now would is from before the clock was set back.
        return holder in ("", self._holder) or not now <= until <= now + LEASE or is_gone(holder)
