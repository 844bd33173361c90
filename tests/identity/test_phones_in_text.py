import time

import pytest
from hypothesis import given, settings

from antcrm_tools.identity.phones import canonical
from antcrm_tools.identity.phones_in_text import find_phones, phones_in_field
from tests.identity.written_phones import Spelled, lines, spelled, unhurried, vietnamese


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anh Nam 0912345678 cty ABC q7 quan tâm CRM", ["0912345678"]),
        ("chị Hoa - 0987.654.321 - Vinamilk - hỏi giá", ["0987.654.321"]),
        ("0912345678 zalo", ["0912345678"]),
        ("zalo0912345678zalo", ["0912345678"]),
        ("SĐT:0912345678.", ["0912345678"]),
        ("sđt 0912 345 678 10 user 5tr", ["0912 345 678"]),
        ("0912345678/0987654321", ["0912345678", "0987654321"]),
        ("0912345678, 0987654321", ["0912345678", "0987654321"]),
        ("0912345678,0987654321", ["0912345678", "0987654321"]),
        ("0912345678 - 0987654321", ["0912345678", "0987654321"]),
        ("0912 345 678 0987 654 321", ["0912 345 678", "0987 654 321"]),
        ("0912345678\n0987654321", ["0912345678", "0987654321"]),
        ("0912345678+84987654321", ["0912345678", "+84987654321"]),
        ("gọi +84 (0) 912 345 678 nhé", ["+84 (0) 912 345 678"]),
        ("(0912345678) hoặc (024) 3825 1234 máy lẻ 12", ["0912345678", "(024) 3825 1234"]),
        ("(+84) 912 345 678", ["(+84) 912 345 678"]),
        ("84912345678", ["84912345678"]),
        ("0084912345678", ["0084912345678"]),
        ("912345678", ["912345678"]),
        ("tel:+84-912-345-678", ["+84-912-345-678"]),
        ("TEL;TYPE=CELL:+84912345678\nEMAIL:an@x.vn", ["+84912345678"]),
        ("ＳĐＴ ０９１２３４５６７８", ["０９１２３４５６７８"]),
        ("+65 6123 4567 10 user", ["+65 6123 4567"]),
        ("+49 30 1234 5678 5tr", ["+49 30 1234 5678"]),
        ("001 650 253 0000", ["001 650 253 0000"]),
        ("12 0912 345 678", ["0912 345 678"]),
        ("số nhà 84 0912345678", ["0912345678"]),
        ("0712345678", ["0712345678"]),
        ("hotline 1900 1234", ["1900 1234"]),
        ("hotline: 1900 1234 10 user", ["1900 1234"]),
        ("tổng đài 1900.545.415", ["1900.545.415"]),
        ("19001234", ["19001234"]),
        ("https://zalo.me/0912345678", ["0912345678"]),
        ("khách cmt 0912345678", ["0912345678"]),
        ("cần tk web 0912345678", ["0912345678"]),
    ],
)
def test_find_phones(text: str, expected: list[str]) -> None:
    assert [phone.text for phone in find_phones(text)] == expected
    assert not any(phone.slip for phone in find_phones(text))


@pytest.mark.parametrize(
    "text",
    [
        "MST 0312345678",
        "mst: 0312345678",
        "MST0312345678",
        "Mã số thuế: 0312345678-001",
        "ma so thue cong ty la 0312345678",
        "Ma\u0303 so\u0302\u0301 thue\u0302\u0301 0312345678",
        "MST 031 234 5678",
        "cty ABC 0312345678-001",
        "cty ABC 0104831030",
        "STK 0912345678",
        "số tài khoản 1903 0912 3456 78",
        "CMND 312345678",
        "CCCD 001099012345",
        "001099012345",
        "hẹn 09.12.2024 15h",
        "05/06/2024 10:30",
        "2024-05-06 10:30",
        "ngân sách 350.000.000 đ",
        "350000000",
        "912345678đ",
        "84.500.000.000",
        "giá 1800 - 2000",
        "19000000",
        "0912345678901234",
        "0123456789",
        "0912345@gmail.com",
        "nam0912345678@gmail.com",
        "https://shop.vn/p/0912345678",
        "12345",
        "",
    ],
)
def test_find_phones_leaves_other_numbers_alone(text: str) -> None:
    assert find_phones(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "MST 0312345678 0912345678",
        "MST 0312345678 - 0912345678",
        "MST: 0312345678, sđt 0912345678",
        "0912345678 MST 0312345678",
        "STK 19031234567890 0912345678",
        "CCCD 001099012345 0912345678",
        "CMND 312345678 dt 0912345678",
        "hẹn 09.12.2024 gọi 0912345678",
        "nam@x.vn/0912345678",
        "0912345678/nam@x.vn",
    ],
)
def test_find_phones_next_to_other_numbers(text: str) -> None:
    assert [phone.text for phone in find_phones(text)] == ["0912345678"]


@pytest.mark.parametrize(
    "text", ["O912345678", "o912345678", "09l2345678", "09I2345678", "O9l2 345 678", "+84 9l2 345 678", "O9|2.345.678"]
)
def test_find_phones_recognises_typing_slips(text: str) -> None:
    (phone,) = find_phones(f"anh Nam {text} zalo")
    assert phone.text == text
    assert phone.canonical == "+84912345678"
    assert phone.slip


def test_find_phones_in_another_region() -> None:
    (phone,) = find_phones("call (650) 253-0000 now", "us")
    assert (phone.text, phone.canonical) == ("(650) 253-0000", "+16502530000")


@unhurried
@given(lines)
def test_found_phones_stand_where_they_say(text: str) -> None:
    reached = 0
    for phone in find_phones(text):
        assert reached <= phone.start < phone.end
        assert text[phone.start : phone.end] == phone.text
        assert canonical(phone.canonical) == phone.canonical
        if not phone.slip:
            assert canonical(phone.text) == phone.canonical
        reached = phone.end


@unhurried
@given(vietnamese)
def test_a_valid_number_is_found_among_words(text: str) -> None:
    form = canonical(text)
    if form is not None and text.startswith(("091", "098", "032", "083")):
        assert [phone.canonical for phone in find_phones(f"anh Nam {text} zalo")] == [form]


@pytest.mark.parametrize("figures", ["0 0 1 ", "0912345678 ", "00 1 0 84 ", "84 ", "1900 1 "])
def test_a_message_full_of_figures_does_not_take_seconds(figures: str) -> None:
    message = (figures * 4096)[:4096]  # the longest message Telegram carries
    started = time.process_time()
    find_phones(message)
    assert time.process_time() - started < 3  # several times what it takes


def test_a_number_of_before_2018_is_found_and_migrated() -> None:
    assert [phone.canonical for phone in find_phones("gọi 01691234567 nhé")] == ["+84391234567"]


@settings(deadline=None, max_examples=500)
@given(spelled)
def test_every_way_to_write_a_number_is_the_same_number(written: Spelled) -> None:
    assert canonical(written.text) == written.form
    (phone,) = find_phones(written.sentence)
    assert (phone.canonical, phone.valid, phone.slip, phone.extension) == (written.form, True, False, "")
    assert canonical(phone.text) == written.form
    assert canonical(written.form) == written.form
    assert phones_in_field(written.sentence) == (written.form,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0912345678", ("+84912345678",)),
        ("0912345678 / 0987654321", ("+84912345678", "+84987654321")),
        ("0912345678; 024 3825 1234 ext 2", ("+84912345678", "+842438251234")),
        ("0912345678 (Lan)", ("+84912345678",)),
        ("Lan 0912345678, Minh: +84 987 654 321", ("+84912345678", "+84987654321")),
        ("0912345678;0912 345 678;+84912345678", ("+84912345678",)),
        ("0169 123 4567 (cũ)", ("+84391234567",)),
        ("O912345678", ("+84912345678",)),
        ("912345678, 987654321", ("+84912345678", "+84987654321")),
        ("912345678.0", ("+84912345678",)),
        ("+65 6123 4567 / 912345678", ("+6561234567", "+84912345678")),
        ("(028) 3822 1234 - 1900 6789", ("+842838221234", "+8419006789")),
        # Only just possible: a landline with a digit torn off, what could be a tax code, a number of no range.
        ("0212345678", ("+84212345678",)),
        ("0212345678 - 0212345679", ("+84212345678", "+84212345679")),
        ("Lan: 0212345678 (cũ)", ("+84212345678",)),
        ("0212345678 0212345679 ext 3", ("+84212345678", "+84212345679")),
        ("0212345678 / 0912345678", ("+84212345678", "+84912345678")),
        ("0303490096 / 0912345678", ("+84303490096", "+84912345678")),
        ("0412345678, 123456789", ("+84412345678", "+84123456789")),
        ("0912345678 (12/05/2024)", ("+84912345678",)),
        ("0912345678, MST 0312345678, an0987654321@abc.vn", ("+84912345678",)),
        ("3825 1234", ()),
        ("máy lẻ 12", ()),
        ("gọi chị Hoa", ()),
        ("", ()),
    ],
)
def test_phones_in_field(text: str, expected: tuple[str, ...]) -> None:
    assert phones_in_field(text) == expected


def test_phones_in_field_of_another_region() -> None:
    assert phones_in_field("(650) 253-0000 / +84 912 345 678", "us") == ("+16502530000", "+84912345678")


@unhurried
@given(lines)
def test_a_field_has_all_that_a_text_has(text: str) -> None:
    forms = phones_in_field(text)
    assert len(set(forms)) == len(forms)
    whole = canonical(text)
    found = [phone.canonical for phone in find_phones(text)] if whole is None else [whole]
    assert set(found) <= set(forms)
    assert all(canonical(form) == form for form in forms)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "gọi 0169.123.4567 nhé",
            (
                "0391234567",
                "+84391234567",
                "84391234567",
                "01691234567",
                "0391 234 567",
                "0391.234.567",
                "0169.123.4567",
            ),
        ),
        ("O24 3825 1234 ext 5", ("02438251234", "+842438251234", "842438251234", "O24 3825 1234")),
        ("+65 6123 4567 x89", ("+6561234567", "+65 6123 4567")),
    ],
)
def test_spellings_of_a_found_phone(text: str, expected: tuple[str, ...]) -> None:
    (phone,) = find_phones(text)
    assert phone.spellings == expected
