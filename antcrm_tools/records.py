"""Records: the only thing that writes to AntCRM.

Every write is read first and read back afterwards. *Saved* means read back, not that AntCRM said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from antcrm_tools.bearing import is_deleted
from antcrm_tools.changes import Wish
from antcrm_tools.creating import Created, GoOn, create, never, replayed
from antcrm_tools.errors import BadInput, ChangedMeanwhile, CrmError, EditsStopped, MayHaveActed, NotFound
from antcrm_tools.gather import all_of
from antcrm_tools.identity import phones
from antcrm_tools.journal import Journal
from antcrm_tools.meaning import email_key, fingerprint, phone_key
from antcrm_tools.models import Customer, Draft, Query
from antcrm_tools.plans import Edited, Plan, Planned, planned
from antcrm_tools.refs import Ref, Space
from antcrm_tools.text import join, msg
from antcrm_tools.wire.dates import day_in
from antcrm_tools.writing import Deletion, delete, edit, made_before

if TYPE_CHECKING:  # api.py brings httpx; an assistant's host starts us long before the first request
    from antcrm_tools.api import AntCrmApi, Page
    from antcrm_tools.directory.directory import Directory
    from antcrm_tools.known import Known

SPACES: tuple[Space, ...] = ("lead", "customer")

_LIKELIEST = 2
"""Spellings of a phone AntCRM is asked for where the copy is whole: as it is dialled, and with the country's code."""

_MAY_SHRINK = frozenset({"tags"})
"""Fields of which a call may take elements by naming them, without a question."""

_SKEW = timedelta(minutes=10)
"""How far AntCRM's clock may be from ours."""


class Records:
    """The customers of one AntCRM, written safely."""

    def __init__(
        self,
        api: AntCrmApi,
        journal: Journal,
        *,
        code: Callable[[], str],
        clock: Callable[[], datetime],
        zone: tzinfo,
        region: str = "VN",
        directory: Directory | None = None,
    ) -> None:
        """`code` makes the random code of a new customer (`customerIdApiRing`); `region` reads phones without +.

        `directory`: the local copy, which knows phones in spellings AntCRM would have to be asked for one by one.
        """
        self.api = api
        self.journal = journal
        self.region = region
        self.zone = zone
        self.new_code = code
        self._clock = clock
        self._directory = directory
        self._knows: Known | None = None
        self.stopped = False
        """No edit is sent any more: one has made AntCRM lose what was not sent."""

    @property
    def _known(self) -> Known:
        if self._knows is None:
            from antcrm_tools.known import Known  # noqa: PLC0415  brings the rules of identity, which a start needs not

            self._knows = Known(self, self._directory)
        return self._knows

    async def get(self, ref: Ref, *, background: bool = False) -> Customer:
        """The whole record, fresh. A record AntCRM marks as deleted is not there (row "deletes: soft or hard").

        Raises:
            NotFound: there is no such customer.
        """
        customer = await self.api.get(ref, background=background)
        if is_deleted(customer):
            raise NotFound(str(ref))
        return customer

    async def page(self, query: Query, number: int) -> Page:
        """One page of a list, counted from 0, without the records AntCRM marks as deleted."""
        page = await self.api.page(query, number)
        return replace(page, customers=tuple(c for c in page.customers if not is_deleted(c)))

    async def by_phone(
        self, phone: str, spaces: Iterable[Space] = SPACES, *, background: bool = False
    ) -> list[Customer]:
        """Who bears a phone, under every spelling AntCRM may hold it in, or known to the copy."""
        spelled = phones.spellings(phone, self.region)
        if await self._known.is_whole():
            spelled = spelled[:_LIKELIEST]  # whoever has it in another one is found in the copy
        found = await self._all([Query(space=s, phone=each) for s in spaces for each in spelled], background)
        more = await self._known.bearing([phone], [], found, background)
        return found + [customer for customer in more if customer.as_ref().space in spaces]

    async def by_email(
        self, email: str, spaces: Iterable[Space] = SPACES, *, background: bool = False
    ) -> list[Customer]:
        """Who bears an e-mail, as typed and in lower case, or has the same mailbox as far as the copy knows."""
        spelled = dict.fromkeys((email_key(email), email.strip()))
        found = await self._all([Query(space=s, email=e) for s in spaces for e in spelled], background)
        more = await self._known.bearing([], [email], found, background)
        return found + [customer for customer in more if customer.as_ref().space in spaces]

    async def duplicates(self, draft: Draft | Customer, *, background: bool = False) -> list[Customer]:
        """Leads, contacts and accounts that bear one of the phones or e-mails of `draft`; phones first."""
        numbers = {phone_key(p.value, self.region): p.value for p in draft.phones}
        addresses = {email_key(e.value): e.value for e in draft.emails}
        found = await all_of(
            [self.by_phone(p, background=background) for p in numbers.values()]
            + [self.by_email(e, background=background) for e in addresses.values()]
        )
        return _merged(customer for hits in found for customer in hits)

    async def look_alikes(self, draft: Draft, *, background: bool = False) -> list[Customer]:
        """Who has a name like it at the same company, read fresh; only the copy can tell. Phones are not looked at."""
        return await self._known.look_alikes(draft, background)

    async def create(
        self, draft: Draft, wish: Wish, *, go_on: GoOn = never, parent: int | None = None
    ) -> Created | list[Customer]:
        """Create a customer and read it back; or return the duplicates instead, and create nothing.

        See `creating.create`.
        """
        return await create(self, draft, wish, go_on=go_on, parent=parent)

    async def replayed(self, wish: Wish) -> Created | None:
        """What became of the same create a little earlier; see `creating.replayed`."""
        return await replayed(self, wish)

    async def plan(self, ref: Ref, plan: Plan) -> Planned:
        """What an edit would do, without doing it."""
        return planned(await self.get(ref), plan, self.region)

    async def edit(self, ref: Ref, plan: Plan, wish: Wish, *, shown: str | None = None) -> Edited:
        """Read, change, write whole fields, read back.

        `shown` is the fingerprint of what a person confirmed.

        Raises:
            ChangedMeanwhile: the record is not what was shown; nothing was sent.
            NotStored: AntCRM said yes, but a field is not as it was sent.
            FieldMoved: a field nobody sent is no longer what it was.
            MayHaveActed: the edit may have been made; it is looked into by itself.
            Held: an earlier change of this customer is not settled.
        """
        await made_before(self, wish)  # of its own change, not known yet, one hears that and not that it is held
        async with self.journal.turn([str(ref)]) as turn:
            made = await made_before(self, wish)
            if made is not None and made.before is not None and made.after is not None:
                return Edited(made.before, made.after, made.fields, made.id, again=True)
            if self.stopped:
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
            return await edit(self, change, turn, wish)

    async def delete(self, ref: Ref, wish: Wish, *, shown: str | None = None, parent: int | None = None) -> Deletion:
        """Delete a customer and see that it is gone. Returns it as it was.

        Raises:
            ChangedMeanwhile: the record is not what was shown; nothing was sent.
            NotStored: AntCRM said yes, but the customer is still there.
            MayHaveActed: it may have been deleted; it is looked into by itself.
            Held: an earlier change of this customer is not settled.
        """
        await made_before(self, wish)
        async with self.journal.turn([str(ref)]) as turn:
            made = await made_before(self, wish)
            if made is not None and made.before is not None:
                return Deletion(made.before, made.id, again=True)
            before = await self.get(ref)
            if shown is not None and fingerprint(before) != shown:
                raise ChangedMeanwhile(before.name)
            return await delete(self, before, turn, wish, parent)

    async def read_back(self, ref: Ref) -> Customer:
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

    async def forgotten(self, ref: Ref) -> None:
        """The copy hears that a customer is gone, although it can still be read by its number."""
        if self.api.watch is not None:
            await self.api.watch.missing(ref, self.api.watch.begin())

    async def still_listed(self, customer: Customer) -> bool:
        """Whether a customer that can still be read by its number is still listed: a soft delete only hides it."""
        day = day_in(customer.created_at, UTC)
        around = timedelta(days=1)  # its day here may be another one where the list is cut
        query = Query(kind=customer.kind, created_from=day and day - around, created_to=day and day + around)
        try:
            return any(one.ref == customer.ref for one in await self._all([query], background=False))
        except CrmError:
            return True

    def is_old(self, customer: Customer, than: datetime | None = None) -> bool:
        """Whether a customer was there before a moment, or before anything that is being done now."""
        made = customer.created_at
        if not isinstance(made, datetime):
            return False
        # AntCRM may write a day only (row "dates"), which reads as its midnight.
        slack = _SKEW if made.time() != time() else timedelta(days=2)
        # A moment that lies ahead is from before the clock was set back.
        now = self._clock()
        return made < min(than or now, now) - slack

    def day(self, moment: datetime) -> date:
        """The day of a moment, where the company is."""
        return moment.astimezone(self.zone).date()

    async def listed(self, queries: Sequence[Query]) -> list[Customer]:
        """Everybody on some lists, each once; for work nobody waits for."""
        return await self._all(queries, background=True)

    async def _all(self, queries: Sequence[Query], background: bool) -> list[Customer]:
        found = await all_of([self._drain(query, background) for query in queries])
        return _merged(customer for hits in found for customer in hits if not is_deleted(customer))

    async def _drain(self, query: Query, background: bool) -> list[Customer]:
        return [customer async for customer in self.api.walk(query, background=background)]


def _merged(customers: Iterable[Customer]) -> list[Customer]:
    return list({customer.ref: customer for customer in customers}.values())
