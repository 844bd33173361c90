"""One update of a person at a time, in the order they came; people do not wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from antcrm_telegram.fetching import Unreadable
from antcrm_telegram.mailbox import Mailbox
from antcrm_tools.locks import Locks

_WAITING = 1000
"""Updates that are looked at. Who waits behind themself must not take the place of others."""

_AT_ONCE = 24
"""Updates that are worked on."""


class Turns(BaseUpdateProcessor):
    """Runs updates, and says when each has been dealt with."""

    def __init__(self, mailbox: Mailbox) -> None:
        """What is dealt with is reported to `mailbox`."""
        super().__init__(_WAITING)
        self._mailbox = mailbox
        self._locks = Locks()
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Work on an update when it is its turn. One that was broken off is not dealt with, and comes again."""
        async with self._locks.hold([_whose(update)]), self._room:
            await coroutine
        if isinstance(update, Update | Unreadable):
            self._mailbox.done(update.update_id)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""


def _whose(update: object) -> str:
    if isinstance(update, Unreadable):
        return str(update.person or 0)
    user = update.effective_user if isinstance(update, Update) else None
    return str(user.id if user else 0)
