"""The published description of the Bot API, and whether values are as it says."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from antcrm_tools.sandbox.telegram.objects import as_array, as_integer, as_object

_ARRAY_OF: Final = "Array of "
# 'The member's status in the chat, always "member"', 'Scope type, must be chat'
_CONSTANT: Final = re.compile(r"(?:always|must be) [\"“”'*]?(?!one\b)(\w+)[\"“”'*]?$")
_NAMES_THE_KIND: Final = frozenset({"type", "status", "source"})


class Spec:
    """Methods and types as published: ``{"methods": {name: {fields, returns}}, "types": {name: {fields|subtypes}}}``.

    A field is ``{name, types, required, description}``. Every check returns what is wrong, in words, and nothing for
    what is right.
    """

    def __init__(self, published: Mapping[str, Any]) -> None:
        self._methods: Mapping[str, Any] = published["methods"]
        self._types: Mapping[str, Any] = published["types"]

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(json.loads(path.read_text("utf-8")))

    def of_call(self, method: str, params: Mapping[str, Any]) -> list[str]:
        """What is wrong with a call's decoded parameters."""
        if method not in self._methods:
            return ["is not a published method"]
        return self._fields(self._methods[method].get("fields", ()), params, "")

    def of_result(self, method: str, result: Any) -> list[str]:
        """What is wrong with the result of a call."""
        return self.of_value(self._methods[method]["returns"], result, "result")

    def of_value(self, types: Sequence[str], value: Any, where: str) -> list[str]:
        """What is wrong with a value that has to be of one of the types; `where` is its name."""
        tried = [self._of_type(name, value, where) for name in types]
        # What is wrong is said for the type that fits best.
        return min(tried, key=len) if tried else [f"{where} has no type"]

    def _of_type(self, name: str, value: Any, where: str) -> list[str]:
        if name.startswith(_ARRAY_OF):
            values = as_array(value)
            if values is None:
                return [f"{where} is no array"]
            within = [name.removeprefix(_ARRAY_OF)]
            return [wrong for at, one in enumerate(values) for wrong in self.of_value(within, one, f"{where}[{at}]")]
        match name:
            case "String":
                right = isinstance(value, str)
            case "InputFile":
                right = isinstance(value, bytes)
            case "Integer":
                right = as_integer(value) is not None
            case "Boolean":
                right = isinstance(value, bool)
            case "Float":
                right = isinstance(value, float) or as_integer(value) is not None
            case _:
                return self._of_object(name, value, where)
        return [] if right else [f"{where} is no {name}"]

    def _of_object(self, name: str, value: Any, where: str) -> list[str]:
        described = self._types.get(name)
        if described is None:
            return [f"{where} is of the unpublished type {name}"]
        given = as_object(value)
        if subtypes := described.get("subtypes"):
            alike = [one for one in subtypes if not self._kind(self._types.get(one, {}), given or {}, where)]
            return self.of_value(alike or subtypes, value, where)
        if given is None:
            return [f"{where} is no {name}"]
        wrongs = self._fields(described.get("fields", ()), given, f"{where}.")
        if "subtype_of" in described:
            wrongs += self._kind(described, given, where)
        return wrongs

    def _fields(self, fields: Sequence[Mapping[str, Any]], given: Mapping[str, Any], inside: str) -> list[str]:
        known = {field["name"]: field for field in fields}
        wrongs = [f"{inside}{name} is not documented" for name in given if name not in known]
        for name, field in known.items():
            if name in given:
                wrongs += self.of_value(field["types"], given[name], f"{inside}{name}")
            elif field["required"]:
                wrongs.append(f"{inside}{name} is required")
        return wrongs

    def _kind(self, described: Mapping[str, Any], given: Mapping[str, Any], where: str) -> list[str]:
        """The field that tells one subtype from another has the value this one has."""
        return [
            f"{where}.{field['name']} is not {constant[1]}"
            for field in described.get("fields", ())
            if field["name"] in _NAMES_THE_KIND
            and (constant := _CONSTANT.search(str(field["description"])))
            and given.get(field["name"]) != constant[1]
        ]
