"""Cards as HTML and keyboards: whatever a card holds, Telegram takes it and shows it letter by letter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_chat.cards import Button, Card
from antcrm_telegram.rendering import TEXT_LIMIT, keyboard, pieces, token_of, units
from antcrm_tools.sandbox.telegram.html import parse
from antcrm_tools.text import clean, verbatim

anything = st.text(st.characters(exclude_categories=()), max_size=200)
pieces_of_html = st.text("<>&;/b\"' \n🔥đ\ud83d", max_size=200)


def read(message: str) -> str:
    """What stands on the screen."""
    return parse(message).plain


def card(*lines: str, title: str | None = None) -> Card:
    return Card(None if title is None else verbatim(title), tuple(verbatim(line) for line in lines))


@given(st.lists(st.one_of(anything, pieces_of_html), min_size=1, max_size=5), st.one_of(st.none(), pieces_of_html))
def test_letter_by_letter(lines: list[str], title: str | None) -> None:
    made = card(*lines, title=title)
    said = made.render("en").encode("utf-8", "replace").decode()
    shown = "\n".join(read(message) for message in pieces(made, "en"))
    assert shown.strip() == said.strip() or (shown == "…" and not clean(said))
    for message in pieces(made, "en"):
        message.encode()  # half a character cannot be sent


@given(st.integers(0, 30_000), st.sampled_from(["a", "🔥", "a🔥 ", "từ & ", "<b>", "x" * 4096 + " ", "\n", "đ\n"]))
def test_no_message_is_too_long(size: int, unit: str) -> None:
    text = (unit * (size // len(unit) + 1))[:size]
    messages = pieces(card(text, title="Tiêu đề"), "en")
    assert 1 <= len(messages) <= 6
    for message in messages:
        assert 1 <= units(read(message).strip()) <= TEXT_LIMIT
    if len(messages) < 6:
        assert "".join("".join(map(read, messages)).split()) == "Tiêuđề" + "".join(text.split())
    else:
        assert units(text) > TEXT_LIMIT or "The rest is too long" not in messages[-1]


def test_an_end_that_is_left_out_is_said_to_be() -> None:
    messages = pieces(card("từ " * 20_000), "vi")
    assert len(messages) == 6
    assert "AntCRM" in messages[-1]


def test_only_the_title_is_bold() -> None:
    assert pieces(card("<i>a</i>", title="A & B"), "en") == ["<b>A &amp; B</b>\n&lt;i&gt;a&lt;/i&gt;"]


def test_nothing_at_all_is_still_a_message() -> None:
    assert pieces(card(""), "en") == ["…"]


def buttons(*labels: str) -> Card:
    row = tuple(Button(verbatim(label), f"token{place}") for place, label in enumerate(labels))
    return Card(verbatim("?"), buttons=(row,))


def test_long_labels_stand_below_each_other() -> None:
    assert keyboard(card("x"), "en") is None
    short, long = keyboard(buttons("Keep", "Delete Hoa"), "en"), keyboard(buttons("Keep", "Delete " + "x" * 80), "en")
    assert short is not None
    assert long is not None
    assert [len(row) for row in short.inline_keyboard] == [2]
    assert [len(row) for row in long.inline_keyboard] == [1, 1]
    assert long.inline_keyboard[1][0].text == "Delete " + "x" * 56 + "…"


@given(anything)
def test_any_label_can_be_sent(label: str) -> None:
    drawn = keyboard(buttons(f"L9001 {label}"), "en")
    assert drawn is not None
    [[button]] = drawn.inline_keyboard
    button.text.encode()
    assert len(button.text) <= 64
    assert button.callback_data == "c:token0"


@pytest.mark.parametrize("data", ["", "c", "token", "C:token", " c:token", None])
def test_what_is_no_button_of_ours_has_no_token(data: str | None) -> None:
    assert token_of(data) == ""
    assert token_of("c:token") == "token"


@given(anything)
def test_units_are_utf_16(text: str) -> None:
    assert units(text) == len(text) + len(re.findall(r"[\U00010000-\U0010ffff]", text))
