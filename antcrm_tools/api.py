# INTERIM: replaced by the real client
"""One method per endpoint of AntCRM's customer API."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo

import httpx

from antcrm_tools.errors import *
from antcrm_tools.identity import phones
from antcrm_tools.meaning import email_key
from antcrm_tools.models import Customer
from antcrm_tools.text import msg
from antcrm_tools.wire import *
from antcrm_tools.wire.dates import day_in

PAGE = 20


@dataclass(frozen=True)
class Retry:
    attempts: int = 3
    base: float = 0.3
    cap: float = 5.0
    budget: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Page:
    customers: tuple[Customer, ...]
    number: int
    last: bool


class AntCrmApi:
    def __init__(
        self,
        base_url,
        key,
        *,
        pace,
        region="VN",
        timezone: tzinfo = timezone(timedelta(hours=7)),
        app=None,
        transport=None,
        retry=Retry(),
    ):
        self._pace = pace
        self._retry = retry
        self._region = region
        self._zone = timezone
        if app is not None:
            transport = httpx.ASGITransport(app=app)
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"apikey": key.get_secret_value()},
            transport=transport,
            timeout=httpx.Timeout(connect=5, read=15, write=10, pool=20),
        )
        self._base = None
        self._full = False

    async def aclose(self):
        await self._http.aclose()

    async def get(self, ref, *, background=False):
        params = {"contactType": ref.space, **write_ref(ref)}
        rows = await self._read(params, background)
        if rows is None or not rows:
            raise NotFound(str(ref))
        hits = [r for r in rows if r.as_ref() == ref]
        if len(hits) != len(rows):
            raise FilterIgnored(next(iter(write_ref(ref))))
        return hits[0]

    async def page(self, query, number=0, *, background=False):
        first = await self._rows(query, None, background)
        if number == 0:
            return self._page(query, first, 0)
        await self._find_base(query, first, background)
        rows = await self._rows(query, number + (self._base or 0), background)
        if rows and {r.ref for r in rows} <= {r.ref for r in first}:
            raise PagingBroken
        return self._page(query, rows, number)

    async def walk(self, query, *, background=False):
        number, seen = 0, set()
        while True:
            page = await self.page(query, number, background=background)
            new = [c for c in page.customers if c.ref not in seen]
            if page.customers and not new:
                raise PagingBroken
            for c in new:
                seen.add(c.ref)
                yield c
            if page.last:
                return
            number += 1

    def _page(self, query, rows, number):
        self._full = self._full or len(rows) >= PAGE
        last = not rows or (len(rows) < PAGE and (self._full or len(rows) < 5))
        return Page(tuple(r for r in rows if self._in(query, r)), number, last)

    def _in(self, q, c):
        def ok(m, a, b):
            d = day_in(m, self._zone)
            return d is None or ((a is None or d >= a) and (b is None or d <= b))

        return ok(c.created_at, q.created_from, q.created_to) and ok(c.updated_at, q.updated_from, q.updated_to)

    async def _find_base(self, query, first, background):
        if self._base is not None:
            return
        one = await self._rows(query, 1, background)
        a, b = {r.ref for r in first}, {r.ref for r in one}
        self._base = 1 if len(a & b) * 2 > len(a) else 0

    async def _rows(self, query, page, background):
        day = timedelta(days=1)
        wide = query.model_copy(
            update={
                k: getattr(query, k) + s
                for k, s in (("created_from", -day), ("updated_from", -day), ("created_to", day), ("updated_to", day))
                if getattr(query, k)
            }
        )
        params = {**write_query(wide), "limit": str(PAGE)}
        if page is not None:
            params["page"] = str(page)
        rows = await self._read(params, background) or []
        for r in rows:
            if query.phone is not None and not any(phones.same(p.value, query.phone, self._region) for p in r.phones):
                raise FilterIgnored("phone")
            if query.email is not None and not any(email_key(e.value) == email_key(query.email) for e in r.emails):
                raise FilterIgnored("email")
            if query.kind is not None and r.kind != query.kind:
                raise FilterIgnored("contactType")
            if query.space is not None and r.as_ref().space != query.space:
                raise FilterIgnored("contactType")
        return rows

    async def _read(self, params, background):
        deadline = self._retry.clock() + self._retry.budget
        for attempt in range(1, self._retry.attempts + 1):
            await self._pace.turn(background=background)
            error, after = None, None
            try:
                r = await self._http.get("/contacts", params=params)
            except httpx.TransportError:
                error = NotActed(msg("AntCRM could not be reached."), then=msg("Check the connection and try again."))
            else:
                if r.status_code in (429, 503):
                    after = float(r.headers.get("retry-after", 0) or 0)
                    self._pace.trouble(after)
                    error = (
                        RateLimited(after)
                        if r.status_code == 429
                        else NotActed(
                            msg("AntCRM is in trouble (error {status}).", status=503),
                            then=msg("Try again in a minute."),
                        )
                    )
                elif r.status_code >= 500:
                    error = NotActed(
                        msg("AntCRM is in trouble (error {status}).", status=r.status_code),
                        then=msg("Try again in a minute."),
                    )
                else:
                    self._pace.fine()
                    return self._answer(r)
            wait = max(after or 0, min(self._retry.cap, self._retry.base * 2**attempt) * self._retry.random())
            if attempt == self._retry.attempts or self._retry.clock() + wait > deadline:
                raise error from None
            await self._retry.sleep(wait)

    def _answer(self, r):
        if r.status_code == 404:
            return None
        self._refuse(r)
        return read_customers(read_json(r.content))

    def _refuse(self, r):
        if r.status_code in (401, 403):
            raise Unauthorised(self._words(r))
        if r.status_code >= 400:
            raise Refused(self._words(r))

    def _words(self, r):
        try:
            return vendor_message(read_json(r.content))
        except UnreadableAnswer:
            return ""

    async def _write(self, method, path, body, ref=None):
        await self._pace.turn()
        try:
            r = await self._http.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotActed(
                msg("AntCRM could not be reached."), then=msg("Check the connection and try again.")
            ) from None
        except httpx.HTTPError:
            raise MayHaveActed(msg("AntCRM's answer was lost.")) from None
        if r.status_code == 429:
            raise RateLimited(None)
        if r.status_code == 404 and ref is not None:
            raise NotFound(str(ref), self._words(r))
        if r.status_code >= 500 or 300 <= r.status_code < 400:
            raise MayHaveActed(msg("AntCRM answered with error {status}.", status=r.status_code))
        self._refuse(r)
        try:
            return read_written(read_json(r.content))
        except UnreadableAnswer:
            raise MayHaveActed(msg("AntCRM's answer could not be read.")) from None

    async def create(self, draft):
        return await self._write("POST", "/contacts", write_draft(draft))

    async def create_many(self, drafts):
        return await self._write("POST", "/contacts/package", [write_draft(d) for d in drafts])

    async def edit(self, ref, edit):
        return await self._write("PUT", "/contacts", write_edit(ref, edit), ref)

    async def delete(self, ref):
        await self._write("DELETE", "/contacts", write_ref(ref), ref)
