"""Days and moments in the four forms AntCRM may write them: ISO, epoch milliseconds, "March 15, 2000", and empty."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from pydantic import JsonValue

from antcrm_tools.wire.values import text_of

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""English whatever the machine's locale: it is the API's own format."""

_LONG = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_EPOCH = re.compile(r"-?\d{11,14}")
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
VIETNAM = timezone(timedelta(hours=7))  # Without daylight saving since 1975.


def read_moment(value: JsonValue) -> datetime | str | None:
    """A moment with its zone. A text without a zone is taken as Vietnam's; what cannot be read is returned as text."""
    if value is None or value == "" or isinstance(value, bool | dict | list):
        return None if not isinstance(value, bool) else str(value)
    text = text_of(value)
    if _EPOCH.fullmatch(text):
        return _from_epoch(int(text)) or text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _read_long(text) or text or None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def read_day(value: JsonValue) -> date | str | None:
    """A day. A birthday written as a moment is the day it is in Vietnam; what cannot be read is returned as text."""
    if isinstance(value, str) and (found := _DAY_FIRST.fullmatch(value.strip())):
        day, month, year = (int(part) for part in found.groups())
        return _day(year, month, day) or value.strip()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
        year, month, day = (int(part) for part in value.strip().split("-"))
        return _day(year, month, day) or value.strip()
    moment = read_moment(value)
    return (day_in(moment, VIETNAM) or text_of(value)) if isinstance(moment, datetime) else moment


def write_day(day: date | str | None) -> str:
    """`March 15, 2000`, the form the vendor's page shows; `""` for none; unread text goes back as it came."""
    if day is None:
        return ""
    return day if isinstance(day, str) else f"{MONTHS[day.month - 1]} {day.day}, {day.year:04d}"


def _from_epoch(milliseconds: int) -> datetime | None:
    try:
        return _EPOCH_START + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _read_long(text: str) -> datetime | None:
    found = _LONG.fullmatch(text)
    if found is None:
        return None
    names = [i for i, month in enumerate(MONTHS, 1) if month.casefold().startswith(found[1].casefold())]
    day = _day(int(found[3]), names[0], int(found[2])) if names else None
    if day is None:
        return None
    try:
        return datetime(day.year, day.month, day.day, *(int(p or 0) for p in found.groups()[3:]), tzinfo=VIETNAM)
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def day_in(moment: datetime | str | None, zone: tzinfo) -> date | None:
    """The day a moment is in a zone; None where there is none or it cannot be read."""
    try:
        return moment.astimezone(zone).date() if isinstance(moment, datetime) else None
    except OverflowError:
        # The last hours of the year 9999, or the first of the year 1: in the next zone there is no such day.
        return None
