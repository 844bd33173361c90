"""What is not known yet, or not sent yet: it is in the ledger, goes on by itself, and the person hears of it."""

import io

import pytest

from antcrm_chat.cards import Card, Person
from antcrm_cli.screen import PlainScreen
from antcrm_cli.terminal import Terminal
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, Sandbox
from antcrm_tools.sandbox.log import LoggedRequest
from tests.chat.conftest import Clock
from tests.fakes.talker import Talker, chat_in

LEAD = "/lead Bình 0977123456 hỏi giá"


def posts(sandbox: Sandbox) -> list[LoggedRequest]:
    return [request for request in sandbox.requests if request.method == "POST"]


async def later(house: House, clock: Clock, seconds: float = 121) -> None:
    clock.forward(seconds=seconds)
    await house.resolver().tick()
    await house.resolver().idle()


async def test_kept_then_saved(lan: Talker, house: House, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.faults.stand("*=429")
    screen = await lan.say(LEAD, "m1")
    assert "Bình is written down as change #1 and not in AntCRM yet." in screen
    assert "note: hỏi giá" in screen
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "seen")
    assert [button.label.render("en") for button in lan.cards[0].choices] == ["Look it up", "Take it back"]
    sandbox.faults.clear()
    assert "looked into by itself" in await lan.tap("Look it up")
    assert posts(sandbox) == []
    await later(house, clock)
    assert "It is saved now: L" in await lan.hears()
    assert lan.cards[0].about == "m1"
    assert "hỏi giá" in await lan.tap("Show L")
    assert len(posts(sandbox)) == 1
    assert await lan.hears() == ""


async def test_kept_then_taken_back(lan: Talker, house: House, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.faults.stand("*=429")
    await lan.say(LEAD, "m1")
    assert "Take back change #1, Bình, which was not sent yet?" in await lan.tap("Take it back")
    assert "Taken back: change #1" in await lan.tap("Do not send it")
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "dropped")
    assert "Look it up" not in lan.everything
    sandbox.faults.clear()
    await later(house, clock)
    assert posts(sandbox) == []
    # The message is as if nothing had been made of it.
    assert "not saved yet" in await lan.edit("/lead Bình 0977123456 hỏi giá gấp", "m1")


async def test_what_is_kept_is_not_changed_by_an_edit(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.faults.stand("*=429")
    await lan.say(LEAD, "m1")
    assert "is written down as change #1. Its new words are not." in await lan.edit(f"{LEAD} gấp", "m1")
    assert "Take back change #1" in await lan.tap("Take it back")


async def test_the_same_message_again_is_the_same_lead(lan: Talker, house: House, sandbox: Sandbox) -> None:
    """A messenger brings it again after a kill, to a process that knows nothing of it."""
    await lan.say(LEAD, "m1")
    again = Talker(chat_in(house), language="en")
    screen = await again.say(LEAD, "m1")
    assert "This was done a moment ago already" in screen
    assert "Created: L" in screen
    assert len(posts(sandbox)) == 1
    assert "Nothing was created: 1 customer has this phone" in await again.say(LEAD, "m2")


@pytest.mark.parametrize("words", [f"note {AN.ref} gọi lại", f"tag {AN.ref} VIP", f"move {AN.ref} to Chốt"])
async def test_the_same_message_again_is_the_same_change(
    lan: Talker, house: House, sandbox: Sandbox, words: str
) -> None:
    await lan.say(words, "m1")
    assert "moment ago" in await Talker(chat_in(house), language="en").say(words, "m1")
    assert len([request for request in sandbox.requests if request.method == "PUT"]) == 1


async def test_a_terminal_has_no_names_for_lines(lan: Talker, sandbox: Sandbox) -> None:
    for _ in range(2):
        assert "Saved" in await lan.say(f"note {AN.ref} gọi lại")
    assert len([request for request in sandbox.requests if request.method == "PUT"]) == 2


async def test_create_anyway_is_the_wish_of_the_message(lan: Talker, house: House, sandbox: Sandbox) -> None:
    await lan.say("/lead An mới 0912345678", "m1")
    await lan.tap("Create anyway")
    again = Talker(chat_in(house), language="en")
    assert "moment ago" in await again.say("/lead An mới 0912345678", "m1")
    assert len(posts(sandbox)) == 1


async def test_trying_again_is_the_same_wish(lan: Talker, house: House, sandbox: Sandbox) -> None:
    sandbox.faults.fail("PUT", 429)
    assert "Try again" in await lan.say(f"note {AN.ref} gọi lại", "m1")
    assert "Saved" in await lan.tap("Try again")
    again = Talker(chat_in(house), language="en")
    assert "moment ago" in await again.say(f"note {AN.ref} gọi lại", "m1")
    assert len([request for request in sandbox.requests if request.acted and request.method == "PUT"]) == 1


async def test_what_did_not_arrive_is_told_another_time(
    lan: Talker, house: House, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.faults.cut("POST")
    assert "not known yet" in await lan.say(LEAD)
    await later(house, clock)
    shown: list[str] = []

    async def lost(_: Person, card: Card) -> bool:
        shown.append(card.render("en"))
        return False

    for _ in range(2):
        await lan.chat.tell([lan.person], lost)
    assert len(shown) == 2
    # Another process tells it, and only once, on whichever account it arrives.
    there = Talker(chat_in(house), language="en", name="lan-2")

    async def on_one(person: Person, card: Card) -> bool:
        shown.append(card.render("en"))
        return person.id == "lan-2"

    for _ in range(2):
        await there.chat.tell([lan.person, there.person], on_one)
    assert len(shown) == 4
    assert len(set(shown)) == 1
    assert await lan.hears() == ""


async def test_a_terminal_tells_before_it_answers(house: House, clock: Clock, sandbox: Sandbox) -> None:
    out = io.StringIO()
    terminal = Terminal(chat_in(house), Person("terminal", "lan@antcrm.example"), PlainScreen(out))
    sandbox.faults.cut("POST")
    await terminal.turn(LEAD)
    await later(house, clock)
    for _ in range(2):
        await terminal.turn(f"/find {AN.ref}")
    said = out.getvalue()
    assert said.count("It is saved now: L") == 1
    assert said.index("It is saved now: L") < said.index(AN.name)


async def test_news_are_for_whom_they_are_about(lan: Talker, house: House, clock: Clock, sandbox: Sandbox) -> None:
    minh = Talker(lan.chat, language="en", name="minh", who="minh@antcrm.example")
    sandbox.faults.cut("POST")
    await lan.say(LEAD)
    await later(house, clock)
    assert await minh.hears() == ""
    assert "It is saved now" in await lan.hears()
