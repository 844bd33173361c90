"""Single values of AntCRM's JSON as text. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from pydantic import JsonValue

_NAME_KEYS = ("name", "label", "title", "value")


def text_of(value: JsonValue) -> str:
    """One value as text; numbers without a trailing `.0`; containers are no text."""
    if isinstance(value, str):
        return (value if value.isascii() else sound(value)).strip()
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def id_of(value: JsonValue) -> str:
    """An id: a number or text. `false` is a way to say that there is none."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return text_of(value)


def name_of(value: JsonValue) -> str:
    """A name, given as text or as `{_id, name}`."""
    if isinstance(value, dict):
        return next((text for key in _NAME_KEYS if (text := text_of(value.get(key)))), "")
    return text_of(value)


def staff_of(value: JsonValue) -> str:
    """A member of staff: the e-mail where there is one, else the name."""
    if isinstance(value, dict):
        return text_of(value.get("email")) or name_of(value)
    return text_of(value)


def items_of(value: JsonValue) -> list[JsonValue]:
    """An array; a lone value counts as an array of one, nothing as an empty one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def is_nothing(value: JsonValue) -> bool:
    """Whether a value holds nothing at all: null, `""`, or a container of such."""
    if isinstance(value, dict):
        return all(is_nothing(part) for part in value.values())
    if isinstance(value, list):
        return all(is_nothing(part) for part in value)
    return value is None or (isinstance(value, str) and not value.strip())


def is_yes(value: JsonValue) -> bool:
    """Whether a flag is set, in any spelling."""
    return text_of(value).casefold() not in {"", "0", "false"}


def sound(text: str) -> str:
    """Text that can be sent and stored: half a character (an emoji cut in two) becomes `\N{REPLACEMENT CHARACTER}`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sound_json(value: JsonValue) -> JsonValue:
    """The same, for every text in a value."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, list):
        return [sound_json(part) for part in value]
    if isinstance(value, dict):
        return {sound(key): sound_json(part) for key, part in value.items()}
    return value


def quoted(payload: JsonValue | Mapping[str, JsonValue]) -> str:
    """An answer as JSON again, to be quoted in an error."""
    try:
        return json.dumps(payload, ensure_ascii=False)
    except RecursionError:
        return "{…}" if isinstance(payload, dict) else "[…]"
