import runpy
import sys

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from antcrm_tools.identity import phones as phones_module
from antcrm_tools.identity.phones import canonical, display, masked, same, spellings
from tests.identity.written_phones import MIGRATION, unhurried, written_phones


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


def test_mobiles_are_read_as_the_library_reads_them() -> None:
    for place in range(1000):
        dialled = f"0{'35789'[place % 5]}{place:03}1234"[:10].ljust(10, "5")
        read = phonenumbers.parse(dialled, "VN")
        assert canonical(dialled) == phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)


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
        f"{new}1 234 567",
        f"{new}1.234.567",
    )


def test_migration_is_one_to_one() -> None:
    assert len({old for old, _ in MIGRATION}) == len({new for _, new in MIGRATION}) == 21


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0912345678", ("0912345678", "+84912345678", "84912345678", "0912 345 678", "0912.345.678")),
        (" 0912-345678 ", ("0912345678", "+84912345678", "84912345678", "0912 345 678", "0912.345.678", "0912-345678")),
        (
            "0169 123 4567",
            (
                "0391234567",
                "+84391234567",
                "84391234567",
                "01691234567",
                "0391 234 567",
                "0391.234.567",
                "0169 123 4567",
            ),
        ),
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


@unhurried
@given(written_phones)
def test_canonical_is_stable(text: str) -> None:
    form = canonical(text)
    if form is not None:
        assert canonical(form) == form


@unhurried
@given(written_phones)
def test_what_is_shown_is_the_same_phone(text: str) -> None:
    assert canonical(display(text)) == canonical(text)


@unhurried
@given(written_phones)
@example("+4900000")
def test_every_spelling_is_the_same_phone(text: str) -> None:
    forms = spellings(text)
    assert len(set(forms)) == len(forms)
    assert {canonical(form) for form in forms} <= {canonical(text)}


@unhurried
@given(st.one_of(st.text(), written_phones))
def test_masked_shows_three_digits_at_most(text: str) -> None:
    assert sum(char.isdigit() for char in masked(text)) <= 3


def test_the_library_is_not_loaded_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "phonenumbers"]:
        monkeypatch.delitem(sys.modules, name)
    runpy.run_path(phones_module.__file__)
    assert "phonenumbers" not in sys.modules


@given(st.from_regex(r"(0|\+84)[35789][0-9]{8}", fullmatch=True), st.sampled_from(["VN", "vn", "US", "SG"]))
def test_a_mobile_as_dialled_is_read_as_every_other_spelling(text: str, region: str) -> None:
    # White space around it keeps it from being read the short way.
    assert canonical(text, region) == canonical(f" {text}", region)
    assert display(text, region) == display(f" {text}", region) or canonical(text, region) is None
