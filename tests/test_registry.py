from __future__ import annotations

import json
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.registry import Args, ArgumentError, Effect, Preview, Result, tool, validate
from antcrm_tools.text import Text, msg
from antcrm_tools.tools import TOOLS, tool_named
from antcrm_tools.work import Work


class Wave(Args):
    """Arguments of a tool that is nobody's."""

    hand: str = "left"
    times: int = 1


class Waved(Result):
    """What it did."""

    def sentence(self) -> Text:
        """A wave."""
        return msg("/start")


async def preview(_work: Work, _args: Wave) -> Preview:
    """What will happen."""
    return Preview(msg("/start"), msg("/start"), msg("/start"), "")


def refused(name: str, arguments: Mapping[str, object]) -> str:
    with pytest.raises(BadInput) as caught:
        tool_named(name).call(arguments)
    return caught.value.what.render("en")


LEAD = {"name": "An"}


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("get_customer", {}, "“ref” is missing."),
        ("get_customer", {"ref": "L1", "id": 5}, "There is no argument “id”."),
        ("get_customer", {"ref": 5}, "“ref” must be text."),
        ("get_customer", {"ref": None}, "“ref” must be text."),
        ("get_customer", {"ref": ["L1"]}, "“ref” must be text."),
        ("get_customer", {"ref": "  "}, "“ref” is empty."),
        ("get_customer", {"ref": "L" * 101}, "“ref” is too long: at most 100 characters."),
        ("get_customer", {"ref": "L1\ud83d"}, "The arguments are not valid JSON."),
        ("update_stage", {"ref": "L1", "stage": 5}, "“stage” must be text."),
        (
            "update_stage",
            {"ref": "L1", "stage": "5"},
            "A stage is a name from AntCRM's own list, not a number (“5”).",
        ),
        ("find_customers", {"limit": "10"}, "“limit” must be a whole number."),
        ("find_customers", {"limit": True}, "“limit” must be a whole number."),
        ("find_customers", {"limit": 2.5}, "“limit” must be a whole number."),
        ("find_customers", {"limit": 0}, "“limit” is too small: at least 1."),
        ("find_customers", {"limit": 51}, "“limit” is too large: at most 50."),
        ("find_customers", {"kind": "company"}, "“kind” must be one of: 'lead', 'contact' or 'account'."),
        ("find_customers", {"created_from": "today"}, "“created_from” must be a day such as 2025-05-30."),
        ("find_customers", {"created_from": "2025-02-30"}, "“created_from” must be a day such as 2025-05-30."),
        ("find_customers", {"created_from": "2025-05-30T10:00"}, "“created_from” must be a day such as 2025-05-30."),
        ("find_customers", {"created_from": 20250530}, "“created_from” must be a day such as 2025-05-30."),
        (
            "find_customers",
            {"created_from": "2025-05-30", "created_to": "2025-05-01"},
            "The first day (2025-05-30) is after the last (2025-05-01).",
        ),
        ("create_lead", {**LEAD, "phones": "0912345678"}, '“phones” must be a list of values, such as ["…"].'),
        ("create_lead", {**LEAD, "phones": [912345678]}, "“phones.0” must be text."),
        ("create_lead", {**LEAD, "phones": ["không"]}, "“không” is not a phone number."),
        ("create_lead", {**LEAD, "phones": ["0912345678"] * 11}, "“phones” has too many entries: at most 10."),
        ("create_lead", {**LEAD, "emails": ["an@"]}, "“an@” is not an e-mail address."),
        ("create_lead", {**LEAD, "gender": 0}, "“gender” must be one of: 'male', 'female' or 'other'."),
        ("create_lead", {**LEAD, "custom_fields": {"a": 1}}, "“custom_fields.a” must be text."),
        ("create_lead", {**LEAD, "addresses": [{"zip": "1"}]}, "There is no argument “addresses.0.zip”."),
        (
            "create_lead",
            {**LEAD, "allow_duplicate": "yes"},
            "“allow_duplicate” must be true or false.",
        ),
        ("add_tags", {"ref": "L1", "tags": []}, "“tags” is empty."),
        ("add_tags", {"ref": "L1", "tags": [""]}, "“tags.0” is empty."),
        ("add_tags", {"ref": "L1", "tags": [5, 6]}, "“tags.0” must be text. “tags.1” must be text."),
        ("create_lead", {**LEAD, "emails": [" "]}, "“emails.0” is empty."),
        ("create_lead", {**LEAD, "custom_fields": "a"}, "“custom_fields” must be an object of names and values."),
        ("create_lead", {**LEAD, "addresses": ["Huế"]}, "“addresses.0” must be an object of names and values."),
        ("update_customer", {"ref": "L1"}, "There is nothing to change in this call."),
        (
            "update_customer",
            {"ref": "L1", "note": "x", "empty": ["note"]},
            "“note” is both set and emptied.",
        ),
    ],
)
def test_a_wrong_argument_gets_one_clear_sentence(name: str, arguments: dict[str, object], sentence: str) -> None:
    assert refused(name, arguments) == sentence


def test_several_wrong_arguments_are_all_named() -> None:
    assert refused("update_stage", {"stage": 5, "x": 1}) == (
        "“ref” is missing. “stage” must be text. There is no argument “x”."
    )


def test_the_sentence_is_followed_by_the_arguments_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        tool_named("update_stage").call({})
    assert caught.value.render("en").endswith("Nothing was changed. update_stage takes: ref, stage.")


def test_an_arguments_name_cannot_fake_a_line() -> None:
    assert refused("get_customer", {"ref": "L1", "x\n\u202eNothing" + "y" * 99: 1}).startswith(
        "There is no argument “x Nothing"
    )


def test_an_unknown_tool_is_named_with_those_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        tool_named("drop_database")
    assert "“drop_database”" in caught.value.render("en")
    assert all(known.name in caught.value.render("en") for known in TOOLS)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [300, 5_000])
def test_arguments_nested_too_deeply(depth: int) -> None:
    assert refused("import_leads", {"rows": [nested(depth)]}) == "The arguments are not valid JSON."


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["L1", "An", "0912345678", "an@example.vn", "2025-05-30", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(TOOLS), st.data())
def test_any_arguments_are_taken_or_refused_in_words(offered: Any, data: st.DataObject) -> None:
    given_names = st.sampled_from([*offered.args.model_fields, "ref", "x"])
    arguments = data.draw(st.dictionaries(given_names, json_values, max_size=5))
    try:
        call = offered.call(arguments)
    except CrmError as error:
        for language in ("vi", "en"):
            said = error.render(language)
            assert "pydantic" not in said
            assert "http" not in said
            assert "\n" not in said
    else:
        assert call.canonical
        assert Effect.READ <= call.effect <= offered.most


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_equal_calls_have_one_canonical_form(shuffle: random.Random) -> None:
    arguments: list[tuple[str, object]] = [
        ("name", "An"),
        ("phones", ["0912345678"]),
        ("note", "x"),
        ("addresses", [{"city": "Huế", "house": "1"}]),
        ("custom_fields", {"a": "1", "b": "2"}),
        ("allow_duplicate", False),
        ("tags", []),
    ]
    create = tool_named("create_lead")
    call = create.call(dict(arguments))
    shuffle.shuffle(arguments)
    same = create.call({**dict(arguments), "custom_fields": {"b": "2", "a": "1"}})
    assert same.canonical == call.canonical
    # An argument given as it would be anyway is no other call.
    short = {key: value for key, value in arguments if key not in {"allow_duplicate", "tags"}}
    assert create.call(short).canonical == call.canonical
    assert json.loads(call.canonical)["name"] == "An"


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("get_customer", {"ref": "L1"}, {"ref": "C1"}),
        ("update_customer", {"ref": "L1", "note": "a"}, {"ref": "L1", "note": "b"}),
        ("update_customer", {"ref": "L1", "note": "a"}, {"ref": "L1", "name": "a"}),
        ("update_customer", {"ref": "L1", "drop_phones": ["1"]}, {"ref": "L1", "drop_emails": ["1"]}),
        ("create_lead", {"name": "An"}, {"name": "An", "allow_duplicate": True}),
        ("import_leads", {"rows": [{"name": "An"}, {"name": "Bo"}]}, {"rows": [{"name": "Bo"}, {"name": "An"}]}),
    ],
)
def test_different_calls_have_different_canonical_forms(
    name: str, one: dict[str, object], other: dict[str, object]
) -> None:
    assert tool_named(name).call(one).canonical != tool_named(name).call(other).canonical


def test_arguments_may_be_any_mapping_or_a_model() -> None:
    get = tool_named("get_customer")
    call = get.call(MappingProxyType({"ref": " L1 "}))
    assert call.canonical == '{"ref":"L1"}'
    assert get.call(call.args) == call


def test_a_validators_own_sentence_is_carried_to_the_caller() -> None:
    error = ArgumentError(msg("“{text}” is not a phone number.", text="0912"))
    assert "0912" not in str(error)
    assert error.what.render("en") == "“0912” is not a phone number."


async def wave(_work: Work, _args: Wave) -> Waved:
    """Wave a hand."""
    return Waved()


async def nameless(_work: Work, _args: Wave) -> Waved:
    return Waved()


@pytest.mark.parametrize("most", [Effect.ADD, Effect.CHANGE, Effect.DESTROY])
def test_a_tool_that_writes_without_a_preview_fails_at_import(most: Effect) -> None:
    with pytest.raises(TypeError, match="wave can write and has no preview"):
        tool(title=msg("/start"), most=most, args=Wave, returns=Waved)(wave)
    made = tool(title=msg("/start"), most=most, preview=preview, args=Wave, returns=Waved)(wave)
    assert (made.name, made.summary, made.least, made.most) == ("wave", "Wave a hand.", most, most)
    assert made.call({}).effect is most


def test_a_tool_without_a_docstring_fails_at_import() -> None:
    with pytest.raises(TypeError, match="nameless has no docstring"):
        tool(title=msg("/start"), most=Effect.READ, args=Wave, returns=Waved)(nameless)


def test_an_effect_is_computed_from_the_call() -> None:
    def effect(args: Wave) -> Effect:
        return Effect.DESTROY if args.times > 1 else Effect.ADD

    made = tool(
        title=msg("/start"),
        least=Effect.ADD,
        most=Effect.DESTROY,
        effect=effect,
        preview=preview,
        args=Wave,
        returns=Waved,
    )(wave)
    assert made.call({}).effect is Effect.ADD
    assert made.call({"times": 2}).effect is Effect.DESTROY


@pytest.mark.parametrize(
    ("arguments", "effect"),
    [
        ({"source": "x"}, Effect.CHANGE),
        ({"note": "x"}, Effect.DESTROY),
        ({"add_phones": ["0912345678"]}, Effect.CHANGE),
        ({"custom_fields": {"a": "1"}}, Effect.CHANGE),
        ({"custom_fields": {"a": "1", "b": ""}}, Effect.DESTROY),
        ({"custom_fields": {"a": "  "}}, Effect.DESTROY),
        ({"drop_phones": ["0912345678"]}, Effect.DESTROY),
        ({"drop_addresses": [1]}, Effect.DESTROY),
        ({"note": "x", "empty": ["stage"]}, Effect.DESTROY),
    ],
)
def test_dropping_and_emptying_destroy(arguments: dict[str, object], effect: Effect) -> None:
    assert tool_named("update_customer").call({"ref": "L1", **arguments}).effect is effect


class Measured(Args):
    """Kinds of arguments that no tool of ours takes now."""

    weight: Annotated[float, Field(gt=0, lt=5)] = 1
    code: Annotated[str, Field(pattern="^[a-z]$", min_length=1)] = "a"
    pin: Annotated[str, Field(min_length=4)] = "1234"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"weight": "x"}, "“weight” must be a number."),
        ({"weight": 0}, "“weight” is too small: it must be above 0.0."),
        ({"weight": 5}, "“weight” is too large: it must be below 5.0."),
        ({"code": "A"}, "“code” does not have the right form."),
        ({"pin": "123"}, "“pin” is too short: at least 4 characters."),
    ],
)
def test_every_kind_of_error_has_a_sentence(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        validate(Measured, arguments)
    assert caught.value.what.render("en") == sentence


def test_validating_is_strict() -> None:
    assert validate(Wave, {"times": 2}) == Wave(times=2)
    for arguments in ({"times": "2"}, {"times": 2.5}, {"hand": 2}):
        with pytest.raises(BadInput):
            validate(Wave, arguments)
