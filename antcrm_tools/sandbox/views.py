"""How a record looks in an answer."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from antcrm_tools.sandbox.rules import MONTHS
from antcrm_tools.sandbox.store import ContactType, Row
from antcrm_tools.sandbox.switches import Switches

VIETNAM: Final = timezone(timedelta(hours=7))
_NAMED: Final = ("stage", "sourceContact", "responsibleStaff")


def zone(switches: Switches) -> tzinfo:
    return VIETNAM if switches.day_zone == "vietnam" else UTC


def id_fields(space: ContactType, number: int, switches: Switches) -> dict[str, Any]:
    """``{"leadId": 9457}`` or ``{"customerId": 9457}``, as writes answer it."""
    return {id_name(space): id_value(number, switches)}


def id_name(space: ContactType) -> str:
    return "leadId" if space == "lead" else "customerId"


def id_value(number: int, switches: Switches) -> int | str:
    return str(number) if switches.ids == "strings" else number


def view(row: Row, switches: Switches) -> dict[str, Any]:
    """A record as GET answers it: the documented fields in the documented order, in the forms the switches say."""
    fields = row.fields
    number = id_value(row.id, switches)
    as_text = switches.type_gender == "strings"
    shown: dict[str, Any] = {
        "name": fields["name"],
        "contactType": row.space,
        "type": "" if row.type is None else (str(row.type) if as_text else row.type),
        "leadId": number if row.space == "lead" else "",
        "customerId": number if row.space == "customer" else "",
        "dateOfBirth": _birthday(fields["dateOfBirth"], switches),
        "gender": str(fields["gender"]) if as_text else fields["gender"],
    }
    for name in ("addresses", "phones", "emails", "industry", "im", "bgInfo", "stage", "tags", "sourceContact"):
        shown[name] = fields[name]
    for name in ("responsibleStaff", "cusFields", "scoreAvailable", "scoreRank", "rankName"):
        shown[name] = fields[name]
    shown["createdAt"] = _moment(row.created, switches)
    shown["updatedAt"] = _moment(row.updated, switches)
    shown["createdByBot"] = fields["createdByBot"]
    if fields["sourceLead"]:
        shown["sourceLead"] = fields["sourceLead"]
    shown["historiesAds"] = fields["historiesAds"]
    if switches.named == "objects":
        for name in _NAMED:
            shown[name] = _object(shown[name]) if shown[name] else ""
        shown["tags"] = [_object(tag) for tag in shown["tags"]]
    if switches.extra_fields:
        shown |= {"_id": object_id(f"{row.space}{row.id}"), "companyScale": "10-50", "__v": 0}
    return _without_empty(shown, switches)


def object_id(text: str) -> str:
    """24 hexadecimal digits, always the same for the same text, as the vendor's ``_id`` values look."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _object(name: str) -> dict[str, str]:
    return {"_id": object_id(name), "name": name}


def _without_empty(shown: dict[str, Any], switches: Switches) -> dict[str, Any]:
    if switches.empty_values == "empty_text":
        return shown
    if switches.empty_values == "null":
        return {name: None if value in ("", []) else value for name, value in shown.items()}
    return {name: value for name, value in shown.items() if value not in ("", [])}


def _birthday(day: str, switches: Switches) -> str | int:
    if not day:
        return ""
    if switches.dates == "long":
        return _long(datetime.fromisoformat(day))
    if switches.dates == "epoch_ms":
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    return f"{day}T00:00:00.000Z"


def _moment(at: int, switches: Switches) -> str | int:
    if switches.dates == "epoch_ms":
        return at
    moment = datetime.fromtimestamp(at / 1000, UTC)
    if switches.dates == "long":
        return _long(moment.astimezone(zone(switches)))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _long(day: datetime) -> str:
    # Not strftime: its month names follow the machine's locale.
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"
