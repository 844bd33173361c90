"""find_customers: by phone, e-mail, ref or any words, with filters; the newest where there are none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from antcrm_tools.directory.unusable import CopyUnusable, foreign_cursor
from antcrm_tools.errors import NotActed, NotFound
from antcrm_tools.identity import emails, phones
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref, Space, candidates, parse_ref
from antcrm_tools.registry import Effect, Result, tool
from antcrm_tools.text import Text, join, msg, msgs
from antcrm_tools.tools.asking import CopyState, CustomerFilters, UnknownValue, to_filters
from antcrm_tools.tools.fields import CustomerLine

if TYPE_CHECKING:
    from antcrm_tools.directory.filters import Filters
    from antcrm_tools.directory.rows import Entry
    from antcrm_tools.work import Work


_ENDING = 20
"""Customers whose phone ends in bare digits, beside those who have them as a number."""


_LEAST_OF_PHONE = 3


class FindCustomers(CustomerFilters):
    """What is known."""

    query: Annotated[
        str | None,
        Field(
            min_length=1, max_length=2000, description="any words: name, company, phone or digits of it, e-mail, ref"
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=50, description="per answer")] = 10
    cursor: Annotated[str | None, Field(max_length=400, description="next_cursor given before")] = None


class FoundCustomers(Result):
    """A part of a list. `next_cursor` asks for the next part."""

    customers: tuple[CustomerLine, ...]
    next_cursor: str | None = None
    fit_equally: Annotated[
        int, Field(description="so many of the first fit equally well; ask which one is meant before changing any")
    ] = 0
    similar_only: Annotated[bool, Field(description="nobody fits exactly")] = False
    elsewhere: Annotated[bool, Field(description="found in notes or other fields, not in names")] = False
    unknown: tuple[UnknownValue, ...] = ()
    copy_state: CopyState = CopyState()

    def remarks(self) -> list[Text]:
        """What there is to say of the search itself."""
        about = [each.sentence() for each in self.unknown]
        if (state := self.copy_state.sentence()) is not None:
            about.append(state)
        return about

    def sentence(self) -> Text:
        """A line each."""
        about = self.remarks()
        if not self.customers:
            return join([msg("No customer was found."), *about], "\n")
        count = len(self.customers)
        # A part must not be taken for all there are.
        title = (
            msgs("The first customer:", "The first {count} customers:", count)
            if self.next_cursor
            else msgs("{count} customer:", "{count} customers:", count)
        )
        if self.similar_only:
            title = msg("Nobody fits exactly. Similar:")
        elif self.fit_equally > 1:
            title = msg("{count} customers fit equally well; ask which one is meant:", count=self.fit_equally)
        parts = [title, *(line.sentence() for line in self.customers)]
        if 0 < self.fit_equally < count and not self.similar_only:
            parts.insert(1 + self.fit_equally, msg("Less likely:"))
        if self.next_cursor:
            parts.append(msg("There are more."))
        return join([*parts, *about], "\n")


@tool(title=msg("Find customers"), most=Effect.READ, idempotent=True, args=FindCustomers, returns=FoundCustomers)
async def find_customers(work: Work, args: FindCustomers) -> FoundCustomers:
    """Find customers by any words (name, company, phone or its end, e-mail, ref) and filters, best or newest first."""
    from antcrm_tools.directory.ranking import Fit  # noqa: PLC0415  brings SQLite, which a start does not need

    filters = to_filters(work, args)
    if args.query is not None and _direct(work, args.query):
        return await _look_up(work, args, filters, args.query)
    fresh = await work.copy.ready(work.progress)
    hits = await work.copy.directory.find(args.query or "", filters, limit=args.limit, cursor=args.cursor)
    return FoundCustomers(
        customers=tuple(CustomerLine.of_entry(hit.entry) for hit in hits.hits),
        next_cursor=hits.next,
        fit_equally=hits.sure if args.query else 0,
        similar_only=bool(hits.hits) and not hits.hits[0].exact,
        elsewhere=bool(hits.hits) and hits.hits[0].fit is Fit.ELSEWHERE,
        unknown=tuple(map(UnknownValue.of, hits.unknown)),
        copy_state=CopyState.of(fresh, work),
    )


# --- one who is named by a phone, an e-mail or a number: AntCRM itself is asked ---


def _direct(work: Work, text: str) -> bool:
    return (
        parse_ref(text) is not None
        or phones.canonical(text, work.records.region) is not None
        or candidates(text) is not None
        or emails.canonical_email(text) is not None
    )


async def _look_up(work: Work, args: FindCustomers, filters: Filters, text: str) -> FoundCustomers:
    from antcrm_tools.directory.filters import fits  # noqa: PLC0415  brings SQLite, which a start does not need

    _start(args)
    state = CopyState()
    try:
        lines = [CustomerLine.of(c) for c in await _live(work, text, filters) if fits(filters, c, work.zone)]
    except NotActed:
        # On a day when AntCRM is away, who is in the copy is better than nobody; that it is a copy is said.
        entries = [entry for entry in await _copied(work, text) if fits(filters, _as_customer(entry), work.zone)]
        if not entries:
            raise
        state = CopyState.of(await work.copy.directory.freshness(), work, always=True)
        lines = [CustomerLine.of_entry(entry) for entry in entries]
    if candidates(text) is not None and phones.canonical(text, work.records.region) is None:
        # Bare digits may be the number of a customer, and three or more the end of a phone.
        known = {line.ref for line in lines}
        lines += [
            CustomerLine.of_entry(entry) for entry in await _ending(work, text, filters) if entry.ref not in known
        ]
    start = _start(args)
    shown = tuple(lines[start : start + args.limit])
    more = start + args.limit < len(lines)
    return FoundCustomers(
        customers=shown,
        next_cursor=f"{_wish(args)}.{start + args.limit}" if more else None,
        fit_equally=len(lines) if start == 0 else 0,
        copy_state=state,
    )


def _start(args: FindCustomers) -> int:
    """Where a list goes on.

    Raises:
        BadInput: the cursor is of another list.
    """
    if args.cursor is None:
        return 0
    wish, _, place = args.cursor.partition(".")
    if wish != _wish(args) or not place.isdecimal():
        raise foreign_cursor()
    return int(place)


def _wish(args: FindCustomers) -> str:
    """Stands for the question, so that a cursor cannot go on with another one."""
    asked = args.model_dump_json(exclude={"cursor", "limit"})
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:12]


async def _ending(work: Work, digits: str, filters: Filters) -> list[Entry]:
    if len(digits) < _LEAST_OF_PHONE:
        return []
    try:
        hits = await work.copy.directory.find(digits, filters, limit=_ENDING)
    except CopyUnusable:
        return []
    return [hit.entry for hit in hits.hits]


async def _live(work: Work, text: str, filters: Filters) -> list[Customer]:
    spaces: tuple[Space, ...] = ("lead", "customer")
    if filters.kind is not None:
        spaces = ("lead",) if filters.kind == "lead" else ("customer",)
    ref = parse_ref(text)
    if ref is not None:
        return await _existing(work, [ref])
    if phones.canonical(text, work.records.region) is not None:
        return await work.records.by_phone(text, spaces)
    if (both := candidates(text)) is not None:
        return await _existing(work, both)
    return await work.records.by_email(text, spaces)


async def _copied(work: Work, text: str) -> list[Entry]:
    """Who is meant, as far as the copy knows; nobody where it cannot be read either."""
    directory = work.copy.directory
    refs = [ref] if (ref := parse_ref(text)) is not None else list(candidates(text) or ())
    number = phones.canonical(text, work.records.region)
    mailbox = emails.mailbox_key(text)
    try:
        by_key = await directory.bearing([number] if number else [], [mailbox] if mailbox else [])
        return [*by_key, *await directory.named(str(ref) for ref in refs)]
    except CopyUnusable:
        return []


def _as_customer(entry: Entry) -> Customer:
    return Customer(
        kind=entry.kind,
        id=entry.ref[1:],
        stage=entry.stage,
        source=entry.source,
        owner=entry.owner,
        tags=tuple(tag for tag in entry.tags if tag),
        created_at=entry.created_at,
        updated_at=entry.updated_at,
    )


async def _existing(work: Work, refs: Sequence[Ref]) -> list[Customer]:
    found: list[Customer] = []
    for ref in refs:
        try:
            found.append(await work.records.get(ref))
        except NotFound:
            continue
    return found
