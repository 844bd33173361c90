"""Which of those who were found was meant: the best few, by how well the words fit. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from antcrm_tools.directory.question import Question
from antcrm_tools.directory.rows import Entry
from antcrm_tools.directory.tokens import marked_words
from antcrm_tools.identity.companies import company_key
from antcrm_tools.identity.names import fold, given_name, name_words, person_part, words
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
    """All words are, one of them only as a beginning."""
    SLIP = 4
    """All words are, but for a slip of the finger."""
    ELSEWHERE = 5
    """All words are there, some of them in the note or another field."""
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


@dataclass(frozen=True, slots=True)
class _Score:
    """Lower is better; `close` is what has to be equal for two to fit equally well."""

    close: tuple[int, ...]
    rest: tuple[int, ...]


def ranked(question: Question, found: Iterable[Hit]) -> tuple[list[Hit], int]:
    """The hits, the best first, and how many of the first fit equally well."""
    scored = sorted(((_score(question, hit), hit) for hit in found), key=lambda pair: (pair[0].close, pair[0].rest))
    equally = sum(score.close == scored[0][0].close for score, _ in scored)
    return [hit for _, hit in scored], equally


def _score(question: Question, hit: Hit) -> _Score:
    entry = hit.entry
    person = name_words(person_part(entry.name))
    asked = [word.folded for word in question.words]
    readings = {reading for word in question.words for reading in (word.folded, word.meant) if reading}

    def is_asked(word: str) -> bool:
        if word in readings:
            return True
        if hit.fit is Fit.BEGINNING:
            return any(word.startswith(reading) for reading in readings)
        return hit.fit is Fit.SLIP and any(one_slip(word, reading) for reading in readings)

    # People are addressed by the given name, so whoever has it is meant before whoever only has it in the middle.
    given = int(bool(asked) and entry.kind != "account" and not is_asked(given_name(entry.name)))
    of_person = sum(map(is_asked, person))
    everything = (*person, *words(entry.company))
    return _Score(
        (_fit(question, hit, asked), _marks(question, entry), given),
        (-of_person, 0 if _in_order(asked, everything) else 1, len(person) - of_person, -entry.place),
    )


def _fit(question: Question, hit: Hit, asked: list[str]) -> int:
    if hit.fit is Fit.WORDS and asked:
        joined = "".join(asked)
        whole = ("".join(name_words(hit.entry.name)), "".join(words(company_key(hit.entry.company))))
        if joined in whole:
            return Fit.WHOLE
    return hit.fit


def _marks(question: Question, entry: Entry) -> int:
    """Words typed with marks that the name has with others: Lân is not Lan, but a name without marks may be either."""
    typed = [word for word in question.words if word.marked]
    if not typed:
        return 0
    written = marked_words(f"{entry.name} {entry.company}")
    plain = {word for word in written if fold(word) == word}
    wrong = 0
    for word in typed:
        if word.marked in written:
            continue
        wrong += 1 if word.folded in plain else 2
    return wrong


def _in_order(asked: list[str], name: tuple[str, ...]) -> bool:
    places = [name.index(word) for word in asked if word in name]
    return places == sorted(places)
