"""How often a bot may send."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

# A few messages at once to the same chat pass.
_BURST = 3


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float

    def wait(self, now: float, per_second: float, most: float) -> float:
        """Seconds until there is something to take; 0 when there is."""
        self.left = min(most, self.left + (now - self.at) * per_second)
        self.at = now
        return 0 if self.left >= 1 else (1 - self.left) / per_second


@dataclass(slots=True)
class Rates:
    """Messages and edits a second, to one chat (three at once pass) and over all chats, by the server's clock."""

    per_chat_per_second: float = 1
    overall: float = 30
    _chats: dict[int, _Bucket] = field(default_factory=lambda: defaultdict(lambda: _Bucket(_BURST, 0)), init=False)
    _all: _Bucket = field(default_factory=lambda: _Bucket(math.inf, 0), init=False)

    def retry_after(self, chat_id: int, now: float) -> int | None:
        """Take one message to the chat, at ``now`` seconds; the whole seconds to wait where there is none to take."""
        chat = self._chats[chat_id]
        wait = max(
            chat.wait(now, self.per_chat_per_second, max(_BURST, self.per_chat_per_second)),
            self._all.wait(now, self.overall, self.overall),
        )
        if wait > 0:
            return math.ceil(wait)
        chat.left -= 1
        self._all.left -= 1
        return None
