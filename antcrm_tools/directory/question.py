"""What somebody typed, taken apart: words, phones, pieces of phones, e-mails, numbers of customers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from antcrm_tools.directory.tokens import is_token, marked_words, storable, without_company_signs
from antcrm_tools.identity.emails import find_emails, mailbox_key
from antcrm_tools.identity.names import fold, name_words, words
from antcrm_tools.identity.phones_in_text import find_phones
from antcrm_tools.identity.spelling import untelex
from antcrm_tools.refs import parse_ref

_MOST_LETTERS = 400
_MOST_WORDS = 10
_PIECE = 3
"""Digits of a phone that are enough to look for it by."""

# Folded. They say that digits follow and stand in nobody's name.
_ABOUT_PHONES = frozenset({"sdt", "dt", "so", "duoi", "dau", "cuoi", "phone", "tel", "hotline", "zalo"})
# Part of an e-mail: the digits in it are no marks.
_LIKE_MAIL = re.compile(r"[^\W_][._@][^\W_]")
_ABOUT_ENDS = frozenset({"duoi", "cuoi"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is looked for: folded, and as it was typed where it has marks; `meant` is what Telex left of it."""

    folded: str
    marked: str = ""
    meant: str = ""

    @property
    def readings(self) -> tuple[str, ...]:
        """What it may stand for, folded."""
        return (self.folded, self.meant) if self.meant else (self.folded,)


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. Everything has to hold."""

    words: tuple[Word, ...] = ()
    phones: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    """Honorifics in front, folded. Anh may have been meant for the name."""
    mail_words: tuple[str, ...] = ()
    """The e-mails' words, should no mailbox be just so."""
    only_ends: bool = False
    """Whether the pieces are said to be the ends of phones."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it can be looked for."""
        return not (self.words or self.phones or self.pieces or self.mailboxes or self.refs)

    def without_refs(self) -> Question:
        """The same with the refs as words: nobody has that number."""
        return replace(self, refs=(), words=self.words + tuple(Word(fold(ref)) for ref in self.refs))


def read_question(text: str, region: str = "VN") -> Question:
    """Take apart what somebody typed. What cannot be looked for, such as signs and emoji, is left out."""
    text = storable(text)[:_MOST_LETTERS]
    mails, mail_words, text = _emails(text)
    numbers, text = _phones(text, region)
    refs: list[str] = []
    kept: list[str] = []
    for piece in text.split():
        ref = parse_ref(piece.strip(".,;:()[]"))
        if ref is not None:
            refs.append(str(ref))
        else:
            kept.append(piece)
    rest = " ".join(kept)
    spoken = [word for word in _pairs(rest) if is_token(word.folded)]
    pieces = tuple(dict.fromkeys(word.folded for word in spoken if _is_piece(word.folded)))
    named = [word for word in spoken if not _is_piece(word.folded)]
    about = {word.folded for word in named} & _ABOUT_PHONES if pieces or numbers else frozenset[str]()
    signs = set(without_company_signs([word.folded for word in named if word.folded not in about]))
    found = tuple(dict.fromkeys(word for word in named if word.folded in signs))
    titles = words(rest)[: -len(name_words(rest)) or None]
    return Question(
        words=found[:_MOST_WORDS],
        phones=numbers,
        pieces=pieces,
        mailboxes=mails,
        refs=tuple(refs),
        titles=tuple(title for title in titles if is_token(title)),
        mail_words=mail_words,
        only_ends=bool(about & _ABOUT_ENDS),
    )


def _emails(text: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    found = find_emails(text)
    for email in reversed(found):
        text = f"{text[: email.start]} {text[email.end :]}"
    keys = tuple(key for email in found if (key := mailbox_key(email.text)) is not None)
    return keys, tuple(word for email in found for word in words(email.text) if is_token(word)), text


def _phones(text: str, region: str) -> tuple[tuple[str, ...], str]:
    found = find_phones(text, region)
    for phone in reversed(found):
        text = f"{text[: phone.start]} {text[phone.end :]}"
    return tuple(dict.fromkeys(phone.canonical for phone in found)), text


def _pairs(text: str) -> list[Word]:
    """The words without honorifics in front, each with its marks."""
    folded, written = name_words(text) or words(text), marked_words(text)
    mail = {word for piece in text.split() if _LIKE_MAIL.search(piece) for word in words(piece)}
    # Where folding splits a word, nobody can say which marks belong to which.
    same = [fold(word) for word in written[-len(folded) :]] == list(folded)
    marks = written[-len(folded) :] if same else list(folded)
    return [
        Word(word, mark if mark != word and is_token(mark) else "", "" if word in mail else untelex(word) or "")
        for word, mark in zip(folded, marks, strict=True)
    ]


def _is_piece(word: str) -> bool:
    return len(word) >= _PIECE and word.isascii() and word.isdecimal()
