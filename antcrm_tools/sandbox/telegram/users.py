"""Who writes to the bot, and where."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A person with a Telegram account; the id is also that of the private chat with the bot."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The User object of an update."""
        language = {} if self.language_code is None else {"language_code": self.language_code}
        return {"id": self.id, "is_bot": False, **self._names(), **language}

    def as_chat(self) -> dict[str, Any]:
        """The private chat with this person."""
        return {"id": self.id, **self._names(), "type": "private"}

    def _names(self) -> dict[str, Any]:
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {name: value for name, value in names.items() if value is not None}
