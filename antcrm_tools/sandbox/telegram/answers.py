"""Answers in Telegram's form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

TERMINATED: Final = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
NOT_MODIFIED: Final = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as "
    "a current content and reply markup of the message"
)
TOO_OLD: Final = "Bad Request: query is too old and response timeout expired or query ID is invalid"

_REASONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        409: TERMINATED,
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }
)


class RefusedError(Exception):
    """A call Telegram refuses, with its words for it."""

    def __init__(self, status: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])


def good(result: Any) -> Answer:
    return Answer(200, json.dumps({"ok": True, "result": result}))


def refusal(status: int, description: str | None = None, *, retry_after: int | None = None) -> Answer:
    """``{"ok": false, ...}``; without a description, the one Telegram has for the status. 429 always says when."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        retry_after = 1 if retry_after is None else retry_after
        description = description or f"Too Many Requests: retry after {retry_after}"
    body: dict[str, Any] = {
        "ok": False,
        "error_code": status,
        "description": description or _REASONS.get(status, "Error"),
    }
    if retry_after is not None:
        body["parameters"] = {"retry_after": retry_after}
    return Answer(status, json.dumps(body))


def page(status: int) -> Answer:
    """What a proxy puts in the way."""
    title = f"{status} {_REASONS.get(status, 'Error')}"
    text = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>"
    return Answer(status, text, "text/html")
