"""A contact card as a lead. What of it has no field of its own goes to the note, so that no word is lost."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from telegram import Contact

from antcrm_chat.intents import LeadWords
from antcrm_tools.identity.emails import canonical_email
from antcrm_tools.identity.names import in_order
from antcrm_tools.identity.phones import canonical

_FOLDED = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"=\r?\n")
_LINE = re.compile(r"(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<parameters>;[^:]*)?:(?P<value>.*)")
_ESCAPED = re.compile(r"\\([,;:nN\\])")

_SILENT = frozenset({"BEGIN", "END", "VERSION", "FN", "N", "TEL", "EMAIL", "PHOTO", "LOGO", "SOUND", "KEY", "PRODID"})
_SILENT_TOO = frozenset({"REV", "UID", "SORT-STRING", "CLASS", "MAILER", "TZ", "CATEGORIES", "X-ABLABEL"})
"""What names nobody could use, and what stands in the lead already."""


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    value: str


def lead_of(contact: Contact, region: str) -> tuple[LeadWords, str]:
    """The lead, and the card as one line of words."""
    properties = list(_properties(contact.vcard or ""))
    name = in_order(contact.first_name, contact.last_name or "")
    phones = _phones([contact.phone_number, *_values(properties, "TEL")], region)
    emails = tuple(dict.fromkeys(mail for mail in _values(properties, "EMAIL") if canonical_email(mail)))
    known = {*phones, *emails, name}
    rest = [each.value for each in properties if each.name not in _SILENT | _SILENT_TOO and each.value not in known]
    # An address that is none is still something somebody wrote down.
    rest += [mail for mail in _values(properties, "EMAIL") if not canonical_email(mail)]
    note = "\n".join(dict.fromkeys(rest))
    words = ", ".join(part for part in (name, *phones, *emails, note.replace("\n", ", ")) if part)
    return LeadWords(name, phones, emails, note), words


def _phones(written: list[str], region: str) -> tuple[str, ...]:
    """Each number once. Telegram leaves out the plus of a number that has its country in front."""
    found: dict[str, str] = {}
    for text in (text.strip() for text in written):
        if not any(char.isdigit() for char in text):
            continue
        digits = re.sub(r"\D", "", text)
        known = canonical(text, region)
        if known is None and not text.startswith(("+", "0")) and (abroad := canonical(f"+{digits}", region)):
            found.setdefault(abroad, f"+{digits}")
        else:
            found.setdefault(known or digits, text)
    return tuple(found.values())


def _values(properties: list[_Property], name: str) -> list[str]:
    return [each.value for each in properties if each.name == name and each.value]


def _properties(vcard: str) -> Iterator[_Property]:
    """Name and readable value of each line of a vCard 2.1, 3.0 or 4.0."""
    for line in _FOLDED.sub("", _SOFT_BREAK.sub("", vcard)).splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is None:
            continue
        value = found["value"]
        if "QUOTED-PRINTABLE" in (found["parameters"] or "").upper():
            value = quopri.decodestring(value.encode("ascii", "ignore")).decode("utf-8", "replace")
        parts = (_ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], part) for part in _fields(value))
        yield _Property(found["name"].upper(), " ".join(" ".join(parts).removeprefix("tel:").split()))


def _fields(value: str) -> list[str]:
    """`;;12 Lê Lợi;;Hà Nội` has several parts; a semicolon behind a backslash is text."""
    return [part for part in re.split(r"(?<!\\);", value) if part.strip()]
