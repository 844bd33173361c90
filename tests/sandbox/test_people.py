"""The made-up customers: always the same, and believable."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import phonenumbers

from antcrm_tools.sandbox import MEMORABLE
from antcrm_tools.sandbox.fields import national_digits
from antcrm_tools.sandbox.people import people, plain

NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
ROWS = people(500, NOW)


def phones() -> list[str]:
    return [phone["value"] for row in ROWS for phone in row.fields["phones"]]


def test_the_same_people_every_time() -> None:
    assert people(500, NOW) == ROWS
    assert people(500, NOW, seed=1) != ROWS


def test_the_memorable_ones_come_first() -> None:
    assert [row.fields["name"] for row in ROWS[:7]] == [one.name for one in MEMORABLE]
    assert len(people(3, NOW)) == 3
    assert people(0, NOW) == []


def test_kinds_and_names() -> None:
    kinds = Counter((row.space, row.type) for row in ROWS)
    assert kinds["lead", None] > kinds["customer", 0] > kinds["customer", 1] > 30
    persons = [row.fields["name"] for row in ROWS if row.type != 1]
    nguyen = sum(plain(name).startswith("nguyen ") for name in persons)
    assert 0.30 < nguyen / len(persons) < 0.46


def test_phones_are_spelled_in_many_ways_and_rarely_shared() -> None:
    shared = [n for n in Counter(map(national_digits, phones())).values() if n > 1]
    assert 4 <= len(shared) <= 10
    assert all(any(p.startswith(form) for p in phones()) for form in ("0", "+84", "+84 ", "84"))
    assert any("." in p for p in phones())
    assert any(len(p) == 11 and p.startswith("01") for p in phones())


def test_most_phones_are_possible_numbers() -> None:
    mobile = [p for p in phones() if not (len(p) == 11 and p.startswith("01"))]
    parsed = [phonenumbers.parse(p, "VN") for p in mobile]
    valid = sum(phonenumbers.is_possible_number(number) for number in parsed)
    assert valid == len(parsed)


def test_nobody_has_a_real_address() -> None:
    addresses = [email["value"] for row in ROWS for email in row.fields["emails"]]
    assert len(addresses) > 100
    reserved = ("@example.com", "@example.org", ".example")
    assert all(address.endswith(reserved) for address in addresses)
    assert all(row.fields["responsibleStaff"].endswith("@antcrm.example") for row in ROWS[:7])


def test_dates_lie_within_400_days_in_the_order_of_the_ids() -> None:
    created = [datetime.fromtimestamp(row.created / 1000, UTC) for row in ROWS]
    assert created == sorted(created)
    assert created[0] > NOW - timedelta(days=400)
    assert created[-1] < NOW
    assert all(row.created <= row.updated <= NOW.timestamp() * 1000 for row in ROWS)
