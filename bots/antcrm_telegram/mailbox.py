"""Which updates are in hand. Telegram keeps each one until it has been dealt with here, so that a kill loses none.

Telegram forgets an update once a later offset is asked for. The library asks for it as soon as it has put the update
into its queue; what the process was told to forget and had not answered is then gone. Here the offset is that of the
oldest update still in hand, and what comes again meanwhile is passed over. What is done is also written down, so that
the next process passes it over as well.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Protocol, TypeVar

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.logs import note_unexpected
from antcrm_tools.text import Text, join, msg

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.5, 1.0
"""Seconds between two looks at Telegram while the same update is in hand: a long wait there would come back at once.

Who asks for the same offset within half a second is given one update only, which is the one in hand.
"""

_PATIENCE = 10.0
"""Seconds the ledger gets: an answer to a person is worth more than that it is written down."""

_REST = 30.0
"""Seconds it is left alone when it could not be used."""

_UNWRITTEN = 200
"""Twice what Telegram hands out at a time: behind the oldest in hand there are never more."""


class Mailbox:
    """The updates of one bot. All of it happens in one event loop."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._open: set[int] = set()
        self._next = 0
        self._told = 0
        self._changed = asyncio.Event()
        self._pause = _SHORTEST

    @property
    def in_hand(self) -> int:
        """How many updates are not dealt with yet."""
        return len(self._open)

    @property
    def offset(self) -> int | None:
        """What to ask Telegram for: everything from here on. What is older is done and may be forgotten."""
        return min(self._open, default=self._next) or None

    @property
    def untold(self) -> bool:
        """Whether something is done that Telegram has not been told of."""
        return (self.offset or 0) > self._told

    def came(self, update_id: int) -> bool:
        """Whether an update was taken in hand before."""
        return update_id < self._next

    def take(self, update_id: int) -> bool:
        """Take an update in hand; False if it came before."""
        if self.came(update_id):
            return False
        self._open.add(update_id)
        self._next = update_id + 1
        self._pause = _SHORTEST
        return True

    def done(self, update_id: int) -> None:
        """An update has been dealt with."""
        self._open.discard(update_id)
        self._pause = _SHORTEST
        self._changed.set()

    def told(self, offset: int | None, *, empty: bool) -> None:
        """Telegram has answered to this offset; `empty`: there was nothing from there on.

        After a week without a message its numbers start anew anywhere, so what was asked for last says nothing then.
        """
        self._told = offset or 0
        if empty and self._told == self._next:
            self._next = self._told = 0

    async def pause(self) -> None:
        """Until the oldest update in hand is done, or it is time to look for new ones."""
        offset = self.offset
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                while self.offset == offset:
                    self._changed.clear()
                    await self._changed.wait()
        self._pause = min(_LONGEST, self._pause * 2)


class Inbox(Protocol):
    """Where it is written down that an update is done. What it does may raise LedgerBroken."""

    async def done(self, *update_ids: int) -> None:
        """These have been dealt with."""
        ...

    async def known(self, update_ids: Collection[int]) -> set[int]:
        """Which of these have been dealt with, by whatever process."""
        ...


class Receipts:
    """What is done, beyond the end of this process. While the ledger is broken people are answered without it."""

    def __init__(
        self, inbox: Inbox, *, report: Callable[[Text], object], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`report` gets what the admin should know; `now` is in seconds."""
        self._inbox = inbox
        self._report = report
        self._now = now
        self._rest_until: float | None = None
        self._unwritten: deque[int] = deque(maxlen=_UNWRITTEN)

    async def known(self, update_ids: Collection[int]) -> set[int]:
        """Which of these are done, as far as can be told."""
        if not update_ids:
            return set()
        found = await self._use(lambda: self._inbox.known(update_ids))
        if found is not None:
            self._note_success()
        return found or set()

    async def done(self, update_id: int) -> None:
        """An update is done. What could not be written down before is written with it."""
        self._unwritten.append(update_id)
        these = tuple(self._unwritten)

        async def write() -> bool:
            await self._inbox.done(*these)
            return True

        if await self._use(write):
            self._unwritten = deque((each for each in self._unwritten if each not in these), maxlen=_UNWRITTEN)
            self._note_success()

    async def _use(self, use: Callable[[], Awaitable[T]]) -> T | None:
        if self._rest_until is not None and self._now() < self._rest_until:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await use()
        except LedgerBroken as error:
            self._note_failure(error.what)
        except Exception as error:  # noqa: BLE001  whatever it is, people are answered
            if not isinstance(error, TimeoutError):
                note_unexpected(error)
            self._note_failure(msg("{ledger} cannot be used.", ledger=msg("The ledger")))
        return None

    def _note_success(self) -> None:
        # From a full disk can be read: it is over when everything is written down.
        if self._rest_until is not None and not self._unwritten:
            self._rest_until = None
            self._report(msg("The ledger can be used again."))

    def _note_failure(self, what: Text) -> None:
        first, self._rest_until = self._rest_until is None, self._now() + _REST
        if first:
            still = msg("Telegram is answered all the same; after a kill some messages may be dealt with twice.")
            self._report(join((what, still)))
