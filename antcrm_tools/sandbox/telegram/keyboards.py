"""The limits of keyboards: of buttons under a message, of answering keyboards, of placeholders."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from antcrm_tools.sandbox.telegram.objects import as_array, as_object, is_among
from antcrm_tools.sandbox.telegram.texts import units
from antcrm_tools.sandbox.telegram.wrongs import Wrong

_BUTTONS_MAX: Final = 100
_ROW_MAX: Final = 8
_DATA_MAX: Final = 64
_COPY_MAX: Final = 256
_PLACEHOLDER_MAX: Final = 64
_STYLES: Final = frozenset({"danger", "success", "primary"})
_ACTIONS: Final = frozenset(
    {
        *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
        *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"),
    }
)
_LOOKS: Final = frozenset({"text", "style", "icon_custom_emoji_id"})
_KEY_FIELDS: Final = _LOOKS | {
    *("request_users", "request_chat", "request_managed_bot", "request_contact", "request_location", "request_poll"),
    "web_app",
}
_OTHER_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "inline_keyboard": frozenset(),
    "keyboard": frozenset(
        {"is_persistent", "resize_keyboard", "one_time_keyboard", "input_field_placeholder", "selective"}
    ),
    "remove_keyboard": frozenset({"selective"}),
    "force_reply": frozenset({"input_field_placeholder", "selective"}),
}


def check_markup(markup: Mapping[str, Any], *, inline_only: bool) -> Iterator[Wrong]:
    """What is wrong with a ``reply_markup``; an edited message takes an inline keyboard only."""
    kinds = [kind for kind in _OTHER_FIELDS if kind in markup]
    if len(kinds) != 1:
        yield Wrong("reply_markup is no keyboard Telegram has")
        return
    kind = kinds[0]
    if inline_only and kind != "inline_keyboard":
        yield Wrong(f"reply_markup is {kind} where only an inline keyboard may be")
    for name in sorted(markup.keys() - {kind} - _OTHER_FIELDS[kind]):
        yield Wrong(f"reply_markup.{name} is not documented")
    if kind in ("inline_keyboard", "keyboard"):
        yield from _check_rows(markup[kind], inline=kind == "inline_keyboard")
    elif markup[kind] is not True:
        yield Wrong(f"reply_markup.{kind} is not true")
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not _short(placeholder, _PLACEHOLDER_MAX):
        yield Wrong("the placeholder of the input field is not 1 to 64 characters long")


def _check_rows(rows: Any, *, inline: bool) -> Iterator[Wrong]:
    found = [as_array(row) for row in as_array(rows) or ()]
    if as_array(rows) is None or None in found:
        yield Wrong("the keyboard is not rows of buttons")
        return
    buttons = [button for row in found for button in row or ()]
    if len(buttons) > _BUTTONS_MAX:
        yield Wrong(f"the keyboard has {len(buttons)} buttons", "Bad Request: reply markup is too long")
    for row in found:
        if row is not None and len(row) > _ROW_MAX:
            yield Wrong(f"a row of the keyboard has {len(row)} buttons")
    for button in buttons:
        yield from _check_button(button, inline=inline)


def _check_button(raw: Any, *, inline: bool) -> Iterator[Wrong]:
    # An answering keyboard may be of bare words.
    button = {"text": raw} if isinstance(raw, str) and not inline else as_object(raw)
    if button is None:
        yield Wrong("a button is no object")
        return
    name = f"the button {button.get('text')!r}"
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        yield Wrong("a button has no text", "Bad Request: can't parse inline keyboard button: Text buttons are empty")
    if "style" in button and not is_among(button["style"], _STYLES):
        yield Wrong(f"{name} has the style {button['style']!r}")
    for field in sorted(button.keys() - (_ACTIONS | _LOOKS if inline else _KEY_FIELDS)):
        yield Wrong(f"{name} has {field}, which is not documented")
    if not inline:
        return
    actions = button.keys() & _ACTIONS
    if len(actions) != 1:
        yield Wrong(
            f"{name} has {len(actions)} actions",
            "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        )
    yield from _check_action(name, button)


def _check_action(name: str, button: Mapping[str, Any]) -> Iterator[Wrong]:
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode(errors="surrogatepass")) <= _DATA_MAX:
            yield Wrong(f"{name} has callback data that is not 1 to 64 bytes long", "Bad Request: BUTTON_DATA_INVALID")
    if "copy_text" in button:
        copied = as_object(button["copy_text"]) or {}
        if copied.keys() != {"text"} or not _short(copied["text"], _COPY_MAX):
            yield Wrong(f"{name} copies what is not 1 to 256 characters long", "Bad Request: BUTTON_COPY_TEXT_INVALID")
    if "url" in button and not (isinstance(button["url"], str) and "://" in button["url"]):
        yield Wrong(f"{name} opens what is no URL", "Bad Request: BUTTON_URL_INVALID")


def _short(value: Any, most: int) -> bool:
    return isinstance(value, str) and 1 <= units(value) <= most
