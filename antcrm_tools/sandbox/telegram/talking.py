"""The methods that send, edit, delete and react."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from antcrm_tools.sandbox.telegram.answers import NOT_MODIFIED, TOO_OLD, RefusedError
from antcrm_tools.sandbox.telegram.limits import ENTITIES, Params, read_text
from antcrm_tools.sandbox.telegram.membership import membership
from antcrm_tools.sandbox.telegram.messages import ChatLog, Message, QueryAnswer
from antcrm_tools.sandbox.telegram.pictures import photo_sizes
from antcrm_tools.sandbox.telegram.state import State
from antcrm_tools.sandbox.telegram.texts import commands_in

_DELETABLE: Final = timedelta(hours=48)


class Talking:
    """What the bot does in chats; every method raises RefusedError with Telegram's words."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: Mapping[str, Callable[[Params], Any]] = {
            "sendMessage": self._send,
            "sendPhoto": self._send_photo,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup,
            "deleteMessage": self._delete,
            "answerCallbackQuery": self._answer_query,
            "setMessageReaction": self._react,
            "sendChatAction": self._act,
            "leaveChat": self._leave,
        }

    def _send(self, params: Params) -> Any:
        log, message = self._new(params)
        _write(message, params)
        self._state.put(log, message)
        return log.as_json(message)

    def _send_photo(self, params: Params) -> Any:
        log, message = self._new(params)
        message.photo = params["photo"]
        message.raw["photo"] = photo_sizes(message.photo, message.message_id)
        if params.get("caption"):
            _write(message, params, "caption")
        self._state.put(log, message)
        return log.as_json(message)

    def _new(self, params: Params) -> tuple[ChatLog, Message]:
        """A message of the bot's, without what it says."""
        log = self._chat(params)
        state = self._state
        message = Message(
            message_id=next(state.message_ids),
            by_bot=True,
            raw={},
            markup=params.get("reply_markup"),
            reply_to=self._replied(log, params),
            protected=params.get("protect_content", False),
        )
        message.raw = {
            "message_id": message.message_id,
            "from": dict(state.me),
            "chat": log.chat,
            "date": state.now(),
            **({"has_protected_content": True} if message.protected else {}),
        }
        return log, message

    def _replied(self, log: ChatLog, params: Params) -> int | None:
        reply = params.get("reply_parameters")
        if reply is None:
            return None
        if log.find(reply["message_id"]) is not None:
            return reply["message_id"]
        if reply.get("allow_sending_without_reply"):
            return None
        raise RefusedError(400, "Bad Request: message to be replied not found")

    def _edit_text(self, params: Params) -> Any:
        log, message = self._editable(params)
        if message.photo:
            raise RefusedError(400, "Bad Request: there is no text in the message to edit")
        before = (message.text, message.raw.get("entities"), _inline(message.markup))
        changed = Message(message.message_id, by_bot=True, raw=dict(message.raw), markup=params.get("reply_markup"))
        _write(changed, params)
        if before == (changed.text, changed.raw.get("entities"), _inline(changed.markup)):
            raise RefusedError(400, NOT_MODIFIED)
        message.raw, message.text, message.html = changed.raw, changed.text, changed.html
        return self._edited(log, message, changed.markup)

    def _edit_markup(self, params: Params) -> Any:
        log, message = self._editable(params)
        markup = params.get("reply_markup")
        if _inline(markup) == _inline(message.markup):
            raise RefusedError(400, NOT_MODIFIED)
        return self._edited(log, message, markup)

    def _edited(self, log: ChatLog, message: Message, markup: dict[str, Any] | None) -> Any:
        message.markup = markup
        message.raw["edit_date"] = self._state.now()
        message.edits += 1
        self._state.touch(message)
        return log.as_json(message)

    def _editable(self, params: Params) -> tuple[ChatLog, Message]:
        log = self._chat(params)
        message = log.find(params["message_id"])
        if message is None:
            raise RefusedError(400, "Bad Request: message to edit not found")
        # A message that brought a keyboard for answering stays as it is.
        if not message.by_bot or _inline(message.markup) is None:
            raise RefusedError(400, "Bad Request: message can't be edited")
        return log, message

    def _delete(self, params: Params) -> Any:
        log = self._chat(params)
        message = log.find(params["message_id"])
        if message is None:
            raise RefusedError(400, "Bad Request: message to delete not found")
        old = self._state.now() - message.raw["date"] > _DELETABLE.total_seconds()
        if old or not (message.by_bot or log.chat["type"] == "private"):
            raise RefusedError(400, "Bad Request: message can't be deleted for everyone")
        message.deleted = True
        self._state.touch(message)
        return True

    def _answer_query(self, params: Params) -> Any:
        queries, query_id = self._state.queries, params["callback_query_id"]
        if query_id not in queries or queries[query_id] is not None:
            raise RefusedError(400, TOO_OLD)
        queries[query_id] = QueryAnswer(params.get("text", ""), params.get("show_alert", False))
        return True

    def _react(self, params: Params) -> Any:
        message = self._chat(params).find(params["message_id"])
        if message is None:
            raise RefusedError(400, "Bad Request: message to react not found")
        message.reactions = [reaction["emoji"] for reaction in params.get("reaction", ())]
        self._state.touch(message)
        return True

    def _act(self, params: Params) -> Any:
        self._chat(params)
        return True

    def _leave(self, params: Params) -> Any:
        log = self._chat(params)
        if log.chat["type"] == "private":
            raise RefusedError(400, "Bad Request: chat member status can't be changed in private chats")
        self._state.left.append(log.chat["id"])
        self._state.updates.push(membership(self._state, log.chat, self._state.me, "member", "left"))
        return True

    def _chat(self, params: Params) -> ChatLog:
        state, chat_id = self._state, params["chat_id"]
        log = state.chats.get(chat_id)
        if log is None:
            raise RefusedError(400, "Bad Request: chat not found")
        if chat_id in state.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        if chat_id in state.left:
            raise RefusedError(403, f"Forbidden: bot is not a member of the {log.chat['type']} chat")
        return log


def _write(message: Message, params: Params, name: str = "text") -> None:
    """The text or the caption, with the entities the bot sent and those Telegram adds."""
    text = read_text(params, name)
    message.text, message.html = text.plain, params[name]
    message.raw[name] = text.plain
    entities = sorted([*text.entities, *commands_in(text.plain)], key=lambda e: (e["offset"], -e["length"]))
    previews = params.get("link_preview_options")
    for more, value in ((ENTITIES[name], entities), ("link_preview_options", previews)):
        message.raw.pop(more, None)
        if value:
            message.raw[more] = value


def _inline(markup: Mapping[str, Any] | None) -> list[Any] | None:
    """The rows of buttons, without empty ones; no keyboard at all has none. None for a keyboard of another kind."""
    if markup is None or "remove_keyboard" in markup:
        return []
    rows = markup.get("inline_keyboard")
    return None if rows is None else [row for row in rows if row]
