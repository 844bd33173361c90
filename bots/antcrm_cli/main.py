"""`antcrm …`: the commands. What a command needs is imported when it runs, so that `antcrm --help` is quick."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

try:
    import typer

    from antcrm_cli.members import app as members_app
    from antcrm_cli.options import LangOption, word
    from antcrm_cli.running import leave_on_ctrl_c, run, version
except KeyboardInterrupt:
    sys.exit(130)


class _App(typer.Typer):
    """Leaves without a word when Ctrl-C comes before a command runs; click would say more, and less to the point."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leave_on_ctrl_c()
        return super().__call__(*args, **kwargs)


app = _App(
    name="antcrm", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use a made-up AntCRM inside this program.")]
SandboxPort = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"antcrm {version()}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Say the version and stop.")
    ] = False,
) -> None:
    """Find, capture and safely change AntCRM customers.

    Begin with `antcrm demo`: it needs no account.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter shows a question mark; a name must not end the program.
            stream.reconfigure(errors="replace")


@app.command()
def demo(
    lang: LangOption = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the MCP server; without it 8765, or a free one if that is taken."),
    ] = None,
) -> None:
    """Try everything: a made-up AntCRM, an MCP server for your assistant, and the chat. No account needed."""
    from antcrm_cli.demo import run_demo  # noqa: PLC0415  only this command needs it

    run(lambda: run_demo(word(lang), port), word(lang), reads=True)


@app.command()
def chat(lang: LangOption = None, sandbox: SandboxOption = False) -> None:
    """Talk to AntCRM in this terminal."""
    from antcrm_cli.conversation import run_chat  # noqa: PLC0415  only this command needs it

    run(lambda: run_chat(word(lang), sandbox=sandbox), word(lang), reads=True)


@app.command()
def telegram(lang: LangOption = None, sandbox: SandboxOption = False) -> None:
    """Serve the chat to your staff on Telegram. Needs ANTCRM_TELEGRAM_TOKEN; ANTCRM_TELEGRAM_MEMBERS says who may."""
    from antcrm_cli.served_telegram import run_telegram  # noqa: PLC0415  only this command needs it

    run(lambda: run_telegram(word(lang), sandbox=sandbox), word(lang))


@app.command()
def sandbox(
    *,
    port: SandboxPort = 8080,
    file: Annotated[Path | None, typer.Option(help="Keep the customers in this file; without it, in memory.")] = None,
    people: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="How many customers a new one is filled with.")
    ] = 500,
    switches: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="How it behaves where AntCRM's page is silent; repeat it."),
    ] = None,
    list_switches: Annotated[
        bool, typer.Option("--switches", help="List what --set takes, with the values and the defaults, and stop.")
    ] = False,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="METHOD=KIND[,times=N]",
            help="What goes wrong until it is stopped, or N times; repeat it. METHOD: GET, POST, PUT, DELETE or *. "
            "KIND: 429, 500, 503, html, cut, slow:SECONDS, late:SECONDS (fails and acts later), act-500 (acts and "
            "then fails).",
        ),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Serve a made-up AntCRM on this machine, for trying and testing."""
    from antcrm_cli.served_sandbox import run_sandbox, say_switches  # noqa: PLC0415  only this command needs it

    if list_switches:
        run(say_switches, word(lang))
        return
    run(
        lambda: run_sandbox(
            word(lang), port=port, file=file, people=people, switches=switches or [], faults=faults or []
        ),
        word(lang),
    )


@app.command()
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP on this machine instead of stdio.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port for --http; 0 takes a free one.")] = 8765,
    sandbox: SandboxOption = False,
    lang: LangOption = None,
) -> None:
    """Serve the tools to an AI assistant (MCP): over standard input and output, or with --http on a local port."""
    if http:
        from antcrm_cli.served_mcp import run_http  # noqa: PLC0415  only this command needs it

        run(lambda: run_http(word(lang), port=port, sandbox=sandbox), word(lang))
        return
    from antcrm_mcp.main import main as serve_stdio  # noqa: PLC0415  only this command needs it

    if lang is not None:
        os.environ["ANTCRM_LANGUAGE"] = lang.value
    serve_stdio(["--sandbox"] if sandbox else [])


@app.command()
def sync(
    full: Annotated[
        bool, typer.Option("--full", help="Also look for customers who were deleted elsewhere: reads everything.")
    ] = False,
    sandbox: SandboxOption = False,
    lang: LangOption = None,
) -> None:
    """Bring the local copy of the customers up to date now; by itself it is kept so in the background."""
    from antcrm_cli.syncing import STOPPED, run_sync  # noqa: PLC0415  only this command needs it

    run(lambda: run_sync(word(lang), full=full, sandbox=sandbox), word(lang), stopped=STOPPED)


app.add_typer(members_app, name="members")


@app.command()
def forget(
    ref: Annotated[str, typer.Argument(metavar="REF", help="The customer's number, such as L9457 or C9457.")],
    lang: LangOption = None,
) -> None:
    """Erase a person from what this program has kept. AntCRM's own record stays. Asks you to type the number again."""
    from antcrm_cli.forgetting import run_forget  # noqa: PLC0415  only this command needs it

    run(lambda: run_forget(word(lang), ref), word(lang), reads=True)


@app.command()
def approve(
    number: Annotated[
        int | None, typer.Argument(min=1, help="Only this one of the list; without it one after the other.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Decide what an assistant could not ask its person. Only in a terminal: you type a number that it shows."""
    from antcrm_cli.approving import LEFT, run_approve  # noqa: PLC0415  only this command needs it

    ended: list[int] = []

    async def decided() -> None:
        ended.append(await run_approve(word(lang), number))

    run(decided, word(lang), reads=True, stopped=LEFT)
    raise typer.Exit(*ended)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
    sandbox: SandboxOption = False,
    lang: LangOption = None,
) -> None:
    """Look at AntCRM, the ledger, the copy and Telegram, and say what is well and what to do. Changes nothing there.

    Ends with 1 where something does not work, and with 2 where the settings are wrong.
    """
    from antcrm_cli.examining import STOPPED, run_doctor  # noqa: PLC0415  only this command needs it

    ended: list[int] = []

    async def examined() -> None:
        ended.append(await run_doctor(word(lang), as_json=as_json, sandbox=sandbox))

    run(examined, word(lang), stopped=STOPPED)
    raise typer.Exit(*ended)
