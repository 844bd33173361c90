from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.errors import BadInput
from antcrm_tools.refs import Ref, candidates, parse_ref, require_ref

LEAD = Ref("lead", "9457")
CUSTOMER = Ref("customer", "9457")
HEX = "5f0c0ffee0ddba11c0decafe"

ids = st.from_regex(r"\A[0-9][0-9A-Za-z_-]{0,63}\Z") | st.from_regex(r"\A[0-9a-f]{24}\Z")
spaces = st.sampled_from(["lead", "customer"])


@pytest.mark.parametrize("text", ["L9457", "l9457", "L 9457", " L9457\n", "L-9457", "L:9457", "L#9457", "l - 9457"])
def test_a_lead_in_every_spelling(text: str) -> None:
    assert parse_ref(text) == LEAD == require_ref(text)


@pytest.mark.parametrize("text", ["C9457", "c9457", "c 9457", "C-9457"])
def test_a_customer_in_every_spelling(text: str) -> None:
    assert parse_ref(text) == CUSTOMER == require_ref(text)


def test_ids_may_hold_letters() -> None:
    assert parse_ref(f"L{HEX}") == Ref("lead", HEX)
    assert parse_ref("C12ab_c-d") == Ref("customer", "12ab_c-d")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "L",
        "9457",
        "X9457",
        "LC9457",
        "Lan",
        "Châu",
        "L94 57",
        "L9457 L9458",
        "L9457\nC1",
        "L--9457",
        "L９４５７",
        "L9457/../2",
        "L9457?page=2",
        "L1" + "0" * 64,
        "C1\N{KELVIN SIGN}",
        "code:at-1",
        "0912345678",
        "an@example.vn",
    ],
)
def test_anything_else_is_no_ref(text: str) -> None:
    assert parse_ref(text) is None
    with pytest.raises(BadInput):
        require_ref(text)


@given(st.builds(Ref, spaces, ids))
def test_a_ref_reads_back_from_how_it_prints(ref: Ref) -> None:
    assert parse_ref(str(ref)) == ref
    assert parse_ref(str(ref).lower()) in {ref, Ref(ref.space, ref.id.lower())}


@given(st.text())
def test_no_text_is_an_error_of_pythons(text: str) -> None:
    ref, both = parse_ref(text), candidates(text)
    # A text is one or the other, never both: bare digits never say which customer is meant.
    assert ref is None or both is None
    if ref is not None:
        assert require_ref(text) == ref
        return
    with pytest.raises(BadInput) as caught:
        require_ref(text)
    assert "\n" not in caught.value.render("en")


@pytest.mark.parametrize("text", ["9457", " 9457 ", "#9457", "# 9457"])
def test_bare_digits_get_both_candidates(text: str) -> None:
    assert candidates(text) == (LEAD, CUSTOMER)
    with pytest.raises(BadInput) as caught:
        require_ref(text)
    assert "L9457 or C9457" in caught.value.render("en")


@pytest.mark.parametrize("text", ["L9457", "9457a", "9 457", "-9457", "", "９４５７", "1" * 21])
def test_anything_else_has_no_candidates(text: str) -> None:
    assert candidates(text) is None


def test_a_code_is_refused_with_a_way_out() -> None:
    with pytest.raises(BadInput) as caught:
        require_ref("CODE: at-1f")
    assert "cannot look a customer up by a code" in caught.value.render("en")
    assert "L9457" in caught.value.render("en")


def test_a_wrong_ref_is_quoted_on_one_line_and_shortened() -> None:
    with pytest.raises(BadInput) as caught:
        require_ref("An\n\u202eB" + "x" * 500)
    sentence = caught.value.render("en")
    assert sentence.startswith("“An Bxxx")
    assert len(sentence) < 300
