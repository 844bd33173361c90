"""find_customers: by phone, e-mail or ref, or a list by kind and days."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from antcrm_tools.errors import BadInput, NotFound
from antcrm_tools.identity import emails, phones
from antcrm_tools.models import Customer, Kind, Moment, Query
from antcrm_tools.refs import Ref, Space, candidates, parse_ref
from antcrm_tools.registry import Args, ArgumentError, Effect, Result, tool
from antcrm_tools.text import Text, clean, join, msg, msgs
from antcrm_tools.tools.fields import CustomerLine
from antcrm_tools.wire.dates import day_in

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class FindCustomers(Args):
    """What is known. Days are the company's own days, both ends included."""

    query: Annotated[str | None, Field(min_length=1, max_length=200, description="phone, e-mail or ref")] = None
    kind: Annotated[Kind | None, Field(description="contact: a person; account: a company")] = None
    created_from: Annotated[date | None, Field(description="first day created")] = None
    created_to: Annotated[date | None, Field(description="last day created")] = None
    updated_from: Annotated[date | None, Field(description="first day changed")] = None
    updated_to: Annotated[date | None, Field(description="last day changed")] = None
    limit: Annotated[int, Field(ge=1, le=50, description="per answer")] = 10
    cursor: Annotated[str | None, Field(max_length=400, description="next_cursor given before")] = None

    @model_validator(mode="after")
    def _days(self) -> FindCustomers:
        for first, last in ((self.created_from, self.created_to), (self.updated_from, self.updated_to)):
            if first and last and first > last:
                raise ArgumentError(msg("The first day ({first}) is after the last ({last}).", first=first, last=last))
        return self


class FoundCustomers(Result):
    """A part of a list. `next_cursor` asks for the next part; no order is promised, because AntCRM promises none."""

    customers: tuple[CustomerLine, ...]
    next_cursor: str | None = None
    list_changed: Annotated[
        bool, Field(description="records moved while the list was read: some may be missing or repeated")
    ] = False

    def sentence(self) -> Text:
        """A line each."""
        if not self.customers:
            return msg("No customer was found.")
        count = len(self.customers)
        parts = [msgs("{count} customer:", "{count} customers:", count), *(line.sentence() for line in self.customers)]
        if self.next_cursor:
            parts.append(msg("There are more."))
        if self.list_changed:
            parts.append(msg("The list changed while it was read; some customers may be missing or repeated."))
        return join(parts, "\n")


@dataclass(frozen=True, slots=True)
class _Part:
    """One page of something that has pages."""

    customers: tuple[Customer, ...]
    last: bool


_Reader = Callable[[int], Awaitable[_Part]]


@tool(title=msg("Find customers"), most=Effect.READ, idempotent=True, args=FindCustomers, returns=FoundCustomers)
async def find_customers(work: Work, args: FindCustomers) -> FoundCustomers:
    """Find customers by phone (any spelling), e-mail or ref, or list them by kind and days."""
    readers = _readers(work, args)
    start = _Cursor.read(args)
    space, number, offset = start.reader, start.page, start.offset
    found: dict[str, Customer] = {}
    changed, first = False, True
    while space < len(readers):
        part = await readers[space](number)
        if first and start.digest != _digest(part.customers[:offset]):
            # What was handed out before is no longer in this place: say so rather than miss or repeat silently.
            changed = True
        first = False
        for customer in part.customers[offset:]:
            if len(found) == args.limit:
                break
            changed = changed or customer.ref in found
            found[customer.ref] = customer
            offset += 1
        if len(found) == args.limit:
            more = offset < len(part.customers) or not part.last or space + 1 < len(readers)
            cursor = _Cursor(_wish(args), space, number, offset, _digest(part.customers[:offset]))
            return _found(found, cursor.write() if more else None, changed)
        space, number, offset = (space + 1, 0, 0) if part.last else (space, number + 1, 0)
    return _found(found, None, changed)


def _readers(work: Work, args: FindCustomers) -> Sequence[_Reader]:
    spaces: tuple[Space, ...] = ("lead", "customer")
    if args.kind is not None:
        spaces = ("lead",) if args.kind == "lead" else ("customer",)
    if args.query is None:
        return [_listing(work, args, space) for space in spaces]

    async def hits(_: int) -> _Part:
        customers = await _look_up(work, args.query or "", spaces)
        return _Part(tuple(c for c in customers if _wanted(work, args, c)), last=True)

    return [hits]


def _listing(work: Work, args: FindCustomers, space: Space) -> _Reader:
    query = Query(
        kind=args.kind,
        space=space,
        created_from=args.created_from,
        created_to=args.created_to,
        updated_from=args.updated_from,
        updated_to=args.updated_to,
    )

    async def read(number: int) -> _Part:
        page = await work.records.page(query, number)
        return _Part(page.customers, page.last)

    return read


async def _look_up(work: Work, text: str, spaces: Sequence[Space]) -> list[Customer]:
    ref = parse_ref(text)
    if ref is not None:
        return await _existing(work, [ref])
    if phones.canonical(text, work.records.region) is not None:
        return await work.records.by_phone(text, spaces)
    both = candidates(text)
    if both is not None:
        return await _existing(work, both)
    if emails.canonical_email(text) is not None:
        return await work.records.by_email(text, spaces)
    raise BadInput(
        msg("Finding by words (“{text}”) is not available yet: AntCRM has no search by name.", text=clean(text)),
        done=msg("Nothing was searched."),
        then=msg("Find by phone, e-mail or number (L9457, C9457), or list by kind and days."),
    )


async def _existing(work: Work, refs: Sequence[Ref]) -> list[Customer]:
    found: list[Customer] = []
    for ref in refs:
        try:
            found.append(await work.records.get(ref))
        except NotFound:
            continue
    return found


def _wanted(work: Work, args: FindCustomers, customer: Customer) -> bool:
    """The filters, for records that were looked up directly. A date that cannot be read excludes nobody."""

    def within(moment: Moment | None, first: date | None, last: date | None) -> bool:
        day = day_in(moment, work.zone)
        return day is None or ((first is None or day >= first) and (last is None or day <= last))

    return (
        (args.kind is None or customer.kind == args.kind)
        and within(customer.created_at, args.created_from, args.created_to)
        and within(customer.updated_at, args.updated_from, args.updated_to)
    )


def _found(found: dict[str, Customer], cursor: str | None, changed: bool) -> FoundCustomers:
    lines = tuple(CustomerLine.of(customer) for customer in found.values())
    return FoundCustomers(customers=lines, next_cursor=cursor, list_changed=changed)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a list was left: which reader, page and place in it, and a digest of what came before on that page."""

    wish: str
    reader: int = 0
    page: int = 0
    offset: int = 0
    digest: str = ""

    @classmethod
    def read(cls, args: FindCustomers) -> _Cursor:
        """Raises BadInput for a cursor that is not ours, or belongs to another question."""
        if args.cursor is None:
            return cls(_wish(args), digest=_digest(()))
        try:
            wish, reader, page, offset, digest = json.loads(base64.urlsafe_b64decode(args.cursor))
            cursor = cls(str(wish), int(reader), int(page), int(offset), str(digest))
        except (ValueError, TypeError, OverflowError, binascii.Error):
            cursor = cls("")
        if cursor.wish != _wish(args) or min(cursor.reader, cursor.page, cursor.offset) < 0:
            raise BadInput(
                msg("The cursor does not belong to this question."),
                done=msg("Nothing was searched."),
                then=msg("Repeat the question with the same arguments, or without a cursor to start anew."),
            )
        return cursor

    def write(self) -> str:
        """One opaque word."""
        body = json.dumps([self.wish, self.reader, self.page, self.offset, self.digest], separators=(",", ":"))
        return base64.urlsafe_b64encode(body.encode()).decode()


def _wish(args: FindCustomers) -> str:
    """Stands for the question, so that a cursor cannot continue another one."""
    return _hash(args.model_dump_json(exclude={"cursor", "limit"}))


def _digest(customers: Sequence[Customer]) -> str:
    return _hash(",".join(customer.ref for customer in customers))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
