"""A client that sends what it likes: answers nobody gave, states nobody sealed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, ElicitResult, InputRequiredResult

from antcrm_mcp.gate import QUESTION
from antcrm_mcp.server import build_server
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import MODES, Era, Person, Reply, reply

DELETE = "delete_customer"
THE_ONE = {"ref": AN.ref}


@dataclass
class Rogue:
    """A client that sends what it likes."""

    client: Client

    async def send(
        self,
        arguments: dict[str, Any],
        *,
        tool: str = DELETE,
        choice: str | None = None,
        state: str | None = None,
        answer: ElicitResult | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """One round, with any answer and any state."""
        if choice is not None:
            answer = ElicitResult(action="accept", content={"choice": choice})
        async with asyncio.timeout(10):
            return await self.client.session.call_tool(
                tool,
                arguments,
                input_responses=None if answer is None else {QUESTION: answer},
                request_state=state,
                allow_input_required=True,
            )

    async def ask(self, arguments: dict[str, Any] = THE_ONE) -> str:
        """The sealed state of a question that was put."""
        asked = await self.send(arguments)
        assert isinstance(asked, InputRequiredResult)
        assert asked.request_state is not None
        return asked.request_state

    async def final(self, arguments: dict[str, Any] = THE_ONE, **round_: Any) -> Reply:
        """One round that has to end the call."""
        result = await self.send(arguments, **round_)
        assert isinstance(result, CallToolResult)
        return reply(result)


@asynccontextmanager
async def rogue(house: House, *, era: Era = "new") -> AsyncGenerator[Rogue]:
    server = build_server(house, tools=TOOLS)
    async with Client(server, mode=MODES[era], elicitation_callback=Person("cancel").look) as client:
        yield Rogue(client)
