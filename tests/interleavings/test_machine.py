"""Whatever people, colleagues, the network and time do: nothing is lost, doubled, destroyed unasked or left open.

`ANTCRM_MACHINE=500` lets the machine run longer; `benchmarks/planted.py` shows how soon it finds planted bugs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.interleavings.machine import Machine
from tests.interleavings.people import Kind, Wish
from tests.interleavings.planted import PLANTS, planted

EXAMPLES = int(os.environ.get("ANTCRM_MACHINE", "60"))
LAN, LAN_PHONE, MINH, HUNG, HUNG_AT_HIS_ASSISTANT = range(5)
PHONE, SAME_PHONE, MAIL, NEITHER, NOTHING = range(5)

Step = tuple[str, dict[str, Any]]


def do(kind: Kind, person: int = LAN, which: int = 0, **more: int) -> Step:
    return "do", {"wish": Wish(kind, person, which, **more)}


def both(one: Step, two: Step, seed: int = 1) -> Step:
    return "both", {"one": one[1]["wish"], "two": two[1]["wish"], "same": 3, "seed": seed}


def trouble(kind: str, method: str, times: int = 1, blind: int = 0) -> Step:
    return "trouble", {"kind": kind, "method": method, "times": times, "blind": blind}


def colleague(kind: str, which: int = 0, word: int = 0) -> Step:
    return "colleague", {"kind": kind, "which": which, "word": word}


def wait(seconds: int = 121, at: int = 0) -> Step:
    return "wait", {"seconds": seconds, "at": at}


HEAL: Step = ("heal", {})
LATE: Step = ("late", {})
DIES: Step = ("kill", {"at": 0, "fuse": 0, "seen": True})
YES = do("answer", message=0)
DELETE = do("delete", HUNG)
OUT_OF_REACH = trouble("lost", "GET", 40)

ROWS: dict[str, Sequence[Step]] = {
    "sent again when the answer is lost": [trouble("no answer", "POST"), do("capture")],
    "written down after the request": [do("capture")],
    "a ticket is not consumed": [DELETE, trouble("lost", "DELETE"), YES, YES],
    "anybody answers": [DELETE, do("answer", LAN, message=1)],
    "anybody undoes": [do("stage", HUNG), do("undo", LAN)],
    "undone whatever came since": [do("stage"), colleague("stage"), do("undo")],
    "no turns": [both(do("capture", LAN, PHONE), do("capture", MINH, SAME_PHONE, at=1))],
    "an open change holds nothing": [
        trouble("late", "POST", blind=40),
        do("capture"),
        HEAL,
        DIES,
        do("stage"),
        do("capture", MINH, SAME_PHONE, at=1),
    ],
    "500 is taken for failed": [trouble("500 acted", "POST"), do("capture")],
    "an old answer after an undo": [do("capture", message=0), do("undo"), YES, do("capture", message=0)],
    "no wish is remembered": [do("capture", MINH, NEITHER, message=0), do("capture", MINH, NEITHER, message=0)],
    "claims are ignored": [
        trouble("no answer", "POST", blind=40),
        do("capture", MINH, NEITHER),
        HEAL,
        do("capture", MINH, NEITHER),
        wait(),
    ],
    "what waits is sent blindly": [OUT_OF_REACH, do("capture"), HEAL, colleague("create", word=1), wait(31)],
    "what is unsure is sent blindly": [trouble("no answer", "POST", blind=40), do("capture"), HEAL, wait()],
    "deletes are sent again": [DELETE, trouble("500", "DELETE"), YES, HEAL, wait()],
    "AntCRM is given no time": [
        ("kill", {"at": 0, "fuse": 0, "seen": True, "lit_by": "POST"}),
        trouble("late", "POST"),
        do("capture"),
        HEAL,
        ("look_after", {"at": 1}),
        LATE,
    ],
    "an edit goes over others": [
        trouble("500", "PUT", blind=40),
        do("stage", word=0),
        HEAL,
        colleague("stage"),
        wait(),
    ],
    "what was shown is not compared": [DELETE, colleague("stage"), YES],
    "a late yes counts": [DELETE, wait(150), YES],
}


def play(steps: Sequence[Step]) -> None:
    machine = Machine()
    try:
        for name, arguments in steps:
            getattr(machine, name)(**arguments)
            machine.nothing_is_wrong()
    finally:
        machine.teardown()


def test_whatever_happens_nothing_is_lost_doubled_or_destroyed_unasked() -> None:
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=25,
        deadline=None,
        derandomize=EXAMPLES <= 60,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(Machine, settings=chosen)


def test_every_planted_bug_has_a_row() -> None:
    assert list(ROWS) == list(PLANTS)


@pytest.mark.parametrize("name", ROWS)
def test_a_planted_bug_is_found(name: str) -> None:
    play(ROWS[name])
    with planted(name), pytest.raises(AssertionError):
        play(ROWS[name])


def test_a_create_that_cannot_be_read_back_is_settled_later() -> None:
    play([trouble("lost", "DELETE", blind=4), do("capture"), HEAL, wait()])


@pytest.mark.parametrize("lead", [PHONE, MAIL, NEITHER, NOTHING])
@pytest.mark.parametrize("what", ["rename", "stage", "tag", "note"])
def test_what_a_colleague_wrote_on_a_lead_that_was_lost_stays(lead: int, what: str) -> None:
    lost = [trouble("no answer", "POST", blind=40), do("capture", LAN, lead), HEAL]
    play([*lost, colleague(what), colleague(what, word=1), wait()])


@pytest.mark.parametrize("lead", [PHONE, MAIL, NEITHER, NOTHING])
def test_a_lead_that_was_lost_and_renamed_keeps_its_new_name(lead: int) -> None:
    machine = Machine()
    lost = [trouble("no answer", "POST", blind=40), do("capture", LAN, lead), HEAL, colleague("rename")]
    try:
        for name, arguments in lost:
            getattr(machine, name)(**arguments)
        renamed = {row.fields["name"] for row in machine.judge.rows()}
        machine.wait(**wait()[1])
        assert {row.fields["name"] for row in machine.judge.rows()} == renamed
    finally:
        machine.teardown()


def test_what_is_missing_of_a_create_is_not_written_while_another_change_is_open() -> None:
    lost = [trouble("no answer", "POST", blind=40), do("capture", LAN, NEITHER), HEAL, colleague("note")]
    play([*lost, trouble("500", "PUT", blind=40), do("tag"), HEAL, wait()])
