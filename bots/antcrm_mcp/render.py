"""From what became of a call to what an assistant gets: data for programs, and one text for the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mcp.types import CallToolResult, TextContent

from antcrm_tools.errors import NOTHING_CHANGED, CrmError
from antcrm_tools.logs import note_unexpected
from antcrm_tools.outcomes import Done, Dropped, Queued, Unsure, Waiting
from antcrm_tools.registry import Effect, Result
from antcrm_tools.text import Language, Text, join, msg, verbatim
from antcrm_tools.tools.find_customers import FoundCustomers
from antcrm_tools.tools.get_customer import WholeCustomer
from antcrm_tools.tools.list_changes import ChangesFound


def outcome(
    what: Done | Waiting | Queued | Unsure | Dropped, language: Language, *, news: Sequence[Text] = ()
) -> CallToolResult:
    """What became of a call, and of earlier ones of which it was not known (`news`).

    All but `Done` are marked as errors although nothing failed: they have no data, and a result that is no error has to
    match the tool's output schema.
    """
    if isinstance(what, Done):
        words = _words(what.result)
        if what.again:
            words = join([msg("This was done a moment ago already; nothing was sent now."), words], "\n")
        said = [words, *_heard(news)] if what.by is None else [words, what.by, *_heard(news)]
        return CallToolResult(
            content=[TextContent(type="text", text=text.render(language)) for text in said],
            structured_content=structured(what.result),
        )
    return _without_data(join([what.text, *_heard(news)], "\n"), language)


def _heard(news: Sequence[Text]) -> list[Text]:
    return [join([msg("News of earlier changes:"), *news], "\n")] if news else []


def failure(error: CrmError, language: Language) -> CallToolResult:
    """What went wrong, what was and was not done, and what to do next."""
    return _without_data(error.text, language)


def unexpected(error: Exception, effect: Effect, language: Language) -> CallToolResult:
    """An error nobody foresaw: a code to find it by, and no word of what it said."""
    unknown = msg("It is not known whether AntCRM did what was asked. Look at the customer before you ask again.")
    text = join(
        [
            msg("Something unexpected went wrong in this program (code {code}).", code=note_unexpected(error)),
            NOTHING_CHANGED if effect is Effect.READ else unknown,
            msg("Tell the admin the code."),
        ]
    )
    return _without_data(text, language)


def structured(result: Result) -> dict[str, Any]:
    """A result as data, without the fields that hold their default."""
    return result.model_dump(mode="json", exclude_defaults=True)


def _words(result: Result) -> Text:
    """A result in words. Some assistants show the model only these, so they have to be enough to go on with."""
    match result:
        case WholeCustomer():
            record = {"ref": result.customer.ref} | structured(result)["customer"]
            return verbatim(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
        case FoundCustomers(next_cursor=str(cursor)) | ChangesFound(next_cursor=str(cursor)):
            return join([result.sentence(), verbatim(f"next_cursor: {cursor}")], "\n")
        case _:
            return result.sentence()


def _without_data(text: Text, language: Language) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text.render(language))], is_error=True)
