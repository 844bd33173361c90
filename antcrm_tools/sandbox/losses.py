"""What a change takes away from a record: a field emptied, or an element of an array dropped."""

import unicodedata
from collections.abc import Hashable, Mapping
from typing import Any, cast

from antcrm_tools.sandbox.fields import ARRAYS, WRITABLE, empty, national_digits

# Stands for the record itself, when that is what is lost.
WHOLE = "*"


def losses(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of writable fields that were emptied, or whose array lost an element.

    A value replaced by another is a change, not a loss. Elements are the same when they mean the same: a phone by its
    digits, an e-mail whatever its case, a custom field by its name as long as it has a value.
    """
    return tuple(name for name in WRITABLE if _lost(name, before[name], after[name]))


def asked_losses(before: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[str, ...]:
    """What would be lost if AntCRM did to the record what a PUT body says, whatever it really does."""
    asked = {name: empty(name) if body[name] is None else body[name] for name in WRITABLE if name in body}
    # A gender is emptied by "" or null; 2 is a value like any other.
    emptied = ("gender",) if body.get("gender", 2) in (None, "") and before["gender"] != empty("gender") else ()
    return losses(before, {**before, **asked, "gender": before["gender"]}) + emptied


def _lost(name: str, before: Any, after: Any) -> bool:
    if name == "gender":
        return False
    if name not in ARRAYS:
        return bool(before) and not after
    # A body may hold anything; what is no array holds no element.
    elements = cast("list[Any]", after) if isinstance(after, list) else []
    kept = {_meaning(name, element) for element in elements}
    return not {_meaning(name, element) for element in before} - {None} <= kept


def _meaning(name: str, element: Any) -> Hashable:
    if name == "tags":
        return _folded(element)
    if not isinstance(element, dict):
        return None
    parts = cast("dict[str, Any]", element)
    if name == "phones":
        return national_digits(_folded(parts.get("value")))
    if name == "emails":
        return _folded(parts.get("value"))
    if name == "im":
        return _folded(parts.get("protocol")), _folded(parts.get("value"))
    if name == "cusFields":
        return _folded(parts.get("name")) if parts.get("value") else None
    return tuple(_folded(parts.get(part)) for part in ("city", "state", "wards", "street", "streetName"))


def _folded(value: Any) -> str:
    return unicodedata.normalize("NFC", str(value or "")).strip().casefold()
