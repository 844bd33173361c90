"""Reading one record of an answer. Pure: no I/O, no clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from antcrm_tools.errors import UnreadableAnswer
from antcrm_tools.models import (
    Address,
    AdTouch,
    Customer,
    CustomField,
    Element,
    Email,
    Gender,
    Kind,
    LeadSource,
    Phone,
    Social,
)
from antcrm_tools.wire.dates import read_day, read_moment
from antcrm_tools.wire.names import ADDRESS_KEYS, DOCUMENTED, GENDERS, TYPES_READ, Json
from antcrm_tools.wire.values import id_of, is_nothing, items_of, name_of, quoted, sound_json, staff_of, text_of
from antcrm_tools.wire.write import documented_form

T = TypeVar("T")


def read_customer(item: JsonValue) -> Customer:
    """One record of an answer to GET.

    Raises:
        UnreadableAnswer: it is no record, or does not say which customer it is.
    """
    if not isinstance(item, dict):
        raise UnreadableAnswer(quoted(item))
    kind = _read_kind(item)
    lead_id, customer_id = id_of(item.get("leadId")), id_of(item.get("customerId"))
    identity = (lead_id if kind == "lead" else customer_id) if kind else ""
    if kind is None or not identity:
        raise UnreadableAnswer(quoted(item))
    record = _Record(item)
    # A converted lead may carry the id of the other number space; it identifies nothing here, but it is not dropped.
    other, other_id = ("customerId", customer_id) if kind == "lead" else ("leadId", lead_id)
    if other_id:
        record.keep(other)
    try:
        return record.customer(kind, identity)
    except (ValidationError, RecursionError):
        # Nested so deeply that it cannot be held.
        raise UnreadableAnswer(quoted(item)) from None


class _Record:
    """One record being read. A documented field that cannot be read is kept in `extra` as it came."""

    def __init__(self, item: Json) -> None:
        self._item = item
        self._extra: Json = {key: value for key, value in item.items() if key not in DOCUMENTED}

    def keep(self, key: str) -> None:
        self._extra[key] = self._item[key]

    def customer(self, kind: Kind, identity: str) -> Customer:
        read = {
            "name": self._one("name", name_of),
            "phones": self._each("phones", _phone, "type"),
            "emails": self._each("emails", _email, "type"),
            "stage": self._one("stage", name_of),
            "tags": self._each("tags", name_of),
            "owner": self._one("responsibleStaff", staff_of),
            "source": self._one("sourceContact", name_of),
            "industry": self._one("industry", name_of),
            "note": self._one("bgInfo", text_of),
            "gender": self._one("gender", _gender) or None,
            "date_of_birth": self._one("dateOfBirth", read_day),
            "addresses": self._each("addresses", self._address),
            "socials": self._each("im", _social, "protocol"),
            "custom_fields": self._each("cusFields", self._custom),
            "points": self._one("scoreAvailable", _number),
            "rank_points": self._one("scoreRank", _number),
            "rank": self._one("rankName", name_of),
            "created_at": self._one("createdAt", read_moment),
            "updated_at": self._one("updatedAt", read_moment),
            "created_by": self._one("createdByBot", staff_of),
            "lead_source": self._one("sourceLead", _lead_source),
            "ads": self._each("historiesAds", _ad),
        }
        extra = sound_json(self._extra)
        return Customer.model_validate({"kind": kind, "id": identity, **read, "extra": extra})

    def _one(self, key: str, read: Callable[[JsonValue], T]) -> T:
        value = self._item.get(key)
        found = read(value)
        if found in ("", None) and not is_nothing(value):
            self.keep(key)
        return found

    def _each(self, key: str, read: Callable[[JsonValue], T], label: str = "") -> tuple[T, ...]:
        """The elements of an array; one that has nothing but its `label` holds nothing."""
        found: list[T] = []
        for item in items_of(self._item.get(key)):
            element = read(item)
            if isinstance(element, Element):
                if documented_form(element) != item:
                    element.came_as(sound_json(item))
                found.append(element)
            elif element not in ("", None):
                found.append(element)
            elif not is_nothing(_without(item, {"_id", label}) if label else item):
                self.keep(key)
        return tuple(found)

    def _address(self, item: JsonValue) -> Address | None:
        if not isinstance(item, dict):
            return Address(street=text) if (text := text_of(item)) else None
        country = item.get("country")
        words = {ours: name_of(item.get(theirs)) for theirs, ours in ADDRESS_KEYS.items()}
        words["country"] = name_of(country)
        words["country_code"] = text_of(country.get("code")) if isinstance(country, dict) else ""
        unread = [k for k, ours in ADDRESS_KEYS.items() if not words[ours] and not is_nothing(item.get(k))]
        if unread or not (words["country"] or words["country_code"] or is_nothing(country)):
            self.keep("addresses")
        return Address(**words) if any(words.values()) else None

    def _custom(self, item: JsonValue) -> CustomField | None:
        name, value = ("", item) if not isinstance(item, dict) else (name_of(item.get("name")), item.get("value"))
        parts = [name_of(part) for part in items_of(value)]
        text = ", ".join(part for part in parts if part)
        if not name and not text:
            return None
        # Without a name, or as several values, it can be shown but not be written back as it stands.
        if not name or isinstance(value, list) or (not text and not is_nothing(value)):
            self.keep("cusFields")
        return CustomField(name=name, value=text)


def _read_kind(item: Mapping[str, JsonValue]) -> Kind | None:
    contact_type, kind_type = text_of(item.get("contactType")).casefold(), text_of(item.get("type"))
    if contact_type == "lead" or (not contact_type and id_of(item.get("leadId")) and not id_of(item.get("customerId"))):
        return "lead"
    if contact_type == "customer" or (not contact_type and id_of(item.get("customerId"))):
        # Type 0 is the API's default.
        return TYPES_READ.get(kind_type)
    return None


def _gender(value: JsonValue) -> Gender | None:
    text = text_of(value)
    return GENDERS[int(text)] if text in {"0", "1", "2"} else None


def _number(value: JsonValue) -> float | None:
    try:
        number = float(text_of(value))
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _phone(item: JsonValue) -> Phone | None:
    text, label = _labelled(item, "type")
    return Phone(value=text, type=label or "Work") if text else None


def _email(item: JsonValue) -> Email | None:
    text, label = _labelled(item, "type")
    return Email(value=text, type=label or "Work") if text else None


def _social(item: JsonValue) -> Social | None:
    text, label = _labelled(item, "protocol")
    return Social(value=text, protocol=label) if text else None


def _labelled(item: JsonValue, label: str) -> tuple[str, str]:
    """Value and label of an element of phones, emails or im; an element may be a bare text."""
    if isinstance(item, dict):
        return text_of(item.get("value")), name_of(item.get(label))
    return text_of(item), ""


def _lead_source(item: JsonValue) -> LeadSource | None:
    if isinstance(item, dict):
        read = {"id": id_of(item.get("_id")), "code": text_of(item.get("code")), "name": text_of(item.get("name"))}
        return LeadSource(**read) if any(read.values()) else None
    return LeadSource(name=text) if (text := text_of(item)) else None


def _ad(item: JsonValue) -> AdTouch | None:
    if not isinstance(item, dict):
        return AdTouch(id=text) if (text := text_of(item)) else None
    read = {"id": item.get("_id"), "ad": item.get("fb_ads_id"), "post": item.get("fb_post_id")}
    words = {ours: text_of(value) for ours, value in read.items()}
    at = read_moment(item.get("createdAt"))
    return AdTouch(**words, at=at) if at is not None or any(words.values()) else None


def _without(item: JsonValue, keys: set[str]) -> JsonValue:
    return {key: value for key, value in item.items() if key not in keys} if isinstance(item, dict) else item
