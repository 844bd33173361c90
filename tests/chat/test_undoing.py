"""Taking back what was done: by a button, by words, out of a list, and also after the program was started anew."""

import pytest

from antcrm_chat.leads import jotted
from antcrm_tools.house import House
from antcrm_tools.members import Scope
from antcrm_tools.sandbox import AN, HOA, TUAN, Sandbox
from tests.chat.conftest import Clock
from tests.fakes.talker import Talker, chat_in


def fields(sandbox: Sandbox, one: int = AN.id) -> dict[str, object]:
    row = sandbox.store.get("lead", one)
    assert row is not None
    return dict(row.fields)


@pytest.fixture
def minh(lan: Talker) -> Talker:
    """A colleague, at the same chat."""
    return Talker(lan.chat, language="en", name="minh", who="minh@antcrm.example")


@pytest.mark.parametrize("words", [f"move {AN.ref} to Chốt", f"tag {AN.ref} VIP", f"note {AN.ref} gọi lại mai"])
async def test_an_edit(lan: Talker, sandbox: Sandbox, words: str) -> None:
    before = fields(sandbox)
    await lan.say(words)
    screen = await lan.tap("Undo")
    if "Keep" in screen:  # what was added to a note goes, and that is asked
        screen = await lan.tap("Undo it")
    assert "Undone: change #1" in screen
    after = fields(sandbox)
    assert {name: after[name] for name in ("stage", "tags", "bgInfo")} == {
        name: before[name] for name in ("stage", "tags", "bgInfo")
    }
    # The result stands where the change stood, or nothing there is open.
    assert lan.everything.count("[Undo]") == 1
    assert "Undone: change #2" in await lan.tap("Undo")
    assert fields(sandbox) != before


async def test_a_created_lead_is_asked_about(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead Bình 0977123456", "m1")
    screen = await lan.tap("Undo")
    assert "Undo change #1 and delete lead" in screen
    assert [button.style for button in lan.cards[0].choices] == ["plain", "danger"]
    assert not sandbox.destroying()
    assert "Undone: change #1" in await lan.tap("Delete Bình")
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "dropped")
    assert len(sandbox.destroying()) == 1
    assert "Show L" not in lan.everything
    # What was taken back can be meant again.
    assert "not saved yet" in await lan.edit("/lead Bình 0977123456 hỏi giá", "m1")
    assert "Created: L" in await lan.tap("Save")


async def test_a_no_leaves_it(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead Bình 0977123456")
    await lan.tap("Undo")
    assert "the answer was no" in await lan.tap("Keep")
    assert not sandbox.destroying()
    assert "Undo change #1 and delete" in await lan.say("/undo 1")


async def test_a_word_is_no_answer_to_a_card_with_undo(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    assert "nothing to cancel" in await lan.say("/cancel")
    assert "did not understand" in await lan.say("ok")
    assert fields(sandbox)["stage"] == "Chốt"


async def test_a_deleted_customer(lan: Talker) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    await lan.tap("Delete")
    screen = await lan.tap("Undo")
    assert f"{TUAN.name} is there again, as L" in screen
    assert TUAN.name in await lan.say(f"/find {TUAN.phone}")


async def test_the_last_change(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    await lan.say(f"tag {HOA.ref} Nóng")
    for number, ref in ((2, HOA.ref), (1, AN.ref)):
        screen = await lan.say("/undo")
        assert "Your last change that can be undone:" in screen
        assert ref in screen
        assert f"Undone: change #{number}" in await lan.tap(f"Undo #{number}")
    # What was undone is not the last change, nor is the undoing.
    assert "You have no change that can be undone." in await lan.say("hoàn tác")
    assert fields(sandbox)["stage"] == AN.stage


@pytest.mark.parametrize("words", ["/undo 1", "/undo #1", "hoàn tác 1", "hoan tac #1", "undo change 1", "Undo # 1"])
async def test_one_by_its_number(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    assert "Undone: change #1" in await lan.say(words)
    assert "was undone already" in await lan.say(words)
    assert fields(sandbox)["stage"] == AN.stage


@pytest.mark.parametrize("words", ["/undo abc", "/undo 0", "hoàn tác giúp em", "/undo 12345678901234567890"])
async def test_what_is_no_number(lan: Talker, words: str) -> None:
    assert "is not the number of a change. Nothing was done." in await lan.say(words)


async def test_words_with_somebody_in_them_are_a_draft(lan: Talker) -> None:
    assert "not saved yet" in await lan.say("hoàn tác cọc cho anh Bình 0977123456")


async def test_a_number_nobody_has(lan: Talker) -> None:
    assert "There is no change #77." in await lan.say("/undo 77")


@pytest.mark.parametrize("words", ["/recent", "gần đây", "recent changes", "thay đổi gần đây"])
async def test_the_list(lan: Talker, minh: Talker, sandbox: Sandbox, words: str) -> None:
    assert "You have changed nothing yet." in await lan.say(words)
    await lan.say(f"move {AN.ref} to Chốt")
    await minh.say(f"tag {HOA.ref} Nóng")
    await lan.say(f"tag {HOA.ref} Thân thiết")
    screen = await lan.say(words)
    assert "#1 ·" in screen
    assert "#2 ·" not in screen
    assert [button.label.render("en") for button in lan.cards[0].choices] == ["Undo #3", "Undo #1"]
    assert "Undone: change #1" in await lan.tap("Undo #1")
    # The list stays, and its other buttons with it.
    assert "was undone already" in await lan.press(next(b.token for b in lan.wall_of("Your last").choices[1:]))
    assert "Undone: change #3" in await lan.tap("Undo #3")
    assert fields(sandbox)["stage"] == AN.stage


async def test_recent_words_are_talk(lan: Talker) -> None:
    assert "did not understand" in await lan.say("gần đây có khách nào mới không")


async def test_somebody_elses(lan: Talker, minh: Talker, sandbox: Sandbox, house: House) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    assert "You have no change" in await minh.say("/undo")
    sales = frozenset[Scope]({"read", "write"})
    vy = Talker(chat_in(house), language="en", name="vy", who="vy@antcrm.example", scopes=sales)
    assert "needs the right to" in await vy.say("/undo 1")
    assert fields(sandbox)["stage"] == "Chốt"


async def test_too_old(lan: Talker, clock: Clock, sandbox: Sandbox) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    clock.forward(hours=25)
    assert "cannot be undone" in await lan.tap("Undo")
    assert fields(sandbox)["stage"] == "Chốt"


async def test_the_buttons_of_a_process_that_is_gone(lan: Talker, house: House, sandbox: Sandbox) -> None:
    await lan.say(f"move {AN.ref} to Chốt")
    undo = lan.button("Undo").token
    again = Talker(chat_in(house), language="en")
    assert "Undone: change #1" in await again.press(undo)
    assert again.cards[0].stale
    assert fields(sandbox)["stage"] == AN.stage
    assert "was undone already" in await again.press(undo)


async def test_a_tap_that_was_carried_out_before_the_kill(lan: Talker, house: House) -> None:
    await lan.say("/tag 0912345678 VIP")
    which = lan.button(AN.ref).token
    await lan.press(which)
    again = Talker(chat_in(house), language="en")
    screen = await again.press(which)
    assert screen == f"Change #1, {AN.ref} {AN.name}: It was done."
    assert again.cards[0].alert
    assert "too old" in await again.press("nobodys")


async def test_a_draft_that_was_saved_before_the_kill(lan: Talker, house: House, sandbox: Sandbox) -> None:
    await lan.say("anh Bình 0977123456 hỏi giá", "m1")
    save = lan.button("Save").token
    await lan.press(save)
    again = Talker(chat_in(house), language="en")
    screen = await again.press(save, jotted("anh Bình 0977123456 hỏi giá", message="m1"))
    assert "1 customer has this phone" in screen
    assert "anh Bình: It was done." in screen
    await again.tap("Save as a new lead")
    assert len([request for request in sandbox.requests if request.method == "POST"]) == 1
