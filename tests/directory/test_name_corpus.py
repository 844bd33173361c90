"""Three hundred questions over twenty thousand customers: the one who is meant stands first, or among the first five.

Who is meant is known by how a question was made, and the plain list makes sure that nobody else fits it as well.
"""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from tests.directory.people import people
from tests.directory.questions import questions
from tests.fakes.clock import Clock

CUSTOMERS, QUESTIONS, SEED = 20_000, 300, 7
FIRST, FIRST_FIVE = 0.97, 0.995


async def test_who_is_meant_is_found() -> None:
    everybody = list(people(CUSTOMERS))
    store = Store(None, clock=Clock(), zone=ZoneInfo("Asia/Ho_Chi_Minh"))
    await store.seen([person.customer for person in everybody], store.begin())
    directory = Directory(store)
    asked = questions(everybody, QUESTIONS, SEED)
    assert len(asked) == QUESTIONS
    first, five, kinds = Counter[str](), Counter[str](), Counter[str]()
    for question in asked:
        hits = await directory.find(question.text, Filters(), limit=5)
        refs = [hit.entry.ref for hit in hits.hits]
        kinds[question.kind] += 1
        first[question.kind] += refs[:1] == [question.ref]
        five[question.kind] += question.ref in refs
    await store.aclose()
    table = "\n".join(
        f"{kind}: {count} asked, {first[kind]} first, {five[kind]} in five" for kind, count in kinds.items()
    )
    assert first.total() >= FIRST * QUESTIONS, table
    assert five.total() >= FIRST_FIVE * QUESTIONS, table
    assert len(kinds) >= 10
