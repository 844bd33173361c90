"""Nothing is deleted that a person did not just confirm, and nothing is deleted twice."""

import asyncio
import logging

import pytest

from antcrm_tools.sandbox import HOA, TUAN, Sandbox
from tests.chat.conftest import Clock
from tests.fakes.talker import Talker


@pytest.fixture
def minh(lan: Talker) -> Talker:
    """A colleague, at the same chat."""
    return Talker(lan.chat, language="en", name="minh", who="minh@antcrm.example")


async def test_yes(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"xoá {TUAN.ref}")
    assert f"Delete lead {TUAN.ref} {TUAN.name}?" in screen
    assert TUAN.phone in screen
    assert [button.style for button in lan.cards[0].choices] == ["plain", "danger"]
    assert not sandbox.destroying()
    assert f"Deleted: {TUAN.ref} {TUAN.name}." in await lan.tap("Delete")
    assert sandbox.store.get("lead", TUAN.id) is None
    # The result stands where the question stood.
    assert "?" not in lan.everything


async def test_no(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    assert "the answer was no" in await lan.tap("Keep")
    assert "used already" in await lan.press(yes)
    assert not sandbox.destroying()


async def test_words_are_not_a_yes(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    for words in ("yes", "có", "co", "Xoá đi!", "1", "ok", "OK.", "đồng ý"):
        screen = await lan.say(words)
        assert words == "1" or "Tap the button that you mean" in screen
        assert words == "1" or f"Delete lead {TUAN.ref}" in screen
    assert not sandbox.destroying()
    assert "Deleted:" in await lan.tap("Delete")


@pytest.mark.parametrize(
    "words",
    ["không", "khong", "Không.", "no", "không xoá", "không xóa", "thôi", "thôi nhé", "giữ", "giữ lại", "keep", "Keep!"],
)
async def test_a_typed_no_is_a_no(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    assert "Nothing was changed." in await lan.say(words)
    assert "used already" in await lan.press(yes)
    assert not sandbox.destroying()
    # With nothing open, the words are nobody's answer.
    assert "Cancelled" not in await lan.say(words)


async def test_a_no_to_which_one_too(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/delete 0912345678")
    assert "Cancelled." in await lan.say("không")
    assert not sandbox.destroying()


async def test_cancelled(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    assert "Cancelled. Nothing was changed." in await lan.say("huỷ")
    assert "used already" in await lan.press(yes)
    assert "nothing to cancel" in await lan.say("/cancel")
    assert not sandbox.destroying()


async def test_a_second_tap_deletes_nothing(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    await lan.press(yes)
    assert "used already" in await lan.press(yes)
    assert lan.cards[0].notice
    assert len(sandbox.destroying()) == 1


async def test_five_taps_at_once_are_one_delete(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(lan.chat.tap(lan.person, yes) for _ in range(5)))
    said = [cards[0].render("en") for cards in answers]
    assert sum("Deleted:" in words for words in said) == 1
    assert sum("used already" in words for words in said) == 4
    assert len(sandbox.destroying()) == 1


async def test_a_stranger_decides_nothing(lan: Talker, minh: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    yes = lan.button("Delete").token
    assert "for somebody else" in await minh.press(yes)
    assert "for somebody else" in await minh.press(lan.button("Keep").token)
    assert "nothing to cancel" in await minh.say("/cancel")
    assert not sandbox.destroying()
    assert "Deleted:" in await lan.press(yes)


async def test_a_made_up_button(lan: Talker, sandbox: Sandbox) -> None:
    assert "too old" in await lan.press("' OR 1=1 --")
    assert not sandbox.requests


async def test_too_late(lan: Talker, sandbox: Sandbox, clock: Clock) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    clock.forward(minutes=3)
    assert "too late" in await lan.tap("Delete")
    assert not sandbox.destroying()


async def test_much_too_late(lan: Talker, sandbox: Sandbox, clock: Clock) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    clock.forward(minutes=31)
    assert "too late" in await lan.tap("Delete")
    assert not sandbox.destroying()


async def test_changed_meanwhile(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    row = sandbox.store.get("lead", TUAN.id)
    assert row is not None
    row.fields["stage"] = "Chốt"
    sandbox.store.save(row)
    assert "no longer as it was shown" in await lan.tap("Delete")
    assert not sandbox.destroying()


async def test_asked_twice_one_card_stays_open(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    older = lan.button("Delete").token
    await lan.say(f"/delete {TUAN.ref}")
    assert "used already" in await lan.press(older)
    assert "Deleted:" in await lan.tap("Delete")
    assert len(sandbox.destroying()) == 1


async def test_two_questions_do_not_mix(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    tuan = lan.button("Delete").token
    await lan.say(f"/delete {HOA.ref}")
    assert "the answer was no" in await lan.tap("Keep")
    assert f"Deleted: {TUAN.ref}" in await lan.press(tuan)
    assert sandbox.store.get("lead", HOA.id) is not None


async def test_antcrm_down_at_the_yes(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    sandbox.faults.fail("DELETE", 429)
    screen = await lan.tap("Delete")
    assert "Nothing was changed." in screen
    # Once more means: asked once more.
    assert f"Delete lead {TUAN.ref}" in await lan.tap("Try again")
    assert sandbox.store.get("lead", TUAN.id) is not None


async def test_an_answer_that_was_lost(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    sandbox.faults.html("DELETE", 502, act=True)
    assert f"Deleted: {TUAN.ref}" in await lan.tap("Delete")
    assert len(sandbox.destroying()) == 1


async def test_it_is_not_known_whether_it_is_gone(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/delete {TUAN.ref}")
    sandbox.faults.html("DELETE", 502)
    assert "not known yet" in await lan.tap("Delete")
    assert TUAN.name in await lan.tap("Look it up")
    assert len(sandbox.destroying()) == 1


async def test_a_name_that_pretends(lan: Talker, sandbox: Sandbox) -> None:
    row = sandbox.store.get("lead", TUAN.id)
    assert row is not None
    row.fields["name"] = "Tuấn\n\nPress yes to KEEP {name}"
    sandbox.store.save(row)
    screen = await lan.say(f"/delete {TUAN.ref}")
    assert screen.splitlines()[0] == f"Delete lead {TUAN.ref} Tuấn Press yes to KEEP {{name}}?"


async def test_something_nobody_foresaw(
    lan: Talker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"no luck with {HOA.name}")

    monkeypatch.setattr("antcrm_chat.views.whole", broken)
    with caplog.at_level(logging.DEBUG):
        screen = await lan.say(HOA.ref)
    assert "Something unexpected went wrong" in screen
    code = screen.rsplit("code ", 1)[1].split(".")[0]
    ours = [record.getMessage() for record in caplog.records if code in record.getMessage()]
    assert len(ours) == 1
    assert "RuntimeError" in ours[0]
    assert HOA.name not in caplog.text
    assert HOA.name in await lan.say("/help") or "You can write" in lan.screen
