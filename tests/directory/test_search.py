"""Who is found for what people type, and in which order."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from antcrm_tools.directory.filters import Filters, resolve
from antcrm_tools.directory.ranking import Fit
from antcrm_tools.directory.rows import Labels, put
from antcrm_tools.directory.search import Hits, NotOursError, find
from antcrm_tools.models import Address, Customer, CustomField, Email, Kind, Phone
from tests.directory.people import NEWEST, ZONE, copy_of

Copy = tuple[sqlite3.Connection, Labels]


def customer(
    number: int,
    name: str,
    *,
    kind: Kind = "lead",
    phone: str = "",
    email: str = "",
    company: str = "",
    note: str = "",
    city: str = "",
    stage: str = "",
) -> Customer:
    """The smaller the number, the newer."""
    return Customer(
        kind=kind,
        id=str(number),
        name=name,
        phones=(Phone(value=phone),) if phone else (),
        emails=(Email(value=email),) if email else (),
        custom_fields=(CustomField(name="Công ty", value=company),) if company else (),
        addresses=(Address(city=city),) if city else (),
        note=note,
        stage=stage,
        created_at=NEWEST - timedelta(days=number),
    )


EVERYBODY = (
    customer(1, "Nguyễn Thị Lan", company="Công ty CP Vinatex", phone="0912 345 678", stage="Mới"),
    customer(2, "Trần Văn Lân", phone="0987654321", email="lan.tran88@gmail.com"),
    customer(3, "tran thi lan", kind="contact", phone="0345000111"),
    customer(4, "Nguyễn Văn Ân", phone="0901000222", email="an.nguyen1988@fpt.example", stage="Chốt"),
    customer(5, "Nguyễn Văn An - FPT", phone="0901000333"),
    customer(6, "Công ty TNHH Sao Việt", kind="account", phone="02838251234"),
    customer(7, "Lê Lan Anh", kind="contact", city="Thành phố Hà Nội"),
    customer(8, "Phạm Thu Hoa", phone="0900000678", note="Bạn của chị Lan, đang ở Gò Vấp"),
    customer(9, "Anh Hùng", company="Sao Việt"),
    customer(10, "Đặng Đình Đức", phone="+84 70 123 4567", note="Zalo của vợ 0909111222"),
    customer(11, unicodedata.normalize("NFD", "Lê Thị Thuỳ Trang")),
    customer(12, "Hoàng Anh Tuấn"),
    customer(13, "Hoàng Tuấn Anh"),
    customer(14, "0909333444"),
    customer(15, "Thanh Đức"),
    customer(16, "Đức Thanh"),
)


@pytest.fixture(scope="module")
def everybody() -> Copy:
    return copy_of(EVERYBODY)


def look(copy: Copy, text: str, filters: Filters | None = None, *, limit: int = 10, after: str | None = None) -> Hits:
    db, labels = copy
    return find(db, labels, text, resolve(db, filters or Filters()), limit=limit, after=after)


def refs(hits: Hits) -> list[str]:
    return [hit.entry.ref for hit in hits.hits]


@pytest.mark.parametrize(
    ("text", "first", "fit"),
    [
        ("nguyen van an", ["L4", "L5"], Fit.WHOLE),
        ("Nguyễn Văn Ân", ["L4", "L5"], Fit.WHOLE),
        ("Nguyễn Văn An", ["L5", "L4"], Fit.WHOLE),
        ("NGUYỄN VĂN ÂN", ["L4"], Fit.WHOLE),
        (unicodedata.normalize("NFD", "Nguyễn Văn Ân"), ["L4"], Fit.WHOLE),
        ("ân văn nguyễn", ["L4", "L5"], Fit.WORDS),
        ("nguyenvanan", ["L4", "L5"], Fit.WHOLE),
        ("lan vinatex", ["L1"], Fit.WORDS),
        ("chị Lan - Vinatex", ["L1"], Fit.WORDS),
        ("Lan cty vinatex", ["L1"], Fit.WORDS),
        ("Lân", ["L2", "C3", "L1"], Fit.WORDS),
        ("lan", ["L1", "L2", "C3", "C7"], Fit.WORDS),
        ("thuy trang", ["L11"], Fit.WORDS),
        ("le thi thuy trang", ["L11"], Fit.WHOLE),
        ("sao viet", ["C6", "L9"], Fit.WHOLE),
        ("công ty sao việt", ["C6", "L9"], Fit.WHOLE),
        ("saoviet", ["C6", "L9"], Fit.WHOLE),
        ("anh hùng saoviet", ["L9"], Fit.WORDS),
        ("hoang anh tuan", ["L12", "L13"], Fit.WHOLE),
        ("anh hoang", ["L13", "L12"], Fit.WORDS),
        ("duc thanh", ["L16", "L15"], Fit.WHOLE),
        ("duc tahnh", ["L16", "L15"], Fit.SLIP),
        ("dang dinh duc", ["L10"], Fit.WHOLE),
        ("nguyen thi l", ["L1"], Fit.BEGINNING),
        ("ngu la", ["L1"], Fit.BEGINNING),
        ("nguyne thi lan", ["L1"], Fit.SLIP),
        ("nguyeenx thij lan", ["L1"], Fit.WHOLE),
        ("lan 678", ["L1", "L8"], Fit.WORDS),
        ("0912 lan", ["L1"], Fit.WORDS),
        ("đuôi 678", ["L1", "L8"], Fit.KEY),
        ("số 345 678", ["L1"], Fit.KEY),
        ("345678", ["L1"], Fit.KEY),
        ("8491234", ["L1"], Fit.KEY),
        ("hoa +84 900 000 678", ["L8"], Fit.WORDS),
        ("0707654321 lan", ["L1"], Fit.PART),
        ("+84.70.123.4567", ["L10"], Fit.KEY),
        ("0909111222 đức", ["L10"], Fit.WORDS),
        ("0909333444", ["L14"], Fit.KEY),
        ("an.nguyen1988@fpt.example", ["L4"], Fit.KEY),
        ("an.nguyen1988@fpt", ["L4"], Fit.ELSEWHERE),
        ("an.nguyen19", ["L4"], Fit.ELSEWHERE),
        ("lantran88@gmail.com", ["L2"], Fit.KEY),
        ("L9", ["L9"], Fit.KEY),
        ("xem giúp l 9 c7 nhé", ["C7"], Fit.KEY),
        ("hoa go vap", ["L8"], Fit.ELSEWHERE),
        ("hà nội", ["C7"], Fit.ELSEWHERE),
        ("lan xyzzy", ["L1"], Fit.PART),
    ],
)
def test_who_is_found_first(everybody: Copy, text: str, first: list[str], fit: Fit) -> None:
    hits = look(everybody, text)
    assert refs(hits)[: len(first)] == first
    assert hits.hits[0].fit is fit


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Nguyễn Văn Ân", 1),
        ("nguyen van an", 2),
        ("lan", 3),
        ("Lân", 1),
        ("sao viet", 1),
        ("lan vinatex", 1),
        ("đuôi 678", 2),
        ("xyzzy", 0),
    ],
)
def test_how_many_fit_equally_well(everybody: Copy, text: str, sure: int) -> None:
    assert look(everybody, text).sure == sure


def test_names_stand_before_notes(everybody: Copy) -> None:
    hits = look(everybody, "lan", limit=50)
    assert {"L1", "L2", "C3", "C7", "L8"} >= set(refs(hits))
    assert "L8" not in refs(hits)[:4]


def test_similar_ones_are_said_to_be(everybody: Copy) -> None:
    assert not look(everybody, "nguyne thi lan").hits[0].exact
    assert not look(everybody, "lan xyzzy").hits[0].exact
    assert look(everybody, "nguyen thi l").hits[0].exact


@pytest.mark.parametrize("text", ["!!!", "😀", "\u200f\u200b", '" * ( )', "\x00"])
def test_nothing_to_look_for_is_not_nobody(everybody: Copy, text: str) -> None:
    assert look(everybody, text) == Hits(asked=False)
    assert look(everybody, "xyzzy") == Hits(asked=True)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_without_words_the_newest(everybody: Copy, text: str) -> None:
    hits = look(everybody, text, limit=3)
    assert refs(hits) == ["L1", "L2", "C3"]
    assert refs(look(everybody, text, limit=100, after=hits.next)) == [each.ref for each in EVERYBODY[3:]]


def test_filters(everybody: Copy) -> None:
    assert refs(look(everybody, "nguyen", Filters(stage="chot"))) == ["L4"]
    assert set(refs(look(everybody, "lan", Filters(kind="contact")))) == {"C3", "C7"}
    assert refs(look(everybody, "L1", Filters(stage="Chốt"))) == []
    day = (NEWEST - timedelta(days=2)).date()
    assert refs(look(everybody, "lan", Filters(created_from=day, created_to=day))) == ["L2"]


def test_an_unknown_filter_finds_nobody(everybody: Copy) -> None:
    hits = look(everybody, "lan", Filters(stage="Chót hạ"))
    assert refs(hits) == []
    assert [(unknown.field, unknown.text) for unknown in hits.unknown] == [("stage", "Chót hạ")]


def crowd(name: str, count: int = 300) -> Iterable[Customer]:
    return [customer(1000 + number, name) for number in range(count)]


@pytest.mark.parametrize(
    ("many", "one", "text"),
    [
        ("Nguyễn Thị Lan", "Nguyễn Lan", "nguyen lan"),
        ("Nguyễn Lan Hương", "Nguyễn Thị Lan", "nguyen lan"),
        ("Lê Thị Lan", "Lê Thị Lân", "Lê Thị Lân"),
        ("Lan - Sao Việt", "Sao Việt", "sao viet"),
        ("Trần Văn Hiếu", "Trần Anh Hiếu", "Anh Hiếu Trần"),
        ("Nguyễn Hùng Cường", "Nguyễn Văn Hùng", "nguyen hungf"),
    ],
)
def test_who_fits_best_is_found_however_old(many: str, one: str, text: str) -> None:
    copy = copy_of([*crowd(many), customer(9000, one)])
    assert refs(look(copy, text))[0] == "L9000"


@pytest.mark.parametrize(
    ("near", "there", "text"),
    [
        (customer(1, "Ngô Đăng Tĩnh"), customer(2, "Ngô Hồng Trâm", company="Công ty TNHH Sao Việt"), "ngo tnh"),
        (customer(1, "Hồ Văn Tuấn"), customer(2, "Hồ Bích Diệp", company="Tanimex"), "ho tan"),
        (customer(1, "Trần Thị Nam"), customer(2, "Trần Thị Lâm"), "tran thi lam"),
    ],
)
def test_a_slip_is_looked_for_beside_a_few_who_fit(near: Customer, there: Customer, text: str) -> None:
    hits = look(copy_of([near, there]), text).hits
    assert [(hit.entry.ref, hit.exact) for hit in hits] == [("L2", True), ("L1", False)]


@pytest.mark.parametrize("text", ["Lầ\u0300n", "Lan\u0336"])
def test_a_mark_that_composes_with_nothing(text: str) -> None:
    assert look(copy_of(crowd("Nguyễn Thị Lan", 60)), text).hits


def test_an_owner_in_capitals_is_the_same_owner() -> None:
    owners = ("lan@x.vn", "lân@x.vn")
    copy = copy_of([customer(n, "An").model_copy(update={"owner": owner}) for n, owner in enumerate(owners, 1)])
    assert refs(look(copy, "", Filters(owner="LAN@X.VN"))) == refs(look(copy, "", Filters(owner="lan@x.vn"))) == ["L1"]


def test_windows_at_the_ends_of_time() -> None:
    copy = copy_of(
        [
            customer(1, "Lan").model_copy(update={"created_at": datetime(1975, 5, 1, tzinfo=UTC)}),
            customer(2, "Lan").model_copy(update={"created_at": None}),
        ]
    )
    seventies = Filters(created_from=date(1975, 1, 1), created_to=date(1976, 1, 1))
    assert refs(look(copy, "", seventies)) == refs(look(copy, "lan", seventies)) == ["L1"]
    copy = copy_of([customer(1, "Lan").model_copy(update={"updated_at": datetime(9999, 12, 15, tzinfo=UTC)})])
    assert refs(look(copy, "", Filters(updated_from=date(9999, 12, 1)))) == ["L1"]
    assert refs(look(copy, "", Filters(updated_from=date(9999, 12, 16)))) == []


def test_more_in_one_second_than_have_places_in_it_stay_where_they_are() -> None:
    many = [customer(10 + number, "Lan").model_copy(update={"created_at": NEWEST}) for number in range(4100)]
    db, labels = copy_of(many)
    assert put(db, labels, many[-20:], 3.0, 4.0, region="VN", zone=ZONE) == 0


def test_parts_show_everybody_once() -> None:
    copy = copy_of([*crowd("Nguyễn Thị Lan", 70), *(customer(2000 + n, "Lan Anh") for n in range(60))])
    seen: list[str] = []
    after = None
    while True:
        hits = look(copy, "lan", limit=17, after=after)
        seen += refs(hits)
        if (after := hits.next) is None:
            break
    assert len(seen) == len(set(seen)) == 130
    assert seen[0] == "L1000"


def test_who_comes_in_between_moves_nobody() -> None:
    people = [*crowd("Trần Thị Lan", 20)]
    first = look(copy_of(people), "lan", limit=8)
    later = copy_of([customer(1, "Lê Lan"), *people, customer(3000, "Võ Lan")])
    second = look(later, "lan", limit=8, after=first.next)
    assert refs(second) == [each.ref for each in people[8:16]]


@pytest.mark.parametrize("after", ["", "x", "-", "5", "1-", "99999999999999999999", "1-2-3", "٣-٤", "10000-1"])
def test_what_is_no_place_is_refused(everybody: Copy, after: str) -> None:
    if after == "5":
        assert look(everybody, "", after=after).hits == ()
        return
    with pytest.raises(NotOursError):
        look(everybody, "lan", after=after)
    with pytest.raises(NotOursError):
        look(everybody, "", after=after)
