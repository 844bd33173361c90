"""What the sandbox answers, before it becomes a response."""

import json
from dataclasses import dataclass, field
from typing import Any

from antcrm_tools.sandbox.switches import RefusalStyle


class RefusedError(Exception):
    """AntCRM does not accept the request; the text is its message."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; ``acted`` says whether it changed what is stored."""

    status: int
    text: str
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    acted: bool = False


def answer(content: Any, *, status: int = 200, acted: bool = False) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False), acted=acted)


def failure(status: int, message: str, retry_after: int | None = None) -> Answer:
    """``{"success": 0, "message": ..}``; the vendor's page shows no failure, so this shape is a guess."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Answer(status, json.dumps({"success": 0, "message": message}, ensure_ascii=False), headers=headers)


def page(status: int, title: str) -> Answer:
    """An HTML page, as a web server in front of an API answers."""
    text = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Answer(status, text, media_type="text/html")


def refused(message: str, style: RefusalStyle) -> Answer:
    if style == "html":
        return page(400, "400 Bad Request")
    return failure(200 if style == "success0" else 400, message)


def unknown(style: str) -> Answer:
    """The answer about a customer that is not there: ``404``, ``success0``, ``html`` or ``empty_success``."""
    if style == "empty_success":
        return answer({"success": 1})
    if style == "html":
        return page(404, "404 Not Found")
    return failure(200 if style == "success0" else 404, "Customer not found")
