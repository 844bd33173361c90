"""Reading one list of AntCRM from a page to its end. What is read comes into the copy by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from antcrm_tools.models import Customer, Query
from antcrm_tools.refs import Ref

if TYPE_CHECKING:
    from antcrm_tools.paging import Page


class Reader(Protocol):
    """What of `AntCrmApi` is needed."""

    async def page(self, query: Query, number: int = 0, *, background: bool = False) -> Page:
        """One page of a list."""
        ...

    async def get(self, ref: Ref, *, background: bool = False) -> Customer:
        """One customer."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """A list that was read. `ended`: to its end."""

    refs: frozenset[Ref]
    ended: bool = True


Watched = Callable[[int, AbstractSet[Ref]], Awaitable[bool]]
"""Told of each page and all who were seen so far, a set that grows; False stops the reading there."""


async def read_list(reader: Reader, query: Query, page: int, watch: Watched, *, background: bool = True) -> Read:
    """Read from a page on, to the end of the list.

    When somebody is deleted meanwhile, those behind move forward, and one may slip from a page that is still to be read
    onto one that was. No answer shows it; the sweep finds whoever was missed.

    Raises:
        CrmError: it could not be read on.
    """
    seen: set[Ref] = set()
    number = page
    while True:
        found = await reader.page(query, number, background=background)
        seen |= {customer.as_ref() for customer in found.customers}
        if found.last:
            return Read(frozenset(seen))
        if not await watch(number, seen):
            return Read(frozenset(seen), ended=False)
        number += 1
