"""What AntCRM checks before it stores a customer.

The required fields, the defaults and "well formed and not repeated" phones and e-mails are the vendor's rules; how each
refusal is worded is not documented.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final, cast

from antcrm_tools.sandbox.answers import RefusedError
from antcrm_tools.sandbox.fields import ARRAYS, TEXTS, WRITABLE, national_digits
from antcrm_tools.sandbox.store import ContactType

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_PHONE = re.compile(r"\+?[\d(][\d .()\-]{6,20}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LONG_DAY = re.compile(r"([A-Za-z]+) (\d{1,2}), (\d{4})", re.ASCII)
_ELEMENT_KEYS: Final = {"phones": "value", "emails": "value", "im": "value", "cusFields": "name"}


def kind_of(body: dict[str, Any]) -> tuple[ContactType, int | None]:
    """The contactType and type of a new customer: a lead unless it says otherwise, a contact unless an account."""
    contact_type = body.get("contactType") or "lead"
    if contact_type not in {"lead", "customer"}:
        raise RefusedError("contactType must be lead or customer")
    kind = _choice(body, "type", 1)
    if contact_type == "lead":
        return "lead", None
    return "customer", kind or 0


def code_of(body: dict[str, Any]) -> str:
    """The caller's own code, required on create."""
    code = body.get("customerIdApiRing")
    if not isinstance(code, str) or not code.strip():
        raise RefusedError("customerIdApiRing is required")
    return code


def checked(body: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """The writable fields of a body, each in the form it is stored in; fields nobody knows are left out."""
    if creating or "name" in body:
        name = body.get("name")
        if not isinstance(name, str) or not name.strip():
            raise RefusedError("name is required")
    found: dict[str, Any] = {}
    for field in WRITABLE:
        if field not in body:
            continue
        value = body[field]
        # Whether null empties a field on PUT is a switch; the caller of this decides, so null passes.
        if value is None:
            found[field] = None
        elif field in TEXTS:
            found[field] = _text(field, value)
        elif field in ARRAYS:
            found[field] = _array(field, value)
        else:
            found[field] = "" if value == "" else _choice(body, "gender", 2)
    return found


def _choice(body: dict[str, Any], field: str, highest: int) -> int | None:
    value = body.get(field)
    if value is None or value == "":
        return None
    choices = {form: n for n in range(highest + 1) for form in (n, str(n))}
    if isinstance(value, bool) or not isinstance(value, int | str) or value not in choices:
        raise RefusedError(f"{field} must be one of {', '.join(map(str, range(highest + 1)))}")
    return choices[value]


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"{field} must be a string")
    return _day(value) if field == "dateOfBirth" and value else value


def _day(value: str) -> str:
    long = _LONG_DAY.fullmatch(value.strip())
    try:
        if long:
            month = MONTHS.index(long[1].capitalize()) + 1
            return datetime(int(long[3]), month, int(long[2]), tzinfo=UTC).date().isoformat()
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise RefusedError("dateOfBirth is invalid") from None


def _array(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RefusedError(f"{field} must be an array")
    elements = cast("list[Any]", value)
    for element in elements:
        _check_element(field, element)
    if field in {"phones", "emails"}:
        normal = national_digits if field == "phones" else str.casefold
        if len({normal(element["value"]) for element in elements}) < len(elements):
            raise RefusedError(f"{field} must not be repeated")
    return elements


def _check_element(field: str, element: Any) -> None:
    if field == "tags":
        if not isinstance(element, str) or not element.strip():
            raise RefusedError("tags must be an array of strings")
        return
    if not isinstance(element, dict):
        raise RefusedError(f"{field} must be an array of objects")
    if field == "addresses":
        return
    value = cast("dict[str, Any]", element).get(_ELEMENT_KEYS[field])
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(f"{field} must have a {_ELEMENT_KEYS[field]}")
    if (field == "phones" and not _PHONE.fullmatch(value)) or (field == "emails" and not _EMAIL.fullmatch(value)):
        raise RefusedError(f"{field}: {value} is not valid")
