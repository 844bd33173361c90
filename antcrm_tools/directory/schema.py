"""The directory's tables. Another version of them is another file, which is filled anew: a copy is never migrated."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

VERSION: Final = 2
"""Of the tables and of what is written into them: raise it whenever a row would be written otherwise than before."""

Label: TypeAlias = Literal["stage", "source", "owner", "tag"]
"""A field with few values that many customers share."""

Group: TypeAlias = Literal["stage", "tag", "owner", "source", "kind", "day", "week", "month"]
"""By what customers can be counted; times are those of creation."""

LABELS: Final[tuple[Label, ...]] = ("stage", "source", "owner", "tag")

KINDS: Final = ("lead", "contact", "account")
"""In the order of their numbers in the tables."""

NONE: Final = 0
"""The number of the empty value of every label, and the day of a moment that is not known."""

SECOND_BITS: Final = 12
"""A customer's place is the second it was created in, then a number of its own in that second: so the newest come
first by place alone, and days of creation are ranges of places."""

FIRST_KNOWN: Final = 1 << 28
"""Seconds. What was created before 1978 was not: its place is among those of unknown time, which need the room."""

COLUMNS: Final = (
    "place, ref, kind, name, phones, emails, company, stage, source, owner, tags, created, updated, read_at"
)
"""What is read of a customer."""

# The words are kept beside the customers because the index does not keep them and needs them to take a row out again.
SCHEMA: Final = """
CREATE TABLE customers (
    place INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, name TEXT NOT NULL,
    phones TEXT NOT NULL, emails TEXT NOT NULL, company TEXT NOT NULL,
    stage INTEGER NOT NULL, source INTEGER NOT NULL, owner INTEGER NOT NULL, tags TEXT NOT NULL,
    created INTEGER, updated INTEGER, created_day INTEGER NOT NULL, updated_day INTEGER NOT NULL, read_at REAL NOT NULL
);
CREATE INDEX by_kind ON customers (kind, created_day);
CREATE INDEX by_labels ON customers (owner, stage, source, kind, tags);
CREATE INDEX by_stage ON customers (stage, created_day, kind);
CREATE INDEX by_source ON customers (source, created_day, kind);
CREATE INDEX by_owner ON customers (owner, created_day, kind);
CREATE INDEX by_update ON customers (updated_day);
CREATE TABLE tagged (
    tag INTEGER NOT NULL, created_day INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (tag, created_day, place)
) WITHOUT ROWID;
CREATE TABLE words (place INTEGER PRIMARY KEY, tokens TEXT NOT NULL);
CREATE VIRTUAL TABLE found USING fts5 (
    tokens, content='words', content_rowid='place', detail='none', columnsize=0,
    tokenize="unicode61 remove_diacritics 0 tokenchars '=~&+@#%:'"
);
CREATE TABLE labels (
    id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, folded TEXT NOT NULL, UNIQUE (field, value)
);
CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE slips (slip TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (slip, word)) WITHOUT ROWID;
CREATE TABLE gone (ref TEXT PRIMARY KEY, read_at REAL NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE windows (
    id INTEGER PRIMARY KEY, pass TEXT NOT NULL, space TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    state TEXT NOT NULL, page INTEGER NOT NULL, seen INTEGER NOT NULL
);
CREATE INDEX by_pass ON windows (pass, state);
"""
