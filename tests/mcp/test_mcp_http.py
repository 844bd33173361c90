"""Over HTTP, on the loopback interface of this machine."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import Client

from antcrm_mcp.http import http_server, serve_http
from antcrm_tools.errors import BadInput
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, Sandbox
from tests.fakes.assistant import ERAS, MODES, Assistant, Era, Person

ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
SECONDS = 20.0


@asynccontextmanager
async def connected(url: str, era: Era, person: Person) -> AsyncGenerator[Assistant]:
    async with (
        asyncio.timeout(SECONDS),
        Client(url, mode=MODES[era], elicitation_callback=person.look) as client,
    ):
        yield Assistant(client, person)


async def knock(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        return await client.post(url, headers={**ACCEPT, **headers}, content=json.dumps(HELLO))


@pytest.mark.parametrize("era", ERAS)
async def test_an_assistant_can_ask_and_delete(house: House, sandbox: Sandbox, era: Era) -> None:
    person = Person("yes")
    async with http_server(house) as url, connected(url, era, person) as a:
        assert AN.name in (await a.call("get_customer", ref=AN.ref)).text
        result = await a.call("delete_customer", ref=AN.ref)
    assert not result.is_error
    assert len(result.asked) == 1
    assert len(sandbox.destroying()) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_progress_is_told_while_a_bulk_runs(house: House, era: Era) -> None:
    person = Person("yes")
    rows = [{"name": f"Hàng {n}"} for n in range(120)]
    async with http_server(house) as url, connected(url, era, person) as a:
        result = await a.call("import_leads", rows=rows)
    assert result.data["created"] == 120
    assert (120, 120) in result.progress


async def test_a_page_that_took_another_name_for_this_machine_is_turned_away(house: House) -> None:
    async with http_server(house) as url:
        assert (await knock(url)).status_code == 200
        assert (await knock(url, host="evil.example")).status_code == 421
        assert (await knock(url, host="127.0.0.1:1")).status_code == 421


async def test_a_web_page_is_turned_away(house: House) -> None:
    async with http_server(house) as url:
        assert (await knock(url, origin="https://evil.example")).status_code == 403
        assert (await knock(url, origin=url.removesuffix("/mcp"))).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "crm.example"])  # noqa: S104  that is the point
async def test_it_does_not_listen_to_the_network(house: House, host: str) -> None:
    with pytest.raises(BadInput, match="does not listen on"):
        await serve_http(house, host, 0)


async def test_a_taken_port_is_said(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match="Port"):
            async with http_server(house, port):
                pass


async def test_it_is_gone_after_the_block(house: House) -> None:
    async with http_server(house) as url:
        assert (await knock(url)).status_code == 200
    with pytest.raises(httpx.ConnectError):
        await knock(url)


async def test_serving_announces_where_and_ends_when_cancelled(house: House) -> None:
    urls: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(serve_http(house, port=0, announce=urls.put_nowait))
    async with asyncio.timeout(SECONDS):
        url = await urls.get()
        assert url.startswith("http://127.0.0.1:")
        assert (await knock(url)).status_code == 200
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    assert serving.done()
