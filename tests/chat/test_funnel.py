"""The picture of the stages: right in its letters, its lengths and its size, whatever the stages are called."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from antcrm_chat.cards import Picture
from antcrm_chat.funnel import draw, funnel
from antcrm_tools.text import Language, verbatim

BLUE, GREY, PAPER = (63, 127, 220), (169, 184, 204), (255, 255, 255)
HEAD, ROW, EDGE, WIDTH = 150, 120, 56, 1080
MIDDLE_OF_BAR = 52 + 15

VIETNAMESE = "".join(
    unicodedata.normalize("NFC", base + mark)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for mark in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
) + "đĐ"  # fmt: skip


def drawn(
    *rows: tuple[str, int], title: str = "Tháng này", note: str = "", language: Language = "vi", rest: str = "khác"
) -> Image.Image:
    return read(funnel(title, rows, note, rest=rest, language=language))


def read(content: bytes) -> Image.Image:
    """The picture, of few colours; an error if it cannot be read to its end."""
    assert content[24] == 4, "half a byte for each pixel"
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.mode) == ("PNG", "P")
    return image.convert("RGB")


def row_of(image: Image.Image, number: int, left: int = 0, right: int = WIDTH) -> Image.Image:
    """The words over a bar."""
    top = HEAD + number * ROW
    return image.crop((left, top, right, top + 52))


def bar(image: Image.Image, number: int, colour: tuple[int, int, int] = BLUE) -> int:
    """How many pixels long it is."""
    line = HEAD + number * ROW + MIDDLE_OF_BAR
    return sum(image.getpixel((x, line)) == colour for x in range(WIDTH))


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    """The box around everything that is not paper."""
    box = Image.eval(image.convert("L"), lambda grey: 255 if grey < 200 else 0).getbbox()
    assert box is not None
    return box


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


# Lengths and numbers.


def test_bars_are_as_long_as_their_counts_in_the_order_given() -> None:
    image = drawn(("Mới", 50), ("Đã gọi", 100), ("Báo giá", 25), ("Chốt", 0))
    assert image.size == (WIDTH, HEAD + 4 * ROW + 36)
    whole = WIDTH - 2 * EDGE
    lengths = [bar(image, number) for number in range(4)]
    for length, wanted in zip(lengths, (whole / 2, whole, whole / 4, 0), strict=True):
        assert abs(length - wanted) <= 3, lengths


def test_the_smallest_count_is_seen() -> None:
    image = drawn(("Mới", 3_000_000), ("Chốt", 1))
    assert bar(image, 1) >= 25


def test_a_share_is_no_nothing_and_no_all() -> None:
    last = WIDTH - EDGE - 64  # a digit and the sign
    most, least = (row_of(drawn(("", 2_999_999), ("", 1)), number, last) for number in range(2))
    everything, nothing = (row_of(drawn(("", 2_999_999), ("", 0)), number, last) for number in range(2))
    assert not same(least, nothing)
    assert not same(most, everything)


def test_of_many_stages_the_last_are_summed_up() -> None:
    counts = [100 - number for number in range(40)]
    image = drawn(*((f"Bước {number}", count) for number, count in enumerate(counts)))
    assert image.size == drawn(*[("x", 1)] * 12).size
    rest = sum(counts[11:])
    whole = WIDTH - 2 * EDGE
    assert abs(bar(image, 11, GREY) - whole) <= 3
    assert abs(bar(image, 0) - whole * 100 / rest) <= 3
    assert abs(bar(image, 10) - whole * 90 / rest) <= 3
    told = drawn(*((f"Bước {number}", count) for number, count in enumerate(counts[:11])), ("khác", rest))
    assert same(row_of(image, 11), row_of(told, 11))


def test_a_dozen_stages_are_all_shown() -> None:
    image = drawn(*[("x", 1)] * 12)
    assert bar(image, 11) > 900
    assert bar(image, 11, GREY) == 0


@pytest.mark.parametrize("rows", [(), (("Mới", 0),), (("Mới", 0), ("Chốt", 0))])
def test_without_anything_to_show(rows: tuple[tuple[str, int], ...]) -> None:
    image = drawn(*rows)
    assert image.size == (WIDTH, HEAD + len(rows) * ROW + 36)
    assert all(bar(image, number) == 0 for number in range(len(rows)))


def test_numbers_are_written_as_the_language_has_it() -> None:
    vi, en = (row_of(drawn(("", 1_234_567), language=language), 0) for language in ("vi", "en"))
    # A comma reaches below the line, and a dot does not.
    assert ink(vi)[3] < ink(en)[3]
    assert same(row_of(drawn(("x", 999), language="vi"), 0), row_of(drawn(("x", 999), language="en"), 0))


def test_a_picture_of_a_card_is_drawn_in_the_language_of_who_sees_it() -> None:
    rows = [("Mới", 1200 - number) for number in range(13)]
    picture = Picture(verbatim("Tuần này"), tuple((verbatim(name), count) for name, count in rows), verbatim("14:05"))
    assert draw(picture, "en") == funnel("Tuần này", rows, "14:05", rest="others", language="en")
    assert draw(picture, "vi") != draw(picture, "en")


def test_a_note_stands_under_the_bars() -> None:
    plain, noted = drawn(("Mới", 1)), drawn(("Mới", 1), note="Bản sao lúc 14:05")
    assert noted.height > plain.height
    assert ink(noted)[3] > ink(plain)[3]
    assert ink(noted)[3] < noted.height - 10


# Names.


def test_every_vietnamese_letter_is_drawn_and_is_another() -> None:
    looks = {letter: drawn(title=letter).tobytes() for letter in VIETNAMESE}
    assert len(looks) == 146
    assert len(set(looks.values())) == 146
    # What the font does not have, such as a flag, is the same three dots for all.
    assert drawn(title="🇻").tobytes() not in looks.values()


def test_letters_in_parts_are_put_together() -> None:
    name = "Đã hẹn gặp ở Huế"
    assert same(drawn((unicodedata.normalize("NFD", name), 3)), drawn((name, 3)))


@pytest.mark.parametrize(
    "name",
    [
        "Chốt 🎉 đơn",
        "Chốt\u202e đơn\u2069",
        "Chốt\nđơn",
        "Chốt\x1b đơn",
        "Chốt\U0001f468\u200d\U0001f469 đơn \u2705\ufe0f",
        "Chốt\ud83d đơn",
        "客Chốt đơn户",
    ],
)
def test_what_cannot_be_drawn_leaves_no_trace(name: str) -> None:
    assert same(drawn((name, 3), title=name, note=name), drawn(("Chốt đơn", 3), title="Chốt đơn", note="Chốt đơn"))


@pytest.mark.parametrize("name", ["客户", "🎉", "😀" * 500])
def test_where_nothing_is_left_there_are_dots(name: str) -> None:
    assert same(drawn((name, 3)), drawn(("…", 3)))


@pytest.mark.parametrize("name", ["Đang thương lượng hợp đồng nguyên tắc với phòng kinh doanh", "W" * 500, "i " * 300])
def test_a_long_name_is_cut_before_the_count(name: str) -> None:
    image, without = drawn((name, 1234)), drawn(("", 1234))
    count = ink(row_of(without, 0))[0]
    assert same(row_of(image, 0, count), row_of(without, 0, count))
    end = ink(row_of(image, 0, 0, count))[2]
    assert count - 90 < end <= count - 25


def test_a_long_title_and_note_stay_inside() -> None:
    image = drawn(("Mới", 1), title="Tháng này " * 30, note="Bản sao " * 60)
    assert ink(image)[2] <= WIDTH - EDGE + 1


# Size.


anything = st.text(st.characters(exclude_categories=()), max_size=120) | st.text("Ữộặ W\u0301…", max_size=200)


@settings(max_examples=40, deadline=None)
@given(
    anything,
    st.lists(st.tuples(anything, st.integers(0, 10**7) | st.integers(0, 10**30)), max_size=40),
    anything,
    st.sampled_from(("vi", "en")),
)
def test_whatever_the_names_and_counts(title: str, rows: list[tuple[str, int]], note: str, language: Language) -> None:
    content = funnel(title, rows, note, rest="khác", language=language)
    image = read(content)
    assert image.width == WIDTH
    assert 150 <= image.height <= 1700
    assert len(content) < 100_000
    assert image.getpixel((0, 0)) == PAPER


def test_a_full_picture_is_quick_to_load() -> None:
    name = "Đang thương lượng hợp đồng nguyên tắc với phòng kinh doanh miền Nam"
    rows = [(f"{name[number:]} {name}", 1_234_567 - number * 1000) for number in range(20)]
    assert len(funnel(name, rows, name, rest="khác", language="vi")) < 60_000


def test_who_asks_for_no_picture_does_not_wait_for_the_library() -> None:
    code = "import sys, antcrm_telegram.serving, antcrm_chat.funnel; print({'PIL', 'font_roboto'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603  our own words
    assert done.stdout.strip() == "set()"
