"""Reading AntCRM's answers. Pure: no I/O, no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from antcrm_tools.errors import Refused, UnreadableAnswer
from antcrm_tools.models import (
    Address,
    AdTouch,
    Customer,
    CustomField,
    Email,
    Gender,
    Kind,
    LeadSource,
    Phone,
    Social,
)
from antcrm_tools.refs import Ref, Space
from antcrm_tools.wire.dates import read_day, read_moment
from antcrm_tools.wire.names import ADDRESS_KEYS, DOCUMENTED, GENDERS, TYPES_READ, Json


def read_json(body: bytes) -> JsonValue:
    """Bytes of an answer as JSON.

    Raises:
        UnreadableAnswer: not JSON (an HTML page, a cut answer), quoting its beginning.
    """
    try:
        return cast("JsonValue", json.loads(body))
    except ValueError:
        raise UnreadableAnswer(body.decode("utf-8", "replace")) from None


def read_customers(payload: JsonValue) -> list[Customer]:
    """The records in an answer to GET: an array, `{data: […]}`, one bare object, or none of them.

    Raises:
        Refused: AntCRM answered 200 with `success: 0`.
        UnreadableAnswer: any other shape. An answer that cannot be read is never an empty result.
    """
    if isinstance(payload, list):
        return [_read_customer(item) for item in payload]
    if isinstance(payload, dict):
        raise_if_refused(payload)
        if not payload:
            return []
        if "data" in payload and not _has_id(payload):
            data = payload["data"]
            return [] if data is None else read_customers(data)
        return [_read_customer(payload)]
    raise UnreadableAnswer(json.dumps(payload, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Written:
    """What AntCRM says it wrote: one ref per record it named, possibly none."""

    refs: tuple[Ref, ...]


def read_written(payload: JsonValue) -> Written:
    """An answer to POST, PUT, DELETE or the bulk call: `{"success": 1, "leadId" or "customerId": id or [ids]}`.

    Raises:
        Refused: `success: 0`, with the vendor's message.
        UnreadableAnswer: no success in it and no id.
    """
    if not isinstance(payload, dict):
        raise UnreadableAnswer(json.dumps(payload, ensure_ascii=False))
    raise_if_refused(payload)
    refs: list[Ref] = []
    spaces: tuple[tuple[str, Space], ...] = (("leadId", "lead"), ("customerId", "customer"))
    for key, space in spaces:
        value = payload.get(key)
        refs += [Ref(space, text) for item in (value if isinstance(value, list) else [value]) if (text := _text(item))]
    if not refs and not _truthy(payload.get("success")):
        raise UnreadableAnswer(json.dumps(payload, ensure_ascii=False))
    return Written(tuple(refs))


def raise_if_refused(payload: Mapping[str, JsonValue]) -> None:
    """Raise `Refused` for `{"success": 0 …}` in any spelling; a record or an answer without `success` passes."""
    if "success" in payload and not _truthy(payload["success"]):
        raise Refused(vendor_message(payload))


def vendor_message(payload: JsonValue | Mapping[str, JsonValue]) -> str:
    """The vendor's own words in an answer, where there are any (the shape of errors is not documented)."""
    if not isinstance(payload, Mapping):
        return ""
    for key in ("message", "error", "msg", "errors", "detail"):
        value = payload.get(key)
        if isinstance(value, dict):
            return vendor_message(value)
        if isinstance(value, list):
            value = "; ".join(text for item in value if (text := _text(item) or vendor_message(item)))
        if value:
            return _text(value)
    return ""


def _read_customer(item: JsonValue) -> Customer:
    if not isinstance(item, dict):
        raise UnreadableAnswer(json.dumps(item, ensure_ascii=False))
    kind = _read_kind(item)
    lead_id, customer_id = _text(item.get("leadId")), _text(item.get("customerId"))
    identity = (lead_id if kind == "lead" else customer_id) if kind else ""
    if kind is None or not identity:
        raise UnreadableAnswer(json.dumps(item, ensure_ascii=False))
    extra: Json = {key: value for key, value in item.items() if key not in DOCUMENTED}
    # A converted lead may carry the id of the other number space; it identifies nothing here, but it is not dropped.
    other, other_id = ("customerId", customer_id) if kind == "lead" else ("leadId", lead_id)
    if other_id:
        extra[other] = item[other]
    gender = _text(item.get("gender"))
    known_gender: Gender | None = GENDERS[int(gender)] if gender in {"0", "1", "2"} else None
    if gender and known_gender is None:
        extra["gender"] = item["gender"]
    return Customer(
        kind=kind,
        id=identity,
        name=_name(item.get("name")),
        phones=tuple(Phone(value=v, type=t or "Work") for v, t in _values(item.get("phones"), "type", extra, "phones")),
        emails=tuple(Email(value=v, type=t or "Work") for v, t in _values(item.get("emails"), "type", extra, "emails")),
        stage=_name(item.get("stage")),
        tags=tuple(_tags(item.get("tags"), extra)),
        owner=_staff(item.get("responsibleStaff")),
        source=_name(item.get("sourceContact")),
        industry=_name(item.get("industry")),
        note=_text(item.get("bgInfo")),
        gender=known_gender,
        date_of_birth=read_day(item.get("dateOfBirth")),
        addresses=tuple(_read_address(a) for a in _items(item.get("addresses"))),
        socials=tuple(Social(value=v, protocol=p) for v, p in _values(item.get("im"), "protocol", extra, "im")),
        custom_fields=tuple(_read_custom(c) for c in _items(item.get("cusFields"))),
        points=_number(item.get("scoreAvailable"), "scoreAvailable", extra),
        rank_points=_number(item.get("scoreRank"), "scoreRank", extra),
        rank=_name(item.get("rankName")),
        created_at=read_moment(item.get("createdAt")),
        updated_at=read_moment(item.get("updatedAt")),
        created_by=_staff(item.get("createdByBot")),
        lead_source=_read_lead_source(item.get("sourceLead")),
        ads=tuple(_read_ad(a) for a in _items(item.get("historiesAds"))),
        extra=extra,
    )


def _read_kind(item: Mapping[str, JsonValue]) -> Kind | None:
    contact_type, kind_type = _text(item.get("contactType")).casefold(), _text(item.get("type"))
    if contact_type == "lead" or (not contact_type and _text(item.get("leadId")) and not _text(item.get("customerId"))):
        return "lead"
    if contact_type == "customer" or (not contact_type and _text(item.get("customerId"))):
        # Type 0 is the API's default.
        return TYPES_READ.get(kind_type)
    return None


def _read_address(item: JsonValue) -> Address:
    if not isinstance(item, dict):
        return Address(street=_text(item))
    country = item.get("country")
    code, name = (_text(country.get("code")), _text(country.get("name"))) if isinstance(country, dict) else ("", "")
    words = {ours: _name(item.get(theirs)) for theirs, ours in ADDRESS_KEYS.items()}
    return Address(**words, country_code=code, country=name or ("" if isinstance(country, dict) else _text(country)))


def _read_custom(item: JsonValue) -> CustomField:
    if not isinstance(item, dict):
        return CustomField(name="", value=_text(item))
    value = item.get("value")
    if isinstance(value, list):
        return CustomField(name=_text(item.get("name")), value=", ".join(_name(part) for part in value))
    return CustomField(name=_text(item.get("name")), value=_name(value))


def _read_lead_source(item: JsonValue) -> LeadSource | None:
    if isinstance(item, dict) and item:
        return LeadSource(id=_text(item.get("_id")), code=_text(item.get("code")), name=_text(item.get("name")))
    return LeadSource(name=text) if (text := _text(item)) else None


def _read_ad(item: JsonValue) -> AdTouch:
    if not isinstance(item, dict):
        return AdTouch(id=_text(item))
    return AdTouch(
        id=_text(item.get("_id")),
        ad=_text(item.get("fb_ads_id")),
        post=_text(item.get("fb_post_id")),
        at=read_moment(item.get("createdAt")),
    )


def _has_id(payload: Mapping[str, JsonValue]) -> bool:
    return bool(_text(payload.get("leadId")) or _text(payload.get("customerId")))


def _items(value: JsonValue) -> list[JsonValue]:
    """An array; a lone value counts as an array of one, nothing as an empty one."""
    if not value and value != 0:
        return []
    return value if isinstance(value, list) else [value]


def _values(value: JsonValue, label: str, extra: Json, field: str) -> Iterable[tuple[str, str]]:
    """`(value, label)` of each element of phones, emails or im; an element may be a bare text."""
    for item in _items(value):
        if isinstance(item, dict):
            text = _text(item.get("value"))
            if text:
                yield text, _text(item.get(label))
            elif any(_text(part) for key, part in item.items() if key not in {"_id", label}):
                # Something is in there under a name we do not know: keep the field as it came.
                extra[field] = value
        elif text := _text(item):
            yield text, ""


def _tags(value: JsonValue, extra: Json) -> Iterable[str]:
    for tag in _items(value):
        if name := _name(tag):
            yield name
        elif tag not in ("", None, {}):
            extra["tags"] = value


def _name(value: JsonValue) -> str:
    """A name, given as text or as `{_id, name}`."""
    if isinstance(value, dict):
        return next((text for key in ("name", "label", "title", "value") if (text := _text(value.get(key)))), "")
    return _text(value)


def _staff(value: JsonValue) -> str:
    """A member of staff: the e-mail where there is one, else the name."""
    if isinstance(value, dict):
        return _text(value.get("email")) or _name(value)
    return _text(value)


def _text(value: JsonValue) -> str:
    """One value as text; numbers without a trailing `.0`; containers are no text."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _number(value: JsonValue, field: str, extra: Json) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = _text(value)
    try:
        return float(text) if text else None
    except ValueError:
        extra[field] = value
        return None


def _truthy(value: JsonValue) -> bool:
    return _text(value).casefold() not in {"", "0", "false"}
