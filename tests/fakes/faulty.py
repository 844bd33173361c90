"""A network that fails in the two ways that matter: before AntCRM saw the request, and after it acted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

Raised = Callable[..., httpx.TransportError]


@dataclass
class _Rule:
    method: str
    left: int
    skip: int
    before: Raised | None = None
    after: Raised | None = None


class Faulty(httpx.AsyncBaseTransport):
    """A transport around another one. Rules meet requests in the order they were made, each so many `times`.

    `method` is `GET`, `POST`, `PUT`, `DELETE` or `*`; `after` lets so many matching requests pass unharmed first.

        line = Faulty(httpx.ASGITransport(app=sandbox.app))
        line.lose_answer("POST")                  # AntCRM creates, and nobody hears of it
        api = AntCrmApi(url, key, pace=pace, transport=line)

    `asked` counts the requests of each method that came here, `passed` those that reached AntCRM.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Everything gets through until a rule is made."""
        self._inner = inner
        self._rules: list[_Rule] = []
        self.asked: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.on_request: Callable[[httpx.Request], Awaitable[None]] | None = None
        """Called before each request, which waits for it."""

    def lose_request(
        self, method: str = "*", *, how: Raised = httpx.ConnectError, times: int = 1, after: int = 0
    ) -> None:
        """Fail before anything is sent, with `how` (`httpx.ConnectTimeout`, `httpx.PoolTimeout`, …)."""
        self._rules.append(_Rule(method, times, after, before=how))

    def lose_answer(
        self, method: str = "*", *, how: Raised = httpx.ReadTimeout, times: int = 1, after: int = 0
    ) -> None:
        """Let AntCRM act, and fail with `how` (`httpx.RemoteProtocolError`, `httpx.ReadError`, …)."""
        self._rules.append(_Rule(method, times, after, after=how))

    def cut_answer(self, method: str = "*", *, times: int = 1, after: int = 0) -> None:
        """Let AntCRM act, and hand out the first half of its answer as if that were all."""
        self._rules.append(_Rule(method, times, after))

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, or not."""
        self.asked[request.method] += 1
        if self.on_request is not None:
            await self.on_request(request)
        rule = self._take(request.method)
        if rule is not None and rule.before is not None:
            raise rule.before("lost before it was sent", request=request)
        response = await self._inner.handle_async_request(request)
        self.passed[request.method] += 1
        if rule is None:
            return response
        body = await response.aread()
        await response.aclose()
        if rule.after is not None:
            raise rule.after("lost after AntCRM acted", request=request)
        return httpx.Response(response.status_code, content=body[: len(body) // 2])

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()

    def _take(self, method: str) -> _Rule | None:
        for rule in self._rules:
            if rule.method not in ("*", method):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.left -= 1
            if rule.left <= 0:
                self._rules.remove(rule)
            return rule
        return None
