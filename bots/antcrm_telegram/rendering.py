"""Cards as Telegram shows them: HTML that it accepts whatever a name holds, and inline keyboards."""

from __future__ import annotations

import html
from collections.abc import Iterator

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from antcrm_chat.cards import Button, Card, Picture
from antcrm_tools.text import Language, clean, msg

TEXT_LIMIT = 4096
"""UTF-16 code units of a message, as Telegram counts them."""

_MOST_PIECES = 6
"""Messages one card may take. A note can be longer than anybody reads on a phone."""

_SIDE_BY_SIDE = 30
"""Characters of the labels in one row. A phone cuts what is longer, and one of them may be the name to be deleted."""

_LABEL = 64
_CAPTION = 500
"""Characters of a caption. Telegram takes 1024 units, of which a character is two at most."""

_PREFIX, _OF_DRAFT = "c:", "d:"
_CUT_SHORT = msg("The rest is too long to be shown here; it is in AntCRM.")


def pieces(card: Card, language: Language) -> list[str]:
    """The card's text in as many messages as it takes, as HTML. The title is bold."""
    rows: list[tuple[str, bool]] = []
    for place, text in enumerate((card.title, *card.lines)):
        if text is not None:
            rows += [(row, place == 0) for row in _sendable(text.render(language)).split("\n")]
    packed = list(_packed(part for row in rows for part in _split(row)))
    if len(packed) > _MOST_PIECES:
        packed = [*packed[: _MOST_PIECES - 1], [(_CUT_SHORT.render(language), False)]]
    return [_html(message) for message in packed] or ["…"]


def caption(picture: Picture, language: Language) -> str | None:
    """What stands under a picture, as it is and not as HTML."""
    return clean(picture.title.render(language), _CAPTION) or None


def keyboard(card: Card, language: Language) -> InlineKeyboardMarkup | None:
    """The card's buttons. What they do is known here only; Telegram gets a random word."""
    rows: list[list[InlineKeyboardButton]] = []
    for row in card.buttons:
        drawn = [_button(button, language) for button in row]
        together = sum(len(button.text) for button in drawn) <= _SIDE_BY_SIDE
        rows += [drawn] if together else [[button] for button in drawn]
    return InlineKeyboardMarkup(rows) if rows else None


def token_of(data: str | None) -> str:
    """The button's token in what Telegram sends with a tap; of anything else, what no button has."""
    return data[len(_PREFIX) :] if data is not None and data.startswith((_PREFIX, _OF_DRAFT)) else ""


def is_of_draft(data: str | None) -> bool:
    """Whether the tapped button stood under a draft."""
    return data is not None and data.startswith(_OF_DRAFT)


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _button(button: Button, language: Language) -> InlineKeyboardButton:
    label = _sendable(button.label.render(language))
    if len(label) > _LABEL:
        label = label[: _LABEL - 1] + "…"
    style = None if button.style == "plain" else button.style
    prefix = _OF_DRAFT if button.of_draft else _PREFIX
    return InlineKeyboardButton(label, callback_data=prefix + button.token, style=style)


def _packed(rows: Iterator[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    message: list[tuple[str, bool]] = []
    size = 0
    for row in rows:
        length = units(row[0]) + 1
        if message and size + length > TEXT_LIMIT:
            if _shows_something(message):
                yield message
            message, size = [], 0
        message.append(row)
        size += length
    if _shows_something(message):
        yield message


def _shows_something(message: list[tuple[str, bool]]) -> bool:
    """Telegram refuses what does not."""
    return any(clean(text) for text, _ in message)


def _split(row: tuple[str, bool]) -> Iterator[tuple[str, bool]]:
    """A row that fits into a message, or the parts of it."""
    text, bold = row
    while units(text) >= TEXT_LIMIT:
        end = TEXT_LIMIT - 1
        while units(text[:end]) >= TEXT_LIMIT:
            end -= 1 + (units(text[:end]) - TEXT_LIMIT) // 2
        space = text.rfind(" ", end // 2, end)
        end = space if space > 0 else end
        yield text[:end], bold
        text = text[end:].lstrip()
    yield text, bold


def _html(message: list[tuple[str, bool]]) -> str:
    return "\n".join(f"<b>{_plain(text)}</b>" if bold and text.strip() else _plain(text) for text, bold in message)


def _plain(text: str) -> str:
    """Foreign text as HTML that shows it letter by letter."""
    return html.escape(text, quote=False)


def _sendable(text: str) -> str:
    # Half a character cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode()
