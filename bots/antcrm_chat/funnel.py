"""A picture of bars, for a phone: one for each stage, the longest first."""

from __future__ import annotations

import io
import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from antcrm_chat.cards import Picture
from antcrm_tools.text import Language, clean, msg

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_WIDTH = 1080
_EDGE = 48
_TITLE, _TEXT = 44, 34
_ROW, _BAR = 104, 34
_HEAD = 120
_MOST = 12
_COLOURS = 32
_INK, _SOFT, _PAPER, _TRACK = "#1f2937", "#6b7280", "#ffffff", "#eef2f7"
_SHADES = ("#2563eb", "#3b82f6", "#60a5fa", "#93c5fd")

_OTHERS = msg("others")


def draw(picture: Picture, language: Language) -> bytes:
    """Draw a PNG. Of more than a dozen rows the last ones are summed up in one.

    Names are cut to the width; letters the font does not have, such as emoji, are left out.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  only who asks for a picture waits for the library

    rows = [(label.render(language), count) for label, count in picture.rows]
    if len(rows) > _MOST:
        rest = sum(count for _, count in rows[_MOST - 1 :])
        rows = [*rows[: _MOST - 1], (_OTHERS.render(language), rest)]
    image = Image.new("RGB", (_WIDTH, _HEAD + max(1, len(rows)) * _ROW + _EDGE), _PAPER)
    canvas = ImageDraw.Draw(image)
    title, text = _font("Bold", _TITLE), _font("Regular", _TEXT)
    canvas.text((_EDGE, _EDGE), _fitted(picture.title.render(language), title, _WIDTH - 2 * _EDGE), _INK, title)
    total, most = sum(count for _, count in rows), max((count for _, count in rows), default=0)
    for number, (name, count) in enumerate(rows):
        shade = _SHADES[min(number, len(_SHADES) - 1)]
        _row(canvas, text, _HEAD + number * _ROW, (name, _said(count, total, language)), count / max(most, 1), shade)
    stream = io.BytesIO()
    image.quantize(_COLOURS).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _row(canvas: ImageDraw, font: FreeTypeFont, top: int, words: tuple[str, str], share: float, shade: str) -> None:
    name, said = words
    room = _WIDTH - 2 * _EDGE
    width = font.getlength(said)
    canvas.text((_EDGE, top), _fitted(name, font, room - width - _EDGE), _INK, font)
    canvas.text((_WIDTH - _EDGE - width, top), said, _SOFT, font)
    bar = top + _TEXT + 14
    canvas.rounded_rectangle((_EDGE, bar, _EDGE + room, bar + _BAR), _BAR // 2, _TRACK)
    if share > 0:
        canvas.rounded_rectangle((_EDGE, bar, _EDGE + max(_BAR, round(room * share)), bar + _BAR), _BAR // 2, shade)


def _said(count: int, total: int, language: Language) -> str:
    number = f"{count:,}"
    if language == "vi":
        number = number.replace(",", ".")
    return f"{number} · {round(100 * count / total) if total else 0}%"


def _fitted(text: str, font: FreeTypeFont, width: float) -> str:
    # The font has Latin letters with all marks of Vietnamese; of others it would draw boxes.
    shown = clean("".join(char for char in unicodedata.normalize("NFC", text) if _drawable(char)), 200)
    if font.getlength(shown) <= width:
        return shown
    while shown and font.getlength(f"{shown}…") > width:
        shown = shown[:-1]
    return f"{shown}…"


def _drawable(char: str) -> bool:
    return char == " " or char in "–—…“”‘’•·₫€" or char < "\u0250" or "\u1e00" <= char <= "\u1eff"


def _font(weight: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415  as above

    # The package is only files; importing it would run code that newer Pythons lack a library for.
    spec = find_spec("font_roboto")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("the font is not installed")
    file = Path(spec.submodule_search_locations[0]) / "files" / f"Roboto-{weight}.ttf"
    return ImageFont.truetype(str(file), size)
