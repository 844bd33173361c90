"""The Bot API on a port of this machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from antcrm_tools.guest_server import GuestServer, listen
from antcrm_tools.sandbox.telegram.bot_api import BotApi

# What is still being answered when the server stops gets this long.
_STOP_SECONDS = 1


@asynccontextmanager
async def serving(api: BotApi, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
    """Serve beside the caller; yields the base URL (a bot's is that and ``/bot``), answers until the block ends.

    Raises:
        OSError: The port is taken.
    """
    listening, base_url = listen(host, port)
    endpoints = api.endpoints
    server = GuestServer(
        uvicorn.Config(
            endpoints.app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            http=H11Protocol,  # whose connections can be found, and closed
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )

    def hang_up(request: Request) -> None:
        for connection in server.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == request.scope["client"]:
                connection.transport.abort()

    endpoints.hang_up = hang_up
    endpoints.stopping = asyncio.Event()
    async with server.beside(listening):
        try:
            yield base_url
        finally:
            endpoints.stopping.set()
