"""What somebody typed, taken apart: words, phones, pieces of phones, e-mails, numbers of customers. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from antcrm_tools.directory.tokens import is_token, marked_words, storable
from antcrm_tools.identity.emails import find_emails, mailbox_key
from antcrm_tools.identity.names import fold, name_words, words
from antcrm_tools.identity.phones_in_text import find_phones
from antcrm_tools.identity.spelling import untelex
from antcrm_tools.refs import parse_ref

_MOST_LETTERS = 400
_MOST_WORDS = 10
_PIECE = 3
"""Digits of a phone that are enough to look for it by."""

# Folded. They say that digits follow, or what kind of company it is, and stand in nobody's name.
_ABOUT_PHONES = frozenset({"sdt", "dt", "so", "duoi", "dau", "cuoi", "phone", "tel", "hotline", "zalo"})
_ABOUT_COMPANIES = frozenset({"cty", "ct", "company"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is looked for: folded, and as it was typed where it has marks; `meant` is what Telex left of it."""

    folded: str
    marked: str = ""
    meant: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. Everything has to hold."""

    words: tuple[Word, ...] = ()
    phones: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it can be looked for."""
        return not (self.words or self.phones or self.pieces or self.mailboxes or self.refs)


def read_question(text: str, region: str = "VN") -> Question:
    """Take apart what somebody typed. What cannot be looked for, such as signs and emoji, is left out."""
    text = storable(text)[:_MOST_LETTERS]
    mails, text = _emails(text)
    numbers, text = _phones(text, region)
    refs: list[str] = []
    kept: list[str] = []
    for piece in text.split():
        ref = parse_ref(piece.strip(".,;:()[]"))
        if ref is not None:
            refs.append(str(ref))
        else:
            kept.append(piece)
    pieces, found = _words(" ".join(kept), has_phone=bool(numbers))
    return Question(found, numbers, pieces, mails, tuple(refs))


def _emails(text: str) -> tuple[tuple[str, ...], str]:
    found = find_emails(text)
    for email in reversed(found):
        text = f"{text[: email.start]} {text[email.end :]}"
    keys = (mailbox_key(email.text) for email in found)
    return tuple(key for key in keys if key is not None), text


def _phones(text: str, region: str) -> tuple[tuple[str, ...], str]:
    found = find_phones(text, region)
    for phone in reversed(found):
        text = f"{text[: phone.start]} {text[phone.end :]}"
    return tuple(dict.fromkeys(phone.canonical for phone in found)), text


def _words(text: str, *, has_phone: bool) -> tuple[tuple[str, ...], tuple[Word, ...]]:
    marked = {fold(word): word for word in marked_words(text) if fold(word) != word}
    spoken = [word for word in name_words(text) if is_token(word)] or [w for w in words(text) if is_token(w)]
    pieces = [word for word in spoken if _is_piece(word)]
    rest = [word for word in spoken if not _is_piece(word)]
    if pieces or has_phone:
        rest = [word for word in rest if word not in _ABOUT_PHONES]
    named = _without_forms(rest)
    found = [Word(word, marked.get(word, ""), untelex(word) or "") for word in dict.fromkeys(named)]
    return tuple(dict.fromkeys(pieces)), tuple(found[:_MOST_WORDS])


def _without_forms(found: list[str]) -> list[str]:
    """Without “cty” and “công ty”, unless there is nothing else."""
    kept: list[str] = []
    skip = False
    for place, word in enumerate(found):
        if skip:
            skip = False
            continue
        if word == "cong" and found[place + 1 : place + 2] == ["ty"]:
            skip = True
            continue
        if word not in _ABOUT_COMPANIES:
            kept.append(word)
    return kept or found


def _is_piece(word: str) -> bool:
    return len(word) >= _PIECE and all("0" <= char <= "9" for char in word)


def visible(text: str) -> bool:
    """Whether there is anything in a text that shows."""
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)
