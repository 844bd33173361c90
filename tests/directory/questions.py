"""Questions as salespeople type them, each with the one customer it means.

The right answer is known by construction: a customer is drawn and asked for in one of the ways people ask, and the
question is kept only if nobody else on the whole list fits it as well. That is judged here, over the list itself, and
not by the search.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from tests.directory.people import Person, unmarked
from tests.identity.pairs import telex

_EXACT, _BEGINNING, _SLIP, _OTHER = range(4)
_LONG = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, and what it says: words as meant to be in the name or company, digits a phone ends in."""

    kind: str
    text: str
    ref: str
    words: tuple[str, ...] = ()
    ending: str = ""
    mail: str = ""


@dataclass(slots=True)
class Listed:
    """The raw list, with who has which word written in the name or the company."""

    people: Sequence[Person]
    written: list[frozenset[str]] = field(default_factory=list[frozenset[str]])
    folded: list[frozenset[str]] = field(default_factory=list[frozenset[str]])
    bearers: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    having: dict[tuple[str, bool], set[int]] = field(default_factory=dict[tuple[str, bool], set[int]])

    def __post_init__(self) -> None:
        for place, person in enumerate(self.people):
            domain = person.mailbox.partition("@")[2].partition(".")[0]
            words = _words(f"{person.customer.name} {person.company} {'' if domain == 'gmail' else domain}")
            self.written.append(frozenset(words))
            self.folded.append(frozenset(map(unmarked, words)))
            for word in self.folded[-1]:
                self.bearers[word].add(place)

    def means_only(self, asked: Asked, meant: int) -> bool:
        """Whether the one who is meant fits better than everybody else."""
        best = self._fit(asked, meant)
        if best is None:
            return False
        last = len(asked.words) - 1
        sets = [self._having(unmarked(word), last=place == last) for place, word in enumerate(asked.words)]
        others = set(range(len(self.people))).intersection(*sets)
        fits = (self._fit(asked, place) for place in others if place != meant)
        return all(fit is None or fit > best for fit in fits)

    def _fit(self, asked: Asked, place: int) -> tuple[int, int, int] | None:
        """How well somebody fits: the worst of the words, marks that contradict, whether the given name is among them.

        None: not at all.
        """
        person = self.people[place]
        if asked.mail not in person.mailbox or not _has_digits(person.number, asked):
            return None
        last = len(asked.words) - 1
        typed = [unmarked(word) for word in asked.words]
        how = max((_best(word, self.folded[place], last=at == last) for at, word in enumerate(typed)), default=_EXACT)
        if how == _OTHER:
            return None
        written = self.written[place]
        others = {unmarked(word) for word in written if unmarked(word) != word}
        wrong = sum(
            word != bare and word not in written and bare in others
            for word, bare in zip(asked.words, typed, strict=True)
        )
        # The words may be a company's name, and then whoever belongs to it is meant as well.
        named = unmarked(person.given).lower() in typed or set(typed) <= set(_words(unmarked(person.company)))
        return how, wrong, int(not named)

    def _having(self, word: str, *, last: bool) -> set[int]:
        known = self.having.get((word, last))
        if known is None:
            like = (other for other in self.bearers if _likeness(word, other, last=last) != _OTHER)
            known = self.having[word, last] = set[int]().union(*(self.bearers[other] for other in like))
        return known


def questions(people: Sequence[Person], count: int, seed: int) -> list[Asked]:
    """So many questions, of each kind alike."""
    random, listed = Random(seed), Listed(people)  # noqa: S311  made-up questions
    persons = [place for place, person in enumerate(people) if person.family]
    found: list[Asked] = []
    for number in range(count):
        asked = None
        while asked is None:
            meant = random.choice(persons)
            asked = WAYS[number % len(WAYS)](random, people[meant])
            if asked is not None and not listed.means_only(asked, meant):
                asked = None
        found.append(asked)
    return found


# --- the ways ---


def _no_marks(_random: Random, who: Person) -> Asked:
    return _asked("no marks", who, unmarked(who.name).lower())


def _wrong_order(random: Random, who: Person) -> Asked:
    words = who.name.split()
    random.shuffle(words)
    text = " ".join(words)
    return _asked("wrong order", who, random.choice([text, unmarked(text).lower(), text.upper()]))


def _given_and_something(random: Random, who: Person) -> Asked:
    other = random.choice([who.middle.split()[-1], who.company.split()[0] if who.company else who.middle])
    words = [who.given, other]
    random.shuffle(words)
    return _asked("given name and something", who, unmarked(" ".join(words)).lower())


def _typo(random: Random, who: Person) -> Asked | None:
    words = (
        unmarked(who.name if random.random() < 0.6 or not who.company else f"{who.given} {who.company}").lower().split()
    )
    long = [place for place, word in enumerate(words) if len(word) >= _LONG]
    if not long:
        return None
    place = random.choice(long)
    words[place] = _mistyped(random, words[place])
    return _asked("one slip of the finger", who, " ".join(words))


def _with_company(random: Random, who: Person) -> Asked | None:
    if not who.company:
        return None
    text = random.choice([f"{who.given} {who.company}", f"{who.company} {who.given}", f"{who.given} - {who.company}"])
    return _asked("with the company", who, random.choice([text, unmarked(text).lower()]))


def _with_digits(random: Random, who: Person) -> Asked:
    digits = who.number[-random.choice([3, 4, 5]) :]
    name = random.choice([who.given, unmarked(who.given).lower(), f"{who.family} {who.given}"])
    text = random.choice([f"{name} {digits}", f"{digits} {name}", f"{name} đuôi {digits}"])
    return Asked("with the last digits", text, who.customer.ref, tuple(_words(name)), ending=digits)


def _telex(random: Random, who: Person) -> Asked | None:
    words = who.name.split()
    typed = [telex(word).lower() if random.random() < 0.7 else word for word in words]
    if typed == words:
        return None
    return Asked("left over from Telex", " ".join(typed), who.customer.ref, tuple(_words(unmarked(who.name))))


def _without_middle(random: Random, who: Person) -> Asked:
    text = f"{who.family} {who.given}"
    return _asked("family and given name", who, random.choice([text, unmarked(text).lower()]))


def _honorific(random: Random, who: Person) -> Asked:
    rest = random.choice([who.name, f"{who.given} {who.company}" if who.company else who.name])
    title = random.choice(["anh", "chị", "Chị", "A.", "c.", "sếp", "Mr", "ông", "bà", "KH:"])
    return Asked("with an honorific", f"{title} {rest}", who.customer.ref, tuple(_words(rest)))


def _beginning(random: Random, who: Person) -> Asked | None:
    words = random.choice([who.name, f"{who.family} {who.given}"]).split()
    if len(words[-1]) < _LONG:
        return None
    words[-1] = words[-1][: random.randrange(2, len(words[-1]))]
    return _asked("beginning of a word", who, unmarked(" ".join(words)).lower())


def _partial_marks(random: Random, who: Person) -> Asked:
    words = [word if random.random() < 0.5 else unmarked(word) for word in who.name.split()]
    return _asked("some of the marks", who, " ".join(words))


def _mail(random: Random, who: Person) -> Asked | None:
    local, _, domain = who.mailbox.partition("@")
    if not local:
        return None
    piece = random.choice([local, local, f"{local}@", f"{local}@{domain.partition('.')[0]}", local[: len(local) - 1]])
    return Asked("piece of an e-mail", piece, who.customer.ref, mail=piece)


WAYS: tuple[Callable[[Random, Person], Asked | None], ...] = (
    *(_no_marks, _wrong_order, _given_and_something, _typo, _with_company, _with_digits),
    *(_telex, _without_middle, _honorific, _beginning, _partial_marks, _mail),
)


# --- words ---


def _asked(kind: str, who: Person, text: str) -> Asked:
    return Asked(kind, text, who.customer.ref, tuple(_words(text)))


def _words(text: str) -> list[str]:
    composed = unicodedata.normalize("NFC", text).lower()
    return "".join(char if char.isalnum() else " " for char in composed).split()


def _has_digits(number: str, asked: Asked) -> bool:
    said = "đuôi" in asked.text
    return number.endswith(asked.ending) or (number.startswith(asked.ending) and not said)


def _best(typed: str, others: frozenset[str], *, last: bool) -> int:
    return min((_likeness(typed, other, last=last) for other in others), default=_OTHER)


@cache
def _likeness(typed: str, other: str, *, last: bool) -> int:
    if typed == other:
        return _EXACT
    if last and other.startswith(typed):
        return _BEGINNING
    near = len(typed) >= _LONG - 1 and abs(len(typed) - len(other)) <= 1
    return _SLIP if near and other in _edits(typed, frozenset(other)) else _OTHER


def _edits(word: str, new: frozenset[str]) -> set[str]:
    """Every word that is one edit away, with these letters for new ones."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(a + b[1:] for a, b in cuts if b),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        *(a + letter + b[1:] for a, b in cuts if b for letter in new),
        *(a + letter + b for a, b in cuts for letter in new),
    }


def _mistyped(random: Random, word: str) -> str:
    at = random.randrange(len(word))
    near = random.choice("abcdeghiklmnopqrstuvxy")
    swapped = word[: max(0, at - 1)] + word[at] + word[max(0, at - 1) : at] + word[at + 1 :]
    return random.choice(
        [word[:at] + word[at + 1 :], word[:at] + near + word[at + 1 :], word[:at] + near + word[at:], swapped]
    )
