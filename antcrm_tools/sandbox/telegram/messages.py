"""Messages as they stand in a chat."""

from dataclasses import dataclass, field
from typing import Any

from antcrm_tools.sandbox.telegram.objects import as_object


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: it sends ``data`` to the bot, copies ``copy`` or opens ``url``."""

    text: str
    data: str | None = None
    style: str | None = None
    copy: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What a tap was answered with; ``text`` is empty where only the waiting mark was taken away."""

    text: str
    show_alert: bool


@dataclass(slots=True)
class Message:
    """One message; changed in place when it is edited, reacted to or deleted."""

    message_id: int
    by_bot: bool
    raw: dict[str, Any]
    """Telegram's Message object, without its keyboard and the message it replies to; for a contact, a photo, ..."""
    text: str = ""
    """What is read, without formatting; the caption where there is one."""
    html: str = ""
    """As the bot sent it."""
    markup: dict[str, Any] | None = None
    """``reply_markup`` as the bot sent it."""
    reply_to: int | None = None
    reactions: list[str] = field(default_factory=list[str])
    """The emoji the bot put on it."""
    edits: int = 0
    deleted: bool = False
    protected: bool = False
    photo: bytes = b""
    """The picture the bot sent."""
    changed: int = 0
    """Grows from message to message and edit to edit: the greater, the later."""

    @property
    def buttons(self) -> list[list[Button]]:
        """Row by row; empty without an inline keyboard."""
        return [[_button(one) for one in row] for row in (self.markup or {}).get("inline_keyboard", ()) if row]

    @property
    def contact(self) -> dict[str, Any] | None:
        return as_object(self.raw.get("contact"))

    @property
    def forces_reply(self) -> bool:
        return bool((self.markup or {}).get("force_reply"))


@dataclass(slots=True)
class ChatLog:
    """A chat and what was written in it, oldest first; deleted messages stay, marked."""

    chat: dict[str, Any]
    messages: list[Message] = field(default_factory=list[Message])

    def find(self, message_id: int) -> Message | None:
        """The message, unless it was never there or is deleted."""
        for message in reversed(self.messages):
            if message.message_id == message_id:
                return None if message.deleted else message
        return None

    def as_json(self, message: Message) -> dict[str, Any]:
        """Telegram's Message object, with its inline keyboard and the message it replies to."""
        replied = None if message.reply_to is None else self.find(message.reply_to)
        return {
            **_alone(message),
            **({} if replied is None else {"reply_to_message": _alone(replied)}),
        }


def _alone(message: Message) -> dict[str, Any]:
    # Telegram shows other keyboards to the person only.
    shown = message.markup if message.buttons else None
    return {**message.raw, **({} if shown is None else {"reply_markup": shown})}


def _button(raw: dict[str, Any]) -> Button:
    copied: dict[str, Any] = raw.get("copy_text") or {}
    return Button(raw["text"], raw.get("callback_data"), raw.get("style"), copied.get("text"), raw.get("url"))
