"""AntCRM's customer API over HTTP. The only module that knows httpx.

Reads are tried again, writes never. An httpx error holds the request and with it the key, so it is turned into a value
where it is caught, and no error of ours has one behind it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta, timezone, tzinfo
from typing import Any, Literal

import anyio
import httpx
from pydantic import JsonValue, SecretStr

from antcrm_tools import wire
from antcrm_tools.addresses import ANTCRM, address_problem, not_an_address
from antcrm_tools.answers import SLOW_DOWN, Answer, Look, Lost, Reader, broke_off, why_again, why_unreached
from antcrm_tools.bearing import asked_for, is_deleted, the_one, widened
from antcrm_tools.errors import BadInput, NotActed, RateLimited, UnreadableAnswer
from antcrm_tools.learning import Memory
from antcrm_tools.logs import WithoutQueries
from antcrm_tools.models import Customer, Draft, Edit, Query
from antcrm_tools.pace import Pace, Retry, read_retry_after
from antcrm_tools.paging import NOTHING, PAGE_MAX, Batch, Page, Paging
from antcrm_tools.refs import Ref
from antcrm_tools.text import msg
from antcrm_tools.watching import Watch
from antcrm_tools.wire import Written

__all__ = ["BULK_MAX", "AntCrmApi", "Page", "Retry", "Written"]

Method = Literal["GET", "POST", "PUT", "DELETE"]

BULK_MAX = 100
"""Rows of one package: "at most 100 per request"."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
"""Without a byte of the answer."""
WRITE_SECONDS = 10.0
POOL_SECONDS = 20.0
"""For a free connection."""
WHOLE_SECONDS = 60.0
"""For one request from connecting to the last byte, as an answer may come in drops. More than the others together."""

_CONTACTS = "/contacts"
_PACKAGE = "/contacts/package"
_TIMEOUT = httpx.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS, write=WRITE_SECONDS, pool=POOL_SECONDS)
# LocalProtocolError is not among them: a request can break its protocol after half of it was sent.
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_KEY = re.compile(r"[\x21-\x7e]+")
_VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


Check = Callable[[], None]
"""Called in the moment before a write leaves, after all waiting; what it raises keeps the write here."""


def no_check() -> None:
    """For a write that nothing can make too late."""


# httpx logs addresses, and the query holds customers' phones and e-mails.
logging.getLogger("httpx").addFilter(WithoutQueries((_CONTACTS, _PACKAGE)))


class AntCrmApi:
    """One method per endpoint of AntCRM's customer API."""

    def __init__(
        self,
        base_url: str,
        key: SecretStr,
        *,
        pace: Pace,
        region: str = "VN",
        timezone: tzinfo = _VIETNAM,
        app: Callable[..., Any] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        retry: Retry | None = None,
        watch: Watch | None = None,
        memory: Memory | None = None,
    ) -> None:
        """`base_url` may have a path; the key goes into the header `apikey` (row "auth").

        Args:
            base_url: where AntCRM is.
            key: the company's secret.
            pace: the rate limit, shared by all requests of this AntCRM.
            region: where a phone without + is from, when an answer's phones are compared with the one asked for.
            timezone: in which a day of a query is a day.
            app: an AntCRM in this process (ASGI), reached without a port.
            transport: the network, for tests.
            retry: how reads are tried again.
            watch: told of everything that is read.
            memory: what earlier processes found out about this AntCRM's pages.

        Raises:
            BadInput: the address or the key cannot be one.
        """
        if app is not None and transport is not None:
            raise ValueError("either an app or a transport")
        secret = key.get_secret_value().strip()
        if not _KEY.fullmatch(secret):
            raise BadInput(
                msg("ANTCRM_API_KEY is empty or holds characters that no key has."),
                then=msg("Copy the key again as AntCRM gave it, without spaces or quotes."),
            )
        self._key = SecretStr(secret)
        self._pace = pace
        self._region = region
        self._zone = timezone
        self._retry = retry or Retry()
        self.watch = watch
        self._reader = Reader(self._key)
        self._paging = Paging(self._batch, memory)
        if app is not None:
            # An app that breaks answers 500, as it would behind a port.
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        # Redirects are not followed: one could carry the key to another address, and a write to nobody knows where.
        self._client = httpx.AsyncClient(
            base_url=_checked(base_url), timeout=_TIMEOUT, transport=transport, follow_redirects=False
        )

    async def get(self, ref: Ref, *, background: bool = False) -> Customer:
        """One customer by its number.

        Raises:
            NotFound: there is none.
            FilterIgnored: the answer holds another customer.
            NotActed, Refused, UnreadableAnswer: as for every read.
        """
        params = {"contactType": ref.space, "leadId" if ref.space == "lead" else "customerId": ref.id}
        customers, begun = await self._read(params, background)
        if self.watch is not None and all(c.as_ref() == ref and is_deleted(c) for c in customers):
            await self.watch.missing(ref, begun)
        return the_one(ref, customers)

    async def page(self, query: Query, number: int = 0, *, background: bool = False) -> Page:
        """One page of a list, counted from 0 whatever AntCRM's own count; past the end it is empty and the last.

        Windows of days are sent a day wider and cut to what was asked for here, so a page may be short and not the
        last (row "day filters are in UTC or Vietnam time").

        Raises:
            FilterIgnored: the answer holds customers that were not asked for.
            PagingBroken: it is the page before once more.
            NotActed, Refused, UnreadableAnswer: as for every read.
        """
        return await self._paging.page(query, number, background)

    def walk(self, query: Query, *, background: bool = False) -> AsyncIterator[Customer]:
        """Every customer of a list, each once, in AntCRM's order but for those that moved to the front meanwhile.

        Raises:
            FilterIgnored, PagingBroken, NotActed, Refused, UnreadableAnswer: as `page`; what came before is incomplete.
        """
        return self._paging.walk(query, background)

    async def create(self, draft: Draft, *, check: Check = no_check) -> Written:
        """Add one customer. Success without an id gives no refs: what that means is for the caller to find out.

        Raises:
            NotActed, Refused, MayHaveActed: as for every write.
        """
        return await self._write("POST", _CONTACTS, wire.write_draft(draft), check=check)

    async def create_many(self, drafts: Sequence[Draft], *, check: Check = no_check) -> Written:
        """Add 1 to 100 customers in one request. The order of the refs means nothing (it is not documented).

        Raises:
            NotActed, Refused, MayHaveActed: as for every write.
        """
        if not 1 <= len(drafts) <= BULK_MAX:
            raise ValueError(f"a package has 1 to {BULK_MAX} rows, not {len(drafts)}")
        return await self._write("POST", _PACKAGE, [wire.write_draft(draft) for draft in drafts], check=check)

    async def name_by_code(self, code: str, name: str, *, check: Check = no_check) -> Written:
        """Write the name of the customer that bears our code. Whether it met one only a ref that reads back says.

        Raises:
            NotActed, Refused, MayHaveActed: as for every write.
        """
        return await self._write("PUT", _CONTACTS, wire.write_by_code(code, Edit(name=name)), check=check)

    async def edit(self, ref: Ref, edit: Edit, *, check: Check = no_check) -> Written:
        """Write the fields that are set in `edit`, and no others.

        Raises:
            NotFound: there is no such customer.
            NotActed, Refused, MayHaveActed: as for every write.
        """
        return await self._write("PUT", _CONTACTS, wire.write_edit(ref, edit), ref, check=check)

    async def delete(self, ref: Ref, *, check: Check = no_check) -> None:
        """Delete one customer, by exactly one id in the body.

        Raises:
            NotFound: there is no such customer.
            NotActed, Refused, MayHaveActed: as for every write.
        """
        await self._write("DELETE", _CONTACTS, wire.write_ref(ref), ref, check=check)

    async def look(self, params: Mapping[str, str]) -> Look:
        """One GET as it was answered: sent once, told to nobody, and held against nothing that was asked for.

        Raises:
            NotActed, Refused, UnreadableAnswer: as for every read, telling apart why AntCRM was not reached.
        """
        await self._turn(background=False)
        begun = self._retry.clock()
        answer = await self._send("GET", _CONTACTS, params=params)
        return self._reader.look(answer, self._retry.clock() - begun)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _batch(self, query: Query, number: int | None, background: bool) -> Batch:
        params = wire.write_query(widened(query)) | {"limit": str(PAGE_MAX)}
        if number is not None:
            params["page"] = str(number)
        customers, _ = await self._read(params, background)
        if not customers:
            return NOTHING
        kept = asked_for(query, customers, region=self._region, zone=self._zone)
        return Batch(tuple(kept), frozenset(c.as_ref() for c in customers), len(customers))

    async def _read(self, params: Mapping[str, str], background: bool) -> tuple[list[Customer], float]:
        """The customers in the answer to GET, after as many attempts as `Retry` allows, and when that one began."""
        await self._turn(background)
        deadline = self._retry.clock() + self._retry.budget
        failures = 0
        while True:
            begun = 0.0 if self.watch is None else self.watch.begin()
            answer = await self._send("GET", _CONTACTS, params=params)
            problem: NotActed | UnreadableAnswer | None = why_again(answer)
            if problem is None and isinstance(answer, Answer):
                try:
                    return await self._watched(self._reader.customers(answer), begun)
                except UnreadableAnswer as error:
                    if not broke_off(answer):
                        raise
                    problem = error
            failures += 1
            delay = self._retry.delay(failures, problem.retry_after if isinstance(problem, RateLimited) else None)
            if problem is not None and (failures >= self._retry.attempts or self._retry.clock() + delay > deadline):
                raise problem
            await self._retry.sleep(delay)
            await self._turn(background)

    async def _watched(self, customers: list[Customer], begun: float) -> tuple[list[Customer], float]:
        if self.watch is not None:
            await self.watch.seen([customer for customer in customers if not is_deleted(customer)], begun)
        return customers, begun

    async def _write(
        self, method: Method, path: str, body: JsonValue, ref: Ref | None = None, *, check: Check
    ) -> Written:
        await self._turn(background=False)
        check()
        return self._reader.written(await self._send(method, path, body=body), ref)

    async def _turn(self, background: bool) -> None:
        """Wait for a turn; a person is told at once where AntCRM asked for a wait longer than anyone waits.

        Raises:
            RateLimited: nothing was sent.
        """
        if not background and (held := self._pace.held) > self._retry.budget:
            raise RateLimited(held)
        await self._pace.turn(background)

    async def _send(
        self, method: Method, path: str, *, params: Mapping[str, str] | None = None, body: JsonValue = None
    ) -> Answer | Lost:
        """One request, once. Never raises for what happens on the network."""
        lost = Lost(sent=True, why=msg("AntCRM did not answer in time."))
        with anyio.move_on_after(WHOLE_SECONDS):
            headers = {"apikey": self._key.get_secret_value()}
            try:
                response = await self._client.request(method, path, params=params, json=body, headers=headers)
            except _BEFORE_SENDING as error:
                return Lost(sent=False, why=msg("AntCRM could not be reached."), closer=why_unreached(error))
            except httpx.TimeoutException:
                return lost
            except httpx.HTTPError:
                return Lost(sent=True, why=msg("The connection to AntCRM broke off before its answer was complete."))
            said = response.headers
            wait = read_retry_after(said.get("retry-after"), self._retry.wall())
            answer = Answer(response.status_code, response.content, wait, said.get("date", ""))
            if answer.status in SLOW_DOWN:
                self._pace.trouble(answer.retry_after)
            else:
                self._pace.fine()
            return answer
        return lost


def _checked(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        raise BadInput(not_an_address(ANTCRM)) from None
    rest = bool(url.query or url.fragment)
    if wrong := address_problem(ANTCRM, scheme=url.scheme, host=url.host, user=url.userinfo, rest=rest):
        raise BadInput(wrong)
    return url
