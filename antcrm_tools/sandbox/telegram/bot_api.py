"""A Telegram for one bot, as tests and demos hold it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from antcrm_tools.sandbox.telegram import pushing
from antcrm_tools.sandbox.telegram.calls import ApiCall
from antcrm_tools.sandbox.telegram.endpoints import Endpoints
from antcrm_tools.sandbox.telegram.faults import Faults
from antcrm_tools.sandbox.telegram.messages import ChatLog, QueryAnswer
from antcrm_tools.sandbox.telegram.rates import Rates
from antcrm_tools.sandbox.telegram.spec import Spec
from antcrm_tools.sandbox.telegram.state import State
from antcrm_tools.sandbox.telegram.users import User

_WAIT_SECONDS = 20.0


def _now() -> datetime:
    return datetime.now(UTC)


class BotApi:
    """The Bot API for one bot, the people who write to it, and everything both have done."""

    def __init__(
        self,
        token: str,
        *,
        username: str = "antcrm_test_bot",
        name: str = "AntCRM",
        clock: Callable[[], datetime] = _now,
        spec: Path | None = None,
    ) -> None:
        """``clock`` must give aware times; with ``spec``, the published description, every call is held against it."""
        self._state = State(token, username, name, clock, None if spec is None else Spec.load(spec))
        self.endpoints = Endpoints(self._state)

    @property
    def token(self) -> str:
        return self._state.token

    @property
    def calls(self) -> list[ApiCall]:
        """The last 10,000 calls, oldest first."""
        return list(self._state.calls.made)

    @property
    def violations(self) -> list[str]:
        """``sendMessage: text is 5000 characters long``, one for everything that was wrong with a call."""
        return list(self._state.calls.violations)

    @property
    def faults(self) -> Faults:
        return self._state.faults

    @property
    def rates(self) -> Rates | None:
        """How often the bot may send; without any, as often as it likes."""
        return self._state.rates

    @rates.setter
    def rates(self, rates: Rates | None) -> None:
        self._state.rates = rates

    def revoke(self) -> None:
        """The token is worth nothing any more: every call answers 401, one that is waiting too."""
        self._state.revoked = True
        self._state.bell.ring()

    def push(self, update: dict[str, Any]) -> int:
        """Any update without its id, also none that Telegram would make; its id.

        A kind the bot has not asked for is dropped, as Telegram does.
        """
        return pushing.push_raw(self._state, update)

    def push_message(
        self, user: User, *, chat: dict[str, Any] | None = None, reply_to: int | None = None, **fields: Any
    ) -> int:
        """A message of that person with these fields (``text=``, ``contact=``, ...); the id of the update."""
        return pushing.push_message(self._state, user, chat, reply_to, fields)

    def push_edited(self, user: User, message_id: int, **fields: Any) -> int:
        """That person changes a message of theirs; the id of the update.

        Raises:
            KeyError: There is no such message.
        """
        return pushing.push_edited(self._state, user, message_id, fields)

    def push_tap(self, user: User, message_id: int, data: str) -> tuple[int, str]:
        """A button under that message is tapped; the ids of the update and of the callback query."""
        return pushing.push_tap(self._state, user, message_id, data)

    def block(self, user_id: int) -> int | None:
        """That person blocks the bot; the id of the update, or None if they never wrote."""
        return pushing.push_block(self._state, user_id, blocked=True)

    def unblock(self, user_id: int) -> int | None:
        """That person lets the bot in again; the id of the update, or None if they never wrote."""
        return pushing.push_block(self._state, user_id, blocked=False)

    @property
    def pending(self) -> list[int]:
        """The ids of the updates the bot has not confirmed."""
        return self._state.updates.pending

    async def confirmed(self, update_id: int, within: float = _WAIT_SECONDS) -> None:
        """Return once the bot has asked for what comes after this update; at once for one that was dropped.

        Raises:
            TimeoutError: It did not, within so many seconds.
        """
        await self.until(lambda: update_id not in self._state.updates.pending, within)

    async def until(self, happened: Callable[[], bool], within: float = _WAIT_SECONDS) -> None:
        """Return once ``happened()``, which is asked whenever a call was answered or anything changed here.

        Raises:
            TimeoutError: It did not, within so many seconds.
        """
        await self._state.bell.until(happened, within)

    def chat(self, chat_id: int) -> ChatLog:
        """What was written there; empty for a chat nobody ever wrote in."""
        return self._state.chats.get(chat_id) or ChatLog({"id": chat_id})

    @property
    def query_answers(self) -> dict[str, QueryAnswer]:
        """The answers to taps, by the id of the callback query."""
        return {query_id: answer for query_id, answer in self._state.queries.items() if answer is not None}

    @property
    def commands(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """(command, description) by (type of the scope, language code)."""
        return self._state.account.commands

    @property
    def descriptions(self) -> dict[str, str]:
        """By language code; empty for every other language."""
        return self._state.account.descriptions

    @property
    def short_descriptions(self) -> dict[str, str]:
        """By language code; empty for every other language."""
        return self._state.account.short_descriptions

    @property
    def webhook(self) -> str:
        """Where Telegram would send the updates; empty while there is none. It says so, and sends nothing there."""
        return self._state.account.webhook

    @webhook.setter
    def webhook(self, url: str) -> None:
        self._state.account.webhook = url

    @property
    def left(self) -> list[int]:
        """The chats the bot left."""
        return self._state.left
