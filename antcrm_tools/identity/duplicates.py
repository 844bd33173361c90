"""Whether two records are the same customer, and why we think so. Never by a name alone."""

from __future__ import annotations

import re
from collections import Counter

from antcrm_tools.identity.companies import company_key, domains, is_named_as_company, written_companies
from antcrm_tools.identity.emails import is_shared, mailbox_key
from antcrm_tools.identity.names import (
    fold,
    is_family_name,
    is_name_word,
    person_part,
    same_marks,
    without_honorific,
    words,
    written_words,
)
from antcrm_tools.identity.phones_in_text import phones_in_field
from antcrm_tools.identity.spelling import one_slip, untelex
from antcrm_tools.models import Customer, Draft, Likeness
from antcrm_tools.text import Text, msg

_WORDS: dict[Likeness, Text] = {
    "phone": msg("same phone"),
    "email": msg("same e-mail"),
    "name_company": msg("similar name, same company"),
}
_LONG_ENOUGH = 4
"""Letters of a word in which one may be wrong: of three, every one makes another name."""

_I_OR_Y = re.compile(r"(?<=[bcdghklmnprstvx])y$|(?<=qu)y$")
_TAX_CODES = frozenset({"mst", "ma so thue", "ma thue", "tax code", "tax id", "tax no", "vat", "vat no"})


def compare(one: Customer | Draft, other: Customer | Draft, region: str = "VN") -> tuple[Likeness, ...]:
    """Return why two records may be the same customer, the surest reason first; empty where they are not.

    - *phone*: a phone in common, whatever the spelling. Families share phones, and the extensions of a switchboard its
      number, so this asks a person.
    - *email*: a mailbox in common. A mailbox many read (info@…) says so only where one of the two is a company, has no
      name, or has a name that is near.
    - *name_company*: people whose names are near, at the same company; or a company named twice that also has its tax
      code, a domain of its own or its street in common. A name alone never is a reason, not even a company's.
    """
    reasons: list[Likeness] = []
    if numbers(one, region) & numbers(other, region):
        reasons.append("phone")
    shared = mailboxes(one) & mailboxes(other)
    if shared and (not all(map(is_shared, shared)) or not _are_two_people(one, other)):
        reasons.append("email")
    if _alike(one, other):
        reasons.append("name_company")
    return tuple(reasons)


def contradicts(one: Customer | Draft, other: Customer | Draft, region: str = "VN") -> bool:
    """Tell whether both have phones and share none: then a similar name at the same company may well be another."""
    mine, theirs = numbers(one, region), numbers(other, region)
    return bool(mine and theirs and not mine & theirs)


def near_names(a: str, b: str) -> bool:
    """Tell whether two names may be one person's, or one company's.

    The same words, the family name in front or behind; one of them only a part of the other, with the same given name;
    or one letter wrong in one word of four letters or more, unless what comes out is another name (Linh, Minh). Where
    both are written with marks, Hùng is not Hưng. Of companies, `company_key` has to be the same.
    """
    if is_named_as_company(a) or is_named_as_company(b):
        return "" != company_key(a) == company_key(b)
    one, other = _spoken(a), _spoken(b)
    if not one or not other:
        return False
    if _has_marks(one) and _has_marks(other) and _contradict(one, other):
        return False
    if "".join(map(fold, one)) == "".join(map(fold, other)):
        return True
    short, long = sorted(([_plain(word) for word in one], [_plain(word) for word in other]), key=len)
    if len(short) < len(long):
        return Counter(short) <= Counter(long) and _same_given_name(short, long)
    if sorted(short) == sorted(long):
        # Two who both put the family name in front mean the order: Nguyễn Minh Anh is not Nguyễn Anh Minh.
        return short == long or short[0] != long[0] or not is_family_name(short[0])
    wrong = [(x, y) for x, y in zip(one, other, strict=True) if _plain(x) != _plain(y)]
    return len(wrong) == 1 and _is_slip(*map(fold, wrong[0]))


def numbers(record: Customer | Draft, region: str = "VN") -> frozenset[str]:
    """Return a record's phones in their normal form."""
    return frozenset(form for phone in record.phones for form in phones_in_field(phone.value, region))


def mailboxes(record: Customer | Draft) -> frozenset[str]:
    """Return what is compared of a record's e-mails."""
    return frozenset(key for email in record.emails if (key := mailbox_key(email.value)))


def reason_words(reason: Likeness) -> Text:
    """Return a reason for a person."""
    return _WORDS[reason]


# --- names ---


def _spoken(name: str) -> tuple[str, ...]:
    return written_words(without_honorific(person_part(name)))


def _plain(word: str) -> str:
    folded = fold(word)
    if folded != word:
        return _I_OR_Y.sub("i", folded)  # who has marks types them with an input method
    # “Nam 2” and “nam2” are the second Nam more often than VNI's Nàm.
    meant = None if folded[:-1].isalpha() and folded[-1:].isdigit() else untelex(folded)
    return _I_OR_Y.sub("i", meant or folded)


def _are_bare(written: list[str]) -> bool:
    return all(fold(word) == word for word in written)


def _has_marks(written: tuple[str, ...]) -> bool:
    return any(fold(word) != word for word in written)


def _contradict(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a word stands in both, but with other marks.

    A mark that is only missing is forgiven, except in the given name: Thi is Thị, but Lan not Lân.
    """
    given = {one[-1], other[-1]}
    for plain in {_plain(word) for word in one}:
        mine, theirs = ([word for word in name if _plain(word) == plain] for name in (one, other))
        for word in mine.copy():
            if same := [each for each in theirs if same_marks(word, each)]:
                mine.remove(word)
                theirs.remove(same[0])
        if mine and theirs and (given & {*mine, *theirs} or not (_are_bare(mine) or _are_bare(theirs))):
            return True
    return False


def _same_given_name(short: list[str], long: list[str]) -> bool:
    """Whether both are addressed by the same word: the last, or another where one has the family name behind."""
    if short[-1] == long[-1]:
        return True
    if len(short) == 1:
        return is_family_name(long[-1]) and not is_family_name(long[0]) and short[0] in {long[0], long[-2]}
    return any(
        is_family_name(turned[-1]) and turned[-1] == usual[0] and usual[-1] in {turned[0], turned[-2]}
        for turned, usual in ((short, long), (long, short))
    )


def _is_slip(a: str, b: str) -> bool:
    if max(len(a), len(b)) < _LONG_ENOUGH or not (a.isalpha() and b.isalpha()):
        return False
    return one_slip(a, b) and not (is_name_word(a) and is_name_word(b))


# --- companies ---


def _is_company(record: Customer | Draft) -> bool:
    return record.kind == "account" or is_named_as_company(record.name)


def _are_two_people(one: Customer | Draft, other: Customer | Draft) -> bool:
    if _is_company(one) or _is_company(other) or not (words(one.name) and words(other.name)):
        return False
    return not near_names(one.name, other.name)


def _alike(one: Customer | Draft, other: Customer | Draft) -> bool:
    if _is_company(one) != _is_company(other):
        return False
    if _is_company(one):
        return _is_one_company(one, other)
    return near_names(one.name, other.name) and _same_company(one, other)


def _is_one_company(one: Customer | Draft, other: Customer | Draft) -> bool:
    if not "" != company_key(one.name) == company_key(other.name):
        return False
    codes, others = _tax_codes(one), _tax_codes(other)
    if codes and others:
        return bool(codes & others)
    return bool(_joined(domains(one)) & _joined(domains(other)) or _streets(one) & _streets(other))


def _same_company(one: Customer | Draft, other: Customer | Draft) -> bool:
    mine, theirs = _joined(written_companies(one)), _joined(written_companies(other))
    if mine & theirs:
        return True
    my_domains, their_domains = _joined(domains(one)), _joined(domains(other))
    if mine and theirs:
        # A branch writes from its parent's domain, so beside a name that says more the domain says nothing.
        my_domains = {domain for domain in my_domains if not any(name.startswith(domain) for name in mine)}
        their_domains = {domain for domain in their_domains if not any(name.startswith(domain) for name in theirs)}
    return bool((mine | my_domains) & (theirs | their_domains))


def _joined(found: list[str]) -> set[str]:
    # A domain is written in one: `saoviet` of an e-mail is `Sao Việt` of a name.
    return {key.replace(" ", "") for company in found if (key := company_key(company))}


def _tax_codes(record: Customer | Draft) -> set[str]:
    values = (field.value for field in record.custom_fields if fold(field.name).rstrip(" :*") in _TAX_CODES)
    return {digits for value in values if (digits := "".join(words(value)))}


def _streets(record: Customer | Draft) -> set[tuple[str, ...]]:
    return {(*words(a.house), *words(a.street), *words(a.city)) for a in record.addresses if words(a.street)}
