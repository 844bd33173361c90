"""JSON Schemas as an assistant reads them: every word in them is paid for on every conversation.

Pydantic names each property twice, spells out `null` for everything optional, and repeats length limits that a model
rarely trips over. None of that helps to fill in an argument; what is left out here is still checked, and answered
with a sentence.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias, cast

from pydantic import BaseModel

Schema: TypeAlias = dict[str, Any]

_NOISE = frozenset(
    {"title", "readOnly", "minLength", "maxLength", "minItems", "propertyNames", "maxProperties", "$defs"}
)
_EMPTY: tuple[object, ...] = (None, False, "", [], {})
_NULL: Schema = {"type": "null"}


@cache
def input_schema(model: type[BaseModel]) -> Schema:
    """What a tool takes. Arguments may be left out; saying `null` is accepted as well, but need not be known."""
    return _compacted(model.model_json_schema(mode="validation"))


@cache
def output_schema(model: type[BaseModel]) -> Schema:
    """What a tool returns when fields that hold their default are left out, as `render.structured` does."""
    return _compacted(model.model_json_schema(mode="serialization"))


def _compacted(schema: Schema) -> Schema:
    return _compact(_undocumented(schema), schema.get("$defs", {}), ())


def _compact(schema: Schema, defs: Schema, inside: tuple[str, ...]) -> Schema:
    """One schema, with what it refers to in place of the reference.

    Raises:
        TypeError: a model contains itself, which cannot be written out.
    """
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix("#/$defs/")
        if name in inside:
            raise TypeError(f"{name} contains itself")
        around = {key: value for key, value in schema.items() if key != "$ref"}
        return _compact(_undocumented(defs[name]) | around, defs, (*inside, name))
    small: Schema = {}
    for key, value in schema.items():
        if key in _NOISE or (key == "default" and value in _EMPTY):
            continue
        match key:
            case "properties":
                small[key] = {name: _compact(each, defs, inside) for name, each in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                small[key] = _compact(cast("Schema", value), defs, inside)
            case "anyOf":
                small |= _choice(value, defs, inside, optional="default" in schema)
            case _:
                small[key] = value
    return small


def _undocumented(schema: Schema) -> Schema:
    """Without the model's own docstring, which is for programmers; what a field says of itself stays."""
    return {key: value for key, value in schema.items() if key != "description"}


def _choice(options: list[Schema], defs: Schema, inside: tuple[str, ...], *, optional: bool) -> Schema:
    """`anyOf` without `null` where leaving the value out means the same, and without what another option covers."""
    kept = [_compact(option, defs, inside) for option in options if not (optional and option == _NULL)]
    if {"type": "string"} in kept:
        kept = [option for option in kept if option == {"type": "string"} or option.get("type") != "string"]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}
