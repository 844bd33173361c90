"""What the bot asked of Telegram."""

from collections import deque
from dataclasses import dataclass
from typing import Any

# A served sandbox runs for days; the oldest calls go first.
_CALLS_MAX = 10_000


@dataclass(slots=True)
class ApiCall:
    """One call. ``status`` is 0 while it has no answer, and stays so when the answer was lost."""

    method: str
    params: dict[str, Any]
    """Decoded: numbers are numbers, JSON is what it says."""
    status: int = 0
    violations: tuple[str, ...] = ()
    """What Telegram, or its published description, would not have; each begins with what is wrong."""


class Calls:
    """The last calls and the last violations, oldest first."""

    def __init__(self) -> None:
        self.made: deque[ApiCall] = deque(maxlen=_CALLS_MAX)
        self.violations: deque[str] = deque(maxlen=_CALLS_MAX)

    def add(self, call: ApiCall) -> None:
        self.made.append(call)

    def blame(self, call: ApiCall, violations: list[str]) -> None:
        """Note what is wrong with a call."""
        call.violations = (*call.violations, *violations)
        self.violations.extend(f"{call.method}: {violation}" for violation in violations)
