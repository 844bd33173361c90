"""What a column holds comes back as the value it was."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from antcrm_tools.ledger.values import (
    dump,
    read_customer,
    read_draft,
    read_edit,
    read_text,
    write_customer,
    write_edit,
    write_text,
)
from antcrm_tools.models import (
    WRITABLE,
    Address,
    AdTouch,
    Customer,
    CustomField,
    Draft,
    Edit,
    Element,
    Email,
    LeadSource,
    Phone,
    Social,
)
from antcrm_tools.refs import Ref
from antcrm_tools.text import LANGUAGES, Text, join, msg, msgs, verbatim

E = TypeVar("E", bound=Element)

unhurried = settings(deadline=None)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(text, parts, max_size=3),
    max_leaves=6,
)
zones = st.integers(-1439 * 60, 1439 * 60).map(lambda seconds: timezone(timedelta(seconds=seconds)))
day_text = text | st.sampled_from(["2000-03-15", "2000-03-15T00:00:00Z", "March 15, 2000", ""])
days = st.none() | st.dates() | day_text
moments = st.none() | st.datetimes(timezones=zones | st.just(UTC)) | day_text


def _came_as(item: E, form: JsonValue) -> E:
    return item.came_as(form)


def arrays(one: st.SearchStrategy[E]) -> st.SearchStrategy[tuple[E, ...]]:
    """Elements, some of which came in a form of AntCRM's own."""
    came: st.SearchStrategy[E] = st.builds(_came_as, one, st.none() | json)
    return st.lists(came, max_size=3).map(tuple[E, ...])


values: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("name", "stage", "owner", "source", "industry", "note"), text),
    "phones": arrays(st.builds(Phone, value=text, type=text | st.just("Work"))),
    "emails": arrays(st.builds(Email, value=text, type=text | st.just("Work"))),
    "tags": st.lists(text, max_size=3).map(tuple),
    "gender": st.sampled_from([None, "male", "female", "other"]),
    "date_of_birth": days,
    "addresses": arrays(st.builds(Address, city=text, house=text, country=text)),
    "socials": arrays(st.builds(Social, value=text, protocol=text | st.just("Facebook"))),
    "custom_fields": arrays(st.builds(CustomField, name=text, value=text)),
}
customers = st.builds(
    Customer,
    kind=st.sampled_from(["lead", "contact", "account"]),
    id=text,
    points=st.none() | st.floats(allow_nan=False),
    rank=text,
    created_at=moments,
    updated_at=moments,
    lead_source=st.none() | st.builds(LeadSource, id=text, name=text),
    ads=st.lists(st.builds(AdTouch, id=text, at=moments), max_size=3).map(tuple),
    extra=st.dictionaries(text | st.sampled_from(["_days", "_raw"]), json, max_size=3),
    **values,
)
edits = st.fixed_dictionaries({}, optional=values).map(Edit.model_validate)
drafts = st.fixed_dictionaries({"code": text}, optional={"kind": st.sampled_from(["lead", "contact"]), **values}).map(
    Draft.model_validate
)
plain = st.text(max_size=8) | st.integers() | st.booleans() | st.floats(allow_nan=False)
texts = st.recursive(
    st.builds(Text, text, st.dictionaries(text, plain, max_size=3)),
    lambda inner: st.builds(
        Text, text, st.dictionaries(text, plain | inner, max_size=3), st.none() | text, st.integers(0, 99)
    ),
    max_leaves=5,
)


def came(record: Customer | Edit) -> list[object]:
    """AntCRM's own form of every element, in order."""
    arrays = [cast("tuple[object, ...]", value) for f in WRITABLE if isinstance(value := getattr(record, f), tuple)]
    return [item.as_it_came() for array in arrays for item in array if isinstance(item, Element)]


def kinds(record: Customer | Edit) -> list[type]:
    """A moment is equal to another one in another zone, but a day is never its text."""
    return [type(getattr(record, field)) for field in type(record).model_fields]


@unhurried
@given(customers)
def test_a_customer_comes_back(customer: Customer) -> None:
    again = read_customer(write_customer(customer))
    assert again == customer
    assert came(again) == came(customer)
    assert kinds(again) == kinds(customer)
    assert [type(touch.at) for touch in again.ads] == [type(touch.at) for touch in customer.ads]


@unhurried
@given(edits)
def test_an_edit_comes_back_with_the_fields_that_were_set(edit: Edit) -> None:
    again = read_edit(write_edit(edit))
    assert again == edit
    assert again.model_fields_set == edit.model_fields_set
    assert came(again) == came(edit)
    assert kinds(again) == kinds(edit)


@unhurried
@given(drafts)
def test_a_draft_comes_back(draft: Draft) -> None:
    again = read_draft(write_edit(draft))
    assert again == draft
    # The kind is always written: what it is by default may be another one by then.
    assert again.model_fields_set == draft.model_fields_set | {"kind", "code"}
    assert came(again) == came(draft)


@unhurried
@given(texts)
def test_a_sentence_comes_back(sentence: Text) -> None:
    assert read_text(write_text(sentence)) == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        msg("{a} {{b}}", a=verbatim("{a}")),
        msgs("{count} customer:", "{count} customers:", 2),
        msg("{a}", a=msgs("{count} customer:", "{count} customers:", 1)),
        join([msg("{a}-{b}", a=1, b=verbatim("x")), msg("")], "\n"),
    ],
)
def test_a_sentence_says_the_same_in_every_language(sentence: Text) -> None:
    for language in LANGUAGES:
        assert read_text(write_text(sentence)).render(language) == sentence.render(language)


@pytest.mark.parametrize("value", [Ref("lead", "9457"), date(2000, 3, 15), None, ("a", 1)])
def test_what_is_no_text_is_said_as_it_would_have_been(value: object) -> None:
    sentence = msg("{a}", a=value)
    assert str(read_text(write_text(sentence))) == str(sentence)


def test_a_day_is_not_its_text() -> None:
    for value in (date(2000, 3, 15), "2000-03-15", "", None):
        assert read_edit(write_edit(Edit(date_of_birth=value))).date_of_birth == value


def test_the_moment_of_an_advertisement_is_not_its_text() -> None:
    moment = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    ads = tuple(AdTouch(id="1", at=at) for at in (moment, "2024-05-01T09:30:00Z", None))
    assert read_customer(write_customer(Customer(kind="lead", id="1", ads=ads))).ads == ads


def test_nothing_set_is_nothing_set() -> None:
    assert read_edit(write_edit(Edit())).model_fields_set == set()
    emptied = Edit(note="", gender=None, date_of_birth=None, phones=())
    assert read_edit(write_edit(emptied)).model_fields_set == {"note", "gender", "date_of_birth", "phones"}


def test_half_a_character_can_be_kept() -> None:
    written = write_text(verbatim("An \ud83d"))
    with sqlite3.connect(":memory:") as database:
        assert database.execute("select ?", (written,)).fetchone() == (written,)
    database.close()
    assert read_text(written) == verbatim("An \ud83d")


def test_letters_stay_readable() -> None:
    assert dump({"name": "Nguyễn Thị Hoà 🙂"}) == '{"name":"Nguyễn Thị Hoà 🙂"}'
