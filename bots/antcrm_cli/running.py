"""Running a command: one clear message instead of a traceback, and a clean way out by Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from importlib import metadata
from types import FrameType
from typing import TYPE_CHECKING

import typer

from antcrm_tools import logs
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.text import Language, Text, join, msg

if TYPE_CHECKING:
    from antcrm_tools.settings import Settings

PROGRAM = "antcrm"

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130


def version() -> str:
    """Of the package."""
    return metadata.version("antcrm-tools")


def leave_on_ctrl_c() -> None:
    """Until a command runs, nothing is under way that would have to be finished."""
    _on_ctrl_c(_leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _on_ctrl_c(what: Callable[[int, FrameType | None], object]) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, what)


def run(
    command: Callable[[], Awaitable[None]], lang: str | None, *, reads: bool = False, stopped: Text | None = None
) -> None:
    """Run a command to its end. Exits with 2 for wrong use or settings and with 1 for what went wrong later.

    A command that `reads` is one that a person at a terminal writes to. `stopped`: what Ctrl-C means for one that has
    an end of its own; the others are left by it.
    """
    logs.set_up(PROGRAM)
    # Each is None where the descriptor was closed.
    streams: tuple[object, ...] = (sys.stdin, sys.stdout) if reads else (sys.stdout,)
    if None in streams:
        said = (
            msg("Standard input and standard output must be open.") if reads else msg("Standard output must be open.")
        )
        _complain(said, lang)
        raise typer.Exit(WRONG_USE)

    async def whole() -> None:
        await command()

    try:
        _on_ctrl_c(signal.default_int_handler)  # asyncio replaces this one, and only this one, by its own
        asyncio.run(whole())
    except KeyboardInterrupt:
        # Writes under way were finished on the way out; leaving is no failure.
        if stopped is not None:
            _complain(stopped, lang)
            raise typer.Exit(INTERRUPTED) from None
        typer.echo()
    except BadInput as error:
        _complain(error.text, lang)
        raise typer.Exit(WRONG_USE) from None
    except CrmError as error:
        _complain(error.text, lang)
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        # Whoever read our output has left. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except Exception as error:  # noqa: BLE001  the last line: people get a sentence, never a traceback
        code = logs.note_unexpected(error)
        said = msg("Something unexpected went wrong.")
        _complain(join((said, msg("Tell the admin the code {code}.", code=code))), lang)
        raise typer.Exit(FAILED) from None


def settings_for(lang: str | None, *, sandbox: bool) -> Settings:
    """The environment and `.env`, and what the command line said on top. From here on no log shows their secrets.

    Raises:
        BadInput: a setting is wrong, or there is no key.
    """
    from antcrm_tools.settings import load_settings  # noqa: PLC0415  brings pydantic, which `--help` does not need

    overrides: dict[str, object] = {}
    if sandbox:
        overrides["sandbox"] = True
    if lang is not None:
        overrides["language"] = lang
    settings = load_settings(**overrides)
    logs.set_up(PROGRAM, secrets=settings.secrets())
    settings.require_key()
    return settings


def settings_language(lang: str | None) -> Language:
    """The language to speak where no settings are read, or where they are what is wrong."""
    from antcrm_tools.settings import environment_language  # noqa: PLC0415  the same

    return environment_language() if lang is None else "vi" if lang == "vi" else "en"


def _complain(text: Text, lang: str | None) -> None:
    typer.echo(f"{PROGRAM}: {text.render(settings_language(lang))}", err=True)
