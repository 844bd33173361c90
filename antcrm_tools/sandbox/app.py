"""The endpoints: the key, the faults, and the way from a request to an answer."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from antcrm_tools.sandbox.answers import Answer, RefusedError, failure, refused
from antcrm_tools.sandbox.faults import Fault, Faults
from antcrm_tools.sandbox.log import LoggedRequest, new_log
from antcrm_tools.sandbox.losses import WHOLE, asked_losses, losses
from antcrm_tools.sandbox.reads import read
from antcrm_tools.sandbox.store import Row, Store
from antcrm_tools.sandbox.switches import Switches
from antcrm_tools.sandbox.writes import Writes, as_object

PACKAGE = "/contacts/package"


@dataclass(slots=True)
class Endpoints:
    """AntCRM's customer API over a store."""

    store: Store
    switches: Switches
    clock: Callable[[], datetime]
    api_key: str
    faults: Faults = field(default_factory=Faults)
    log: deque[LoggedRequest] = field(default_factory=new_log)
    pending: list[LoggedRequest] = field(default_factory=list[LoggedRequest])
    timers: list[asyncio.TimerHandle] = field(default_factory=list[asyncio.TimerHandle])

    async def handle(self, request: Request) -> Response:
        """Log the request, answer it, and note the answer; a caller who hung up leaves a log line without status."""
        raw = await request.body()
        entry = LoggedRequest(self.clock(), request.method, request.url.path, dict(request.query_params), None)
        self.log.append(entry)
        found = await self._answer(entry, raw, request.headers.get("apikey", ""))
        entry.status = found.status
        return Response(found.text, found.status, found.headers, found.media_type)

    def act_pending(self) -> int:
        """Carry out what waits, oldest first; how many changed something."""
        waiting, self.pending[:] = list(self.pending), []
        return sum(self._perform(entry).acted for entry in waiting)

    def stop(self) -> None:
        """Let nothing act any more on its own."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()

    async def _answer(self, entry: LoggedRequest, raw: bytes, key: str) -> Answer:
        if not secrets.compare_digest(key.encode(), self.api_key.encode()):
            return failure(401, "Invalid apikey")
        try:
            entry.body = json.loads(raw) if raw else None
        except ValueError:
            return refused("Body is not valid JSON", self.switches.refusals)
        entry.asked_losses = self._asked(entry)
        fault = self.faults.take(entry.method, entry.path, entry.query)
        return self._perform(entry) if fault is None else await self._meet(fault, entry)

    async def _meet(self, fault: Fault, entry: LoggedRequest) -> Answer:
        real = self._perform(entry) if fault.acts == "first" else None
        if fault.acts == "late":
            self._act_later(entry, fault.late_by)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.answer is None:
            return real or self._perform(entry)
        if fault.cut:
            whole = real or (self._perform(entry) if entry.method == "GET" else fault.answer)
            return Answer(whole.status, whole.text[: len(whole.text) * 2 // 3], whole.media_type)
        return fault.answer

    def _act_later(self, entry: LoggedRequest, delay: float | None) -> None:
        self.pending.append(entry)
        if delay is not None:
            loop = asyncio.get_running_loop()
            waiting = [timer for timer in self.timers if timer.when() > loop.time()]
            self.timers = [*waiting, loop.call_later(delay, self._act_now, entry)]

    def _act_now(self, entry: LoggedRequest) -> None:
        # By identity: two equal requests may wait, and `act_pending` may have come first.
        if any(waiting is entry for waiting in self.pending):
            self.pending[:] = [waiting for waiting in self.pending if waiting is not entry]
            self._perform(entry)

    def _perform(self, entry: LoggedRequest) -> Answer:
        before = self._named(entry)
        try:
            found = self._act(entry)
        except RefusedError as error:
            found = refused(str(error), self.switches.refusals)
        if found.acted:
            entry.acted = True
            if entry.method == "DELETE":
                entry.losses = (WHOLE,)
            elif before is not None and (after := self.store.get(before.space, before.id)) is not None:
                entry.losses = losses(before.fields, after.fields)
        return found

    def _act(self, entry: LoggedRequest) -> Answer:
        writes = self._writes()
        if entry.method == "POST":
            return writes.package(entry.body) if entry.path == PACKAGE else writes.post(entry.body)
        if entry.method == "PUT":
            return writes.put(entry.body)
        if entry.method == "DELETE":
            return writes.delete(entry.query, entry.body)
        return read(self.store, self.switches, entry.query)

    def _asked(self, entry: LoggedRequest) -> tuple[str, ...]:
        if entry.method == "DELETE":
            return (WHOLE,)
        before = self._named(entry)
        return () if before is None else asked_losses(before.fields, entry.body)

    def _named(self, entry: LoggedRequest) -> Row | None:
        """The record a PUT is about, as it is now."""
        if entry.method != "PUT":
            return None
        try:
            return self._writes().find(as_object(entry.body))
        except RefusedError:
            return None

    def _writes(self) -> Writes:
        return Writes(self.store, self.switches, int(self.clock().timestamp() * 1000))


def build_app(endpoints: Endpoints) -> Starlette:
    return Starlette(
        routes=[
            Route("/contacts", endpoints.handle, methods=["GET", "POST", "PUT", "DELETE"]),
            Route(PACKAGE, endpoints.handle, methods=["POST"]),
        ]
    )
