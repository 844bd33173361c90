"""Reading AntCRM's answers. Pure: no I/O, no clock."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, cast

from pydantic import JsonValue

from antcrm_tools.errors import Refused, UnreadableAnswer
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref, Space
from antcrm_tools.wire.record import read_customer
from antcrm_tools.wire.values import id_of, is_yes, quoted, text_of

_MESSAGE_KEYS = ("message", "error", "msg", "errors", "detail")
_MESSAGE_DEPTH = 4


def read_json(body: bytes) -> JsonValue:
    """Bytes of an answer as JSON.

    Raises:
        UnreadableAnswer: not JSON (an HTML page, a cut answer), quoting its beginning.
    """
    try:
        return cast("JsonValue", json.loads(body, parse_constant=_no_number, parse_float=_finite))
    except (ValueError, RecursionError):
        raise UnreadableAnswer(body.decode("utf-8", "replace")) from None


def read_customers(payload: JsonValue) -> list[Customer]:
    """The records in an answer to GET: an array, `{data: […]}`, one bare object, or none of them.

    Raises:
        Refused: AntCRM answered 200 with `success: 0`.
        UnreadableAnswer: any other shape. An answer that cannot be read is never an empty result.
    """
    inside = payload
    while isinstance(inside, dict):
        raise_if_refused(inside)
        if not inside:
            return []
        if "data" not in inside or id_of(inside.get("leadId")) or id_of(inside.get("customerId")):
            return [read_customer(inside)]
        inside = inside["data"]
        if inside is None:
            return []
    if isinstance(inside, list):
        return [read_customer(item) for item in inside]
    raise UnreadableAnswer(quoted(payload))


@dataclass(frozen=True, slots=True)
class Written:
    """What AntCRM says it wrote: one ref per record it named, possibly none."""

    refs: tuple[Ref, ...]


def read_written(payload: JsonValue) -> Written:
    """An answer to POST, PUT, DELETE or the bulk call: `{"success": 1, "leadId" or "customerId": id or [ids]}`.

    Raises:
        Refused: `success: 0`, with the vendor's message.
        UnreadableAnswer: no success in it and no id.
    """
    if not isinstance(payload, dict):
        raise UnreadableAnswer(quoted(payload))
    raise_if_refused(payload)
    refs: list[Ref] = []
    spaces: tuple[tuple[str, Space], ...] = (("leadId", "lead"), ("customerId", "customer"))
    for key, space in spaces:
        value = payload.get(key)
        refs += [Ref(space, text) for item in (value if isinstance(value, list) else [value]) if (text := id_of(item))]
    if not refs and not is_yes(payload.get("success")):
        raise UnreadableAnswer(quoted(payload))
    return Written(tuple(refs))


def raise_if_refused(payload: Mapping[str, JsonValue]) -> None:
    """Raise `Refused` for `{"success": 0 …}` in any spelling; a record or an answer without `success` passes."""
    if "success" in payload and not is_yes(payload["success"]):
        raise Refused(vendor_message(payload))


def vendor_message(payload: JsonValue | Mapping[str, JsonValue]) -> str:
    """The vendor's own words in an answer, where there are any (the shape of errors is not documented)."""
    return _words(payload, _MESSAGE_DEPTH) if isinstance(payload, Mapping) else ""


def _words(value: JsonValue | Mapping[str, JsonValue], depth: int) -> str:
    if depth == 0:
        return ""
    if isinstance(value, Mapping):
        return next((words for key in _MESSAGE_KEYS if (words := _words(value.get(key), depth - 1))), "")
    if isinstance(value, list):
        return "; ".join(words for item in value if (words := _words(item, depth - 1)))
    return "" if isinstance(value, bool) else text_of(value)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    """`NaN`, `Infinity` and `1e999` are no JSON, though Python's parser lets them through."""
    raise ValueError(text)
