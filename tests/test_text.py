from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.text import LANGUAGES, Language, Text, clean, comma, join, msg, msgs, verbatim

BOTH: pytest.MarkDecorator = pytest.mark.parametrize("language", LANGUAGES)


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("Nguyễn Văn An", "Nguyễn Văn An"),
        ("An\nXoá: không có gì", "An Xoá: không có gì"),
        ("An\r\n\r\nB\tC\x0b\x0c\x85D\u2028E\u2029F", "An B C D E F"),
        ("An\x00\x07\x1b[31mB", "An [31mB"),
        ("gpj.\u202eexe\u202c \u2066An\u2069", "gpj. exe An"),
        ("An\u200b\u200e\u200f\ufeff", "An"),
        ("\u00a0 An \u3000", "An"),
        ("\ud83d\ue000\uffff", ""),
        ("Hoà 🙂", "Hoà 🙂"),
        (unicodedata.normalize("NFD", "Hoà"), unicodedata.normalize("NFD", "Hoà")),
        ("", ""),
    ],
)
def test_clean(foreign: str, shown: str) -> None:
    assert clean(foreign) == shown


def test_clean_shortens() -> None:
    assert clean("x" * 80) == "x" * 80
    assert clean("x" * 81) == "x" * 79 + "…"
    assert clean("một hai ba", 8) == "một hai…"


@given(st.text(st.characters()), st.integers(1, 200))
def test_clean_text_is_one_short_line(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert all(char == " " or char.isprintable() for char in shown)
    assert clean(shown, limit) == shown


@BOTH
def test_values_are_never_read_as_templates(language: Language) -> None:
    nasty = "{ref} {0} {} {{}} %s {ref.__class__}"
    assert msg("“{text}” is not a customer's number.", text=nasty).render(language).count(nasty) == 1
    assert verbatim(nasty).render(language) == nasty
    assert join([verbatim(nasty), verbatim(nasty)], "{}").render(language) == nasty + "{}" + nasty


@BOTH
def test_nothing_is_said_as_nothing(language: Language) -> None:
    # To gettext the empty sentence means the header of the catalogue.
    assert join([]).render(language) == comma([]).render(language) == msg("").render(language) == ""
    assert verbatim("").render(language) == ""


def test_texts_within_texts() -> None:
    inner = msg("{a}-{b}", a=1, b=verbatim("x"))
    assert str(join([inner, comma([inner, inner])])) == "1-x 1-x, 1-x"
    assert join([inner], "\n").render("vi") == "1-x"


def test_braces_of_ours() -> None:
    assert str(msg("a {{b}}")) == "a {b}"
    assert str(msg("a {{b}} {c}", c=1)) == "a {b} 1"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 customers:"), (1, "1 customer:"), (2, "2 customers:"), (21, "21 customers:")]
)
def test_plurals(count: int, words: str) -> None:
    sentence = msgs("{count} customer:", "{count} customers:", count)
    assert str(sentence) == words
    assert str(count) in sentence.render("vi")


def test_a_text_is_a_value() -> None:
    assert msg("x {a}", a=1) == Text("x {a}", {"a": 1})
    assert msg("x {a}", a=1) != msg("x {a}", a=2)


def test_without_a_translation_it_is_said_in_english() -> None:
    assert msg("Nobody has translated {this}.", this=1).render("vi") == "Nobody has translated 1."
