"""AntCRM's words and ours, as tables."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import JsonValue

from antcrm_tools.models import Gender, Kind

Json: TypeAlias = dict[str, JsonValue]

GENDERS: tuple[Gender, ...] = ("male", "female", "other")
"""By AntCRM's number: 0, 1, 2."""

TYPES: dict[Kind, str] = {"contact": "0", "account": "1"}
TYPES_READ: dict[str, Kind] = {"": "contact", "0": "contact", "1": "account"}
"""`type` of a `contactType: customer`; 0 is the API's default."""

ADDRESS_KEYS = {"city": "city", "state": "district", "wards": "ward", "streetName": "street", "street": "house"}

FIELD_KEYS = {
    "name": "name",
    "phones": "phones",
    "emails": "emails",
    "stage": "stage",
    "tags": "tags",
    "owner": "responsibleStaff",
    "source": "sourceContact",
    "industry": "industry",
    "note": "bgInfo",
    "gender": "gender",
    "date_of_birth": "dateOfBirth",
    "addresses": "addresses",
    "socials": "im",
    "custom_fields": "cusFields",
}
"""Our writable fields → AntCRM's."""

DOCUMENTED = frozenset(FIELD_KEYS.values()) | {
    "contactType",
    "type",
    "leadId",
    "customerId",
    "scoreAvailable",
    "scoreRank",
    "rankName",
    "createdAt",
    "updatedAt",
    "createdByBot",
    "sourceLead",
    "historiesAds",
}
"""The documented fields of the GET answer; whatever else a record has is kept in `extra`."""
