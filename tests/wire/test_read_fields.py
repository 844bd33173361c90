from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import JsonValue

from antcrm_tools.models import Address, AdTouch, Customer, CustomField, Email, LeadSource, Phone, Social
from antcrm_tools.wire import read_customers, read_json
from antcrm_tools.wire.names import DOCUMENTED

AN: dict[str, JsonValue] = {"contactType": "lead", "leadId": 9457, "name": "An"}


def one(**fields: JsonValue) -> Customer:
    """The customer AntCRM means by a lead with these fields."""
    (customer,) = read_customers([{**AN, **fields}])
    return customer


def test_every_documented_field_is_read() -> None:
    record: JsonValue = {
        "name": "Nguyễn Văn An",
        "contactType": "customer",
        "type": 1,
        "leadId": 7,
        "customerId": 9457,
        "dateOfBirth": "March 15, 2000",
        "gender": 1,
        "addresses": [
            {
                "city": "Hồ Chí Minh",
                "state": "Quận 7",
                "street": "12",
                "streetName": "Nguyễn Thị Thập",
                "wards": "Tân Phú",
                "country": {"code": "VN", "name": "Việt Nam"},
            }
        ],
        "phones": [{"type": "Home", "value": "0912345678"}],
        "emails": [{"type": "Work", "value": "an@example.vn"}],
        "industry": "Bán lẻ",
        "im": [{"protocol": "Zalo", "value": "an.zalo"}],
        "bgInfo": "Gọi sau 17h",
        "stage": "Mới",
        "tags": ["VIP", "Hà Nội"],
        "sourceContact": "Facebook",
        "responsibleStaff": "lan@antcrm.example",
        "cusFields": [{"name": "Ngân sách", "value": "5 tỷ"}],
        "scoreAvailable": 12.5,
        "scoreRank": 3,
        "rankName": "Vàng",
        "createdAt": "2025-05-30T01:00:00.000Z",
        "updatedAt": 1748563200000,
        "createdByBot": "bot@antcrm.example",
        "sourceLead": {"_id": "a1", "code": "L-1", "name": "Tờ rơi"},
        "historiesAds": [{"_id": "h1", "fb_ads_id": "ad", "fb_post_id": 77, "createdAt": 1748563200000}],
    }
    assert set(record) == DOCUMENTED
    assert read_customers([record]) == [
        Customer(
            kind="account",
            id="9457",
            name="Nguyễn Văn An",
            phones=(Phone(value="0912345678", type="Home"),),
            emails=(Email(value="an@example.vn"),),
            stage="Mới",
            tags=("VIP", "Hà Nội"),
            owner="lan@antcrm.example",
            source="Facebook",
            industry="Bán lẻ",
            note="Gọi sau 17h",
            gender="female",
            date_of_birth=date(2000, 3, 15),
            addresses=(
                Address(
                    city="Hồ Chí Minh",
                    district="Quận 7",
                    ward="Tân Phú",
                    street="Nguyễn Thị Thập",
                    house="12",
                    country_code="VN",
                    country="Việt Nam",
                ),
            ),
            socials=(Social(value="an.zalo", protocol="Zalo"),),
            custom_fields=(CustomField(name="Ngân sách", value="5 tỷ"),),
            points=12.5,
            rank_points=3,
            rank="Vàng",
            created_at=datetime(2025, 5, 30, 1, tzinfo=UTC),
            updated_at=datetime(2025, 5, 30, tzinfo=UTC),
            created_by="bot@antcrm.example",
            lead_source=LeadSource(id="a1", code="L-1", name="Tờ rơi"),
            ads=(AdTouch(id="h1", ad="ad", post="77", at=datetime(2025, 5, 30, tzinfo=UTC)),),
            extra={"leadId": 7},
        )
    ]


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}, [None], [""], [{}]])
def test_nothing_is_nothing_in_every_spelling(nothing: JsonValue) -> None:
    fields = DOCUMENTED - {"leadId", "contactType", "type", "name"}
    assert one(**dict.fromkeys(fields, nothing)) == one()


@pytest.mark.parametrize(
    ("value", "gender"),
    [(0, "male"), ("1", "female"), (2.0, "other"), ("", None), (None, None)],
)
def test_genders(value: JsonValue, gender: str | None) -> None:
    customer = one(gender=value)
    assert (customer.gender, customer.extra) == (gender, {})


@pytest.mark.parametrize("value", [3, "Nam", True, ["1"]])
def test_a_gender_that_cannot_be_read_is_kept(value: JsonValue) -> None:
    customer = one(gender=value)
    assert (customer.gender, customer.extra) == (None, {"gender": value})


@pytest.mark.parametrize("value", ["Mới", {"_id": "5f", "name": "Mới"}, {"_id": 5, "label": " Mới "}])
def test_names_come_as_text_or_objects(value: JsonValue) -> None:
    customer = one(
        stage=value, sourceContact=value, industry=value, rankName=value, responsibleStaff=value, tags=[value]
    )
    assert {customer.stage, customer.source, customer.industry, customer.rank, customer.owner} == {"Mới"}
    assert (customer.tags, customer.extra) == (("Mới",), {})


def test_staff_is_the_email_where_there_is_one() -> None:
    assert one(responsibleStaff={"_id": 1, "name": "Lan", "email": "lan@antcrm.example"}).owner == "lan@antcrm.example"
    assert one(createdByBot={"_id": 1, "name": "Bot"}).created_by == "Bot"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", {"_id": 5}),
        ("stage", ["Mới", "Cũ"]),
        ("sourceContact", {"_id": 5, "ten": "Facebook"}),
        ("industry", {"id": 1}),
        ("responsibleStaff", {"_id": 5}),
        ("responsibleStaff", ["lan@antcrm.example"]),
        ("bgInfo", {"html": "<p>xin chào</p>"}),
        ("name", {"vi": "An"}),
        ("dateOfBirth", {"$date": "2000-03-15"}),
        ("createdAt", ["2000-03-15"]),
        ("tags", [{"_id": 5}]),
        ("tags", {"vip": True}),
        ("phones", [{"number": "0912345678"}]),
        ("phones", [{"type": "Work", "value": {"number": "0912345678"}}]),
        ("emails", [["an@example.vn"]]),
        ("im", [{"protocol": "Zalo", "url": "an"}]),
        ("addresses", [{"line1": "12 Nguyễn Thị Thập"}]),
        ("addresses", [{"city": "Huế", "wards": ["Phú Hội"]}]),
        ("addresses", [{"city": "Huế", "country": ["VN"]}]),
        ("cusFields", {"Ngân sách": "5 tỷ"}),
        ("cusFields", [{"name": "Ngân sách", "value": {"tien": 5}}]),
        ("cusFields", ["5 tỷ"]),
        ("scoreRank", "nhiều"),
        ("scoreAvailable", [1]),
        ("rankName", {"id": 1}),
        ("sourceLead", ["Tờ rơi"]),
        ("sourceLead", {"id": 1}),
        ("historiesAds", [{"ad": 1}]),
    ],
)
def test_what_a_field_holds_is_never_dropped(field: str, value: JsonValue) -> None:
    assert one(**{field: value}).extra == {field: value}


def test_unknown_fields_are_kept_as_they_came() -> None:
    extra: dict[str, JsonValue] = {"_id": "5f", "isDeleted": False, "company": {"name": "ABC", "sizes": [1, 2.5, None]}}
    assert one(**extra).extra == extra


def test_elements_of_arrays_may_be_bare_texts() -> None:
    customer = one(
        phones=["0912345678", {"value": "0987654321"}, 912345678],
        emails=["an@example.vn"],
        im=["an.zalo"],
        tags=["VIP", {"_id": 1, "name": "Mới"}, 7],
        addresses=["12 Nguyễn Thị Thập"],
        historiesAds=["ad-1"],
        sourceLead="Tờ rơi",
    )
    assert customer.phones == (Phone(value="0912345678"), Phone(value="0987654321"), Phone(value="912345678"))
    assert customer.emails == (Email(value="an@example.vn"),)
    assert customer.socials == (Social(value="an.zalo", protocol=""),)
    assert customer.tags == ("VIP", "Mới", "7")
    assert customer.addresses == (Address(street="12 Nguyễn Thị Thập"),)
    assert customer.ads == (AdTouch(id="ad-1"),)
    assert customer.lead_source == LeadSource(name="Tờ rơi")
    assert customer.extra == {}


def test_a_lone_element_counts_as_an_array() -> None:
    customer = one(phones={"type": "Work", "value": "0912345678"}, emails="an@example.vn", tags="VIP")
    assert customer.phones == (Phone(value="0912345678"),)
    assert customer.emails == (Email(value="an@example.vn"),)
    assert customer.tags == ("VIP",)


def test_empty_elements_are_nobodys() -> None:
    customer = one(
        phones=[{"type": "Work", "value": ""}, None, "", {"_id": "5f", "type": "Work"}],
        addresses=[{"city": "", "country": {"code": "", "name": ""}}],
        cusFields=[{"name": "", "value": ""}],
    )
    assert customer == one()


@pytest.mark.parametrize(
    ("value", "shown", "kept"),
    [
        ("5 tỷ", "5 tỷ", False),
        (5, "5", False),
        (True, "true", False),
        (0, "0", False),
        (None, "", False),
        ({"_id": 1, "name": "Lớn"}, "Lớn", False),
        # Several values can be shown as one text, but writing that text back would replace the array.
        (["Lớn", {"_id": 1, "name": "Mới"}], "Lớn, Mới", True),
    ],
)
def test_custom_fields(value: JsonValue, shown: str, kept: bool) -> None:
    customer = one(cusFields=[{"name": "Quy mô", "value": value}])
    assert customer.custom_fields == (CustomField(name="Quy mô", value=shown),)
    assert ("cusFields" in customer.extra) is kept


def test_address_words_may_be_objects_and_numbers() -> None:
    customer = one(addresses=[{"city": {"_id": 1, "name": "Huế"}, "street": 12, "country": "Việt Nam"}])
    assert customer.addresses == (Address(city="Huế", house="12", country="Việt Nam"),)
    assert customer.extra == {}


@pytest.mark.parametrize(("value", "points"), [(0, 0.0), ("12.5", 12.5), (3, 3.0), ("", None)])
def test_points(value: JsonValue, points: float | None) -> None:
    assert one(scoreAvailable=value, scoreRank=value).points == points


def test_half_a_character_does_not_spoil_a_record() -> None:
    # JavaScript cuts a text between the two halves of an emoji.
    (customer,) = read_customers(read_json(rb'[{"leadId": 1, "name": "An \ud83d", "x": {"\ud83d": ["\ude00"]}}]'))
    assert customer.name == "An �"
    assert customer.extra == {"x": {"�": ["�"]}}
    assert customer.model_dump_json()
