"""Phones as people and spreadsheets write them, right and wrong."""

from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

# The 2018 migration, from the announcements of the carriers; the last seven digits stay.
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
written_phones = st.one_of(vietnamese, abroad, digits, punctuated)
lines = st.one_of(
    st.text(),
    st.text("0123456789OolI|+-./,() \nzaloMSTđ\u0300\u200b０９@", max_size=60),
    st.lists(st.one_of(written_phones, st.sampled_from(["zalo", "MST", "/", ",", "84", "O912345678", "5tr"]))).map(
        " ".join
    ),
)

_MOBILE = r"3[2-9]|8[1-9]|9[0134678]|7[06-9]|5[25689]|92|99"
_PROVINCE = r"2(?:0[3-9]|1[0-689]|2[0-25-9]|3[2-9]|5[124-9]|6[0-39]|7[0-7]|9[0-4679])"
_ABROAD_PREFIXES = (
    "+84",
    "84",
    "0084",
    "00 84 ",
    "+84 ",
    "+84-",
    "84.",
    "+84(0)",
    "+84 (0) ",
    "(+84) ",
    "(84) ",
    "+84 0",
)
_CUTS = {
    9: ([9], [3, 3, 3], [2, 3, 4], [2, 7], [2, 4, 3], [3, 6], [1, 2, 2, 2, 2], [6, 3], [3, 2, 2, 2], [1, 4, 4]),
    10: ([10], [3, 3, 4], [3, 7], [2, 4, 4], [2, 8], [3, 4, 3], [4, 3, 3], [2, 2, 2, 2, 2]),
}
_FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")
_WORDS = (
    "anh Nam ",
    "sđt: ",
    "",
    "cty ABC q7 (",
    "gọi ngay ",
    "zalo",
    "1. Lan - ",
    "Số của chị Hoa là ",
    "12/05/2024 ",
)
_WORDS_BEHIND = (" zalo", "", ".", ") cty ABC", " 10 user 5tr", ", mai gọi lại", "\nan@abc.vn", " - hỏi giá")


class Spelled(NamedTuple):
    """A phone as somebody wrote it, the form to compare it by, and a sentence with nothing else like it."""

    text: str
    form: str
    sentence: str


def _matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(rf"\A(?:{pattern})\Z")


# A national number and the one it is today. Three zeros at the end and no trunk zero in front would be an amount.
_TAIL = _matching("[0-9]{7}").filter(lambda digits: not digits.endswith("000"))
_NUMBERS = st.one_of(
    st.builds("{}{}".format, _matching(_MOBILE), _TAIL).map(lambda national: (national, national)),
    st.tuples(st.sampled_from(MIGRATION), _TAIL).map(
        lambda drawn: (f"{drawn[0][0][1:]}{drawn[1]}", f"{drawn[0][1][1:]}{drawn[1]}")
    ),
    st.builds("{}{}{}".format, _matching("24|28"), _matching("[3678]"), _TAIL).map(
        lambda national: (national, national)
    ),
    st.builds("{}{}{}".format, _matching(_PROVINCE), _matching("3[2-8]"), _matching("[0-9]{4}[1-9]")).map(
        lambda national: (national, national)
    ),
)


@st.composite
def _spelled(draw: st.DrawFn) -> Spelled:
    national, today = draw(_NUMBERS)
    text = draw(_written(national))
    sentence = f"{draw(st.sampled_from(_WORDS))}{text}{draw(st.sampled_from(_WORDS_BEHIND))}"
    return Spelled(text, f"+84{today}", sentence)


@st.composite
def _written(draw: st.DrawFn, national: str) -> str:
    cuts = draw(st.sampled_from(_CUTS[len(national)]))
    mark = draw(st.sampled_from(["", " ", ".", "-", "\u00a0", "\u2013", " - ", ". ", "\u2011", "·", "  "]))
    pieces: list[str] = []
    at = 0
    for cut in cuts:
        pieces.append(national[at : at + cut])
        at += cut
    grouped = mark.join(pieces)
    ways = [f"0{grouped}", f"{draw(st.sampled_from(_ABROAD_PREFIXES))}{grouped}"]
    if len(pieces) > 1:
        ways.append(f"(0{pieces[0]}) {mark.join(pieces[1:])}")
    if cuts in ([9], [3, 3, 3]):
        ways.append(grouped)  # a spreadsheet took the zero
    text = draw(st.sampled_from(ways))
    if draw(st.booleans()):
        text = text.translate(_FULL_WIDTH)
    hidden = draw(st.sampled_from(["", "\u200b", "\u200e", "\u202a"]))
    middle = draw(st.integers(0, len(text)))
    return f"{hidden}{text[:middle]}{hidden and chr(0x200B)}{text[middle:]}{hidden and chr(0x202C)}"


spelled = _spelled()
