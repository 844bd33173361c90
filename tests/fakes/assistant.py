"""An AI assistant and the person behind it: an MCP client that calls tools and answers the questions they ask.

async with assistant(house, era="new", person=Person("yes")) as a:
result = await a.call("delete_customer", ref="L9001")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from mcp import Client
from mcp.client import ClientRequestContext
from mcp.server import Server
from mcp.types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    TextContent,
)

from antcrm_mcp.server import build_server
from antcrm_tools.house import House
from antcrm_tools.tools import TOOLS

Era: TypeAlias = Literal["new", "old"]
ERAS: tuple[Era, ...] = ("new", "old")
MODES: dict[Era, str] = {"new": "2026-07-28", "old": "legacy"}

Answers: TypeAlias = Literal["yes", "keep", "decline", "cancel", "silent"]

_SECONDS = 20.0
"""No call in a test takes longer, unless it hangs."""


async def _nothing() -> None:
    pass


@dataclass
class Person:
    """Who sits in front of an assistant. `answers=None`: the assistant cannot show questions at all.

    `types` is the number typed where one is asked for; left out, it is read off the question. `meanwhile` is run
    while the question stands.
    """

    answers: Answers | None = "yes"
    types: int | None = None
    meanwhile: Callable[[], Awaitable[None]] = _nothing
    asked: list[str] = field(default_factory=list[str])
    forms: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def look(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Read the question and answer it."""
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        self.forms.append(params.requested_schema)
        await self.meanwhile()
        match self.answers:
            case "decline" | "cancel":
                return ElicitResult(action=self.answers)
            case "silent" | None:
                await asyncio.get_running_loop().create_future()
                raise AssertionError("nobody sets it")
            case "yes" | "keep":
                return self._filled(params)

    def _filled(self, params: ElicitRequestFormParams) -> ElicitResult:
        properties: dict[str, Any] = params.requested_schema["properties"]
        content: dict[str, str | int | float | bool | list[str] | None] = {
            "choice": properties["choice"]["enum"][1 if self.answers == "yes" else 0]
        }
        if "count" in properties:
            number = re.search(r"\d+", params.message)
            content["count"] = int(number[0]) if self.types is None and number else self.types
        return ElicitResult(action="accept", content=content)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant got: the words, the data, and what the person was asked on the way."""

    text: str
    is_error: bool
    data: Any
    asked: Sequence[str]
    progress: Sequence[tuple[float, float | None]]


@dataclass
class Assistant:
    """A connected assistant; `client` is there for calls no well-behaved assistant makes."""

    client: Client
    person: Person
    seconds: float = _SECONDS
    """After which it gives up on a call."""

    async def call(self, tool: str, /, **arguments: Any) -> Reply:
        """Call a tool, and let the person answer what it asks."""
        before = len(self.person.asked)
        steps: list[tuple[float, float | None]] = []

        async def watch(progress: float, total: float | None, message: str | None) -> None:
            assert message is None
            steps.append((progress, total))

        async with asyncio.timeout(self.seconds):
            result = await self.client.call_tool(tool, arguments, progress_callback=watch)
        return reply(result, self.person.asked[before:], steps)


def reply(
    result: CallToolResult, asked: Sequence[str] = (), progress: Sequence[tuple[float, float | None]] = ()
) -> Reply:
    """A result as tests look at it; its own text, and the news of earlier calls where there are some."""
    texts = [content.text for content in result.content if isinstance(content, TextContent)]
    assert len(texts) == len(result.content)
    return Reply("\n".join(texts), result.is_error, result.structured_content, asked, progress)


@asynccontextmanager
async def assistant(
    house: House, *, era: Era = "new", person: Person | None = None, server: Server[Any] | None = None
) -> AsyncGenerator[Assistant]:
    """An assistant connected to a House, or to a server that was built for it in some other way."""
    person = person or Person()
    async with Client(
        server or build_server(house, tools=TOOLS),
        mode=MODES[era],
        elicitation_callback=None if person.answers is None else person.look,
        client_info=Implementation(name="test-assistant", version="1"),
    ) as client:
        yield Assistant(client, person)
