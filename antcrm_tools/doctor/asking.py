"""The requests of one examination: reads only, so many at most, in so much time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import anyio

from antcrm_tools.errors import CrmError, NotActed, UnreadableAnswer
from antcrm_tools.models import Customer
from antcrm_tools.paging import PAGE_MAX
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg

if TYPE_CHECKING:
    from antcrm_tools.answers import Look
    from antcrm_tools.api import AntCrmApi

MOST = 25
"""Requests of one examination."""

LONGEST = 60.0
"""Seconds for all of them together."""

_LOSSES = 3
"""Requests without an answer after which no more are sent."""


class Asking:
    """Asks one AntCRM, and counts."""

    def __init__(self, api: AntCrmApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, of this machine."""
        self._api = api
        self._clock = clock
        self._end = clock() + LONGEST
        self._lost = 0
        self.sent = 0

    async def ask(self, limit: int = PAGE_MAX, /, **params: str | int) -> Look | CrmError:
        """One GET, or what was wrong with it."""
        left = self._end - self._clock()
        if self.sent >= MOST or left <= 0 or self._lost >= _LOSSES:
            return NotActed(msg("It was not looked at, because AntCRM had not answered well enough before."))
        self.sent += 1
        try:
            with anyio.fail_after(left):
                return await self._api.look(
                    {**{name: str(value) for name, value in params.items()}, "limit": str(limit)}
                )
        except TimeoutError:
            self._lost += 1
            return NotActed(msg("AntCRM did not answer in time."))
        except NotActed as error:
            self._lost += 1
            return error
        except CrmError as error:
            return error


def refs(customers: Iterable[Customer]) -> frozenset[Ref]:
    """Who they are."""
    return frozenset(customer.as_ref() for customer in customers)


def why(error: CrmError) -> Text:
    """What was wrong, without AntCRM's own words: they may be a customer's data."""
    if isinstance(error, NotActed) or error.code == "unauthorised":
        return error.what
    if isinstance(error, UnreadableAnswer):
        if not error.quote:
            return error.what
        if error.quote.lstrip().startswith("<"):
            return msg("A web page was answered where customers should be.")
        return msg("The answer could not be read.")
    return msg("AntCRM refused it.")
