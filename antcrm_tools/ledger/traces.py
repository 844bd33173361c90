"""Where a person's phones, e-mails and number stand in what is kept, in whatever spelling."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from antcrm_tools.identity import emails, phones
from antcrm_tools.meaning import email_key, phone_key

_TAIL = 6
"""Digits at the end that no spelling of a phone changes."""

_TELLING = 9
"""Digits that are one phone among others; a short one is found only where it stands alone."""

_ONE_VALUE = 60
_NOT_A_DIGIT = re.compile(r"\D+")


@dataclass(frozen=True)
class Traces:
    """What tells one person from others."""

    refs: frozenset[str]
    contacts: frozenset[str]
    """Phones and e-mails as `meaning.contact_keys` has them; what is neither is left out, as many may share it."""
    region: str = "VN"

    @classmethod
    def of(cls, refs: Iterable[str], contacts: Iterable[str], region: str = "VN") -> Traces:
        """Of some numbers, phones and e-mails."""
        return cls(frozenset(refs), frozenset(each for each in contacts if _tells(each, region)), region)

    def reach(self, *columns: str | None) -> bool:
        """Whether one of the phones or e-mails stands in one of these texts, which may be JSON."""
        return bool(self.contacts) and any(self._stands_in(leaf) for each in columns if each for leaf in _leaves(each))

    def name(self, *columns: str | None) -> bool:
        """Whether one of the numbers stands in one of these texts."""
        return self._refs is not None and any(self._refs.search(each) for each in columns if each)

    def _stands_in(self, leaf: str) -> bool:
        plain = unicodedata.normalize("NFKC", leaf)
        if "@" in plain and (self._in_words(plain) or email_key(leaf) in self.contacts):
            return True
        digits = _digits(plain)
        if not digits:
            return False
        if any(each in digits for each in self._numbers):
            return True
        alone = len(leaf) <= _ONE_VALUE and any(digits.endswith(tail) for tail in self._tails)
        return alone and phone_key(leaf, self.region) in self.contacts

    def _in_words(self, plain: str) -> bool:
        return any(found.canonical in self.contacts for found in emails.find_emails(plain))

    @cached_property
    def _refs(self) -> re.Pattern[str] | None:
        names = "|".join(re.escape(each) for each in sorted(self.refs))
        return re.compile(rf"(?<![0-9A-Za-z])(?:{names})(?![0-9A-Za-z_-])") if names else None

    @cached_property
    def _tails(self) -> tuple[str, ...]:
        return tuple({_digits(each)[-_TAIL:] for each in self.contacts if "@" not in each})

    @cached_property
    def _numbers(self) -> frozenset[str]:
        """The phones without what is in front of them: a country code, a zero."""
        spelled = (form for each in self.contacts if "@" not in each for form in phones.spellings(each, self.region))
        bare = (_digits(form).removeprefix(str(phones.VIETNAM)).lstrip("0") for form in spelled)
        return frozenset(each for each in bare if len(each) >= _TELLING)


def _tells(contact: str, region: str) -> bool:
    return phones.canonical(contact, region) is not None or emails.canonical_email(contact) is not None


def _digits(text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", text)
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)


def _leaves(written: str) -> Iterator[str]:
    """Every text and number of a JSON text; a text that is none is its only one."""
    try:
        waiting: list[object] = [json.loads(written)]
    except (ValueError, RecursionError):
        yield written
        return
    while waiting:
        each: object = waiting.pop()
        if isinstance(each, dict):
            named = cast("dict[str, object]", each)
            waiting += [*named, *named.values()]
        elif isinstance(each, list):
            waiting += cast("list[object]", each)
        elif each is not None:
            yield str(each)
