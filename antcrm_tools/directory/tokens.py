"""The tokens a customer is found by. Pure.

A word of the name or the company stands there as written and folded, so that who types marks finds them first. Signs
in front keep tokens of other meaning apart; an index that has to look in which column one stands takes longer:

    %giao           a word of whatever else is written about them, folded
    =nguyenvanan    the whole name, or the whole company, in one
    ~an             the given name, by which people are addressed
    &saoviet        the company, to find colleagues
    +84912345678    a phone in its normal form
    @1f3c…          an e-mail's mailbox
    :t678 :t5678    the last three and four digits of a phone;  :r876…  all of them, backwards
    :h091 :h0912    the first three and four;                   :p0912… all of them
    #k0 #s3 #f1     kind, stage, source, #o owner, #t tag, each by its number
    #c739832        the day of creation: a short window of them is some of these
    #d739832        the day of the last change, and #m24306 its month
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from antcrm_tools.directory.schema import NONE, Label
from antcrm_tools.identity.companies import company_key
from antcrm_tools.identity.emails import mailbox_key
from antcrm_tools.identity.names import fold, given_name, name_words, person_part, words, written_words
from antcrm_tools.identity.phones_in_text import phones_in_field
from antcrm_tools.models import Customer

SHORT_ENDS = (3, 4)
"""Digits of a phone's beginning and end that have a token of their own. Longer ones are found by prefix."""

_LABEL_SIGN: dict[Label, str] = {"stage": "s", "source": "f", "owner": "o", "tag": "t"}
_NOTE = 1500
_MORE = 200
_SHORT = 60
"""Letters of a text that many customers may have alike, such as their city."""

_VIETNAM = "+84"
_REPEATED = 8192
"""Words and companies that are remembered: they repeat themselves."""

_MOST_DAYS = 35
"""Days of a window of creation that are looked for one by one; of a longer one, places."""

_MOST_CHANGED = 120
"""Days at the ends of a window of changes and months in between."""

_LONGEST_MONTH = 31
# Folded. They say that a company follows and stand in half of all records, so they are no words of a name.
_SAY_COMPANY = frozenset({"cty", "ct", "company"})
_SAY_COMPANY_IN_TWO = ("cong", "ty")


def storable(text: str) -> str:
    """Text that can be written as UTF-8, in composed form: half a character cannot."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode()


def label_token(field: Label, number: int) -> str:
    """The token of a stage, source, owner or tag."""
    return f"#{_LABEL_SIGN[field]}{number}"


def kind_token(number: int) -> str:
    """The token of a kind."""
    return f"#k{number}"


def day_tokens(created: int, changed: int) -> list[str]:
    """The tokens of the days of creation and of the last change, ordinals."""
    tokens = [] if created == NONE else [f"#c{created}"]
    return tokens if changed == NONE else [*tokens, f"#d{changed}", _month_token(date.fromordinal(changed))]


def created_tokens(first: int, last: int) -> list[str]:
    """Of these tokens one is there if the day of creation was in a window, whose ends are ordinals; none: too long."""
    return [f"#c{day}" for day in range(first, last + 1)] if last - first < _MOST_DAYS else []


def changed_tokens(first: int, last: int) -> list[str]:
    """Of these tokens one is there if the last change was in a window, whose ends are ordinals; none: too long."""
    tokens: list[str] = []
    day = first
    while day <= last and len(tokens) <= _MOST_CHANGED:
        month = date.fromordinal(day)
        following = _after_month(month)
        if month.day == 1 and following - 1 <= last:
            tokens.append(_month_token(month))
            day = following
        else:
            tokens.append(f"#d{day}")
            day += 1
    return tokens if day > last else []


def email_token(mailbox: str) -> str:
    """The token of an e-mail: its letters could not all stand in one."""
    return "@" + hashlib.blake2b(mailbox.encode("utf-8", "replace"), digest_size=8).hexdigest()


def company_token(key: str) -> str:
    """The token of a company's key."""
    return "&" + "".join(words(key))


def dialled(normal: str) -> str:
    """The digits people know of a phone: as dialled inside Vietnam, with the country's elsewhere."""
    return "0" + normal.removeprefix(_VIETNAM) if normal.startswith(_VIETNAM) else normal.removeprefix("+")


def phone_tokens(normal: str) -> list[str]:
    """A phone's tokens, from its normal form."""
    digits = dialled(normal)
    ends = [token for size in SHORT_ENDS for token in (f":h{digits[:size]}", f":t{digits[-size:]}")]
    return [normal, *ends, begun_phone(digits), ended_phone(digits)]


def begun_phone(digits: str) -> str:
    """The token of a phone that begins with these digits, or a beginning of one."""
    return f"{':h' if len(digits) in SHORT_ENDS else ':p'}{digits}"


def ended_phone(digits: str) -> str:
    """The token of a phone that ends with these digits, or a beginning of one."""
    return f":t{digits}" if len(digits) in SHORT_ENDS else f":r{digits[::-1]}"


def elsewhere(word: str) -> str:
    """The token of a word that stands neither in the name nor in the company."""
    return f"%{word}"


def marked_words(text: str) -> tuple[str, ...]:
    """Words as written, in lower case and composed; those without marks too."""
    return written_words(storable(text))


def folded_words(text: str) -> tuple[str, ...]:
    """What `names.words` gives."""
    return words(storable(text))


def without_company_signs(found: Sequence[str]) -> list[str]:
    """Folded words without “cty” and “công ty”, unless there is nothing else."""
    kept: list[str] = []
    for place, word in enumerate(found):
        two = tuple(found[place : place + 2]), tuple(found[max(0, place - 1) : place + 1])
        if word not in _SAY_COMPANY and _SAY_COMPANY_IN_TWO not in two:
            kept.append(word)
    return kept or list(found)


def name_tokens(customer: Customer, companies: Iterable[str]) -> list[str]:
    """Of the name and the company, of a customer who belongs to these companies."""
    person = person_part(customer.name)
    tokens = [*marked_words(customer.name), *folded_words(customer.name)]
    tokens += ["=" + "".join(name_words(name)) for name in dict.fromkeys((customer.name, person))]
    if customer.kind != "account" and (given := given_name(customer.name)):
        tokens.append("~" + given)
    for company in companies:
        tokens += _company_tokens(company)
    return _tokens(tokens)


def more_tokens(customer: Customer) -> list[str]:
    """Of whatever else is written, folded only."""
    texts = [
        *(email.value for email in customer.emails),
        customer.industry,
        *(field.value for field in customer.custom_fields),
        *(part for a in customer.addresses for part in (a.city, a.district, a.ward, a.street)),
        *(social.value for social in customer.socials),
        customer.note[:_NOTE],
    ]
    tokens = (token for t in texts if t for token in (_short_elsewhere(t) if len(t) <= _SHORT else _elsewhere(t)))
    return list(dict.fromkeys(tokens))[:_MORE]


def contact_tokens(customer: Customer, region: str) -> list[str]:
    """Of phones and e-mails."""
    normal = dict.fromkeys(form for phone in customer.phones for form in phones_in_field(phone.value, region))
    mailboxes = dict.fromkeys(key for email in customer.emails if (key := mailbox_key(email.value)))
    return [token for form in normal for token in phone_tokens(form)] + [email_token(each) for each in mailboxes]


@lru_cache(_REPEATED)
def joined_company(company: str) -> str:
    """A company's name in one word, without what only says what kind of company it is."""
    return "".join(words(company_key(storable(company))))


@lru_cache(_REPEATED)
def is_token(text: str) -> bool:
    """Whether the index takes a word as one: it splits at what it does not know for a letter."""
    if text.isascii() and text.isalnum():
        return True
    return bool(text) and all(unicodedata.category(char)[0] in "LN" or char in "=~&+@#%:" for char in text)


@lru_cache(_REPEATED)
def _company_tokens(company: str) -> tuple[str, ...]:
    kept = without_company_signs(folded_words(company))
    tokens = [*(word for word in marked_words(company) if fold(word) in kept), *kept]
    if key := joined_company(company):
        tokens += ["=" + key, "&" + key]
    return tuple(tokens)


def _elsewhere(text: str) -> tuple[str, ...]:
    return tuple(elsewhere(word) for word in _tokens(folded_words(text)))


_short_elsewhere = lru_cache(_REPEATED)(_elsewhere)


def _tokens(found: Iterable[str]) -> list[str]:
    return [token for token in dict.fromkeys(found) if is_token(token) and len(token) > token.startswith("=")]


def _after_month(day: date) -> int:
    """The first day of the next month, an ordinal; the calendar's last month has none, and this is what it would be."""
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max.toordinal() + 1
    return (day.replace(day=1) + timedelta(days=_LONGEST_MONTH)).replace(day=1).toordinal()


def _month_token(day: date) -> str:
    return f"#m{day.year * 12 + day.month}"
