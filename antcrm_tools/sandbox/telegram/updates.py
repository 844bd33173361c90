"""The queue of updates and the long poll that empties it."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from antcrm_tools.sandbox.telegram.answers import TERMINATED, RefusedError
from antcrm_tools.sandbox.telegram.bell import Bell

# The fields of Update.
KINDS: Final = frozenset(
    {
        *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection"),
        *("business_message", "edited_business_message", "deleted_business_messages", "guest_message"),
        *("message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result", "callback_query"),
        *("shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "my_chat_member"),
        *("chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "managed_bot"),
    }
)
# Sent only to bots that ask for them by name.
_ON_REQUEST: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_LONGEST_POLL: Final = 50.0
_TOO_SOON: Final = 0.5
"""Seconds within which the same question gets one update only, as Telegram's own server does it."""


class Updates:
    """What the bot has not confirmed yet, in order."""

    def __init__(self, bell: Bell, first_id: int) -> None:
        self._bell = bell
        self._ids = itertools.count(first_id)
        self._waiting: dict[int, dict[str, Any]] = {}
        self._allowed = KINDS - _ON_REQUEST
        self._poll: object = None
        self._asked = (-1, 0.0)

    @property
    def pending(self) -> list[int]:
        return list(self._waiting)

    @property
    def allowed(self) -> frozenset[str]:
        """The kinds the bot asked for last."""
        return self._allowed

    def push(self, body: Mapping[str, Any]) -> int:
        """Queue it, unless it is of a kind the bot does not want; what is of no kind at all is queued as it is."""
        update_id = next(self._ids)
        kinds = KINDS & body.keys()
        if not kinds or kinds & self._allowed:
            self._waiting[update_id] = {"update_id": update_id, **body}
            self._bell.ring()
        return update_id

    def allow(self, kinds: Sequence[str]) -> None:
        """From now on only these; none means all but those that must be asked for by name."""
        self._allowed = frozenset(kinds) or KINDS - _ON_REQUEST

    def forget(self) -> None:
        self._waiting.clear()
        self._bell.ring()

    async def poll(self, offset: int, limit: int, seconds: float, stops: Callable[[], bool]) -> list[dict[str, Any]]:
        """Confirm what is below ``offset``, and return what is left, waiting so long for something to come.

        A negative offset confirms all but the last so many. Returns early, with nothing, when ``stops()``.

        Raises:
            RefusedError: Another call came while this one waited.
        """
        self._confirm(offset)
        now = asyncio.get_running_loop().time()
        if offset == self._asked[0] and now - self._asked[1] < _TOO_SOON:
            limit = 1
        self._asked = offset, now
        mine = self._poll = object()
        self._bell.ring()  # whoever waits finds that it is not their turn any more
        with suppress(TimeoutError):
            await self._bell.until(
                lambda: bool(self._waiting) or self._poll is not mine or stops(), min(seconds, _LONGEST_POLL)
            )
        if self._poll is not mine:
            raise RefusedError(409, TERMINATED)
        return list(itertools.islice(self._waiting.values(), limit))

    def _confirm(self, offset: int) -> None:
        ids = list(self._waiting)
        if offset < 0 and ids:
            offset = ids[max(offset, -len(ids))]
        for update_id in ids:
            if update_id < offset:
                del self._waiting[update_id]
