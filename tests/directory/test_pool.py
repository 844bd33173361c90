"""Whichever way the index is asked, the same customers are found."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from random import Random

import pytest

from antcrm_tools.directory import pool
from antcrm_tools.directory.filters import Filters, Resolved, resolve
from antcrm_tools.directory.matching import Group, newest_places, one_of
from antcrm_tools.directory.rows import Labels
from antcrm_tools.directory.search import find
from antcrm_tools.directory.tokens import elsewhere, kind_token
from antcrm_tools.sandbox import words as made_up
from tests.directory.people import NEWEST, Person, copy_of, people, unmarked
from tests.directory.questions import WAYS

CUSTOMERS = 3000
NONE = Resolved()


@pytest.fixture(scope="module")
def listed() -> list[Person]:
    return list(people(CUSTOMERS, seed=8))


@pytest.fixture(scope="module")
def copy(listed: list[Person]) -> tuple[sqlite3.Connection, Labels]:
    return copy_of(person.customer for person in listed)


def filters_of(random: Random) -> Filters:
    """Some of them, from those that nearly everybody passes to those that nobody does."""
    day = (NEWEST - timedelta(days=random.randrange(900))).date()
    days = timedelta(days=random.choice((0, 6, 34, 35, 200, 900)))
    return Filters(
        kind=random.choice((None, None, "lead", "contact", "account")),
        stage=random.choice((None, None, None, *made_up.STAGES)),
        owner=random.choice((None, None, "none", made_up.STAFF[0])),
        tags=tuple(random.sample(made_up.TAGS, random.choice((0, 0, 0, 1, 2)))),
        without_tags=tuple(random.sample(made_up.TAGS, random.choice((0, 0, 1)))),
        created_from=random.choice((None, None, day)),
        created_to=random.choice((None, None, day + days)),
        updated_from=random.choice((None, None, None, day)),
        updated_to=random.choice((None, None, None, day + days)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_few_pass_few_fit_or_many_of_both(
    copy: tuple[sqlite3.Connection, Labels], listed: list[Person], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    db, labels = copy
    random = Random(seed)  # noqa: S311  made-up questions
    persons = [person for person in listed if person.family]
    answered = 0
    for number in range(120):
        who = random.choice(persons)
        asked = WAYS[number % len(WAYS)](random, who)
        texts = [who.given, unmarked(who.family), f"{who.name} xyzzy", asked.text if asked else who.company or "lan"]
        text, filters = random.choice(texts), resolve(db, filters_of(random))
        found: list[list[tuple[str, int]]] = []
        # All ways at their limits: the index with everything, the words alone, the filters alone.
        for pass_, fit in ((-1, -1), (-1, CUSTOMERS), (CUSTOMERS, CUSTOMERS)):
            monkeypatch.setattr(pool, "_FEW_PASS", pass_)
            monkeypatch.setattr(pool, "_FEW_FIT", fit)
            found.append([(hit.entry.ref, hit.fit) for hit in find(db, labels, text, filters, limit=200).hits])
        assert found[0] == found[1] == found[2], text
        answered += bool(found[0])
    assert answered > 30


def test_more_groups_than_are_nested(copy: tuple[sqlite3.Connection, Labels], listed: list[Person]) -> None:
    db, _ = copy
    everybody = [one_of([kind_token(0), kind_token(1), kind_token(2), f"x{place}"]) for place in range(40)]
    leads = sum(person.customer.kind == "lead" for person in listed)
    assert len(newest_places(db, NONE, [*everybody, one_of([kind_token(0)])], CUSTOMERS)) == leads
    assert len(newest_places(db, NONE, [one_of([kind_token(0)]), *everybody], CUSTOMERS)) == leads
    assert not newest_places(db, NONE, [*everybody, one_of(["xyzzy"])], CUSTOMERS)


def test_a_group_holds_as_the_index_says(copy: tuple[sqlite3.Connection, Labels], listed: list[Person]) -> None:
    db, _ = copy
    having = {place: frozenset(tokens.split()) for place, tokens in db.execute("SELECT place, tokens FROM words")}
    some = listed[5]
    groups = [
        one_of(["nguyen"]),
        one_of(["lan", elsewhere("giao")]),
        Group(begun=("ng",)),
        Group(begun=(elsewhere("g"), ":p091")),
        Group(together=(one_of(["nguyen"]), one_of(["van", "thi"]))),
        Group(together=(one_of(["nguyen"]), Group(begun=("th",)))) | one_of([unmarked(some.given).lower()]),
    ]
    for group in groups:
        fitting = {place for place, tokens in having.items() if group.holds(tokens)}
        assert fitting == set(newest_places(db, NONE, [group], CUSTOMERS))
        assert 0 < len(fitting) < CUSTOMERS
