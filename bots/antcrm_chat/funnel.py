"""A picture of bars, for a phone: one for each stage, in the order they come."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from antcrm_chat.cards import Picture
from antcrm_tools.text import Language, clean, msg

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_WIDTH, _EDGE, _GAP = 1080, 56, 32
_ROOM = _WIDTH - 2 * _EDGE
_TITLE, _TEXT, _SMALL = 46, 38, 30
_HEAD, _FOOT = 150, 36
_ROW, _UNDER_TEXT, _BAR = 120, 52, 30
"""Pixels; a phone shows the picture at a third of its size."""

_MOST = 12
"""Bars one can take in at a glance."""

_LETTERS = 90
"""Of a name or a title; fewer than these fill the width."""

_INK, _SOFT, _PAPER, _TRACK = "#1f2937", "#6b7280", "#ffffff", "#edf1f6"
_FILL, _REST = "#3f7fdc", "#a9b8cc"
_SHADES = ((_INK, 7), (_SOFT, 5))
"""How many steps lie between the paper and what is written. With the others they are 16 colours: half a byte each."""

_MISSING = "\uffff"
"""No letter, so that no font has it: what is drawn for it is drawn for all that are missing."""

_CUT = "…"
_OTHERS = msg("others")


def draw(picture: Picture, language: Language) -> bytes:
    """Draw a PNG, in the words and with the numbers of that language."""
    return funnel(
        picture.title.render(language),
        [(label.render(language), count) for label, count in picture.rows],
        "" if picture.note is None else picture.note.render(language),
        rest=_OTHERS.render(language),
        language=language,
    )


def funnel(title: str, rows: Sequence[tuple[str, int]], note: str = "", *, rest: str, language: Language) -> bytes:
    """Draw bars with their names, counts and shares as a PNG. Of more than a dozen the last are summed up as `rest`.

    Names are cut to the width; of what the font does not have, such as emoji, nothing is drawn.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  only who asks for a picture waits for the library

    shown = list(rows if len(rows) <= _MOST else rows[: _MOST - 1])
    summed = len(rows) - len(shown)
    if summed:
        shown.append((rest, sum(count for _, count in rows[-summed:])))
    total, most = sum(count for _, count in shown), max((count for _, count in shown), default=0)
    bottom = _HEAD + len(shown) * _ROW
    image = Image.new("RGB", (_WIDTH, bottom + _FOOT + (_SMALL if note else 0)), _PAPER)
    canvas = ImageDraw.Draw(image)
    _write(canvas, (_EDGE, _EDGE), title, _font("Bold", _TITLE), ink=_INK)
    plain, bold = _font("Regular", _TEXT), _font("Medium", _TEXT)
    for number, (name, count) in enumerate(shown):
        top = _HEAD + number * _ROW
        share = f" · {_share(count, total)}"
        left = _WIDTH - _EDGE - plain.getlength(share)
        canvas.text((left, top), share, _SOFT, plain)
        said = _number(count, language)
        left -= bold.getlength(said)
        canvas.text((left, top), said, _INK, bold)
        _write(canvas, (_EDGE, top), name, plain, ink=_INK, width=left - _EDGE - _GAP)
        fill = _REST if summed and number == _MOST - 1 else _FILL
        _bar(canvas, top + _UNDER_TEXT, count / max(most, 1), fill)
    _write(canvas, (_EDGE, bottom), note, _font("Regular", _SMALL), ink=_SOFT)
    return _png(image)


def _png(image: Image) -> bytes:
    from PIL import Image, ImageColor  # noqa: PLC0415  as above

    paper = ImageColor.getrgb(_PAPER)
    colours = [paper, *(ImageColor.getrgb(colour) for colour in (_TRACK, _FILL, _REST))]
    for colour, steps in _SHADES:
        ink = ImageColor.getrgb(colour)
        colours += [
            tuple(a + (b - a) * step // steps for a, b in zip(paper, ink, strict=True)) for step in range(1, steps + 1)
        ]
    used = [part for colour in colours for part in colour]
    palette = Image.new("P", (1, 1))
    # Filled up, or the library would take greys of its own as well.
    palette.putpalette(used + list(paper) * (256 - len(colours)))
    few = image.quantize(palette=palette, dither=Image.Dither.NONE)
    few.putpalette(used)
    stream = io.BytesIO()
    few.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _bar(canvas: ImageDraw, top: int, share: float, fill: str) -> None:
    canvas.rounded_rectangle((_EDGE, top, _EDGE + _ROOM, top + _BAR), _BAR // 2, _TRACK)
    if share > 0:  # and were it the smallest, there is something to be seen
        canvas.rounded_rectangle((_EDGE, top, _EDGE + max(_BAR, round(_ROOM * share)), top + _BAR), _BAR // 2, fill)


def _write(
    canvas: ImageDraw, place: tuple[float, float], text: str, font: FreeTypeFont, *, ink: str, width: float = _ROOM
) -> None:
    canvas.text(place, _fitted(text, font, width), ink, font)


def _fitted(text: str, font: FreeTypeFont, width: float) -> str:
    """As much of the text as fits, of what the font has."""
    line = clean(unicodedata.normalize("NFC", text), _LETTERS)
    missing = _drawn(_MISSING, font)
    absent = {char for char in line if _drawn(char, font) == missing}
    shown = " ".join("".join(char for char in line if char not in absent).split())
    if font.getlength(shown) <= width:
        return shown if shown or not line else _CUT
    while shown and font.getlength(shown + _CUT) > width:
        shown = shown[:-1].rstrip()
    return shown + _CUT


def _drawn(char: str, font: FreeTypeFont) -> tuple[object, bytes]:
    mask: Any = font.getmask(char)
    return mask.size, bytes(mask)


def _number(count: int, language: Language) -> str:
    number = f"{count:,}"
    return number.replace(",", ".") if language == "vi" else number


def _share(count: int, total: int) -> str:
    percent = round(100 * count / total) if total else 0
    if percent == 0 and count:
        return "<1%"
    return ">99%" if percent == 100 and count < total else f"{percent}%"  # noqa: PLR2004  of a hundred


def _font(weight: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415  as above

    # The library's own font lacks most of Vietnamese. Letters are composed, so that the simple layout, which is
    # everywhere the same, will do.
    file = resources.files("font_roboto").joinpath("files", f"Roboto-{weight}.ttf")
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)
