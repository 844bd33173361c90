"""Who is told of everything that is read of AntCRM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref


class Watch(Protocol):
    """Told of each read, before whoever asked for it has the answer. It never raises: a read must not fail by it."""

    def begin(self) -> float:
        """The moment a read begins, by the watch's own clock."""
        ...

    async def seen(self, customers: Sequence[Customer], begun: float) -> None:
        """What a read that began then has shown."""
        ...

    async def missing(self, ref: Ref, begun: float) -> None:
        """Somebody asked for by number who was not there when the read began, or who is marked as deleted."""
        ...
