from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antcrm_tools.meaning import (
    contact_keys,
    differing,
    emptied,
    fingerprint,
    literally_differing,
    lost,
    meaning,
    same,
)
from antcrm_tools.models import (
    WRITABLE,
    Address,
    AdTouch,
    Customer,
    CustomField,
    Draft,
    Edit,
    Email,
    LeadSource,
    Phone,
    Social,
)

unhurried = settings(deadline=None)  # the first example of a run loads the phone library

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["Nguyễn Thị Hoà", "Đặng Văn Ánh", "Trần Ước", "An", ""]) | text
numbers = st.sampled_from(["0912345678", "+84 912 345 678", "0169 123 4567", "0391234567", "113", "zalo"]) | text
values: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("name", "stage", "owner", "source", "industry", "note"), names),
    "phones": st.lists(st.builds(Phone, value=numbers, type=text), max_size=4).map(tuple),
    "emails": st.lists(st.builds(Email, value=text | st.just("An@Example.VN")), max_size=4).map(tuple),
    "tags": st.lists(names, max_size=4).map(tuple),
    "gender": st.sampled_from([None, "male", "female", "other"]),
    "date_of_birth": st.none() | st.dates() | text,
    "addresses": st.lists(st.builds(Address, city=names, house=text, country=names), max_size=3).map(tuple),
    "socials": st.lists(st.builds(Social, value=text), max_size=3).map(tuple),
    "custom_fields": st.lists(st.builds(CustomField, name=names, value=text), max_size=3).map(tuple),
}
customers = st.builds(Customer, kind=st.just("lead"), id=st.just("1"), **values)
fields = st.sampled_from(WRITABLE)
ARRAYS = ("phones", "emails", "tags", "addresses", "socials", "custom_fields")


def phones(*written: str) -> tuple[Phone, ...]:
    return tuple(Phone(value=value) for value in written)


@unhurried
@given(customers)
def test_a_customer_means_what_it_means(customer: Customer) -> None:
    assert differing(WRITABLE, customer, customer) == []
    assert not any(lost(f, getattr(customer, f), getattr(customer, f)) for f in WRITABLE)


@unhurried
@given(names)
def test_composed_and_decomposed_letters_are_the_same(name: str) -> None:
    nfd = unicodedata.normalize("NFD", name)
    for field in ("name", "note", "stage"):
        assert same(field, unicodedata.normalize("NFC", name), nfd)
    assert same("tags", (name,), (nfd,))
    assert same("addresses", (Address(city=name),), (Address(city=nfd),))
    assert same("custom_fields", (CustomField(name=name, value=name),), (CustomField(name=nfd, value=nfd),))


@unhurried
@given(st.sampled_from(ARRAYS), st.data())
def test_arrays_are_sets(field: str, data: st.DataObject) -> None:
    array: tuple[object, ...] = data.draw(values[field])
    assert same(field, array, tuple(reversed(array)))
    assert same(field, array, array + array)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("0912345678", "+84 912 345 678"),
        ("0912345678", "84912345678"),
        ("0912.345.678", "(091) 234-5678"),
        ("01691234567", "0391234567"),
        ("+84 169 123 4567", "0391 234 567"),
        ("0120 1234567", "070 1234567"),
    ],
)
def test_spellings_of_a_phone_are_the_same(a: str, b: str) -> None:
    assert same("phones", phones(a), phones(b))
    assert contact_keys(Draft(code="x", phones=phones(a))) == contact_keys(Draft(code="y", phones=phones(b)))


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("name", "An", "Ân"),
        ("name", "An", "an"),
        ("tags", ("VIP",), ("VIP", "Mới")),
        ("phones", phones("0912345678"), phones("0912345679")),
        ("phones", phones("0912345678"), ()),
        ("phones", phones("113"), phones("114")),
        ("emails", (Email(value="an@example.vn"),), (Email(value="an@example.com"),)),
        ("gender", None, "other"),
        ("date_of_birth", date(2000, 3, 15), date(2000, 3, 16)),
        ("date_of_birth", None, date(2000, 3, 15)),
        ("addresses", (Address(city="Huế"),), (Address(district="Huế"),)),
        ("addresses", (Address(country="VN"),), ()),
        ("socials", (Social(value="an"),), (Social(value="an", protocol="Zalo"),)),
        ("custom_fields", (CustomField(name="a", value="1"),), (CustomField(name="a", value="2"),)),
        ("custom_fields", (CustomField(name="a", value="1"),), (CustomField(name="b", value="1"),)),
    ],
)
def test_what_differs(field: str, a: object, b: object) -> None:
    assert not same(field, a, b)
    assert not same(field, b, a)


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("name", " Nguyễn  An ", "Nguyễn An"),
        ("note", "dòng một\r\ndòng hai", "dòng một\ndòng hai"),
        ("gender", None, ""),
        ("date_of_birth", None, ""),
        ("date_of_birth", date(2000, 3, 15), "2000-03-15"),
        ("emails", (Email(value="An@Example.VN"),), (Email(value="an@example.vn", type="Home"),)),
        ("socials", (Social(value="an", protocol="zalo"),), (Social(value="an", protocol="Zalo"),)),
        # AntCRM's own words for a country are not documented; it may fill them in.
        ("addresses", (Address(city="Huế"),), (Address(city="Huế", country_code="VN", country="Việt Nam"),)),
        # An element that holds nothing is as good as not there.
        ("phones", phones("", " "), ()),
        ("emails", (Email(value=""),), ()),
        ("tags", ("",), ()),
        ("addresses", (Address(),), ()),
        ("socials", (Social(value=""),), ()),
        ("custom_fields", (CustomField(name="Ngân sách"), CustomField(name="a", value=" ")), ()),
    ],
)
def test_what_is_the_same(field: str, a: object, b: object) -> None:
    assert same(field, a, b)
    assert same(field, b, a)


@unhurried
@given(customers, customers, fields)
def test_the_fingerprint_changes_if_and_only_if_a_shown_field_does(a: Customer, other: Customer, field: str) -> None:
    b = a.model_copy(update={field: getattr(other, field)})
    differs = getattr(a, field) != getattr(b, field)
    assert (fingerprint(a, [field]) != fingerprint(b, [field])) is differs
    assert (fingerprint(a) != fingerprint(b)) is differs
    unseen = [f for f in WRITABLE if f != field]
    assert (fingerprint(a, unseen) != fingerprint(b, unseen)) is (differs and field == "name")


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("phones", phones("0912345678"), phones("+84912345678")),
        ("phones", phones("0912345678"), (Phone(value="0912345678", type="Home"),)),
        ("note", "dòng một\ndòng hai", "dòng một dòng hai"),
        ("tags", ("VIP", "Mới"), ("Mới", "VIP")),
        ("addresses", (Address(city="Huế"), Address(city="Vinh")), (Address(city="Vinh"), Address(city="Huế"))),
        ("addresses", (Address(city="Huế"),), (Address(city="Huế", country_code="VN"),)),
        ("custom_fields", (CustomField(name="a"),), ()),
    ],
)
def test_the_fingerprint_is_literal_and_ordered(field: str, a: object, b: object) -> None:
    assert same(field, a, b)
    one, other = (Customer.model_validate({"kind": "lead", "id": "1", field: value}) for value in (a, b))
    assert fingerprint(one, [field]) != fingerprint(other, [field])
    assert fingerprint(one) != fingerprint(other)


def test_the_fingerprint_says_who_it_is() -> None:
    lead = Customer(kind="lead", id="1", name="An")
    others = [
        Customer(kind="lead", id="2", name="An"),
        Customer(kind="contact", id="1", name="An"),
        Customer(kind="account", id="1", name="An"),
        Customer(kind="lead", id="1", name="Ân"),
    ]
    assert len({fingerprint(customer, []) for customer in (lead, *others)}) == 5


def test_what_moves_by_itself_does_not_change_the_fingerprint() -> None:
    lead = Customer(kind="lead", id="1", name="An")
    moved = lead.model_copy(update={"updated_at": "hôm qua", "extra": {"x": 1}})
    assert fingerprint(lead) == fingerprint(moved)


@pytest.mark.parametrize(
    "moved",
    [
        {"points": 5.0},
        {"rank_points": 5.0},
        {"rank": "Vàng"},
        {"created_by": "bot"},
        {"lead_source": LeadSource(name="Zalo")},
        {"ads": (AdTouch(id="1"),)},
    ],
)
def test_without_fields_the_fingerprint_stands_for_what_cannot_be_written_too(moved: dict[str, Any]) -> None:
    lead = Customer(kind="lead", id="1", name="An")
    assert fingerprint(lead) != fingerprint(lead.model_copy(update=moved))
    assert fingerprint(lead, WRITABLE) == fingerprint(lead.model_copy(update=moved), WRITABLE)


@unhurried
@given(customers, customers)
def test_what_differs_in_meaning_differs_literally(a: Customer, b: Customer) -> None:
    assert set(differing(WRITABLE, a, b)) <= set(literally_differing(WRITABLE, a, b))
    assert literally_differing(WRITABLE, a, a) == []


@pytest.mark.parametrize(
    ("field", "a", "b", "differs"),
    [
        ("phones", phones("0912345678"), (Phone(value="0912345678", type="Home"),), True),
        ("phones", phones("0912345678"), phones("+84912345678"), True),
        ("phones", phones("113", "114"), phones("114", "113"), False),
        ("addresses", (Address(city="Huế"),), (Address(city="Huế", country_code="VN"),), True),
        ("note", "dòng một\ndòng hai", "dòng một dòng hai", True),
        ("note", "dòng một\r\ndòng hai ", "dòng một\ndòng hai", False),
        ("name", unicodedata.normalize("NFD", "Hoà"), "Hoà", False),
        ("tags", (unicodedata.normalize("NFD", "Hoà"),), ("Hoà",), False),
        ("tags", ("VIP", "VIP"), ("VIP",), True),
        ("gender", None, "other", True),
    ],
)
def test_literally_differing(field: str, a: object, b: object, differs: bool) -> None:
    one, other = (Customer.model_validate({"kind": "lead", "id": "1", field: value}) for value in (a, b))
    assert literally_differing(WRITABLE, one, other) == ([field] if differs else [])


@pytest.mark.parametrize(
    ("field", "before", "after", "gone"),
    [
        ("note", "a", "", True),
        ("note", "a", " ", True),
        ("note", "a", "b", False),
        ("note", "", "", False),
        ("gender", "male", None, True),
        ("tags", ("a", "b"), ("a",), False),
        ("tags", ("a",), (), True),
        ("phones", phones("113"), phones(""), True),
        ("phones", phones(""), (), False),
    ],
)
def test_emptied(field: str, before: object, after: object, gone: bool) -> None:
    assert emptied(field, before, after) is gone


@pytest.mark.parametrize(
    ("field", "before", "after", "gone"),
    [
        ("note", "a", "", True),
        ("note", "a", "b", False),
        ("note", "", "b", False),
        ("gender", "male", None, True),
        ("tags", ("a", "b"), ("a",), True),
        ("tags", ("a",), ("a", "b"), False),
        ("tags", ("a",), ("b",), True),
        ("phones", phones("0912345678"), phones("+84912345678"), False),
        ("custom_fields", (CustomField(name="a", value="1"),), (CustomField(name="a"),), True),
        ("custom_fields", (CustomField(name="a"),), (), False),
        ("custom_fields", (CustomField(name="a", value="1"),), (CustomField(name="a", value="2"),), False),
        ("custom_fields", (CustomField(name="a", value="1"),), (CustomField(name="b", value="1"),), True),
        (
            "custom_fields",
            (CustomField(name="a", value="1"), CustomField(name="a", value="2")),
            (CustomField(name="a", value="2"),),
            True,
        ),
    ],
)
def test_lost(field: str, before: object, after: object, gone: bool) -> None:
    assert lost(field, before, after) is gone


def test_contact_keys() -> None:
    draft = Draft(
        code="x",
        phones=phones("0912 345 678", "+84912345678", "113", " "),
        emails=(Email(value="An@Example.VN"), Email(value="")),
    )
    assert contact_keys(draft) == {"+84912345678", "113", "an@example.vn"}
    assert contact_keys(Draft(code="x", name="An")) == frozenset()


def test_an_unsettable_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        meaning("points", 5.0)


def test_an_edit_is_compared_with_a_customer() -> None:
    before = Customer(kind="lead", id="1", name="An", stage="Mới", tags=("VIP",))
    wanted = Edit(stage="Mới", tags=("VIP", "Nóng"), note="x")
    assert differing(wanted.model_fields_set, before, wanted) == ["tags", "note"]
