"""What was found out about one AntCRM and is kept between two starts, and how it is believed.

It is a beginning, never the truth: whoever uses it asks AntCRM one question that a change would answer differently,
and finds out anew where it does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import anyio

from antcrm_tools.errors import CrmError

PATIENCE = 2.0
"""Seconds a read of AntCRM waits for what is kept; after that it finds out by itself."""

Above: TypeAlias = Literal["honoured", "clamped", "refused"]
"""What becomes of a `limit` above the documented most."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of one AntCRM; None and nothing where it is not.

    `page_base` is the number of the first page, `page_size` how many records a full page holds. `honoured` and
    `ignored` are parameters of GET by AntCRM's own names.
    """

    page_base: int | None = None
    page_size: int | None = None
    above: Above | None = None
    honoured: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def then(self, found: Learnt) -> Learnt:
        """What is known after something more was found out: what was not found out this time stays."""
        same = found.page_base in (None, self.page_base)
        return Learnt(
            self.page_base if found.page_base is None else found.page_base,
            self.page_size if found.page_size is None and same else found.page_size,
            self.above if found.above is None and same else found.above,
            (self.honoured - found.ignored) | found.honoured,
            (self.ignored - found.honoured) | found.ignored,
        )

    def contradicted_by(self, found: Learnt) -> tuple[str, ...]:
        """The parameters of GET that are not as they were."""
        moved = self.page_base is not None and found.page_base not in (None, self.page_base)
        resized = self.page_size is not None and found.page_size not in (None, self.page_size)
        filters = (self.honoured & found.ignored) | (self.ignored & found.honoured)
        return tuple(sorted({*filters, *(("page",) if moved else ()), *(("limit",) if resized else ())}))


NOTHING_KNOWN = Learnt()


class Kept(Protocol):
    """Where it is kept."""

    async def read(self) -> Learnt:
        """What is known. Raises CrmError."""
        ...

    async def correct(self, page_base: int) -> None:
        """The first page has another number than was known, and nothing else about pages is known. Raises CrmError."""
        ...


class Memory(Protocol):
    """What a client of AntCRM begins with. It never raises: a read must not fail by it, nor wait for long."""

    async def recall(self) -> Learnt:
        """What is known."""
        ...

    async def correct(self, page_base: int) -> None:
        """What was known about pages is not so: this is the number of the first one."""
        ...


class Remembering:
    """What is kept where it may be broken, slow or not opened yet: then it is as if nothing were known."""

    def __init__(self, kept: Callable[[], Kept], patience: float = PATIENCE) -> None:
        """`kept` is called when it is first needed, and may raise CrmError. `patience`: seconds."""
        self._kept = kept
        self._patience = patience

    async def recall(self) -> Learnt:
        """What is known."""
        try:
            with anyio.move_on_after(self._patience):
                return await self._kept().read()
        except CrmError as error:
            _log.warning("what is known about this AntCRM cannot be read, so it is found out anew: %s", error.code)
        return NOTHING_KNOWN

    async def correct(self, page_base: int) -> None:
        """What was known about pages is not so: this is the number of the first one."""
        try:
            with anyio.move_on_after(self._patience):
                await self._kept().correct(page_base)
        except CrmError as error:
            _log.warning("what was found out about this AntCRM cannot be kept: %s", error.code)
