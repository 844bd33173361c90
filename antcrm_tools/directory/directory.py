"""The directory as the rest of the program sees it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from antcrm_tools.directory.counts import Counted, count
from antcrm_tools.directory.erasing import erase
from antcrm_tools.directory.facts import fact
from antcrm_tools.directory.filters import Filters, Resolved, near, resolve
from antcrm_tools.directory.freshness import FILLED, NO_DAYS, NO_UPDATES, SYNCED, Freshness, freshness
from antcrm_tools.directory.matching import newest_rows, one_of
from antcrm_tools.directory.rows import Entry, Labels, entries
from antcrm_tools.directory.schema import COLUMNS, Group, Label
from antcrm_tools.directory.search import Hits, NotOursError, find
from antcrm_tools.directory.store import Store
from antcrm_tools.directory.tokens import company_token, email_token, is_token, storable
from antcrm_tools.directory.unusable import foreign_cursor

_WHOLE = timedelta(hours=1)
_WISH = 12
_BEARERS = 50
_COLLEAGUES = 500


@dataclass(frozen=True, slots=True)
class Usage:
    """Whether anybody has a value, and which ones may have been meant if not."""

    known: bool
    near: tuple[str, ...] = ()


class Directory:
    """The copy of one AntCRM's customers."""

    def __init__(self, store: Store) -> None:
        """Nothing is opened before it is asked."""
        self.store = store

    async def freshness(self) -> Freshness:
        """How much it holds, and how old it is."""
        return await self.store.read(lambda db, _: freshness(db))

    async def find(self, text: str, filters: Filters, *, limit: int, cursor: str | None = None) -> Hits:
        """Find customers by words and filters: the best first, or the newest where there are no words.

        `cursor` is the `next` of the part before.

        Raises:
            BadInput: the cursor belongs to another question.
        """
        wish = hashlib.sha256(repr((text, filters)).encode("utf-8", "replace")).hexdigest()[:_WISH]
        after = None
        if cursor is not None:
            asked, _, after = cursor.partition(".")
            if asked != wish:
                raise foreign_cursor()

        def look(db: sqlite3.Connection, labels: Labels) -> Hits:
            found = resolve(db, filters)
            return find(db, labels, text, found, limit=limit, after=after, region=self.store.region)

        try:
            hits = await self.store.read(look)
        except NotOursError:
            raise foreign_cursor() from None
        return hits if hits.next is None else replace(hits, next=f"{wish}.{hits.next}")

    async def count(self, filters: Filters, by: Sequence[Group] = ()) -> Counted:
        """How many there are, in groups of up to two kinds."""
        return await self.store.read(lambda db, labels: count(db, labels, resolve(db, filters), by))

    async def erase(self, ref: str) -> None:
        """Take a customer out for good. AntCRM's record comes back with the next pass, if it is still there.

        Raises:
            CopyUnusable: it is still there.
        """
        await self.store.write(lambda db, labels: erase(db, labels, ref, self.store.begin()))
        await self.store.fold_away()

    async def is_whole(self) -> bool:
        """Whether everything was read once, and what changed since was read not long ago."""

        def look(db: sqlite3.Connection, _: Labels) -> bool:
            blind = any(fact(db, name) is not None for name in (NO_DAYS, NO_UPDATES))
            synced = fact(db, SYNCED) if fact(db, FILLED) is not None and not blind else None
            return synced is not None and self.store.clock() - datetime.fromisoformat(synced) < _WHOLE

        return await self.store.read(look)

    async def bearing(self, phones: Iterable[str], mailboxes: Iterable[str]) -> list[Entry]:
        """Who has one of these phones (normal forms) or mailboxes (`emails.mailbox_key`), the newest first."""
        tokens = [*phones, *(email_token(mailbox) for mailbox in mailboxes)]
        return await self.store.read(lambda db, labels: _with_key(db, labels, tokens, _BEARERS))

    async def named(self, refs: Iterable[str]) -> list[Entry]:
        """The customers of these refs, as far as they are there."""
        wanted = list(refs)[:_BEARERS]
        marks = ", ".join("?" * len(wanted))
        sql = f"SELECT {COLUMNS} FROM customers WHERE ref IN ({marks})"  # noqa: S608
        return await self.store.read(lambda db, labels: entries(db, labels, db.execute(sql, wanted).fetchall()))

    async def colleagues(self, companies: Iterable[str]) -> list[Entry]:
        """Who belongs to one of these companies (`companies.company_key`), the newest first."""
        tokens = [token for key in companies if len(token := company_token(key)) > 1]
        return await self.store.read(lambda db, labels: _with_key(db, labels, tokens, _COLLEAGUES))

    async def usage(self, field: Label, value: str) -> Usage:
        """Whether a stage, source, owner or tag is in use, letter by letter, and which may have been meant."""

        def look(db: sqlite3.Connection, _: Labels) -> Usage:
            exact = any(
                row[0] == " ".join(storable(value).split())
                for row in db.execute("SELECT value FROM labels WHERE field = ?", (field,))
            )
            return Usage(exact, () if exact else near(db, field, value))

        return await self.store.read(look)


def _with_key(db: sqlite3.Connection, labels: Labels, tokens: list[str], limit: int) -> list[Entry]:
    known = [token for token in tokens if is_token(token)]
    return entries(db, labels, newest_rows(db, Resolved(), [one_of(known)], limit)) if known else []
