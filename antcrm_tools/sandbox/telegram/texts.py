"""Text as Telegram counts it: in UTF-16 code units; and the commands it finds in it."""

import re
from dataclasses import dataclass
from typing import Any

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")


@dataclass(frozen=True, slots=True)
class Text:
    """What is read, and the MessageEntity objects that say how it looks."""

    plain: str
    entities: list[dict[str, Any]]

    def stripped(self) -> "Text":
        """Without white space around it, which Telegram takes off, and without entities that covered nothing else."""
        plain = self.plain.strip()
        start, end = units(self.plain[: len(self.plain) - len(self.plain.lstrip())]), units(plain)
        kept: list[dict[str, Any]] = []
        for entity in self.entities:
            first = max(entity["offset"] - start, 0)
            last = min(entity["offset"] - start + entity["length"], end)
            if last > first:
                kept.append({**entity, "offset": first, "length": last - first})
        return Text(plain, sorted(kept, key=lambda entity: (entity["offset"], -entity["length"])))


def units(text: str) -> int:
    """Its length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def commands_in(text: str) -> list[dict[str, Any]]:
    """The bot_command entities Telegram would find."""
    return [
        {"type": "bot_command", "offset": units(text[: found.start()]), "length": units(found[0])}
        for found in _COMMAND.finditer(text)
    ]
