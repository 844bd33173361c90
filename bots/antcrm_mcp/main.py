"""`antcrm-mcp`: the MCP server on standard input and output, for the configuration files of assistants.

Hosts start it often and wait for it, so nothing is imported here that the first list of tools does not need, and
next to nothing before Ctrl-C can be answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

    from antcrm_tools.settings import Settings

_HELP = """\
usage: antcrm-mcp [--sandbox] [--version] [--help]

Serves the AntCRM tools to an AI assistant over standard input and output.

  --sandbox   work on made-up customers on this machine instead of AntCRM
  --version   say the version and stop
  --help      say this and stop

Settings come from the environment or .env: ANTCRM_API_KEY, ANTCRM_ACTOR, ANTCRM_SCOPES and others.
"""

_PROGRAM = "antcrm-mcp"

_WRONG_USE = 2
_BROKEN = 1
_INTERRUPTED = 130

_LAST_WORDS_SECONDS = 0.2
"""For the answers to writes that were just finished to get out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends or a signal says so.

    Exits with 2 for wrong arguments or settings, or without standard input or output, with 1 for an error nobody
    foresaw, with 130 when interrupted before it serves, and with 0 else.
    """
    # Until it serves nothing is under way that would have to be finished.
    signal.signal(signal.SIGINT, _leave)
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Each is None where the descriptor was closed.
    streams: tuple[object, object] = (sys.stdin, sys.stdout)
    if None in streams:
        _complain_of_streams()
        sys.exit(_WRONG_USE)
    if "--help" in given or "-h" in given:
        sys.stdout.write(_HELP)
        return
    if "--version" in given:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{_PROGRAM} {version('antcrm-tools')}\n")
        return
    if unknown := [each for each in given if each != "--sandbox"]:
        _say(f"there is no option {unknown[0]}. See antcrm-mcp --help.")
        sys.exit(_WRONG_USE)
    _start(sandbox=bool(given))


def _start(*, sandbox: bool) -> None:
    import asyncio  # noqa: PLC0415  whoever presses Ctrl-C while these are imported has been heard

    from antcrm_tools import logs  # noqa: PLC0415
    from antcrm_tools.errors import BadInput  # noqa: PLC0415
    from antcrm_tools.settings import environment_language, load_settings  # noqa: PLC0415

    logs.set_up(_PROGRAM)
    try:
        settings = load_settings(sandbox=True) if sandbox else load_settings()
    except BadInput as error:
        _say(error.render(environment_language()))
        sys.exit(_WRONG_USE)
    logs.set_up(_PROGRAM, secrets=settings.secrets())
    try:
        settings.require_key()
    except BadInput as error:
        # The start goes on: an assistant may list the tools, and each call says what is missing.
        _say(error.render(settings.language))
    try:
        asyncio.run(_serve(settings))
    except Exception as error:  # noqa: BLE001  the edge: a traceback would show values
        logs.note_unexpected(error)
        sys.exit(_BROKEN)


async def _serve(settings: Settings) -> None:
    """Serve one assistant. On a signal, writes under way are finished, and then the process is over."""
    import asyncio  # noqa: PLC0415

    from mcp.server.stdio import stdio_server  # noqa: PLC0415  --help and wrong settings need no SDK

    from antcrm_mcp.server import build_server  # noqa: PLC0415
    from antcrm_tools.house import House  # noqa: PLC0415
    from antcrm_tools.tools import TOOLS  # noqa: PLC0415

    stop = _stop_on_signals()
    async with House(settings) as house:
        house.tend()
        server = build_server(house, tools=TOOLS)
        async with stdio_server() as (incoming, outgoing):
            serving = asyncio.create_task(server.run(incoming, outgoing, server.create_initialization_options()))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not serving.done():
                await house.aclose()
                await asyncio.wait((serving,), timeout=_LAST_WORDS_SECONDS)
                # A thread is blocked reading standard input, and Python would wait for it. Nothing is left to do.
                sys.stderr.flush()
                os._exit(0)
            await serving


def _stop_on_signals() -> asyncio.Event:
    import asyncio  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)  # not `add_signal_handler`, which Windows lacks
    return stop


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


def _complain_of_streams() -> None:
    from antcrm_tools.settings import environment_language  # noqa: PLC0415
    from antcrm_tools.text import msg  # noqa: PLC0415

    said = msg("Standard input and standard output must be open: an assistant talks to this program through them.")
    _say(said.render(environment_language()))


def _say(text: str) -> None:
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]  it is None where it was closed
        sys.stderr.write(f"{_PROGRAM}: {text}\n")


if __name__ == "__main__":
    main()
