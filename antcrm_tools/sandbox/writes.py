"""``POST``, ``PUT`` and ``DELETE /contacts``, and ``POST /contacts/package``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from antcrm_tools.sandbox import rules
from antcrm_tools.sandbox.answers import Answer, RefusedError, answer, unknown
from antcrm_tools.sandbox.fields import ARRAYS, WRITABLE, empty, national_digits
from antcrm_tools.sandbox.store import ContactType, Query, Row, Store
from antcrm_tools.sandbox.switches import OnKnown, Switches
from antcrm_tools.sandbox.views import id_fields, id_name, id_value

# "Limit 100 contacts per request" (the vendor's page).
PACKAGE_MAX = 100


def new_row(contact_type: ContactType, kind: int | None, fields: dict[str, Any], now: int) -> Row:
    """A customer as AntCRM holds it, with everything that was not given empty."""
    full = {name: empty(name) for name in WRITABLE}
    full |= {"scoreAvailable": 0, "scoreRank": 0, "rankName": "", "createdByBot": "API"}
    full |= {"sourceLead": None, "historiesAds": []}
    full |= {name: value for name, value in fields.items() if value not in (None, "")}
    return Row(space=contact_type, type=kind, fields=full, created=now, updated=now)


@dataclass(slots=True)
class Writes:
    """The writes of one moment, ``now`` in epoch milliseconds."""

    store: Store
    switches: Switches
    now: int

    def find(self, body: Mapping[str, Any]) -> Row | None:
        """The customer a body names by ``leadId``, ``customerId`` or ``customerIdApiRing``, looked at in that order."""
        spaces: tuple[ContactType, ...] = ("lead", "customer")
        for space in spaces:
            number = body.get(id_name(space))
            if number not in (None, ""):
                text = str(number)
                return self.store.get(space, int(text)) if text.isdecimal() else None
        code = body.get("customerIdApiRing")
        if not code:
            raise RefusedError("leadId or customerId or customerIdApiRing is required")
        return self.store.by_code(str(code))

    def post(self, body: Any) -> Answer:
        row = self._add(body)
        found = id_fields(row.space, row.id, self.switches)
        return answer({"success": 1, **found}, acted=not self.switches.acknowledge_without_storing)

    def package(self, body: Any) -> Answer:
        if not isinstance(body, list) or not body:
            raise RefusedError("Body must be an array of contacts")
        bodies = cast("list[Any]", body)
        if len(bodies) > PACKAGE_MAX:
            raise RefusedError(f"Limit {PACKAGE_MAX} contacts per request")
        rows: list[Row] = []
        with self.store.transaction():
            for one in bodies:
                try:
                    rows.append(self._add(one))
                except RefusedError:
                    if self.switches.bulk_bad_row == "fail":
                        raise
        if self.switches.bulk_ids == "reversed":
            rows.reverse()
        found: dict[str, Any] = {} if rows else {"leadId": []}
        for row in rows:
            found.setdefault(id_name(row.space), []).append(id_value(row.id, self.switches))
        acted = bool(rows) and not self.switches.acknowledge_without_storing
        return answer({"success": 1, **found}, acted=acted)

    def put(self, body: Any) -> Answer:
        values = as_object(body)
        row = self.find(values)
        if row is None:
            return self._put_unknown(values)
        fields = rules.checked(values, creating=False)
        acted = not self.switches.acknowledge_without_storing
        if acted:
            self._edit(row, fields)
        return answer({"success": 1, **id_fields(row.space, row.id, self.switches)}, acted=acted)

    def delete(self, query: Mapping[str, str], body: Any) -> Answer:
        in_query = self.switches.delete_id_in == "query"
        row = self.find(query if in_query else as_object({} if body is None else body))
        if row is None:
            return unknown(self.switches.delete_unknown)
        if self.switches.acknowledge_without_storing:
            return answer({"success": 1})
        self.store.remove(row, hard=self.switches.delete == "hard")
        return answer({"success": 1}, acted=True)

    def _put_unknown(self, body: dict[str, Any]) -> Answer:
        if self.switches.put_unknown != "upsert":
            return unknown(self.switches.put_unknown)
        # An id is AntCRM's to give, so only an unknown code can become a new customer.
        if any(body.get(name) for name in ("leadId", "customerId")):
            return unknown("404")
        return self.post(body)

    def _add(self, body: Any) -> Row:
        values = as_object(body)
        fields = rules.checked(values, creating=True)
        space, kind = rules.kind_of(values)
        code = rules.code_of(values)
        stores = not self.switches.acknowledge_without_storing
        known = self._known(self.store.by_code(code), self.switches.post_known_code, "customerIdApiRing")
        phones: list[dict[str, str]] = fields.get("phones") or []
        for phone in phones:
            met = self._by_phone(phone["value"])
            known = known or self._known(met, self.switches.post_known_phone, "phone")
        if known is not None:
            if stores:
                self._edit(known, fields)
            return known
        row = new_row(space, kind, self._kept(fields), self.now)
        row.code = code
        if not stores:
            # The answer bears an id all the same, which is what makes this failure hard to see.
            row.id = self.store.reserve(space)
            return row
        return self.store.save(row)

    def _by_phone(self, phone: str) -> Row | None:
        met = self.store.select(Query(handles=[("phone_national", national_digits(phone))], limit=1))
        return met[0] if met else None

    def _known(self, row: Row | None, then: OnKnown, what: str) -> Row | None:
        if row is None or then == "double":
            return None
        if then == "refuse":
            raise RefusedError(f"{what} already exists")
        return row

    def _kept(self, fields: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in fields.items() if name not in self.switches.drop_fields}
        return kept if "name" in kept else {"name": "", **kept}

    def _edit(self, row: Row, fields: dict[str, Any]) -> None:
        for name in WRITABLE:
            if name in self.switches.drop_fields:
                continue
            if name in fields:
                row.fields[name] = self._edited(name, row.fields[name], fields[name])
            elif self.switches.put_unsent == "clear" and name != "name":
                row.fields[name] = empty(name)
        row.updated = max(self.now, row.updated)
        self.store.save(row)

    def _edited(self, name: str, old: Any, new: Any) -> Any:
        clears_by = self.switches.put_clears_by
        if new is None:
            return empty(name) if clears_by == "null" else old
        if new == "":
            return empty(name) if clears_by == "empty_text" else old
        if name not in ARRAYS:
            return new
        if self.switches.put_arrays == "merge":
            return old + [element for element in new if element not in old]
        return old if not new and clears_by == "never" else new


def as_object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise RefusedError("Body must be an object")
    return cast("dict[str, Any]", body)
