"""Which of those who were found was meant: the best few, by how well the words fit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from antcrm_tools.directory.question import Question, Word
from antcrm_tools.directory.rows import Entry
from antcrm_tools.directory.tokens import folded_words, joined_company, marked_words
from antcrm_tools.identity.names import given_name, name_words, person_part
from antcrm_tools.identity.spelling import one_slip


class Fit(IntEnum):
    """How somebody was found, the surest first."""

    KEY = 0
    """By a number: phone, e-mail or ref, and all words."""
    WHOLE = 1
    """The whole name, or the whole company, is what was asked for."""
    WORDS = 2
    """All words are in the name or the company."""
    BEGINNING = 3
    """All words are, some of them only as a beginning."""
    ELSEWHERE = 4
    """All words are there, some of them in the note or another field."""
    SLIP = 5
    """All words are in the name or the company, but for a slip of the finger."""
    PART = 6
    """Not all of it: nobody fits all."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody who was found, and how."""

    entry: Entry
    fit: Fit

    @property
    def exact(self) -> bool:
        """Whether all that was asked for is there, as it was typed."""
        return self.fit not in (Fit.SLIP, Fit.PART)


_BEGUN, _SLIPPED, _OTHER = 1, 2, 3
"""How unlike a word is that begins with what was asked, is a slip apart, or is another; 0 is the word itself."""

_ALLOWED = {Fit.BEGINNING: _BEGUN, Fit.SLIP: _SLIPPED}
"""How unlike a word may be that counts as asked for, where people were found less surely than by the words."""


_REMEMBERED = 4096
_PAIRS = 16_384


def ranked(question: Question, found: Iterable[Hit]) -> tuple[list[Hit], int]:
    """The hits, the best first, and how many of the first fit equally well."""
    scored = sorted((_scored(question, hit) for hit in found), key=lambda each: (each.close, each.rest))
    return [each.hit for each in scored], sum(each.close == scored[0].close for each in scored)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Lower is better; `close` is what has to be equal for two to fit equally well."""

    close: tuple[int, ...]
    rest: tuple[int, ...]
    hit: Hit


def _scored(question: Question, hit: Hit) -> _Scored:
    entry = hit.entry
    if not question.words:
        return _Scored((hit.fit,), (-entry.place,), hit)
    person, given = _person(entry.name)
    beside = (*folded_words(f"{entry.name} {entry.company} {' '.join(entry.emails)}"), joined_company(entry.company))
    in_person = [_unlike(word, person) for word in question.words]
    unlike = [each and min(each, _unlike(word, beside)) for each, word in zip(in_person, question.words, strict=True)]
    fit = Fit.WORDS if hit.fit in _ALLOWED and not any(unlike) else hit.fit
    whole = fit is Fit.WORDS and _is_whole(question, entry, person)
    allowed = _ALLOWED.get(fit, 0)
    named = sum(each <= allowed for each in in_person)
    contradicted, unmarked, left_out = _marks(question, entry)
    # One word is a whole name now and then, yet who types it means anybody who is called so. A company is called so.
    sure = whole and (len(question.words) > 1 or entry.kind == "account")
    return _Scored(
        (
            Fit.WHOLE if sure else fit,
            sum(unlike),
            contradicted,
            _addressed(question, entry, given, allowed),
            unmarked,
        ),
        (
            not whole,
            not set(question.titles).intersection(beside),
            left_out,
            -named,
            not _in_order(question, (*person, *beside), allowed),
            len(person) - named,
            -entry.place,
        ),
        Hit(entry, Fit.WHOLE if whole else fit),
    )


@lru_cache(_REMEMBERED)
def _person(name: str) -> tuple[tuple[str, ...], str]:
    """The words of the person's name, and the one people use."""
    part = person_part(name)
    return name_words(part), given_name(part)


def _unlike(word: Word, others: Sequence[str]) -> int:
    readings = word.readings
    if any(reading in others for reading in readings):
        return 0
    return min((_unlike_one(readings, other) for other in others), default=_OTHER)


@lru_cache(_PAIRS)
def _unlike_one(readings: tuple[str, ...], other: str) -> int:
    if other in readings:
        return 0
    if other.startswith(readings):
        return _BEGUN
    return _SLIPPED if any(one_slip(other, reading) for reading in readings) else _OTHER


def _is_whole(question: Question, entry: Entry, person: Sequence[str]) -> bool:
    asked = "".join(word.meant or word.folded for word in question.words)
    # With an honorific in front no company is meant.
    if asked == joined_company(entry.company):
        return not question.titles
    return asked in ("".join(person), "".join(name_words(entry.name)))


def _marks(question: Question, entry: Entry) -> tuple[int, int, int]:
    """How many words typed with marks are there with others, or in a name without any, and typed without, with some.

    Lân is not Lan; a name without marks may be either; and who types marks leaves some out.
    """
    contradicted = unmarked = left_out = 0
    if not any(word.marked for word in question.words):
        return 0, 0, 0
    fields = [(marked_words(text), folded_words(text)) for text in (entry.name, entry.company)]
    for word in question.words:
        having = [(written, folded) for written, folded in fields if word.folded in folded]
        if not having or any((word.marked or word.folded) in written for written, _ in having):
            continue
        if not word.marked:
            left_out += 1
        elif any(written == folded for written, folded in having):
            unmarked += 1
        else:
            contradicted += 1
    return contradicted, unmarked, left_out


def _addressed(question: Question, entry: Entry, given: str, allowed: int) -> int:
    """People are addressed by the given name: who has it is meant before who only has it in the middle.

    It may have been taken for an honorific: Anh.
    """
    if entry.kind == "account":
        return 2 if question.titles else 0
    if any(_unlike(word, (given,)) <= allowed for word in question.words):
        return 0
    return 1 if given in question.titles else 2


def _in_order(question: Question, name: Sequence[str], allowed: int) -> bool:
    if len(question.words) == 1:
        return True
    places: list[int] = []
    for word in question.words:
        readings = word.readings
        likeness = [_unlike_one(readings, other) for other in name]
        if (best := min(likeness)) <= allowed:
            places.append(likeness.index(best))
    return places == sorted(places)
