"""Finding customers by words and filters.

The index is asked in steps, from the surest reading of the words to the most forgiving, each for a bounded number of
the newest, because ranking all of a million Nguyễns takes longer than anybody waits. What was found is then ranked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from antcrm_tools.directory.filters import Resolved, Unknown
from antcrm_tools.directory.question import Question, Word, read_question
from antcrm_tools.directory.ranking import Fit, Hit, ranked
from antcrm_tools.directory.rows import COLUMNS, Labels, entries
from antcrm_tools.directory.tokens import SHORT_ENDS, email_token, is_token
from antcrm_tools.identity.spelling import one_slip, slips

_STEP = 60
"""Customers a step looks at; the newest of those who fit it."""

_MOST = 400
"""Customers the parts of one answer can show in all; whoever wants more has to say more."""

_FEW = 5
"""With fewer than these, the next step is taken."""

_GUESSES = 24
"""Words one may have meant by a slip."""

_SHORTEST_BEGINNING = 2
_SHORTEST_SLIP = 3
_NARROW = 20_000
"""Customers changed in a window for which it is quicker to look at each than to go through the index."""

_SELECTED = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))


@dataclass(frozen=True, slots=True)
class Hits:
    """A part of an answer. `next`: asks for the next part; `sure`: so many of the first fit equally well."""

    hits: tuple[Hit, ...] = ()
    next: str | None = None
    sure: int = 0
    unknown: tuple[Unknown, ...] = ()
    asked: bool = True
    """Whether there was anything to look for; without, it is the newest customers."""


@dataclass(slots=True)
class _Pool:
    """Who was found so far, by place, each as by the surest step."""

    db: sqlite3.Connection
    labels: Labels
    filters: Resolved
    size: int
    found: dict[int, Hit] = field(default_factory=dict[int, Hit])

    def add(self, match: str, fit: Fit) -> None:
        """Take the newest who fit."""
        for hit in self._look(match, fit):
            self.found.setdefault(hit.entry.place, hit)

    def named(self, refs: Sequence[str]) -> None:
        """Take those of these numbers, whatever else was said."""
        conditions, values = self.filters.where(days=False)
        marks = ", ".join("?" * len(refs))
        where = " AND ".join([f"c.ref IN ({marks})", *conditions])
        rows = self.db.execute(f"SELECT {_SELECTED} FROM customers c WHERE {where}", (*refs, *values))  # noqa: S608
        for entry in entries(self.db, self.labels, rows.fetchall()):
            self.found[entry.place] = Hit(entry, Fit.KEY)

    def _look(self, match: str, fit: Fit) -> list[Hit]:
        rows = _rows(self.db, self.filters, match, None, self.size)
        return [Hit(entry, fit) for entry in entries(self.db, self.labels, rows)]


def find(
    db: sqlite3.Connection,
    labels: Labels,
    text: str,
    filters: Resolved,
    *,
    limit: int,
    after: str | None = None,
    region: str = "VN",
) -> Hits:
    """Find customers; `after` is the `next` of the part before.

    Raises:
        ValueError: `after` is none of ours.
    """
    if filters.unknown:
        return Hits(unknown=filters.unknown)
    question = read_question(text, region)
    if question.is_empty:
        if text.strip():
            return Hits(asked=False)
        return _newest(db, labels, filters, limit, after)
    start = 0 if after is None else int(after)
    if not 0 <= start <= _MOST:
        raise ValueError(after)
    pool = _Pool(db, labels, filters, min(_MOST, max(_STEP, start + limit + 1)))
    if question.refs:
        pool.named(question.refs)
    if not pool.found:
        _search(pool, question)
    hits, sure = ranked(question, pool.found.values())
    part = hits[start : start + limit]
    more = len(hits) > start + limit and start + limit < _MOST
    return Hits(tuple(part), str(start + limit) if more else None, max(0, sure - start) if part else 0)


def _search(pool: _Pool, question: Question) -> None:
    keys = _key_groups(question)
    words = question.words
    if not words and not keys:
        return
    if not words:
        pool.add(_all(keys), Fit.KEY)
        if not pool.found and len(keys) > 1:
            pool.add(_any(keys), Fit.PART)
        return
    fit = Fit.WORDS
    pool.add(_all([_in("names", ["=" + "".join(word.folded for word in words)]), *keys]), fit)
    if any(word.marked for word in words):
        pool.add(_all([*(_in("names", [word.marked or word.folded]) for word in words), *keys]), fit)
    exact = [_in("names", _readings(word)) for word in words]
    given = _in("names", ["~" + reading for word in words for reading in _readings(word)])
    pool.add(_all([given, *exact, *keys]), fit)
    pool.add(_all([*exact, *keys]), fit)
    if len(pool.found) < _FEW:
        _forgiving(pool, words, exact, keys)
    if not pool.found:
        _part(pool, words, exact, keys)


def _forgiving(pool: _Pool, words: Sequence[Word], exact: list[str], keys: list[str]) -> None:
    last = words[-1].folded
    if len(last) >= _SHORTEST_BEGINNING:
        pool.add(_all([*exact[:-1], _beginning("names", last), *keys]), Fit.BEGINNING)
    if len(words) > 1 and all(len(word.folded) >= _SHORTEST_BEGINNING for word in words):
        pool.add(_all([*(_beginning("names", word.folded) for word in words), *keys]), Fit.BEGINNING)
    for place, word in enumerate(words):
        guesses = _guesses(pool.db, word.folded)
        if guesses:
            others = [group for at, group in enumerate(exact) if at != place]
            pool.add(_all([_in("names", guesses), *others, *keys]), Fit.SLIP)
    if len(pool.found) < _FEW:
        pool.add(_all([*(_in("names more", _readings(word)) for word in words), *keys]), Fit.ELSEWHERE)


def _part(pool: _Pool, words: Sequence[Word], exact: list[str], keys: list[str]) -> None:
    """Nobody fits all of it: whoever fits all but one word, or has the phone without the words."""
    if keys:
        pool.add(_all(keys), Fit.PART)
    if len(words) > 1:
        groups = [_in("names more", _readings(word)) for word in words]
        for place in range(len(groups)):
            pool.add(_all([group for at, group in enumerate(groups) if at != place]), Fit.PART)


def _guesses(db: sqlite3.Connection, word: str) -> list[str]:
    if len(word) < _SHORTEST_SLIP or not word.isascii():
        return []
    keys = sorted(slips(word))
    marks = ", ".join("?" * len(keys))
    rows = db.execute(f"SELECT DISTINCT word FROM slips WHERE slip IN ({marks})", keys)  # noqa: S608
    return [found for (found,) in rows if found != word and one_slip(found, word)][:_GUESSES]


def _newest(db: sqlite3.Connection, labels: Labels, filters: Resolved, limit: int, after: str | None) -> Hits:
    before = None if after is None else int(after)
    rows = _rows(db, filters, "", before, limit + 1)
    found = entries(db, labels, rows)
    hits = tuple(Hit(entry, Fit.WORDS) for entry in found[:limit])
    return Hits(hits, str(found[limit - 1].place) if len(found) > limit else None)


def _rows(
    db: sqlite3.Connection, filters: Resolved, match: str, before: int | None, limit: int
) -> list[tuple[object, ...]]:
    """Rows of the newest customers who fit, with all filters."""
    conditions, values = filters.where()
    if (places := filters.places) is not None:
        conditions.append("c.place BETWEEN ? AND ?")
        values += places
    if before is not None:
        conditions.append("c.place < ?")
        values.append(before)
    groups = [_in("keys", tokens) for tokens in filters.tokens]
    whole = _all([*([match] if match else []), *groups])
    if filters.excluded_tokens:
        if not whole:
            # The index cannot say "not" alone; every customer has a kind.
            whole = _in("keys", ["#k0", "#k1", "#k2"])
        whole = f"({whole}) NOT ({_in('keys', filters.excluded_tokens)})"
    if not match and filters.updated is not None and _is_narrow(db, filters.updated):
        return _by_update(db, filters, before, limit)
    if not whole:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return db.execute(
            f"SELECT {_SELECTED} FROM customers c {where} ORDER BY c.place DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
    # The index itself has to know the places: it goes through them in their order, and stops at the limit.
    where = "".join(f" AND {condition.replace('c.place', 'f.rowid')}" for condition in conditions)
    return db.execute(
        f"SELECT {_SELECTED} FROM found f CROSS JOIN customers c ON c.place = f.rowid"  # noqa: S608
        f" WHERE found MATCH ?{where} ORDER BY f.rowid DESC LIMIT ?",
        (whole, *values, limit),
    ).fetchall()


def _is_narrow(db: sqlite3.Connection, days: tuple[int, int]) -> bool:
    found = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM customers WHERE updated_day BETWEEN ? AND ? LIMIT ?)", (*days, _NARROW)
    )
    return int(found.fetchone()[0]) < _NARROW


def _by_update(db: sqlite3.Connection, filters: Resolved, before: int | None, limit: int) -> list[tuple[object, ...]]:
    conditions, values = filters.where(days=False)
    if before is not None:
        conditions.append("c.place < ?")
        values.append(before)
    return db.execute(
        f"SELECT {_SELECTED} FROM customers c INDEXED BY by_update WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY c.place DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


# --- the index's language; tokens are letters, digits and our own signs, so that nothing typed is an operator ---


def _key_groups(question: Question) -> list[str]:
    groups = [_in("keys", [phone]) for phone in question.phones]
    groups += [_in("keys", [email_token(mailbox)]) for mailbox in question.mailboxes]
    groups += [_piece(piece) for piece in question.pieces]
    return groups


def _piece(digits: str) -> str:
    word = _in("names more", [digits])
    if len(digits) in SHORT_ENDS:
        return f"({_in('keys', [f'h{digits}', f't{digits}'])} OR {word})"
    return f"({_beginning('keys', f'p{digits}')} OR {_beginning('keys', f'r{digits[::-1]}')} OR {word})"


def _readings(word: Word) -> list[str]:
    return [word.folded, word.meant] if word.meant else [word.folded]


def _in(columns: str, tokens: Iterable[str]) -> str:
    return f"{{{columns}}} : ({' OR '.join(_quoted(token) for token in tokens)})"


def _beginning(columns: str, token: str) -> str:
    return f"{{{columns}}} : ({_quoted(token)} *)"


def _all(groups: Sequence[str]) -> str:
    return " AND ".join(f"({group})" for group in groups)


def _any(groups: Sequence[str]) -> str:
    return " OR ".join(f"({group})" for group in groups)


def _quoted(token: str) -> str:
    if not is_token(token):
        raise ValueError(token)
    return f'"{token}"'
