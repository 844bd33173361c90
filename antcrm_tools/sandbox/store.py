"""The records as AntCRM would hold them, in SQLite."""

import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from antcrm_tools.sandbox.fields import digits, national_digits

ContactType = Literal["lead", "customer"]
HandleKind = Literal["lead", "customer", "phone", "phone_digits", "phone_national", "email"]

# The two number spaces overlap on purpose: L9101 and C9101 are different customers, as they would be in a real CRM.
FIRST_ID: Final[dict[ContactType, int]] = {"lead": 9001, "customer": 9101}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (space TEXT PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    key INTEGER PRIMARY KEY, space TEXT NOT NULL, id INTEGER NOT NULL, type INTEGER, code TEXT,
    deleted INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, fields TEXT NOT NULL,
    UNIQUE (space, id)
);
CREATE INDEX IF NOT EXISTS by_code ON records (code) WHERE code IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_age ON records (created DESC, id DESC, key DESC, deleted, space, type, updated);
CREATE TABLE IF NOT EXISTS handles (kind TEXT NOT NULL, value TEXT NOT NULL, key INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_handle ON handles (kind, value);
CREATE INDEX IF NOT EXISTS by_key ON handles (key);
"""

_COLUMNS = "r.key, r.space, r.id, r.type, r.code, r.deleted, r.created, r.updated, r.fields"
_WHERE = """
    (r.deleted = 0 OR :with_deleted)
    AND (:space IS NULL OR r.space = :space) AND (:type IS NULL OR r.type = :type)
    AND (:created_from IS NULL OR r.created >= :created_from) AND (:created_to IS NULL OR r.created < :created_to)
    AND (:updated_from IS NULL OR r.updated >= :updated_from) AND (:updated_to IS NULL OR r.updated < :updated_to)
    AND (:handles = '[]' OR NOT EXISTS (
        SELECT 1 FROM json_each(:handles) w WHERE NOT EXISTS (
            SELECT 1 FROM handles h
            WHERE h.key = r.key AND h.kind = json_extract(w.value, '$[0]')
            AND h.value = json_extract(w.value, '$[1]'))))
    ORDER BY r.created DESC, r.id DESC, r.key DESC LIMIT :limit OFFSET :offset
"""


def _sql(template: str) -> str:
    return template.replace(":columns", _COLUMNS).replace(":where", _WHERE)


_LIST = _sql("SELECT :columns FROM records r WHERE :where")
# Driven by one handle, so that a look-up does not walk the whole CRM.
_LOOK_UP = _sql(
    "SELECT :columns FROM records r WHERE r.key IN"
    " (SELECT key FROM handles WHERE kind = :kind AND value = :value) AND :where"
)
_BY_CODE = _sql("SELECT :columns FROM records r WHERE r.code = ? AND NOT r.deleted ORDER BY r.key LIMIT 1")


@dataclass(slots=True)
class Row:
    """One customer; times are epoch milliseconds, ``fields`` is what no other column holds."""

    space: ContactType
    fields: dict[str, Any]
    type: int | None = None
    code: str | None = None
    created: int = 0
    updated: int = 0
    id: int = 0
    deleted: bool = False
    key: int | None = None


@dataclass(slots=True)
class Query:
    """What to look for; windows are half open (``from <= t < to``), every handle must belong to the record."""

    space: str | None = None
    type: int | None = None
    handles: list[tuple[HandleKind, str]] = field(default_factory=list[tuple[HandleKind, str]])
    created_from: int | None = None
    created_to: int | None = None
    updated_from: int | None = None
    updated_to: int | None = None
    with_deleted: bool = False
    limit: int = 20
    offset: int = 0


def _handles(row: Row) -> Iterator[tuple[HandleKind, str]]:
    yield row.space, str(row.id)
    for phone in row.fields["phones"]:
        value = phone["value"]
        yield "phone", value
        yield "phone_digits", digits(value)
        yield "phone_national", national_digits(value)
    for email in row.fields["emails"]:
        yield "email", email["value"].casefold()


class Store:
    """Customers in a file or in memory. Used from one event loop at a time, so it takes no lock of its own."""

    def __init__(self, path: Path | None = None) -> None:
        # One connection, used by whichever thread runs the event loop; autocommit unless `transaction` is open.
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        if path is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
        # Told by the counters: a CRM whose customers were all deleted is empty, not new.
        self.is_new: Final = self._db.execute("SELECT 1 FROM counters").fetchone() is None

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; inside another transaction it is part of that one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def reserve(self, space: ContactType) -> int:
        """Take the next id of a number space; an id is never given twice, not even after a hard delete."""
        found = self._db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET next = next + 1 RETURNING next - 1",
            (space, FIRST_ID[space] + 1),
        )
        # All of it: an unfinished RETURNING keeps its transaction open.
        return int(found.fetchall()[0][0])

    def save(self, row: Row) -> Row:
        """Insert a row without a key (it gets an id unless it has one), or replace the one with that key."""
        with self.transaction():
            if row.key is None and not row.id:
                row.id = self.reserve(row.space)
            text = json.dumps(row.fields, ensure_ascii=False)
            values = (row.key, row.space, row.id, row.type, row.code, row.deleted, row.created, row.updated, text)
            saved = self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            row.key = saved.lastrowid if row.key is None else row.key
            self._db.execute("DELETE FROM handles WHERE key = ?", (row.key,))
            entries = [(kind, value, row.key) for kind, value in _handles(row)]
            self._db.executemany("INSERT INTO handles VALUES (?, ?, ?)", entries)
        return row

    def remove(self, row: Row, *, hard: bool) -> None:
        """Delete for good, or only mark as deleted."""
        if not hard:
            row.deleted = True
            self.save(row)
            return
        with self.transaction():
            self._db.execute("DELETE FROM handles WHERE key = ?", (row.key,))
            self._db.execute("DELETE FROM records WHERE key = ?", (row.key,))

    def select(self, query: Query) -> list[Row]:
        """The newest first, as far as ``limit`` and ``offset`` say."""
        values: dict[str, Any] = {name: getattr(query, name) for name in Query.__slots__}
        values["handles"] = json.dumps(query.handles)
        if not query.handles:
            return self._rows(self._db.execute(_LIST, values))
        values["kind"], values["value"] = query.handles[0]
        return self._rows(self._db.execute(_LOOK_UP, values))

    def get(self, space: ContactType, number: int) -> Row | None:
        """The record with this id, unless it is deleted."""
        found = self.select(Query(handles=[(space, str(number))], limit=1))
        return found[0] if found else None

    def by_code(self, code: str) -> Row | None:
        """The oldest record with this ``customerIdApiRing``, unless it is deleted."""
        found = self._rows(self._db.execute(_BY_CODE, (code,)))
        return found[0] if found else None

    def count(self, space: ContactType | None = None) -> int:
        """How many records there are, deleted ones not counted."""
        found = self._db.execute(
            "SELECT count(*) FROM records WHERE deleted = 0 AND (?1 IS NULL OR space = ?1)", (space,)
        )
        return int(found.fetchone()[0])

    def _rows(self, found: Iterable[Any]) -> list[Row]:
        return [
            Row(
                key=key,
                space=cast("ContactType", space),
                id=number,
                type=kind,
                code=code,
                deleted=bool(deleted),
                created=created,
                updated=updated,
                fields=json.loads(fields),
            )
            for key, space, number, kind, code, deleted, created, updated, fields in found
        ]
