"""What became of a change, in words for whoever asks later."""

from __future__ import annotations

from antcrm_tools.changes import Change, Status
from antcrm_tools.text import Text, clean, join, msg

_BECAME: dict[Status, Text] = {
    "waiting": msg("It is written down and not sent yet; it goes on by itself."),
    "sent": msg("It is being carried out, or was interrupted; it is looked into by itself."),
    "unsure": msg("It is not known yet whether AntCRM did it; it is looked into by itself."),
    "done": msg("It was done."),
    "failed": msg("It was not done."),
    "conflict": msg("It was not finished: something else was there meanwhile."),
    "undone": msg("It was done, and undone since."),
}


def became(change: Change) -> Text:
    """What a tap or a message led to, though whoever carried it out is gone."""
    about = msg("Change #{number}, {name}:", number=str(change.id), name=clean(change.name))
    if change.ref is not None:
        about = msg("Change #{number}, {ref} {name}:", number=str(change.id), ref=change.ref, name=clean(change.name))
    parts = [about, _BECAME[change.status]]
    if change.reason is not None and change.status in ("failed", "conflict"):
        parts.append(change.reason)
    return join(parts)
