"""The way from a request to an answer: the token, the checks, the faults, the method."""

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from antcrm_tools.sandbox.telegram.about import About
from antcrm_tools.sandbox.telegram.answers import Answer, RefusedError, good, refusal
from antcrm_tools.sandbox.telegram.bodies import given
from antcrm_tools.sandbox.telegram.calls import ApiCall
from antcrm_tools.sandbox.telegram.faults import Fault
from antcrm_tools.sandbox.telegram.limits import check
from antcrm_tools.sandbox.telegram.parameters import METHODS, decode
from antcrm_tools.sandbox.telegram.state import State
from antcrm_tools.sandbox.telegram.talking import Talking
from antcrm_tools.sandbox.telegram.wrongs import Wrong

T = TypeVar("T")

_PATH: Final = re.compile(r"/bot(?P<token>[0-9]{1,20}:[A-Za-z0-9_-]{1,80})/(?P<method>\w+)", re.ASCII)
_POLL: Final = "getUpdates"
_NOTHING: Final = good([])
# What reaches a person's phone counts.
_PACED: Final = frozenset({"sendMessage", "sendPhoto", "editMessageText", "editMessageReplyMarkup"})


class _GoneError(Exception):
    """Nobody is there to get the answer, or nobody to give it."""


class Endpoints:
    """The Bot API over a state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods = {**About(state).methods, **Talking(state).methods}
        self.stopping = asyncio.Event()
        self.hang_up: Callable[[Request], None] = _cannot_hang_up
        """Closes the connection a request came over; the server knows how."""
        self.app = Starlette(routes=[Route("/{path:path}", self.handle, methods=["GET", "POST"])])

    async def handle(self, request: Request) -> Response:
        """Note the call, answer it, and note the answer."""
        try:
            await request.body()
            answer = await self._answer(request)
        except (_GoneError, ClientDisconnect):
            answer = None
        self._state.bell.ring()
        if answer is None:
            self.hang_up(request)
            await _gone(request)
            return Response()
        return Response(answer.text, answer.status, answer.headers, answer.media_type)

    async def _answer(self, request: Request) -> Answer | None:
        """None is no answer at all."""
        found = _PATH.fullmatch(request.url.path)
        if found is None:
            return refusal(404)
        call = ApiCall(found["method"], {})
        self._state.calls.add(call)
        wrongs = await self._read(call, request)
        if not self._is_mine(found["token"]):
            answer: Answer | None = refusal(401)
        elif call.method not in METHODS:
            self._state.calls.blame(call, ["is not spoken here"])
            answer = refusal(404)
        else:
            self._state.calls.blame(call, [wrong.words for wrong in wrongs])
            fault = self._state.faults.take(call.method)
            work = self._meet(fault, call, wrongs)
            waits = call.method == _POLL or (fault is not None and fault.kind == "slow")
            answer = await (self._unless_gone(request, work) if waits else work)
        if answer is not None:
            call.status = answer.status
        return answer

    async def _read(self, call: ApiCall, request: Request) -> list[Wrong]:
        try:
            params = await given(request)
        except ValueError:
            return [Wrong("the body is not what its content type says", "Bad Request: can't parse the request")]
        if call.method not in METHODS:
            call.params = params
            return []
        call.params, wrongs = decode(call.method, params)
        # Limits are of values; they ask what is longer or more, of the types they expect.
        wrongs = wrongs or check(call.method, call.params)
        if self._state.spec is not None:
            known = {wrong.words for wrong in wrongs}
            published = self._state.spec.of_call(call.method, call.params)
            wrongs += [Wrong(words) for words in published if words not in known]
        return wrongs

    async def _meet(self, fault: Fault | None, call: ApiCall, wrongs: list[Wrong]) -> Answer | None:
        if fault is None:
            answer = await self._act(call, wrongs)
            late = self._state.faults.take_late(_POLL, brings=answer != _NOTHING) if call.method == _POLL else None
            return answer if late is None else late.answer
        if fault.kind in ("fail", "lose_request"):
            return fault.answer
        if fault.kind == "slow" and call.method == _POLL:
            await asyncio.sleep(fault.seconds)
        answer = await self._act(call, wrongs)
        if fault.kind == "slow" and call.method != _POLL:
            await asyncio.sleep(fault.seconds)
        return None if fault.kind == "lose_answer" else answer

    async def _act(self, call: ApiCall, wrongs: list[Wrong]) -> Answer:
        if wrongs:
            return refusal(400, wrongs[0].description)
        try:
            if call.method == _POLL:
                return good(await self._poll(call.params))
            self._keep_pace(call)
            return good(self._methods[call.method](call.params))
        except RefusedError as error:
            return refusal(error.status, error.description, retry_after=error.retry_after)

    async def _poll(self, params: dict[str, Any]) -> Any:
        state = self._state
        if "allowed_updates" in params:
            state.updates.allow(params["allowed_updates"])
        updates = await state.updates.poll(
            params.get("offset", 0),
            params.get("limit", 100),
            params.get("timeout", 0),
            lambda: state.revoked or state.faults.interrupts(_POLL),
        )
        if state.revoked:
            raise RefusedError(401, "Unauthorized")
        return updates

    def _keep_pace(self, call: ApiCall) -> None:
        rates = self._state.rates
        if rates is None or call.method not in _PACED:
            return
        retry_after = rates.retry_after(call.params["chat_id"], self._state.clock().timestamp())
        if retry_after is not None:
            description = f"Too Many Requests: retry after {retry_after}"
            raise RefusedError(429, description, retry_after=retry_after)

    def _is_mine(self, token: str) -> bool:
        return secrets.compare_digest(token, self._state.token) and not self._state.revoked

    async def _unless_gone(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        doing = asyncio.ensure_future(work)
        ends = [asyncio.ensure_future(_gone(request)), asyncio.ensure_future(self.stopping.wait())]
        try:
            await asyncio.wait({doing, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise _GoneError
            return doing.result()
        finally:
            for task in (doing, *ends):
                task.cancel()


async def _gone(request: Request) -> None:
    """Return once the connection is closed."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _cannot_hang_up(request: Request) -> None:
    raise RuntimeError(f"{request.url.path} has no connection to close: it is not served")
