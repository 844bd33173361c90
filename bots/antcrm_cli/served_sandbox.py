"""`antcrm sandbox`: the made-up AntCRM on a port of this machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from antcrm_cli.running import settings_language
from antcrm_cli.terminal import new_screen
from antcrm_tools.errors import BadInput
from antcrm_tools.sandbox import Faults, Sandbox, Switches, serve
from antcrm_tools.text import clean, msg, verbatim

_NOT_STARTED = msg("Nothing was started.")


async def say_switches() -> None:
    """Everything `--set` takes."""
    screen = new_screen()
    for switch in Switches.described():
        screen.copyable(f"{switch.name}={switch.default}")
        screen.copyable(f"    {switch.values}")
        screen.copyable(f"    {switch.about}")


async def run_sandbox(
    lang: str | None, *, port: int, file: Path | None, people: int, switches: Sequence[str], faults: Sequence[str]
) -> None:
    """Until it is interrupted.

    Raises:
        BadInput: a switch, a fault, the file or the port is not right.
    """
    language = settings_language(lang)
    screen = new_screen()
    with _open(file, people, switches, faults) as sandbox:

        def announce(url: str) -> None:
            screen.say(msg("A made-up AntCRM answers here, until Ctrl-C:").render(language))
            screen.copyable(f"  ANTCRM_BASE_URL={url}")
            screen.copyable(f"  ANTCRM_API_KEY={sandbox.api_key}")
            screen.say(msg("Put both into the environment or into .env, for example:").render(language))
            screen.copyable(f"  ANTCRM_BASE_URL={url} ANTCRM_API_KEY={sandbox.api_key} antcrm chat")

        try:
            await serve(sandbox, port=port, announce=announce)
        except OSError:
            raise BadInput(
                msg("Port {port} is taken or not allowed.", port=str(port)),
                done=_NOT_STARTED,
                then=msg("Choose another port."),
            ) from None


def _open(file: Path | None, people: int, switches: Sequence[str], faults: Sequence[str]) -> Sandbox:
    standing = Faults()
    for fault in faults:
        _stand(standing, fault)
    try:
        chosen = Switches.parse(switches)
    except ValueError as error:
        raise BadInput(
            msg("--set is not right: {reason}.", reason=verbatim(clean(str(error), 2000))), done=_NOT_STARTED
        ) from None
    try:
        sandbox = Sandbox.open(file, people=people, switches=chosen)
    except (sqlite3.Error, OSError):
        raise BadInput(
            msg("The file {file} cannot be opened as a made-up AntCRM.", file=clean(str(file), 200)),
            done=_NOT_STARTED,
            then=msg("Choose another file, or leave it out."),
        ) from None
    for fault in faults:
        sandbox.faults.stand(fault)
    return sandbox


def _stand(faults: Faults, fault: str) -> None:
    try:
        faults.stand(fault)
    except ValueError:
        raise BadInput(
            msg(
                "--fault {fault} is not METHOD=KIND: METHOD is GET, POST, PUT, DELETE or *, and KIND is 429, 500, 503, "
                "html, cut, slow:SECONDS, late:SECONDS or act-500; behind it there may be ,times=N.",
                fault=clean(fault, 60),
            ),
            done=_NOT_STARTED,
        ) from None
