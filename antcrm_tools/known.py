"""Who the local copy knows to be somebody we have already. Whoever it names is read fresh: it is never the truth."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.errors import NotFound
from antcrm_tools.gather import all_of
from antcrm_tools.identity.companies import companies, company_key
from antcrm_tools.identity.duplicates import compare, mailboxes, near_names, numbers
from antcrm_tools.models import Customer, Draft, Email, Phone
from antcrm_tools.refs import Ref, parse_ref

if TYPE_CHECKING:
    from antcrm_tools.directory.directory import Directory
    from antcrm_tools.directory.rows import Entry
    from antcrm_tools.records import Records

_READ = 10
"""Customers read fresh for one question; who shares a phone with more is shown enough of them."""

_log = logging.getLogger(__name__)


class Known:
    """What the copy adds to AntCRM's own answers."""

    def __init__(self, records: Records, directory: Directory | None) -> None:
        """Without a directory it adds nothing."""
        self._records = records
        self._directory = directory

    async def is_whole(self) -> bool:
        """Whether the copy holds everybody, so that AntCRM need not be asked for unlikely spellings."""
        if self._directory is None:
            return False
        try:
            return await self._directory.is_whole()
        except CopyUnusable as error:
            return _unreadable(error)

    async def bearing(
        self, phones: Sequence[str], emails: Sequence[str], found: Iterable[Customer], background: bool
    ) -> list[Customer]:
        """Who bears one of these phones or mailboxes, besides those who were found.

        Raises:
            CrmError: somebody the copy knows could not be read.
        """
        if self._directory is None:
            return []
        region = self._records.region
        asked = Draft(
            code="", phones=tuple(Phone(value=each) for each in phones), emails=tuple(Email(value=e) for e in emails)
        )
        try:
            entries = await self._directory.bearing(numbers(asked, region), mailboxes(asked))
        except CopyUnusable as error:
            _unreadable(error)
            return []
        fresh = await self._fresh(entries, {customer.ref for customer in found}, background)
        return [customer for customer in fresh if shares_contact(asked, customer, region)]

    async def look_alikes(self, draft: Draft, background: bool) -> list[Customer]:
        """Who has a name like it at the same company.

        Raises:
            CrmError: somebody the copy knows could not be read.
        """
        keys = {key for company in companies(draft) if (key := company_key(company))}
        if self._directory is None or not keys:
            return []
        try:
            entries = await self._directory.colleagues(keys)
        except CopyUnusable as error:
            _unreadable(error)
            return []
        near = [entry for entry in entries if near_names(entry.name, draft.name)]
        fresh = await self._fresh(near, set(), background)
        return [each for each in fresh if "name_company" in compare(draft, each, self._records.region)]

    async def _fresh(self, entries: Sequence[Entry], without: set[str], background: bool) -> list[Customer]:
        refs = [ref for entry in entries if entry.ref not in without and (ref := parse_ref(entry.ref)) is not None]
        read = await all_of([self._one(ref, background) for ref in refs[:_READ]])
        return [customer for customer in read if customer is not None]

    async def _one(self, ref: Ref, background: bool) -> Customer | None:
        try:
            return await self._records.get(ref, background=background)
        except NotFound:
            return None  # the copy has heard of it by this very read


def shares_contact(one: Draft | Customer, other: Draft | Customer, region: str) -> bool:
    """Whether two have a phone or a mailbox in common, whoever else uses it."""
    return bool(numbers(one, region) & numbers(other, region) or mailboxes(one) & mailboxes(other))


def _unreadable(error: CopyUnusable) -> bool:
    _log.error("the local copy cannot be used: %s", error.why)
    return False
