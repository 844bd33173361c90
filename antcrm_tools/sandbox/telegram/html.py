"""Telegram's HTML: which tags there are, and the text and entities they make."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from antcrm_tools.sandbox.telegram.texts import Text, units

_TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("b", "strong"), "bold"),
        **dict.fromkeys(("i", "em"), "italic"),
        **dict.fromkeys(("u", "ins"), "underline"),
        **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
        **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
        "a": "text_link",
        "tg-emoji": "custom_emoji",
        "tg-time": "date_time",
        "code": "code",
        "pre": "pre",
        "blockquote": "blockquote",
    }
)
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "a": frozenset({"href"}),
        "span": frozenset({"class"}),
        "code": frozenset({"class"}),
        "tg-emoji": frozenset({"emoji-id"}),
        "tg-time": frozenset({"unix", "format"}),
        "blockquote": frozenset({"expandable"}),
    }
)
_NEEDED: Final[Mapping[str, str]] = MappingProxyType(
    {"a": "href", "span": "class", "tg-emoji": "emoji-id", "tg-time": "unix"}
)
_NAMED: Final = frozenset({"lt", "gt", "amp", "quot"})

_PIECE: Final = re.compile(
    r"""<(?P<end>/)?(?P<tag>[A-Za-z][A-Za-z0-9-]*)(?P<attributes>(?:\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*>
    |&(?P<named>\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]+);
    |(?P<loose>[<>&])""",
    re.VERBOSE,
)
_ATTRIBUTE: Final = re.compile(r"""([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")


class HtmlError(Exception):
    """The HTML is not Telegram's; the message is what Telegram says behind ``can't parse entities:``."""


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    more: dict[str, Any]


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._plain: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._done: list[dict[str, Any]] = []

    def read(self) -> Text:
        place = 0
        for piece in _PIECE.finditer(self._source):
            self._add(self._source[place : piece.start()])
            place = piece.end()
            where = f"at byte offset {len(self._source[: piece.start()].encode(errors='surrogatepass'))}"
            if piece["loose"]:
                # Telegram lets some of these pass; its documentation says that all must be escaped.
                raise HtmlError(f'Unescaped "{piece["loose"]}" {where}')
            if piece["named"]:
                self._add(_character(piece["named"], where))
            elif piece["end"]:
                self._end(piece["tag"].lower(), where)
            else:
                self._start(piece["tag"].lower(), piece["attributes"], where)
        self._add(self._source[place:])
        if self._open:
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        return Text("".join(self._plain), self._done)

    def _add(self, text: str) -> None:
        self._plain.append(text)
        self._length += units(text)

    def _start(self, tag: str, written: str, where: str) -> None:
        if tag not in _TAGS:
            raise HtmlError(f'Unsupported start tag "{tag}" {where}')
        given = {name: html.unescape(one or other) for name, one, other in _ATTRIBUTE.findall(written)}
        if unknown := given.keys() - _ATTRIBUTES.get(tag, frozenset()):
            raise HtmlError(f'Unexpected attribute "{min(unknown)}" in the tag "{tag}" {where}')
        needed = _NEEDED.get(tag)
        if needed is not None and not given.get(needed):
            raise HtmlError(f'Tag "{tag}" must have attribute "{needed}" {where}')
        if tag == "span" and given["class"] != "tg-spoiler":
            raise HtmlError(f'Tag "span" must have class "tg-spoiler" {where}')
        self._check_nesting(tag, where)
        self._open.append(_Open(tag, self._length, _more(tag, given)))

    def _check_nesting(self, tag: str, where: str) -> None:
        around = [opened.tag for opened in self._open]
        # <pre><code class="language-..."> is how a block of code names its language.
        if "code" in around or ("pre" in around and not (tag == "code" and around[-1] == "pre")):
            raise HtmlError(f'Tag "{tag}" inside of code {where}')
        if tag == "blockquote" and tag in around:
            raise HtmlError(f"Blockquotes can't be nested {where}")

    def _end(self, tag: str, where: str) -> None:
        if not self._open:
            raise HtmlError(f"Unexpected end tag {where}")
        opened = self._open.pop()
        if opened.tag != tag:
            raise HtmlError(f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{tag}>"')
        if self._length == opened.offset:
            return
        if tag == "code" and self._open and self._open[-1].tag == "pre":
            self._open[-1].more.update(opened.more)
            return
        kind = "expandable_blockquote" if opened.more.pop("expandable", False) else _TAGS[tag]
        more = {} if tag == "code" else opened.more
        self._done.append({"type": kind, "offset": opened.offset, "length": self._length - opened.offset, **more})


def parse(source: str) -> Text:
    """The text and entities of Telegram's HTML.

    Raises:
        HtmlError: A tag Telegram has not, tags that do not pair, or a ``<``, ``>`` or ``&`` that is not escaped.
    """
    return _Reader(source).read()


def _more(tag: str, given: Mapping[str, str]) -> dict[str, Any]:
    match tag:
        case "a":
            return {"url": given["href"]}
        case "tg-emoji":
            return {"custom_emoji_id": given["emoji-id"]}
        case "tg-time":
            moment = given["unix"]
            if not moment.isascii() or not moment.isdecimal():
                raise HtmlError(f'Invalid unix time "{moment}"')
            return {"unix_time": int(moment), **({"date_time_format": given["format"]} if "format" in given else {})}
        case "code" if given.get("class", "").startswith("language-"):
            return {"language": given["class"].removeprefix("language-")}
        case "blockquote" if "expandable" in given:
            return {"expandable": True}
        case _:
            return {}


def _character(named: str, where: str) -> str:
    if not named.startswith("#") and named not in _NAMED:
        raise HtmlError(f'Unsupported entity "&{named};" {where}')
    return html.unescape(f"&{named};")
