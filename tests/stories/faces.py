"""The faces, as a story uses them: a wish in, what the person reads out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, Protocol, TypeAlias

from tests.fakes.assistant import Assistant, Era, Person, assistant
from tests.fakes.talker import Talker, chat_in
from tests.fakes.telegram import telegram
from tests.fakes.world import World

Says: TypeAlias = Literal["yes", "keep", "cancel"]
Meanwhile: TypeAlias = Callable[[], Awaitable[None]]


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

    def _will(self, says: Says, meanwhile: Meanwhile) -> None:
        self._one.person.answers, self._one.person.meanwhile = says, meanwhile


class ChatFace:
    """A person at the chat, at a terminal or on the phone."""

    def __init__(self, say: Callable[[str], Awaitable[str]], tap: Callable[[str], Awaitable[str]]) -> None:
        """`say` writes a message and `tap` taps the newest button of that name; both return what is new to read."""
        self._say = say
        self._tap = tap

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


@asynccontextmanager
async def face_on(name: FaceName, world: World) -> AsyncGenerator[Face]:
    """A face on a world's House."""
    if name == "chat":
        talker = Talker(chat_in(world.house), language="en")
        yield ChatFace(talker.say, talker.tap)
        return
    if name == "telegram":
        async with telegram(world.house) as bot:
            phone = bot.phone(language_code="en")
            yield ChatFace(phone.send, phone.tap)
            assert not bot.api.violations, bot.api.violations
        return
    era: Era = "new" if name == "mcp new era" else "old"
    async with assistant(world.house, era=era, person=Person("yes")) as one:
        yield AssistantFace(one)
