"""What a person was shown, and what became of it, as the text a column holds, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, cast

from pydantic import BaseModel

from antcrm_tools.errors import CrmError, MayHaveActed
from antcrm_tools.ledger.values import customer_value, dump, text_value, value_customer, value_text
from antcrm_tools.models import Customer
from antcrm_tools.outcomes import Done, Dropped, Failed, Queued, Settled, Unsure
from antcrm_tools.registry import Preview, Result
from antcrm_tools.text import Text, msg

# What is no field of a model stands under one of these; a field's name cannot begin like them.
_TEXT, _CUSTOMER, _MAP, _TUPLE, _DAY, _MOMENT = "_text", "_customer", "_map", "_tuple", "_day", "_moment"

_WRITTEN_OTHERWISE = (ValueError, LookupError, TypeError)
"""What reading something raises that another version of this program wrote in another form."""

WRITTEN_BY_ANOTHER = msg("It was answered while another version of this program was running, and cannot be read here.")

_SENTENCES = frozenset({"what", "done", "then"})


def write_preview(preview: Preview) -> str:
    """A question in both languages, with what it stands for."""
    return dump({each.name: _write(getattr(preview, each.name)) for each in fields(preview)})


def read_preview(written: str) -> Preview | None:
    """The question again; None where another version of this program wrote it otherwise."""
    try:
        return Preview(**_read(json.loads(written)))
    except _WRITTEN_OTHERWISE:
        return None


def write_outcome(outcome: Settled) -> str:
    """What became of a call, so that it is said in the same words later."""
    return dump(_outcome_value(outcome))


def read_outcome(written: str, returns: type[Result]) -> Settled:
    """The outcome again; `returns` is what the tool's results are. Unsure where another version wrote it otherwise."""
    try:
        return _outcome(json.loads(written), returns)
    except _WRITTEN_OTHERWISE:
        return Unsure(MayHaveActed(WRITTEN_BY_ANOTHER).text)


def _outcome(value: Mapping[str, Any], returns: type[Result]) -> Settled:
    match value["kind"]:
        case "done":
            return Done(returns.model_validate(_read(value["result"])), value["again"])
        case "queued":
            return Queued(value_text(value["text"]), value["change"])
        case "unsure":
            return Unsure(value_text(value["text"]))
        case "dropped":
            return Dropped(value["reason"], value_text(value["text"]))
        case "failed":
            return Failed(_error(value["error"]))
        case _:
            raise ValueError("an outcome of a kind that is not known")


def _outcome_value(outcome: Settled) -> dict[str, Any]:
    match outcome:
        case Done():
            return {"kind": "done", "result": _write(outcome.result), "again": outcome.again}
        case Queued():
            return {"kind": "queued", "text": text_value(outcome.text), "change": outcome.change}
        case Unsure():
            return {"kind": "unsure", "text": text_value(outcome.text)}
        case Dropped():
            return {"kind": "dropped", "reason": outcome.reason, "text": text_value(outcome.text)}
        case Failed():
            return {"kind": "failed", "error": _error_value(outcome.error)}


def _error_value(error: CrmError) -> dict[str, Any]:
    beside = {name: _write(each) for name, each in vars(error).items() if name not in _SENTENCES}
    return {
        "code": error.code,
        "what": text_value(error.what),
        "done": text_value(error.done),
        "then": None if error.then is None else text_value(error.then),
        "beside": beside,
    }


def _error(value: Mapping[str, Any]) -> CrmError:
    """An error of the same class. Its `__init__` would make the sentences anew, from what it no longer has."""
    kind = next((each for each in _kinds(CrmError) if each.code == value["code"]), CrmError)
    what = value_text(value["what"])
    error = kind.__new__(kind, what.template)
    error.what = what
    error.done = value_text(value["done"])
    error.then = None if value["then"] is None else value_text(value["then"])
    vars(error).update({name: _read(each) for name, each in value["beside"].items()})
    return error


def _kinds(root: type[CrmError]) -> Iterator[type[CrmError]]:
    """Every class of error, each before those that are narrower: one without a code of its own has its parent's."""
    yield root
    for narrower in root.__subclasses__():
        yield from _kinds(narrower)


def _write(value: object) -> Any:
    match value:
        case Text():
            return {_TEXT: text_value(value)}
        case Customer():
            return {_CUSTOMER: customer_value(value)}
        case BaseModel():
            # Not `model_dump`, which leaves out what assistants are not shown.
            return {name: _write(getattr(value, name)) for name in type(value).model_fields}
        case datetime():
            return {_MOMENT: value.isoformat()}
        case date():
            return {_DAY: value.isoformat()}
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {_MAP: {str(name): _write(each) for name, each in items}}
        case tuple():
            return {_TUPLE: [_write(each) for each in cast("tuple[object, ...]", value)]}
        case list() | set() | frozenset():
            return [_write(each) for each in cast("list[object]", value)]
        case None | str() | int() | float():
            return value
        case _:
            return str(value)


def _read(value: Any) -> Any:
    match value:
        case {"_text": text}:
            return value_text(text)
        case {"_customer": customer}:
            return value_customer(customer)
        case {"_moment": moment}:
            return datetime.fromisoformat(moment)
        case {"_day": day}:
            return date.fromisoformat(day)
        case {"_tuple": parts}:
            return tuple(_read(each) for each in parts)
        case {"_map": named}:
            return _named(named)
        case dict():
            return _named(cast("dict[str, Any]", value))
        case list():
            return [_read(each) for each in cast("list[Any]", value)]
        case _:
            return value


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read(each) for name, each in values.items()}
