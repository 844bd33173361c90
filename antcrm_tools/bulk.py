"""One package of an import: up to 100 rows in one request, read back by listing, and a fate for every row.

AntCRM documents neither whether one bad row fails the whole package nor whether the ids keep the order. So rows are
found again by name, phone and e-mail among what is new, never by place, and a refused package is sent row by row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from antcrm_tools.changes import Change
from antcrm_tools.creating import sent
from antcrm_tools.errors import (
    CrmError,
    Held,
    KeptForLater,
    LedgerBroken,
    MayHaveActed,
    NotActed,
    NotFound,
    Refused,
    Unauthorised,
)
from antcrm_tools.finding import FILLED_IN
from antcrm_tools.gather import all_of
from antcrm_tools.identity.names import fold
from antcrm_tools.in_words import field_words
from antcrm_tools.journal import Turn
from antcrm_tools.meaning import contact_keys, differing
from antcrm_tools.models import WRITABLE, Customer, Draft, Query
from antcrm_tools.plans import not_as_sent, overwritten
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg

if TYPE_CHECKING:
    from antcrm_tools.ledger.imports import RowFate
    from antcrm_tools.records import Records

PACKAGE = 100
"""AntCRM's limit for one request."""

_AT_ONCE = 5
"""Rows looked up side by side; the rate limit is kept elsewhere."""


@dataclass(slots=True)
class Package:
    """Rows on their way, and the fates found so far, by place."""

    records: Records
    rows: dict[int, Change]
    allow_duplicates: bool
    watch: Callable[[int], Awaitable[None]]
    """Told how many rows were looked at."""
    left: bool = False
    """Rows have left for AntCRM."""
    fates: dict[int, RowFate] = field(default_factory=dict[int, "RowFate"])
    strangers: int = 0
    """New records AntCRM named for this package that fit no row of it."""

    def open(self) -> dict[int, Change]:
        """The rows that have no fate yet."""
        return {place: row for place, row in self.rows.items() if place not in self.fates}

    def names(self) -> dict[int, frozenset[str]]:
        """The phones and e-mails of the rows without a fate."""
        return {place: contact_keys(row.draft, self.records.region) for place, row in self.open().items()}

    def unsure(self, why: Text) -> None:
        """For the rows without a fate: each is looked into by itself after the pause."""
        journal = self.records.journal
        for place, row in self.open().items():
            self.fates[place] = _fate(row, "unsure", reason=why, next_at=journal.looked_into())


async def send_package(package: Package) -> CrmError | None:
    """Send the rows of a package that nothing speaks against, and settle each. Returns the error that ends the import.

    Raises:
        LedgerBroken: nothing of it was sent.
        MayHaveActed: rows had left, and what became of them is looked into when the ledger can be used again.
    """
    try:
        return await _send(package)
    except LedgerBroken as error:
        if not package.left:
            raise
        done = msg("Rows had left for AntCRM before. What became of them is looked into by itself.")
        raise MayHaveActed(error.what, done=done, then=error.then) from None


async def _send(package: Package) -> CrmError | None:
    journal, holder = package.records.journal, ""
    while True:
        names = package.names()
        try:
            async with journal.turn({name for each in names.values() for name in each}) as turn:
                holder = turn.hold.holder
                stopped = await _in_turn(package, turn)
            break
        except Held as error:
            # One row's phone is held by something else: the others need not wait for it.
            held = [
                place for place, each in names.items() if error.name in {journal.ledger.locks.hashed(n) for n in each}
            ]
            if not held:
                stopped = error
                break
            for place in held:
                package.fates[place] = _fate(package.rows[place], "conflict", reason=error.what)
    await journal.ledger.imports.settle(package.fates.values(), holder)
    return stopped


async def _in_turn(package: Package, turn: Turn) -> CrmError | None:
    records = package.records
    try:
        before = await _begun(package, turn)
    except LedgerBroken:
        raise
    except CrmError as error:
        return error
    rows = package.open()
    if not rows:
        return None
    package.left = True
    try:
        written = await records.api.create_many([row.draft for row in rows.values()], check=turn.hold.check)
    except (NotActed, Unauthorised) as error:
        for place, row in package.open().items():
            package.fates[place] = _fate(row, "waiting", reason=error.what)
        return error
    except MayHaveActed as error:
        await _match(package, before, ())
        package.unsure(error.what)
        return None
    except Refused as error:
        # Perhaps one row of it, perhaps all; what did get in is found before anything is sent again.
        if not await _match(package, before, ()):
            package.unsure(msg("AntCRM refused the package, and it could not be seen which rows got in."))
            return None
        return await _one_by_one(package, turn, error)
    await _acknowledged(package, before, written.refs)
    return None


async def _acknowledged(package: Package, before: set[str], refs: Sequence[Ref]) -> None:
    if not await _match(package, before, refs):
        package.unsure(msg("AntCRM acknowledged the package, but it could not be read back."))
    elif package.strangers:
        # Something new is there that fits no row: AntCRM may have written it otherwise than it was sent.
        package.unsure(msg("AntCRM acknowledged the package, but this row could not be told from the others."))
    else:
        package.unsure(msg("AntCRM acknowledged the package, but this row is not there."))


async def _begun(package: Package, turn: Turn) -> set[str]:
    """Drop what is known already and write down that the rest leaves. Returns the leads that are there before."""
    journal = package.records.journal
    if not package.allow_duplicates:
        await _drop_known(package, turn)
    before = {customer.ref for customer in await _recent(package)}
    await journal.renew(turn)
    rows, names = package.open(), package.names()
    if rows:
        await journal.ledger.imports.send({place: (row, names[place]) for place, row in rows.items()}, turn.hold)
    return before


async def _drop_known(package: Package, turn: Turn) -> None:
    from antcrm_tools.identity.companies import companies  # noqa: PLC0415  its rules take a while to import, and a start needs none

    # Of a row without phone, e-mail and company nothing can be looked for.
    places = [place for place, names in package.names().items() if names or companies(package.rows[place].draft)]
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        found = await all_of([_known(package.records, package.rows[place].draft) for place in some])
        for place, known in zip(some, found, strict=True):
            if known:
                package.fates[place] = _duplicate(package.rows[place], known)
        await package.records.journal.renew(turn)
        await package.watch(start + len(some))


async def _known(records: Records, draft: Draft) -> list[Customer]:
    """Who it seems to be already; nobody is asked, so a name like it counts only where no phone speaks against it."""
    from antcrm_tools.identity.duplicates import contradicts  # noqa: PLC0415  its rules take a while to import, and a start needs none

    known = await records.duplicates(draft, background=True)
    alike = [] if known else await records.look_alikes(draft, background=True)
    return known or [each for each in alike if not contradicts(draft, each, records.region)]


async def _one_by_one(package: Package, turn: Turn, refused: Refused) -> CrmError | None:
    records = package.records
    if len(package.open()) == 1:
        for place, row in package.open().items():
            package.fates[place] = _fate(row, "failed", reason=refused.what)
    for place, row in package.open().items():
        try:
            known = [] if package.allow_duplicates else await _known(records, row.draft)
            if known:
                package.fates[place] = _duplicate(row, known)
                continue
            await records.journal.renew_sent(turn)
            await sent(records, row, turn, [])
        except (KeptForLater, NotActed, Unauthorised) as error:
            # Of the row itself the ledger knows; the others never left.
            for left, other in package.open().items():
                package.fates[left] = _fate(other, "waiting", reason=error.what)
            return error
        except CrmError:
            continue  # what became of it is in the ledger
    return None


async def _match(package: Package, before: Iterable[str], refs: Sequence[Ref]) -> bool:
    """Find the rows among what is new. False: it could not be read, so nothing is known."""
    records = package.records
    known = set(before)
    try:
        recent = {c.ref: c for c in await _recent(package) if c.ref not in known}
        # The list may leave out what AntCRM itself says it made: those are read one by one.
        for ref in refs:
            if str(ref) not in recent:
                try:
                    recent[str(ref)] = await records.get(ref, background=True)
                except NotFound:
                    continue
        claimed = await records.journal.ledger.changes.claims.of(recent)
    except CrmError:
        return False
    named = {str(ref) for ref in refs}
    pool = sorted((c for c in recent.values() if c.ref not in claimed), key=lambda customer: customer.ref not in named)
    # The surest first, so that no row takes the record of another: everything as sent, then a phone or e-mail in
    # common, then the name alone, which only counts between rows and records that have neither.
    for fits in (_entirely, _as_sent, _by_contact, _by_name):
        for place, row in sorted(package.open().items(), key=_says_little):
            hit = next((customer for customer in pool if fits(customer, row.draft, records.region)), None)
            if hit is not None:
                pool.remove(hit)
                package.fates[place] = _stored(records, hit, row)
    package.strangers = sum(customer.ref in named for customer in pool)
    return True


def _fate(row: Change, *status: object, **what: object) -> RowFate:
    from antcrm_tools.ledger.imports import RowFate  # noqa: PLC0415  brings SQLAlchemy

    return RowFate(row, *status, **what)  # pyright: ignore[reportArgumentType]


def _duplicate(row: Change, known: Iterable[Customer]) -> RowFate:
    return _fate(row, "failed", known=tuple(customer.ref for customer in known))


def _stored(records: Records, customer: Customer, row: Change) -> RowFate:
    ref = customer.as_ref()
    if records.is_old(customer):
        return _fate(row, "failed", ref=ref, reason=overwritten(ref, None).what)
    missing = not_as_sent(row.draft, customer, records.region)
    reason = msg("Created, but not stored as sent: {fields}.", fields=field_words(missing)) if missing else None
    return _fate(row, "done", ref=ref, after=customer, reason=reason)


def _says_little(item: tuple[int, Change]) -> int:
    """Rows that say most choose first: one that says little fits nearly every record."""
    return -len(item[1].draft.model_dump(exclude_defaults=True))


def _entirely(customer: Customer, draft: Draft, region: str) -> bool:
    """What the record holds is what the row says, but for what AntCRM fills in by itself."""
    named = fold(customer.name) == fold(draft.name)  # nearly all differ in this, which is cheap to see
    return named and not differing([name for name in WRITABLE if name not in FILLED_IN], customer, draft, region)


def _as_sent(customer: Customer, draft: Draft, region: str) -> bool:
    """What the row says is in the record, and the phones and e-mails are the same."""
    if fold(customer.name) != fold(draft.name):
        return False
    return contact_keys(draft, region) == contact_keys(customer, region) and not not_as_sent(draft, customer, region)


def _by_contact(customer: Customer, draft: Draft, region: str) -> bool:
    return bool(contact_keys(draft, region) & contact_keys(customer, region))


def _by_name(customer: Customer, draft: Draft, region: str) -> bool:
    neither = not contact_keys(draft, region) and not contact_keys(customer, region)
    return neither and fold(customer.name) == fold(draft.name)


async def _recent(package: Package) -> list[Customer]:
    """Leads since the day before: AntCRM's days may be another zone's (row "day filters")."""
    records = package.records
    since = records.day(records.journal.now()) - timedelta(days=1)
    query = Query(kind="lead", created_from=since)
    return [customer async for customer in records.api.walk(query, background=True)]
