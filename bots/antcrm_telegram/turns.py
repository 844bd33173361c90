"""One update of a person at a time, in the order they came; people do not wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from antcrm_telegram.fetching import Unreadable
from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_tools.locks import Locks
from antcrm_tools.logs import note_unexpected

_WAITING = 1000
"""More than Telegram ever hands out unanswered: who waits behind themself takes nobody's place."""

_AT_ONCE = 24
"""Updates that are worked on."""


class Turns(BaseUpdateProcessor):
    """Runs updates, and says when each has been dealt with."""

    def __init__(self, mailbox: Mailbox, receipts: Receipts) -> None:
        """What is dealt with is written into `receipts`, and then reported to `mailbox`."""
        super().__init__(_WAITING)
        self._mailbox = mailbox
        self._receipts = receipts
        self._locks = Locks()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._running: set[asyncio.Task[Any]] = set()
        self._begun = 0
        self._leaving = False

    def leave(self) -> None:
        """Begin nothing more: what is not begun is not dealt with, and comes again after the next start.

        What is older than something begun is still done. Telegram can only be told of all up to a number, so the one
        that was begun would be done twice.
        """
        self._leaving = True

    def break_off(self) -> None:
        """End what takes too long. It is not dealt with."""
        for task in self._running:
            task.cancel()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Work on an update when it is its turn. One that was broken off is not dealt with, and comes again."""
        number = update.update_id if isinstance(update, Update | Unreadable) else 0
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            await self._in_turn(update, number, coroutine)
        except Exception as error:  # noqa: BLE001  whatever it is: an update that stays in hand would be so for ever
            note_unexpected(error)
            await self._done(number)
        finally:
            self._running.discard(task)  # pyright: ignore[reportArgumentType]  None is not in it
            if isinstance(coroutine, Coroutine):
                coroutine.close()  # where its turn never came

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def _in_turn(self, update: object, number: int, coroutine: Awaitable[Any]) -> None:
        async with self._locks.hold([_whose(update)]), self._room:
            if self._leaving and number > self._begun:
                return
            self._begun = max(self._begun, number)
            try:
                await coroutine
            except Exception as error:  # noqa: BLE001  the library dealt with all it foresaw; it would come for ever
                note_unexpected(error)
            await self._done(number)

    async def _done(self, number: int) -> None:
        try:
            await self._receipts.done(number)
        finally:
            self._mailbox.done(number)
        if not self._mailbox.in_hand:
            self._begun = 0  # from here on Telegram's numbers may start anew


def _whose(update: object) -> str:
    if isinstance(update, Unreadable):
        return str(update.person or 0)
    user = update.effective_user if isinstance(update, Update) else None
    return str(user.id if user else 0)
