"""New customers of a day, a week or a month, as a short table and as a picture; and how the copy stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from antcrm_chat.cards import Card, Picture
from antcrm_chat.dialogue import Choice
from antcrm_chat.intents import Period, Report
from antcrm_chat.steps import ShowReport
from antcrm_tools.errors import CrmError
from antcrm_tools.outcomes import Done
from antcrm_tools.text import Text, join, msg, msgs
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.count_customers import CustomersCounted, named
from antcrm_tools.tools.list_changes import ChangesFound

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn

_PERIODS: tuple[Period, ...] = ("today", "week", "month")
_LABEL: dict[Period, Text] = {"today": msg("Today"), "week": msg("This week"), "month": msg("This month")}
_OWNERS = 8
_OPEN = 50


@dataclass(frozen=True, slots=True)
class Reports:
    """What a turn does with counts."""

    turn: Turn

    async def show(self, step: ShowReport, under: str = "") -> list[Card]:
        """The report; `under` is the report whose place it takes."""
        report = step.report
        first, last = self._days(report.period)
        window = {"created_from": first.isoformat(), "created_to": last.isoformat()}
        if report.mine:
            window["owner"] = "me"
        try:
            stages = await self._counted({**window, "by": ["stage"]})
            sources = await self._counted({**window, "by": ["source"]})
            owners = None if report.mine else await self._counted({**window, "by": ["owner"]})
        except CrmError as error:
            return [self.turn.results.error(error, again=step)]
        lines = [msgs("{count} new customer.", "{count} new customers.", stages.total)]
        lines += _table(msg("By stage:"), stages)
        lines += _table(msg("By source:"), sources)
        lines += [] if owners is None else _table(msg("By owner:"), owners, _OWNERS)
        if (state := stages.copy_state.sentence()) is not None:
            lines.append(state)
        title = self._title(report, first, last)
        card = self.turn.dialogue.card(title, lines, self._choices(report, drawn=stages.total > 0))
        if step.picture and stages.total and self.turn.pictures:
            card = replace(card, picture=Picture(title, tuple(_rows(stages))))
        return [replace(card, replaces=under) if under and not step.picture else card]

    async def status(self) -> list[Card]:
        """How fresh the copy is, and what of one's own is still open."""
        try:
            counted = await self._counted({})
            call = tool_named("list_changes").call({"mine": True, "open": True, "limit": _OPEN})
            outcome = await self.turn.desk.submit(call, self.turn.actor)
        except CrmError as error:
            return [self.turn.results.error(error)]
        lines = [msgs("{count} customer in the copy.", "{count} customers in the copy.", counted.total)]
        if (state := counted.copy_state.sentence()) is not None:
            lines.append(state)
        found = outcome.result if isinstance(outcome, Done) else None
        changes = found.changes if isinstance(found, ChangesFound) else ()
        lines.append(
            msgs("{count} change of yours is still open:", "{count} changes of yours are still open:", len(changes))
            if changes
            else msg("Nothing of yours is open.")
        )
        return [self.turn.dialogue.card(msg("How things stand:"), [*lines, *(line.sentence() for line in changes)])]

    async def _counted(self, arguments: Mapping[str, object]) -> CustomersCounted:
        outcome = await self.turn.desk.submit(tool_named("count_customers").call(arguments), self.turn.actor)
        result = outcome.result if isinstance(outcome, Done) else None
        if not isinstance(result, CustomersCounted):
            raise TypeError("a count asks nobody anything")
        return result

    def _days(self, period: Period) -> tuple[date, date]:
        today = self.turn.now().date()
        if period == "week":
            return today - timedelta(days=today.weekday()), today
        return (today.replace(day=1) if period == "month" else today), today

    def _title(self, report: Report, first: date, last: date) -> Text:
        days = f"{first:%d/%m/%Y}" if first == last else f"{first:%d/%m} – {last:%d/%m/%Y}"
        title = msg("{period} ({days})", period=_LABEL[report.period], days=days)
        return join((title, msg("only yours"))) if report.mine else title

    def _choices(self, report: Report, *, drawn: bool) -> list[list[Choice]]:
        others = [
            Choice(_LABEL[period], ShowReport(replace(report, period=period)))
            for period in _PERIODS
            if period != report.period
        ]
        whose = Choice(
            msg("Everybody's") if report.mine else msg("Only mine"), ShowReport(replace(report, mine=not report.mine))
        )
        more = [whose] if "@" in self.turn.actor.who else []
        if drawn and self.turn.pictures:
            more.append(Choice(msg("Picture"), ShowReport(report, picture=True)))
        return [others, more]


def _table(title: Text, counted: CustomersCounted, most: int = 20) -> list[Text]:
    shown = counted.groups[:most]
    lines = [msg("• {group}: {count}", group=named(each.group[0]), count=each.count) for each in shown if each.count]
    return [title, *lines] if lines else []


def _rows(counted: CustomersCounted) -> list[tuple[Text, int]]:
    return [(named(each.group[0]), each.count) for each in counted.groups if each.count]
