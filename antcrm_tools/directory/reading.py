"""Reading one list of AntCRM from a page to its end. What is read comes into the copy by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
    """A list that was read. `shifted`: customers moved over the edges of its pages, so some may be missing."""

    refs: frozenset[Ref]
    shifted: bool
    ended: bool = True


Watched = Callable[[int, frozenset[Ref]], Awaitable[bool]]
"""Told of each page and all who were seen so far; False stops the reading there."""


async def read_list(reader: Reader, query: Query, page: int, watch: Watched, *, background: bool = True) -> Read:
    """Read from a page on, to the end of the list.

    When somebody is deleted, those behind move forward, and one slips from a page that is still to be read onto one
    that was. Then the last page is not the same when it is read again.

    Raises:
        CrmError: it could not be read on.
    """
    seen: set[Ref] = set()
    last: tuple[int, frozenset[Ref]] | None = None
    number = page
    while True:
        found = await reader.page(query, number, background=background)
        refs = frozenset(customer.as_ref() for customer in found.customers)
        if refs:
            last = number, refs
            seen |= refs
        if found.last:
            break
        if not await watch(number, frozenset(seen)):
            return Read(frozenset(seen), shifted=False, ended=False)
        number += 1
    if last is None or last[0] == 0:
        return Read(frozenset(seen), shifted=False)
    again = await reader.page(query, last[0], background=background)
    return Read(frozenset(seen), shifted=frozenset(c.as_ref() for c in again.customers) != last[1])
