"""Reading a lead from a line of words, so that no word is lost."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from antcrm_chat.intents import Draft, LeadWords
from antcrm_tools.identity.emails import find_emails
from antcrm_tools.identity.phones import spellings
from antcrm_tools.identity.phones_in_text import find_phones
from antcrm_tools.tools.fields import EmailText, PhoneText

# What people put between the parts of a line. It says nothing once the parts are apart.
_SEAMS = " \t\r\n,;:-–—|/·•"

_DIGITS = re.compile(r"(?<!\w)\+?\d(?:[ .\-]?\d){6,}")
_A_PHONE = "0987654321"
_LABEL_REACH = 80

_NAME_WORDS, _NAME_LENGTH = 7, 60
"""What is longer is no name but the beginning of a sentence: “khách hỏi giá phần mềm cho 20 user, số …”."""

_MOST = 10
"""Phones, and e-mails, of one lead."""

_PHONE: TypeAdapter[str] = TypeAdapter(PhoneText)
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailText)

Slip: TypeAlias = Literal["phone", "email"]


def read_lead(text: str, region: str = "VN") -> LeadWords:
    """Phones and e-mails wherever they stand; the words before the first of them are the name, the others the note.

    Without a phone or an e-mail the first line is the name.
    """
    phones = find_phones(text, region)
    emails = find_emails(text)
    found = sorted(chain(phones, emails), key=lambda item: item.start)
    if not found:
        name, _, note = text.strip().partition("\n")
        return LeadWords(name=_one_line(name), note=note.strip())
    pieces: list[str] = []
    end = 0
    for item in found:
        pieces.append(text[end : item.start])
        end = item.end
    pieces.append(text[end:])
    first, *others = (_trimmed(piece) for piece in pieces)
    return LeadWords(
        name=_one_line(first),
        phones=tuple(dict.fromkeys(phone.text for phone in phones)),
        emails=tuple(dict.fromkeys(email.text for email in emails)),
        note=" ".join(piece for piece in others if piece),
    )


def slip(text: str, region: str = "VN") -> tuple[str, Slip] | None:
    """What stands in the name and was meant as a phone or an e-mail but is none; None if there is nothing of the kind.

    Only up to the first phone or e-mail: what comes after that is the note, which may hold anything.
    """
    found = [*find_phones(text, region), *find_emails(text)]
    name = text[: min((item.start for item in found), default=len(text))]
    for digits in _DIGITS.finditer(name):
        # Where not even a phone would be taken for one, a word says what the number is: MST, STK.
        before = name[max(0, digits.start() - _LABEL_REACH) : digits.start()]
        if any(phone.start == len(before) for phone in find_phones(before + _A_PHONE, region)):
            return digits[0], "phone"
    at = next((word for word in name.split() if "@" in word and word != "@"), None)
    return None if at is None else (at, "email")


def named(lead: LeadWords, text: str, region: str = "VN") -> LeadWords:
    """Complete a lead whose name was missing by what the person wrote when asked for it."""
    more = read_lead(text, region)
    return fitting(
        replace(
            more,
            phones=tuple(dict.fromkeys((*lead.phones, *more.phones))),
            emails=tuple(dict.fromkeys((*lead.emails, *more.emails))),
            note="\n".join(note for note in (lead.note, more.note) if note),
        )
    )


def fitting(lead: LeadWords) -> LeadWords:
    """A lead that can be saved: what is no phone or e-mail to AntCRM, or one too many, goes to the note."""
    phones = [phone for phone in lead.phones if is_phone(phone)][:_MOST]
    emails = [email for email in lead.emails if _is(_EMAIL, email)][:_MOST]
    over = [each for each in (*lead.phones, *lead.emails) if each not in {*phones, *emails}]
    if not over:
        return lead
    said = lead.note.split("\n")
    note = "\n".join(part for part in (lead.note, *(each for each in over if each not in said)) if part)
    return replace(lead, phones=tuple(phones), emails=tuple(emails), note=note)


def is_phone(text: str) -> bool:
    """Whether a text is a phone and nothing else, as AntCRM is given it."""
    return _is(_PHONE, text)


def has_contact(text: str, region: str = "VN") -> bool:
    """Whether there is a phone or an e-mail in a text."""
    return bool(find_phones(text, region) or find_emails(text))


def jotted(text: str, region: str = "VN", message: str = "") -> Draft:
    """Read a lead from words that were no command, for a person to look at before it is saved."""
    lead = read_lead(text, region)
    if len(lead.name) > _NAME_LENGTH or len(lead.name.split()) > _NAME_WORDS:
        lead = replace(lead, name="", note="\n".join(part for part in (lead.name, lead.note) if part))
    return draft_of(lead, region, message, text)


def draft_of(lead: LeadWords, region: str = "VN", message: str = "", words: str = "") -> Draft:
    """A draft of a lead as written. Letters in a phone become the digits they stand for, and are named."""
    meant = {
        text: spellings(phone.canonical, region)[0]
        for text in lead.phones
        for phone in find_phones(text, region)
        if phone.slip
    }
    phones = tuple(dict.fromkeys(meant.get(phone, phone) for phone in lead.phones))
    return Draft(fitting(replace(lead, phones=phones)), message, words, tuple(meant))


def _is(kind: TypeAdapter[Any], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True


def _trimmed(piece: str) -> str:
    # A bracket at the cut belonged to what was cut out: "An (0912…)".
    return piece.strip(_SEAMS).rstrip("([<").lstrip(")]>").strip(_SEAMS)


def _one_line(text: str) -> str:
    return " ".join(text.split())
