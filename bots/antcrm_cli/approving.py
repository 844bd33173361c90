"""`antcrm approve`: the questions of assistants that cannot show them, decided by a person at this terminal."""

from __future__ import annotations

import asyncio
import platform
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text as Line

from antcrm_cli.keyboard import Keyboard, NoTerminalError
from antcrm_cli.running import FAILED, settings_for
from antcrm_cli.screen import PROMPT, visible
from antcrm_tools.approving import COMMAND, Approving, asked_by, closed, decided_by
from antcrm_tools.errors import BadInput, CrmError, LedgerBroken, NotAllowed
from antcrm_tools.house import House
from antcrm_tools.identity.names import fold
from antcrm_tools.outcomes import Actor, Done, Dropped, Queued, Ticket, Unsure
from antcrm_tools.text import Language, Text, clean, join, msg, msgs, verbatim

if TYPE_CHECKING:
    from antcrm_tools.ledger.ticket import TicketStatus

LEFT = msg("Left. What was not answered stays open.")

_NO = frozenset({"n", "no", "khong"})
_NOTHING = msg("Nothing was decided.")
_STAYS = msg("Nothing was decided. The question stays open.")

_DEEP = 4
_NARROW = 20

_FINISH = 60.0
"""Seconds that what was confirmed gets to end when the person leaves in the middle of it."""


async def run_approve(lang: str | None, number: int | None) -> int:
    """Show what waits, and decide it. Returns 0, or 1 where an answer ended in an error.

    Raises:
        BadInput: nobody sits at a terminal, no question can come here, or there is none of that number.
        LedgerBroken: what waits cannot be known.
    """
    try:
        keyboard = Keyboard()  # before anything is read: without a person there is nothing to be done here
        settings = settings_for(lang, sandbox=False)
        if settings.sandbox:
            raise BadInput(
                msg("A made-up AntCRM inside a program keeps its questions there, so none can be decided here."),
                done=_NOTHING,
                then=msg("Unset ANTCRM_SANDBOX, or answer where it was asked."),
            )
        async with House(settings) as house:
            return await Sitting(house, Sheet(Console(), settings.language), keyboard).run(number)
    except NoTerminalError:
        raise BadInput(
            msg("Approving needs a person at a terminal, and there is none."),
            done=_NOTHING,
            then=msg("Start it in a terminal, without a pipe or a script."),
        ) from None


class Sheet:
    """What this terminal shows.

    A sentence of ours begins at its edge and goes on further in, also where it is broken for want of room: so nothing
    in a name or a note can pass for one.
    """

    def __init__(self, console: Console, language: Language) -> None:
        """`console` knows what the terminal can do."""
        self._console = console
        self._language: Language = language

    def say(self, text: Text, style: str = "") -> None:
        """A sentence of ours."""
        self._lines(text, style, 0)

    def quote(self, text: Text) -> None:
        """What others have written is in it."""
        self._lines(text, "", 2)

    def prompt(self) -> None:
        """Wait for an answer behind this."""
        self._console.print(Line(PROMPT, style="bold cyan"), end="")

    def progress(self, done: int, total: int) -> None:
        """How far it is, on a line that the next one replaces."""
        self._console.print(Line(f"{done}/{total}"), end="\r")

    def skip(self) -> None:
        """A blank line, or the end of one that somebody left."""
        self._console.print()

    def _lines(self, text: Text, style: str, indent: int) -> None:
        width = max(self._console.width - _DEEP, _NARROW)
        for row in text.render(self._language).split("\n"):
            for line in Line(visible(row), style).wrap(self._console, width) or [Line()]:
                self._console.print(Line(" " * indent).append_text(line), soft_wrap=True)
                indent = _DEEP


class Sitting:
    """One person at one terminal, and the questions that wait."""

    def __init__(self, house: House, sheet: Sheet, keyboard: Keyboard) -> None:
        """They are whom the settings name."""
        self._house = house
        self._sheet = sheet
        self._keyboard = keyboard
        self._actor = Actor(house.settings.actor, "terminal", platform.node())
        self._others = 0
        """Open questions that are not this person's to answer."""
        self._seen: set[str] = set()
        self._failed = False

    async def run(self, number: int | None = None) -> int:
        """One question after the other, each once; or only the one of that `number` in the list.

        Raises:
            BadInput: there is none of that number.
            LedgerBroken: what waits cannot be known.
        """
        approving = self._house.desk().approving
        await self._require_staff()
        while (status := await self._next(approving, number)) is not None:
            self._seen.add(status.ticket.id)
            if not await self._decide(status.ticket) or number is not None:
                break
        return FAILED if self._failed else 0

    async def _require_staff(self) -> None:
        """Whoever was removed is not shown a customer's name either."""
        actor = await self._house.staff().entitled(self._actor, looks_up=False)
        if not actor.scopes:
            raise NotAllowed(
                msg("“{title}” is for members of staff, and this person is none any more.", title=verbatim(COMMAND)),
                done=_NOTHING,
                then=msg("Ask the admin."),
            )

    async def _next(self, approving: Approving | None, number: int | None) -> TicketStatus | None:
        """The next question to show; None where there is none, or the person has seen enough."""
        while True:
            there = [] if approving is None else await self._answerable(approving)
            waiting = [status for status in there if status.ticket.id not in self._seen]
            if number is not None:
                if number > len(waiting):
                    raise BadInput(
                        msg("There is no question {number} here.", number=number),
                        done=_NOTHING,
                        then=msg("See which there are: {command}", command=COMMAND),
                    )
                return waiting[number - 1]
            if not waiting:
                self._say_end(len(there))
                return None
            if approving is None or len(waiting) == 1:
                return waiting[0]
            chosen = await self._choose(waiting)
            if chosen is None:
                return None
            # Choosing takes as long as it takes, and others may answer as well.
            status = await approving.approvals.get(chosen.ticket.id)
            if status is not None and status.state == "open":
                return status
            self._sheet.say(msg("This question is no longer open.") if status is None else closed(status))

    async def _answerable(self, approving: Approving) -> list[TicketStatus]:
        """The open questions that are this person's to answer."""
        desk, there = self._house.desk(), await approving.open()
        mine = [status for status in there if await desk.may_answer(status, self._actor)]
        self._others = len(there) - len(mine)
        return mine

    def _say_end(self, left: int) -> None:
        if left:
            self._sheet.say(msgs("{count} question stays open.", "{count} questions stay open.", left))
        elif self._seen:
            self._sheet.say(msg("No other question waits for an answer."))
        else:
            self._sheet.say(msg("No question waits for an answer."))
        if self._others:
            waits = msgs("{count} question waits for others.", "{count} questions wait for others.", self._others)
            self._sheet.say(waits)

    async def _choose(self, waiting: Sequence[TicketStatus]) -> TicketStatus | None:
        for place, status in enumerate(waiting, 1):
            self._sheet.say(join((verbatim(f"{place}."), status.ticket.preview.question)), "bold")
            self._sheet.quote(asked_by(status.ticket))
            self._sheet.quote(self._until(status.ticket))
        while True:
            said = await self._ask([msg("Which one? Type its number; Enter alone leaves.")])
            if not said:
                self._sheet.say(_NOTHING)
                return None
            if said.isascii() and said.isdecimal() and 0 < int(said) <= len(waiting):
                return waiting[int(said) - 1]
            self._sheet.say(msg("There is no question {number} here.", number=clean(said, 20)))

    async def _decide(self, ticket: Ticket) -> bool:
        """Show one, ask, and carry the answer out. False: nobody is there any more."""
        preview, sheet = ticket.preview, self._sheet
        sheet.say(preview.question, "bold")
        for line in preview.lines:
            sheet.quote(line)
        sheet.say(asked_by(ticket))
        sheet.say(self._until(ticket))
        if preview.count is None:
            # Made for this question: no line that was written before it is an answer to it.
            word = str(1000 + secrets.randbelow(9000))
            yes = msg("To say yes, type this number: {number}", number=word)
        else:
            word = str(preview.count)
            yes = msg("To say yes, type how many it says: {number}", number=word)
        no = msg("To say no, type “n”. Anything else decides nothing.")
        said = await self._ask([no, msg("Yes means: {label}", label=preview.yes), yes])
        if said == word:
            await self._answer(ticket, yes=True)
        elif said is not None and fold(said) in _NO:
            await self._answer(ticket, yes=False)
        else:
            sheet.say(_STAYS, "yellow")
        sheet.skip()
        return said is not None

    def _until(self, ticket: Ticket) -> Text:
        return msg(
            "Can be answered until {time}.", time=f"{ticket.expires.astimezone(self._house.settings.zone):%H:%M}"
        )

    async def _ask(self, lines: Sequence[Text]) -> str | None:
        # What stands above is shown by now. Only what is typed from here on counts, and what has to be typed is not
        # said before.
        self._keyboard.forget()
        for line in lines:
            self._sheet.say(line)
        self._sheet.prompt()
        try:
            said = await self._keyboard.line()
        except asyncio.CancelledError:
            self._sheet.skip()
            raise
        if said is None:
            self._sheet.skip()
        return said

    async def _answer(self, ticket: Ticket, *, yes: bool) -> None:
        """Whoever presses Ctrl-C in the middle of it still hears what became of it."""
        count = ticket.preview.count if yes else None
        desk = self._house.desk()
        answer = desk.approve(ticket.id, self._actor, yes=yes, count=count, progress=self._watch)
        task = asyncio.create_task(answer)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            self._sheet.skip()
            self._sheet.say(msg("Finishing what is under way…"))
            await asyncio.wait((task,), timeout=_FINISH)
            raise
        finally:
            if task.done():
                self._say_ended(task)
        with suppress(LedgerBroken):  # what became of it was said
            await self._say_who_else(desk.approving, ticket)

    def _say_ended(self, task: asyncio.Task[Done | Queued | Unsure | Dropped]) -> None:
        try:
            outcome = task.result()
        except CrmError as error:
            self._failed = True
            self._sheet.say(error.text, "yellow")
        else:
            self._sheet.say(outcome.result.sentence() if isinstance(outcome, Done) else outcome.text)

    async def _watch(self, done: int, total: int) -> None:
        if total > 1:
            self._sheet.progress(done, total)

    async def _say_who_else(self, approving: Approving | None, ticket: Ticket) -> None:
        """Somebody may have been quicker; what became of it is then their doing."""
        status = None if approving is None else await approving.approvals.get(ticket.id)
        if status is None or status.by is None:
            return
        by, me = status.by, self._actor
        if (by.who, by.face, by.host) != (me.who, me.face, me.host) and (said := decided_by(status)) is not None:
            self._sheet.say(said)
