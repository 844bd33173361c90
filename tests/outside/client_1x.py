"""A client on the 1.x SDK. Run in an environment of its own: `client_1x.py stdio COMMAND…` or `client_1x.py http URL`.

Prints one JSON object: the tools, a find, and a delete that is first kept and then confirmed.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

asked: list[str] = []


async def answer(_context: object, params: Any) -> Any:
    """Keep the first time, delete the second."""
    asked.append(params.message)
    keep, delete = params.requestedSchema["properties"]["choice"]["enum"]
    return types.ElicitResult(action="accept", content={"choice": keep if len(asked) == 1 else delete})


async def main(how: str, *where: str) -> None:
    """Talk to the server and report."""
    async with AsyncExitStack() as stack:
        if how == "stdio":
            transport = stdio_client(StdioServerParameters(command=where[0], args=list(where[1:])))
        else:
            transport = streamablehttp_client(where[0])
        read, write, *_ = await stack.enter_async_context(transport)
        session = await stack.enter_async_context(ClientSession(read, write, elicitation_callback=answer))
        hello = await session.initialize()
        tools = await session.list_tools()
        found = await session.call_tool("find_customers", {"query": "0912345678"})
        kept = await session.call_tool("delete_customer", {"ref": "L9003"})
        deleted = await session.call_tool("delete_customer", {"ref": "L9003"})
    report = {
        "protocol": hello.protocolVersion,
        "tools": [tool.name for tool in tools.tools],
        "found": found.content[0].text,
        "kept": kept.content[0].text,
        "deleted": deleted.content[0].text,
        "asked": len(asked),
    }
    print(json.dumps(report))  # noqa: T201  how it reports


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 50))
