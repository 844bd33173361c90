import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.spelling import one_slip, slips, untelex
from tests.identity.pairs import WORDS, telex, unmarked

short = st.text("abc", max_size=6)


def distance(a: str, b: str) -> int:
    """Letters wrong, missing, too many, or two neighbours swapped: the textbook's table, in full."""
    table = [[max(i, j) if not i or not j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("hoang", "hoang", True),
        ("hoang", "hoagn", True),
        ("hoang", "haong", True),
        ("hoang", "hoan", True),
        ("hoang", "hoanng", True),
        ("hoang", "hoamg", True),
        ("hoang", "hong", True),
        ("ab", "ba", True),
        ("a", "", True),
        ("", "", True),
        ("hoang", "huong", False),
        ("hoang", "hogna", False),
        ("hoang", "ho", False),
        ("abc", "cab", False),
        ("abcd", "badc", False),
    ],
)
def test_one_slip(a: str, b: str, expected: bool) -> None:
    assert one_slip(a, b) is expected


@given(short, short)
def test_one_slip_is_a_distance_of_at_most_one(a: str, b: str) -> None:
    assert one_slip(a, b) is (distance(a, b) <= 1)


@given(st.text("abc", min_size=3, max_size=6), st.text("abc", min_size=3, max_size=6))
def test_one_slip_apart_means_a_key_in_common(a: str, b: str) -> None:
    if one_slip(a, b):
        assert slips(a) & slips(b)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("lan", {"lan", "an", "ln", "la"}), ("an", {"an"}), ("a", {"a"}), ("", {""}), ("aaa", {"aaa", "aa"})],
)
def test_slips(word: str, expected: set[str]) -> None:
    assert slips(word) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("nguyeenx", "nguyen"),
        ("Nguyeenx", "nguyen"),
        ("nguyeexn", "nguyen"),
        ("vawn", "van"),
        ("dduwcs", "duc"),
        ("DDinh", "dinh"),
        ("huwowng", "huong"),
        ("hoafng", "hoang"),
        ("thaor", "thao"),
        ("nguye6n4", "nguyen"),
        ("nguyen64", "nguyen"),
        ("d9u7c1", "duc"),
        ("tru7o7ng", "truong"),
        ("tru7o7ng2", "truong"),
        ("Nguye^~n", "nguyen"),
        ("ho`a", "hoa"),
        ("ddu+'c", "duc"),
    ],
)
def test_untelex(word: str, expected: str) -> None:
    assert untelex(word) == expected


@pytest.mark.parametrize(
    "word",
    [
        *("", "an", "lan", "hoa", "chung", "express", "tuan", "nguyen", "ngoc", "Nguyễn", "đức"),
        *(
            "max",
            "box",
            "bus",
            "car",
            "tax",
            "six",
            "gas",
            "tour",
            "taxi",
            "door",
            "free",
            "book",
            "google",
            "kangaroo",
        ),
        *("q7", "t5", "10k", "abc123", "covid19", "user10", "top10", "b2b", "an@x", "what?", "o'clock", "5tr", "2018"),
        *("vinamilk", "fpt", "crm", "zalo", "facebook", "samsung", "express", "sales", "news", "hrm", "dn12"),
    ],
)
def test_untelex_leaves_what_is_no_such_word(word: str) -> None:
    assert untelex(word) is None


@pytest.mark.parametrize(
    "word", sorted({word for kind in ("families", "middles", "given") for name in WORDS[kind] for word in name.split()})
)
def test_untelex_of_names(word: str) -> None:
    typed = telex(word).lower()
    if typed == "hair":  # more often of a salon than of somebody called Hải
        return
    meant = unmarked(word).lower()
    assert untelex(typed) == (meant if typed != meant and len(typed) > 2 else None)
    assert untelex(meant) is None


@given(st.text("aeoudsfrxjwng679+^~'", max_size=8))
def test_untelex_gives_a_word_that_stays(word: str) -> None:
    meant = untelex(word)
    if meant is not None:
        assert meant.isascii()
        assert meant.isalpha()
        assert untelex(meant) is None


def test_companies_are_not_taken_for_telex() -> None:
    assert [word for name in WORDS["companies"] for word in unmarked(name).lower().split() if untelex(word)] == []
