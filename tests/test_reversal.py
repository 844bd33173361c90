"""Taking a change back, rule by rule."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from antcrm_tools.models import WRITABLE, Address, Customer, CustomField, Edit, Phone
from antcrm_tools.reversal import Moved, Reversal, moved_in_words, reversal
from antcrm_tools.text import LANGUAGES, Text, verbatim
from antcrm_tools.wire import write_edit


def lead(**fields: Any) -> Customer:
    return Customer(kind="lead", id="1", **fields)


def undone(field: str, before: object, after: object, now: object) -> Reversal:
    """What undoing a change of one field would do."""
    return reversal(lead(**{field: before}), lead(**{field: after}), [field], lead(**{field: now}))


def phones(*written: str) -> tuple[Phone, ...]:
    return tuple(Phone(value=value) for value in written)


def custom(**fields: str) -> tuple[CustomField, ...]:
    return tuple(CustomField(name=name, value=value) for name, value in fields.items())


@pytest.mark.parametrize(
    ("field", "before", "after", "now"),
    [
        ("stage", "Mới", "Nóng", "Nóng"),
        ("stage", "", "Nóng", "Nóng"),
        ("name", "Hoa", "Ho\u00e0", "Hoa\u0300"),
        ("date_of_birth", None, date(2000, 3, 15), date(2000, 3, 15)),
        ("date_of_birth", "xưa", date(2000, 3, 15), "2000-03-15"),
        ("date_of_birth", date(2000, 3, 15), None, None),
        ("gender", None, "male", "male"),
        ("gender", "other", "male", "male"),
        ("note", "một\nhai", "ba", "ba"),
        ("note", "một\nhai", "", ""),
        ("note", "một\nhai", "một hai", "một hai"),
    ],
)
def test_a_value_goes_back(field: str, before: object, after: object, now: object) -> None:
    found = undone(field, before, after, now)
    assert found.moved == ()
    assert found.edit.model_fields_set == {field}
    assert getattr(found.edit, field) == before


def test_what_was_empty_is_sent_as_empty() -> None:
    before, after = lead(), lead(stage="Nóng", gender="male", date_of_birth=date(2000, 3, 15), tags=("VIP",))
    found = reversal(before, after, WRITABLE, after)
    body = write_edit(after.as_ref(), found.edit)
    assert body == {"leadId": "1", "stage": "", "gender": "", "dateOfBirth": "", "tags": []}


def test_a_value_that_has_moved_on_is_left_and_named() -> None:
    assert undone("stage", "Mới", "Nóng", "Chốt") == Reversal(Edit(), (Moved("stage", "Chốt"),))
    assert undone("stage", "Mới", "Nóng", "") == Reversal(Edit(), (Moved("stage", ""),))
    assert undone("date_of_birth", None, date(2000, 3, 15), date(2000, 3, 16)).moved == (
        Moved("date_of_birth", "2000-03-16"),
    )


def test_the_others_go_back_although_one_has_moved_on() -> None:
    before = lead(stage="Mới", source="web", tags=("VIP",))
    after = lead(stage="Nóng", source="hội chợ", tags=())
    found = reversal(before, after, ["stage", "source", "tags"], lead(stage="Chốt", source="hội chợ"))
    assert found == Reversal(Edit(source="web", tags=("VIP",)), (Moved("stage", "Chốt"),))


def test_what_is_as_before_again_needs_nothing() -> None:
    assert undone("stage", "Mới", "Nóng", " Mới ") == Reversal(Edit(), ())
    assert undone("tags", ("VIP",), (), ("VIP",)) == Reversal(Edit(), ())


def test_a_field_that_did_not_really_change_is_left() -> None:
    assert undone("stage", "Mới", "Mới", "Chốt") == Reversal(Edit(), ())


def test_a_field_the_change_did_not_touch_is_left() -> None:
    before, after = lead(stage="Mới", tags=("VIP",)), lead(stage="Nóng", tags=())
    assert reversal(before, after, ["stage"], after) == Reversal(Edit(stage="Mới"), ())


def test_an_added_element_is_taken_out_in_any_spelling() -> None:
    now = phones("113", "+84 912 345 678", "0391234567")
    found = undone("phones", phones("113"), phones("113", "0912345678"), now)
    assert found == Reversal(Edit(phones=phones("113", "0391234567")), ())
    assert undone("tags", (), ("Ho\u00e0",), ("Hoa\u0300", "VIP")).edit == Edit(tags=("VIP",))


def test_an_added_element_that_has_gone_since_needs_nothing() -> None:
    assert undone("tags", ("A",), ("A", "B"), ("A", "C")) == Reversal(Edit(), ())
    assert undone("custom_fields", (), custom(a="1"), ()) == Reversal(Edit(), ())


def test_a_removed_element_comes_back_as_it_came() -> None:
    kept = Phone(value="0912345678").came_as({"value": "0912345678", "_id": 7, "verified": True})
    found = undone("phones", (kept, *phones("113")), phones("113"), phones("113", "114"))
    assert found.edit.phones == (kept, *phones("113", "114"))
    assert write_edit(lead().as_ref(), found.edit)["phones"] == [
        {"value": "0912345678", "_id": 7, "verified": True},
        {"type": "Work", "value": "113"},
        {"type": "Work", "value": "114"},
    ]


def test_what_is_left_alone_stays_in_the_form_it_has_now() -> None:
    left = Phone(value="113").came_as({"value": "113", "_id": 1})
    moved = Phone(value="113").came_as({"value": "113", "_id": 2})
    found = undone("phones", (left, *phones("114")), (left,), (moved,))
    assert [phone.as_it_came() for phone in found.edit.phones] == [{"value": "113", "_id": 2}, None]


@pytest.mark.parametrize(
    ("before", "after", "now", "back"),
    [
        ("abc", "ac", "ac", "abc"),
        ("abc", "bc", "bcx", "abcx"),
        ("abc", "ab", "xaby", "xabcy"),
        ("abc", "", "x", "abcx"),
        ("abc", "a", "xa", "xabc"),
        ("abc", "b", "cb", "cab"),
        ("abc", "axc", "axc", "abc"),
        ("abc", "ab", "ba", "bca"),
        ("abc", "bx", "xby", "abcy"),
    ],
)
def test_a_removed_element_comes_back_to_its_old_place(before: str, after: str, now: str, back: str) -> None:
    assert "".join(undone("tags", tuple(before), tuple(after), tuple(now)).edit.tags or now) == back


def test_an_element_that_is_there_again_is_not_doubled() -> None:
    found = undone("phones", phones("0912345678", "113"), (), phones("+84 912 345 678"))
    assert found == Reversal(Edit(phones=phones("+84 912 345 678", "113")), ())
    gone = Address(city="Huế", country="Việt Nam")
    assert undone("addresses", (gone,), (), (Address(city="Huế"),)) == Reversal(Edit(), ())


def test_elements_that_were_double_before_are_double_again() -> None:
    both = (Phone(value="113"), Phone(value="113", type="Home"))
    assert undone("phones", both, both[:1], both[:1]).edit.phones == both
    assert undone("phones", both, (), ()).edit.phones == both
    assert undone("tags", ("A", "A"), (), ()).edit.tags == ("A", "A")
    assert undone("tags", ("A",), ("A", "A"), ("A", "A", "B")).edit.tags == ("A", "B")


def test_a_label_goes_back() -> None:
    home, work, other = (Phone(value="113", type=label) for label in ("Home", "Work", "Other"))
    assert undone("phones", (home,), (work,), (work, *phones("114"))).edit.phones == (home, *phones("114"))
    assert undone("phones", (home,), (work,), (home,)) == Reversal(Edit(), ())
    assert undone("phones", (home,), (work,), (other,)) == Reversal(Edit(), (Moved("phones", "113 Other", "113"),))
    assert undone("phones", (home,), (work,), ()) == Reversal(Edit(), (Moved("phones", "", "113"),))


def test_the_spelling_of_a_phone_goes_back() -> None:
    before, after = phones("+84 912 345 678", "113"), phones("0912345678", "113")
    assert undone("phones", before, after, after) == Reversal(Edit(phones=before), ())


def test_a_custom_field_is_told_by_its_name() -> None:
    before, after = custom(ngân_sách="1", vùng="Bắc"), custom(ngân_sách="2", vùng="Bắc")
    now = custom(khác="x", ngân_sách="2", vùng="Nam")
    found = undone("custom_fields", before, after, now)
    assert found == Reversal(Edit(custom_fields=custom(khác="x", ngân_sách="1", vùng="Nam")), ())


@pytest.mark.parametrize(
    ("before", "after", "now", "moved"),
    [
        ({"a": "1"}, {"a": "2"}, {"a": "3"}, ("a 3", "a")),
        ({"a": "1"}, {"a": "2"}, {}, ("", "a")),
        ({"a": "1"}, {"a": "2"}, {"a": ""}, ("", "a")),
        ({}, {"a": "2"}, {"a": "3"}, ("a 3", "a")),
        ({"a": "1"}, {}, {"a": "3"}, ("a 3", "a")),
        ({"a": "1"}, {"a": "2"}, {"a": "1"}, None),
        ({}, {"a": ""}, {"a": "3"}, None),
    ],
)
def test_a_custom_field_with_another_value_has_moved_on(
    before: dict[str, str], after: dict[str, str], now: dict[str, str], moved: tuple[str, str] | None
) -> None:
    expected = () if moved is None else (Moved("custom_fields", *moved),)
    assert undone("custom_fields", custom(**before), custom(**after), custom(**now)) == Reversal(Edit(), expected)


def test_a_custom_field_dropped_to_nothing_comes_back_in_its_place() -> None:
    found = undone("custom_fields", custom(a="1", b="2"), custom(b="2"), custom(a="", b="2"))
    assert found == Reversal(Edit(custom_fields=custom(a="1", b="2")), ())


@pytest.mark.parametrize(
    ("before", "after", "now", "back"),
    [
        ("a", "a\nb", "a\nb\nc", "a\nc"),
        ("", "b", "b\nc", "c"),
        ("", "b", "c\nb", "c"),
        ("a", "a\nb1\nb2", "a\nb1\nb2\nc", "a\nc"),
        ("a", "a\r\nb", "a\r\nb\r\nc", "a\r\nc"),
        ("a", "a\r\nb", "x\r\nb", "x"),
        ("a", "a\nb", "sửa\nb\n\nc", "sửa\n\nc"),
        ("a", "a\nb", "a\n b \nc", "a\nc"),
    ],
)
def test_added_lines_are_taken_out_of_a_note_that_goes_on(before: str, after: str, now: str, back: str) -> None:
    assert undone("note", before, after, now) == Reversal(Edit(note=back), ())


@pytest.mark.parametrize(
    ("before", "after", "now"),
    [
        ("a", "a\nb", "a\nc"),  # the line is gone
        ("a", "a\nb", "a\nbc"),  # or another one
        ("a", "a\nb1\nb2", "a\nb1\nx\nb2"),  # or torn apart
        ("a", "a\nb", "a\nb\nb"),  # or there twice
        ("a", "ab", "ab\nc"),  # it was no line of its own
        ("a", "b", "b\nc"),  # nor added to what was there
        ("a\nb", "a", "a\nc"),  # nor added at all
    ],
)
def test_a_note_that_is_another_one_is_left_and_named(before: str, after: str, now: str) -> None:
    assert undone("note", before, after, now) == Reversal(Edit(), (Moved("note", " ".join(now.split())),))


def test_phones_are_read_where_they_are() -> None:
    before, after, now = lead(), lead(phones=phones("020 7946 0018")), lead(phones=phones("+442079460018"))
    assert reversal(before, after, ["phones"], now, "GB").edit.phones == ()
    assert reversal(before, after, ["phones"], now, "GB").edit.model_fields_set == {"phones"}
    assert reversal(before, after, ["phones"], now, "VN") == Reversal(Edit(), ())


def test_what_has_moved_on_in_words() -> None:
    moved = (
        Moved("stage", "Chốt"),
        Moved("source", ""),
        Moved("phones", "", "113"),
        Moved("note", "x" * 1000),
        Moved("gender", verbatim("nam")),
    )
    said = str(moved_in_words(moved))
    assert said.startswith("stage: now “Chốt”; source: now empty; phone: “113” is gone; note: now “xxx")
    assert said.endswith("…”; gender: now “nam”")
    assert len(said) < 400
    for language in LANGUAGES:
        assert "Chốt" in moved_in_words(moved).render(language)
    assert moved_in_words(()) == Text("")
