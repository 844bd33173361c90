"""Reports, their picture, and how things stand."""

from __future__ import annotations

import pytest

from antcrm_chat.intents import Misused, Period, Report, Status
from antcrm_chat.understand import understand
from tests.fakes.talker import Talker


@pytest.mark.parametrize(
    ("words", "period", "mine"),
    [
        ("/report", "today", False),
        ("/report week", "week", False),
        ("báo cáo", "today", False),
        ("bao cao thang nay", "month", False),
        ("Báo cáo tuần của tôi", "week", True),
        ("report month mine", "month", True),
        ("thống kê hôm nay", "today", False),
    ],
)
def test_what_may_be_said(words: str, period: Period, mine: bool) -> None:
    assert understand(words) == Report(period, mine)


def test_what_is_no_time() -> None:
    assert isinstance(understand("/report năm ngoái"), Misused)
    assert understand("trạng thái") == Status()
    assert understand("/status") == Status()


async def test_the_numbers_are_those_of_the_crm(lan: Talker) -> None:
    screen = await lan.say("/report month")
    (card,) = lan.cards
    assert card.picture is not None
    total = int(screen.splitlines()[1].split()[0])
    assert total > 0
    assert sum(count for _, count in card.picture.rows) == total
    by_stage = screen[screen.index("By stage:") : screen.index("By source:")]
    assert sum(int(line.rpartition(": ")[2]) for line in by_stage.splitlines()[1:]) == total
    assert "As of" in screen


async def test_times_and_whose_by_buttons_in_place(lan: Talker) -> None:
    everybodys = int((await lan.say("/report month")).splitlines()[1].split()[0])
    mine = await lan.tap("Only mine")
    assert lan.cards[0].replaces is not None
    assert lan.cards[0].picture is None
    assert 0 < int(mine.splitlines()[1].split()[0]) < everybodys
    assert "By owner:" not in mine
    assert "Today (" in await lan.tap("Today")
    assert "This week (" in await lan.tap("This week")
    await lan.tap("This month")
    await lan.tap("Everybody's")
    await lan.tap("Picture")
    assert lan.cards[0].picture is not None


async def test_status_says_how_fresh_and_what_is_open(lan: Talker) -> None:
    screen = await lan.say("/status")
    assert "500 customers in the copy." in screen
    assert "As of" in screen
    assert "Nothing of yours is open." in screen
