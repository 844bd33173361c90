"""Telegram's HTML."""

from __future__ import annotations

import html as standard
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.sandbox.telegram.html import HtmlError, parse
from antcrm_tools.sandbox.telegram.texts import Text, commands_in, units


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


DAY = {"date_time_format": "D"}


@pytest.mark.parametrize(
    ("source", "plain", "entities"),
    [
        ("a &lt;b&gt; &amp; &quot;c&#x27; &#39;", "a <b> & \"c' '", []),
        ("<b>a</b><strong>b</strong>", "ab", [entity("bold", 0, 1), entity("bold", 1, 1)]),
        ("😀<i>ạ</i>", "😀ạ", [entity("italic", 2, 1)]),
        ("<B>a</b >", "a", [entity("bold", 0, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [entity("underline", 0, 1), entity("underline", 1, 1)]),
        ("<s>a</s><del>b</del>", "ab", [entity("strikethrough", 0, 1), entity("strikethrough", 1, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [entity("spoiler", 0, 1)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [entity("spoiler", 0, 1)]),
        ('<a href="https://a.example/?b=1&amp;c">x</a>', "x", [entity("text_link", 0, 1, url="https://a.example/?b=1&c")]),
        ("<a href='tg://user?id=42'>x</a>", "x", [entity("text_link", 0, 1, url="tg://user?id=42")]),
        ("<code>a</code>", "a", [entity("code", 0, 1)]),
        ('<pre><code class="language-sh">a</code></pre>', "a", [entity("pre", 0, 1, language="sh")]),
        ("<blockquote>a</blockquote>", "a", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
        ('<tg-emoji emoji-id="53">👍</tg-emoji>', "👍", [entity("custom_emoji", 0, 2, custom_emoji_id="53")]),
        ('<tg-time unix="16">x</tg-time>', "x", [entity("date_time", 0, 1, unix_time=16)]),
        ("<tg-time unix='1' format='D'>x</tg-time>", "x", [entity("date_time", 0, 1, unix_time=1, **DAY)]),
        ("<b></b>", "", []),
        ("<b>a<i>b</i></b>", "ab", [entity("italic", 1, 1), entity("bold", 0, 2)]),
    ],
)  # fmt: skip
def test_what_there_is(source: str, plain: str, entities: list[dict[str, Any]]) -> None:
    assert parse(source) == Text(plain, entities)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Ánh & An", 'Unescaped "&" at byte offset 5'),
        ("1 < 2", 'Unescaped "<" at byte offset 2'),
        ("2 > 1", 'Unescaped ">" at byte offset 2'),
        ("a<br/>b", 'Unescaped "<"'),
        ("a<br>b", 'Unsupported start tag "br" at byte offset 1'),
        ("&nbsp;", 'Unsupported entity "&nbsp;"'),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>a</b></i>", 'expected "</i>", found "</b>"'),
        ("<a>x</a>", 'Tag "a" must have attribute "href"'),
        ('<a href="x" id="y">x</a>', 'Unexpected attribute "id" in the tag "a"'),
        ('<span class="x">x</span>', 'Tag "span" must have class "tg-spoiler"'),
        ("<code><b>x</b></code>", 'Tag "b" inside of code'),
        ("<pre><b>x</b></pre>", 'Tag "b" inside of code'),
        ("<blockquote><blockquote>x</blockquote></blockquote>", "can't be nested"),
        ('<tg-time unix="now">x</tg-time>', 'Invalid unix time "now"'),
    ],
)
def test_what_there_is_not(source: str, words: str) -> None:
    with pytest.raises(HtmlError) as refused:
        parse(source)
    assert words in str(refused.value)


@given(st.text())
def test_escaped_text_is_itself(text: str) -> None:
    assert parse(standard.escape(text)) == Text(text, [])
    assert parse(f"<b>{standard.escape(text)}</b>").plain == text


@given(st.text(alphabet=st.sampled_from("<>/&;=\"' abipre#x1code-"), max_size=60))
def test_whatever_comes_is_read_or_refused(source: str) -> None:
    try:
        text = parse(source).stripped()
    except HtmlError:
        return
    assert all(0 <= e["offset"] < e["offset"] + e["length"] <= units(text.plain) for e in text.entities)


@pytest.mark.parametrize(
    ("text", "found"),
    [("/a", [(0, 2)]), ("ạ/a", []), ("//a", []), ("/a/b", []), ("😀 /a, /b@antcrm_bot", [(3, 2), (7, 13)]), ("/ạ", [])],
)
def test_commands(text: str, found: list[tuple[int, int]]) -> None:
    assert [(command["offset"], command["length"]) for command in commands_in(text)] == found
