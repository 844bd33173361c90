"""Stages, tags and notes in the chat."""

from dataclasses import replace

import pytest

from antcrm_tools.desk import Desk
from antcrm_tools.outcomes import Actor, Done, Outcome
from antcrm_tools.registry import Call
from antcrm_tools.sandbox import AN, ANH, HOA, Sandbox
from antcrm_tools.sandbox.store import Row
from tests.fakes.talker import Talker


def lead(sandbox: Sandbox, number: int) -> Row:
    row = sandbox.store.get("lead", number)
    assert row is not None
    return row


async def test_stage(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"chuyển {HOA.ref} sang Đã gửi báo giá")
    assert f"stage: “{HOA.stage}” → “Đã gửi báo giá”" in screen
    assert lead(sandbox, HOA.id).fields["stage"] == "Đã gửi báo giá"


async def test_a_tag_twice_is_one_tag(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"gắn tag {HOA.ref} Ưu tiên, vip")
    assert "already so" in await lan.say(f"/tag {HOA.ref} Ưu tiên")
    assert lead(sandbox, HOA.id).fields["tags"] == [*HOA.tags, "Ưu tiên"]
    assert len([r for r in sandbox.requests if r.method == "PUT"]) == 1


async def test_untag(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"gỡ tag {HOA.ref} vip")
    assert lead(sandbox, HOA.id).fields["tags"] == ["Hẹn gọi lại"]


async def test_untag_what_is_not_there_is_said(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"gỡ thẻ {HOA.ref} vipp")
    assert f"{HOA.ref} has no tag “vipp”." in screen
    assert "VIP" in screen
    assert not lan.cards[0].buttons
    assert not [r for r in sandbox.requests if r.method == "PUT"]


async def test_what_was_done_a_moment_ago_is_said_to_be_old(lan: Talker, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = Desk.submit

    async def again(desk: Desk, call: Call, actor: Actor, *, source: str = "") -> Outcome:
        outcome = await submit(desk, call, actor, source=source)
        return replace(outcome, again=True) if isinstance(outcome, Done) else outcome

    assert "moment ago" not in await lan.say(f"ghi chú {HOA.ref} gọi lại")
    monkeypatch.setattr(Desk, "submit", again)
    first, second, *_ = (await lan.say(f"ghi chú {HOA.ref} gọi lại")).splitlines()
    assert first == "This was done a moment ago already; nothing was sent now."
    assert HOA.ref in second


async def test_note(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"ghi chú {AN.ref} gọi lại mai")
    assert "note: [2026-03-10] gọi lại mai" in screen
    assert lead(sandbox, AN.id).fields["bgInfo"] == f"{AN.note}\n[2026-03-10] gọi lại mai"


async def test_by_phone_where_it_is_one_persons(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/stage 0987.654.321 Chốt")
    assert lead(sandbox, HOA.id).fields["stage"] == "Chốt"


async def test_by_a_phone_that_two_share_asks_which_and_goes_on(lan: Talker, sandbox: Sandbox) -> None:
    assert "Which customer do you mean?" in await lan.say("/stage 0912345678 Chốt")
    other = lan.button(AN.ref).token
    assert "Saved:" in await lan.tap(ANH.ref)
    assert lead(sandbox, ANH.id).fields["stage"] == "Chốt"
    # The question is answered: the other choice is no longer there to be tapped by mistake.
    assert "used already" in await lan.press(other)
    assert lead(sandbox, AN.id).fields["stage"] == AN.stage


async def test_nobody_to_do_it_to(lan: Talker) -> None:
    screen = await lan.say("/tag 0977123456 VIP")
    assert "Nobody was found" in screen
    assert "Nothing was done" in screen
    assert not lan.cards[0].buttons
    assert "no customer L999999" in await lan.say("/tag L999999 VIP")


async def test_a_stage_that_cannot_be_one(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"/stage {HOA.ref} 3")
    assert "A stage is a name" in screen
    assert "For example: move L9457 to" in screen
    assert not sandbox.requests


async def test_a_write_that_was_not_stored_is_said(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.switches.acknowledge_without_storing = True
    assert "Not stored: stage." in await lan.say(f"/stage {HOA.ref} Chốt")


async def test_antcrm_that_refuses_us_for_now_can_be_tried_again(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.faults.fail("PUT", 429)
    screen = await lan.say(f"/stage {HOA.ref} Chốt")
    assert "Nothing was changed." in screen
    assert lead(sandbox, HOA.id).fields["stage"] == HOA.stage
    assert "Saved:" in await lan.tap("Try again")
    assert lead(sandbox, HOA.id).fields["stage"] == "Chốt"


async def test_antcrm_down(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.faults.fail("*", 500, times=None)
    screen = await lan.say(HOA.ref)
    assert "Nothing was changed." in screen
    sandbox.faults.clear()
    assert HOA.name in await lan.tap("Try again")


async def test_a_stage_nobody_was_at_is_put_right_with_a_tap(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/status")  # the copy is whole
    screen = await lan.say(f"chuyển {HOA.ref} sang dam phan")
    assert "Nobody was at a stage “dam phan” before. Did you mean “Đàm phán”?" in screen
    assert "“dam phan” → “Đàm phán”" in await lan.tap("Đàm phán")
    row = sandbox.store.get("lead", HOA.id)
    assert row is not None
    assert row.fields["stage"] == "Đàm phán"
