"""JSON Schemas as an assistant reads them: every word in them is paid for on every conversation.

Pydantic names each property twice, spells out `null` for everything optional, and repeats length limits that a model
rarely trips over. None of that helps to fill in an argument; what is left out here is still checked, and answered
with a sentence.

Making them takes longer than everything else we do before the first answer, so they are made beforehand and kept in
`schemas.json`, where a review sees what changes. A test compares; `python -m antcrm_mcp.schema` writes the file anew.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from pydantic import BaseModel

Schema: TypeAlias = dict[str, Any]

FILE = "schemas.json"

_NOISE = frozenset(
    {"title", "readOnly", "minLength", "maxLength", "minItems", "maxItems", "propertyNames", "maxProperties", "$defs"}
)
_EMPTY: tuple[object, ...] = (None, False, "", [], {})
_NULL: Schema = {"type": "null"}


def input_schema(model: type[BaseModel]) -> Schema:
    """What a tool takes. Arguments may be left out; saying `null` is accepted as well, but need not be known."""
    return kept().get(_key(model)) or made(model, "validation")


def output_schema(model: type[BaseModel]) -> Schema:
    """What a tool returns when fields that hold their default are left out, as `render.structured` does."""
    return kept().get(_key(model)) or made(model, "serialization")


@cache
def kept() -> dict[str, Schema]:
    """The schemas that were made beforehand, by the full name of the model."""
    return json.loads(files("antcrm_mcp").joinpath(FILE).read_text(encoding="utf-8"))


def made(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> Schema:
    """A schema made of its model now."""
    schema = model.model_json_schema(mode=mode)
    return _compact(_undocumented(schema), schema.get("$defs", {}), ())


def all_made() -> dict[str, Schema]:
    """What `schemas.json` has to hold."""
    from antcrm_tools.tools import TOOLS  # noqa: PLC0415  only to write the file and to test it

    arguments = {_key(tool.args): made(tool.args, "validation") for tool in TOOLS}
    return arguments | {_key(tool.returns): made(tool.returns, "serialization") for tool in TOOLS}


def _key(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


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
        if key == "additionalProperties" and value in _EMPTY and inside:
            continue  # said once, at the top
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


if __name__ == "__main__":
    text = json.dumps(all_made(), indent=1, ensure_ascii=False)
    Path(__file__).with_name(FILE).write_text(text + "\n", encoding="utf-8")
