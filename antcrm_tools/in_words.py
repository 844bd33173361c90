"""A customer's fields on one line each, for a person."""

from __future__ import annotations

from typing import cast

from antcrm_tools.models import WRITABLE, Customer, Edit
from antcrm_tools.text import clean


def in_words(customer: Customer) -> str:
    """Every writable field that holds something, for a person who has to put it back."""
    return "; ".join(f"{f}: {words}" for f in WRITABLE if (words := value_in_words(customer, f)))


def value_in_words(customer: Customer | Edit, field: str) -> str:
    """One field's value on one line."""
    value = getattr(customer, field)
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return ", ".join(_item_in_words(item) for item in items)
    return "" if value is None else clean(str(value), 400)


def _item_in_words(item: object) -> str:
    dump = getattr(item, "model_dump", None)
    if dump is None:
        return clean(str(item))
    parts: dict[str, str] = dump(exclude_defaults=True)
    return clean(" ".join(parts.values()), 200)
