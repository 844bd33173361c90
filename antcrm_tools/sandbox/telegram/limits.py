"""The limits of every method, whatever the published description says."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from antcrm_tools.sandbox.telegram import html
from antcrm_tools.sandbox.telegram.keyboards import check_markup
from antcrm_tools.sandbox.telegram.objects import as_integer, as_object, is_among
from antcrm_tools.sandbox.telegram.pictures import check_picture
from antcrm_tools.sandbox.telegram.reactions import REACTIONS
from antcrm_tools.sandbox.telegram.texts import Text, units
from antcrm_tools.sandbox.telegram.updates import KINDS
from antcrm_tools.sandbox.telegram.wrongs import Wrong

Params: TypeAlias = Mapping[str, Any]

ENTITIES: Final[Mapping[str, str]] = MappingProxyType({"text": "entities", "caption": "caption_entities"})
"""Where the entities of a text, and of a caption, are."""

_TEXT_MAX: Final = 4096
_ENTITIES_MAX: Final = 100
_CAPTION_MAX: Final = 1024
_ALERT_MAX: Final = 200
_COMMANDS_MAX: Final = 100
_COMMAND_DESCRIPTION_MAX: Final = 256
_DESCRIPTION_MAX: Final = 512
_SHORT_DESCRIPTION_MAX: Final = 120
_UPDATES_MAX: Final = 100
_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
_LANGUAGE: Final = re.compile(r"(?:[a-z]{2})?", re.ASCII)
_PREVIEW: Final = frozenset({"is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text"})
_REPLY: Final = frozenset({"message_id", "chat_id", "allow_sending_without_reply", "quote_parse_mode"})
_ACTIONS: Final = frozenset(
    {
        *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
        *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
    }
)
_SCOPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("default", "all_private_chats", "all_group_chats", "all_chat_administrators"), frozenset({"type"})
        ),
        **dict.fromkeys(("chat", "chat_administrators"), frozenset({"type", "chat_id"})),
        "chat_member": frozenset({"type", "chat_id", "user_id"}),
    }
)


def read_text(params: Params, name: str = "text") -> Text:
    """The text of a message, or its caption, as it will be read.

    Raises:
        HtmlError: It is not Telegram's HTML.
    """
    if str(params.get("parse_mode", "")).upper() == "HTML":
        return html.parse(params[name]).stripped()
    return Text(params[name], list(params.get(ENTITIES[name], ()))).stripped()


def check(method: str, params: Params) -> list[Wrong]:
    """What goes over a limit, for parameters that are of their types."""
    wrongs = list(_CHECKS[method](params)) if method in _CHECKS else []
    if not _LANGUAGE.fullmatch(params.get("language_code", "")):
        wrongs.append(Wrong("language_code is not two letters", "Bad Request: invalid language code specified"))
    return wrongs


def _check_message(params: Params) -> Iterator[Wrong]:
    yield from _check_words(params, "text", _TEXT_MAX, "Bad Request: message is too long")
    yield from _check_around(params)
    for name in sorted(params.get("link_preview_options", {}).keys() - _PREVIEW):
        yield Wrong(f"link_preview_options.{name} is not documented")


def _check_around(params: Params) -> Iterator[Wrong]:
    """What a message of any kind may have."""
    if "reply_markup" in params:
        yield from check_markup(params["reply_markup"], inline_only="message_id" in params)
    reply = params.get("reply_parameters")
    if reply is not None and (as_integer(reply.get("message_id")) is None or reply.keys() - _REPLY):
        yield Wrong("reply_parameters is not a message_id, with allow_sending_without_reply or without")
    elif reply is not None and reply.get("chat_id", params["chat_id"]) != params["chat_id"]:
        yield Wrong("reply_parameters is of another chat")


def _check_words(params: Params, name: str, most: int, too_long: str) -> Iterator[Wrong]:
    mode = params.get("parse_mode", "")
    if mode.upper() not in ("", "HTML"):
        yield Wrong(f"parse_mode is {mode!r} and not HTML", "Bad Request: unsupported parse_mode")
        return
    if not all(_is_entity(entity) for entity in params.get(ENTITIES[name], ())):
        yield Wrong(f"{ENTITIES[name]} are not of a type, an offset and a length")
        return
    try:
        text = read_text(params, name)
    except html.HtmlError as error:
        yield Wrong(f"{name} is not Telegram's HTML: {error}", f"Bad Request: can't parse entities: {error}")
        return
    length = units(text.plain)
    if not length and name == "text":
        yield Wrong("text is empty", "Bad Request: message text is empty")
    if length > most:
        yield Wrong(f"{name} is {length} characters long", too_long)
    if len(text.entities) > _ENTITIES_MAX:
        yield Wrong(f"{name} has {len(text.entities)} entities")
    if any("\ud800" <= char <= "\udfff" for char in text.plain):
        yield Wrong(f"{name} is half of a character", "Bad Request: strings must be encoded in UTF-8")


def _check_photo(params: Params) -> Iterator[Wrong]:
    yield from check_picture(params["photo"])
    if params.get("caption"):
        yield from _check_words(params, "caption", _CAPTION_MAX, "Bad Request: message caption is too long")
    yield from _check_around(params)


def _is_entity(raw: Any) -> bool:
    entity = as_object(raw) or {}
    numbers = [as_integer(entity.get(name)) for name in ("offset", "length")]
    return isinstance(entity.get("type"), str) and all(number is not None and number >= 0 for number in numbers)


def _check_markup_alone(params: Params) -> Iterator[Wrong]:
    if "reply_markup" in params:
        yield from check_markup(params["reply_markup"], inline_only=True)


def _check_query_answer(params: Params) -> Iterator[Wrong]:
    length = units(params.get("text", ""))
    if length > _ALERT_MAX:
        yield Wrong(f"text is {length} characters long", "Bad Request: MESSAGE_TOO_LONG")


def _check_reaction(params: Params) -> Iterator[Wrong]:
    reactions = [as_object(raw) or {} for raw in params.get("reaction", ())]
    if len(reactions) > 1:
        yield Wrong(f"reaction is {len(reactions)} at once", "Bad Request: REACTIONS_TOO_MANY")
    for reaction in reactions:
        if (
            reaction.keys() != {"type", "emoji"}
            or reaction["type"] != "emoji"
            or not is_among(reaction["emoji"], REACTIONS)
        ):
            yield Wrong(f"reaction is {reaction.get('emoji')!r}", "Bad Request: REACTION_INVALID")


def _check_commands(params: Params) -> Iterator[Wrong]:
    yield from _check_scope(params)
    commands = [as_object(raw) or {} for raw in params["commands"]]
    if len(commands) > _COMMANDS_MAX:
        yield Wrong(f"there are {len(commands)} commands", "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name, description = command.get("command"), command.get("description")
        if not isinstance(name, str) or not _COMMAND.fullmatch(name):
            yield Wrong(f"the command {name!r} is not 1 to 32 of a-z, 0-9 and _", "Bad Request: BOT_COMMAND_INVALID")
        if not isinstance(description, str) or not 1 <= units(description) <= _COMMAND_DESCRIPTION_MAX:
            yield Wrong(
                f"the description of {name!r} is not 1 to 256 characters long",
                "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID",
            )
        if command.keys() - {"command", "description"}:
            yield Wrong(f"the command {name!r} has more than a name and a description")


def _check_scope(params: Params) -> Iterator[Wrong]:
    scope = params.get("scope", {"type": "default"})
    if scope.keys() != _SCOPES.get(str(scope.get("type"))):
        yield Wrong("scope is none Telegram has", "Bad Request: can't parse BotCommandScope")


def _check_description(params: Params) -> Iterator[Wrong]:
    for name, most in (("description", _DESCRIPTION_MAX), ("short_description", _SHORT_DESCRIPTION_MAX)):
        length = units(params.get(name, ""))
        if length > most:
            yield Wrong(f"{name} is {length} characters long", f"Bad Request: {name} is too long")


def _check_updates(params: Params) -> Iterator[Wrong]:
    if not 1 <= params.get("limit", _UPDATES_MAX) <= _UPDATES_MAX:
        yield Wrong("limit is not 1 to 100")
    if params.get("timeout", 0) < 0:
        yield Wrong("timeout is negative")
    for kind in params.get("allowed_updates", ()):
        if not is_among(kind, KINDS):
            yield Wrong(f"allowed_updates has {kind!r}, which no update is")


def _check_chat_action(params: Params) -> Iterator[Wrong]:
    if params["action"] not in _ACTIONS:
        yield Wrong(f"action is {params['action']!r}", "Bad Request: wrong parameter action in request")


_CHECKS: Final[Mapping[str, Callable[[Params], Iterator[Wrong]]]] = MappingProxyType(
    {
        "getUpdates": _check_updates,
        "sendMessage": _check_message,
        "sendPhoto": _check_photo,
        "editMessageText": _check_message,
        "editMessageReplyMarkup": _check_markup_alone,
        "answerCallbackQuery": _check_query_answer,
        "setMessageReaction": _check_reaction,
        "setMyCommands": _check_commands,
        "getMyCommands": _check_scope,
        "setMyDescription": _check_description,
        "setMyShortDescription": _check_description,
        "sendChatAction": _check_chat_action,
    }
)
