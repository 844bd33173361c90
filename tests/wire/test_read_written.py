from __future__ import annotations

import pytest
from pydantic import JsonValue

from antcrm_tools.errors import Refused, UnreadableAnswer
from antcrm_tools.refs import Ref
from antcrm_tools.wire import raise_if_refused, read_customers, read_written, vendor_message


@pytest.mark.parametrize("refusal", [0, "0", False, "false", None, "", 0.0])
def test_no_success_is_a_refusal_with_the_vendors_words(refusal: JsonValue) -> None:
    payload: dict[str, JsonValue] = {"success": refusal, "message": "Số điện thoại\nkhông đúng"}
    for read in (read_customers, read_written, raise_if_refused):
        with pytest.raises(Refused) as caught:
            read(payload)
        assert caught.value.vendor_message == "Số điện thoại không đúng"


@pytest.mark.parametrize("payload", [{}, {"name": "An"}, {"success": 1}, {"success": "true"}, {"success": True}])
def test_anything_else_is_no_refusal(payload: dict[str, JsonValue]) -> None:
    raise_if_refused(payload)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"message": "sai"}, "sai"),
        ({"error": "sai"}, "sai"),
        ({"error": {"message": "sai", "code": 3}}, "sai"),
        ({"errors": [{"message": "sai"}, "nữa"]}, "sai; nữa"),
        ({"message": ["sai", "nữa"]}, "sai; nữa"),
        ({"message": {}, "error": "sai"}, "sai"),
        ({"error": True, "message": "", "detail": "sai"}, "sai"),
        ({"msg": 17}, "17"),
        ({}, ""),
        ([], ""),
        ("sai", ""),
        (None, ""),
    ],
)
def test_vendor_message(payload: JsonValue, words: str) -> None:
    assert vendor_message(payload) == words


@pytest.mark.parametrize(
    ("payload", "refs"),
    [
        ({"success": 1, "leadId": 9457}, ("L9457",)),
        ({"success": "1", "leadId": "9457"}, ("L9457",)),
        ({"success": True, "customerId": 9457}, ("C9457",)),
        ({"leadId": 9457}, ("L9457",)),
        ({"success": 1, "leadId": [9457, "9458", 9459.0]}, ("L9457", "L9458", "L9459")),
        ({"success": 1, "customerId": [9457]}, ("C9457",)),
        ({"success": 1, "leadId": [1, None, ""], "customerId": None}, ("L1",)),
        ({"success": 1, "leadId": False, "customerId": 5}, ("C5",)),
        ({"success": 1, "leadId": [], "customerId": ""}, ()),
        ({"success": 1}, ()),
    ],
)
def test_what_was_written(payload: JsonValue, refs: tuple[str, ...]) -> None:
    assert tuple(map(str, read_written(payload).refs)) == refs


def test_lead_ids_and_customer_ids_are_separate() -> None:
    assert read_written({"success": 1, "leadId": 5, "customerId": 5}).refs == (Ref("lead", "5"), Ref("customer", "5"))


@pytest.mark.parametrize("payload", [{}, [], None, "ok", 1, [{"success": 1, "leadId": 1}], {"data": {"leadId": 1}}])
def test_a_write_answered_with_something_else_cannot_be_read(payload: JsonValue) -> None:
    with pytest.raises(UnreadableAnswer):
        read_written(payload)
