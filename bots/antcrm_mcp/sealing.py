"""The seal on what a client keeps between a question and its answer, with keys from where the tickets are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR
from mcp.types.methods import INPUT_REQUIRED_METHODS, is_input_required

from antcrm_mcp import render
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.text import Language

_CALL = "tools/call"


class Sealing:
    """The SDK's own boundary, made when the first state passes: a start and a plain call open no ledger."""

    def __init__(self, keys: Callable[[], Awaitable[bytes]], *, ttl: float, audience: str, language: Language) -> None:
        """`keys` gives the one that every process has which shares tickets; `ttl` is in seconds."""
        self._keys = keys
        self._ttl = ttl
        self._audience = audience
        self._language: Language = language
        self._boundary: RequestStateBoundary | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Open what comes in and seal what goes out. Without a key neither happens."""
        if ctx.method not in INPUT_REQUIRED_METHODS:
            return await call_next(ctx)
        try:
            if ctx.params is not None and ctx.params.get("requestState") is not None:
                boundary = await self._opened()
                return await boundary(ctx, call_next)
            result = await call_next(ctx)
            if not _carries_state(result):
                return result
            boundary = await self._opened()
        except LedgerBroken as error:
            return self._failure(ctx, error)

        async def as_it_is(_: ServerRequestContext[Any, Any]) -> HandlerResult:
            return result

        return await boundary(ctx, as_it_is)

    async def _opened(self) -> RequestStateBoundary:
        if self._boundary is None:
            security = RequestStateSecurity(keys=[await self._keys()], ttl=self._ttl)
            self._boundary = RequestStateBoundary(security, default_audience=self._audience)
        return self._boundary

    def _failure(self, ctx: ServerRequestContext[Any, Any], error: LedgerBroken) -> HandlerResult:
        """Only the result of a tool can say to a model what is wrong."""
        if ctx.method != _CALL:
            raise MCPError(code=INTERNAL_ERROR, message="Internal error")
        return render.failure(error, self._language)


def _carries_state(result: HandlerResult) -> bool:
    if not is_input_required(result):
        return False
    state = result.get("requestState") if isinstance(result, dict) else result.request_state
    return state is not None
