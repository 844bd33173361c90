"""A customer's fields on one line each, for a person."""

from __future__ import annotations

from typing import cast

from pydantic import BaseModel

from antcrm_tools.models import WRITABLE, Customer, Edit
from antcrm_tools.text import clean

_WHOLE = 100_000


def in_words(customer: Customer) -> str:
    """Every writable field that holds something, for a person who has to put it back."""
    return "; ".join(f"{f}: {words}" for f in WRITABLE if (words := value_in_words(customer, f)))


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
