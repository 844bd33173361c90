"""What the tools cost an assistant: tokens of name, description and input schema, as one conversation pays them.

uv run --group measure python benchmarks/tool_tokens.py
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from antcrm_mcp.schema import input_schema
from antcrm_tools.tools import TOOLS

LIMIT = 1600


def main() -> None:
    openai: Any = import_module("rs_bpe.bpe").openai  # it has no types
    count = openai.o200k_base().count
    total = 0
    print(f"{'tool':<18}{'name':>6}{'words':>7}{'schema':>8}{'sum':>6}")
    for tool in TOOLS:
        schema = json.dumps(input_schema(tool.args), ensure_ascii=False, separators=(",", ":"))
        parts: list[int] = [count(tool.name), count(tool.summary), count(schema)]
        total += sum(parts)
        print(f"{tool.name:<18}{parts[0]:>6}{parts[1]:>7}{parts[2]:>8}{sum(parts):>6}")
    print(f"{len(TOOLS)} tools: {total} tokens (o200k); the aim is at most {LIMIT}")


if __name__ == "__main__":
    main()
