from __future__ import annotations

import pytest
from pydantic import JsonValue

from antcrm_tools.errors import UnreadableAnswer
from antcrm_tools.refs import parse_ref
from antcrm_tools.wire import read_customers, read_json

AN: dict[str, JsonValue] = {"contactType": "lead", "leadId": 9457, "name": "An"}


@pytest.mark.parametrize("payload", [AN, [AN], {"data": [AN]}, {"data": AN}, {"success": 1, "data": [AN], "total": 1}])
def test_a_record_comes_in_any_wrapping(payload: JsonValue) -> None:
    assert [customer.ref for customer in read_customers(payload)] == ["L9457"]


@pytest.mark.parametrize("payload", [{}, [], {"data": []}, {"data": {}}, {"data": None}, {"success": 1, "data": []}])
def test_none_comes_in_any_wrapping(payload: JsonValue) -> None:
    assert read_customers(payload) == []


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "",
        "none",
        0,
        True,
        [None],
        [{}],
        [[AN]],
        ["An"],
        [AN, {"name": "không có số"}],
        {"success": 1},
        {"data": "x"},
        {"error": "oops"},
        {"contactType": "lead", "leadId": None, "name": "An"},
        {"contactType": "lead", "leadId": "", "name": "An"},
        {"contactType": "lead", "leadId": False, "name": "An"},
        {"contactType": "lead", "customerId": 9457, "name": "An"},
        {"contactType": "customer", "leadId": 9457, "name": "An"},
        {"contactType": "customer", "type": 2, "customerId": 9457},
        {"contactType": "supplier", "customerId": 9457},
    ],
)
def test_what_cannot_be_read_is_an_error_that_quotes_it(payload: JsonValue) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_customers(payload)
    assert caught.value.quote
    assert caught.value.quote in caught.value.render("en")


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"name": "An', b"\xff\xfe{", b"NaN", b"[1e999]"])
def test_what_is_no_json_is_an_error_that_quotes_it(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_json(body)
    assert caught.value.quote == body.decode("utf-8", "replace").strip()


def test_an_error_quotes_no_more_than_the_beginning() -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_json(b"<html>\n" + b"x" * 100_000)
    assert caught.value.quote.startswith("<html> xxx")
    assert len(caught.value.quote) == 200


@pytest.mark.parametrize(
    ("ids", "ref"),
    [
        ({"contactType": "lead", "leadId": 9457}, "L9457"),
        ({"contactType": "Lead", "leadId": "9457"}, "L9457"),
        ({"contactType": "lead", "leadId": 9457.0}, "L9457"),
        ({"contactType": "lead", "leadId": " 9457 "}, "L9457"),
        ({"contactType": "lead", "leadId": "5f0c0ffee0ddba11c0decafe"}, "L5f0c0ffee0ddba11c0decafe"),
        ({"contactType": "customer", "customerId": 9457}, "C9457"),
        ({"contactType": "customer", "customerId": "9457", "leadId": ""}, "C9457"),
        ({"leadId": 9457}, "L9457"),
        ({"customerId": 9457, "leadId": None}, "C9457"),
        ({"customerId": 9457, "leadId": 12}, "C9457"),
        ({"contactType": None, "leadId": 9457, "customerId": False}, "L9457"),
    ],
)
def test_ids_come_as_numbers_or_text(ids: dict[str, JsonValue], ref: str) -> None:
    (customer,) = read_customers([ids])
    assert customer.ref == ref
    assert parse_ref(customer.ref) == customer.as_ref()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("lead", {"contactType": "lead", "type": 1}),
        ("contact", {"contactType": "customer"}),
        ("contact", {"contactType": "customer", "type": 0}),
        ("contact", {"contactType": "customer", "type": "0"}),
        ("contact", {"contactType": "customer", "type": ""}),
        ("contact", {"contactType": "customer", "type": None}),
        ("account", {"contactType": "customer", "type": 1}),
        ("account", {"contactType": "CUSTOMER", "type": "1"}),
        ("account", {"type": 1.0}),
    ],
)
def test_kinds(kind: str, fields: dict[str, JsonValue]) -> None:
    ids: dict[str, JsonValue] = {"leadId": 1} if kind == "lead" else {"customerId": 1}
    (customer,) = read_customers([{**ids, **fields}])
    assert customer.kind == kind


@pytest.mark.parametrize(
    ("fields", "ref", "kept"),
    [
        ({"contactType": "lead", "leadId": 1, "customerId": 2}, "L1", {"customerId": 2}),
        ({"contactType": "customer", "leadId": 1, "customerId": 2}, "C2", {"leadId": 1}),
        ({"contactType": "customer", "leadId": None, "customerId": 2}, "C2", {}),
    ],
)
def test_a_converted_lead_keeps_the_other_id(
    fields: dict[str, JsonValue], ref: str, kept: dict[str, JsonValue]
) -> None:
    (customer,) = read_customers([fields])
    assert (customer.ref, customer.extra) == (ref, kept)
