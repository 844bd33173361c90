"""What people and assistants read of the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from antcrm_tools.errors import BadInput
from antcrm_tools.ledger.erasing import Erasing
from antcrm_tools.outcomes import Actor, Ask, Done, Outcome
from antcrm_tools.sandbox import AN, HOA, TUAN
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.list_changes import ChangesFound
from tests.fakes.world import ALWAYS, World, world

LAN = Actor("lan@antcrm.example", "terminal")
MINH = Actor("minh@antcrm.example", "telegram")
BOT = Actor("lan@antcrm.example", "mcp", "Claude Code")


async def call(w: World, tool: str, actor: Actor = LAN, **arguments: object) -> Outcome:
    """A call; what is asked is answered with yes."""
    outcome = await w.house.desk().submit(tool_named(tool).call(arguments), actor)
    if isinstance(outcome, Ask):
        return await w.house.desk().answer(outcome.ticket, actor, yes=True, count=outcome.preview.count)
    return outcome


async def changes(w: World, **arguments: object) -> ChangesFound:
    outcome = await call(w, "list_changes", LAN, **arguments)
    assert isinstance(outcome, Done)
    return cast("ChangesFound", outcome.result)


async def said(w: World, **arguments: object) -> list[str]:
    return (await changes(w, **arguments)).sentence().render("en").splitlines()


async def test_a_line_says_who_what_and_how() -> None:
    async with world() as w:
        await call(w, "update_stage", MINH, ref=HOA.ref, stage="Chốt")
        (line,) = (await changes(w)).changes
        assert line.model_dump(mode="json", exclude_defaults=True) == {
            "change": 1,
            "at": "2026-08-03T09:00:00+07:00",
            "who": MINH.who,
            "face": "telegram",
            "tool": "update_stage",
            "ref": HOA.ref,
            "name": HOA.name,
            "status": "done",
            "what": ["stage: “Đang liên hệ” → “Chốt”"],
        }
        assert line.sentence().render("en") == (
            "#1 · 03/08/2026 09:00 · minh@antcrm.example (Telegram) · Move to a stage · L9002 Trần Thị Hoa · done · "
            "stage: “Đang liên hệ” → “Chốt”"
        )


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("add_tags", {"ref": HOA.ref, "tags": ["Mới tinh"]}, ["tags: added “Mới tinh”"]),
        ("remove_tags", {"ref": HOA.ref, "tags": ["VIP"]}, ["tags: without “VIP”"]),
        ("add_note", {"ref": AN.ref, "note": "gọi lại"}, ["note: added “[2026-08-03] gọi lại”"]),
        ("update_customer", {"ref": HOA.ref, "note": "câu mới"}, ["note: added “câu mới”"]),
        ("update_customer", {"ref": AN.ref, "note": "câu mới"}, ["note: “Hỏi giá gói 10 user.” → “câu mới”"]),
        ("update_customer", {"ref": AN.ref, "empty": ["note"]}, ["note: without “Hỏi giá gói 10 user.”"]),
        ("update_customer", {"ref": HOA.ref, "gender": "female"}, ["gender: “other” → “female”"]),
        ("create_lead", {"name": "Bình", "phones": ["0977123456"]}, ["phone: 0977123456"]),
        ("delete_customer", {"ref": TUAN.ref}, ["phone: 01234567890"]),
    ],
)
async def test_what_changed_in_short_words(tool: str, arguments: dict[str, Any], words: list[str]) -> None:
    async with world() as w:
        assert isinstance(await call(w, tool, **arguments), Done)
        (line,) = (await changes(w)).changes
        assert list(line.what) == words


async def test_long_values_are_cut_and_many_are_counted() -> None:
    async with world() as w:
        await call(w, "add_note", ref=AN.ref, note="dài " * 100)
        await call(w, "add_tags", ref=AN.ref, tags=[f"thẻ {i}" for i in range(9)])
        tags, note = (await changes(w)).changes
        assert len(note.what[0]) < 60
        assert len(tags.what) == 7
        assert tags.what[-1] == "… and 3 more"


async def test_an_import_is_one_line() -> None:
    async with world() as w:
        rows = [{"name": f"Khách {i}", "phones": [phone]} for i, phone in enumerate(("0978100000", AN.phone))]
        await call(w, "import_leads", rows=rows)
        (line,) = (await changes(w)).changes
        assert (line.tool, line.name, line.what) == ("import_leads", "", ("created 1 of 2",))
        assert " · Import leads · done · created 1 of 2" in (await said(w))[0]


async def test_what_was_taken_back_and_what_took_it_back() -> None:
    async with world() as w:
        await call(w, "update_stage", ref=HOA.ref, stage="Chốt")
        assert isinstance(await call(w, "undo_change", change=1), Done)
        undo, undone = await said(w)
        assert "taken back" in undone
        assert undone.endswith("undone by #2")
        assert undo.endswith("stage: “Chốt” → “Đang liên hệ” · undoes #1")


async def test_an_import_that_was_taken_back() -> None:
    async with world() as w:
        rows = [{"name": f"Khách {i}", "phones": [f"097810000{i}"]} for i in range(2)]
        await call(w, "import_leads", rows=rows)
        assert isinstance(await call(w, "undo_change", change=1), Done)
        undo, undone = (await changes(w)).changes
        assert undone.what == ("created 2 of 2", "2 of them taken back")
        assert undo.what == ("deleted 2 of 2",)


async def test_what_is_open() -> None:
    async with world() as w:
        await call(w, "update_stage", ref=HOA.ref, stage="Chốt")
        w.line.lose_request("POST", times=ALWAYS)
        await call(w, "create_lead", name="Bình", phones=["0977123456"])
        (line,) = await said(w, open=True)
        assert "Bình · waits to be sent · phone: 0977123456" in line
        w.line.clear()
        await w.later(seconds=121)
        assert await said(w, open=True) == ["No change was found."]


async def test_an_edit_that_is_not_known_shows_what_was_wanted() -> None:
    async with world() as w:
        w.line.lose_answer("PUT", times=ALWAYS)
        w.line.lose_request("GET", times=ALWAYS, after=1)
        await call(w, "update_stage", ref=HOA.ref, stage="Chốt")
        assert (await said(w))[0].endswith("not known yet · stage: “Đang liên hệ” → “Chốt”")


async def test_whose_and_of_whom_and_on_which_day() -> None:
    async with world() as w:
        await call(w, "update_stage", MINH, ref=HOA.ref, stage="A")
        w.clock.advance(hours=14, minutes=59)  # 23:59 where the company is
        await call(w, "update_stage", LAN, ref=AN.ref, stage="B")
        w.clock.advance(minutes=1)
        await call(w, "update_stage", BOT, ref=HOA.ref, stage="C")

        async def found(**arguments: object) -> list[int]:
            return [line.change for line in (await changes(w, **arguments)).changes]

        assert await found() == [3, 2, 1]
        assert await found(mine=True) == [3, 2]
        assert await found(ref=HOA.ref) == await found(ref=HOA.ref[1:]) == [3, 1]
        assert await found(day="2026-08-03") == [2, 1]
        assert await found(day="2026-08-04") == [3]
        assert await found(day="9999-12-31") == await found(day="0001-01-01") == []
        assert await found(mine=True, ref=HOA.ref, day="2026-08-04") == [3]
        assert "(assistant)" in (await said(w))[0]


async def test_who_is_gone_from_antcrm_can_be_asked_for() -> None:
    async with world() as w:
        await call(w, "delete_customer", ref=TUAN.ref)
        assert [line.change for line in (await changes(w, ref=TUAN.ref[1:])).changes] == [1]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_every_change_once_whatever_comes_meanwhile(limit: int) -> None:
    async with world() as w:
        for number in range(7):
            await call(w, "update_stage", ref=HOA.ref, stage=f"Bước {number}")
        seen: list[int] = []
        cursor: str | None = None
        for _ in range(8):
            part = await changes(w, limit=limit, cursor=cursor)
            seen += [line.change for line in part.changes]
            await call(w, "update_stage", ref=AN.ref, stage=f"Bước {len(seen)}")
            cursor = part.next_cursor
            if cursor is None:
                break
            assert part.sentence().render("en").endswith("There are more.")
        assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "bnVsbA==", "é", "W10="])
async def test_a_cursor_that_is_none(cursor: str) -> None:
    async with world() as w:
        with pytest.raises(BadInput, match="cursor"):
            await changes(w, cursor=cursor)


async def test_a_cursor_of_another_question() -> None:
    async with world() as w:
        for stage in ("A", "B"):
            await call(w, "update_stage", ref=HOA.ref, stage=stage)
        cursor = (await changes(w, limit=1)).next_cursor
        with pytest.raises(BadInput, match="cursor"):
            await changes(w, limit=1, ref=HOA.ref, cursor=cursor)


@pytest.mark.parametrize("ref", ["Hoa", "code:x1"])
async def test_a_ref_that_is_none(ref: str) -> None:
    async with world() as w:
        with pytest.raises(BadInput):
            await changes(w, ref=ref)


async def test_what_was_erased_shows_its_skeleton() -> None:
    async with world() as w:
        await call(w, "update_stage", ref=HOA.ref, stage="Chốt")
        ledger = w.house.ledger()
        w.clock.advance(days=2)
        await Erasing(ledger.store, ledger.crm, w.clock).old(timedelta(days=1))
        (line,) = await said(w)
        assert line.startswith("#1 · 03/08/2026 09:00 · lan@antcrm.example (terminal) · Move to a stage · L9002 · ")
        assert line.endswith(" · L9002 · done · the rest was erased")


async def test_it_is_said_in_vietnamese_too() -> None:
    async with world() as w:
        await call(w, "add_tags", ref=HOA.ref, tags=["{weird} %s"])
        assert "{weird} %s" in (await changes(w)).sentence().render("vi")


async def test_nothing_is_sent_to_antcrm() -> None:
    async with world() as w:
        await changes(w, ref="9002")
        assert w.sandbox.requests == []
