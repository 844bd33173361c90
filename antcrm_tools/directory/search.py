"""Finding customers by words and filters.

The index is asked in steps, from the surest reading of the words to the most forgiving, each for a bounded number of
the newest, because ranking all of a million Nguyễns takes longer than anybody waits. What was found is then ranked.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from antcrm_tools.directory.filters import Resolved, Unknown
from antcrm_tools.directory.matching import Group, anywhere, newest_rows, one_of
from antcrm_tools.directory.pool import Pool
from antcrm_tools.directory.question import Question, Word, read_question
from antcrm_tools.directory.ranking import Fit, Hit, ranked
from antcrm_tools.directory.rows import Labels, entries
from antcrm_tools.directory.tokens import (
    SHORT_ENDS,
    begun_phone,
    dialled,
    elsewhere,
    email_token,
    ended_phone,
)
from antcrm_tools.identity.spelling import one_slip, slips

_GUESSES = 24
"""Words one may have meant by a slip."""

_ENDINGS = 64
"""Words a beginning may be completed to, the shortest first: a longer list would take too long to go through."""

_MOST_LEFT_OUT = 5
"""Words of which each is left out in turn; of more, a part can be anything."""

_SHORTEST_SLIP, _SHORTEST_JOINED = 3, 5
_RARE = 7
"""Letters of a beginning that few words have, so that the index itself can complete it."""

_MOST_SHOWN = 200
"""Customers the parts of one answer show in all; whoever wants more has to say more."""

_AFTER = re.compile(r"(?:([0-9]{1,4})-)?([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Hits:
    """A part of an answer. `next`: asks for the next part; `sure`: so many of the first fit equally well."""

    hits: tuple[Hit, ...] = ()
    next: str | None = None
    sure: int = 0
    unknown: tuple[Unknown, ...] = ()
    asked: bool = True
    """False: there was text, but nothing in it that can be looked for."""


class NotOursError(Exception):
    """What should say where an answer goes on was not made here."""


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
        NotOursError: `after` is none of ours.
    """
    if filters.unknown:
        return Hits(unknown=filters.unknown)
    question = read_question(text, region)
    if question.is_empty:
        if text.strip():
            return Hits(asked=False)
        return _newest(db, labels, filters, limit, after)
    begin, last = _parse(after)
    hits, sure = _ranked(Pool(db, labels, filters), question, begin + limit)
    # Who came in meanwhile stands before the last one shown, or behind; its place says where to go on.
    start = next((at + 1 for at, hit in enumerate(hits) if hit.entry.place == last), begin)
    part = hits[start : start + limit]
    following = f"{start + limit}-{part[-1].entry.place}" if len(hits) > start + limit else None
    return Hits(tuple(part), following, max(0, sure - start))


def _parse(after: str | None) -> tuple[int, int | None]:
    """How many were shown, and the place of the last one; its place alone where there are no words."""
    if after is None:
        return 0, None
    found = _AFTER.fullmatch(after)
    if found is None:
        raise NotOursError
    return int(found[1] or 0), int(found[2])


def _ranked(pool: Pool, question: Question, wanted: int) -> tuple[list[Hit], int]:
    """The first `wanted` at least, if there are as many; what only a longer look finds comes behind."""
    _search(pool, question)
    hits, sure = ranked(question, pool.found.values())
    if len(hits) <= wanted and pool.full:
        deeper = pool.deeper()
        _search(deeper, question)
        hits += ranked(question, (hit for place, hit in deeper.found.items() if place not in pool.found))[0]
    return hits[:_MOST_SHOWN], sure


def _newest(db: sqlite3.Connection, labels: Labels, filters: Resolved, limit: int, after: str | None) -> Hits:
    _, before = _parse(after)
    rows = newest_rows(db, filters, (), limit + 1, before=before)
    found = entries(db, labels, rows)
    hits = tuple(Hit(entry, Fit.WORDS) for entry in found[:limit])
    return Hits(hits, str(found[limit - 1].place) if len(found) > limit else None)


# --- the steps ---


def _search(pool: Pool, question: Question) -> None:
    if question.refs:
        pool.named(question.refs)
        question = question.without_refs()
    keys = _key_groups(question)
    if pool.found or not (question.words or keys):
        return
    if not question.words:
        pool.add(keys, Fit.KEY)
    else:
        _by_words(pool, question, keys)
    if pool.found:
        return
    _by_part(pool, question, keys)


def _by_part(pool: Pool, question: Question, keys: list[Group]) -> None:
    """Nobody fits all of it. A phone says more than a name, and all words more than all but one."""
    words = [_anywhere(word) for word in question.words]
    if question.mail_words:
        pool.add([anywhere([word]) for word in question.mail_words], Fit.PART)
    if len(keys) > 1 or words:
        for key in keys:
            pool.add([key], Fit.PART)
    if keys and words and not pool.found:
        pool.add(words, Fit.PART)
    if 1 < len(words) <= _MOST_LEFT_OUT and not pool.found:
        for place in range(len(words)):
            pool.add(_without(words, place), Fit.PART)


def _by_words(pool: Pool, question: Question, keys: list[Group]) -> None:
    words = question.words
    exact = [_named(word) for word in words]
    pool.add([one_of(["=" + "".join(word.meant or word.folded for word in words)]), *keys], Fit.WORDS)
    if _newest_and_addressed(pool, question, [*exact, *keys], Fit.WORDS):
        # There are more than were looked at: those who fit best, however old.
        if any(word.marked for word in words):
            pool.add([*(one_of([word.marked or word.folded]) for word in words), *keys], Fit.WORDS)
        if question.titles:
            pool.add([*(one_of([title]) for title in question.titles), *exact, *keys], Fit.WORDS)
    if pool.few():
        _beginnings(pool, question, exact, keys)
    if pool.few():
        _elsewhere(pool, question, keys)
    if pool.few():
        _slips(pool, question, exact, keys)


def _newest_and_addressed(pool: Pool, question: Question, groups: Sequence[Group], fit: Fit) -> bool:
    """Take the newest who fit, and where these are not all, the newest of those whose given name was said."""
    if not pool.add(groups, fit):
        return False
    given = [*(reading for word in question.words for reading in word.readings), *question.titles]
    pool.add([one_of("~" + name for name in given), *groups], fit)
    return True


def _beginnings(pool: Pool, question: Question, exact: list[Group], keys: list[Group]) -> None:
    """People type on, so the last word may be one begun; so may those that are no words of any name."""
    groups = list(exact)
    for place, word in enumerate(question.words):
        if place == len(exact) - 1 or not _is_known(pool.db, word.folded):
            groups[place] = exact[place] | one_of(_endings(pool.db, word.folded))
    if groups != exact:
        _newest_and_addressed(pool, question, [*groups, *keys], Fit.BEGINNING)


def _elsewhere(pool: Pool, question: Question, keys: list[Group]) -> None:
    groups = [_anywhere(word) for word in question.words]
    pool.add([*groups, *keys], Fit.ELSEWHERE)
    last = question.words[-1].folded
    if pool.few() and (len(last) >= _RARE or (len(last) > 1 and not last.isalpha())):
        pool.add([*groups[:-1], Group(begun=(last, elsewhere(last))), *keys], Fit.ELSEWHERE)
    if pool.few() and question.pieces:
        # Digits need not be a phone's: of `lan.nguyen.99` more may follow.
        pool.add([*groups, *(Group(begun=(elsewhere(piece),)) for piece in question.pieces)], Fit.ELSEWHERE)


def _slips(pool: Pool, question: Question, exact: list[Group], keys: list[Group]) -> None:
    """One word is a slip of the finger: first one that is no word of any name."""
    for known in (False, True):
        for place, word in enumerate(question.words):
            if _is_known(pool.db, word.folded) == known and (guesses := _guesses(pool.db, word.folded)):
                _newest_and_addressed(pool, question, [one_of(guesses), *_without(exact, place), *keys], Fit.SLIP)
        if not pool.few():
            return


def _is_known(db: sqlite3.Connection, word: str) -> bool:
    return db.execute("SELECT 1 FROM vocabulary WHERE word = ?", (word,)).fetchone() is not None


def _endings(db: sqlite3.Connection, start: str) -> list[str]:
    found = db.execute(
        "SELECT word FROM vocabulary WHERE word >= ? AND word < ? ORDER BY length(word), word LIMIT ?",
        (start, start + chr(0x10FFFF), _ENDINGS),
    )
    return [word for (word,) in found if word != start]


def _guesses(db: sqlite3.Connection, word: str) -> list[str]:
    if len(word) < _SHORTEST_SLIP:
        return []
    keys = sorted(slips(word))
    marks = ", ".join("?" * len(keys))
    rows = db.execute(f"SELECT DISTINCT word FROM slips WHERE slip IN ({marks})", keys)  # noqa: S608
    return [found for (found,) in rows if found != word and one_slip(found, word)][:_GUESSES]


# --- what is looked for, in the index's language ---


def _key_groups(question: Question) -> list[Group]:
    # Whoever is only known by a phone may have it for a name.
    groups = [one_of([phone]) | anywhere([dialled(phone)]) for phone in question.phones]
    groups += [one_of([email_token(mailbox)]) for mailbox in question.mailboxes]
    pieces = [_piece(piece, question) for piece in question.pieces]
    if len(pieces) > 1:
        # Or they are one piece, with spaces in it.
        return [*groups, Group(together=tuple(pieces)) | _piece("".join(question.pieces), question)]
    return groups + pieces


def _piece(digits: str, question: Question) -> Group:
    """What has these digits: a phone that begins or ends with them, or any text."""
    tokens = [ended_phone(digits)]
    if not question.only_ends:
        tokens.append(begun_phone(digits))
        if digits.startswith("84"):
            tokens.append(begun_phone("0" + digits.removeprefix("84")))
    whole = len(digits) in SHORT_ENDS
    group = Group(tokens=tuple(tokens)) if whole else Group(begun=tuple(tokens))
    return group if question.only_ends else group | anywhere([digits])


def _named(word: Word) -> Group:
    """A word in the name or the company, which may have been typed in one."""
    return one_of(word.readings) | _joined(word)


def _anywhere(word: Word) -> Group:
    return anywhere(word.readings) | _joined(word)


def _joined(word: Word) -> Group:
    return one_of([f"&{word.folded}"] if len(word.folded) >= _SHORTEST_JOINED else [])


def _without(groups: Sequence[Group], place: int) -> list[Group]:
    return [group for at, group in enumerate(groups) if at != place]
