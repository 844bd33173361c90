"""Whatever AntCRM answers: it is read, or it is an error of ours. Never an error of Python's or of a library's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from antcrm_tools.errors import CrmError, Refused, UnreadableAnswer
from antcrm_tools.wire import raise_if_refused, read_customers, read_json, read_written, vendor_message
from antcrm_tools.wire.names import DOCUMENTED
from antcrm_tools.wire.values import sound, text_of

T = TypeVar("T")

HUGE = 10**400
unhurried = settings(deadline=None, max_examples=100)

words = st.sampled_from(
    ["", " ", "0", "1", "lead", "customer", "9457", "March 15, 2000", "2025-05-30", "9999-12-31T23:59:59Z", "\ud83d"]
)
numbers = (
    st.integers()
    | st.sampled_from([HUGE, -HUGE, -99999999999999, 99999999999999, 10**17])
    | st.floats(allow_nan=True, allow_infinity=True)
)
leaves = st.none() | st.booleans() | numbers | words | st.text(st.characters(), max_size=12)
keys = st.sampled_from(
    [*sorted(DOCUMENTED), "success", "data", "message", "error", "errors", "_id", "value", "name", "country", "email"]
) | st.text(st.characters(), max_size=4)


def _containers(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)


anything: st.SearchStrategy[JsonValue] = st.recursive(leaves, _containers, max_leaves=25)
records: st.SearchStrategy[JsonValue] = st.fixed_dictionaries(
    {"leadId": st.just(1) | anything}, optional=dict.fromkeys(sorted(DOCUMENTED - {"leadId"}), anything)
)


def nested(depth: int, wrap: Callable[[JsonValue], JsonValue], core: JsonValue) -> JsonValue:
    value = core
    for _ in range(depth):
        value = wrap(value)
    return value


def outcome(read: Callable[[], T]) -> T | CrmError:
    """What was read, or the error of ours, which can be shown."""
    try:
        return read()
    except CrmError as error:
        error.render("en").encode()
        return error


@unhurried
@given(anything | records | st.lists(records, max_size=3))
@example({"leadId": 1, "scoreRank": HUGE, "createdAt": HUGE})
@example({"leadId": 1, "createdAt": -99999999999999, "dateOfBirth": float("inf")})
@example({"leadId": 1, "dateOfBirth": "9999-12-31T23:59:59Z"})
@example({"leadId": float("nan"), "scoreRank": float("nan")})
@example({"leadId": 1, "name": "\ud83d", "x\ud83d": ["\ude00"]})
def test_reading_customers(payload: JsonValue) -> None:
    customers = outcome(lambda: read_customers(payload))
    # What was read can be shown, stored and sent: each has an id, and is JSON in UTF-8.
    for customer in [] if isinstance(customers, CrmError) else customers:
        assert customer.id
        assert customer.model_dump_json().encode()


@unhurried
@given(anything)
def test_reading_what_was_written(payload: JsonValue) -> None:
    written = outcome(lambda: read_written(payload))
    assert isinstance(written, CrmError) or all(ref.id for ref in written.refs)


@unhurried
@given(st.dictionaries(keys, anything, max_size=6))
def test_refusals(payload: dict[str, JsonValue]) -> None:
    assert isinstance(vendor_message(payload).encode(), bytes)
    refused = outcome(lambda: raise_if_refused(payload))
    assert refused is None or isinstance(refused, Refused)


@unhurried
@given(st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()))
def test_reading_bytes(body: bytes) -> None:
    value = outcome(lambda: read_json(body))
    # What is let through is JSON: Python's own parser also takes NaN and Infinity.
    assert isinstance(value, CrmError) or json.dumps(value, allow_nan=False)


def _array(value: JsonValue) -> JsonValue:
    return [value]


def _data(value: JsonValue) -> JsonValue:
    return {"data": value}


def _error(value: JsonValue) -> JsonValue:
    return {"error": value}


DEEP = 3_000


@pytest.mark.parametrize(
    "payload",
    [
        nested(DEEP, _array, "x"),
        nested(DEEP, _data, "x"),
        [{"leadId": 1, "deep": nested(DEEP, _array, "x")}],
        [{"leadId": 1, "stage": nested(DEEP, _array, "x")}],
        [{"leadId": 1, "phones": nested(DEEP, _array, "x")}],
    ],
    ids=["array", "data", "unknown", "name", "element"],
)
def test_nested_too_deeply(payload: JsonValue) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_customers(payload)
    assert caught.value.quote
    with pytest.raises(UnreadableAnswer):
        read_written(nested(DEEP, _error, "x"))


def test_a_message_nested_too_deeply_is_none() -> None:
    assert vendor_message(nested(DEEP, _error, "x")) == ""


def test_bytes_nested_too_deeply() -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_json(b"[" * 1_000_000)
    assert caught.value.quote.startswith("[[[")


@given(st.text(st.characters()))
def test_a_text_is_one_that_can_be_sent(text: str) -> None:
    assert text_of(text) == sound(text).strip()
