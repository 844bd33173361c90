"""Rules for every tool an assistant is offered."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from mcp import Client
from mcp.types import ListToolsResult

from antcrm_mcp.schema import all_made, input_schema, kept
from antcrm_mcp.server import build_server, listing
from antcrm_prompts import read
from antcrm_tools.house import House
from antcrm_tools.members import Scope
from antcrm_tools.registry import Args, Tool
from antcrm_tools.settings import load_settings
from antcrm_tools.tools import TOOLS
from tests.fakes.assistant import ERAS, MODES, Era

TOKENS_EACH = 160

every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


async def listed(*, era: Era = "new", **settings: Any) -> ListToolsResult:
    async with House(load_settings(_env_file=None, language="en", **settings)) as house:
        server = build_server(house, tools=TOOLS)
        async with Client(server, mode=MODES[era]) as client:
            return await client.list_tools()


@every_tool
def test_every_hint_is_said(tool: Tool[Any, Any]) -> None:
    annotations = listing(tool, "en").annotations
    assert annotations is not None
    assert all(value is not None for value in annotations.model_dump().values())
    assert annotations.read_only_hint == (tool.preview is None)


@every_tool
def test_a_tool_is_named_and_described_for_an_assistant(tool: Tool[Any, Any]) -> None:
    shown = listing(tool, "en")
    assert len(shown.name) < 64
    assert shown.title
    assert shown.description
    assert not any(order in shown.description for order in ("MUST", "IMPORTANT", "ALWAYS", "NEVER"))


@every_tool
def test_arguments_nobody_declared_are_refused_by_the_schema_too(tool: Tool[Any, Any]) -> None:
    schema = input_schema(tool.args)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


@every_tool
def test_no_argument_confirms_anything(tool: Tool[Any, Any]) -> None:
    assert not [name for name in input_schema(tool.args)["properties"] if "confirm" in name or "force" in name]


@every_tool
def test_schemas_carry_no_noise(tool: Tool[Any, Any]) -> None:
    text = json.dumps([listing(tool, "en").input_schema, listing(tool, "en").output_schema])
    assert '"title"' not in text
    assert "$ref" not in text
    assert '"default": null' not in text


def test_the_committed_schemas_are_those_of_the_models() -> None:
    """A changed schema shows in a review. To accept it: `python -m antcrm_mcp.schema`."""
    assert kept() == all_made()


def test_a_tool_that_was_not_made_beforehand_gets_its_schema_as_well() -> None:
    class Unknown(Args):
        """Not in the file."""

        ref: str

    assert input_schema(Unknown)["required"] == ["ref"]


def test_the_tools_cost_few_tokens() -> None:
    pytest.importorskip("rs_bpe", reason="needs the group `measure`")
    openai: Any = import_module("rs_bpe.bpe").openai
    count = openai.o200k_base().count
    parts = [
        part
        for tool in TOOLS
        for part in (
            tool.name,
            tool.summary,
            json.dumps(input_schema(tool.args), ensure_ascii=False, separators=(",", ":")),
        )
    ]
    assert sum(count(part) for part in parts) <= TOKENS_EACH * len(TOOLS)


@pytest.mark.parametrize("era", ERAS)
async def test_the_list_is_complete_and_in_order(era: Era) -> None:
    found = await listed(era=era)
    assert [tool.name for tool in found.tools] == [tool.name for tool in TOOLS]
    assert all(tool.output_schema for tool in found.tools)


async def test_the_list_says_how_long_it_is_fresh() -> None:
    found = await listed()
    assert (found.ttl_ms, found.cache_scope) == (300_000, "private")


@pytest.mark.parametrize(
    ("scopes", "hidden"),
    [
        ({"read", "write", "delete"}, set[str]()),
        ({"read", "write"}, {"delete_customer", "import_leads"}),
        (
            {"read"},
            {tool.name for tool in TOOLS} - {"find_customers", "get_customer", "count_customers", "list_changes"},
        ),
    ],
)
async def test_only_tools_that_can_be_used_are_listed(scopes: set[Scope], hidden: set[str]) -> None:
    found = await listed(scopes=frozenset(scopes))
    assert {tool.name for tool in TOOLS} - {tool.name for tool in found.tools} == hidden


async def test_titles_are_in_the_persons_language() -> None:
    async with House(load_settings(_env_file=None, language="vi")) as house:
        server = build_server(house, tools=TOOLS)
        async with Client(server) as client:
            titles = [tool.title for tool in (await client.list_tools()).tools]
    assert titles == [tool.title.render("vi") for tool in TOOLS]


@pytest.mark.parametrize("era", ERAS)
async def test_the_assistant_is_told_how_to_work(era: Era) -> None:
    async with House(load_settings(_env_file=None)) as house:
        server = build_server(house, tools=TOOLS)
        async with Client(server, mode="auto" if era == "new" else "legacy") as client:
            assert client.instructions == read("instructions")
            assert client.server_info is not None
            assert client.server_info.name == "antcrm"


def test_instructions_are_short_and_give_no_orders_in_capitals() -> None:
    text = read("instructions")
    assert len(text.split()) <= 200
    assert not [word for word in text.split() if word.isalpha() and word.isupper() and len(word) > 2]
