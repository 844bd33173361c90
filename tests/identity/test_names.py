import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.duplicates import near_names
from antcrm_tools.identity.names import (
    fold,
    given_name,
    in_order,
    name_words,
    person_part,
    same_marks,
    same_name,
    without_honorific,
    words,
    written_words,
)

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
def test_fold_is_the_same_beside_a_character_nobody_sees(text: str) -> None:
    assert fold(text) == fold(f"{text}\u200b")  # which is folded the long way


def test_fold_of_every_letter_is_the_same_alone_and_beside_others() -> None:
    letters = [chr(code) for code in range(0x3000)]
    assert [fold(f"a{letter}o") for letter in letters] == [fold(f"a{letter}o\u200b") for letter in letters]


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nguyễn Văn  An", ("nguyen", "van", "an")),
        ("chị Lan-Vinamilk (Q7)", ("chi", "lan", "vinamilk", "q7")),
        ("lan@vinamilk.com.vn", ("lan", "vinamilk", "com", "vn")),
        ("0912.345.678", ("0912", "345", "678")),
        ("Lê_Na", ("le", "na")),
        ("—!?", ()),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@given(texts)
def test_words_are_folded_and_of_letters_and_digits(text: str) -> None:
    assert all(word.isalnum() and fold(word) == word for word in words(text))
    assert words(" ".join(words(text))) == words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chị Lan Vinamilk", ("lan", "vinamilk")),
        ("anh Nguyễn Văn An", ("nguyen", "van", "an")),
        ("chị", ("chi",)),
        ("anh Anh", ("anh",)),
        ("", ()),
    ],
)
def test_name_words(text: str, expected: tuple[str, ...]) -> None:
    assert name_words(text) == expected


@pytest.mark.parametrize(
    ("name", "person", "given"),
    [
        ("Nguyễn Văn An", "Nguyễn Văn An", "an"),
        ("An (Vinamilk)", "An", "an"),
        ("Chị Lan - Vinamilk", "Chị Lan", "lan"),
        ("Lan, Vinamilk", "Lan", "lan"),
        ("anh Nam cty FPT", "anh Nam", "nam"),
        ("Lan kế toán", "Lan", "lan"),
        ("Lan Ke Toan truong", "Lan", "lan"),
        ("Nguyễn Văn Toán", "Nguyễn Văn Toán", "toan"),
        ("anh Nam FPT", "anh Nam FPT", "nam"),
        ("Nguyễn Văn An 2", "Nguyễn Văn An 2", "an"),
        ("Lê-Na", "Lê-Na", "na"),
        ("kế toán", "kế toán", "toan"),
        ("(Lan)", "(Lan)", "lan"),
        ("- 12", "- 12", ""),
        ("", "", ""),
    ],
)
def test_person_and_given_name(name: str, person: str, given: str) -> None:
    assert person_part(name) == person
    assert given_name(name) == given


@given(texts)
def test_a_given_name_is_one_of_the_words(text: str) -> None:
    assert given_name(text) in {"", *words(text)}


@given(texts)
def test_written_words_fold_to_words(text: str) -> None:
    assert [word for each in written_words(text) for word in words(each)] == list(words(text))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("thuý", "thúy", True),
        ("Dũng", "dủng", True),
        ("quý", "quí", True),
        ("hùng", "hưng", False),
        ("lan", "lân", False),
        ("đạt", "dạt", False),
    ],
)
def test_same_marks(a: str, b: str, expected: bool) -> None:
    assert same_marks(a, b) is expected
    assert same_marks(unicodedata.normalize("NFD", a), b) is expected


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("Nguyễn Văn An", "chị NGUYEN VAN AN", True),
        ("Nguyễn Văn An", "Văn An Nguyễn", True),
        ("Nguyễn Văn An", "An Nguyen", True),
        ("Nguyễn Văn An", "An (Vinamilk)", True),
        ("Nguyễn Văn An", "nguyeenx vawn an", True),
        ("Nguyễn Văn An", "Nguyne Van An", True),
        ("Lan kế toán", "Nguyễn Thị Lan", True),
        ("Trần Thị Thuý", "Trần Thi Thúy", True),
        ("Lý Quý", "Li Quí", True),
        ("Đỗ Văn Dũng", "Đỗ Văn Dủng", True),
        ("Nguyễn Văn Hùng", "Nguyen Van Hung", True),
        ("cô Phan Đình Khoa", "Phan Đình Khoa", True),
        ("Công ty TNHH Sao Việt", "SAO VIET CO., LTD", True),
        ("Nguyễn Văn Hùng", "Nguyễn Văn Hưng", False),
        ("Nguyễn Thị Lan", "Nguyễn Thị Lân", False),
        ("Nguyễn Văn An", "Nguyễn Thành An", False),
        ("Nguyễn Văn An", "Nguyễn Văn", False),
        ("Trần Minh Anh", "Trần Anh Minh", False),
        ("Nguyen Thi Linh", "Nguyen Thi Minh", False),
        ("Nguyen Thi Lan", "Nguyen Thi Lam", False),
        ("Nam 1", "Nam 2", False),
        ("nam1", "nam2", False),
        ("FPT Hà Nội", "FPT HCM", False),
        ("", "", False),
        ("chị", "", False),
    ],
)
def test_near_names(one: str, other: str, near: bool) -> None:
    assert near_names(one, other) is near
    assert near_names(other, one) is near
