"""JSON that anybody may have written, looked at without believing anything."""

from collections.abc import Container
from typing import Any, cast


def as_object(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_array(value: Any) -> list[Any] | None:
    return cast("list[Any]", value) if isinstance(value, list) else None


def is_among(value: Any, names: Container[str]) -> bool:
    """Whether it is one of these; a list or an object cannot be looked for."""
    return isinstance(value, str) and value in names


def as_integer(value: Any) -> int | None:
    """A whole number; ``True`` is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
