"""What became of a call is said in the same words after it was written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from antcrm_tools.desk import dropped
from antcrm_tools.errors import (
    ChangedMeanwhile,
    CrmError,
    EditsStopped,
    FieldMoved,
    FilterIgnored,
    KeptForLater,
    LedgerBroken,
    MayHaveActed,
    NotFound,
    NotStored,
    PagingBroken,
    RateLimited,
    Refused,
    Unauthorised,
    UnreadableAnswer,
)
from antcrm_tools.ledger.settled import read_outcome, read_preview, write_outcome, write_preview
from antcrm_tools.models import WRITABLE, Customer
from antcrm_tools.outcomes import Done, Dropped, Failed, Queued, Settled, Unsure
from antcrm_tools.registry import Preview, Result, Tool
from antcrm_tools.text import LANGUAGES, Text, comma, join, msg, msgs, verbatim
from antcrm_tools.tools import TOOLS
from antcrm_tools.tools.delete_customer import Deleted
from antcrm_tools.tools.import_leads import Imported, ImportedRow
from tests.ledger.test_values import came, customers, json, text

unhurried = settings(deadline=None, max_examples=50)

WHAT = msg("There is no customer {ref} in AntCRM.", ref="L9457")


def _no_customer(ref: str) -> Text:
    return msg("There is no customer {ref} in AntCRM.", ref=ref)


def _count(count: int) -> Text:
    return msgs("{count} customer:", "{count} customers:", count, whole=count / 2)


def _days(first: date, last: date) -> Text:
    return msg("The first day ({first}) is after the last ({last}).", first=first, last=last)


def joined(leaves: st.SearchStrategy[Text]) -> st.SearchStrategy[Text]:
    """Sentences of sentences."""
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3).map(join) | st.lists(inner).map(comma))


leaves = st.builds(verbatim, text) | st.builds(_no_customer, text) | st.builds(_count, st.integers(0, 30))
same = joined(leaves)
"""Sentences that are equal again."""
sentences = joined(leaves | st.builds(_days, st.dates(), st.dates()))
"""Sentences that say the same again."""


def made(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Any value of a model, as its fields say."""
    return st.builds(model, **{name: field(name, each.annotation) for name, each in model.model_fields.items()})


def field(name: str, kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a field."""
    if name == "changed":
        return st.lists(st.sampled_from(WRITABLE), unique=True).map(tuple)
    known: dict[Any, st.SearchStrategy[Any]] = {Text: same, Customer: customers, Any: json, str: text}
    if kind in known:
        return known[kind]
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        return field("", parts[0])
    if origin in (Union, UnionType):
        return st.one_of([field("", part) for part in parts])
    if origin is tuple:
        return st.lists(field("", parts[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(text | st.sampled_from(["_map", "_text"]), field("", parts[1]), max_size=3)
    return made(kind) if hasattr(kind, "model_fields") else st.from_type(kind)


results: Mapping[type[Result], st.SearchStrategy[Result]] = {tool.returns: made(tool.returns) for tool in TOOLS}


def kinds() -> Iterator[type[CrmError]]:
    waiting = [CrmError]
    while waiting:
        kind = waiting.pop()
        if kind.__module__ == CrmError.__module__:
            yield kind
        waiting.extend(kind.__subclasses__())


ERRORS: Mapping[type[CrmError], CrmError] = {
    RateLimited: RateLimited(2.5),
    Refused: Refused("Tên không hợp lệ"),
    Unauthorised: Unauthorised("no"),
    NotFound: NotFound("L9457", "Không có"),
    ChangedMeanwhile: ChangedMeanwhile("Nguyễn Văn An"),
    UnreadableAnswer: UnreadableAnswer("<html>"),
    FilterIgnored: FilterIgnored("phone"),
    PagingBroken: PagingBroken(),
    NotStored: NotStored(WHAT, done=WHAT, fields=["stage", "note"], stopped=True),
    FieldMoved: FieldMoved("L9457", {"note": "cũ", "_text": "x"}, WHAT, stopped=False),
    EditsStopped: EditsStopped(),
    KeptForLater: KeptForLater(WHAT, change=7, done=WHAT),
}


def error_of(kind: type[CrmError]) -> CrmError:
    return ERRORS[kind] if kind in ERRORS else kind(WHAT, then=msgs("{count} customer:", "{count} customers:", 2))


def words(outcome: Settled) -> list[str]:
    """Everything a face may say of it, in both languages."""
    match outcome:
        case Done():
            said = outcome.result.sentence()
        case Failed():
            said = outcome.error.text
        case _:
            said = outcome.text
    return [said.render(language) for language in LANGUAGES]


def again(outcome: Settled, returns: type[Result] = Deleted) -> Settled:
    return read_outcome(write_outcome(outcome), returns)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_result_comes_back(tool: Tool[Any, Any]) -> None:
    @unhurried
    @given(results[tool.returns], st.booleans())
    def comes_back(result: Result, repeated: bool) -> None:
        outcome = Done(result, repeated)
        found = again(outcome, tool.returns)
        assert found == outcome
        assert isinstance(found, Done)
        for each in (dict[str, Any](exclude_defaults=True), dict[str, Any]()):
            assert found.result.model_dump(mode="json", **each) == result.model_dump(mode="json", **each)
        assert words(found) == words(outcome)

    comes_back()


@unhurried
@given(customers)
def test_a_deleted_customer_comes_back_whole(customer: Customer) -> None:
    found = again(Done(Deleted(ref=customer.ref, name=customer.name, kind=customer.kind, was=customer)))
    assert isinstance(found, Done)
    assert isinstance(found.result, Deleted)
    assert (found.result.was, found.result.was.id, found.result.was.ref) == (customer, customer.id, customer.ref)
    assert came(found.result.was) == came(customer)


def test_why_a_row_was_not_sent_is_still_said_in_the_readers_language() -> None:
    why = msg("It has the same phone or e-mail as row {row}.", row=1)
    row = ImportedRow(row=2, outcome="invalid", reason=str(why), why=why)
    outcome = Done(Imported(created=0, rows=(row,)))
    assert why.render("vi") in words(outcome)[0]
    assert words(again(outcome, Imported)) == words(outcome)


@unhurried
@given(
    st.builds(Queued, sentences, st.integers(1))
    | st.builds(Unsure, sentences)
    | st.builds(Dropped, st.sampled_from(["declined", "changed", "expired", "wrong_count"]), sentences)
)
def test_what_is_no_result_comes_back(outcome: Settled) -> None:
    found = again(outcome)
    assert type(found) is type(outcome)
    assert words(found) == words(outcome)
    assert getattr(found, "change", None) == getattr(outcome, "change", None)
    assert getattr(found, "reason", None) == getattr(outcome, "reason", None)


def test_what_was_dropped_comes_back() -> None:
    assert again(dropped("changed")) == dropped("changed")


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_an_error_comes_back(kind: type[CrmError]) -> None:
    error = error_of(kind)
    found = again(Failed(error))
    assert isinstance(found, Failed)
    assert type(found.error) is kind
    assert vars(found.error) == vars(error)
    assert (str(found.error), found.error.args) == (str(error), error.args)
    assert words(found) == words(Failed(error))
    with pytest.raises(kind):
        raise found.error


@unhurried
@given(sentences, sentences, st.none() | sentences)
def test_an_errors_sentences_come_back(what: Text, done: Text, then: Text | None) -> None:
    outcome = Failed(CrmError(what, done=done, then=then))
    assert words(again(outcome)) == words(outcome)


def test_every_class_of_error_has_its_own_code() -> None:
    found = list(kinds())
    assert len({kind.code for kind in found}) == len(found)


def test_an_error_of_a_class_there_is_no_more_is_still_said() -> None:
    written = write_outcome(Failed(LedgerBroken(WHAT))).replace("ledger_broken", "gone")
    found = read_outcome(written, Deleted)
    assert isinstance(found, Failed)
    assert type(found.error) is CrmError
    assert words(found) == words(Failed(LedgerBroken(WHAT)))


@pytest.mark.parametrize("written", ["{}", '{"kind":"new"}', '{"kind":"done","result":{},"again":false}', "[]", "x"])
def test_what_another_version_wrote_is_not_known(written: str) -> None:
    found = read_outcome(written, Deleted)
    assert isinstance(found, Unsure)
    assert str(found.text).endswith(str(MayHaveActed(WHAT).then))
    assert read_preview(written) is None


@unhurried
@given(
    st.builds(
        Preview,
        question=sentences,
        yes=sentences,
        no=sentences,
        fingerprint=text,
        lines=st.lists(sentences, max_size=4).map(tuple),
        count=st.none() | st.integers(),
    )
)
def test_a_question_comes_back(preview: Preview) -> None:
    found = read_preview(write_preview(preview))
    assert found is not None
    shown = [(p.question, p.yes, p.no, *p.lines) for p in (found, preview)]
    for language in LANGUAGES:
        first, second = ([sentence.render(language) for sentence in sentences] for sentences in shown)
        assert first == second
    assert (found.fingerprint, found.count) == (preview.fingerprint, preview.count)
