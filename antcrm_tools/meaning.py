"""When two values mean the same: AntCRM may answer with other spellings than were sent."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import cast

from pydantic import BaseModel

from antcrm_tools.identity import emails, phones
from antcrm_tools.models import WRITABLE, Address, Customer, CustomField, Draft, Edit, Email, Phone, Social
from antcrm_tools.text import clean


def meaning(field: str, value: object, region: str = "VN") -> object:
    """A writable field's value in a form that is equal when the meaning is: phones as E.164, arrays as sets, NFC."""
    match value:
        case None:
            return ""
        case str():
            return _plain(value)
        case date():
            return value.isoformat()
        case tuple():
            items = cast("tuple[object, ...]", value)
            return sorted({key for item in items if (key := element_meaning(item, region))})
        case _:
            raise TypeError(f"{field} holds a {type(value).__name__}")


def element_meaning(item: object, region: str = "VN") -> str:
    """An element of an array as it is compared; empty for one that holds nothing."""
    element = _element(item, region)
    return json.dumps(element, ensure_ascii=False) if element else ""


def literal(value: object) -> object:
    """A value to the letter, but for NFC, line ends and the order of an array."""
    if isinstance(value, tuple):
        elements = (_element_literally(item) for item in cast("tuple[object, ...]", value))
        return sorted(unicodedata.normalize("NFC", element) for element in elements)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    return value


def same(field: str, a: object, b: object, region: str = "VN") -> bool:
    """Whether two values of a writable field mean the same."""
    return meaning(field, a, region) == meaning(field, b, region)


def differing(fields: Iterable[str], a: Customer | Edit, b: Customer | Edit, region: str = "VN") -> list[str]:
    """Those of `fields` in which two customers or edits differ in meaning, in the order people expect."""
    wanted = frozenset(fields)
    return [f for f in WRITABLE if f in wanted and not same(f, getattr(a, f), getattr(b, f), region)]


def literally_differing(fields: Iterable[str], a: Customer | Edit, b: Customer | Edit) -> list[str]:
    """Those of `fields` in which two differ at all: labels, line breaks and countries count, NFC and order do not."""
    return [f for f in fields if literal(getattr(a, f)) != literal(getattr(b, f))]


def lost(field: str, before: object, after: object, region: str = "VN") -> bool:
    """Whether something that was there is gone: a text emptied, an element missing.

    Another value of a custom field is a change, as it is of any field: what is missing is told by name.
    """
    if field == "custom_fields":
        return bool(_held(before) - _held(after))
    old, new = meaning(field, before, region), meaning(field, after, region)
    if isinstance(before, tuple):
        return not set(cast("list[str]", old)) <= set(cast("list[str]", new))
    return bool(old) and not new


def emptied(field: str, before: object, after: object, region: str = "VN") -> bool:
    """Whether a field that held something holds nothing any more."""
    return bool(meaning(field, before, region)) and not meaning(field, after, region)


def fingerprint(customer: Customer, fields: Iterable[str] | None = None) -> str:
    """Stands for what a person was shown: who it is, its name, and the given fields to the letter, in their order.

    Without `fields` it stands for the whole customer, but for when it was last changed and what is not documented:
    that can move by itself at any time.
    """
    chosen = None if fields is None else {"kind", "ref", "name", *fields}
    shown = customer.model_dump(mode="json", include=chosen, exclude={"updated_at", "extra"})
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def phone_key(value: str, region: str = "VN") -> str:
    """A phone as it is compared; text that is no phone compares as its plain self."""
    return phones.canonical(value, region) or _plain(value)


def email_key(value: str) -> str:
    """An e-mail as it is compared."""
    return emails.canonical_email(value) or _plain(value).casefold()


def contact_keys(customer: Customer | Draft, region: str = "VN") -> frozenset[str]:
    """Every phone and e-mail of a customer as it is compared: what makes two customers duplicates."""
    numbers = {phone_key(phone.value, region) for phone in customer.phones}
    return frozenset(numbers | {email_key(email.value) for email in customer.emails}) - {""}


def _element(item: object, region: str) -> object:
    """An element by its meaning; empty for one that holds nothing, which is as good as not there."""
    # The label of a phone ("Work") is left out: AntCRM's words for it are not documented, the number is what counts.
    match item:
        case Phone():
            return phone_key(item.value, region)
        case Email():
            return email_key(item.value)
        case Social():
            value = _plain(item.value)
            return [_plain(item.protocol).casefold(), value] if value else None
        case CustomField():
            value = _plain(item.value)
            return [_plain(item.name), value] if value else None
        case Address():
            words = [_plain(part) for part in item.model_dump(exclude={"country", "country_code"}).values()]
            return words if any(item.model_dump().values()) else None
        case _:
            return _plain(str(item))


def _held(custom_fields: object) -> Counter[str]:
    """The names of the custom fields that hold something; counted, as several may have one name."""
    fields = cast("tuple[CustomField, ...]", custom_fields)
    return Counter(_plain(field.name) for field in fields if _plain(field.value))


def _plain(text: str) -> str:
    # What shows nothing means nothing: a field overwritten with such characters counts as emptied.
    return clean(unicodedata.normalize("NFC", text), len(text) * 4 + 1)


def _element_literally(item: object) -> str:
    return item.model_dump_json() if isinstance(item, BaseModel) else str(item)
