"""What holds of taking a change back, whatever it was and whatever has happened since."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from antcrm_tools.meaning import differing, element_meaning, literal, literally_differing, meaning, same
from antcrm_tools.models import WRITABLE, Address, Customer, CustomField, Edit, Element, Email, Phone, Social
from antcrm_tools.reversal import Reversal, reversal

E = TypeVar("E", bound=Element)

unhurried = settings(deadline=None)  # the first example of a run loads the phone library

ARRAYS = ("phones", "emails", "tags", "addresses", "socials", "custom_fields")

# Few values, so that the same ones come up again in another spelling.
words = st.sampled_from(["", "An", " An ", "an", "Ho\u00e0", "Hoa\u0300", "x\ny", "x y"])
numbers = st.sampled_from(["0912345678", "+84 912 345 678", "0391234567", "01691234567", "113", "\u200b"])
labels = st.sampled_from(["Work", "Home"])
days = st.none() | st.just(date(2000, 3, 15)) | st.just(date(2001, 1, 1)) | st.sampled_from(["2000-03-15", "xưa"])
raw = st.none() | st.fixed_dictionaries({"_id": st.integers(0, 9)})


def _came_as(item: E, form: dict[str, JsonValue] | None) -> E:
    return item.came_as(form)


def elements(one: st.SearchStrategy[E]) -> st.SearchStrategy[tuple[E, ...]]:
    """Elements, some of which came in a form of AntCRM's own."""
    came: st.SearchStrategy[E] = st.builds(_came_as, one, raw)
    return st.lists(came, max_size=4).map(tuple[E, ...])


values: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("name", "stage", "owner", "source", "industry", "note"), words),
    "phones": elements(st.builds(Phone, value=numbers, type=labels)),
    "emails": elements(st.builds(Email, value=st.sampled_from(["a@x.vn", "A@X.vn", "b@x.vn"]), type=labels)),
    "tags": st.lists(words, max_size=4).map(tuple),
    "gender": st.sampled_from([None, "male", "female", "other"]),
    "date_of_birth": days,
    "addresses": elements(st.builds(Address, city=words, country=labels)),
    "socials": elements(st.builds(Social, value=words, protocol=labels)),
    "custom_fields": elements(st.builds(CustomField, name=words, value=words)),
}
edits = st.fixed_dictionaries({}, optional=values).map(Edit.model_validate)
customers = st.builds(Customer, kind=st.just("lead"), id=st.just("1"), **values)


def edited(customer: Customer, edit: Edit) -> Customer:
    """The customer after an edit."""
    return customer.model_copy(update={field: getattr(edit, field) for field in edit.model_fields_set})


def lead(**fields: Any) -> Customer:
    return Customer(kind="lead", id="1", **fields)


def key(item: object) -> str:
    """What makes two elements the same one."""
    if isinstance(item, CustomField):
        return str(meaning("name", item.name))
    return element_meaning(item) or str(literal((item,)))


@unhurried
@given(customers, edits)
def test_a_change_nobody_has_touched_since_goes_back_whole(before: Customer, edit: Edit) -> None:
    after = edited(before, edit)
    found = reversal(before, after, edit.model_fields_set, after)
    again = edited(after, found.edit)
    assert found.moved == ()
    assert differing(WRITABLE, before, again) == []
    assert literally_differing(WRITABLE, before, again) == []


@unhurried
@given(customers, edits, edits)
def test_nothing_else_is_written_and_nothing_that_is_so_already(before: Customer, edit: Edit, later: Edit) -> None:
    after = edited(before, edit)
    now = edited(after, later)
    found = reversal(before, after, edit.model_fields_set, now)
    changing = found.edit.model_fields_set
    assert changing <= edit.model_fields_set
    assert set(literally_differing(changing, now, found.edit)) == changing
    assert {moved.field for moved in found.moved} <= edit.model_fields_set


@unhurried
@given(customers, edits, edits)
def test_whatever_has_happened_since_twice_is_as_good_as_once(before: Customer, edit: Edit, later: Edit) -> None:
    after = edited(before, edit)
    now = edited(after, later)
    found = reversal(before, after, edit.model_fields_set, now)
    again = reversal(before, after, edit.model_fields_set, edited(now, found.edit))
    assert again.edit.model_fields_set == set()
    assert again.moved == found.moved


@unhurried
@given(customers, edits, edits)
def test_a_value_goes_back_or_is_named_as_moved(before: Customer, edit: Edit, later: Edit) -> None:
    after = edited(before, edit)
    now = edited(after, later)
    found = reversal(before, after, edit.model_fields_set, now)
    again = edited(now, found.edit)
    moved = {moved.field for moved in found.moved}
    for field in edit.model_fields_set - set(ARRAYS) - {"note"}:
        was, left, new = (getattr(one, field) for one in (before, after, again))
        assert (field in moved) == (not same(field, was, new) and literal(was) != literal(left))


@unhurried
@given(st.sampled_from(ARRAYS), customers, customers, st.data())
def test_what_others_did_to_other_elements_stays(
    field: str, before: Customer, after: Customer, data: st.DataObject
) -> None:
    was, left = getattr(before, field), getattr(after, field)
    touched = {key(item) for item in (*was, *left)}
    others = tuple(item for item in data.draw(values[field]) if key(item) not in touched)
    now = tuple(data.draw(st.permutations((*left, *others))))
    found = reversal(before, after, [field], edited(after, Edit.model_validate({field: now})))
    new = getattr(edited(lead(**{field: now}), found.edit), field)
    assert found.moved == ()
    assert [item for item in new if key(item) not in touched] == [item for item in now if key(item) not in touched]
    assert literal(tuple(item for item in new if key(item) in touched)) == literal(was)


@unhurried
@given(customers, customers, edits)
def test_elements_are_ours_from_before_or_theirs_from_now(before: Customer, after: Customer, later: Edit) -> None:
    now = edited(after, later)
    edit = reversal(before, after, WRITABLE, now).edit
    for field in edit.model_fields_set & set(ARRAYS):
        known = {id(item) for one in (before, now) for item in getattr(one, field)}
        assert {id(item) for item in getattr(edit, field)} <= known


@unhurried
@given(st.lists(words.filter(str.strip), max_size=3), st.lists(words.filter(str.strip), min_size=1, max_size=2))
def test_a_note_that_has_gone_on_loses_the_added_lines_and_no_others(old: list[str], more: list[str]) -> None:
    before, added, then = "\n".join(old), "[2026-05-01] gọi\nlại", "\n".join(more)
    after = f"{before}\n{added}" if before else added
    back = f"{before}\n{then}" if before else then
    assert reversal(lead(note=before), lead(note=after), ["note"], lead(note=f"{after}\n{then}")) == Reversal(
        Edit(note=back), ()
    )
    assert reversal(lead(note=before), lead(note=after), ["note"], lead(note=back)).edit.model_fields_set == set()
