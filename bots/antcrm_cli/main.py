"""`antcrm …`: the commands. What a command needs is imported when it runs, so that `antcrm --help` is quick."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from antcrm_tools import __version__
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.settings import Settings, load_settings

app = typer.Typer(
    name="antcrm",
    help="Find, capture and safely change AntCRM customers. Begin with `antcrm demo`: it needs no account.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FAILED = 1
WRONG_USAGE = 2


class Lang(str, Enum):
    """The language a person reads."""

    vi = "vi"
    en = "en"


LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language; without it ANTCRM_LANGUAGE or that of your system.")
]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use a made-up AntCRM inside this program.")]


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda value: _print_version(value), help="Show it.")
    ] = False,
) -> None:
    """Find, capture and safely change AntCRM customers. Begin with `antcrm demo`: it needs no account."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter shows a question mark; a name must not end the program.
            stream.reconfigure(errors="replace")


@app.command()
def demo(
    lang: LangOption = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the MCP server; without it 8765 or a free one.")
    ] = None,
) -> None:
    """Try everything at once: a made-up AntCRM, an MCP server for your assistant, and the chat. No account."""

    async def run() -> None:
        from antcrm_cli.demo import demo_settings, run_demo

        await run_demo(demo_settings(None if lang is None else lang.value), port)

    _run(run)


@app.command()
def chat(lang: LangOption = None, sandbox: SandboxOption = False) -> None:
    """Talk to AntCRM in this terminal."""

    async def run() -> None:
        from antcrm_cli.conversation import run_chat

        await run_chat(_settings(lang, sandbox))

    _run(run)
