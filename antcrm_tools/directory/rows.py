"""Customers as rows: what is written, what is given back, and which read counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from antcrm_tools.directory.page import MOST, Page, take_out
from antcrm_tools.directory.schema import FIRST_KNOWN, KINDS, NONE, Label
from antcrm_tools.directory.tokens import (
    contact_tokens,
    day_tokens,
    kind_token,
    label_token,
    more_tokens,
    name_tokens,
    storable,
)
from antcrm_tools.identity.companies import domains, written_companies
from antcrm_tools.identity.names import fold
from antcrm_tools.identity.spelling import slips
from antcrm_tools.logs import note_unexpected
from antcrm_tools.models import Customer, Kind
from antcrm_tools.wire.dates import day_in

_LAST_KNOWN = 1 << 40
_SHORTEST_WORD, _LONGEST_WORD = 2, 20
_SHORTEST_SLIP = 3
_BETWEEN = "\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer as the directory knows it: enough for a line in a list. `place` orders by when it was created."""

    place: int
    ref: str
    kind: Kind
    name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    company: str
    stage: str
    source: str
    owner: str
    tags: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None


class Labels:
    """The numbers of stages, sources, owners and tags. Remembered; a transaction that failed has to `forget` them."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Label, str], int] = {}
        self._values: dict[int, str] = {NONE: ""}
        self._words: set[str] = set()
        self._as_of: str | None = None

    def keep_up(self, as_of: str | None) -> None:
        """Forget everything where words were taken out since, which another process may have done."""
        if as_of != self._as_of:
            self.forget()
            self._as_of = as_of

    def forget(self) -> None:
        """Remember nothing."""
        self.__init__()

    def number(self, db: sqlite3.Connection, field: Label, value: str) -> int:
        """The number of a value, made where it is new. The same value in another Unicode form is the same."""
        known = self._numbers.get((field, value))
        if known is None:
            known = self._numbers[field, value] = self._found(db, field, " ".join(storable(value).split()))
        return known

    def _found(self, db: sqlite3.Connection, field: Label, value: str) -> int:
        if field == "owner":
            value = value.casefold()
        if not value:
            return NONE
        db.execute("INSERT OR IGNORE INTO labels (field, value, folded) VALUES (?, ?, ?)", (field, value, fold(value)))
        found = db.execute("SELECT id FROM labels WHERE field = ? AND value = ?", (field, value)).fetchone()
        return int(found[0])

    def value(self, db: sqlite3.Connection, number: int) -> str:
        """The value of a number."""
        known = self._values.get(number)
        if known is None:
            found = db.execute("SELECT value FROM labels WHERE id = ?", (number,)).fetchone()
            if found is None:
                return ""
            known = self._values[number] = str(found[0])
        return known

    def learn(self, db: sqlite3.Connection, words: Iterable[str]) -> None:
        """Take words of names into the vocabulary, by which beginnings are completed and slips are put right."""
        for word in words:
            if word in self._words or not _is_of_names(word):
                continue
            self._words.add(word)
            added = db.execute("INSERT OR IGNORE INTO vocabulary VALUES (?)", (word,)).rowcount > 0
            if added and len(word) >= _SHORTEST_SLIP:
                db.executemany("INSERT OR IGNORE INTO slips VALUES (?, ?)", [(slip, word) for slip in slips(word)])


def put(
    db: sqlite3.Connection,
    labels: Labels,
    customers: Iterable[Customer],
    begun: float,
    now: float,
    *,
    region: str,
    zone: tzinfo,
) -> int:
    """Write what a read has shown, unless a later read is there already. Returns how many are different now.

    `begun` and `now` are seconds of the wall clock: when the read began, and this moment. A row from the future is
    from before the clock was set back, and gives way.
    """
    changed = 0
    # The index takes them in the order of their places in a third less time.
    for some in _pages(sorted(customers, key=second_of)):
        page = Page(db, some.keys(), [second_of(customer) for customer in some.values()])
        for ref, customer in some.items():
            gone, old = page.gone.get(ref), page.there.get(ref)
            if (gone is not None and begun <= gone <= now) or (old is not None and begun < old[13] <= now):
                continue
            try:
                changed += _put(db, labels, page, customer, begun=begun, region=region, zone=zone)
            except sqlite3.Error:
                raise
            except Exception as error:  # noqa: BLE001  whatever there is in one record, the others are good
                note_unexpected(error)
        page.write(begun)
    return changed


def _pages(customers: Iterable[Customer]) -> Iterator[dict[str, Customer]]:
    """Pages by ref; whoever is there twice is on two of them, in their order."""
    page: dict[str, Customer] = {}
    for customer in customers:
        if (ref := customer.ref) in page or len(page) == MOST:
            yield page
            page = {}
        page[ref] = customer
    yield page


def _put(
    db: sqlite3.Connection, labels: Labels, page: Page, customer: Customer, *, begun: float, region: str, zone: tzinfo
) -> bool:
    old = page.there.get(customer.ref)
    # Of more than fit into one second, some are in the next ones: whose moment is the same stays in place.
    stays = old is not None and old[11] == _seconds(customer.created_at)
    place = old[0] if old is not None and stays else page.free_place(second_of(customer))
    days = _day(customer.created_at, zone), _day(customer.updated_at, zone)
    columns, names, others = _written(db, labels, customer, region, days)
    tokens = " ".join((*names, *others))
    if old is not None and old[0] == place and old[1:13] == columns and old[14] == tokens:
        page.confirm(place)
        return False
    labels.learn(db, names)
    if old is not None:
        page.take_out(old[0], old[14])
    page.add((place, *columns, *days, begun), tokens, [int(tag) for tag in columns[9].split()])
    return True


def forget(db: sqlite3.Connection, ref: str, begun: float, now: float) -> bool:
    """Take out a customer who was not there when a read by its number began; a later read of it stands."""
    # Of two reads that did not find it the later one counts, whichever is told first.
    db.execute(
        "INSERT INTO gone VALUES (?1, ?2)"
        " ON CONFLICT (ref) DO UPDATE SET read_at = ?2 WHERE read_at < ?2 OR read_at > ?3",
        (ref, begun, now),
    )
    old = db.execute(
        "SELECT place, read_at, tokens FROM customers JOIN words USING (place) WHERE ref = ?", (ref,)
    ).fetchone()
    if old is None or begun < old[1] <= now:
        return False
    take_out(db, old[0], old[2])
    return True


def put_together(db: sqlite3.Connection, pages: int) -> bool:
    """Do a piece of putting the index's parts together; returns whether there is more to do.

    `pages` of the file are written, about; less than nothing: begin, with all parts there are.
    """
    before = db.total_changes
    db.execute("INSERT INTO found (found, rank) VALUES ('merge', ?)", (pages,)).close()
    return db.total_changes - before > 1  # the documented sign: one change is the command itself


def second_of(customer: Customer) -> int:
    """The second a customer was created in, by which they are in order; 0 where it is not known."""
    seconds = _seconds(customer.created_at)
    return seconds if seconds is not None and FIRST_KNOWN <= seconds <= _LAST_KNOWN else 0


def entries(db: sqlite3.Connection, labels: Labels, rows: Iterable[Sequence[Any]]) -> list[Entry]:
    """Entries of rows that were selected as `schema.COLUMNS`."""
    return [_entry(db, labels, row) for row in rows]


def _entry(db: sqlite3.Connection, labels: Labels, row: Sequence[Any]) -> Entry:
    place, ref, kind, name, phones, emails, company, stage, source, owner, tags, created, updated, _ = row
    return Entry(
        place=place,
        ref=ref,
        kind=KINDS[int(kind)],
        name=name,
        phones=tuple(phones.split(_BETWEEN)) if phones else (),
        emails=tuple(emails.split(_BETWEEN)) if emails else (),
        company=company,
        stage=labels.value(db, stage),
        source=labels.value(db, source),
        owner=labels.value(db, owner),
        tags=tuple(labels.value(db, int(tag)) for tag in tags.split()),
        created_at=_moment(created),
        updated_at=_moment(updated),
    )


def _written(
    db: sqlite3.Connection, labels: Labels, customer: Customer, region: str, days: Sequence[int]
) -> tuple[tuple[Any, ...], list[str], list[str]]:
    """The columns, the tokens of the name and the company, and the others."""
    kind = KINDS.index(customer.kind)
    stage, source, owner = (
        labels.number(db, "stage", customer.stage),
        labels.number(db, "source", customer.source),
        labels.number(db, "owner", customer.owner),
    )
    tags = list(dict.fromkeys(labels.number(db, "tag", tag) for tag in customer.tags)) or [NONE]
    keys = [
        *contact_tokens(customer, region),
        kind_token(kind),
        label_token("stage", stage),
        label_token("source", source),
        label_token("owner", owner),
        *(label_token("tag", tag) for tag in tags),
        *day_tokens(*days),
    ]
    companies = written_companies(customer)
    columns = (
        customer.ref,
        kind,
        storable(customer.name),
        _lines(phone.value for phone in customer.phones),
        _lines(email.value for email in customer.emails),
        storable(companies[0]) if companies else "",
        stage,
        source,
        owner,
        " ".join(str(tag) for tag in tags),
        _seconds(customer.created_at),
        _seconds(customer.updated_at),
    )
    names = name_tokens(customer, [*companies, *domains(customer)])
    return columns, names, [*more_tokens(customer), *keys]


def _seconds(moment: datetime | str | None) -> int | None:
    return int(moment.timestamp()) if isinstance(moment, datetime) else None


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _day(moment: datetime | str | None, zone: tzinfo) -> int:
    day = day_in(moment, zone)
    return NONE if day is None else day.toordinal()


def _lines(values: Iterable[str]) -> str:
    return _BETWEEN.join(" ".join(storable(value).split()) for value in values if value.strip())


def _is_of_names(word: str) -> bool:
    """Whether a token of names is a folded word that people could begin or mistype; the whole names have a sign."""
    return _SHORTEST_WORD <= len(word) <= _LONGEST_WORD and word.isalnum() and (word.isascii() or fold(word) == word)
