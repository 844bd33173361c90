"""Switches from texts, and the check on every change."""

import pytest
from pydantic import ValidationError

from antcrm_tools.sandbox import Switches


def test_parse() -> None:
    switches = Switches.parse(["page_base=0", " put_arrays = merge", "filters_ignored=phone, email", "extra_fields=1"])
    assert switches.page_base == 0
    assert switches.put_arrays == "merge"
    assert switches.ignores("email")
    assert not switches.ignores("dates")
    assert switches.extra_fields
    assert Switches.parse(["fixed_page_size=none"]).fixed_page_size is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("page_base", "not NAME=value"),
        ("pagebase=1", "unknown switch 'pagebase'; known are list_shape"),
        ("page_base=2", "switch page_base=2: Input should be 0 or 1"),
        ("put_arrays=both", "'replace' or 'merge'"),
        ("filters_ignored=phone,fax", "switch filters_ignored=phone,fax"),
        ("fixed_page_size=21", "less than or equal to 20"),
    ],
)
def test_parse_refuses(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"switch|NAME") as refusal:
        Switches.parse([text])
    assert says in str(refusal.value)


def test_assignment_is_checked() -> None:
    switches = Switches()
    name = "page_base"
    with pytest.raises(ValidationError):
        setattr(switches, name, 7)


def test_every_switch_is_described_and_its_default_can_be_given() -> None:
    described = Switches.described()
    assert [switch.name for switch in described] == list(Switches.model_fields)
    assert all(switch.values and switch.about for switch in described)
    assert Switches.parse(f"{switch.name}={switch.default}" for switch in described) == Switches()
