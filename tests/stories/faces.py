"""The faces, as a story uses them: a wish in, what the person reads out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, Protocol, TypeAlias

from mcp.types import TextContent

from tests.fakes.assistant import Assistant, Era, Person, assistant
from tests.fakes.talker import Talker, chat_in
from tests.fakes.telegram import TelegramBot, telegram
from tests.fakes.world import World

Says: TypeAlias = Literal["yes", "keep", "cancel"]
Meanwhile: TypeAlias = Callable[[], Awaitable[None]]
Act: TypeAlias = Callable[[str], Awaitable[str]]


async def nothing() -> None:
    """What happens while most questions stand."""


class Face(Protocol):
    """What people do, whatever they do it through. Each returns the words they read at the end."""

    async def find(self, what: str) -> str: ...
    async def create(self, name: str, phone: str, *, anyway: bool = False) -> str: ...
    async def stage(self, ref: str, stage: str) -> str: ...
    async def tag(self, ref: str, tag: str) -> str: ...
    async def note(self, ref: str, note: str) -> str: ...
    async def empty_note(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str: ...
    async def delete(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str: ...
    async def create_twice(self, name: str, phone: str) -> str:
        """The same wish comes twice; what is read the second time."""
        ...

    async def undo(self, change: int, says: Says = "yes") -> str: ...
    async def changes(self) -> str: ...
    async def hears(self, words: str) -> str:
        """What is told of earlier wishes, which has these words in it."""
        ...


class AssistantFace:
    """A person with an AI assistant."""

    def __init__(self, one: Assistant) -> None:
        """`one` is connected."""
        self._one = one

    async def find(self, what: str) -> str:
        return (await self._one.call("find_customers", query=what)).text

    async def create(self, name: str, phone: str, *, anyway: bool = False) -> str:
        said = await self._one.call("create_lead", name=name, phones=[phone])
        if anyway:
            said = await self._one.call("create_lead", name=name, phones=[phone], allow_duplicate=True)
        return said.text

    async def stage(self, ref: str, stage: str) -> str:
        return (await self._one.call("update_stage", ref=ref, stage=stage)).text

    async def tag(self, ref: str, tag: str) -> str:
        return (await self._one.call("add_tags", ref=ref, tags=[tag])).text

    async def note(self, ref: str, note: str) -> str:
        return (await self._one.call("add_note", ref=ref, note=note)).text

    async def empty_note(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str:
        self._will(says, meanwhile)
        return (await self._one.call("update_customer", ref=ref, empty=["note"])).text

    async def delete(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str:
        self._will(says, meanwhile)
        return (await self._one.call("delete_customer", ref=ref)).text

    async def create_twice(self, name: str, phone: str) -> str:
        await self.create(name, phone)
        return await self.create(name, phone)

    async def undo(self, change: int, says: Says = "yes") -> str:
        self._will(says, nothing)
        return (await self._one.call("undo_change", change=change)).text

    async def changes(self) -> str:
        return (await self._one.call("list_changes", mine=True)).text

    async def hears(self, words: str) -> str:
        """It comes with the answer to whatever is asked next."""
        del words
        result = await self._one.client.call_tool("find_customers", {"query": "L1"})
        return "\n".join(content.text for content in result.content if isinstance(content, TextContent))

    def _will(self, says: Says, meanwhile: Meanwhile) -> None:
        self._one.person.answers, self._one.person.meanwhile = says, meanwhile


class ChatFace:
    """A person at the chat, at a terminal or on the phone."""

    def __init__(
        self, say: Act, tap: Act, hears: Act, again: Callable[[], Awaitable[str]], choices: Callable[[], list[str]]
    ) -> None:
        """Each of the first four returns what is new to read; `choices` are the labels of the newest buttons.

        `say` writes a message, `tap` taps the newest button of that name, `hears` waits until something with these
        words is told, and `again` brings the last message once more.
        """
        self._say = say
        self._tap = tap
        self._hears = hears
        self._again = again
        self._choices = choices

    async def find(self, what: str) -> str:
        return await self._say(f"/find {what}")

    async def create(self, name: str, phone: str, *, anyway: bool = False) -> str:
        said = await self._say(f"/lead {name} {phone}")
        return await self._tap("anyway") if anyway else said

    async def stage(self, ref: str, stage: str) -> str:
        return await self._say(f"/stage {ref} {stage}")

    async def tag(self, ref: str, tag: str) -> str:
        return await self._say(f"/tag {ref} {tag}")

    async def note(self, ref: str, note: str) -> str:
        return await self._say(f"/note {ref} {note}")

    async def empty_note(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str:
        return await self._asked(f"/delete {ref} note", "delete", says, meanwhile)

    async def delete(self, ref: str, says: Says, meanwhile: Meanwhile = nothing) -> str:
        return await self._asked(f"/delete {ref}", "delete", says, meanwhile)

    async def create_twice(self, name: str, phone: str) -> str:
        await self.create(name, phone)
        return await self._again()

    async def undo(self, change: int, says: Says = "yes") -> str:
        asked = await self._say(f"/undo {change}")
        if "?" not in asked:
            return asked
        no, yes = self._choices()
        return await self._tap(yes if says == "yes" else no)

    async def changes(self) -> str:
        return await self._say("/recent")

    async def hears(self, words: str) -> str:
        return await self._hears(words)

    async def _asked(self, words: str, yes: str, says: Says, meanwhile: Meanwhile) -> str:
        asked = await self._say(words)
        if "?" not in asked:
            return asked  # no question: it went wrong before there was one
        await meanwhile()
        if says == "cancel":
            return await self._say("/cancel")
        return await self._tap(yes if says == "yes" else "keep")


FaceName: TypeAlias = Literal["mcp new era", "mcp old era", "chat", "telegram"]
FACES: tuple[FaceName, ...] = ("mcp new era", "mcp old era", "chat", "telegram")


def _at_a_terminal(world: World) -> ChatFace:
    """Its lines have names here, as a messenger's messages do."""
    talker = Talker(chat_in(world.house), language="en")
    said: list[str] = []

    async def say(words: str) -> str:
        said.append(words)
        return await talker.say(words, f"m{len(said)}")

    async def again() -> str:
        return await talker.say(said[-1], f"m{len(said)}")

    async def hears(_: str) -> str:
        return await talker.hears()

    def choices() -> list[str]:
        return [button.label.render("en") for button in talker.cards[-1].choices]

    return ChatFace(say, talker.tap, hears, again, choices)


def _on_the_phone(bot: TelegramBot) -> ChatFace:
    phone = bot.phone(language_code="en")

    async def again() -> str:
        own = [message for message in phone.log.messages if not message.by_bot][-1]
        await bot.api.confirmed(bot.api.push({"message": own.raw}))
        return phone.latest

    async def hears(words: str) -> str:
        bot.look()
        return await phone.sees(words)

    return ChatFace(phone.send, phone.tap, hears, again, lambda: phone.buttons)


@asynccontextmanager
async def face_on(name: FaceName, world: World) -> AsyncGenerator[Face]:
    """A face on a world's House."""
    if name == "chat":
        yield _at_a_terminal(world)
        return
    if name == "telegram":
        async with telegram(world.house) as bot:
            yield _on_the_phone(bot)
            assert not bot.api.violations, bot.api.violations
        return
    era: Era = "new" if name == "mcp new era" else "old"
    async with assistant(world.house, era=era, person=Person("yes")) as one:
        yield AssistantFace(one)
