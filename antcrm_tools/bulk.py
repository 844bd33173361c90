"""Many leads at once: packages of 100, read back by listing, and a fate for every row.

AntCRM documents neither whether one bad row fails the whole package nor whether the ids keep the order. So rows are
found again by name, phone and e-mail among what is new, never by place, and a refused package is sent row by row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from antcrm_tools.errors import CrmError, MayHaveActed, NotActed, NotFound, Refused, Unauthorised
from antcrm_tools.gather import all_of
from antcrm_tools.identity.names import fold
from antcrm_tools.in_words import field_words
from antcrm_tools.meaning import contact_keys, differing
from antcrm_tools.models import WRITABLE, Customer, Draft, Query
from antcrm_tools.plans import not_as_sent, overwritten
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, join, msg

if TYPE_CHECKING:
    from antcrm_tools.records import Records

PACKAGE = 100
"""AntCRM's limit for one request."""

_FILLED_IN = frozenset({"gender", "owner"})

_AT_ONCE = 5
"""Rows looked up side by side; the rate limit is kept elsewhere."""

FateName: TypeAlias = Literal["created", "duplicate", "invalid", "refused", "not_sent", "not_stored", "unsure"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one row: its new ref, or the customers it duplicates, or why not."""

    name: FateName
    ref: Ref | None = None
    duplicates: tuple[Ref, ...] = ()
    reason: Text | None = None


@dataclass(slots=True)
class _Package:
    """Rows on their way: drafts by row number, and the fates found so far."""

    drafts: dict[int, Draft]
    fates: dict[int, Fate] = field(default_factory=dict[int, Fate])
    strangers: int = 0
    """New records AntCRM named for this package that fit no row of it."""

    def open(self) -> dict[int, Draft]:
        """The rows that have no fate yet."""
        return {row: draft for row, draft in self.drafts.items() if row not in self.fates}

    def rest(self, name: FateName, reason: Text) -> None:
        """The same fate for every row that has none."""
        self.fates |= {row: Fate(name, reason=reason) for row in self.open()}


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same through all packages of one import."""

    records: Records
    today: date
    allow_duplicates: bool
    progress: Callable[[int, int], Awaitable[None]]
    total: int


async def create_many(
    records: Records,
    drafts: Sequence[Draft],
    *,
    today: date,
    allow_duplicates: bool,
    progress: Callable[[int, int], Awaitable[None]],
) -> list[Fate]:
    """Create leads, a fate for each draft in its order.

    Rows whose phone or e-mail AntCRM knows already are not created, unless `allow_duplicates`. When AntCRM cannot be
    reached, or does not accept the key, the rows that were not sent say so and nothing more is tried.
    """
    run = _Run(records, today, allow_duplicates, progress, len(drafts))
    fates: dict[int, Fate] = {}
    stopped: CrmError | None = None
    for start in range(0, run.total, PACKAGE):
        package = _Package(dict(enumerate(drafts[start : start + PACKAGE], start)))
        if stopped is None:
            keys = {key for draft in package.drafts.values() for key in contact_keys(draft, records.region)}
            async with records.holding(keys):
                stopped = await _one_package(run, package)
        if stopped is not None:
            package.rest("not_sent", stopped.what)
        fates |= package.fates
        await progress(min(start + PACKAGE, run.total), run.total)
    return [fates[row] for row in range(run.total)]


async def _one_package(run: _Run, package: _Package) -> CrmError | None:
    """Returns the error that makes going on pointless."""
    records = run.records
    try:
        if not run.allow_duplicates:
            await _drop_known(run, package)
        before = {customer.ref for customer in await _recent(run)}
    except CrmError as error:
        return error
    rows = package.open()
    if not rows:
        return None
    try:
        written = await records.api.create_many(list(rows.values()))
    except (NotActed, Unauthorised) as error:
        return error
    except MayHaveActed as error:
        await _match(run, package, before, ())
        package.rest("unsure", error.what)
        return None
    except Refused as error:
        # Perhaps one row of it, perhaps all; what did get in is found before anything is sent again.
        if not await _match(run, package, before, ()):
            package.rest("unsure", msg("AntCRM refused the package, and it could not be seen which rows got in."))
            return None
        return await _one_by_one(run, package, error)
    if not await _match(run, package, before, written.refs):
        package.rest("unsure", msg("AntCRM acknowledged the package, but it could not be read back."))
    elif package.strangers:
        # Something new is there that fits no row: AntCRM may have written it otherwise than it was sent.
        package.rest("unsure", msg("AntCRM acknowledged the package, but this row could not be told from the others."))
    else:
        package.rest("not_stored", msg("AntCRM acknowledged the package, but this row is not there."))
    return None


async def _drop_known(run: _Run, package: _Package) -> None:
    rows = [row for row, draft in package.drafts.items() if draft.phones or draft.emails]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        found = await all_of([run.records.duplicates(package.drafts[row], background=True) for row in some])
        for row, known in zip(some, found, strict=True):
            if known:
                package.fates[row] = Fate("duplicate", duplicates=tuple(customer.as_ref() for customer in known))
        await run.progress(some[-1], run.total)


async def _one_by_one(run: _Run, package: _Package, refused: Refused) -> CrmError | None:
    records = run.records
    if len(package.open()) == 1:
        package.rest("refused", refused.what)
    for row, draft in package.open().items():
        try:
            known = [] if run.allow_duplicates else await records.duplicates(draft, background=True)
            if known:
                package.fates[row] = Fate("duplicate", duplicates=tuple(customer.as_ref() for customer in known))
                continue
            ref = (await records.api.create(draft)).refs
            package.fates[row] = (
                await _read(records, ref[0], draft)
                if ref
                else Fate("unsure", reason=msg("AntCRM acknowledged the row but gave no number."))
            )
        except (NotActed, Unauthorised) as error:
            return error
        except MayHaveActed as error:
            package.fates[row] = Fate("unsure", reason=error.what)
        except CrmError as error:
            package.fates[row] = Fate("refused", reason=error.what)
    return None


async def _match(run: _Run, package: _Package, before: Iterable[str], refs: Sequence[Ref]) -> bool:
    """Find the rows among what is new. False: it could not be read, so nothing is known."""
    records = run.records
    try:
        recent = {c.ref: c for c in await _recent(run) if c.ref not in set(before)}
        # The list may leave out what AntCRM itself says it made: those are read one by one.
        for ref in refs:
            if str(ref) not in recent:
                try:
                    recent[str(ref)] = await records.get(ref, background=True)
                except NotFound:
                    continue
    except CrmError:
        return False
    named = {str(ref) for ref in refs}
    pool = sorted(recent.values(), key=lambda customer: customer.ref not in named)
    # The surest first, so that no row takes the record of another: everything as sent, then a phone or e-mail in
    # common, then the name alone, which only counts between rows and records that have neither.
    for fits in (_entirely, _as_sent, _by_contact, _by_name):
        for row, draft in sorted(package.open().items(), key=_says_little):
            hit = next((customer for customer in pool if fits(customer, draft, records.region)), None)
            if hit is not None:
                pool.remove(hit)
                package.fates[row] = _stored(records, hit, draft)
    package.strangers = sum(customer.ref in named for customer in pool)
    return True


async def _read(records: Records, ref: Ref, draft: Draft) -> Fate:
    try:
        return _stored(records, await records.get(ref, background=True), draft)
    except NotFound:
        return Fate("not_stored", reason=msg("AntCRM said it was saved as {ref}, but {ref} is not there.", ref=ref))
    except CrmError as error:
        reason = join([msg("AntCRM acknowledged {ref}, but it could not be read back.", ref=ref), error.what])
        return Fate("unsure", ref, reason=reason)


def _stored(records: Records, customer: Customer, draft: Draft) -> Fate:
    if records.is_old(customer):
        return Fate("not_stored", customer.as_ref(), reason=overwritten(customer.as_ref(), None).what)
    missing = not_as_sent(draft, customer, records.region)
    if not missing:
        return Fate("created", customer.as_ref())
    reason = msg("Created, but not stored as sent: {fields}.", fields=field_words(missing))
    return Fate("not_stored", customer.as_ref(), reason=reason)


def _says_little(item: tuple[int, Draft]) -> int:
    """Rows that say most choose first: one that says little fits nearly every record."""
    return -len(item[1].model_dump(exclude_defaults=True))


def _entirely(customer: Customer, draft: Draft, region: str) -> bool:
    """What the record holds is what the row says, but for what AntCRM fills in by itself."""
    return not differing([name for name in WRITABLE if name not in _FILLED_IN], customer, draft, region)


def _as_sent(customer: Customer, draft: Draft, region: str) -> bool:
    """What the row says is in the record, and the phones and e-mails are the same."""
    same_reach = contact_keys(draft, region) == contact_keys(customer, region)
    return same_reach and not not_as_sent(draft, customer, region)


def _by_contact(customer: Customer, draft: Draft, region: str) -> bool:
    return bool(contact_keys(draft, region) & contact_keys(customer, region))


def _by_name(customer: Customer, draft: Draft, region: str) -> bool:
    neither = not contact_keys(draft, region) and not contact_keys(customer, region)
    return neither and fold(customer.name) == fold(draft.name)


async def _recent(run: _Run) -> list[Customer]:
    """Leads since the day before: AntCRM's days may be another zone's (row "day filters")."""
    query = Query(kind="lead", created_from=run.today - timedelta(days=1))
    return [customer async for customer in run.records.api.walk(query, background=True)]
