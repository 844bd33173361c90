"""Two real programs on one ledger: what an assistant asks is answered on a phone, once, whoever of them is killed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from antcrm_tools.sandbox import AN, HOA
from tests.fakes.assistant import ERAS, Era
from tests.fakes.programs import office
from tests.telegram.approval_runs import RUNS, SETTINGS, played

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals work differently there")

QUESTION = f"Delete lead {AN.ref} {AN.name}?"
DELETED = f"Deleted: {AN.ref} {AN.name}."
BY_LAN = "Answered by lan@antcrm.example through Telegram."
DONE = f"{QUESTION} {DELETED} {BY_LAN}"
NO = "Nothing was changed: lan@antcrm.example said no. Ask again only if that is wanted."
LATE = "Nothing was changed: nobody answered the question in time. Ask again when somebody is there."
WAITS = f"Nothing was changed yet: “{QUESTION}” waits for a yes until "
AGAIN = "Make the same call again to hear what became of it."
ENDED = "The program ended while this was being carried out."
INTERRUPTED = f"{ENDED} Change #1, {AN.ref} {AN.name}:"
"""And then what is known of it by then."""
OPEN = f"{QUESTION}\n"
OF_ANOTHER = "This question is no longer yours to answer."
NOBODY = "No bot on Telegram is running that could show it to anybody."
UNREACHED = "On Telegram it could be shown to nobody who may say yes."


@dataclass(frozen=True)
class Comes:
    """What has to come of a run: of each text the words in it that matter, in their order."""

    got: tuple[tuple[str, ...], ...]
    cards: tuple[tuple[str, str], ...] = (("Lan", DONE),)
    taps: tuple[str, ...] = ("It was done.",)
    deletes: int = 1
    news: str = ""
    """Comes with whichever of the answers, or with one more."""


EXPECTED = {
    "tapped yes": Comes(((DELETED,),)),
    "tapped Keep": Comes(((NO,),), (("Lan", f"{QUESTION} {NO}"),), (NO,), 0),
    "tapped twice": Comes(((DELETED,),), taps=("It was done.",) * 2),
    "nobody answers": Comes(((LATE,),), (("Lan", f"{QUESTION} {LATE}"),), (LATE,), 0),
    "nobody answers, and it is asked again": Comes((("(gave up)",), (LATE,)), (("Lan", f"{QUESTION} {LATE}"),), (), 0),
    "the call is given up, then tapped": Comes((("(gave up)",), (DELETED,))),
    "the bot is killed, started, tapped": Comes(((DELETED,),)),
    "the bot is killed, tapped, started": Comes(((DELETED,),)),
    "the bot is killed while it sends the card": Comes(((DELETED,),), (("Lan", OPEN), ("Lan", DONE))),
    "the bot is killed while it deletes": Comes(
        ((INTERRUPTED,), (f"There is no customer {AN.ref} in AntCRM.",)),
        (("Lan", f"{QUESTION} {ENDED} Change #1, {AN.ref} {AN.name}:"),),
        (INTERRUPTED,),
        news=f"News of earlier changes:\n{DELETED}",
    ),
    "the bot is started after the call": Comes(((WAITS, NOBODY, "antcrm approve", AGAIN), (DELETED,))),
    "the server is killed, asked again, tapped": Comes((("(killed)",), (DELETED,))),
    "the server is killed, tapped, asked again": Comes((("(killed)",), (DELETED,))),
    "two managers tap at once": Comes(
        ((DELETED,),),
        tuple((each, f"{QUESTION} {DELETED} Answered by ") for each in ("Lan", "Nga")),
        ("It was done.",) * 2,
    ),
    "asked without the right": Comes(((DELETED,),)),
    "the bot is blocked": Comes(((WAITS, UNREACHED, "antcrm approve", AGAIN),), (), (), 0),
    "a manager is removed": Comes(
        ((NO,),),
        (("Lan", f"{QUESTION} {NO}"), ("Nga", OF_ANOTHER)),
        ("This button is for somebody else. Nothing was done.", NO),
        0,
    ),
}

IN_BOTH_ERAS = ("tapped yes", "tapped Keep", "nobody answers")
"""Where the protocol may matter, each on both ledgers; the others are played once in each."""


@pytest.mark.parametrize(
    ("run", "turned"), [*((run, False) for run in RUNS), *((run, True) for run in IN_BOTH_ERAS)], ids=str
)
async def test_what_comes_of_a_run(tmp_path: Path, ledger_url: str | Path, run: str, turned: bool) -> None:
    era: Era = ERAS[isinstance(ledger_url, str) != turned]
    async with office(tmp_path, ledger=ledger_url, settings=SETTINGS) as o:
        told = await played(RUNS[run], o, era)
        assert told.deletes == sum(request.method == "DELETE" for request in o.sandbox.requests)
        gone = o.sandbox.store.get("lead", AN.id)
        assert (gone is None or gone.deleted) == (told.deletes > 0)
        assert o.sandbox.store.get("lead", HOA.id) is not None
    assert "".join(errors.read_text("utf-8") for errors in tmp_path.glob("assistant-*/errors")) == ""  # noqa: ASYNC240
    comes = EXPECTED[run]
    assert told.deletes == comes.deletes
    assert comes.news in "\n".join(told.got)
    for said, words in zip([said for said in told.got if said != comes.news], comes.got, strict=True):
        assert [each for each in words if each not in said] == [], said
    assert [who for who, _ in told.cards] == [who for who, _ in comes.cards]
    for (_, said), (_, begins) in zip(told.cards, comes.cards, strict=True):
        assert said.startswith(begins)
    assert len(told.taps) == len(comes.taps)
    for said, begins in zip(told.taps, comes.taps, strict=True):
        assert said.startswith(begins)


def test_every_run_is_judged() -> None:
    assert EXPECTED.keys() == RUNS.keys()
