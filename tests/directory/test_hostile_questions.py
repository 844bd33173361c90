"""Whatever is typed or stands in a record: no error, and nobody who does not pass the filters."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antcrm_tools.directory.directory import Directory
from antcrm_tools.directory.filters import Filters
from antcrm_tools.directory.store import Store
from antcrm_tools.errors import BadInput
from antcrm_tools.models import Customer, CustomField, Email, Phone
from tests.fakes.clock import Clock

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

HOSTILE = [
    "",
    " ",
    "a",
    "x" * 2000,
    "nguyễn " * 300,
    '"',
    '"an" OR "b',
    "names: an",
    "{keys} : (a)",
    "an*",
    "^an NEAR(b, 3)",
    "AND OR NOT",
    "'; DROP TABLE customers; --",
    "🎉👨‍👩‍👧",
    "Nguye\u0302\u0303n",
    "\u202eAn\u202c\u200b\u200d",
    "\x00\x01",
    "\ud83d",
    "客户 ลูกค้า عميل",
    "=nguyenvanan ~an &fpt @x #k0 +84912345678",
    "0912345678 " * 50,
    "%_\\",
    "%giao :t678 %%",
    " x ".join(str(number) for number in range(100, 180)),
]
TEXT = st.one_of(
    st.text(max_size=60), st.sampled_from(HOSTILE), st.text("aăâeêAn0189 \"'*:()-+@#~^\u0301\u202e", max_size=30)
)


def customer(number: int, name: str, note: str, stage: str) -> Customer:
    return Customer(
        kind="lead",
        id=str(number),
        name=name,
        phones=(Phone(value=note[:40]), Phone(value="0912345678")),
        emails=(Email(value=name),),
        stage=stage,
        tags=(note[:20],),
        note=note,
        custom_fields=(CustomField(name="Công ty", value=name),),
    )


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_question(text: str) -> None:
    store = Store(None, clock=Clock(), zone=ZONE)
    await store.seen([customer(1, "Nguyễn Văn An", "cty FPT", "Mới")], store.begin())
    directory = Directory(store)
    for filters in (Filters(), Filters(stage="Mới"), Filters(stage=text or None), Filters(tags=(text,))):
        hits = await directory.find(text, filters, limit=10)
        assert len(hits.hits) <= 1
        await directory.count(filters, ("stage", "tag"))
    with pytest.raises(BadInput):
        await directory.find(text, Filters(), limit=10, cursor=f"{text}.1")
    await store.aclose()


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, TEXT, st.sampled_from(("Mới", "Chốt", ""))), max_size=6), asked=TEXT)
async def test_records_and_questions(rows: list[tuple[str, str, str]], asked: str) -> None:
    store = Store(None, clock=Clock(), zone=ZONE)
    everybody = [customer(number, *row) for number, row in enumerate(rows)]
    await store.seen(everybody, store.begin())
    directory = Directory(store)
    assert (await directory.freshness()).customers == len(everybody)
    await directory.find(asked, Filters(), limit=10)
    hits = await directory.find(asked, Filters(stage="Chốt"), limit=10)
    assert all(hit.entry.stage == "Chốt" for hit in hits.hits)
    for one in everybody:
        await store.seen([one.model_copy(update={"name": "Khác"})], store.begin())
    assert (await directory.count(Filters())).total == len(everybody)
    await store.write(lambda db, _: db.execute("INSERT INTO found (found) VALUES ('integrity-check')").close())
    await store.aclose()
