"""Writing requests for AntCRM: bodies and parameters. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from antcrm_tools.models import Address, CustomField, Draft, Edit, Element, Email, Phone, Query, Social
from antcrm_tools.refs import Ref
from antcrm_tools.wire.dates import write_day
from antcrm_tools.wire.names import ADDRESS_KEYS, FIELD_KEYS, GENDERS, TYPES, Json


def write_draft(draft: Draft) -> Json:
    """The body of POST, or one row of the package: kind, code and every field that holds something."""
    body: Json = {"customerIdApiRing": draft.code, "contactType": "lead" if draft.kind == "lead" else "customer"}
    if draft.kind != "lead":
        body["type"] = TYPES[draft.kind]
    return body | {
        key: value for key, value in _write_fields(draft, Edit.model_fields).items() if value not in ("", [])
    }


def write_edit(ref: Ref, edit: Edit) -> Json:
    """The body of PUT: exactly one id and only the fields that were set. An emptied text is `""`, an array `[]`."""
    return write_ref(ref) | _write_fields(edit, edit.model_fields_set)


def write_by_code(code: str, edit: Edit) -> Json:
    """The body of PUT for the customer that bears our own code, whatever its number."""
    return {"customerIdApiRing": code} | _write_fields(edit, edit.model_fields_set)


def write_ref(ref: Ref) -> Json:
    """Exactly one id: the body of DELETE (row "does DELETE take its id in the body or the query?")."""
    return {"leadId" if ref.space == "lead" else "customerId": ref.id}


def write_query(query: Query) -> dict[str, str]:
    """The parameters of GET, without paging."""
    params: dict[str, str] = {}
    if query.kind is not None or query.space is not None:
        space = query.space if query.kind is None else "lead" if query.kind == "lead" else "customer"
        params["contactType"] = str(space)
    if query.kind in TYPES:
        params["type"] = TYPES[query.kind]
    if query.phone is not None:
        params["phone"] = query.phone
    if query.email is not None:
        params["email"] = query.email
    days = {
        "createdAtf": query.created_from,
        "createdAtt": query.created_to,
        "updateAtf": query.updated_from,
        "updateAtt": query.updated_to,
    }
    return params | {key: day.isoformat() for key, day in days.items() if day is not None}


def _write_fields(edit: Edit, fields: Iterable[str]) -> Json:
    values: Json = {
        "name": edit.name,
        "phones": [write_element(element) for element in edit.phones],
        "emails": [write_element(element) for element in edit.emails],
        "stage": edit.stage,
        "tags": list[JsonValue](edit.tags),
        "owner": edit.owner,
        "source": edit.source,
        "industry": edit.industry,
        "note": edit.note,
        "gender": "" if edit.gender is None else str(GENDERS.index(edit.gender)),
        "date_of_birth": write_day(edit.date_of_birth),
        "addresses": [write_element(element) for element in edit.addresses],
        "socials": [write_element(element) for element in edit.socials],
        "custom_fields": [write_element(element) for element in edit.custom_fields],
    }
    wanted = frozenset(fields)
    return {FIELD_KEYS[name]: value for name, value in values.items() if name in wanted}


def write_element(element: Element) -> JsonValue:
    """An element of an array: as it came where it was only read, in the documented form where it is ours."""
    came_as = element.as_it_came()
    return documented_form(element) if came_as is None else came_as


def documented_form(element: Element) -> Json:
    """An element with the fields the vendor documents, and no others."""
    match element:
        case Phone() | Email():
            return {"type": element.type, "value": element.value}
        case Social():
            return {"protocol": element.protocol, "value": element.value}
        case CustomField():
            return {"name": element.name, "value": element.value}
        case Address():
            return _write_address(element)
        case _:
            raise TypeError(type(element).__name__)


def _write_address(address: Address) -> Json:
    words: Json = {theirs: getattr(address, ours) for theirs, ours in ADDRESS_KEYS.items()}
    if address.country_code or address.country:
        words["country"] = {"code": address.country_code, "name": address.country}
    return {key: value for key, value in words.items() if value != ""}
