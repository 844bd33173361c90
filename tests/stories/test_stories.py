"""One table of stories, through every face: what the person reads, and what AntCRM was asked to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from antcrm_tools.sandbox import AN, HOA, TUAN
from antcrm_tools.sandbox.store import Row
from tests.fakes.world import ALWAYS, World, world
from tests.stories.faces import FACES, Face, FaceName, face_on

Story: TypeAlias = Callable[[Face, World], Awaitable[None]]


def row(world: World, ref: str) -> Row | None:
    """The record as AntCRM holds it."""
    return world.sandbox.store.get("lead", int(ref[1:]))


async def found(face: Face, _: World) -> None:
    assert HOA.name in await face.find(HOA.ref)
    assert TUAN.name in await face.find("0834 567 890"), "stored with the eleven digits of before 2018"


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
    world.line.lose_answer("DELETE", times=ALWAYS)
    read = await face.delete(AN.ref, "yes")
    assert "not known whether" in read
    assert len(world.destroyed()) == 1
    world.line.lose_answer("POST", times=ALWAYS)
    assert "not known whether" in await face.create("Nguyễn Văn Bình", "0977123456")
    assert len(world.sent("POST")) == 1


async def acknowledged_but_not_stored(face: Face, world: World) -> None:
    world.sandbox.switches.acknowledge_without_storing = True
    assert "reading it back shows otherwise" in await face.stage(AN.ref, "Chốt")
    assert "is not there" in await face.create("Nguyễn Văn Bình", "0977123456")
    assert "still there" in await face.delete(AN.ref, "yes")


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        found,
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
        acknowledged_but_not_stored,
    )
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("story", STORIES)
async def test_story(story: str, face: FaceName) -> None:
    async with world() as w, face_on(face, w) as through:
        await STORIES[story](through, w)
