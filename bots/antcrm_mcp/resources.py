"""What values are in use: stages, tags, owners and sources, as resources, and completions of their names.

AntCRM has no list of them to ask for; the copy of the customers has. Everything goes through the Desk, so that rights
hold here as they do for tools.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
    TextResourceContents,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from antcrm_mcp.gate import Gate
from antcrm_tools.errors import CrmError
from antcrm_tools.identity.names import fold
from antcrm_tools.logs import note_unexpected
from antcrm_tools.outcomes import Done
from antcrm_tools.registry import Result
from antcrm_tools.text import Text, msg
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.count_customers import CustomersCounted
from antcrm_tools.tools.find_customers import FoundCustomers

Context = ServerRequestContext[Any, Any]

SCHEME = "antcrm://"
_JSON = "application/json"
_COMPLETED = 100
"""Values in one completion: the protocol's most."""

_NEWEST = 10
_NOT_FOUND_BEFORE = -32002
_NOT_FOUND = -32602
"""A resource that is not there: invalid parameters from 2026-07-28 on, an error of its own before."""

_INTERNAL = -32603


@dataclass(frozen=True, slots=True)
class _Kind:
    field: str
    title: Text
    about: Text


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "stages": _Kind("stage", msg("Stages"), msg("Stages in use, with how many customers are at each.")),
        "tags": _Kind("tag", msg("Tags"), msg("Tags in use, with how many customers have each.")),
        "owners": _Kind("owner", msg("Owners"), msg("Staff responsible for customers, with how many each.")),
        "sources": _Kind("source", msg("Sources"), msg("Where customers came from, with how many from each.")),
    }
)


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of one server."""

    gate: Gate

    async def list(self, _ctx: Context, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        """One for each kind of value."""
        language = self.gate.house.settings.language
        return ListResourcesResult(
            resources=[
                Resource(
                    uri=SCHEME + name,
                    name=name,
                    title=kind.title.render(language),
                    description=kind.about.render(language),
                    mime_type=_JSON,
                )
                for name, kind in _KINDS.items()
            ]
        )

    async def templates(self, _ctx: Context, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """One for each kind of value, too: how many have it, and the newest of them."""
        language = self.gate.house.settings.language
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    uri_template=f"{SCHEME}{name}/{{{kind.field}}}",
                    name=kind.field,
                    title=kind.title.render(language),
                    mime_type=_JSON,
                )
                for name, kind in _KINDS.items()
            ]
        )

    async def read(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """The values in use, or who has one."""
        uri = str(params.uri)
        name, slash, value = uri.removeprefix(SCHEME).partition("/")
        kind = _KINDS.get(name) if uri.startswith(SCHEME) else None
        if kind is None or (slash and not value):
            raise self._not_found(ctx, uri)
        if slash:
            content = await self._who(ctx, kind.field, unquote(value))
            if content is None:
                raise self._not_found(ctx, uri)
        else:
            content = await self._values(ctx, kind.field)
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=_JSON, text=text)])

    async def complete(self, ctx: Context, params: CompleteRequestParams) -> CompleteResult:
        """Values that begin with what was typed, the most used first; marks and case do not matter."""
        ref, argument = params.ref, params.argument
        field = next(
            (
                kind.field
                for name, kind in _KINDS.items()
                if isinstance(ref, ResourceTemplateReference) and ref.uri == f"{SCHEME}{name}/{{{kind.field}}}"
            ),
            None,
        )
        if field is None or argument.name != field:
            return CompleteResult(completion=Completion(values=[], total=0, has_more=False))
        counted = await self._counted(ctx, field)
        typed = fold(argument.value)
        values = [g.group[0] for g in counted.groups if g.group[0] and _begins(fold(g.group[0]), typed)]
        return CompleteResult(
            completion=Completion(values=values[:_COMPLETED], total=len(values), has_more=len(values) > _COMPLETED)
        )

    async def _values(self, ctx: Context, field: str) -> dict[str, Any]:
        counted = await self._counted(ctx, field)
        content: dict[str, Any] = {"values": {g.group[0]: g.count for g in counted.groups if g.group[0]}}
        return content | counted.copy_state.model_dump(mode="json", exclude_defaults=True)

    async def _who(self, ctx: Context, field: str, value: str) -> dict[str, Any] | None:
        wanted: dict[str, object] = {"tags": [value]} if field == "tag" else {field: value}
        counted = await self._result(ctx, "count_customers", wanted)
        found = await self._result(ctx, "find_customers", {**wanted, "limit": _NEWEST})
        if not isinstance(counted, CustomersCounted) or not isinstance(found, FoundCustomers) or counted.unknown:
            return None
        newest = [line.model_dump(mode="json", exclude_defaults=True) for line in found.customers]
        return {"count": counted.total, "newest": newest}

    async def _counted(self, ctx: Context, field: str) -> CustomersCounted:
        counted = await self._result(ctx, "count_customers", {"by": [field]})
        if not isinstance(counted, CustomersCounted):
            raise MCPError(_INTERNAL, "no count")
        return counted

    async def _result(self, ctx: Context, tool: str, arguments: Mapping[str, object]) -> Result:
        language = self.gate.house.settings.language
        try:
            outcome = await self.gate.house.desk().submit(tool_named(tool).call(arguments), self.gate.actor(ctx))
        except CrmError as error:
            raise MCPError(_INTERNAL, error.render(language)) from None
        except Exception as error:  # noqa: BLE001  the edge: what nobody foresaw gets a code
            code = note_unexpected(error)
            raise MCPError(_INTERNAL, msg("Tell the admin the code {code}.", code=code).render(language)) from None
        if not isinstance(outcome, Done):
            raise MCPError(_INTERNAL, "a question")
        return outcome.result

    def _not_found(self, ctx: Context, uri: str) -> MCPError:
        modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        words = msg("There is no such resource.").render(self.gate.house.settings.language)
        return MCPError(_NOT_FOUND if modern else _NOT_FOUND_BEFORE, words, {"uri": uri})


def _begins(value: str, typed: str) -> bool:
    return value.startswith(typed) or any(word.startswith(typed) for word in value.split())
