"""What people do, and the updates it makes."""

from collections.abc import Mapping
from typing import Any

from antcrm_tools.sandbox.telegram.membership import membership
from antcrm_tools.sandbox.telegram.messages import ChatLog, Message
from antcrm_tools.sandbox.telegram.objects import as_integer, as_object
from antcrm_tools.sandbox.telegram.state import State
from antcrm_tools.sandbox.telegram.texts import commands_in
from antcrm_tools.sandbox.telegram.users import User


def push_raw(state: State, body: Mapping[str, Any]) -> int:
    """Any body; what it says of chats and messages is remembered where it says it as Telegram does."""
    member = as_object(body.get("my_chat_member")) or {}
    log = _log_of(state, member)
    after = as_object(member.get("new_chat_member")) or {}
    if log is not None and after.get("status") in ("member", "administrator") and log.chat["id"] in state.left:
        state.left.remove(log.chat["id"])
    message = as_object(body.get("message")) or {}
    log = _log_of(state, message)
    message_id = as_integer(message.get("message_id"))
    if log is not None and message_id is not None and isinstance(message.get("date"), int):
        _keep(state, log, message_id, message)
    return state.updates.push(body)


def push_message(
    state: State, user: User, chat: Mapping[str, Any] | None, reply_to: int | None, fields: Mapping[str, Any]
) -> int:
    """A message of that person, in the private chat with the bot unless another is said."""
    chat = dict(chat or user.as_chat())
    state.blocked.discard(chat["id"])  # who writes to a bot has unblocked it
    log = state.chats.setdefault(chat["id"], ChatLog(chat))
    message_id = next(state.message_ids)
    raw = {
        "message_id": message_id,
        "from": user.as_json(),
        "chat": chat,
        "date": state.now(),
        **_with_commands(fields),
    }
    message = _keep(state, log, message_id, raw)
    message.reply_to = reply_to
    return state.updates.push({"message": log.as_json(message)})


def push_edited(state: State, user: User, message_id: int, fields: Mapping[str, Any]) -> int:
    """That person's message says something else now.

    Raises:
        KeyError: There is no such message.
    """
    log = state.chats[user.id]
    message = log.find(message_id)
    if message is None or message.by_bot:
        raise KeyError(message_id)
    message.raw = {**message.raw, "edit_date": state.now()}
    message.raw.pop("entities", None)
    message.raw |= _with_commands(fields)
    message.text = _read(message.raw)
    message.edits += 1
    state.touch(message)
    return state.updates.push({"edited_message": log.as_json(message)})


def push_tap(state: State, user: User, message_id: int, data: str) -> tuple[int, str]:
    """A button of that message is tapped; the ids of the update and of the query.

    Telegram says no more than the number of a message that is gone.
    """
    log = state.chats.setdefault(user.id, ChatLog(user.as_chat()))
    message = log.find(message_id)
    gone = {"chat": log.chat, "message_id": message_id, "date": 0}
    query_id = str(next(state.query_ids))
    state.queries[query_id] = None
    query = {
        "id": query_id,
        "from": user.as_json(),
        "message": gone if message is None else log.as_json(message),
        "chat_instance": str(-(user.id << 24) - 1),
        "data": data,
    }
    return state.updates.push({"callback_query": query}), query_id


def push_block(state: State, user_id: int, *, blocked: bool) -> int | None:
    """That person blocks the bot, or lets it in again; None without an update, when they never wrote."""
    (state.blocked.add if blocked else state.blocked.discard)(user_id)
    log = state.chats.get(user_id)
    if log is None:
        return None
    names = {name: value for name, value in log.chat.items() if name != "type"}
    change = ("member", "kicked") if blocked else ("kicked", "member")
    return state.updates.push(membership(state, log.chat, {**names, "is_bot": False}, *change))


def _log_of(state: State, within: Mapping[str, Any]) -> ChatLog | None:
    chat = as_object(within.get("chat")) or {}
    chat_id = as_integer(chat.get("id"))
    if chat_id is None or not isinstance(chat.get("type"), str):
        return None
    return state.chats.setdefault(chat_id, ChatLog(chat))


def _keep(state: State, log: ChatLog, message_id: int, raw: dict[str, Any]) -> Message:
    message = Message(message_id, by_bot=False, raw=raw, text=_read(raw))
    state.put(log, message)
    return message


def _read(raw: Mapping[str, Any]) -> str:
    return str(raw.get("text", raw.get("caption", "")))


def _with_commands(fields: Mapping[str, Any]) -> dict[str, Any]:
    text = fields.get("text")
    commands = commands_in(text) if isinstance(text, str) and "entities" not in fields else []
    return {**fields, **({"entities": commands} if commands else {})}
