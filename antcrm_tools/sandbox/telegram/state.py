"""Everything this Telegram knows."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from antcrm_tools.sandbox.telegram.bell import Bell
from antcrm_tools.sandbox.telegram.calls import Calls
from antcrm_tools.sandbox.telegram.faults import Faults
from antcrm_tools.sandbox.telegram.messages import ChatLog, Message, QueryAnswer
from antcrm_tools.sandbox.telegram.rates import Rates
from antcrm_tools.sandbox.telegram.spec import Spec
from antcrm_tools.sandbox.telegram.updates import Updates


@dataclass(slots=True)
class Account:
    """What BotFather and the set... methods keep of a bot; texts by language code, empty for every other language."""

    commands: dict[tuple[str, str], list[tuple[str, str]]] = field(
        default_factory=dict[tuple[str, str], list[tuple[str, str]]]
    )
    """(command, description) by (type of the scope, language code)."""
    descriptions: dict[str, str] = field(default_factory=dict[str, str])
    short_descriptions: dict[str, str] = field(default_factory=dict[str, str])
    webhook: str = ""
    """Where somebody has Telegram send the updates."""


class State:
    """One bot and its chats."""

    def __init__(self, token: str, username: str, name: str, clock: Callable[[], datetime], spec: Spec | None) -> None:
        self.token = token
        self.revoked = False
        bot_id = int(token.partition(":")[0])
        self.me: dict[str, Any] = {"id": bot_id, "is_bot": True, "first_name": name, "username": username}
        self.clock = clock
        self.spec = spec
        self.bell = Bell()
        self.faults = Faults(self.bell.ring)
        self.rates: Rates | None = None
        self.calls = Calls()
        # They start anywhere, as Telegram's do, and at the same place every time.
        seed = hashlib.sha256(token.encode()).digest()
        self.updates = Updates(self.bell, 100_000_000 + int.from_bytes(seed[:3]))
        self.message_ids = itertools.count(1000 + seed[3])
        self.query_ids = itertools.count(bot_id << 32 | int.from_bytes(seed[4:8]))
        self._changes = itertools.count(1)
        self.account = Account()
        self.chats: dict[int, ChatLog] = {}
        """The chats the bot has been written to from."""
        self.blocked: set[int] = set()
        self.left: list[int] = []
        self.queries: dict[str, QueryAnswer | None] = {}
        """Taps, by the id of the callback query; None while unanswered."""

    def now(self) -> int:
        """Seconds since 1970, as dates are in messages."""
        return int(self.clock().timestamp())

    def put(self, log: ChatLog, message: Message) -> None:
        """A new message in a chat."""
        log.messages.append(message)
        self.touch(message)

    def touch(self, message: Message) -> None:
        """Note that a message has just changed."""
        message.changed = next(self._changes)
        self.bell.ring()
