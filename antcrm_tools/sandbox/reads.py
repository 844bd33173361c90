"""``GET /contacts``: which records, and in which shape."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from antcrm_tools.sandbox.answers import Answer, RefusedError, answer, unknown
from antcrm_tools.sandbox.fields import digits
from antcrm_tools.sandbox.store import Query, Store
from antcrm_tools.sandbox.switches import Switches
from antcrm_tools.sandbox.views import view, zone

# "each page has a maximum of 20 customers" (the vendor's page).
PAGE_MAX = 20


def read(store: Store, switches: Switches, params: Mapping[str, str]) -> Answer:
    query = Query()
    _kinds(query, switches, params)
    _handles(query, switches, params)
    _days(query, switches, params)
    on_a_page = _page(query, switches, params)
    found = [view(row, switches) for row in store.select(query)] if on_a_page else []
    named = any(params.get(name) for name in ("leadId", "customerId", "phone", "email"))
    in_data = (switches.one_shape if named else switches.list_shape) == "object_data"
    if not found and switches.none_shape == "404":
        return unknown("404")
    if not found and switches.none_shape == "empty_object":
        return answer({})
    if in_data:
        return answer({"data": found})
    if named and len(found) == 1 and switches.one_shape == "object":
        return answer(found[0])
    return answer(found)


def _kinds(query: Query, switches: Switches, params: Mapping[str, str]) -> None:
    if not switches.ignores("contactType"):
        query.space = params.get("contactType") or ("lead" if switches.kinds_by_default == "lead" else None)
    kind = params.get("type")
    if kind and not switches.ignores("type"):
        # A type nobody has finds nobody.
        query.type = int(kind) if kind in {"0", "1"} else -1


def _handles(query: Query, switches: Switches, params: Mapping[str, str]) -> None:
    if (number := params.get("leadId")) and not switches.ignores("leadId"):
        query.handles.append(("lead", number))
        query.with_deleted = True
    if (number := params.get("customerId")) and not switches.ignores("customerId"):
        query.handles.append(("customer", number))
        query.with_deleted = True
    if (phone := params.get("phone")) and not switches.ignores("phone"):
        exact = switches.phone_match == "exact"
        query.handles.append(("phone", phone) if exact else ("phone_digits", digits(phone)))
    if (email := params.get("email")) and not switches.ignores("email"):
        query.handles.append(("email", email.casefold()))


def _days(query: Query, switches: Switches, params: Mapping[str, str]) -> None:
    def edge(name: str, *, upper: bool) -> int | None:
        text = params.get(name)
        if not text or switches.ignores("dates"):
            return None
        try:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone(switches))
        except ValueError:
            raise RefusedError(f"{name} is invalid") from None
        if upper and switches.day_to == "inclusive":
            day += timedelta(days=1)
        return int(day.timestamp() * 1000)

    query.created_from = edge("createdAtf", upper=False)
    query.created_to = edge("createdAtt", upper=True)
    query.updated_from = edge("updateAtf", upper=False)
    query.updated_to = edge("updateAtt", upper=True)


def _page(query: Query, switches: Switches, params: Mapping[str, str]) -> bool:
    """Set limit and offset; False when the page asked for cannot hold anything."""
    limit = _number(params, "limit", PAGE_MAX)
    if limit > PAGE_MAX and switches.limit_over == "refuse" and switches.fixed_page_size is None:
        raise RefusedError(f"limit must not be greater than {PAGE_MAX}")
    query.limit = switches.fixed_page_size or max(1, min(limit, PAGE_MAX))
    page = _number(params, "page", switches.page_base)
    if switches.page_ignored:
        page = switches.page_base
    if page < switches.page_base:
        if switches.page_zero == "400":
            raise RefusedError("page is invalid")
        if switches.page_zero == "empty":
            return False
    query.offset = max(0, page - switches.page_base) * query.limit
    return True


def _number(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name, "")
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise RefusedError(f"{name} must be a number") from None
