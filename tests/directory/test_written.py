"""What is quick when a page of customers is written comes to the same as the plain way."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antcrm_tools.directory import rows
from antcrm_tools.directory.page import MOST
from antcrm_tools.directory.rows import Labels, forget, put, second_of
from antcrm_tools.directory.tokens import elsewhere, folded_words, is_token, more_tokens, storable
from antcrm_tools.models import Customer, CustomField
from tests.directory.people import NEWEST, ZONE, copy_of

NOW = 100.0
unhurried = settings(deadline=None)


def lead(number: int, name: str, second: int) -> Customer:
    return Customer(kind="lead", id=str(number), name=name, created_at=NEWEST + timedelta(seconds=second))


names = st.sampled_from(["Nguyễn Thị Lan", "Trần An", "cty Sao Việt"])
leads = st.builds(lead, st.integers(1, 5), names, st.integers(0, 1))
# Pages with the same customer twice, read in another order than they are told, and customers gone in between.
pages = st.lists(st.tuples(st.lists(leads, max_size=6), st.integers(1, 9), st.none() | st.integers(1, 5)), max_size=6)


def written(told: list[tuple[list[Customer], int, int | None]], *, at_once: bool) -> tuple[list[int], list[object]]:
    """How many each page changed, and all that is there in the end."""
    db, labels = copy_of(())
    changed: list[int] = []
    for customers, begun, gone in told:
        pages = [customers] if at_once else [[one] for one in sorted(customers, key=second_of)]
        changed.append(sum(put(db, labels, page, float(begun), NOW, region="VN", zone=ZONE) for page in pages))
        if gone is not None:
            forget(db, f"L{gone}", float(begun), NOW)
    tables = ("customers", "words", "tagged", "gone", "labels", "vocabulary", "slips")
    found = [row for table in tables for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608
    found += db.execute("SELECT rowid FROM found WHERE found MATCH 'nguyen OR tran OR viet' ORDER BY 1").fetchall()
    db.close()
    return changed, found


@unhurried
@given(pages)
def test_a_page_is_written_at_once_as_one_by_one(told: list[tuple[list[Customer], int, int | None]]) -> None:
    assert written(told, at_once=True) == written(told, at_once=False)


def test_more_than_fit_onto_a_page_of_one_second() -> None:
    many = [lead(number, "Lan", number % 2) for number in range(1, 4 * MOST)]
    assert written([(many, 1, None), (many, 2, 7)], at_once=True) == written(
        [(many, 1, None), (many, 2, 7)], at_once=False
    )


def test_one_record_that_cannot_be_written_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    names = rows.name_tokens

    def broken(customer: Customer, companies: Iterable[str]) -> list[str]:
        if customer.id == "2":
            raise OverflowError
        return names(customer, companies)

    monkeypatch.setattr(rows, "name_tokens", broken)
    db, labels = copy_of(())
    assert put(db, labels, [lead(number, "Lan", 0) for number in (1, 2, 3)], 1.0, NOW, region="VN", zone=ZONE) == 2
    assert db.execute("SELECT ref FROM customers ORDER BY 1").fetchall() == [("L1",), ("L3",)]
    db.close()


def test_a_label_has_one_number_however_it_is_written() -> None:
    db, labels = sqlite3.connect(":memory:"), Labels()
    db.execute("CREATE TABLE labels (id INTEGER PRIMARY KEY, field, value, folded, UNIQUE (field, value))")
    ways = ["Chốt đơn", " Chốt  đơn ", unicodedata.normalize("NFD", "Chốt đơn")]
    numbers = {labels.number(db, "stage", way) for way in [*ways, *ways]}
    assert len(numbers) == 1
    assert labels.number(db, "owner", "Lan@antcrm.example") == labels.number(db, "owner", "lan@antcrm.example")
    assert labels.number(db, "tag", "") == labels.number(db, "tag", " ") == 0
    assert {value for (value,) in db.execute("SELECT value FROM labels")} == {"Chốt đơn", "lan@antcrm.example"}
    db.close()


@given(st.text(st.characters()))
def test_storable(text: str) -> None:
    assert storable(text) == unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode()


@given(st.lists(st.text(max_size=90), max_size=4))
def test_words_that_stand_elsewhere(texts: list[str]) -> None:
    customer = Customer(
        kind="lead", id="1", industry="Vận tải", custom_fields=tuple(CustomField(name="x", value=t) for t in texts)
    )
    found = dict.fromkeys(word for text in ["Vận tải", *texts] for word in folded_words(text))
    expected = [elsewhere(word) for word in found if is_token(word) and word]
    assert more_tokens(customer) == more_tokens(customer) == expected
