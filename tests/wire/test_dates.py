from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from antcrm_tools.models import Customer
from antcrm_tools.wire.dates import day_in, read_day, read_moment, write_day

VIETNAM = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-05-30T01:02:03.000Z", datetime(2025, 5, 30, 1, 2, 3, tzinfo=UTC)),
        ("2025-05-30T08:02:03+07:00", datetime(2025, 5, 30, 1, 2, 3, tzinfo=UTC)),
        ("2025-05-30T08:02:03", datetime(2025, 5, 30, 1, 2, 3, tzinfo=UTC)),
        ("2025-05-30 08:02:03", datetime(2025, 5, 30, 1, 2, 3, tzinfo=UTC)),
        ("2025-05-30", datetime(2025, 5, 30, tzinfo=VIETNAM)),
        (1748563200000, datetime(2025, 5, 30, tzinfo=UTC)),
        (1748563200000.0, datetime(2025, 5, 30, tzinfo=UTC)),
        (" 1748563200000 ", datetime(2025, 5, 30, tzinfo=UTC)),
        (-14182980000, datetime(1969, 7, 20, 20, 17, tzinfo=UTC)),
        ("March 15, 2000", datetime(2000, 3, 15, tzinfo=VIETNAM)),
        ("Mar. 5 2000", datetime(2000, 3, 5, tzinfo=VIETNAM)),
        ("march 15, 2000, 13:45", datetime(2000, 3, 15, 13, 45, tzinfo=VIETNAM)),
        ("March 15, 2000 13:45:10", datetime(2000, 3, 15, 13, 45, 10, tzinfo=VIETNAM)),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_moments(value: JsonValue, moment: datetime | None) -> None:
    assert read_moment(value) == moment


@pytest.mark.parametrize(
    "text",
    [
        "hôm qua",
        "March 32, 2000",
        "Mars 15, 2000",
        "March 15, 2000 25:00",
        "0000-00-00 00:00:00",
        "2025-13-01",
        "1748563200",
        "99999999999999999",
        "-99999999999999",
    ],
)
def test_a_moment_that_cannot_be_read_is_kept_as_text(text: str) -> None:
    assert read_moment(text) == text
    # Also by the model, which would take 1748563200 for a time of its own accord.
    assert Customer(kind="lead", id="1", created_at=text).created_at == text


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("March 15, 2000", date(2000, 3, 15)),
        ("2000-03-15", date(2000, 3, 15)),
        ("15/03/2000", date(2000, 3, 15)),
        ("5-3-2000", date(2000, 3, 5)),
        # Midnight in Vietnam, written as a moment in UTC.
        ("2000-03-14T17:00:00.000Z", date(2000, 3, 15)),
        ("2000-03-15T00:00:00", date(2000, 3, 15)),
        (953053200000, date(2000, 3, 15)),
        ("", None),
        (None, None),
    ],
)
def test_days(value: JsonValue, day: date | None) -> None:
    assert read_day(value) == day


@pytest.mark.parametrize("text", ["0", "2000", "15/13/2000", "2000-02-30", "tháng 3", "9999-12-31T23:59:59Z"])
def test_a_day_that_cannot_be_read_is_kept_as_text_and_written_back_so(text: str) -> None:
    assert read_day(text) == text
    # Also by the model, which would take "0" for the first of January 1970 of its own accord.
    assert Customer(kind="lead", id="1", date_of_birth=text).date_of_birth == text
    assert write_day(text) == text


def test_writing_a_day() -> None:
    assert write_day(date(2000, 3, 5)) == "March 5, 2000"
    assert write_day(None) == ""


@given(st.dates())
def test_a_day_written_reads_as_itself(day: date) -> None:
    assert read_day(write_day(day)) == day
    assert read_day(day.isoformat()) == day


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.integers(-23, 23))
def test_every_moment_can_be_asked_for_its_day(moment: datetime, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    try:
        expected = (moment.replace(tzinfo=None) + timedelta(hours=hours)).date()
    except OverflowError:
        expected = None
    assert day_in(moment, zone) == expected
    assert read_moment(moment.isoformat()) == moment


def test_what_is_no_moment_has_no_day() -> None:
    assert day_in("hôm qua", UTC) is None
    assert day_in(None, UTC) is None
