"""Whether the records in an answer bear what was asked for. Pure.

AntCRM may ignore a filter (row "may GET by id, phone or e-mail ignore the filter?"): then an answer holds other
people's records, and taking the first of them for a hit would show or change the wrong customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo

from antcrm_tools.errors import FilterIgnored, NotFound, UnreadableAnswer
from antcrm_tools.identity import phones
from antcrm_tools.meaning import email_key
from antcrm_tools.models import Customer, Query
from antcrm_tools.refs import Ref
from antcrm_tools.wire.dates import day_in

_SLACK = 1
"""Days by which windows are widened on each side (row "day filters are in UTC or Vietnam time; inclusive or not")."""


def widened(query: Query) -> Query:
    """The query to send: a day earlier and a day later than a person means."""
    if query.as_sent:
        return query
    return query.model_copy(
        update={
            "created_from": _shifted(query.created_from, -_SLACK),
            "created_to": _shifted(query.created_to, _SLACK),
            "updated_from": _shifted(query.updated_from, -_SLACK),
            "updated_to": _shifted(query.updated_to, _SLACK),
        }
    )


def the_one(ref: Ref, customers: Sequence[Customer]) -> Customer:
    """The record that bears `ref`.

    Raises:
        NotFound: there is none.
        FilterIgnored: there are others.
        UnreadableAnswer: two records of one number differ.
    """
    if any(customer.as_ref() != ref for customer in customers):
        raise FilterIgnored("leadId" if ref.space == "lead" else "customerId")
    if not customers:
        raise NotFound(str(ref))
    first, *others = customers
    if any(other != first for other in others):
        raise UnreadableAnswer(", ".join(str(customer.as_ref()) for customer in customers))
    return first


def is_deleted(customer: Customer) -> bool:
    """Row "deletes: soft or hard": a record that says of itself that it is deleted is treated as gone."""
    marks = (customer.extra.get(key) for key in ("deleted", "isDeleted", "is_deleted", "deletedAt"))
    return any(mark and mark not in {"0", "false"} for mark in marks if not isinstance(mark, dict | list))


def asked_for(query: Query, customers: Iterable[Customer], *, region: str, zone: tzinfo) -> list[Customer]:
    """The customers whose days, in `zone`, are those the (unwidened) query means; a day that is not known counts.

    Of a query that is sent as it stands everything counts that its window explains.

    Raises:
        FilterIgnored: one lacks the phone, e-mail or kind, or is further off than the widened window explains.
    """
    return [customer for customer in customers if _is_asked_for(query, customer, region, zone)]


def _is_asked_for(query: Query, customer: Customer, region: str, zone: tzinfo) -> bool:
    ref = customer.as_ref()
    space = query.space if query.kind is None else "lead" if query.kind == "lead" else "customer"
    if space is not None and ref.space != space:
        raise FilterIgnored("contactType")
    if query.kind is not None and customer.kind != query.kind:
        raise FilterIgnored("type")
    if query.phone is not None and not any(phones.same(p.value, query.phone, region) for p in customer.phones):
        raise FilterIgnored("phone")
    if query.email is not None and email_key(query.email) not in {email_key(e.value) for e in customer.emails}:
        raise FilterIgnored("email")
    created, updated = day_in(customer.created_at, zone), day_in(customer.updated_at, zone)
    within = [
        _not_before("createdAtf", created, query.created_from),
        _not_after("createdAtt", created, query.created_to),
        _not_before("updateAtf", updated, query.updated_from),
        _not_after("updateAtt", updated, query.updated_to),
    ]
    return query.as_sent or all(within)


def _not_before(parameter: str, day: date | None, first: date | None) -> bool:
    if day is None or first is None:
        return True
    if (first - day).days > 2 * _SLACK:
        raise FilterIgnored(parameter)
    return day >= first


def _not_after(parameter: str, day: date | None, last: date | None) -> bool:
    if day is None or last is None:
        return True
    if (day - last).days > 2 * _SLACK:
        raise FilterIgnored(parameter)
    return day <= last


def _shifted(day: date | None, days: int) -> date | None:
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return day
