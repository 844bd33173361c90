"""One table of stories, through every face: what the person reads, and what AntCRM was asked to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.sandbox import AN, HOA, TUAN
from antcrm_tools.sandbox.store import Row
from antcrm_tools.tools import tool_named
from tests.fakes.world import ALWAYS, World, world
from tests.stories.faces import FACES, Face, FaceName, face_on

BINH = ("Nguyễn Văn Bình", "0977123456")

Story: TypeAlias = Callable[[Face, World], Awaitable[None]]


def row(world: World, ref: str) -> Row | None:
    """The record as AntCRM holds it."""
    return world.sandbox.store.get("lead", int(ref[1:]))


async def found(face: Face, _: World) -> None:
    assert HOA.name in await face.find(HOA.ref)
    assert TUAN.name in await face.find("0834 567 890"), "stored with the eleven digits of before 2018"


async def found_by_name(face: Face, world: World) -> None:
    read = await face.find("hoa tran thi")
    assert "Trần Thị Hoa" in read
    await face.create("Lê Thị Diệu Xuân", "0977 555 333")
    assert "Lê Thị Diệu Xuân" in await face.find("dieu xuan"), "what we write is found at once"
    row = world.sandbox.store.get("lead", 9002)
    assert row is not None
    world.sandbox.store.remove(row, hard=True)
    assert "0987.654.321" not in await face.find("L9002")
    assert "0987.654.321" not in await face.find("hoa tran thi"), "who is gone is forgotten"


async def several_found(face: Face, _: World) -> None:
    read = await face.find("+84 912 345 678")
    assert "L9001" in read
    assert "L9003" in read


async def not_found(face: Face, _: World) -> None:
    read = await face.find("0999888777")
    assert "No customer was found" in read or "0999" in read
    assert "L9" not in read


async def created(face: Face, world: World) -> None:
    read = await face.create("Nguyễn Văn Bình", "0977 123 456")
    assert "Created" in read
    (post,) = world.sent("POST")
    assert post.body["name"] == "Nguyễn Văn Bình"
    assert "L9" in read


async def duplicate(face: Face, world: World) -> None:
    read = await face.create("Người Mới", AN.phone)
    assert AN.name in read
    assert world.sent("POST") == []


async def duplicate_and_go_on(face: Face, world: World) -> None:
    read = await face.create("Người Mới", AN.phone, anyway=True)
    assert "Created" in read
    assert len(world.sent("POST")) == 1


async def stage_moved(face: Face, world: World) -> None:
    read = await face.stage(AN.ref, "Đang liên hệ")
    assert "Saved" in read
    after = row(world, AN.ref)
    assert after is not None
    assert after.fields["stage"] == "Đang liên hệ"
    assert after.fields["tags"] == list(AN.tags)


async def tag_added_twice(face: Face, world: World) -> None:
    await face.tag(AN.ref, "VIP")
    read = await face.tag(AN.ref, "vip")
    assert "already so" in read
    assert len(world.sent("PUT")) == 1
    after = row(world, AN.ref)
    assert after is not None
    assert after.fields["tags"] == [*AN.tags, "VIP"]


async def note_added(face: Face, world: World) -> None:
    assert "Saved" in await face.note(AN.ref, "gọi lại chiều mai")
    after = row(world, AN.ref)
    assert after is not None
    assert after.fields["bgInfo"] == f"{AN.note}\n[2026-08-03] gọi lại chiều mai"


async def note_added_twice(face: Face, world: World) -> None:
    for _ in range(2):
        assert "Saved" in await face.note(AN.ref, "không nghe máy")
    after = row(world, AN.ref)
    assert after is not None
    assert after.fields["bgInfo"] == f"{AN.note}\n[2026-08-03] không nghe máy\n[2026-08-03] không nghe máy"


async def field_emptied(face: Face, world: World) -> None:
    assert "Saved" in await face.empty_note(AN.ref, "yes")
    after = row(world, AN.ref)
    assert after is not None
    assert not after.fields.get("bgInfo")
    assert len(world.destroyed()) == 1


async def field_kept(face: Face, world: World) -> None:
    assert "Nothing was changed" in await face.empty_note(AN.ref, "keep")
    assert world.destroyed() == []


async def delete_confirmed(face: Face, world: World) -> None:
    assert "Deleted" in await face.delete(AN.ref, "yes")
    assert row(world, AN.ref) is None
    assert [request.method for request in world.destroyed()] == ["DELETE"]


async def delete_declined(face: Face, world: World) -> None:
    assert "Nothing was changed" in await face.delete(AN.ref, "keep")
    assert world.destroyed() == []
    assert row(world, AN.ref) is not None


async def delete_cancelled(face: Face, world: World) -> None:
    await face.delete(AN.ref, "cancel")
    assert world.destroyed() == []
    assert row(world, AN.ref) is not None


async def changed_meanwhile(face: Face, world: World) -> None:
    async def colleague() -> None:
        record = row(world, AN.ref)
        assert record is not None
        record.fields["name"] = "Nguyễn Văn Ân"
        world.sandbox.store.save(record)

    assert "no longer as it was shown" in await face.delete(AN.ref, "yes", colleague)
    assert world.destroyed() == []


async def too_late(face: Face, world: World) -> None:
    async def lunch() -> None:
        world.clock.advance(minutes=11)

    assert "too late" in await face.delete(AN.ref, "yes", lunch)
    assert world.destroyed() == []


async def antcrm_down(face: Face, world: World) -> None:
    world.line.lose_request(times=ALWAYS)
    for read in (await face.find(AN.ref), await face.stage(AN.ref, "Chốt"), await face.delete(AN.ref, "yes")):
        assert "could not be reached" in read
        assert "Nothing was changed" in read
    assert world.sandbox.requests == []


async def answer_lost(face: Face, world: World) -> None:
    """It is looked for at once, and found."""
    world.line.lose_answer("DELETE", times=ALWAYS)
    assert "Deleted" in await face.delete(AN.ref, "yes")
    assert len(world.destroyed()) == 1
    world.line.lose_answer("POST", times=ALWAYS)
    assert "Created" in await face.create(*BINH)
    assert len(world.sent("POST")) == 1
    world.line.lose_answer("PUT", times=ALWAYS)
    assert "Saved" in await face.stage(HOA.ref, "Chốt")
    assert len(world.sent("PUT")) == 1


async def lost_and_looked_into_later(face: Face, world: World) -> None:
    world.sandbox.faults.html("POST", 502)
    assert "not known yet" in await face.create(*BINH)
    await world.later(seconds=121)
    assert "It is saved now: L" in await face.hears("saved now")
    assert [post.acted for post in world.sent("POST")] == [False, True]
    assert BINH[0] in await face.find(BINH[1])


async def lost_for_good(face: Face, world: World) -> None:
    """A delete is never sent again; that it was not done is told."""
    world.sandbox.faults.html("DELETE", 502)
    assert "not known yet" in await face.delete(AN.ref, "yes")
    assert "not known yet" in await face.stage(AN.ref, "Chốt"), "until it is, nobody changes the customer"
    for _ in range(2):
        await world.later(seconds=121)
    assert "was not deleted" in await face.hears("was not deleted")
    assert len(world.destroyed()) == 1
    assert "Saved" in await face.stage(AN.ref, "Chốt")


async def kept_while_antcrm_is_away(face: Face, world: World) -> None:
    world.line.lose_request(times=ALWAYS)
    assert "is written down as change #1 and not in AntCRM yet" in await face.create(*BINH)
    world.line.clear()
    await world.later(seconds=31)
    assert "It is saved now: L" in await face.hears("saved now")
    assert len(world.sent("POST")) == 1


async def kept_and_taken_back(face: Face, world: World) -> None:
    world.line.lose_request(times=ALWAYS)
    await face.create(*BINH)
    assert "Taken back: change #1" in await face.undo(1)
    world.line.clear()
    await world.later(seconds=31)
    assert world.sent("POST") == []


async def repeated(face: Face, world: World) -> None:
    """A messenger brings a message again after a kill; an assistant makes a call again whose answer it lost."""
    read = await face.create_twice(*BINH)
    assert "Created: L" in read
    assert "moment ago" in read
    assert len(world.sent("POST")) == 1


async def edits_undone(face: Face, world: World) -> None:
    before = row(world, AN.ref)
    assert before is not None
    was = dict(before.fields)
    await face.stage(AN.ref, "Chốt")
    await face.tag(AN.ref, "Nóng")
    await face.note(AN.ref, "gọi lại")
    await face.empty_note(AN.ref, "yes")
    for change in (4, 3, 2, 1):
        assert f"Undone: change #{change}" in await face.undo(change)
    after = row(world, AN.ref)
    assert after is not None
    assert {field: after.fields[field] for field in ("stage", "tags", "bgInfo")} == {
        field: was[field] for field in ("stage", "tags", "bgInfo")
    }
    assert "undone already" in await face.undo(1)
    assert "undoes #1" in await face.changes()


async def create_undone(face: Face, world: World) -> None:
    await face.create(*BINH)
    assert "Nothing was changed" in await face.undo(1, "keep")
    assert world.destroyed() == []
    assert "was deleted" in await face.undo(1)
    assert [request.method for request in world.destroyed()] == ["DELETE"]


async def delete_undone(face: Face, world: World) -> None:
    await face.delete(AN.ref, "yes")
    assert f"{AN.name} is there again, as L" in await face.undo(1)
    assert AN.name in await face.find(AN.email or "")
    assert [post.body["name"] for post in world.sent("POST")] == [AN.name]


async def moved_on_since(face: Face, world: World) -> None:
    """What came after a change is nobody's to take back with it."""
    await face.stage(AN.ref, "Chốt")
    record = row(world, AN.ref)
    assert record is not None
    record.fields["stage"] = "Mất"
    world.sandbox.store.save(record)
    assert "has moved on since change #1" in await face.undo(1)
    assert len(world.sent("PUT")) == 1


async def acknowledged_but_not_stored(face: Face, world: World) -> None:
    world.sandbox.switches.acknowledge_without_storing = True
    assert "reading it back shows otherwise" in await face.stage(AN.ref, "Chốt")
    assert "is not there" in await face.create("Nguyễn Văn Bình", "0977123456")
    assert "still there" in await face.delete(AN.ref, "yes")


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        found,
        found_by_name,
        several_found,
        not_found,
        created,
        duplicate,
        duplicate_and_go_on,
        stage_moved,
        tag_added_twice,
        note_added,
        note_added_twice,
        field_emptied,
        field_kept,
        delete_confirmed,
        delete_declined,
        delete_cancelled,
        changed_meanwhile,
        too_late,
        antcrm_down,
        answer_lost,
        lost_and_looked_into_later,
        lost_for_good,
        kept_while_antcrm_is_away,
        kept_and_taken_back,
        repeated,
        edits_undone,
        create_undone,
        delete_undone,
        moved_on_since,
        acknowledged_but_not_stored,
    )
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("story", STORIES)
async def test_story(story: str, face: FaceName) -> None:
    async with world() as w, face_on(face, w) as through:
        await STORIES[story](through, w)


@pytest.mark.parametrize("face", FACES)
async def test_undo_of_what_somebody_else_did(face: FaceName) -> None:
    """That takes the right to delete."""
    minh = Actor("minh@antcrm.example", "telegram")
    async with world(scopes="read,write") as w, face_on(face, w) as through:
        call = tool_named("update_stage").call({"ref": AN.ref, "stage": "Chốt"})
        assert isinstance(await w.house.desk().submit(call, minh), Done)
        assert "needs the right" in await through.undo(1)
        assert "#1" not in await through.changes()
        assert len(w.sent("PUT")) == 1
        assert "Saved" in await through.stage(HOA.ref, "Chốt")
        assert "Undone: change #2" in await through.undo(2)
