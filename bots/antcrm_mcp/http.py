"""The MCP server over streamable HTTP, on this machine only.

There is no key yet that would tell one person from another, so it listens on the loopback interface and nowhere
else, and turns away what a browser sends on behalf of a web page.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from antcrm_mcp.server import build_server
from antcrm_tools.errors import BadInput
from antcrm_tools.guest_server import GuestServer, in_url, listen
from antcrm_tools.house import House
from antcrm_tools.text import clean, msg
from antcrm_tools.tools import TOOLS

PATH = "/mcp"
PORT = 8765

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# An assistant of the old era keeps a stream open for as long as it lives; it gets this long to say goodbye.
_STOP_SECONDS = 1


async def serve_http(
    house: House, host: str = "127.0.0.1", port: int = PORT, *, announce: Callable[[str], object] | None = None
) -> None:
    """Serve until a signal or a cancellation; `announce` gets the URL once the port is bound (0 takes a free one).

    Raises:
        BadInput: `host` is not this machine, or the port is taken.
    """
    listening, url = _listen(host, port)
    if announce is not None:
        announce(url)
    house.tend()
    await _serve(uvicorn.Server(_config(house, listening)), listening)


@asynccontextmanager
async def http_server(house: House, port: int = 0) -> AsyncGenerator[str]:
    """Serve beside the caller, in the same event loop; yields the URL and answers until the block ends.

    Raises:
        BadInput: the port is taken.
        TimeoutError: the server was not ready within 10 seconds.
    """
    listening, url = _listen("127.0.0.1", port)
    async with GuestServer(_config(house, listening)).beside(listening):
        yield url


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until the server ends or the caller is cancelled; either way connections and socket are closed then."""
    with listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


def _listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A bound socket and the URL of the server behind it."""
    if host not in _LOOPBACK:
        raise BadInput(
            msg("The MCP server does not listen on {host}: anybody there could use your AntCRM.", host=clean(host)),
            done=msg("Nothing was started."),
            then=msg("Leave the host out, or use 127.0.0.1."),
        )
    try:
        listening, url = listen(host, port)
    except OSError:
        raise BadInput(
            msg("Port {port} is taken or not allowed.", port=str(port)),
            done=msg("Nothing was started."),
            then=msg("Choose another port."),
        ) from None
    return listening, url + PATH


def _config(house: House, listening: socket.socket) -> uvicorn.Config:
    """Names with the port, as browsers send them: a page that resolves its own name to this machine has another."""
    port = listening.getsockname()[1]
    names = [f"{in_url(name)}:{port}" for name in _LOOPBACK]
    app = build_server(house, tools=TOOLS).streamable_http_app(
        streamable_http_path=PATH,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
    )
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
