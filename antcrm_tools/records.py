"""Records: the only thing that writes to AntCRM.

Every write is read first and read back afterwards. *Saved* means read back, not that AntCRM said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from antcrm_tools.errors import (
    BadInput,
    ChangedMeanwhile,
    CrmError,
    EditsStopped,
    FieldMoved,
    MayHaveActed,
    NotFound,
    NotStored,
)
from antcrm_tools.gather import all_of
from antcrm_tools.identity import phones
from antcrm_tools.in_words import in_words, value_in_words
from antcrm_tools.locks import Locks
from antcrm_tools.meaning import contact_keys, differing, email_key, fingerprint, lost, phone_key
from antcrm_tools.models import WRITABLE, Customer, Draft, Edit, Query
from antcrm_tools.refs import Ref, Space
from antcrm_tools.text import clean, join, msg, verbatim
from antcrm_tools.wire.dates import day_in
from antcrm_tools.wire.names import FIELD_KEYS

if TYPE_CHECKING:  # api.py brings httpx; an assistant's host starts us long before the first request
    from antcrm_tools.api import AntCrmApi, Page

SPACES: tuple[Space, ...] = ("lead", "customer")

Plan = Callable[[Customer], Edit]
"""From a customer as it is to the edit that is wanted. Pure; it may be called more than once."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What an edit would do: `edit` holds only the fields that really change."""

    before: Customer
    edit: Edit
    fingerprint: str

    @property
    def fields(self) -> list[str]:
        """The fields that change, in the order people expect; empty when everything is already so."""
        return [field for field in WRITABLE if field in self.edit.model_fields_set]


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit as read back. `fields` is empty when everything was already so and nothing was sent."""

    before: Customer
    after: Customer
    fields: tuple[str, ...]


class Records:
    """The customers of one AntCRM, written safely."""

    def __init__(self, api: AntCrmApi, *, code: Callable[[], str], region: str = "VN") -> None:
        """`code` makes the random code of a new customer (`customerIdApiRing`); `region` reads phones without +."""
        self.api = api
        self.region = region
        self.new_code = code
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
            overwritten = next((customer for customer in known if customer.as_ref() == refs[0]), None)
            if overwritten is not None:
                raise NotStored(
                    msg("AntCRM changed the existing {ref} instead of creating a new customer.", ref=refs[0]),
                    done=msg(
                        "No customer was created. Before, {ref} was: {values}.",
                        ref=refs[0],
                        values=verbatim(in_words(overwritten)),
                    ),
                    then=msg("Look at {ref} in AntCRM and put back what should not have changed.", ref=refs[0]),
                )
            return await self._read_created(refs[0], draft)

    async def plan(self, ref: Ref, plan: Plan) -> Planned:
        """What an edit would do, without doing it."""
        return self._planned(await self.get(ref), plan)

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
            planned = self._planned(await self.get(ref), plan)
            if shown is not None and planned.fingerprint != shown:
                raise ChangedMeanwhile(planned.before.name)
            if not planned.fields:
                return Edited(planned.before, planned.before, ())
            await self.api.edit(ref, planned.edit)
            after = await self._read_back(ref)
            self._check(planned, after)
            return Edited(planned.before, after, tuple(planned.fields))

    async def delete(self, ref: Ref, *, shown: str | None = None) -> Customer:
        """Delete a customer and see that it is gone. Returns it as it was.

        Raises:
            ChangedMeanwhile: the record is not what was shown; nothing was sent.
            NotStored: AntCRM said yes, but the customer is still there.
            MayHaveActed: it may have been deleted.
        """
        async with self._locks.hold([str(ref)]):
            before = await self.get(ref)
            if shown is not None and fingerprint(before, region=self.region) != shown:
                raise ChangedMeanwhile(before.name)
            await self.api.delete(ref)
            try:
                await self._read_back(ref)
            except NotFound:
                return before
            if not await self._still_listed(before):
                return before
            raise NotStored(
                msg("AntCRM said that {ref} was deleted, but it is still there.", ref=ref),
                done=msg("{ref} was not deleted.", ref=ref),
                then=msg("Ask again, or delete it in AntCRM."),
            )

    def holding(self, keys: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """Hold phones and e-mails, so that nobody creates a customer with one of them meanwhile."""
        return self._locks.hold(keys)

    def _planned(self, before: Customer, plan: Plan) -> Planned:
        wanted = plan(before)
        fields = differing(wanted.model_fields_set, before, wanted, self.region)
        for field in fields:
            if FIELD_KEYS[field] in before.extra:
                raise BadInput(
                    msg(
                        "{ref} holds something in “{field}” that cannot be read, and saving would lose it.",
                        ref=before.ref,
                        field=field,
                    ),
                    then=msg("Change it in AntCRM."),
                )
        edit = Edit.model_validate({field: getattr(wanted, field) for field in fields})
        # What was shown covers the fields the call speaks of, also those that happen to be as wanted already.
        return Planned(before, edit, fingerprint(before, wanted.model_fields_set, self.region))

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
        """Whether a customer that can still be read by its number is still found: a soft delete only hides it."""
        try:
            if contact_keys(customer, self.region):
                found = await self.duplicates(customer)
            else:
                day = day_in(customer.created_at, UTC)
                query = Query(kind=customer.kind, created_from=day, created_to=day)
                found = await self._all([query], background=False)
        except CrmError:
            return True
        return any(one.ref == customer.ref for one in found)

    async def _read_created(self, ref: Ref, draft: Draft) -> Customer:
        try:
            after = await self._read_back(ref)
        except NotFound:
            raise NotStored(
                msg(
                    "AntCRM said that {name} was saved as {ref}, but {ref} is not there.",
                    name=clean(draft.name),
                    ref=ref,
                ),
                done=msg("The customer was not saved."),
                then=msg("Keep your notes, and tell the admin before you try again."),
            ) from None
        sent = [field for field in Edit.model_fields if getattr(draft, field) not in ("", (), None)]
        missing = differing(sent, draft, after, self.region)
        if missing:
            raise NotStored(
                msg("{ref} was created, but AntCRM did not store everything.", ref=ref),
                done=msg("Not stored as sent: {fields}.", fields=verbatim(", ".join(missing))),
                then=msg("Look at {ref} and add what is missing; do not create it again.", ref=ref),
                fields=missing,
            )
        return after

    def _check(self, planned: Planned, after: Customer) -> None:
        before, ref = planned.before, planned.before.ref
        untouched = [field for field in WRITABLE if field not in planned.edit.model_fields_set]
        moved = differing(untouched, before, after, self.region)
        if moved:
            # Something lost means that PUT clears what is not sent: every further edit would lose more. Something
            # merely changed may be a colleague, or an automation of AntCRM's: said, but no reason to stop working.
            stop = any(lost(field, getattr(before, field), getattr(after, field), self.region) for field in moved)
            self._stopped = self._stopped or stop
            raise FieldMoved(ref, {field: value_in_words(before, field) for field in moved}, stopped=stop)
        missing = differing(planned.fields, planned.edit, after, self.region)
        if missing:
            stored = [field for field in planned.fields if field not in missing]
            raise NotStored(
                msg("AntCRM said that {ref} was saved, but reading it back shows otherwise.", ref=ref),
                done=join(
                    [msg("Not stored: {fields}.", fields=verbatim(", ".join(missing)))]
                    + ([msg("Stored: {fields}.", fields=verbatim(", ".join(stored)))] if stored else [])
                ),
                then=msg("Look at {ref} in AntCRM, and tell the admin if it happens again.", ref=ref),
                fields=missing,
            )

    async def _all(self, queries: Sequence[Query], background: bool) -> list[Customer]:
        found = await all_of([self._drain(query, background) for query in queries])
        return _merged(customer for hits in found for customer in hits if not _is_deleted(customer))

    async def _drain(self, query: Query, background: bool) -> list[Customer]:
        return [customer async for customer in self.api.walk(query, background=background)]


def _merged(customers: Iterable[Customer]) -> list[Customer]:
    return list({customer.ref: customer for customer in customers}.values())


def _is_deleted(customer: Customer) -> bool:
    """Row "deletes: soft or hard": a record that says of itself that it is deleted is treated as gone."""
    return any(
        customer.extra.get(key) not in (None, False, 0, "", "0", "false")
        for key in ("deleted", "isDeleted", "is_deleted", "deletedAt")
    )
