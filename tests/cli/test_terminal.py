"""Numbers tap buttons; everything else is words."""

import asyncio
import io

import pytest

from antcrm_chat.cards import Card, Person
from antcrm_chat.chat import Chat
from antcrm_cli.lines import reading
from antcrm_cli.screen import PlainScreen
from antcrm_cli.terminal import Terminal
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, ANH, TUAN
from antcrm_tools.settings import Settings
from antcrm_tools.text import verbatim
from tests.fakes.talker import chat_in


async def session(*lines: str) -> tuple[str, House]:
    house = House(Settings.model_validate({"sandbox": True, "language": "en"}))
    out = io.StringIO()
    terminal = Terminal(chat_in(house), Person("terminal", "local", "en"), PlainScreen(out))
    async with house, asyncio.timeout(30), reading(io.BytesIO("\n".join(lines).encode())) as read:
        await terminal.talk(read)
        return out.getvalue(), house


async def test_a_number_taps_the_newest_card() -> None:
    said, _ = await session("0912345678", "2")
    assert f"› 2\n{ANH.ref} {ANH.name} (lead)" in said or f"› 2\n{AN.ref} {AN.name} (lead)" in said


async def test_a_number_that_is_not_listed_is_words() -> None:
    said, _ = await session("0912345678", "9001")
    assert f"› 9001\n{AN.ref} {AN.name} (lead)" in said


async def test_delete_by_number() -> None:
    said, house = await session(f"xoá {TUAN.ref}", "2", "2")
    assert f"[1] Keep  [2] Delete {TUAN.name}" in said
    assert f"Deleted: {TUAN.ref} {TUAN.name}." in said
    assert len(house.open_sandbox().destroying()) == 1


async def test_a_doubled_one_keeps() -> None:
    said, house = await session("xoá 0912345678", "1", "1", "1")
    assert "the answer was no" in said
    assert not house.open_sandbox().destroying()


@pytest.mark.parametrize("between", ["/help", "xin chào", f"tìm {AN.ref}", f"gắn tag {AN.ref} VIP"])
@pytest.mark.parametrize("number", ["1", "2"])
async def test_a_number_taps_nothing_of_an_older_answer(between: str, number: str) -> None:
    said, house = await session(f"xoá {TUAN.ref}", between, number)
    assert "Deleted" not in said
    assert "the answer was no" not in said
    # What is tapped may be the last answer's own: "Undo" of a tag takes the tag off again.
    assert not [request for request in house.open_sandbox().requests if request.method == "DELETE"]


async def test_a_typed_yes_shows_the_question_again_with_its_numbers() -> None:
    said, house = await session(f"xoá {TUAN.ref}", "có", "2")
    assert said.count(f"[1] Keep  [2] Delete {TUAN.name}") == 2
    assert "Tap the button that you mean" in said
    assert len(house.open_sandbox().destroying()) == 1


@pytest.mark.parametrize("word", ["exit", "quit", "thoát", "THOAT"])
async def test_leaving(word: str) -> None:
    said, _ = await session("/help", word, "0912345678")
    assert "You can write" in said
    assert AN.name not in said


async def test_the_end_of_the_input_and_blank_lines() -> None:
    said, _ = await session("", "   ")
    assert said == "› \n› " + "   \n"


class HeldChat(Chat):
    """A write that takes its time."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def hear(self, person: Person, words: str, message: str = "", *, to: str = "") -> list[Card]:
        del message, to
        self.begun.set()
        await self.go_on.wait()
        return [Card(verbatim(f"{person.who}: {words} done"))]


async def test_leaving_in_the_middle_of_a_write_tells_how_it_ended() -> None:
    chat, out = HeldChat(), io.StringIO()
    turn = asyncio.create_task(Terminal(chat, Person("terminal", "local"), PlainScreen(out)).turn("xoá"))
    async with asyncio.timeout(10):
        await chat.begun.wait()
        turn.cancel()
        await asyncio.sleep(0)
        assert not turn.done()
        chat.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await turn
    assert "Finishing what is under way" in out.getvalue()
    assert "local: xoá done" in out.getvalue()
