"""AntCRM's JSON ↔ our models. Pure: no I/O, no clock.

What the vendor's page leaves open about shapes is accepted here in every variant: lists as an object, an array or
`{data: […]}`; ids and enumerations as numbers or text; names as text or `{_id, name}`; four ways to write a date;
null, missing and `""` for nothing. What cannot be read is kept or is an error, never silently dropped.
"""

from antcrm_tools.wire.names import Json
from antcrm_tools.wire.read import Written, raise_if_refused, read_customers, read_json, read_written, vendor_message
from antcrm_tools.wire.write import write_by_code, write_draft, write_edit, write_query, write_ref

__all__ = [
    "Json",
    "Written",
    "raise_if_refused",
    "read_customers",
    "read_json",
    "read_written",
    "vendor_message",
    "write_by_code",
    "write_draft",
    "write_edit",
    "write_query",
    "write_ref",
]
