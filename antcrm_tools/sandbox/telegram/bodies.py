"""The ways a request brings parameters: in the address, as a form, as JSON, in parts."""

import email.policy
import json
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from antcrm_tools.sandbox.telegram.objects import as_object


async def given(request: Request) -> dict[str, Any]:
    """The parameters as they came, text where they did not come as JSON; a file is bytes.

    Raises:
        ValueError: The body is not of the kind it says it is.
    """
    raw = await request.body()
    address = dict(parse_qsl(request.url.query, keep_blank_values=True))
    kind = request.headers.get("content-type", "")
    if not raw:
        return dict(address)
    if kind.startswith("application/json"):
        body = as_object(json.loads(raw))
        if body is None:
            raise ValueError("no JSON object")
        # None is how some clients say that they do not give a parameter.
        return {**address, **{name: value for name, value in body.items() if value is not None}}
    if kind.startswith("multipart/form-data"):
        return {**address, **_parts(kind, raw)}
    return {**address, **dict(parse_qsl(raw.decode(), keep_blank_values=True))}


def _parts(kind: str, raw: bytes) -> dict[str, str | bytes]:
    whole = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw, policy=email.policy.HTTP)
    found: dict[str, str | bytes] = {}
    for part in whole.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode() if part.get_filename() is None else content
    return found
