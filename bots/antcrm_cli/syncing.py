"""`antcrm sync`: brings the local copy of the customers up to date, with a bar that shows how far it is."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from antcrm_cli.running import settings_for
from antcrm_tools.errors import NotActed
from antcrm_tools.house import House
from antcrm_tools.text import Language, Text, msg, msgs

STOPPED = msg("Stopped. What was read stays in the copy; start it again, and it goes on from there.")

_STEP = 10
"""Per cent between two lines where there is no terminal for a bar."""

_OTHERS_LOOK = 1.0
"""Seconds between two looks at a copy another process works on."""


async def run_sync(lang: str | None, *, full: bool, sandbox: bool) -> None:
    """Fill the copy, or read what changed. `full`: look for customers who are gone as well.

    Raises:
        CrmError: it could not be brought up to date; what was read stays.
    """
    settings = settings_for(lang, sandbox=sandbox)
    language = settings.language
    async with House(settings) as house:
        with _Bar(language, msg("Copying customers")) as move:
            while not await house.copy().sync.run_once(move, now=True):
                # Another program on this machine is at it: its work counts as ours.
                fresh = await house.copy().directory.freshness()
                await move(round(fresh.share * 100), 100)
                if fresh.complete:
                    break
                await house.rest(_OTHERS_LOOK)
        if full:
            with _Bar(language, msg("Looking for who is gone")) as move:
                while not await house.copy().sync.sweep(move):
                    await house.rest(_OTHERS_LOOK)
        fresh = await house.copy().directory.freshness()
        if fresh.trouble:
            raise NotActed(
                msg("The copy could not be brought up to date: {why}", why=_why(fresh.trouble)),
                done=msgs("{count} customer is in it.", "{count} customers are in it.", fresh.customers),
                then=msg("Start it again; it goes on where it stopped."),
            )
        if fresh.rebuilt_at is not None:
            when = f"{fresh.rebuilt_at.astimezone(settings.zone):%d/%m/%Y %H:%M}"
            _say(language, msg("The copy was damaged or of an older version, and was made anew ({when}).", when=when))
        as_of = fresh.synced_at or fresh.filled_at
        when = "" if as_of is None else f"{as_of.astimezone(settings.zone):%d/%m/%Y %H:%M}"
        _say(
            language,
            msgs("{count} customer, as of {when}.", "{count} customers, as of {when}.", fresh.customers, when=when),
        )


class _Bar:
    """A bar on standard error; where that is no terminal, a line now and then."""

    def __init__(self, language: Language, what: Text) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._what = what.render(language)
        self._task = self._progress.add_task(self._what, total=None)
        self._said = 0

    def __enter__(self) -> Callable[[int, int], Awaitable[None]]:
        self._progress.start()
        return self._move

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    async def _move(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
        share = 100 * done // max(total, 1)
        if self._progress.disable and share > self._said and (share >= self._said + _STEP or done == total):
            self._said = share
            sys.stderr.write(f"{self._what}: {share} %\n")


def _why(code: str) -> Text:
    """What an error's code means to whoever started this."""
    match code:
        case "not_acted" | "broken_read":
            return msg("AntCRM could not be reached.")
        case "rate_limited":
            return msg("AntCRM asked to be left alone for a while.")
        case "unauthorised":
            return msg("AntCRM does not accept the API key.")
        case _:
            return msg("AntCRM's answers could not be used ({code}).", code=code)


def _say(language: Language, text: Text) -> None:
    sys.stdout.write(text.render(language) + "\n")
