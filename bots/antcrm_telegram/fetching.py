"""The bot as the library knows it, but for how it fetches updates: one by one, and forgotten only when dealt with."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from telegram import Update
from telegram.error import Conflict, InvalidToken
from telegram.ext import ExtBot

from antcrm_telegram.mailbox import Mailbox
from antcrm_tools.errors import CrmError
from antcrm_tools.logs import note_unexpected
from antcrm_tools.text import msg

log = logging.getLogger(__name__)

_LONG_POLL = 25
"""Seconds Telegram may wait for something to come."""

_READ = 10.0
"""Seconds an answer may take beyond that."""

_CONFLICTS, _CONFLICT_SECONDS = 4, 120.0
"""So many in so many seconds: it is not the last breath of a process that was started anew."""

_NOTHING_LOST = msg("Telegram keeps what people write for a day, so nothing of it is lost.")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update the library cannot read, and whose private chat it came from, as far as that can be told."""

    update_id: int
    person: int | None
    code: str


class Bot(ExtBot[None]):
    """Fetches updates for one process, and knows when that is no use any more."""

    def __init__(self, token: str, mailbox: Mailbox, **more: Any) -> None:
        """`more`: what ExtBot takes."""
        super().__init__(token, **more)
        self._mailbox = mailbox
        self._conflicts: deque[float] = deque(maxlen=_CONFLICTS)
        self._looked = time.monotonic()
        self._over: asyncio.Future[CrmError] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> asyncio.Future[CrmError]:
        """Done when no update will come any more, with what to tell the admin."""
        return self._over

    @property
    def quiet(self) -> float:
        """Seconds since Telegram was last asked for updates. The library's loop can end without a word."""
        return time.monotonic() - self._looked

    async def get_updates(  # pyright: ignore[reportIncompatibleMethodOverride]  what it returns may be Unreadable
        self,
        offset: int | None = None,
        limit: int | None = None,
        timeout: float | timedelta | None = None,  # noqa: ASYNC109  the library's parameter
        allowed_updates: Sequence[str] | None = None,
        **_: Any,
    ) -> tuple[Update | Unreadable, ...]:
        """New updates. The offset the library keeps is not used: it confirms what nobody has dealt with."""
        del offset, limit
        self._looked = time.monotonic()
        if self._mailbox.in_hand:
            await self._mailbox.pause()
        seconds = 0 if self._mailbox.in_hand or timeout in (0, timedelta()) else _LONG_POLL
        data: dict[str, Any] = {
            "offset": self._mailbox.offset,
            "timeout": seconds,
            "allowed_updates": None if allowed_updates is None else list(allowed_updates),
        }
        try:
            found = await self._post("getUpdates", data, read_timeout=seconds + _READ)
        except InvalidToken:
            self._end(
                CrmError(
                    msg("Telegram does not accept the bot's token any more."),
                    done=_NOTHING_LOST,
                    then=msg("Get the token from @BotFather, put it into ANTCRM_TELEGRAM_TOKEN and start again."),
                )
            )
            raise
        except Conflict:
            self._note_conflict()
            raise
        return await self._new(cast("list[Any]", found))

    async def confirm(self) -> None:
        """Tell Telegram what has been dealt with, when nothing more is fetched."""
        await self._post("getUpdates", {"offset": self._mailbox.offset, "timeout": 0, "limit": 1}, read_timeout=_READ)

    async def _new(self, found: list[Any]) -> tuple[Update | Unreadable, ...]:
        updates: list[Update | Unreadable] = []
        for raw in found:
            number = cast("dict[str, Any]", raw).get("update_id") if isinstance(raw, dict) else None
            if isinstance(number, int) and self._mailbox.take(number):
                updates.append(self._read(number, cast("dict[str, Any]", raw)))
        if not found:
            self._mailbox.nothing_new()
        elif not updates and not self._mailbox.in_hand:
            await self._mailbox.pause()  # nothing in it has a number: it will come again at once
        return tuple(updates)

    def _read(self, number: int, raw: dict[str, Any]) -> Update | Unreadable:
        try:
            return Update.de_json(raw, self)
        except Exception as error:  # noqa: BLE001  whatever it is, those behind it must get through
            return Unreadable(number, _person_in(raw), note_unexpected(error))

    def _note_conflict(self) -> None:
        now = time.monotonic()
        self._conflicts.append(now)
        if len(self._conflicts) == _CONFLICTS and now - self._conflicts[0] < _CONFLICT_SECONDS:
            self._end(
                CrmError(
                    msg("Another program fetches this bot's messages: only one may."),
                    done=_NOTHING_LOST,
                    then=msg("Stop the other one, or make a bot of its own for each with @BotFather."),
                )
            )

    def _end(self, error: CrmError) -> None:
        if not self._over.done():
            self._over.set_result(error)


def _person_in(raw: dict[str, Any]) -> int | None:
    """Who wrote an update that cannot be read; None unless it was in their own chat with the bot."""
    for kind in ("message", "edited_message"):
        match raw.get(kind):
            case {"chat": {"id": int() as chat}, "from": {"id": int() as sender}} if chat == sender:
                return sender
            case _:
                continue
    return None
