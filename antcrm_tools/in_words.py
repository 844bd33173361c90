"""A customer's fields on one line each, for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from pydantic import BaseModel

from antcrm_tools.models import WRITABLE, Customer, Edit
from antcrm_tools.text import Text, clean, comma, join, msg

_WHOLE = 100_000

_WORDS: dict[str, Text] = {
    "name": msg("name"),
    "phones": msg("phone"),
    "emails": msg("e-mail"),
    "stage": msg("stage"),
    "tags": msg("tags"),
    "owner": msg("owner"),
    "source": msg("source"),
    "industry": msg("industry"),
    "note": msg("note"),
    "gender": msg("gender"),
    "date_of_birth": msg("date of birth"),
    "addresses": msg("addresses"),
    "socials": msg("social networks"),
    "custom_fields": msg("custom fields"),
    "points": msg("points"),
    "rank_points": msg("rank points"),
    "rank": msg("rank"),
    "created_by": msg("created by"),
    "lead_source": msg("came from"),
    "ads": msg("advertisements"),
}


def field_word(field: str) -> Text:
    """A field's name for a person."""
    return _WORDS[field]


def field_words(fields: Iterable[str]) -> Text:
    """Fields by name, for a person."""
    return comma(field_word(field) for field in fields)


def in_words(customer: Customer, fields: Iterable[str] = WRITABLE) -> Text:
    """Every one of `fields` that holds something, for a person who has to put it back."""
    held = ((field, value_in_words(customer, field)) for field in fields)
    return join([msg("{field}: {value}", field=field_word(field), value=words) for field, words in held if words], "; ")


def value_in_words(customer: Customer | Edit, field: str) -> str:
    """One field's value on one line, whole: what is shortened is for the one who shows it to say."""
    value = getattr(customer, field)
    if isinstance(value, tuple):
        return ", ".join(element_in_words(item) for item in cast("tuple[object, ...]", value))
    return "" if value is None else clean(str(value), _WHOLE)


def element_in_words(item: object) -> str:
    """One element of an array on one line."""
    if not isinstance(item, BaseModel):
        return clean(str(item), _WHOLE)
    parts: dict[str, object] = item.model_dump(mode="json", exclude_defaults=True)
    return clean(" ".join(str(part) for part in parts.values()), _WHOLE)
