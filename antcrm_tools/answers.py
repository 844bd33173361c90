"""What an answer of AntCRM means. Pure.

What matters about a failure is whether AntCRM may have acted (row "what a failure of a write looks like"):

    before anything left this machine          → NotActed            no connection, no free connection
    429                                        → RateLimited         it did not act
    401, 403; 404; other 4xx; 200 `success: 0` → Unauthorised; NotFound; Refused
    anything else after sending a write        → MayHaveActed        5xx, time-out, cut or unreadable answer, redirect
    anything else after sending a read         → NotActed, or UnreadableAnswer when an answer came
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NoReturn, TypeVar, cast

from pydantic import JsonValue, SecretStr

from antcrm_tools import wire
from antcrm_tools.errors import (
    BrokenRead,
    MayHaveActed,
    NotActed,
    NotFound,
    RateLimited,
    Refused,
    Unauthorised,
    UnreadableAnswer,
)
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg

T = TypeVar("T")

SLOW_DOWN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Row "rate limit: 429, or 503 as in the sibling API"."""

_DONE = range(200, 300)
_REFUSED = range(400, 500)
_GAVE_UP = frozenset({HTTPStatus.REQUEST_TIMEOUT, 499})  # somebody in between stopped waiting; AntCRM may go on
_BROKEN = range(500, 1000)
_AGAIN = msg("Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole. `retry_after` in seconds, where AntCRM said."""

    status: int
    body: bytes
    retry_after: float | None = None
    date: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer. `sent` is whether anything may have reached AntCRM; `closer` what exactly was in the way, if known."""

    sent: bool
    why: Text
    closer: Text | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """An answer to GET with all that can be seen of it: `payload` as it came, `date` by AntCRM's clock."""

    customers: tuple[Customer, ...]
    payload: JsonValue
    status: int
    seconds: float
    date: datetime | None


class Reader:
    """Reads answers, and quotes AntCRM's words in errors without the key, even where AntCRM repeats it."""

    def __init__(self, key: SecretStr) -> None:
        """`key`: what must not be quoted."""
        self._key = key

    def customers(self, answer: Answer) -> list[Customer]:
        """The customers in an answer to GET; none for a 404.

        Raises:
            Unauthorised, Refused: AntCRM said no.
            UnreadableAnswer: it cannot be read, which is never an empty list.
        """
        if answer.status == HTTPStatus.NOT_FOUND:
            # A 404 in HTML is the web server's: nothing lives at this address, which is not "no such customer".
            if answer.body.strip():
                wire.read_json(self._hidden(answer.body))
            return []
        if answer.status in _REFUSED:
            self._refuse(answer)
        if answer.status not in _DONE:
            raise UnreadableAnswer("", what=_unexpected(answer))
        return self._parsed(answer, wire.read_customers)

    def look(self, answer: Answer | Lost, seconds: float) -> Look:
        """An answer to GET that took so many seconds.

        Raises:
            NotActed, Unauthorised, Refused, UnreadableAnswer: there are no customers in it to be read.
        """
        if isinstance(answer, Lost):
            raise NotActed(answer.closer or answer.why, then=_AGAIN)
        if (problem := why_again(answer)) is not None:
            raise problem
        customers = tuple(self.customers(answer))
        missing = answer.status == HTTPStatus.NOT_FOUND
        payload = None if missing else wire.read_json(self._hidden(answer.body))
        return Look(customers, payload, answer.status, seconds, _moment(answer.date))

    def written(self, answer: Answer | Lost, ref: Ref | None) -> wire.Written:
        """What a write did; `ref` is the customer it was about, if there was one before.

        Raises:
            NotActed, RateLimited: it was not done.
            NotFound, Unauthorised, Refused: AntCRM said no.
            MayHaveActed: everything else.
        """
        if isinstance(answer, Lost):
            raise MayHaveActed(answer.why) if answer.sent else NotActed(answer.why, then=_AGAIN)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(answer.retry_after)
        if answer.status == HTTPStatus.NOT_FOUND and ref is not None:
            raise NotFound(str(ref), self._message(answer))
        if answer.status in _GAVE_UP:
            raise MayHaveActed(_unexpected(answer))
        if answer.status in _REFUSED:
            self._refuse(answer)
        if answer.status not in _DONE:
            raise MayHaveActed(_unexpected(answer))
        try:
            return self._parsed(answer, wire.read_written)
        except UnreadableAnswer as unreadable:
            why = unreadable.what
        raise MayHaveActed(why)

    def _parsed(self, answer: Answer, read: Callable[[JsonValue], T]) -> T:
        try:
            return read(wire.read_json(answer.body))
        except (Refused, UnreadableAnswer):
            hidden = self._hidden(answer.body)
            if hidden == answer.body:
                raise
        return read(wire.read_json(hidden))

    def _refuse(self, answer: Answer) -> NoReturn:
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise Unauthorised(self._message(answer))
        raise Refused(self._message(answer))

    def _message(self, answer: Answer) -> str:
        """The vendor's words; none where the body is not JSON (an HTML page of a server in between)."""
        try:
            return wire.vendor_message(wire.read_json(self._hidden(answer.body)))
        except UnreadableAnswer:
            return ""

    def _hidden(self, body: bytes) -> bytes:
        return body.replace(self._key.get_secret_value().encode(), b"***")


def why_again(answer: Answer | Lost) -> NotActed | None:
    """What is wrong with an answer to a read that may be better the next time; None when it is to be read."""
    if isinstance(answer, Lost):
        return NotActed(answer.why, then=_AGAIN)
    slow_down = answer.status in SLOW_DOWN and answer.retry_after is not None
    if slow_down or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(answer.retry_after)
    return BrokenRead(_unexpected(answer), then=_AGAIN) if answer.status in _BROKEN else None


def why_unreached(error: BaseException) -> Text | None:
    """What was in the way before anything was sent, told by what lies under the error; None where it cannot be told."""
    for one in _under(error):
        if isinstance(one, socket.gaierror):
            return msg("The name in ANTCRM_BASE_URL is not known on this network.")
        if isinstance(one, ssl.SSLCertVerificationError):
            return msg("The connection to AntCRM is not safe: its certificate is not accepted here.")
        if isinstance(one, ssl.SSLError):
            return msg("What answers at ANTCRM_BASE_URL cannot be spoken to over https.")
        if isinstance(one, ConnectionRefusedError):
            return msg("Nothing listens at ANTCRM_BASE_URL: the connection was refused.")
        if isinstance(one, TimeoutError):
            return msg("AntCRM did not answer when it was called: the connection timed out.")
    return None


def _under(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inside = cast("tuple[BaseException, ...]", getattr(one, "exceptions", ()))  # of a group
        waiting += [each for each in (*inside, one.__context__, one.__cause__) if each is not None]


def _moment(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    # A date in "-0000" is read without a zone, and means UTC.
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def broke_off(answer: Answer) -> bool:
    """Whether an answer that cannot be read begins as one that could: it was cut on its way."""
    if answer.status not in _DONE or answer.body.lstrip()[:1] not in {b"{", b"["}:
        return False
    try:
        wire.read_json(answer.body)
    except UnreadableAnswer:
        return True
    return False


def _unexpected(answer: Answer) -> Text:
    if answer.status in _BROKEN or answer.status in _GAVE_UP:
        return msg("AntCRM answered with an error of its own ({status}).", status=answer.status)
    return msg("AntCRM answered with a redirect, which is not followed.")
