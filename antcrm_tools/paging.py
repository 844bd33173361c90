"""Reading lists page by page, whatever AntCRM's pages turn out to be like.

Two things are not documented: whether the first page is 1 or 0, and what becomes of a `limit` (row "first page is 1 or
0; `limit` above 20 is clamped or refused"). Both are found out while reading, at most once:

- **The first page** is asked for without a number. The vendor documents looking up one customer by phone without one,
  so no number means the first page, whichever its number is. What most look-ups need takes one request.
- **The first page's number** matters only once a second page is needed. Then page 1 is compared with the first page:
  the same, it is 1; others, it is 0. The first page is read before and after, because customers created in between
  would make the comparison mean something else.
- **What earlier processes found out** is begun with: page 1 then only has to bear it out. Where it does not, it is
  found out as if nothing were known.
- **The end** of a list is an empty page: AntCRM may leave records out of a page after counting it off. Only looking up
  a phone or an e-mail ends with a page that is shorter than the longest one seen, because most have a hit or none.

Numbering by offset has a limit nothing here can lift: where a customer is deleted while pages are read, another one
moves over the edge of a page that was read already, and no answer shows it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import anyio

from antcrm_tools.errors import NotActed, PagingBroken, Refused, Unauthorised, UnreadableAnswer
from antcrm_tools.learning import NOTHING_KNOWN, Learnt, Memory
from antcrm_tools.models import Customer, Query
from antcrm_tools.refs import Ref
from antcrm_tools.text import msg

PAGE_MAX = 20
"""Records on a page, and the `limit` that is always sent: "each page has a maximum of 20 customers"."""

_TRIES = 5
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `number` counts from 0, whatever AntCRM's numbers are; a page may be empty and not `last`."""

    customers: tuple[Customer, ...]
    number: int
    last: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer: the customers asked for, who was in it at all, and how many records it had."""

    customers: tuple[Customer, ...] = ()
    refs: frozenset[Ref] = frozenset()
    rows: int = 0


NOTHING = Batch()

Fetch = Callable[[Query, int | None, bool], Awaitable[Batch]]
"""One GET of a list: the query, AntCRM's page number or none, and whether it is background work."""


class Paging:
    """What was found out about the pages of one AntCRM, and reading with it."""

    def __init__(self, fetch: Fetch, memory: Memory | None = None) -> None:
        """`fetch` makes one request; `memory` is what earlier processes found out."""
        self._fetch = fetch
        self._memory = memory
        self._known: Learnt | None = None
        self._first_number: int | None = None
        self._finding = anyio.Lock()
        self._largest = 0
        self._followed = False  # a page was followed by another: the largest one seen was full
        self._looked_wider = False
        self._handed_out: OrderedDict[tuple[Query, int], frozenset[Ref]] = OrderedDict()

    async def page(self, query: Query, number: int, background: bool) -> Page:
        """One page; past the end it is empty.

        Raises:
            PagingBroken: it is the page before once more.
        """
        if number < 0:
            raise ValueError("pages are counted from 0")
        batch = await (self._numbered(query, number, background) if number else self._first(query, background))
        await self._check_new(query, number, batch, background)
        return Page(_merged(batch.customers, set()), number, await self._is_last(query, number, batch, background))

    async def walk(self, query: Query, background: bool) -> AsyncGenerator[Customer]:
        """Every customer of a list, once.

        Raises:
            PagingBroken: a page held only customers of earlier pages, although the list had not moved.
        """
        seen: set[Ref] = set()
        first = batch = await self._first(query, background)
        number = stale = 0
        while batch.rows:
            stale = stale + 1 if number and batch.refs <= seen else 0
            # Customers created in front push those already seen to later pages, but onto no more pages than were read.
            if stale and (stale * 2 > number + 1 or not await self._has_moved(query, first, background)):
                raise PagingBroken
            for customer in _merged(batch.customers, seen):
                yield customer
            seen |= batch.refs
            if await self._is_short(query, batch, background):
                break
            number += 1
            batch = await self._numbered(query, number, background, first if number == 1 else None)
        if number:
            # What was created or updated meanwhile may have moved from the pages ahead to the pages already read.
            async for customer in self._newly_in_front(query, seen, background):
                yield customer

    async def _newly_in_front(self, query: Query, seen: set[Ref], background: bool) -> AsyncGenerator[Customer]:
        batch = await self._first(query, background)
        number = 0
        while not batch.refs <= seen:
            for customer in _merged(batch.customers, seen):
                yield customer
            seen |= batch.refs
            number += 1
            batch = await self._numbered(query, number, background)

    async def _has_moved(self, query: Query, first: Batch, background: bool) -> bool:
        """Whether the list begins with other customers than it did."""
        return (await self._first(query, background)).refs != first.refs

    async def _check_new(self, query: Query, number: int, batch: Batch, background: bool) -> None:
        """Compare a page with the one handed out before it, and that one with how it is now."""
        before = self._handed_out.get((query, number - 1))
        if batch.rows and before is not None and batch.refs <= before:
            page_before = (
                self._numbered(query, number - 1, background) if number > 1 else self._first(query, background)
            )
            again = await page_before
            if again.refs == before:
                raise PagingBroken
        self._handed_out[query, number] = batch.refs
        self._handed_out.move_to_end((query, number))
        while len(self._handed_out) > _REMEMBERED:
            self._handed_out.popitem(last=False)

    async def _is_last(self, query: Query, number: int, batch: Batch, background: bool) -> bool:
        if await self._is_short(query, batch, background):
            return True
        if self._largest >= PAGE_MAX or self._followed:
            return False
        if (await self._recalled()).page_size is not None:
            return False  # whether it is the last or not, the next page tells whoever asks for it
        # So few customers that a full page was never seen: only the next page can tell.
        try:
            following = await self._numbered(query, number + 1, background, None if number else batch)
        except PagingBroken:
            return False  # this page is good; whoever asks for the next one learns that there is none to be had
        return not following.rows

    async def _is_short(self, query: Query, batch: Batch, background: bool) -> bool:
        """Whether a page has fewer records than pages have here."""
        if not batch.rows:
            return True
        if query.phone is None and query.email is None:
            # Of a list, a page may be short in the middle too, where AntCRM leaves records out after counting them
            # off. Only the empty page is the end.
            return False
        if batch.rows < self._largest:
            return True
        if self._largest >= PAGE_MAX or self._followed or self._looked_wider or query == Query():
            return False
        # Look-ups have a hit or two, and never show how long a page is; the list of everyone does, with one request.
        try:
            await self._first(Query(), background)
        except Unauthorised:
            raise
        except (Refused, UnreadableAnswer):
            pass  # nothing learned: the next page will tell
        self._looked_wider = True
        return batch.rows < self._largest

    async def _first(self, query: Query, background: bool) -> Batch:
        return self._measured(await self._fetch(query, None, background))

    async def _numbered(self, query: Query, number: int, background: bool, first: Batch | None = None) -> Batch:
        """Our page `number`, from 1 on; `first` where the first page has just been read."""
        start = self._first_number
        if start is None:
            async with self._finding:
                start = self._first_number
                if start is None:
                    start, second = await self._first_number_found(query, background, first)
                    self._first_number = start
                    if start is None or number == 1:
                        return self._after_another(second)
        return self._after_another(await self._at(query, start + number, background))

    async def _at(self, query: Query, number: int, background: bool) -> Batch:
        """AntCRM's page `number`; refused means past the end, since the first page of the same list is not refused."""
        try:
            return self._measured(await self._fetch(query, number, background))
        except Unauthorised:
            raise
        except Refused:
            return NOTHING

    async def _recalled(self) -> Learnt:
        """What earlier processes found out, looked up once."""
        if self._known is None:
            self._known = NOTHING_KNOWN if self._memory is None else await self._memory.recall()
        return self._known

    async def _first_number_found(
        self, query: Query, background: bool, first: Batch | None
    ) -> tuple[int | None, Batch]:
        """AntCRM's number of the first page, and the second page: as it is remembered where page 1 bears that out.

        Raises:
            PagingBroken, NotActed: as `_find_first_number`.
        """
        known = (await self._recalled()).page_base
        if known is None:
            return await self._find_first_number(query, background, first)
        first = first or await self._first(query, background)
        if first.rows and (second := await self._as_remembered(query, background, first, known)) is not None:
            return known, second
        start, second = await self._find_first_number(query, background, first)
        if start is not None and start != known and self._memory is not None:
            self._known = Learnt(page_base=start)
            await self._memory.correct(start)
        return start, second

    async def _as_remembered(self, query: Query, background: bool, first: Batch, base: int) -> Batch | None:
        """The second page, if page 1 is what it must be where the first page has this number; else None.

        Where it was 1 and is 0, or the other way round, page 1 shows it. A list that moves between the two requests
        shows neither clearly, and is left to whoever finds out anew.
        """
        one = await self._at(query, 1, background)
        if base == 0:
            return one if len(one.refs & first.refs) * 2 < len(first.refs) else None
        if one.refs != first.refs:
            return None
        second = await self._at(query, 2, background)
        return None if second.refs == first.refs else second

    async def _find_first_number(self, query: Query, background: bool, first: Batch | None) -> tuple[int | None, Batch]:
        """AntCRM's number of the first page, and the second page. An empty list or a look-up may tell nothing.

        Raises:
            PagingBroken: every number gives the first page.
            NotActed: the list never stood still.
        """
        first = first or await self._first(query, background)
        for _ in range(_TRIES):
            if not first.rows:
                return None, NOTHING
            one = await self._at(query, 1, background)
            from_one = one.refs == first.refs
            second = await self._at(query, 2, background) if from_one else one
            again = await self._first(query, background)
            if again.refs == first.refs:
                if second.refs == first.refs:
                    if _is_look_up(query) and first.rows < PAGE_MAX:
                        return None, NOTHING  # AntCRM has no pages of it: this is all there is
                    raise PagingBroken
                # A few in common are repeats, which happen where AntCRM sorts by something that many share.
                if from_one or len(second.refs & first.refs) * 2 < len(first.refs):
                    return int(from_one), second
            first = again
        raise NotActed(
            msg("AntCRM's list kept changing while its pages were read, so it was not used."),
            then=msg("Try again in a minute."),
        )

    def _measured(self, batch: Batch) -> Batch:
        self._largest = max(self._largest, batch.rows)
        return batch

    def _after_another(self, batch: Batch) -> Batch:
        self._followed = self._followed or batch.rows > 0
        return batch


def _is_look_up(query: Query) -> bool:
    """Whether it asks for one person ("details of 1 customer via phone number or email"), not for a list."""
    return query.phone is not None or query.email is not None


def _merged(customers: tuple[Customer, ...], seen: set[Ref]) -> tuple[Customer, ...]:
    """The customers not seen yet, each once; a record that is there twice counts as it first stands."""
    new: dict[Ref, Customer] = {}
    for customer in customers:
        if (ref := customer.as_ref()) not in seen:
            new.setdefault(ref, customer)
    return tuple(new.values())
