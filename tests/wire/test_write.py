from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from antcrm_tools.meaning import differing
from antcrm_tools.models import WRITABLE, Address, Customer, CustomField, Draft, Edit, Email, Phone, Query, Social
from antcrm_tools.refs import Ref
from antcrm_tools.wire import read_customers, write_draft, write_edit, write_query, write_ref

WHOLE: dict[str, object] = {
    "name": "Nguyễn Văn An",
    "phones": (Phone(value="0912345678", type="Home"),),
    "emails": (Email(value="an@example.vn"),),
    "stage": "Mới",
    "tags": ("VIP", "Hà Nội"),
    "owner": "lan@antcrm.example",
    "source": "Facebook",
    "industry": "Bán lẻ",
    "note": "Gọi sau 17h",
    "gender": "male",
    "date_of_birth": date(2000, 3, 15),
    "addresses": (
        Address(city="Huế", district="Phú Vang", ward="Phú An", street="Lê Lợi", house="1", country_code="VN"),
    ),
    "socials": (Social(value="an.zalo", protocol="Zalo"),),
    "custom_fields": (CustomField(name="Ngân sách", value="5 tỷ"),),
}
WRITTEN: dict[str, JsonValue] = {
    "name": "Nguyễn Văn An",
    "phones": [{"type": "Home", "value": "0912345678"}],
    "emails": [{"type": "Work", "value": "an@example.vn"}],
    "stage": "Mới",
    "tags": ["VIP", "Hà Nội"],
    "responsibleStaff": "lan@antcrm.example",
    "sourceContact": "Facebook",
    "industry": "Bán lẻ",
    "bgInfo": "Gọi sau 17h",
    "gender": "0",
    "dateOfBirth": "March 15, 2000",
    "addresses": [
        {
            "city": "Huế",
            "state": "Phú Vang",
            "wards": "Phú An",
            "streetName": "Lê Lợi",
            "street": "1",
            "country": {"code": "VN", "name": ""},
        }
    ],
    "im": [{"protocol": "Zalo", "value": "an.zalo"}],
    "cusFields": [{"name": "Ngân sách", "value": "5 tỷ"}],
}

LEAD: dict[str, JsonValue] = {"contactType": "lead", "leadId": 1, "name": "An"}


def test_every_documented_field_is_written() -> None:
    assert set(WHOLE) == set(WRITABLE)
    body = write_draft(Draft.model_validate({"code": "at-1", **WHOLE}))
    assert body == {"customerIdApiRing": "at-1", "contactType": "lead", **WRITTEN}


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("lead", {"contactType": "lead"}),
        ("contact", {"contactType": "customer", "type": "0"}),
        ("account", {"contactType": "customer", "type": "1"}),
    ],
)
def test_a_draft_sends_its_kind_and_code_and_nothing_empty(kind: str, identity: dict[str, JsonValue]) -> None:
    draft = Draft.model_validate({"code": "at-1", "kind": kind, "name": "An"})
    assert write_draft(draft) == {"customerIdApiRing": "at-1", "name": "An", **identity}


@pytest.mark.parametrize(("gender", "number"), [("male", "0"), ("female", "1"), ("other", "2")])
def test_genders(gender: str, number: str) -> None:
    edit = Edit.model_validate({"gender": gender})
    assert write_edit(Ref("lead", "1"), edit) == {"leadId": "1", "gender": number}


@pytest.mark.parametrize("field", WRITABLE)
def test_an_edit_sends_one_id_and_only_what_was_set(field: str) -> None:
    body = write_edit(Ref("customer", "9457"), Edit.model_validate({field: WHOLE[field]}))
    ((key, value),) = (pair for pair in body.items() if pair[0] != "customerId")
    assert body["customerId"] == "9457"
    assert value == WRITTEN[key]


def test_an_emptied_field_is_sent_as_empty() -> None:
    edit = Edit(stage="", tags=(), phones=(), gender=None, date_of_birth=None, note="")
    assert write_edit(Ref("lead", "9457"), edit) == {
        "leadId": "9457",
        "stage": "",
        "tags": [],
        "phones": [],
        "gender": "",
        "dateOfBirth": "",
        "bgInfo": "",
    }


def test_nothing_set_sends_nothing_but_the_id() -> None:
    assert write_edit(Ref("lead", "9457"), Edit()) == write_ref(Ref("lead", "9457")) == {"leadId": "9457"}
    assert write_ref(Ref("customer", "9457")) == {"customerId": "9457"}


@pytest.mark.parametrize(
    ("key", "field", "element"),
    [
        ("phones", "phones", {"value": "0912345678", "type": "Work", "isPrimary": True, "note": "vợ"}),
        ("phones", "phones", {"value": "0912345678", "type": {"_id": "a1", "name": "Nhà"}}),
        ("phones", "phones", "0912345678"),
        ("phones", "phones", 912345678),
        ("phones", "phones", {"value": " 0912345678", "type": "Work"}),
        ("emails", "emails", {"value": "an@example.vn"}),
        ("addresses", "addresses", {"city": "Huế", "zipCode": "49000", "country": {"_id": "c1", "name": "Việt Nam"}}),
        ("addresses", "addresses", {"city": {"_id": "h", "name": "Huế"}, "state": ""}),
        ("addresses", "addresses", "1 Lê Lợi, Huế"),
        ("im", "socials", {"_id": "s1", "protocol": "Zalo", "value": "an"}),
        ("cusFields", "custom_fields", {"_id": "f1", "name": "Hạng", "value": {"_id": "v1", "name": "Vàng"}}),
        ("cusFields", "custom_fields", {"name": "Số con", "value": 5}),
        ("cusFields", "custom_fields", {"name": "Đã gặp", "value": False}),
        ("cusFields", "custom_fields", {"_id": "f1", "name": "Trống", "value": None}),
    ],
)
def test_an_element_that_was_only_read_goes_back_as_it_came(key: str, field: str, element: JsonValue) -> None:
    (before,) = read_customers([{**LEAD, key: [element, element]}])
    # As a plan passes it on: through the validation of an edit.
    edit = Edit.model_validate({field: getattr(Edit.model_validate({field: getattr(before, field)}), field)})
    assert write_edit(before.as_ref(), edit) == {"leadId": "1", key: [element, element]}
    assert key not in before.extra


def test_an_element_of_ours_is_written_as_documented() -> None:
    element: JsonValue = {"value": "0912345678", "type": {"_id": "a1", "name": "Nhà"}}
    (before,) = read_customers([{**LEAD, "phones": [element]}])
    (held,) = before.phones
    assert held == Phone(value="0912345678", type="Nhà")
    assert hash(held) == hash(Phone(value="0912345678", type="Nhà"))
    assert write_edit(before.as_ref(), Edit(phones=(Phone(value=held.value, type=held.type),))) == {
        "leadId": "1",
        "phones": [{"type": "Nhà", "value": "0912345678"}],
    }


def test_what_a_record_has_beyond_the_documented_is_never_sent_back() -> None:
    (before,) = read_customers([{**LEAD, "company": "ABC", "scoreRank": 3, "customerId": 2}])
    edit = Edit.model_validate({field: getattr(before, field) for field in WRITABLE})
    assert not set(write_edit(before.as_ref(), edit)) & {"company", "scoreRank", "customerId", "_id"}


@pytest.mark.parametrize(
    ("query", "params"),
    [
        (Query(), {}),
        (Query(kind="lead"), {"contactType": "lead"}),
        (Query(kind="contact"), {"contactType": "customer", "type": "0"}),
        (Query(kind="account"), {"contactType": "customer", "type": "1"}),
        (Query(space="lead"), {"contactType": "lead"}),
        (Query(space="customer"), {"contactType": "customer"}),
        (Query(space="customer", kind="account"), {"contactType": "customer", "type": "1"}),
        (Query(phone="0912345678"), {"phone": "0912345678"}),
        (Query(email="an@example.vn"), {"email": "an@example.vn"}),
        (
            Query(
                created_from=date(2025, 5, 1),
                created_to=date(2025, 5, 2),
                updated_from=date(2025, 5, 3),
                updated_to=date(2025, 5, 30),
            ),
            {
                "createdAtf": "2025-05-01",
                "createdAtt": "2025-05-02",
                "updateAtf": "2025-05-03",
                "updateAtt": "2025-05-30",
            },
        ),
    ],
)
def test_parameters(query: Query, params: dict[str, str]) -> None:
    assert write_query(query) == params


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
drafts = st.builds(
    Draft,
    code=st.just("at-1"),
    kind=st.sampled_from(["lead", "contact", "account"]),
    name=text,
    phones=st.lists(st.builds(Phone, value=text, type=text)).map(tuple),
    emails=st.lists(st.builds(Email, value=text)).map(tuple),
    stage=text,
    tags=st.lists(text).map(tuple),
    owner=text,
    source=text,
    industry=text,
    note=text,
    gender=st.sampled_from([None, "male", "female", "other"]),
    date_of_birth=st.none() | st.dates(),
    addresses=st.lists(st.builds(Address, city=text, ward=text, house=text, country_code=text, country=text)).map(
        tuple
    ),
    socials=st.lists(st.builds(Social, value=text, protocol=text)).map(tuple),
    custom_fields=st.lists(st.builds(CustomField, name=text, value=text)).map(tuple),
)


@settings(deadline=None)
@given(drafts)
def test_what_is_written_and_read_back_means_the_same(draft: Draft) -> None:
    body = write_draft(draft)
    id_key = "leadId" if draft.kind == "lead" else "customerId"
    echo: dict[str, JsonValue] = {**body, id_key: 9457, "createdAt": "2025-05-30T01:00:00.000Z"}
    del echo["customerIdApiRing"]
    (back,) = read_customers({"data": [echo]})
    assert differing(WRITABLE, draft, back) == []
    assert back.kind == draft.kind


@settings(deadline=None)
@given(drafts)
def test_a_record_saved_as_it_was_read_does_not_change(draft: Draft) -> None:
    (before,) = read_customers([{**write_draft(draft), "leadId": 1, "customerId": 1}])
    edit = Edit.model_validate({field: getattr(before, field) for field in WRITABLE})
    sent = write_edit(before.as_ref(), edit)
    (after,) = read_customers([{"contactType": "customer", **write_kind(before), **sent}])
    assert differing(WRITABLE, before, after) == []


def write_kind(customer: Customer) -> dict[str, JsonValue]:
    return {"contactType": "lead"} if customer.kind == "lead" else {"type": int(customer.kind == "account")}
