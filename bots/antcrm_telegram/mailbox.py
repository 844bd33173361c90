"""Which updates are in hand. Telegram keeps each one until it has been dealt with here, so that a kill loses none.

Telegram forgets an update once a later offset is asked for. The library asks for it as soon as it has put the update
into its queue; what the process was told to forget and had not answered is then gone. Here the offset is that of the
oldest update still in hand, and what comes again meanwhile is passed over.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

_SHORTEST, _LONGEST = 0.5, 1.0
"""Seconds between two looks at Telegram while the same update is in hand: a long wait there would come back at once.

Who asks for the same offset within half a second is given one update only, which is the one in hand.
"""


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

    def take(self, update_id: int) -> bool:
        """Take an update in hand; False if it came before."""
        if update_id < self._next:
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
