"""How long an assistant waits for us: from starting the process to the first answer to tools/list.

Measured against the least that can be had on this SDK, a low-level server with one echo tool, in turns, so that a
busy machine slows both. Peak memory is what the operating system saw.

uv run python benchmarks/cold_start.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO

ROUNDS = 15
LIMIT = 1.15

BARE = """\
import asyncio
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool

async def list_tools(ctx, params):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return ListToolsResult(tools=[Tool(name="echo", description="Say it again.", input_schema=schema)])

async def call_tool(ctx, params):
    return CallToolResult(content=[TextContent(type="text", text=params.arguments["text"])])

async def main():
    server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())

asyncio.run(main())
"""

COMMANDS = {
    "bare SDK server": [sys.executable, "-c", BARE],
    "antcrm-mcp": [str(Path(sys.executable).with_name("antcrm-mcp"))],
}

_HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "cold-start", "version": "1"},
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the answer, seconds of processor time until its end, peak memory in MiB."""

    seconds: float
    processor: float
    memory: float


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    starts: dict[str, list[Start]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        start(command)  # fills the disk cache
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            starts[name].append(start(command))
    medians = {name: _median(found) for name, found in starts.items()}
    for name, median in medians.items():
        spent = f"{median.processor * 1000:>7.0f} ms of processor"
        print(f"{name:<18}{median.seconds * 1000:>7.0f} ms{spent}{median.memory:>8.1f} MiB")
    bare, ours = medians.values()
    print(
        f"ratio {ours.seconds / bare.seconds:.3f} (aim: at most {LIMIT}), "
        f"processor {ours.processor / bare.processor:.3f}, memory {ours.memory / bare.memory:.3f}"
    )


def start(command: list[str]) -> Start:
    """Start a server, ask it for its tools, and let it end.

    Raises:
        RuntimeError: it answered something else, or nothing.
    """
    env = {**os.environ, "ANTCRM_API_KEY": "made-up"}
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  our own commands
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent, env=env
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipes")
    _send(process.stdin, {"id": 1, "method": "initialize", "params": _HELLO})
    process.stdout.readline()
    _send(process.stdin, {"method": "notifications/initialized"})
    _send(process.stdin, {"id": 2, "method": "tools/list", "params": {}})
    answer = json.loads(process.stdout.readline())
    seconds = time.perf_counter() - begin
    if not answer["result"]["tools"]:
        raise RuntimeError("no tools")
    process.stdin.close()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    return Start(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib)


def _send(pipe: IO[bytes], message: dict[str, object]) -> None:
    pipe.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    pipe.flush()


def _median(starts: list[Start]) -> Start:
    return Start(*(statistics.median(getattr(start, field.name) for start in starts) for field in fields(Start)))


if __name__ == "__main__":
    main()
