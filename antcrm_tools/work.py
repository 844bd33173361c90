"""What a tool's function is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from antcrm_tools.changes import Wish
from antcrm_tools.directory.keeping import Copy
from antcrm_tools.outcomes import Actor
from antcrm_tools.progress import Progress, no_progress
from antcrm_tools.records import Records


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a tool: the records, on whose behalf, and what a person was shown before saying yes."""

    records: Records
    copy: Copy
    wish: Wish
    zone: tzinfo
    clock: Callable[[], datetime]
    shown: str | None = None
    """The fingerprint of the preview that was confirmed; None where nobody had to be asked."""
    progress: Progress = no_progress
    undo_hours: float = 24.0
    """How long a change can be undone."""

    @property
    def actor(self) -> Actor:
        """On whose behalf."""
        return self.wish.actor

    def now(self) -> datetime:
        """The time where the company is: its days are the days people mean."""
        return self.clock().astimezone(self.zone)
