"""Sentences and customers as the text a column holds, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar, cast

from antcrm_tools.models import Customer, Draft, Edit, Element
from antcrm_tools.text import Text

E = TypeVar("E", bound=Edit)

_DAYS = "_days"
_RAW = "_raw"

_HALF = re.compile("[\ud800-\udfff]")


def dump(value: object) -> str:
    """JSON with its letters as they are; but half a character, which no database takes, is written as an escape."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def write_text(text: Text) -> str:
    """A sentence that can be put into either language later."""
    return dump(text_value(text))


def read_text(written: str) -> Text:
    """The sentence again."""
    return value_text(json.loads(written))


def text_value(value: object) -> Any:
    """A sentence, and what goes into it, as JSON; what is neither text nor number becomes text, as on screen."""
    if isinstance(value, Text):
        values = {name: text_value(each) for name, each in value.values.items()}
        return {"t": value.template, "v": values, "p": value.plural, "n": value.count}
    return value if isinstance(value, str | int | float) else str(value)


def value_text(value: Any) -> Text:
    """The sentence again."""
    return cast("Text", _text(value))


def _text(value: Any) -> object:
    if not isinstance(value, dict):
        return value
    found = cast("dict[str, Any]", value)
    values = cast("dict[str, Any]", found["v"])
    return Text(found["t"], {name: _text(each) for name, each in values.items()}, found["p"], found["n"])


def write_customer(customer: Customer) -> str:
    """A whole record, with what AntCRM keeps in its arrays beyond what we read."""
    return dump(customer_value(customer))


def read_customer(written: str) -> Customer:
    """The record again."""
    return value_customer(json.loads(written))


def customer_value(customer: Customer) -> dict[str, Any]:
    """A record as JSON."""
    values = customer.model_dump(mode="json", exclude={"ref"}, exclude_defaults=True)
    return values | {"kind": customer.kind, "id": customer.id} | _beside(customer)


def value_customer(value: Mapping[str, Any]) -> Customer:
    """The record again."""
    return _with_raw(Customer.model_validate(_plain(value)), value)


def write_edit(edit: Edit) -> str:
    """The fields that are set, and no others; of a draft also its kind and code."""
    values = edit.model_dump(
        mode="json", include=edit.model_fields_set | ({"kind", "code"} & set(type(edit).model_fields))
    )
    return dump(values | _beside(edit))


def read_edit(written: str) -> Edit:
    """The edit again."""
    return _read(Edit, written)


def read_draft(written: str) -> Draft:
    """The draft again."""
    return _read(Draft, written)


def _read(model: type[E], written: str) -> E:
    value: dict[str, Any] = json.loads(written)
    return _with_raw(model.model_validate(_plain(value)), value)


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: each for name, each in value.items() if name not in (_DAYS, _RAW)}
    # A day and the same day as text are two values, and JSON has one form for both.
    for name, day in value.get(_DAYS, {}).items():
        if isinstance(day, str):
            plain[name] = _day(day)
        else:
            plain[name] = [ad | {"at": _day(at)} if at else ad for ad, at in zip(plain[name], day, strict=True)]
    return plain


def _day(written: str) -> date:
    return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)


def _beside(record: Customer | Edit) -> dict[str, Any]:
    """What the fields alone do not say: which texts are days, and AntCRM's own form of elements."""
    days: dict[str, str | list[str | None]] = {}
    raw: dict[str, list[Any]] = {}
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, date):
            # A day is a date, and so is a moment.
            days[name] = value.isoformat()
        elif name == "ads":
            moments = [touch.at.isoformat() if isinstance(touch.at, datetime) else None for touch in value]
            if any(moments):
                days[name] = moments
        elif isinstance(value, tuple):
            came = [
                each.as_it_came() if isinstance(each, Element) else None for each in cast("tuple[object, ...]", value)
            ]
            if any(each is not None for each in came):
                raw[name] = came
    return ({_DAYS: days} if days else {}) | ({_RAW: raw} if raw else {})


R = TypeVar("R", Customer, Edit, Draft)


def _with_raw(record: R, value: Mapping[str, Any]) -> R:
    for name, came in value.get(_RAW, {}).items():
        for element, each in zip(getattr(record, name), came, strict=True):
            if each is not None:
                element.came_as(each)
    return record
