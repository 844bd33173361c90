import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.names import fold, in_order, same_name, without_honorific

texts = st.one_of(st.text(), st.text("aăâeêioôơuưyđĐÐAĂƯ \u0300\u0301\u0303\u0309\u0323\u031b\u200bßİ", max_size=30))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nguyễn Văn An", "nguyen van an"),
        ("  Trần\tThị \n Hoa ", "tran thi hoa"),
        ("Đặng Đình Đức", "dang dinh duc"),
        ("Ðặng", "dang"),
        ("thuỳ", "thuy"),
        ("thùy", "thuy"),
        ("Ưng Hoàng Phúc", "ung hoang phuc"),
        ("Nam\u200b", "nam"),
        ("", ""),
    ],
)
def test_fold(text: str, expected: str) -> None:
    assert fold(text) == expected


def test_fold_of_both_ways_to_place_the_mark() -> None:
    assert fold("Thuỳ") == fold("Thùy")


@given(texts)
def test_fold_twice_is_fold_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_fold_does_not_see_the_normal_form(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anh Nam", "Nam"),
        ("Anh Nam", "Nam"),
        ("chị Nguyễn Thị Hoa", "Nguyễn Thị Hoa"),
        ("chi\u0323 Hoa", "Hoa"),
        ("em Lan", "Lan"),
        ("cô Mai", "Mai"),
        ("chú Ba", "Ba"),
        ("bác Tư", "Tư"),
        ("ông Năm", "Năm"),
        ("bà Sáu", "Sáu"),
        ("Mr. John", "John"),
        ("Ms Hoa", "Hoa"),
        ("sếp Dũng", "Dũng"),
        ("GĐ Hùng", "Hùng"),
        ("KH: anh Nam", "Nam"),
        ("khách chị Hoa", "Hoa"),
        ("a/chị Nam", "Nam"),
        ("a. Nam", "Nam"),
        ("c.Hoa", "Hoa"),
        ("chi hoa", "hoa"),
        ("chu nam", "nam"),
        # Not honorifics, or nothing would be left.
        ("chu van an", "chu van an"),
        ("Chu Văn An", "Chu Văn An"),
        ("Chi Nguyễn", "Chi Nguyễn"),
        ("bác sĩ Hùng", "bác sĩ Hùng"),
        ("Nguyễn Anh Tuấn", "Nguyễn Anh Tuấn"),
        ("Anh", "Anh"),
        ("anh chị", "chị"),
        ("Emma Trần", "Emma Trần"),
        (" Nam ", "Nam"),
        ("", ""),
    ],
)
def test_without_honorific(text: str, expected: str) -> None:
    assert without_honorific(text) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("anh Nguyễn Văn An", "NGUYEN VAN AN", True),
        ("Thuỳ", "chị Thùy", True),
        ("Đức", "duc", True),
        ("Nam", "Năm", True),
        ("Nam", "Hoa", False),
        ("Nguyễn Văn An", "An", False),
        ("", " ", False),
    ],
)
def test_same_name(a: str, b: str, expected: bool) -> None:
    assert same_name(a, b) is expected


@given(texts)
def test_without_honorific_takes_only_from_the_front(text: str) -> None:
    assert unicodedata.normalize("NFC", text.strip()).endswith(without_honorific(text))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("An", "Nguyễn", "Nguyễn An"),
        ("Văn An", "Nguyễn", "Nguyễn Văn An"),
        ("Anh Nam", "Tran", "Tran Anh Nam"),
        ("Thị Hoa", "Đặng Trần", "Đặng Trần Thị Hoa"),
        # The whole name in one field, and something else in the other.
        ("Nguyễn Văn An", "", "Nguyễn Văn An"),
        ("", "Nguyễn Văn An", "Nguyễn Văn An"),
        ("Nguyễn An", "Trần Gia", "Nguyễn An Trần Gia"),
        ("Anh Bình", "Vinamilk", "Anh Bình Vinamilk"),
        ("Nam", "Cty ABC", "Nam Cty ABC"),
        # A first name that is also a family name stands alone there.
        ("Mai", "Phạm", "Phạm Mai"),
        ("Lâm", "Vũ", "Vũ Lâm"),
        ("John", "Smith", "John Smith"),
        ("  An \n Bình ", "\tLê ", "Lê An Bình"),
        ("", "", ""),
    ],
)
def test_in_order(first: str, last: str, expected: str) -> None:
    assert in_order(first, last) == expected


@given(texts, texts)
def test_in_order_keeps_every_word(first: str, last: str) -> None:
    assert sorted(in_order(first, last).split()) == sorted((*first.split(), *last.split()))
