"""The MCP server: the tools as they are, on the SDK's low-level server."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from mcp.server import CacheHint, Server, ServerRequestContext
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    ToolAnnotations,
)
from mcp.types import Tool as ListedTool

from antcrm_mcp import render
from antcrm_mcp.gate import Gate
from antcrm_mcp.resources import Resources
from antcrm_mcp.schema import input_schema, output_schema
from antcrm_mcp.sealing import Sealing
from antcrm_prompts import read as read_prompt
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.house import House
from antcrm_tools.registry import Effect, Tool
from antcrm_tools.text import Language, clean, msg, verbatim

NAME = "antcrm"
"""Also the audience of sealed states, so every process that shares keys has to use it."""

WAIT = 45.0
"""Seconds a call waits for an answer from elsewhere, or for a write that takes long. Hosts give up on it after 60."""

_STATE_SECONDS = 3600.0
"""Longer than any ticket lives: the Desk says "too late" in words, the seal only as an error no model sees."""

_LIST_FRESH_MS = 300_000
"""The tools change only with the program or its settings, that is, with a restart."""


def build_server(
    house: House,
    *,
    tools: Sequence[Tool[Any, Any]],
    elicit_timeout: float = 50.0,
    wait: float | None = None,
) -> Server[Any]:
    """A server for one House. It opens nothing before the first call.

    `elicit_timeout` and `wait` are seconds: for an answer of its own person, and for one from elsewhere.

    The key that seals questions is kept in the ledger with the tickets, so that whichever process shares them reads
    the answer.
    """
    settings = house.settings
    gate = Gate(house, elicit_timeout, WAIT if wait is None else wait)
    resources = Resources(gate)
    named = {tool.name: tool for tool in tools}
    offered = [tool for tool in tools if house.policy.allows(tool.least)]
    listed: list[ListedTool] = []

    async def list_tools(_ctx: ServerRequestContext, _params: PaginatedRequestParams | None) -> ListToolsResult:
        if not listed:
            listed.extend(listing(tool, settings.language) for tool in offered)
        return ListToolsResult(tools=listed)

    async def call_tool(
        ctx: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        effect = Effect.READ
        try:
            call = _named(named, params.name).call(params.arguments or {})
            effect = call.effect
            outcome = await gate.run(ctx, params, call)
            if isinstance(outcome, InputRequiredResult):
                return outcome
            return render.outcome(outcome, settings.language, news=await gate.news(gate.actor(ctx)))
        except CrmError as error:
            return render.failure(error, settings.language)
        except Exception as error:  # noqa: BLE001  the edge: what nobody foresaw gets a code
            return render.unexpected(error, effect, settings.language)

    server: Server[Any] = Server(
        NAME,
        version=version("antcrm-tools"),
        title="AntCRM",
        instructions=read_prompt("instructions"),
        cache_hints={
            "tools/list": CacheHint(_LIST_FRESH_MS, "private"),
            "resources/list": CacheHint(_LIST_FRESH_MS, "private"),
            "resources/templates/list": CacheHint(_LIST_FRESH_MS, "private"),
        },
        # No argument of ours travels in a header; without this the SDK would list the tools anew for every call.
        get_tool_input_schema=lambda _: None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=resources.list,
        on_list_resource_templates=resources.templates,
        on_read_resource=resources.read,
        on_completion=resources.complete,
    )
    server.middleware.append(Sealing(house.seal_key, ttl=_STATE_SECONDS, audience=NAME, language=settings.language))
    return server


def listing(tool: Tool[Any, Any], language: Language) -> ListedTool:
    """A tool as it is listed. Every hint is said, because the protocol's defaults are not ours."""
    title = tool.title.render(language)
    return ListedTool(
        name=tool.name,
        title=title,
        description=tool.summary,
        input_schema=input_schema(tool.args),
        output_schema=output_schema(tool.returns),
        annotations=ToolAnnotations(
            title=title,
            read_only_hint=tool.most is Effect.READ,
            # The protocol calls everything destructive that is not purely additive; replacing a value is not.
            destructive_hint=tool.most > Effect.ADD,
            idempotent_hint=tool.idempotent,
            # Names and notes are written by strangers, and reach the assistant as they are.
            open_world_hint=True,
        ),
    )


def _named(tools: dict[str, Tool[Any, Any]], name: str) -> Tool[Any, Any]:
    found = tools.get(name)
    if found is None:
        raise BadInput(
            msg("There is no tool “{name}”.", name=clean(name)),
            then=msg("The tools are: {names}.", names=verbatim(", ".join(tools))),
        )
    return found
