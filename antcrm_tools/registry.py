"""Tools as data. A tool is one typed async function; `@tool(...)` turns it into a plain record.

Nothing here knows MCP or Telegram. A `Call` is a tool and validated arguments: a value that the Desk can run, hold
back until a person says yes, and compare with another.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from antcrm_tools.errors import BadInput
from antcrm_tools.text import Text, clean, join, msg, verbatim

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class Effect(IntEnum):
    """What a call does to AntCRM: the only thing policy looks at. Ordered by how much it can hurt."""

    READ = 0
    ADD = 1
    """Adds a lead, a tag or a note line; takes nothing away."""
    CHANGE = 2
    """Replaces a value."""
    DESTROY = 3
    """Deletes, empties a field, drops an element, or touches many records."""


class Args(BaseModel):
    """Arguments of a tool. An argument nobody declared is an error, not a silence."""

    # Built when first used: an assistant's host waits for our start, and most models are not needed for it.
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


class Result(BaseModel):
    """What a tool returns. `text` is its sentence for a person; faces may show more of the fields."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    @abstractmethod
    def sentence(self) -> Text:
        """What happened, for a person."""

    def repeated(self) -> bool:
        """Whether this is what the same wish led to a little earlier; nothing was sent now."""
        return False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person is shown before saying yes.

    `question` names the customer; `lines` say what will be gone or changed; `yes` is the label that does it, and
    `no` the one that does not. `count`, for bulk, has to be typed. `fingerprint` stands for what was shown: if it is
    no longer the same when the answer comes, nothing is done.
    """

    question: Text
    yes: Text
    no: Text
    fingerprint: str
    lines: tuple[Text, ...] = ()
    count: int | None = None


A = TypeVar("A", bound=Args)
R = TypeVar("R", bound=Result)

RunTool = Callable[["Work", A], Awaitable[R]]
PreviewTool = Callable[["Work", A], Awaitable["Preview | R"]]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a call does, and the effect whose right is needed for it where that is less."""

    effect: Effect
    right: Effect


WeighCall = Callable[["Work", A], Awaitable[Weight]]


@dataclass(frozen=True, slots=True)
class Tool(Generic[A, R]):
    """One tool. `least` and `most` bound what any of its calls can do; `effect` computes a call's own."""

    name: str
    title: Text
    summary: str
    args: type[A]
    returns: type[R]
    least: Effect
    most: Effect
    idempotent: bool
    replays: bool
    """Repeated by an assistant within ten minutes, it is the same wish, and its first result is given again."""
    effect: Callable[[A], Effect]
    run: RunTool[A, R]
    preview: PreviewTool[A, R] | None
    weigh: WeighCall[A] | None = None
    """What a call does where only the ledger can tell, and which right it needs."""

    def call(self, arguments: Mapping[str, object] | A) -> Call:
        """Validate arguments.

        Raises:
            BadInput: naming each wrong argument, and the ones the tool takes.
        """
        takes = msg("{tool} takes: {arguments}.", tool=verbatim(self.name), arguments=", ".join(self.args.model_fields))
        return Call(cast("Tool[Any, Any]", self), validate(self.args, arguments, takes))


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and the arguments to run it with."""

    tool: Tool[Any, Any]
    args: Args

    @property
    def effect(self) -> Effect:
        """What this very call does."""
        return self.tool.effect(self.args)

    @property
    def canonical(self) -> str:
        """The arguments in one spelling: equal calls have equal canonical forms."""
        arguments = self.args.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(arguments, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def tool(
    *,
    title: Text,
    most: Effect,
    least: Effect | None = None,
    effect: Callable[[A], Effect] | None = None,
    preview: PreviewTool[A, R] | None = None,
    idempotent: bool = False,
    replays: bool = False,
    weigh: WeighCall[A] | None = None,
    returns: type[R],
    args: type[A],
) -> Callable[[RunTool[A, R]], Tool[A, R]]:
    """Make a tool of an async function `(work, args) -> result`; its name and docstring are the tool's.

    `weigh` is given where the effect depends on what the ledger says; `effect` is the least it can be then.

    `least` is given where some calls do less than `most`: who may not do the most still gets to see such a tool.

    A tool that writes needs a preview: anything may have to be confirmed when `ANTCRM_CONFIRM=writes`.

    Raises:
        TypeError: at import, for a tool that writes and has no preview, or one without a docstring.
    """

    def make(run: RunTool[A, R]) -> Tool[A, R]:
        name = cast("str", getattr(run, "__name__", ""))
        if most > Effect.READ and preview is None:
            raise TypeError(f"{name} can write and has no preview")
        if not run.__doc__:
            raise TypeError(f"{name} has no docstring")
        summary = " ".join(run.__doc__.split())
        lowest = most if least is None else least
        computed: Callable[[A], Effect] = effect or (lambda _: most)
        return Tool(
            name, title, summary, args, returns, lowest, most, idempotent, replays, computed, run, preview, weigh
        )

    return make


def validate(model: type[A], arguments: Mapping[str, object] | A, then: Text | None = None) -> A:
    """Validate arguments, strictly: a number is no text, and a text no number.

    Raises:
        BadInput: naming the first few wrong arguments; `then` says what would be right.
    """
    if isinstance(arguments, model):
        return arguments
    try:
        # As JSON, so that a day is read from text while `strict` keeps 5 from passing as a stage.
        return model.model_validate_json(json.dumps(dict(arguments)), strict=True)
    except RecursionError:
        raise BadInput(_NOT_JSON, then=then) from None
    except ValidationError as error:
        found = _without_echoes(error.errors(include_url=False))
        raise BadInput(join(problem(detail) for detail in found[:5]), then=then) from None


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too few entries" of a list whose entries were there and wrong."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(len(place) > len(at := detail["loc"]) and place[: len(at)] == at for place in places)
    ]


def problem(detail: ErrorDetails, name: str | None = None) -> Text:
    """What pydantic found, for a person; `name` is what they call the value, its place in the arguments unless given.

    A value is repeated only by a sentence of our own validators.
    """
    where = clean(".".join(str(part) for part in detail["loc"]), 60) if name is None else name
    context = detail.get("ctx", {})
    error = context.get("error")
    if isinstance(error, ArgumentError):
        return error.what
    kind = detail["type"]
    if kind.startswith("date"):
        return msg("“{argument}” must be a day such as 2025-05-30.", argument=where)
    if kind in {"string_too_short", "too_short"} and (context.get("min_length") == 1 or _blank(detail.get("input"))):
        return msg("“{argument}” is empty.", argument=where)
    known = _PROBLEMS.get(kind)
    if known is None:
        return msg("“{argument}” is not right: {reason}.", argument=where, reason=verbatim(detail["msg"]))
    return Text(known.template, {"argument": where, **{name: str(value) for name, value in context.items()}})


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


# Half a character, or nested too deeply.
_NOT_JSON = msg("The arguments are not valid JSON.")
_LIST = msg('“{argument}” must be a list of values, such as ["…"].')
_NUMBER = msg("“{argument}” must be a number.")
_WHOLE_NUMBER = msg("“{argument}” must be a whole number.")
_YES_OR_NO = msg("“{argument}” must be true or false.")
_OBJECT = msg("“{argument}” must be an object of names and values.")

# pydantic's kinds of error; the names in braces are its own context's.
_PROBLEMS: dict[str, Text] = {
    "json_invalid": _NOT_JSON,
    "missing": msg("“{argument}” is missing."),
    "extra_forbidden": msg("There is no argument “{argument}”."),
    "string_type": msg("“{argument}” must be text."),
    "string_unicode": msg("“{argument}” is not valid text."),
    "string_pattern_mismatch": msg("“{argument}” does not have the right form."),
    "string_too_long": msg("“{argument}” is too long: at most {max_length} characters."),
    "too_long": msg("“{argument}” has too many entries: at most {max_length}."),
    "string_too_short": msg("“{argument}” is too short: at least {min_length} characters."),
    "too_short": msg("“{argument}” has too few entries: at least {min_length}."),
    "less_than": msg("“{argument}” is too large: it must be below {lt}."),
    "less_than_equal": msg("“{argument}” is too large: at most {le}."),
    "greater_than": msg("“{argument}” is too small: it must be above {gt}."),
    "greater_than_equal": msg("“{argument}” is too small: at least {ge}."),
    "literal_error": msg("“{argument}” must be one of: {expected}."),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE_NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES_OR_NO),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _OBJECT),
}


class ArgumentError(ValueError):
    """Raised inside a validator of arguments: a sentence that pydantic carries to the caller."""

    def __init__(self, what: Text) -> None:
        """`what` is wrong with the value."""
        super().__init__(what.template)
        self.what = what
