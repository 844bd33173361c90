"""What was asked of the sandbox, for tests and for whoever watches a demo."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# A served sandbox runs for days; the oldest requests go first.
LOG_MAX = 10_000


@dataclass(slots=True)
class LoggedRequest:
    """One request. ``status`` is 0 while it has no answer; ``acted`` turns true when it changed what is stored."""

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int = 0
    acted: bool = False
    asked_losses: tuple[str, ...] = ()
    """Fields a PUT asked to empty or take elements from, against the record before it; ``("*",)`` for a DELETE."""
    losses: tuple[str, ...] = ()
    """The same, but what really went; differs from what was asked where the switches make it."""

    @property
    def destroys(self) -> bool:
        """A DELETE, or a PUT that asked for a loss or caused one, whether or not it got through."""
        return self.method == "DELETE" or bool(self.asked_losses or self.losses)


def new_log() -> deque[LoggedRequest]:
    return deque(maxlen=LOG_MAX)
