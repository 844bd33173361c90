"""Fetching updates: one by one, and forgotten by Telegram only when dealt with.

The library's own loop is not used: it confirms what nobody has dealt with, one update that it cannot read blocks all
behind it, it can end without a word, and while it waits after a failure it cannot be stopped.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from telegram import Update
from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot

from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_tools.errors import CrmError
from antcrm_tools.logs import note_unexpected
from antcrm_tools.text import Text, msg

os.environ["PTB_TIMEDELTA"] = "true"
"""Otherwise the library warns in every error that says how long to wait, and where warnings are errors, breaks."""

UPDATES = (
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.MY_CHAT_MEMBER,
)
"""What is asked for. Everything else Telegram keeps to itself."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two tries: doubled from the first up to the longest."""

_LONG_POLL = 25
"""Seconds Telegram may wait for something to come."""

_READ = 10.0
"""Seconds an answer may take beyond that."""

_NEW_SECONDS = 60.0
_CONFLICTS, _CONFLICTS_LATER, _CONFLICT_SECONDS = 4, 20, 120.0
"""So many in so many seconds: it is not the last breath of a process that was started anew."""

_AN_OUTAGE = 3
"""Failures in a row of which the admin hears. One alone is the weather."""

_CONFIRMS = 3
"""Tries to tell Telegram at the end what is done, or it is done once more after the next start."""
_CONFIRM_SECONDS = 10.0

_NOTHING_LOST = msg("Telegram keeps what people write for a day, so nothing of it is lost.")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update the library cannot read, and whose private chat it came from, as far as that can be told."""

    update_id: int
    person: int | None
    code: str


class Bot(ExtBot[None]):
    """The library's bot, for which every answer that is none is a failure of the network, whoever gave it."""

    async def raw_updates(self, offset: int | None, seconds: int, *, limit: int | None = None) -> list[Any]:
        """What has come from `offset` on, as it came; waits so many seconds for something to come.

        Raises:
            TelegramError: nothing was got, for whatever reason.
        """
        data: dict[str, Any] = {"offset": offset, "timeout": seconds, "limit": limit, "allowed_updates": [*UPDATES]}
        found = await self._post("getUpdates", data, read_timeout=seconds + _READ)
        if not isinstance(found, list):
            raise NetworkError("updates that are no list")
        return cast("list[Any]", found)

    async def _do_post(self, endpoint: str, data: dict[str, Any], **more: Any) -> Any:
        try:
            return await super()._do_post(endpoint, data, **more)
        except TelegramError as error:
            # A page instead of an answer, as a hotel's network gives: the library has no kind of its own for it.
            if type(error) is TelegramError or is_a_strangers(error):
                raise NetworkError(type(error).__name__) from error
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NetworkError(type(error).__name__) from error


class Fetcher:
    """Fetches updates for one process, and ends when that is no use any more."""

    def __init__(
        self,
        bot: Bot,
        mailbox: Mailbox,
        receipts: Receipts,
        *,
        sleep: Callable[[float], Awaitable[object]],
        report: Callable[[Text], object],
        unreachable: Text,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sleep` waits some seconds between two tries; `report` gets what the admin should know; `now` is in seconds.

        `unreachable` is what they are told when it does not work for a while.
        """
        self._bot = bot
        self._mailbox = mailbox
        self._receipts = receipts
        self._sleep = sleep
        self._report = report
        self._unreachable = unreachable
        self._now = now
        self._began = now()
        self._conflicts: deque[float] = deque(maxlen=_CONFLICTS_LATER)
        self._failures = 0

    async def run(self, queue: asyncio.Queue[Any]) -> NoReturn:
        """Put what comes into `queue`, until it is cancelled.

        Raises:
            CrmError: no update will come any more, with what to tell the admin.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                found = await self._ask()
            except InvalidToken:
                raise withdrawn() from None
            except Conflict:
                self._note_conflict()
                await self._sleep(FIRST_PAUSE)
            except RetryAfter as error:
                await self._sleep(wait_of(error))
            except TelegramError:
                self._note_failure()
                await self._sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                pause = FIRST_PAUSE
                self._note_success()
                await self._take(found, queue)

    async def confirm(self) -> None:
        """Tell Telegram what has been dealt with, when nothing more is fetched."""
        for _ in range(_CONFIRMS):
            if not self._mailbox.untold:
                return
            offset = self._mailbox.offset
            try:
                async with asyncio.timeout(_CONFIRM_SECONDS):
                    await self._bot.raw_updates(offset, 0, limit=1)
            except (TelegramError, TimeoutError):
                await self._sleep(FIRST_PAUSE)
            else:
                self._mailbox.told(offset, empty=False)

    async def _ask(self) -> list[Any]:
        mailbox = self._mailbox
        if mailbox.in_hand:
            await mailbox.pause()
        offset = mailbox.offset
        found = await self._bot.raw_updates(offset, 0 if mailbox.in_hand else _LONG_POLL)
        mailbox.told(offset, empty=not found)
        return found

    async def _take(self, found: Sequence[Any], queue: asyncio.Queue[Any]) -> None:
        numbered = [(number, raw) for raw in found if (number := _number(raw)) is not None]
        # Asked before any is taken: who is stopped meanwhile has nothing in hand that nobody works on.
        known = await self._receipts.known([number for number, _ in numbered if not self._mailbox.came(number)])
        new = False
        for number, raw in numbered:
            if not self._mailbox.take(number):
                continue
            new = True
            if number in known:
                self._mailbox.done(number)
            else:
                queue.put_nowait(self._read(number, raw))
        if found and not new and not self._mailbox.in_hand:
            await self._mailbox.pause()  # nothing in it has a number: it will come again at once

    def _read(self, number: int, raw: dict[str, Any]) -> Update | Unreadable:
        try:
            return Update.de_json(raw, self._bot)
        except Exception as error:  # noqa: BLE001  whatever it is, those behind it must get through
            return Unreadable(number, _person_in(raw), note_unexpected(error))

    def _note_success(self) -> None:
        if self._failures >= _AN_OUTAGE:
            self._report(msg("Telegram can be reached again."))
        self._failures = 0

    def _note_failure(self) -> None:
        self._failures += 1
        if self._failures == _AN_OUTAGE:
            self._report(self._unreachable)

    def _note_conflict(self) -> None:
        now = self._now()
        self._conflicts.append(now)
        recent = sum(now - each < _CONFLICT_SECONDS for each in self._conflicts)
        # Who came last ends first: a second one that is started by mistake must not take the first one down.
        if recent >= (_CONFLICTS if now - self._began < _NEW_SECONDS else _CONFLICTS_LATER):
            raise CrmError(
                msg("Another program fetches this bot's messages: only one may."),
                done=_NOTHING_LOST,
                then=msg("Stop the other one, or make a bot of its own for each with @BotFather."),
            ) from None


def withdrawn() -> CrmError:
    """What ends a bot whose token is worth nothing any more."""
    return CrmError(
        msg("Telegram does not accept the bot's token any more."),
        done=_NOTHING_LOST,
        then=msg("Get the token from @BotFather, put it into ANTCRM_TELEGRAM_TOKEN and start again."),
    )


def wait_of(error: RetryAfter) -> float:
    """The seconds Telegram wants to be left alone."""
    after = error.retry_after
    return float(after if isinstance(after, int | float) else after.total_seconds()) + 0.5


def is_a_strangers(error: BaseException) -> bool:
    """Whether a refusal was none of Telegram's: it was not in its language."""
    return isinstance(error.__cause__, TelegramError)


def _number(raw: Any) -> int | None:
    number = cast("dict[str, Any]", raw).get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _person_in(raw: dict[str, Any]) -> int | None:
    """Who sent an update that cannot be read; None unless it was in their own chat with the bot."""
    for kind in ("message", "edited_message", "callback_query"):
        match raw.get(kind):
            case {"chat": {"id": int() as chat}, "from": {"id": int() as sender}} if chat == sender:
                return sender
            case {"message": {"chat": {"id": int() as chat}}, "from": {"id": int() as sender}} if chat == sender:
                return sender
            case _:
                continue
    return None
