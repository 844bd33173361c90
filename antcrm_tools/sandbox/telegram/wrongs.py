"""What is wrong with a call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing Telegram would not have."""

    words: str
    """For whoever wrote the bot: ``text is 5000 characters long``."""
    says: str = ""
    """Telegram's own description, where it is known."""

    @property
    def description(self) -> str:
        return self.says or f"Bad Request: {self.words}"
