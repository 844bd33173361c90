"""The methods this server speaks and their parameters, and how a request's text becomes values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from antcrm_tools.sandbox.telegram.objects import as_array, as_integer, as_object
from antcrm_tools.sandbox.telegram.wrongs import Wrong

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MISSING: Final[Mapping[str, str]] = MappingProxyType(
    {"text": "message text is empty", "photo": "there is no photo in the request"}
)
"""What Telegram says when it is."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``kind`` is integer, boolean, text, array, object or file."""

    kind: str
    required: bool = False


def _parameters(written: str) -> Mapping[str, Parameter]:
    parts = [part.partition(":") for part in written.split()]
    return {name: Parameter(kind.rstrip("!"), kind.endswith("!")) for name, _, kind in parts}


METHODS: Final[Mapping[str, Mapping[str, Parameter]]] = MappingProxyType(
    {
        "getMe": _parameters(""),
        "getUpdates": _parameters("offset:integer limit:integer timeout:integer allowed_updates:array"),
        "deleteWebhook": _parameters("drop_pending_updates:boolean"),
        "getWebhookInfo": _parameters(""),
        "setMyCommands": _parameters("commands:array! scope:object language_code:text"),
        "getMyCommands": _parameters("scope:object language_code:text"),
        "setMyDescription": _parameters("description:text language_code:text"),
        "getMyDescription": _parameters("language_code:text"),
        "setMyShortDescription": _parameters("short_description:text language_code:text"),
        "getMyShortDescription": _parameters("language_code:text"),
        "sendMessage": _parameters(
            "chat_id:integer! text:text! parse_mode:text entities:array link_preview_options:object "
            "disable_notification:boolean protect_content:boolean reply_parameters:object reply_markup:object"
        ),
        "sendPhoto": _parameters(
            "chat_id:integer! photo:file! caption:text parse_mode:text caption_entities:array "
            "disable_notification:boolean protect_content:boolean reply_parameters:object reply_markup:object"
        ),
        "editMessageText": _parameters(
            "chat_id:integer! message_id:integer! text:text! parse_mode:text entities:array "
            "link_preview_options:object reply_markup:object"
        ),
        "editMessageReplyMarkup": _parameters("chat_id:integer! message_id:integer! reply_markup:object"),
        "deleteMessage": _parameters("chat_id:integer! message_id:integer!"),
        "answerCallbackQuery": _parameters(
            "callback_query_id:text! text:text show_alert:boolean url:text cache_time:integer"
        ),
        "setMessageReaction": _parameters("chat_id:integer! message_id:integer! reaction:array is_big:boolean"),
        "sendChatAction": _parameters("chat_id:integer! action:text!"),
        "leaveChat": _parameters("chat_id:integer!"),
    }
)
"""What a bot that serves one person at a time needs; every other method and parameter is refused."""


def decode(method: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Wrong]]:
    """Values of the types the parameters have; what has another type stays as it came and is wrong."""
    known = METHODS[method]
    values: dict[str, Any] = {}
    wrongs: list[Wrong] = []
    for name, raw in given.items():
        if name not in known:
            values[name] = raw
            wrongs.append(Wrong(f"{name} is no parameter of it here"))
            continue
        kind = known[name].kind
        value = _value(kind, raw)
        values[name] = raw if value is None else value
        if value is None:
            wrongs.append(Wrong(f"{name} is not of the type {kind}"))
    wrongs += [
        Wrong(f"{name} is missing", f"Bad Request: {_MISSING.get(name, f'{name} is empty')}")
        for name, parameter in known.items()
        if parameter.required and name not in given
    ]
    return values, wrongs


def _value(kind: str, raw: Any) -> Any:
    """None when it is none of that kind."""
    match kind:
        case "integer" if isinstance(raw, str):
            return int(raw) if _INTEGER.fullmatch(raw) else None
        case "integer":
            return as_integer(raw)
        case "boolean":
            return {"true": True, "false": False}.get(str(raw).lower())
        case "text":
            return raw if isinstance(raw, str) else None
        case "file":
            # What Telegram has already, and what it should fetch, would be text.
            return raw if isinstance(raw, bytes) else None
        case _:
            whole = _parsed(raw) if isinstance(raw, str) else raw
            return as_array(whole) if kind == "array" else as_object(whole)


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
