"""Whether two records are the same customer, and why we think so. Never by a name alone."""

from __future__ import annotations

from typing import Literal, TypeAlias

from antcrm_tools.identity.companies import companies, company_key
from antcrm_tools.identity.emails import is_shared, mailbox_key
from antcrm_tools.identity.names import name_words, person_part
from antcrm_tools.identity.phones_in_text import phones_in_field
from antcrm_tools.identity.spelling import one_slip
from antcrm_tools.models import Customer, Draft
from antcrm_tools.text import Text, msg

Reason: TypeAlias = Literal["phone", "email", "name_company"]

_WORDS: dict[Reason, Text] = {
    "phone": msg("same phone"),
    "email": msg("same e-mail"),
    "name_company": msg("similar name, same company"),
}
_LONG_ENOUGH = 4
"""Letters of a word in which one may be wrong: of `Lan` and `Lam` both are names."""


def compare(one: Customer | Draft, other: Customer | Draft, region: str = "VN") -> tuple[Reason, ...]:
    """Return why two records may be the same customer, the surest reason first; empty where they are not.

    - *phone*: a phone in common, whatever the spelling. Families and offices share phones, so this asks a person.
    - *email*: a mailbox in common. A mailbox many read (info@…) says so only of a company, or of people whose names
      are near.
    - *name_company*: names that are near, at the same company.
    """
    reasons: list[Reason] = []
    if numbers(one, region) & numbers(other, region):
        reasons.append("phone")
    near = near_names(one.name, other.name)
    shared = mailboxes(one) & mailboxes(other)
    if any(near or "account" in (one.kind, other.kind) or not is_shared(box) for box in shared):
        reasons.append("email")
    if near and _same_company(one, other):
        reasons.append("name_company")
    return tuple(reasons)


def contradicts(one: Customer | Draft, other: Customer | Draft, region: str = "VN") -> bool:
    """Tell whether both have phones and share none: then a similar name at the same company may well be another."""
    mine, theirs = numbers(one, region), numbers(other, region)
    return bool(mine and theirs and not mine & theirs)


def near_names(a: str, b: str) -> bool:
    """Tell whether two names may be one person's.

    The same words in any order; one of them only a part of the other, with the same given name; or one letter wrong in
    one word of four letters or more.
    """
    one, other = name_words(person_part(a)), name_words(person_part(b))
    if not one or not other:
        return False
    if sorted(one) == sorted(other) or "".join(one) == "".join(other):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < len(long):
        return short[-1] == long[-1] and set(short) <= set(long)
    wrong = [(x, y) for x, y in zip(one, other, strict=True) if x != y]
    return len(wrong) == 1 and min(map(len, wrong[0])) >= _LONG_ENOUGH and one_slip(*wrong[0])


def numbers(record: Customer | Draft, region: str = "VN") -> frozenset[str]:
    """Return a record's phones in their normal form."""
    return frozenset(form for phone in record.phones for form in phones_in_field(phone.value, region))


def mailboxes(record: Customer | Draft) -> frozenset[str]:
    """Return what is compared of a record's e-mails."""
    return frozenset(key for email in record.emails if (key := mailbox_key(email.value)))


def reason_words(reason: Reason) -> Text:
    """Return a reason for a person."""
    return _WORDS[reason]


def _same_company(one: Customer | Draft, other: Customer | Draft) -> bool:
    return bool(_keys(one) & _keys(other))


def _keys(record: Customer | Draft) -> set[str]:
    # A domain is written in one: `saoviet` of an e-mail is `Sao Việt` of a name.
    return {key.replace(" ", "") for company in companies(record) if (key := company_key(company))}
