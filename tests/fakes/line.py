"""The line between the tools and AntCRM: it can be down, and it can lose answers after AntCRM has acted."""

from __future__ import annotations

import httpx


class Line(httpx.AsyncBaseTransport):
    """A transport around another. `down`: nothing gets through. `loses`: methods whose answers are lost."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Everything gets through until told otherwise."""
        self._inner = inner
        self.down = False
        self.loses: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, or not."""
        if self.down:
            raise httpx.ConnectError("the line is down", request=request)
        response = await self._inner.handle_async_request(request)
        if request.method in self.loses:
            await response.aclose()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return response

    async def aclose(self) -> None:
        """Close the transport behind it."""
        await self._inner.aclose()
