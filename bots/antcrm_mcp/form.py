"""The question a person is shown by their assistant, and how their answer is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mcp.types import ElicitRequestFormParams, ElicitResult

from antcrm_tools.registry import Preview
from antcrm_tools.text import Language, Text, join, msg

_CHOICE = "choice"
_COUNT = "count"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided; `count` is what they typed for a bulk."""

    yes: bool
    count: int | None = None


NO = Answer(yes=False)


def form(preview: Preview, language: Language) -> ElicitRequestFormParams:
    """The form: the same words every time, no default, and nothing chosen beforehand."""
    no, yes = preview.no.render(language), preview.yes.render(language)
    properties: dict[str, Any] = {
        _CHOICE: {"type": "string", "title": msg("Your decision").render(language), "enum": [no, yes]}
    }
    if preview.count is not None:
        properties[_COUNT] = {
            "type": "integer",
            "title": msg("Number of rows").render(language),
            "description": msg("Type the number of rows to confirm it.").render(language),
        }
    return ElicitRequestFormParams(
        message=_question(preview).render(language),
        requested_schema={"type": "object", "properties": properties, "required": list(properties)},
    )


def read(answer: object, preview: Preview, language: Language) -> Answer:
    """Yes is the label that says so, sent by a person who pressed accept. Anything else is no."""
    if not isinstance(answer, ElicitResult) or answer.action != "accept" or answer.content is None:
        return NO
    if answer.content.get(_CHOICE) != preview.yes.render(language):
        return NO
    return Answer(yes=True, count=_number(answer.content.get(_COUNT)))


def _question(preview: Preview) -> Text:
    return join((preview.question, *preview.lines), "\n")


def _number(value: object) -> int | None:
    """A whole number; JavaScript hosts may send 3 as 3.0. True is no number here, though Python thinks so."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value % 1:
        return None
    return int(value)
