"""A contact card as a lead. What of it has no field of its own goes to the note, so that no word is lost."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from telegram import Contact

from antcrm_chat.intents import LeadWords
from antcrm_chat.leads import fitting, is_phone
from antcrm_tools.identity.emails import canonical_email
from antcrm_tools.identity.names import fold, in_order
from antcrm_tools.identity.phones import canonical
from antcrm_tools.identity.phones_in_text import find_phones

_BREAKS = re.compile(r"\r\n|\r")
_LINE = re.compile(
    r'(?:(?P<group>[\w-]+)\.)?(?P<name>[\w-]+)(?P<parameters>;(?:[^":]|"[^"]*")*)?:(?P<value>.*)', re.DOTALL
)
_QUOTED = re.compile(r"[^:]*QUOTED-PRINTABLE[^:]*:", re.IGNORECASE)
_CHARSET = re.compile(r"CHARSET=([\w-]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([,;:nN\\])")
_BUILT_IN = re.compile(r"_\$!<(.*)>!\$_")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")

_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_SILENT = _BINARY | {"BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "X-ABUID", "X-ABADR", "CLASS", "MAILER", "TZ"}
"""What nobody could use."""

_NAMES = ("FN", "N", "SORT-STRING")
"""What stands in the lead's name already, but for words that only the card has."""

_PLAIN = {*_NAMES, "NOTE", "ORG", "TITLE", "ROLE", "ADR", "LABEL", "URL", "NICKNAME", "CATEGORIES", "TEL", "EMAIL"}
"""What speaks for itself; the others bear their names, or 19900102 would be just a number."""

_STRUCTURED = {"N": " ", "ADR": ", ", "ORG": ", "}
_EVERYBODYS = frozenset({"mycontacts", "* mycontacts", "starred"})
"""Groups every address book of one kind has."""


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    value: str
    label: str = ""

    @property
    def said(self) -> str:
        """The value, and what it is where that does not go without saying."""
        label = self.label or ("" if self.name in _PLAIN else self.name)
        return f"{label}: {self.value}" if label else self.value


def lead_of(contact: Contact, region: str) -> tuple[LeadWords, str]:
    """The lead, and the card as one line of words."""
    properties = [each for each in _properties(contact.vcard or "") if each.value and each.name not in _SILENT]
    name = in_order(contact.first_name, contact.last_name or "")
    own = contact.phone_number.strip()
    if contact.user_id is not None and own.isdecimal() and not own.startswith("0"):
        own = f"+{own}"  # an account's number has its country in front, which may look like one of ours without
    written = [own, *(each.value for each in properties if each.name == "TEL")]
    phones = _phones(written, region)
    emails = tuple(
        dict.fromkeys(each.value for each in properties if each.name == "EMAIL" and canonical_email(each.value))
    )
    # A number with words or an extension beside it stays as it was written, too.
    rest = [text for text in written if any(map(str.isalnum, text)) and not is_phone(text)]
    rest += [
        each.said
        for each in properties
        if each.name not in _NAMES and (each.label or each.value not in {*phones, *emails, *written, name})
    ]
    for names in _NAMES:
        rest += [each.value for each in properties if each.name == names and not _has_words(each.value, [name, *rest])]
    note = "\n".join(dict.fromkeys(rest))
    lead = fitting(LeadWords(name, phones, emails, note))
    words = ", ".join(part for part in (name, *lead.phones, *lead.emails, *lead.note.split("\n")) if part)
    return lead, words


def _phones(written: Iterable[str], region: str) -> tuple[str, ...]:
    """Each number once. Telegram leaves out the plus of a number that has its country in front."""
    found: dict[str, str] = {}
    for whole in (text.strip() for text in written):
        inside = [phone.text for phone in find_phones(whole, region)]
        for text in [whole] if is_phone(whole) else inside:
            digits = re.sub(r"\D", "", text)
            known = canonical(text, region)
            if known is None and not text.startswith(("+", "0")) and (abroad := canonical(f"+{digits}", region)):
                found.setdefault(abroad, f"+{digits}")
            else:
                found.setdefault(known or digits, text)
    return tuple(found.values())


def _has_words(text: str, others: Iterable[str]) -> bool:
    said = {word for other in others for word in fold(other).split()}
    return said.issuperset(fold(text).split())


def _properties(vcard: str) -> Iterator[_Property]:
    """Name and readable value of each line of a vCard 2.1, 3.0 or 4.0; what is no such line is a note."""
    found: list[tuple[str, str, str]] = []
    labels: dict[str, str] = {}
    for line in _lines(vcard):
        match = _LINE.fullmatch(line)
        if match is None:
            if not (found and found[-1][1] in _BINARY and _BASE64.fullmatch(line)):
                found.append(("", "NOTE", " ".join(line.split())))
            continue
        group, name = (match["group"] or "").upper(), match["name"].upper()
        value = _readable(name, match["parameters"] or "", match["value"])
        if name == "X-ABLABEL" and group and group not in labels:
            labels[group] = value
        elif name == "CATEGORIES":
            value = ", ".join(each for each in map(str.strip, value.split(",")) if each.lower() not in _EVERYBODYS)
            found.append((group, name, value))
        else:
            found.append((group, name if name.isascii() else match["name"], value))
    labelled = {group for group, *_ in found}
    for group, name, value in found:
        label = labels.get(group, "")
        built_in = _BUILT_IN.fullmatch(label)
        if built_in is not None:
            # “Home” beside a phone says nothing; a relative is nobody without the word.
            label = "" if name in _PLAIN else built_in[1]
        yield _Property(name, value, label)
    yield from (_Property("NOTE", label) for group, label in labels.items() if group not in labelled)


def _lines(vcard: str) -> Iterator[str]:
    """Logical lines: folded ones, and those that quoted-printable breaks, put together."""
    lines: list[str] = []
    for row in _BREAKS.sub("\n", vcard).removeprefix("\ufeff").split("\n"):
        if lines and lines[-1].endswith("=") and _QUOTED.match(lines[-1]):
            lines[-1] = lines[-1][:-1] + row
        elif lines and row.startswith((" ", "\t")):
            lines[-1] += row[1:]
        else:
            lines.append(row)
    return (line.strip() for line in lines if line.strip())


def _readable(name: str, parameters: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in parameters.upper():
        value = _decoded(quopri.decodestring(value.encode("utf-8", "surrogatepass")), parameters)
    parts = re.split(r"(?<!\\);", value) if name in _STRUCTURED else [value]
    texts = (_ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], part) for part in parts)
    joined = _STRUCTURED.get(name, " ").join(text.strip() for text in texts if text.strip())
    return " ".join(joined.removeprefix("tel:").removeprefix("mailto:").split())


def _decoded(octets: bytes, parameters: str) -> str:
    """The text of bytes whose encoding is named, where the name is right."""
    named = _CHARSET.search(parameters)
    for charset in ("utf-8", named[1] if named else "utf-8"):
        try:
            return octets.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return octets.decode("utf-8", "replace")
