"""Finding the customer of a create whose answer was lost, among what AntCRM holds.

That it is there proves that the create was done. That it is not there proves nothing before the pause is over: AntCRM
may still be at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from antcrm_tools.changes import Change
from antcrm_tools.errors import MayHaveActed, NotActed, NotFound, Refused, Unauthorised, UnreadableAnswer
from antcrm_tools.identity.names import fold
from antcrm_tools.meaning import contact_keys, differing
from antcrm_tools.models import WRITABLE, Customer, Draft, Query
from antcrm_tools.plans import not_as_sent
from antcrm_tools.refs import Ref

if TYPE_CHECKING:
    from antcrm_tools.records import Records

FILLED_IN = frozenset({"gender", "owner"})
"""What AntCRM fills in by itself where a draft says nothing."""

Met: TypeAlias = Ref | Literal["none", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there: the customer the create made, or others that bear one of its phones or e-mails since."""

    ours: Customer | None = None
    others: tuple[Customer, ...] = ()
    fresh: tuple[Customer, ...] = ()
    """Everybody new who may be the one under another name by now."""


async def find(records: Records, change: Change, *, background: bool = True) -> Found:
    """Look for the customer a create made: by every phone and e-mail, else among what is new.

    Raises:
        CrmError: it could not be read, so nothing is known.
    """
    draft = change.draft
    if change.ref is not None:
        try:
            named = await records.get(change.ref, background=background)
        except NotFound:
            return Found()
        # AntCRM may have named one that was there before: that is none it made.
        old = named.ref in change.known or records.is_old(named, change.begun_at)
        return Found() if old else Found(named)
    hits = await _candidates(records, change, background=background)
    fresh = [hit for hit in hits if hit.ref not in change.known and not records.is_old(hit, change.begun_at)]
    claimed = await records.journal.ledger.changes.claims.of(hit.ref for hit in fresh)
    free = [hit for hit in fresh if hit.ref not in claimed]
    for fits in (_entirely, _by_name):
        ours = next((hit for hit in free if fits(hit, draft, records.region)), None)
        if ours is not None:
            return Found(ours)
    keys = contact_keys(draft, records.region)
    others = tuple(hit for hit in fresh if keys & contact_keys(hit, records.region))
    return Found(None, others, tuple(free))


async def meet(records: Records, change: Change, name: str, check: Callable[[], None]) -> Met:
    """Write a name by our code, which meets the customer that bears it or none. Only what reads back was met.

    `name` is the one it has as far as is known, so that nothing is changed by it. `check` is called before it leaves.
    """
    try:
        written = await records.api.name_by_code(change.draft.code, name, check=check)
    except (NotActed, MayHaveActed, UnreadableAnswer, Unauthorised):
        return "unknown"
    except Refused:
        return "none"
    for ref in written.refs:
        try:
            customer = await records.get(ref, background=True)
        except NotFound:
            continue
        except (NotActed, UnreadableAnswer):
            return "unknown"
        old = str(ref) in change.known or records.is_old(customer, change.begun_at)
        if not old and fold(customer.name) == fold(name):
            return ref
    return "none"


async def twins(records: Records, change: Change) -> list[Customer]:
    """Others that look as if they had been made by the same create, which left more than once.

    Raises:
        CrmError: it could not be read, so nothing is known.
    """
    hits = await _candidates(records, change, background=True)
    known = {*change.known, str(change.ref)}
    alike = [
        hit
        for hit in hits
        if hit.ref not in known
        and not records.is_old(hit, change.begun_at)
        and _by_name(hit, change.draft, records.region)
    ]
    claimed = await records.journal.ledger.changes.claims.of(hit.ref for hit in alike)
    return [hit for hit in alike if hit.ref not in claimed]


async def _candidates(records: Records, change: Change, *, background: bool) -> list[Customer]:
    if contact_keys(change.draft, records.region):
        return await records.duplicates(change.draft, background=background)
    return await _new(records, change)


async def _new(records: Records, change: Change) -> list[Customer]:
    """Customers of every kind since the day before: AntCRM's days may be another zone's (row "day filters")."""
    since = records.day(change.begun_at) - timedelta(days=1)
    return await records.listed([Query(space=space, created_from=since) for space in ("lead", "customer")])


def _entirely(customer: Customer, draft: Draft, region: str) -> bool:
    """What the record holds is what was sent, but for what AntCRM fills in by itself."""
    return customer.kind == draft.kind and not differing(
        [name for name in WRITABLE if name not in FILLED_IN], customer, draft, region
    )


def _by_name(customer: Customer, draft: Draft, region: str) -> bool:
    """It bears the name, and phones and e-mails in common; without any, it holds all that was sent."""
    if customer.kind != draft.kind or fold(customer.name) != fold(draft.name):
        return False
    keys = contact_keys(draft, region)
    if keys:
        return bool(keys & contact_keys(customer, region))
    return not contact_keys(customer, region) and not not_as_sent(draft, customer, region)
