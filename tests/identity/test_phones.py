import runpy
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antcrm_tools.identity import phones as phones_module
from antcrm_tools.identity.phones import canonical, display, find_phones, masked, same, spellings

MIGRATION = [
    ("0120", "070"),
    ("0121", "079"),
    ("0122", "077"),
    ("0126", "076"),
    ("0128", "078"),
    ("0123", "083"),
    ("0124", "084"),
    ("0125", "085"),
    ("0127", "081"),
    ("0129", "082"),
    ("0162", "032"),
    ("0163", "033"),
    ("0164", "034"),
    ("0165", "035"),
    ("0166", "036"),
    ("0167", "037"),
    ("0168", "038"),
    ("0169", "039"),
    ("0186", "056"),
    ("0188", "058"),
    ("0199", "059"),
]

# The first example of a run pays for loading the library and a country's data.
unhurried = settings(deadline=None)

digits = st.text("0123456789", min_size=0, max_size=14)
punctuated = st.text("0123456789+-. ()", min_size=0, max_size=22)
vietnamese = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["091", "098", "032", "070", "083", "084", "056", "059", "041", "024", "028", "0221", "0123", "0169", "0160"]
    ),
    st.from_regex(r"\A[0-9]{7,8}\Z"),
)
abroad = st.builds("+{}{}".format, st.sampled_from(["1", "44", "49", "54", "52", "61", "39", "65", "7"]), digits)
phones = st.one_of(vietnamese, abroad, digits, punctuated)
lines = st.one_of(
    st.text(),
    st.text("0123456789OolI|+-./,() \nzaloMSTđ\u0300\u200b０９@", max_size=60),
    st.lists(st.one_of(phones, st.sampled_from(["zalo", "MST", "/", ",", "84", "O912345678", "5tr"]))).map(" ".join),
)


@pytest.mark.parametrize(
    "text",
    [
        "0912345678",
        "+84912345678",
        "84912345678",
        "0084912345678",
        "00 84 912 345 678",
        "+84 (0) 912 345 678",
        "+84(0)912345678",
        "(+84) 912 345 678",
        "+84 0912345678",
        "84 0912345678",
        "+0912345678",
        "0912.345.678",
        "0912-345-678",
        "0912 345 678",
        "0912–345–678",
        "0912\u00a0345\u00a0678",
        "\u202a0912345678\u202c",
        "912345678",
        "０９１２３４５６７８",
        "＋８４９１２３４５６７８",
        "tel:0912345678",
        "TEL:+84-912-345-678",
        " 0912345678. ",
    ],
)
def test_canonical_reads_every_way_to_write_a_mobile(text: str) -> None:
    assert canonical(text) == "+84912345678"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("024 3825 1234", "+842438251234"),
        ("(024) 3825.1234", "+842438251234"),
        ("02838221234", "+842838221234"),
        ("+84 28 3822 1234", "+842838221234"),
        ("0221 2345 678", "+842212345678"),
        ("1900 1234", "+8419001234"),
        ("1800123456", "+841800123456"),
        ("+65 6123 4567", "+6561234567"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("001 650 253 0000", "+16502530000"),
    ],
)
def test_canonical_reads_landlines_services_and_other_countries(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0712345678", "+84712345678"), ("0552345678", "+84552345678"), ("0412345678", "+84412345678")],
)
def test_canonical_keeps_ranges_not_assigned_yet(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "zalo",
        "0912345678 zalo",
        "O912345678",
        "09l2345678",
        "0912345678/0987654321",
        "0912345678, 0987654321",
        "0912345678 0987654321",
        "0912345678\n0987654321",
        "113",
        "12345",
        "0912345",
        "09123456789",
        "12052024",
        "12.01.2024",
        "0312345678-001",
        "+",
        "()",
        "+999 123456789",
        "0000000000000000",
        "an@example.vn",
        "9" * 1000,
    ],
)
def test_canonical_refuses_what_is_not_one_phone(text: str) -> None:
    assert canonical(text) is None


@pytest.mark.parametrize("region", ["US", "us"])
def test_canonical_of_another_region(region: str) -> None:
    assert canonical("(650) 253-0000", region) == "+16502530000"
    assert canonical("+84 120 123 4567", region) == "+84701234567"


def test_canonical_of_a_region_that_does_not_exist() -> None:
    assert canonical("0912345678", "XX") is None


@pytest.mark.parametrize(("old", "new"), MIGRATION)
def test_migration_of_2018(old: str, new: str) -> None:
    expected = f"+84{new[1:]}1234567"
    for text in (
        f"{old}1234567",
        f"+84{old[1:]}1234567",
        f"84{old[1:]}1234567",
        f"{old} 123 4567",
        f"{old[1:]}1234567",
    ):
        assert canonical(text) == expected
    assert same(f"{old}.123.4567", f"{new} 123 4567")
    assert spellings(f"{new}1234567") == (
        f"{new}1234567",
        expected,
        expected[1:],
        f"{old}1234567",
    )
    assert [phone.canonical for phone in find_phones(f"gọi {old}1234567 nhé")] == [expected]


def test_migration_is_one_to_one() -> None:
    assert len({old for old, _ in MIGRATION}) == len({new for _, new in MIGRATION}) == 21


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0912345678", ("0912345678", "+84912345678", "84912345678")),
        (" 0912.345.678 ", ("0912345678", "+84912345678", "84912345678", "0912.345.678")),
        ("01691234567", ("0391234567", "+84391234567", "84391234567", "01691234567")),
        ("0169 123 4567", ("0391234567", "+84391234567", "84391234567", "01691234567", "0169 123 4567")),
        ("+842438251234", ("02438251234", "+842438251234", "842438251234")),
        ("19001234", ("19001234", "+8419001234", "8419001234")),
        ("+65 6123 4567", ("+6561234567", "+65 6123 4567")),
        (" chị Hoa ", ("chị Hoa",)),
        ("  ", ()),
    ],
)
def test_spellings(text: str, expected: tuple[str, ...]) -> None:
    assert spellings(text) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("0912345678", "+84 912 345 678", True),
        ("0912345678", "0912345679", False),
        ("113", "1-1-3", True),
        ("0912345678 zalo", "zalo 0912.345.678", True),
        ("0912345678", "0912345678 zalo", False),
        ("zalo", "zalo", False),
        ("", "", False),
    ],
)
def test_same(a: str, b: str, expected: bool) -> None:
    assert same(a, b) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+84912345678", "0912 345 678"),
        ("01691234567", "0391 234 567"),
        ("02438251234", "024 3825 1234"),
        ("02838221234", "028 3822 1234"),
        ("02212345678", "0221 2345 678"),
        ("19001234", "1900 1234"),
        ("1900545415", "1900 545 415"),
        ("0412345678", "0412 345 678"),
        ("+6561234567", "+65 6123 4567"),
        ("hỏi chị Hoa", "hỏi chị Hoa"),
    ],
)
def test_display(text: str, expected: str) -> None:
    assert display(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0912345678", "***678"),
        ("+84 912 345 678", "***678"),
        ("０９１２３４５６７８", "***678"),
        ("chị Hoa 0912345678", "***678"),
        ("113", "***"),
        ("123456", "***"),
        ("", "***"),
    ],
)
def test_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


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
@given(phones)
def test_canonical_is_stable(text: str) -> None:
    form = canonical(text)
    if form is not None:
        assert canonical(form) == form


@unhurried
@given(phones)
def test_what_is_shown_is_the_same_phone(text: str) -> None:
    assert canonical(display(text)) == canonical(text)


@unhurried
@given(phones)
@example("+4900000")
def test_every_spelling_is_the_same_phone(text: str) -> None:
    forms = spellings(text)
    assert len(set(forms)) == len(forms)
    assert {canonical(form) for form in forms} <= {canonical(text)}


@unhurried
@given(st.one_of(st.text(), phones))
def test_masked_shows_three_digits_at_most(text: str) -> None:
    assert sum(char.isdigit() for char in masked(text)) <= 3


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


def test_the_library_is_not_loaded_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "phonenumbers"]:
        monkeypatch.delitem(sys.modules, name)
    runpy.run_path(phones_module.__file__)
    assert "phonenumbers" not in sys.modules


@pytest.mark.parametrize("figures", ["0 0 1 ", "0912345678 ", "00 1 0 84 ", "84 ", "1900 1 "])
def test_a_message_full_of_figures_does_not_take_seconds(figures: str) -> None:
    message = (figures * 4096)[:4096]  # the longest message Telegram carries
    started = time.process_time()
    find_phones(message)
    assert time.process_time() - started < 3  # several times what it takes
