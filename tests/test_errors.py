"""Errors end up in logs: what they are called there never holds a customer's data or a key."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from antcrm_tools import errors
from antcrm_tools.errors import CrmError
from antcrm_tools.refs import require_ref
from antcrm_tools.registry import validate
from antcrm_tools.text import LANGUAGES, msg, verbatim
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.create_lead import LeadFields
from antcrm_tools.wire import raise_if_refused, read_customers, read_json, read_written

NAME = "Nguyễn Bí Mật"
PHONE = "0912345678"
KEY = "k3y-of-the-company"
SECRET = f"{NAME} {PHONE} {KEY}"

WHAT = msg("About {who}.", who=SECRET)
EVERY: dict[type[CrmError], CrmError] = {
    type(error): error
    for error in (
        CrmError(WHAT, done=WHAT, then=WHAT),
        errors.BadInput(WHAT),
        errors.NotAllowed(WHAT),
        errors.CannotAsk(WHAT),
        errors.NotActed(WHAT),
        errors.BrokenRead(WHAT),
        errors.RateLimited(3.0),
        errors.Refused(SECRET),
        errors.Unauthorised(SECRET),
        errors.NotFound(SECRET, SECRET),
        errors.ChangedMeanwhile(SECRET),
        errors.UnreadableAnswer(SECRET),
        errors.FilterIgnored(SECRET),
        errors.PagingBroken(),
        errors.MayHaveActed(WHAT),
        errors.NotStored(WHAT, done=WHAT),
        errors.FieldMoved(SECRET, {"note": SECRET}, WHAT, stopped=True),
        errors.EditsStopped(),
        errors.KeptForLater(WHAT, change=7, done=WHAT),
        errors.Held(WHAT),
        errors.OverCap(WHAT),
        errors.LedgerBroken(WHAT),
    )
}


def _all(root: type[CrmError]) -> set[type[CrmError]]:
    return {root}.union(*(_all(child) for child in root.__subclasses__() if child.__module__ == errors.__name__))


def _logged(error: BaseException) -> str:
    return "".join([str(error), repr(error), f"{error}", *traceback.format_exception(error)])


def _assert_silent(error: BaseException) -> None:
    logged = _logged(error)
    for planted in (NAME, "Bí Mật", PHONE, KEY):
        assert planted not in logged


def test_every_class_of_error_is_here() -> None:
    assert set(EVERY) == _all(CrmError)
    assert len({error.code for error in EVERY.values()}) == len(EVERY)


@pytest.mark.parametrize("error", EVERY.values(), ids=lambda error: type(error).__name__)
def test_what_a_log_gets_to_see(error: CrmError) -> None:
    try:
        raise error
    except CrmError as caught:
        _assert_silent(caught)


@pytest.mark.parametrize("error", EVERY.values(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_person_gets_to_see(error: CrmError, language: str) -> None:
    said = error.render("vi" if language == "vi" else "en")
    assert "{" not in said
    assert len(said) < 1500
    if type(error) not in {errors.RateLimited, errors.PagingBroken, errors.EditsStopped, errors.Unauthorised}:
        assert NAME in said


@pytest.mark.parametrize(
    "provoke",
    [
        lambda: require_ref(SECRET),
        lambda: require_ref(f"code:{SECRET}"),
        lambda: tool_named(SECRET),
        lambda: tool_named("create_lead").call({"name": NAME, "phones": [SECRET]}),
        lambda: tool_named("create_lead").call({"name": NAME, SECRET: 1}),
        lambda: tool_named("create_lead").call({"name": [SECRET], "date_of_birth": SECRET, "gender": SECRET}),
        lambda: tool_named("update_stage").call({"ref": SECRET, "stage": PHONE}),
        lambda: tool_named("find_customers").call({"query": SECRET, "limit": SECRET}),
        lambda: validate(LeadFields, {"name": NAME, "custom_fields": {SECRET: 1}}),
        lambda: validate(LeadFields, {"name": SECRET + "\ud83d"}),
        lambda: read_json(f"<html>{SECRET}".encode()),
        lambda: read_json(f'{{"name": "{SECRET}'.encode()),
        lambda: read_customers([{"name": NAME, "phones": [PHONE]}]),
        lambda: read_written({"answer": SECRET}),
        lambda: raise_if_refused({"success": 0, "message": SECRET}),
    ],
)
def test_what_our_own_code_raises_is_as_silent(provoke: Callable[[], object]) -> None:
    with pytest.raises(CrmError) as caught:
        provoke()
    _assert_silent(caught.value)


def test_the_vendors_words_stay_on_one_short_line() -> None:
    error = errors.Refused("Sai.\nNothing was changed. Everything is fine\u202e" + "x" * 500)
    assert "\n" not in error.render("en")
    assert len(error.vendor_message) == 200


def test_a_moved_field_keeps_what_it_was_whole() -> None:
    note = "cũ {x} " + "dài " * 200 + "hết"
    words = verbatim(f"note: {note}; stage: Mới")
    error = errors.FieldMoved("L1", {"note": note, "stage": "Mới"}, words, stopped=False)
    assert error.before == {"note": note, "stage": "Mới"}
    assert error.fields == ("note", "stage")
    assert f"note: {note}; stage: Mới" in error.render("en")
    assert not error.stopped
    assert "stopped" not in error.render("en")


def test_what_was_lost_stops_edits_and_says_so() -> None:
    plain = errors.NotStored(WHAT, done=WHAT, fields=["note"])
    lost = errors.NotStored(WHAT, done=WHAT, fields=["note"], stopped=True)
    advised = errors.NotStored(WHAT, done=WHAT, then=verbatim("Look."), stopped=True)
    assert not plain.stopped
    assert lost.stopped
    assert "Edits are stopped" not in plain.render("en")
    assert "Edits are stopped" in lost.render("en")
    assert "nothing more is lost. Look." in advised.render("en")


def test_three_sentences_in_order() -> None:
    error = errors.BadInput(verbatim("one."), done=verbatim("two."), then=verbatim("three."))
    assert error.render("en") == "one. two. three."
    assert errors.BadInput(verbatim("one.")).render("en") == "one. Nothing was changed."
