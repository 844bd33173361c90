"""What is quick when a page of customers is written comes to the same as the plain way."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antcrm_tools.directory import held as held_module
from antcrm_tools.directory.held import Held
from antcrm_tools.directory.rows import Labels, forget, put
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
        held = Held(db, [customer.ref for customer in customers] if at_once else ())
        changed.append(
            sum(put(db, labels, one, float(begun), NOW, held=held, region="VN", zone=ZONE) for one in customers)
        )
        if gone is not None:
            forget(db, f"L{gone}", float(begun), NOW)
    tables = ("customers", "words", "tagged", "gone", "labels", "vocabulary", "slips")
    found = [row for table in tables for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608
    found += db.execute("SELECT rowid FROM found WHERE found MATCH 'nguyen OR tran OR viet' ORDER BY 1").fetchall()
    db.close()
    return changed, found


@unhurried
@given(pages)
def test_a_page_asked_for_at_once_is_written_as_one_by_one(told: list[tuple[list[Customer], int, int | None]]) -> None:
    assert written(told, at_once=True) == written(told, at_once=False)


def test_more_than_fit_into_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_module, "_AT_ONCE", 2)
    refs = [f"L{number}" for number in range(1, 6)]
    db, _ = copy_of(Customer(kind="lead", id=ref[1:], name="Lan") for ref in refs)
    held = Held(db, refs)
    there = [held.take(db, ref)[0] for ref in refs]
    db.close()
    assert [row[1] for row in there if row is not None] == refs


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
