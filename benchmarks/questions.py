"""Ten questions in plain words: the calls that answer them, and what each answer costs an assistant to read.

uv run --group measure python benchmarks/questions.py

The questions are those of the README's table, with days that fit the made-up customers.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from importlib import import_module
from typing import Any

from mcp import Client
from mcp.types import TextContent

from antcrm_mcp.server import build_server
from antcrm_tools.house import House
from antcrm_tools.settings import load_settings
from antcrm_tools.tools import TOOLS


def questions(house: House) -> list[tuple[str, str, dict[str, Any]]]:
    """What somebody asks, the tool and its arguments."""
    today = house.clock().astimezone(house.settings.zone).date()
    month = today.replace(day=1)
    week = today - timedelta(days=today.weekday())
    return [
        ("tìm chị Hoa Trần", "find_customers", {"query": "chị Hoa Trần"}),
        ("số đuôi 678 tên An là ai?", "find_customers", {"query": "an 678"}),
        (
            "which Facebook leads of mine were not touched this week?",
            "find_customers",
            {"kind": "lead", "source": "Facebook", "owner": "me", "updated_to": str(week - timedelta(days=1))},
        ),
        (
            "how many new leads per source last month?",
            "count_customers",
            {
                "kind": "lead",
                "by": ["source"],
                "created_from": str((month - timedelta(days=1)).replace(day=1)),
                "created_to": str(month - timedelta(days=1)),
            },
        ),
        ("khách VIP nào chưa có người phụ trách?", "find_customers", {"tags": ["VIP"], "owner": "none"}),
        ("how does the funnel move from month to month?", "count_customers", {"by": ["month", "stage"]}),
        ("ai đang giữ nhiều khách nhất?", "count_customers", {"by": ["owner"]}),
        (
            "new leads in each week of the last three months?",
            "count_customers",
            {"kind": "lead", "by": ["week"], "created_from": str(today - timedelta(days=90))},
        ),
        ("does the company Sao Việt exist already?", "find_customers", {"query": "cty sao viet", "kind": "account"}),
        ("mười khách mới nhất", "find_customers", {"limit": 10}),
    ]


async def main() -> None:
    """Ask them all."""
    openai: Any = import_module("rs_bpe.bpe").openai  # it has no types
    count = openai.o200k_base().count
    settings = load_settings(_env_file=None, sandbox=True, language="vi", actor="lan@antcrm.example")
    async with House(settings) as house, Client(build_server(house, tools=TOOLS)) as client:
        for asked, tool, arguments in questions(house):
            result = await client.call_tool(tool, arguments)
            text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
            data: dict[str, Any] = result.structured_content or {}
            lines = len(data.get("customers", ()))
            print(f"{count(text):5} tokens, {lines:2} customers  {asked}\n        {tool} {arguments}")
            print("        " + text.replace("\n", "\n        ")[:600])


if __name__ == "__main__":
    asyncio.run(main())
