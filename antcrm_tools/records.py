"""Records: the only thing that writes to AntCRM.

Every write is read first and read back afterwards. *Saved* means read back, not that AntCRM said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from antcrm_tools.errors import (
    BadInput,
    ChangedMeanwhile,
    CrmError,
    EditsStopped,
    MayHaveActed,
    NotFound,
    NotStored,
)
from antcrm_tools.gather import all_of
from antcrm_tools.identity import phones
from antcrm_tools.locks import Locks
from antcrm_tools.meaning import contact_keys, email_key, fingerprint, phone_key
from antcrm_tools.models import Customer, Draft, Query
from antcrm_tools.plans import (
    Edited,
    Plan,
    Planned,
    check_created,
    check_edited,
    nowhere,
    overwritten,
    planned,
    still_there,
    unsure,
)
from antcrm_tools.refs import Ref, Space
from antcrm_tools.text import clean, join, msg
from antcrm_tools.wire.dates import day_in

if TYPE_CHECKING:  # api.py brings httpx; an assistant's host starts us long before the first request
    from antcrm_tools.api import AntCrmApi, Page

SPACES: tuple[Space, ...] = ("lead", "customer")

_MAY_SHRINK = frozenset({"tags"})
"""Fields of which a call may take elements by naming them, without a question."""

_SKEW = timedelta(minutes=10)
"""How far AntCRM's clock may be from ours."""


class Records:
    """The customers of one AntCRM, written safely."""

    def __init__(
        self, api: AntCrmApi, *, code: Callable[[], str], clock: Callable[[], datetime], region: str = "VN"
    ) -> None:
        """`code` makes the random code of a new customer (`customerIdApiRing`); `region` reads phones without +."""
        self.api = api
        self.region = region
        self.new_code = code
        self._clock = clock
        self._locks = Locks()
        self._stopped = False

    async def get(self, ref: Ref, *, background: bool = False) -> Customer:
        """The whole record, fresh. A record AntCRM marks as deleted is not there (row "deletes: soft or hard").

        Raises:
            NotFound: there is no such customer.
        """
        customer = await self.api.get(ref, background=background)
        if _is_deleted(customer):
            raise NotFound(str(ref))
        return customer

    async def page(self, query: Query, number: int) -> Page:
        """One page of a list, counted from 0, without the records AntCRM marks as deleted."""
        page = await self.api.page(query, number)
        return replace(page, customers=tuple(c for c in page.customers if not _is_deleted(c)))

    async def by_phone(
        self, phone: str, spaces: Iterable[Space] = SPACES, *, background: bool = False
    ) -> list[Customer]:
        """Who bears a phone, under every spelling AntCRM may hold it in."""
        queries = [Query(space=s, phone=spelling) for s in spaces for spelling in phones.spellings(phone, self.region)]
        return await self._all(queries, background)

    async def by_email(
        self, email: str, spaces: Iterable[Space] = SPACES, *, background: bool = False
    ) -> list[Customer]:
        """Who bears an e-mail, as typed and in lower case."""
        spelled = dict.fromkeys((email_key(email), email.strip()))
        return await self._all([Query(space=s, email=e) for s in spaces for e in spelled], background)

    async def duplicates(self, draft: Draft | Customer, *, background: bool = False) -> list[Customer]:
        """Leads, contacts and accounts that bear one of the phones or e-mails of `draft`; phones first."""
        numbers = {phone_key(p.value, self.region): p.value for p in draft.phones}
        addresses = {email_key(e.value): e.value for e in draft.emails}
        found = await all_of(
            [self.by_phone(p, background=background) for p in numbers.values()]
            + [self.by_email(e, background=background) for e in addresses.values()]
        )
        return _merged(customer for hits in found for customer in hits)

    async def create(self, draft: Draft, *, go_on: bool = False) -> Customer | list[Customer]:
        """Create a customer and read it back; or return the duplicates instead, and create nothing.

        `go_on` creates although there are duplicates.

        Raises:
            NotStored: AntCRM said yes, but the customer cannot be read back as it was sent.
            MayHaveActed: it may have been created.
        """
        async with self._locks.hold(contact_keys(draft, self.region)):
            known = await self.duplicates(draft)
            if known and not go_on:
                return known
            refs = (await self.api.create(draft)).refs
            if not refs:
                raise MayHaveActed(
                    msg("AntCRM said that {name} was saved but gave no number.", name=clean(draft.name)),
                    done=msg("It may have been created."),
                )
            was = next((customer for customer in known if customer.as_ref() == refs[0]), None)
            if was is not None:
                raise overwritten(refs[0], was)
            return await self._read_created(refs[0], draft)

    async def plan(self, ref: Ref, plan: Plan) -> Planned:
        """What an edit would do, without doing it."""
        return planned(await self.get(ref), plan, self.region)

    async def edit(self, ref: Ref, plan: Plan, *, shown: str | None = None) -> Edited:
        """Read, change, write whole fields, read back.

        `shown` is the fingerprint of what a person confirmed.

        Raises:
            ChangedMeanwhile: the record is not what was shown; nothing was sent.
            NotStored: AntCRM said yes, but a field is not as it was sent.
            FieldMoved: a field nobody sent is no longer what it was.
            MayHaveActed: the edit may have been made.
        """
        async with self._locks.hold([str(ref)]):
            if self._stopped:
                raise EditsStopped
            change = planned(await self.get(ref), plan, self.region)
            if shown is not None and change.fingerprint != shown:
                raise ChangedMeanwhile(change.before.name)
            if not change.fields:
                return Edited(change.before, change.before, ())
            if shown is None and set(change.loses) - _MAY_SHRINK:
                # The Desk asks by the call's effect; whatever slips past that is stopped here.
                raise BadInput(
                    msg("This would delete something of {ref} that nobody was asked about.", ref=ref),
                    then=msg("Empty a field with `empty`, or drop an entry, so that the person is asked."),
                )
            try:
                await self.api.edit(ref, change.edit)
                after = await self._read_back(ref)
            except MayHaveActed as error:
                raise unsure(error, change) from None
            try:
                check_edited(change, after, self.region)
            except NotStored as error:
                self._stopped = self._stopped or error.stopped
                raise
            return Edited(change.before, after, tuple(change.fields))

    async def delete(self, ref: Ref, *, shown: str | None = None) -> Customer:
        """Delete a customer and see that it is gone. Returns it as it was.

        Raises:
            ChangedMeanwhile: the record is not what was shown; nothing was sent.
            NotStored: AntCRM said yes, but the customer is still there.
            MayHaveActed: it may have been deleted.
        """
        async with self._locks.hold([str(ref)]):
            before = await self.get(ref)
            if shown is not None and fingerprint(before) != shown:
                raise ChangedMeanwhile(before.name)
            await self.api.delete(ref)
            try:
                await self._read_back(ref)
            except NotFound:
                return before
            if not await self._still_listed(before):
                return before
            raise still_there(ref)

    def holding(self, keys: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """Hold phones and e-mails, so that nobody creates a customer with one of them meanwhile."""
        return self._locks.hold(keys)

    async def _read_back(self, ref: Ref) -> Customer:
        """Read after an acknowledged write; a read that fails leaves the write unverified, not undone."""
        try:
            return await self.get(ref)
        except NotFound:
            raise
        except CrmError as error:
            raise MayHaveActed(
                join(
                    [
                        msg("AntCRM acknowledged the change of {ref}, but it could not be read back.", ref=ref),
                        error.what,
                    ]
                ),
                done=msg("It was probably saved, but this was not checked."),
                then=msg("Look {ref} up before you try again.", ref=ref),
            ) from None

    async def _still_listed(self, customer: Customer) -> bool:
        """Whether a customer that can still be read by its number is still listed: a soft delete only hides it."""
        day = day_in(customer.created_at, UTC)
        around = timedelta(days=1)  # its day here may be another one where the list is cut
        query = Query(kind=customer.kind, created_from=day and day - around, created_to=day and day + around)
        try:
            return any(one.ref == customer.ref for one in await self._all([query], background=False))
        except CrmError:
            return True

    async def _read_created(self, ref: Ref, draft: Draft) -> Customer:
        try:
            after = await self._read_back(ref)
        except NotFound:
            raise nowhere(ref, draft.name) from None
        if self.is_old(after):
            raise overwritten(ref, None)
        check_created(draft, after, self.region)
        return after

    def is_old(self, customer: Customer) -> bool:
        """Whether a customer was there before anything that is being done now."""
        made = customer.created_at
        if not isinstance(made, datetime):
            return False
        # AntCRM may write a day only (row "dates"), which reads as its midnight.
        slack = _SKEW if made.time() != time() else timedelta(days=2)
        return made < self._clock() - slack

    async def _all(self, queries: Sequence[Query], background: bool) -> list[Customer]:
        found = await all_of([self._drain(query, background) for query in queries])
        return _merged(customer for hits in found for customer in hits if not _is_deleted(customer))

    async def _drain(self, query: Query, background: bool) -> list[Customer]:
        return [customer async for customer in self.api.walk(query, background=background)]


def _merged(customers: Iterable[Customer]) -> list[Customer]:
    return list({customer.ref: customer for customer in customers}.values())


def _is_deleted(customer: Customer) -> bool:
    """Row "deletes: soft or hard": a record that says of itself that it is deleted is treated as gone."""
    marks = (customer.extra.get(key) for key in ("deleted", "isDeleted", "is_deleted", "deletedAt"))
    return any(mark and mark not in {"0", "false"} for mark in marks if not isinstance(mark, dict | list))
