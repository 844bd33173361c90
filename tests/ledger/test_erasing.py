"""What is old goes by itself; a person goes when somebody asks, from every row and from the file. Skeletons stay."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from antcrm_tools.errors import KeptForLater, MayHaveActed
from antcrm_tools.identity import phones
from antcrm_tools.jobs import begin
from antcrm_tools.ledger.erasing import Erasing
from antcrm_tools.ledger.persons import Persons
from antcrm_tools.ledger.rows import ms
from antcrm_tools.ledger.schema import changes, inbox, locks, metadata, notices
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.traces import Traces
from antcrm_tools.ledger.values import dump
from antcrm_tools.models import Draft, Edit, Email, Phone
from antcrm_tools.outcomes import Ask
from antcrm_tools.refs import Ref, require_ref
from antcrm_tools.sandbox import AN, ANH, CONTACT, HOA, TUAN
from antcrm_tools.text import verbatim
from antcrm_tools.tools import tool_named
from antcrm_tools.work import no_progress
from tests.fakes.wishes import LAN, message, wish
from tests.fakes.world import ALWAYS, World, world

KEEP = timedelta(days=90)
NAME, PHONE, MAIL, NOTE = "Đặng Thị Bí Mật", "0977123456", "bi.mat@example.com", "chuyện riêng của chị Mật"
SECRETS = (NAME, PHONE, MAIL, NOTE, "977123456", "977 123 456")
SKELETON = (
    *("id", "crm", "parent", "place", "who", "face", "host", "tool", "action", "status", "code", "ref"),
    *("undoes", "undone_by", "begun_at", "sent_at", "settled_at", "counted_at"),
)
PERSONAL = ("name", "arguments", "wanted", "known", "before", "after", "reason")
ONLY_SQLITE = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)


@pytest.fixture
async def w(ledger_url: str | Path) -> AsyncGenerator[World]:
    async with world(url=ledger_url) as made:
        yield made


async def create(w: World, name: str = NAME, phone: str = PHONE, note: str = NOTE) -> Ref:
    draft = Draft(
        name=name,
        phones=(Phone(value=phone),),
        emails=(Email(value=MAIL),) if name == NAME else (),
        note=note,
        code=w.house.records().new_code(),
    )
    arguments = dump({"name": name, "phones": [phone], "note": note})
    made = await w.house.records().create(draft, wish(f"words {name}", arguments=arguments))
    assert not isinstance(made, list)
    return made.customer.as_ref()


async def move(w: World, ref: Ref, stage: str = "Chốt") -> int:
    edited = await w.house.records().edit(ref, lambda _: Edit(stage=stage), wish(tool="update_stage"))
    assert edited.change is not None
    return edited.change


async def imported(w: World, *rows: tuple[str, str]) -> int:
    """An import whose arguments hold its rows, as those of the tool do."""
    drafts = [Draft(name=n, phones=(Phone(value=p),), code=w.house.records().new_code()) for n, p in rows]
    arguments = dump({"rows": [{"name": n, "phones": [p]} for n, p in rows]})
    job = await begin(w.house.records(), wish("i", tool="import_leads", arguments=arguments), drafts, no_progress)
    return job.change.id


async def rows(w: World, *ids: int) -> list[dict[str, Any]]:
    query = select(changes).where(changes.c.id.in_(ids)) if ids else select(changes)

    def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(query.order_by(changes.c.id)).mappings()]

    return await w.house.store().run(work, write=False)


async def everything(w: World) -> str:
    """Every value of every row there is."""

    def work(connection: Connection) -> str:
        tables = metadata.sorted_tables
        return "\n".join(str(value) for table in tables for row in connection.execute(select(table)) for value in row)

    return await w.house.store().run(work, write=False)


async def found(w: World, url: str | Path, *values: str) -> set[str]:
    """Which of these are in a row, or in the file and what lies beside it."""
    kept = await everything(w)
    there = {value for value in values if value in kept}
    if isinstance(url, Path):
        files = b"".join(each.read_bytes() for each in url.parent.iterdir())
        there |= {value for value in values if value.encode() in files}
    return there


def erasing(w: World) -> Erasing:
    return w.house.ledger().erasing


def bare(some: Iterable[dict[str, Any]]) -> bool:
    return all(row["erased_at"] is not None and not any(row[name] for name in PERSONAL) for row in some)


# --- what is old ---


async def test_what_is_old_becomes_a_skeleton(w: World, ledger_url: str | Path) -> None:
    ref = await create(w)
    await move(w, ref)
    before = await rows(w)
    assert await found(w, ledger_url, *SECRETS[:4]) == set(SECRETS[:4])
    w.clock.advance(days=89)
    young = await move(w, require_ref(TUAN.ref))
    assert await erasing(w).old(KEEP) == 0
    assert not any(row["erased_at"] for row in await rows(w))
    w.clock.advance(days=2)
    assert await erasing(w).old(KEEP) == 2
    *old, new = await rows(w)
    assert bare(old)
    assert [{name: row[name] for name in SKELETON} for row in old] == [
        {name: row[name] for name in SKELETON} for row in before
    ]
    assert new["id"] == young
    assert new["before"]
    assert await found(w, ledger_url, *SECRETS) == set()
    assert await erasing(w).old(KEEP) == 0


async def test_a_few_at_a_time(w: World) -> None:
    for stage in ("A", "B", "C"):
        await move(w, require_ref(HOA.ref), stage)
    w.clock.advance(days=91)
    assert [await erasing(w).old(KEEP, 2) for _ in range(3)] == [2, 1, 0]


async def test_what_is_open_stays_whole_and_is_still_carried_out(w: World) -> None:
    w.line.lose_request("POST", times=ALWAYS)
    with pytest.raises(KeptForLater):
        await create(w)
    w.line.clear()
    w.clock.advance(days=91)
    assert await erasing(w).old(KEEP) == 0
    await w.later(seconds=121)
    assert [row["status"] for row in await rows(w)] == ["done"]


async def test_rows_stay_as_long_as_their_import_is_open(w: World) -> None:
    w.line.lose_request("POST", times=ALWAYS)
    await imported(w, (NAME, PHONE), ("Tuấn", TUAN.phone))
    w.line.clear()
    assert {row["status"] for row in await rows(w)} == {"waiting", "failed"}
    w.clock.advance(days=91)
    assert await erasing(w).old(KEEP) == 0


async def test_a_cause_of_words_goes_and_one_of_a_message_stays(w: World) -> None:
    await w.house.records().edit(require_ref(HOA.ref), lambda _: Edit(stage="A"), message("42"))
    await create(w)
    w.clock.advance(days=91)
    assert await erasing(w).old(KEEP) == 2
    assert [bool(row["cause"]) for row in await rows(w)] == [True, False]


async def test_what_served_its_purpose_is_swept_away(w: World) -> None:
    desk, now = w.house.desk(), w.clock()
    question = await desk.submit(tool_named("delete_customer").call({"ref": HOA.ref}), LAN)
    assert isinstance(question, Ask)
    news = {"crm": w.house.ledger().crm, "who": "x", "face": "mcp", "change": 1, "text": "{}", "at": ms(now)}
    lock = {"crm": "c", "holder": "h", "taken": ms(now)}

    def fill(connection: Connection) -> None:
        connection.execute(insert(notices), [{**news, "told_at": ms(now)}, {**news, "told_at": None}])
        connection.execute(insert(inbox), [{"bot": "b", "update_id": 1, "done_at": ms(now)}])
        connection.execute(insert(locks), [{**lock, "name": "a", "until": ms(now)}])
        connection.execute(insert(locks), [{**lock, "name": "b", "until": ms(now), "change": 1}])

    async def counts() -> list[int]:
        tables = (metadata.tables[name] for name in ("tickets", "notices", "inbox", "locks"))
        return [len(await w.house.store().run(lambda c, t=t: c.execute(select(t)).all())) for t in tables]

    await w.house.store().run(fill)
    assert await counts() == [1, 2, 1, 2]
    assert await erasing(w).old(KEEP) == 0
    assert await counts() == [1, 2, 1, 2]
    w.clock.advance(days=2, seconds=1)
    assert await erasing(w).old(KEEP) == 0
    assert await counts() == [0, 1, 0, 1]
    w.clock.advance(days=90)
    assert await erasing(w).old(KEEP) == 0
    assert await counts() == [0, 0, 0, 1]


async def test_a_confirmed_call_that_is_being_carried_out_stays(w: World) -> None:
    desk = w.house.desk()
    question = await desk.submit(tool_named("delete_customer").call({"ref": HOA.ref}), LAN)
    assert isinstance(question, Ask)
    tickets = metadata.tables["tickets"]
    taken = tickets.update().values(state="taken", taken_at=ms(w.clock()))
    await w.house.store().run(lambda c: c.execute(taken) and None)
    w.clock.advance(days=2)
    await erasing(w).old(timedelta(days=1, hours=25))
    assert HOA.ref in await everything(w)
    w.clock.advance(days=1)
    await erasing(w).old(timedelta(days=1, hours=25))
    assert HOA.ref not in await everything(w)


async def test_what_a_key_left_that_nobody_uses_any_more(ledger_url: str | Path) -> None:
    async with world(url=ledger_url, api_key="key-of-the-test") as w:
        await create(w)
        store = w.house.store()
        there = Erasing(store, "another", w.clock)
        w.clock.advance(days=91)
        young = await move(w, require_ref(HOA.ref))
        assert await there.old(KEEP) == 0  # somebody works on it
        w.clock.advance(days=91)
        assert await there.old(KEEP) == 2
        assert bare(await rows(w))
        assert young


# --- a person ---


async def test_a_person_is_gone_from_every_row_and_from_the_file(w: World, ledger_url: str | Path) -> None:
    records, desk = w.house.records(), w.house.desk()
    ref = await create(w)
    await move(w, ref)
    await records.edit(ref, lambda c: Edit(note=f"{c.note}\nsố cũ 0988 777 666"), wish(tool="add_note"))
    other = await move(w, require_ref(TUAN.ref))
    question = await desk.submit(tool_named("delete_customer").call({"ref": str(ref)}), LAN)
    assert isinstance(question, Ask)
    other_question = await desk.submit(tool_named("delete_customer").call({"ref": TUAN.ref}), LAN)
    assert isinstance(other_question, Ask)
    deleted = await records.delete(ref, wish(tool="delete_customer"))
    ledger = w.house.ledger()
    change = await ledger.changes.require(deleted.change or 0)
    await w.house.store().run(lambda c: ledger.notices.add(c, change, verbatim(f"{NAME} {PHONE}"), [ref]))
    head = await imported(w, ("Khách khác", "0978100000"), (NAME, "+84 977-123-456"))
    before = {row["id"]: row for row in await rows(w)}

    done = await erasing(w).forget([str(ref)])

    assert done.thoroughly
    assert not done.open
    assert set(done.changes) >= {head, deleted.change}
    assert await found(w, ledger_url, *SECRETS, "0988 777 666") == set()
    for row in await rows(w):
        assert {name: row[name] for name in SKELETON} == {name: before[row["id"]][name] for name in SKELETON}
    kept = {row["id"] for row in await rows(w) if row["erased_at"] is None}
    (whole,) = await rows(w, other)
    assert whole == before[other]
    spared = {row["id"] for row in before.values() if row["name"] == "Khách khác"}
    assert kept == {other, head, *spared}
    assert await desk.question(question.ticket) is None
    assert await desk.question(other_question.ticket) is not None
    assert (await erasing(w).kept([str(ref)])).nothing


async def test_the_other_rows_of_an_import_can_still_be_read(w: World) -> None:
    head = await imported(w, ("Khách khác", "0978100000"), (NAME, PHONE))
    ref = next(row["ref"] for row in await rows(w) if row["name"] == NAME)
    await erasing(w).forget([ref])
    ledger = w.house.ledger()
    whole, gone = await ledger.imports.rows(await ledger.changes.require(head))
    assert whole.after is not None
    assert (gone.erased, gone.after, str(gone.ref)) == (True, None, ref)
    change = await ledger.changes.require(head)
    assert (change.name, change.wish.arguments, change.erased) == ("2", "", False)


async def test_nothing_is_erased_while_a_change_is_open(w: World, ledger_url: str | Path) -> None:
    ref = await create(w)
    w.line.lose_request("GET", times=ALWAYS, after=1)
    w.line.lose_answer("PUT", times=ALWAYS)
    with pytest.raises(MayHaveActed):
        await move(w, ref)
    w.line.clear()
    done = await erasing(w).forget([str(ref)])
    assert done.changes == ()
    assert done.open == (2,)
    assert await found(w, ledger_url, NAME, NOTE) == {NAME, NOTE}
    await w.later(seconds=121)
    assert (await erasing(w).forget([str(ref)])).changes == (1, 2)
    assert await found(w, ledger_url, *SECRETS) == set()


async def test_whoever_waits_with_the_same_phone_is_open_too(w: World) -> None:
    w.line.lose_request("POST", times=ALWAYS)
    with pytest.raises(KeptForLater):
        await create(w)
    assert (await erasing(w).forget(["L1"], ["+84977123456"])).open == (1,)


async def test_another_spelling_and_another_number_and_a_note(w: World) -> None:
    """HOA's phone is 0987.654.321 in AntCRM."""
    await move(w, require_ref(HOA.ref))
    await create(w, "Người giới thiệu", "0978100000", note="chị Hoa (0987 654 321) giới thiệu")
    await move(w, require_ref(TUAN.ref))
    kept = await erasing(w).kept([HOA.ref])
    assert kept.changes == (1, 2)
    assert len(kept.others) == 1
    assert (await erasing(w).kept(["L1"], ["+84987654321"])).changes == (1, 2)
    assert (await erasing(w).kept(["L1"], ["hoa.tran@example.com"])).changes == (1,)
    assert (await erasing(w).kept(["L1"], ["+84911111111", "không có", ""])).nothing


async def test_who_has_the_same_phone_is_named(w: World) -> None:
    await move(w, require_ref(AN.ref))
    await move(w, require_ref(ANH.ref))
    kept = await erasing(w).kept([AN.ref])
    assert kept.changes == (1, 2)
    assert kept.others == (ANH.ref,)


async def test_who_was_deleted_and_brought_back_is_one_person(w: World, ledger_url: str | Path) -> None:
    records = w.house.records()
    nobody = Draft(name="Không Số Nào", note=NOTE, code=records.new_code())
    made = await records.create(nobody, wish())
    assert not isinstance(made, list)
    gone = await records.delete(made.customer.as_ref(), wish(tool="delete_customer"))
    back = nobody.model_copy(update={"code": records.new_code()})
    again = await records.create(back, replace(wish(tool="undo_change"), undoes=gone.change))
    assert not isinstance(again, list)
    await move(w, again.customer.as_ref())
    for ref in (made.customer.ref, again.customer.ref):
        assert (await erasing(w).kept([ref])).changes == (1, 2, 3, 4)
    await erasing(w).forget([made.customer.ref])
    assert await found(w, ledger_url, NOTE, "Không Số Nào") == set()


async def test_another_antcrm_is_left_alone(ledger_url: str | Path) -> None:
    async with world(url=ledger_url, api_key="another-key") as w:
        await create(w)
        (row,) = await rows(w)
    async with world(url=ledger_url) as w:
        assert (await erasing(w).forget([row["ref"]], ["+84977123456"])).changes == ()
        assert await rows(w) == [row]


async def test_what_is_written_while_it_is_looked_for(w: World) -> None:
    ref = await create(w)
    crm, asked = w.house.ledger().crm, Traces.of([str(ref)], [])
    store = w.house.store()
    before = await store.run(lambda c: Persons(c, crm).look(asked), write=False)
    await create(w, "Người khác", "0978100000", note=f"xem {PHONE}")
    now = await store.run(lambda c: Persons(c, crm).look(before.kept.traces, before), write=False)
    assert (before.kept.changes, now.kept.changes) == ((1,), (1, 2))


@ONLY_SQLITE
async def test_a_reader_in_the_way_is_said_and_put_right_later(w: World, ledger_url: str | Path) -> None:
    ref = await create(w)
    await move(w, require_ref(TUAN.ref))
    quick = Erasing(w.house.store(), w.house.ledger().crm, w.clock, patience=0.01)
    with closing(sqlite3.connect(cast("Path", ledger_url), isolation_level=None)) as reader:
        reader.execute("begin").close()
        reader.execute("select count(*) from changes").fetchone()
        assert not (await quick.forget([str(ref)])).thoroughly
        assert NOTE in await found(w, ledger_url, *SECRETS)
        reader.execute("rollback").close()
    assert await quick.fold()
    assert await found(w, ledger_url, *SECRETS) == set()


@ONLY_SQLITE
async def test_a_large_ledger_keeps_no_copies(w: World, ledger_url: str | Path) -> None:
    """Rows of all lengths move between pages; what is erased is not left behind on one."""
    store: Store = w.house.store()
    crm = w.house.ledger().crm
    fixed = {"crm": crm, "who": "x", "face": "mcp", "host": "", "tool": "add_note", "action": "edit", "status": "done"}
    fixed |= {"begun_at": 1, "settled_at": 1, "sends": 1, "probes": 0}
    for start in range(0, 400, 20):
        some = [
            fixed
            | {"ref": f"L{n % 7}", "arguments": dump({"note": f"{NOTE} {n}" if n % 7 == 1 else "x" * (n * 37 % 5000)})}
            for n in range(start, start + 20)
        ]
        await store.run(lambda c, some=some: c.execute(insert(changes), some) and None)
    assert len((await erasing(w).forget(["L1"])).changes) == len([n for n in range(400) if n % 7 == 1])
    assert await found(w, ledger_url, NOTE) == set()


# --- in whatever spelling ---

mobiles = st.from_regex(r"0[3-9][0-9]{8}", fullmatch=True).filter(lambda one: phones.canonical(one) is not None)
around = st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="@"), max_size=20)


@settings(deadline=None)
@given(mobiles, st.sampled_from(range(6)), around, around, st.sampled_from(["", " ", ".", "-", "\u200b"]))
def test_a_phone_is_found_in_every_spelling(phone: str, form: int, head: str, tail: str, between: str) -> None:
    spelled = [*phones.spellings(phone), phone]
    written = spelled[form % len(spelled)]
    loose = between.join((written[:4], written[4:7], written[7:]))
    traces = Traces.of([], [phones.canonical(phone) or ""])
    assert traces.reach(dump({"phones": [{"value": written}]}))
    assert traces.reach(dump({"note": f"{head}{loose}{tail}"}))
    assert traces.reach(None, f"{head} {loose} {tail}")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("An@Example.VN", True),
        ("gửi tới an@example.vn, nhé", True),
        ("<mailto:AN@EXAMPLE.VN>", True),
        ("tran@example.vn", False),
        ("an@example.vn.evil.com", False),
        ("０９１２３４５６７８", True),
        ("٠٩١٢٣٤٥٦٧٨", True),
        ("0912345679", False),
    ],
)
def test_an_email_and_other_digits(written: str, says: bool) -> None:
    traces = Traces.of([], ["an@example.vn", "+84912345678"])
    assert traces.reach(dump({"note": written})) is says


def test_a_number_in_words_and_as_a_number() -> None:
    traces = Traces.of(["L945"], ["+84912345678"])
    assert traces.name("L945 Nguyễn Văn An", None)
    assert not traces.name("L9457", "XL945", "L945-2")
    assert traces.reach('{"extra":{"mobile":84912345678}}')
    assert not Traces.of([], []).reach("0912345678")
    assert not Traces.of([], []).name("L945")


@pytest.mark.parametrize("ref", [CONTACT.ref, HOA.ref])
async def test_who_is_not_known_here(w: World, ref: str) -> None:
    assert (await erasing(w).kept([ref])).nothing
    done = await erasing(w).forget([ref])
    assert (done.changes, done.open, done.thoroughly) == ((), (), True)
