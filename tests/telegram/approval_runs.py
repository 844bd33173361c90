"""Runs of two real programs, an assistant's server and the bot, that share one ledger: what a person sees of each.

They are here so that the tests judge them and the benchmark prints them.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import select, update

from antcrm_tools.ledger.bells import ring
from antcrm_tools.ledger.schema import cards, tickets
from antcrm_tools.members import Role
from antcrm_tools.sandbox import AN, HOA
from antcrm_tools.sandbox.telegram import Message, QueryAnswer
from tests.fakes.assistant import Era, Reply
from tests.fakes.ledgers import engine_of
from tests.fakes.phone import Phone
from tests.fakes.programs import SECONDS, Office, Program, Served
from tests.fakes.telegram import LAN, MINH

NGA = 45
MEMBERS = f"{LAN}:lan@antcrm.example:admin,{MINH}:minh@antcrm.example:sales"
NAMES = {LAN: "Lan", MINH: "Minh", NGA: "Nga"}
SETTINGS = {"telegram_members": MEMBERS, "unsure_pause": "0.5"}
TWO_MANAGERS = f"{MEMBERS},{NGA}:nga@antcrm.example:manager"

OF_LAN, OF_MINH = "lan@antcrm.example", "minh@antcrm.example"
UNLINKED = "hoa@antcrm.example"
"""Who works with an assistant and is not on Telegram."""

_NEWS = "News of earlier changes:"

YES, NO = f"Delete {AN.name}", "Keep"


@dataclass
class Told:
    """What came of a run."""

    got: list[str] = field(default_factory=list[str])
    """What the assistant was told, call by call."""
    cards: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Whose phone, and what the card there says in the end."""
    taps: list[str] = field(default_factory=list[str])
    """What each tap was answered with."""
    deletes: int = 0


class Stage:
    """One run: the office, its people's phones, and what was told so far."""

    def __init__(self, office: Office, era: Era, see: Callable[[str, str], object]) -> None:
        self.office = office
        self.era: Era = era
        self.told = Told()
        self.see = see
        self.phones: dict[int, Phone] = {}
        self._before: dict[int, int] = {}

    async def starts_bot(self, *people: int, **settings: str) -> Program:
        """Start the bot; these people write to it, as everybody does who uses it."""
        bot = await self.office.bot(**settings)
        for person in people:
            await self.writes(person)
        return bot

    async def writes(self, person: int) -> None:
        """Somebody opens the chat with the bot."""
        phone = self.phones[person] = self.office.phone(person)
        await phone.send("/help")
        await phone.sees("/find")
        self._before[person] = max(message.message_id for message in phone.log.messages)

    @asynccontextmanager
    async def assistant(self, actor: str = OF_LAN) -> AsyncGenerator[Served]:
        async with self.office.assistant(self.era, actor=actor) as one:
            yield one

    def asks(self, one: Served) -> asyncio.Task[Reply]:
        """The assistant calls the tool."""
        self.see("assistant calls", f"delete_customer(ref={AN.ref!r})")
        return asyncio.create_task(one.call("delete_customer", ref=AN.ref))

    async def hears(self, call: Awaitable[Reply]) -> None:
        """Wait for what the assistant is told in the end."""
        async with asyncio.timeout(2 * SECONDS):
            self._got((await call).text)

    def _got(self, said: str) -> None:
        self.told.got.append(said)
        self.see("assistant gets", said)

    async def news(self, one: Served) -> None:
        """The assistant looks something up until it has heard what was looked into since, if it has not already."""
        async with asyncio.timeout(SECONDS):
            while not any(_NEWS in said for said in self.told.got):
                said = (await one.call("find_customers", query=HOA.phone)).text
                if _NEWS in said:
                    self._got(said[said.index(_NEWS) :])

    async def gives_up(self, call: asyncio.Task[Reply]) -> None:
        """Its host waits for the call no longer."""
        call.cancel()
        await asyncio.wait((call,), timeout=SECONDS)
        self.told.got.append("(gave up)")
        self.see("assistant", "its host gives up on the call")

    async def dies(self, one: Served, call: asyncio.Task[Reply]) -> None:
        """Its server's process is killed, which the host sees."""
        one.kill()
        await asyncio.wait((call,), timeout=SECONDS)
        assert call.exception() is not None
        self.told.got.append("(killed)")
        self.see("assistant", "its server is killed with SIGKILL")

    def cards(self, person: int) -> list[Message]:
        """What the bot has sent somebody since they opened the chat."""
        sent = self.office.api.chat(person).messages
        return [each for each in sent if each.by_bot and each.message_id > self._before.get(person, 0)]

    async def card_at(self, *people: int) -> None:
        """Wait until each of them has an open card."""
        for person in people:
            await self.until(lambda person=person: any(each.buttons for each in self.cards(person)), "a card")
            card = self.cards(person)[-1]
            rows = " ".join(f"[{button.text}]" for row in card.buttons for button in row)
            self.see(f"{NAMES[person]}'s phone", f"{card.text}\n{rows}")

    async def noted_at(self, person: int) -> None:
        """Wait until the bot has written down where the card of theirs stands."""
        shown = select(cards.c.message).where(cards.c.account == person, cards.c.state == "shown")
        engine = engine_of(self.office.ledger)

        def is_noted() -> bool:
            with engine.connect() as connection:
                return connection.scalar(shown) is not None

        try:
            async with asyncio.timeout(SECONDS):
                while not await asyncio.to_thread(is_noted):
                    pass
        finally:
            engine.dispose()

    async def closed_at(self, *people: int) -> None:
        """Wait until no card of theirs has buttons, and the last says what became of the question."""
        for person in people:
            await self.until(lambda person=person: self._is_closed(person), "the end of a card")

    def _is_closed(self, person: int) -> bool:
        cards = self.cards(person)
        return not any(card.buttons for card in cards) and bool(cards[-1].edits) and "until" not in cards[-1].text

    def data(self, person: int, label: str) -> tuple[str, int]:
        """What a button sends, and under which message."""
        card = self.cards(person)[-1]
        found = next(button.data for row in card.buttons for button in row if button.text == label)
        assert found is not None
        return found, card.message_id

    def taps(self, person: int, label: str, *, data: tuple[str, int] | None = None) -> Callable[[], Awaitable[str]]:
        """Tap, and return how to wait for what the tap is answered with."""
        sent, message = data or self.data(person, label)
        self.see(f"{NAMES[person]} taps", f"[{label}]")
        _, query = self.office.api.push_tap(self.phones[person].user, message, sent)

        async def answered() -> str:
            answers: Mapping[str, QueryAnswer] = {}

            def came() -> bool:
                nonlocal answers
                answers = self.office.api.query_answers
                return query in answers

            await self.until(came, "an answer to the tap")
            self.told.taps.append(answers[query].text)
            self.see(f"{NAMES[person]} sees", answers[query].text)
            return answers[query].text

        return answered

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait, but not for ever."""
        try:
            await self.office.api.until(happened, SECONDS)
        except TimeoutError:
            screens = "\n\n".join(f"{NAMES[person]}:\n{phone.screen()}" for person, phone in self.phones.items())
            raise AssertionError(f"{what} never came:\n{screens}\nthe assistant: {self.told.got}") from None

    def let_it_expire(self) -> None:
        """As if its ten minutes were over."""
        engine = engine_of(self.office.ledger)
        try:
            with engine.begin() as connection:
                connection.execute(update(tickets).where(tickets.c.state == "open").values(expires_at=1))
                ring(connection)
        finally:
            engine.dispose()
        self.see("time", "ten minutes later")

    async def hire(self, person: int, who: str, role: Role) -> None:
        """Make somebody a member in the ledger, as an invitation does."""
        async with self.office.house() as house:
            members = house.ledger().members
            await members.accept(await members.invite(who, role, by="test"), person)

    async def dismiss(self, who: str) -> None:
        """`antcrm members remove`."""
        self.see("terminal", f"antcrm members remove {who}")
        code, _, errors = await (await self.office.run("members", "remove", who)).ended()
        assert code == 0, errors

    def ended(self) -> Told:
        """What came of all of it."""
        for person in sorted(self.phones):
            for card in self.cards(person):
                self.told.cards.append((NAMES[person], card.text))
                self.see(f"{NAMES[person]}'s card", card.text)
        self.told.deletes = len(self.office.sandbox.destroying())
        return self.told


async def killed(bot: Program) -> None:
    """Of the program that runs the bot nothing is left."""
    await bot.stopped(signal.SIGKILL)


async def yes(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        answered = s.taps(LAN, YES)
        await s.hears(call)
        await answered()
        await s.closed_at(LAN)


async def keep(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        answered = s.taps(LAN, NO)
        await s.hears(call)
        await answered()
        await s.closed_at(LAN)


async def double_tap(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        both = [s.taps(LAN, YES), s.taps(LAN, YES)]
        await s.hears(call)
        for answered in both:
            await answered()
        await s.closed_at(LAN)


async def nobody_answers(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        late = s.data(LAN, YES)
        s.let_it_expire()
        await s.hears(call)
        await s.closed_at(LAN)
        await s.taps(LAN, YES, data=late)()


async def nobody_answers_and_asked_again(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        await s.gives_up(call)
        s.let_it_expire()
        await s.closed_at(LAN)
        await s.hears(s.asks(one))


async def gave_up_then_yes(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        await s.gives_up(call)
        await s.taps(LAN, YES)()
        await s.closed_at(LAN)
        await s.hears(s.asks(one))


async def bot_killed_then_tapped(s: Stage) -> None:
    bot = await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        await s.noted_at(LAN)
        await killed(bot)
        s.see("bot", "is killed with SIGKILL")
        await s.office.bot()
        s.see("bot", "is started again")
        await s.taps(LAN, YES)()
        await s.hears(call)
        await s.closed_at(LAN)


async def tapped_while_bot_is_dead(s: Stage) -> None:
    bot = await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        await s.noted_at(LAN)
        await killed(bot)
        s.see("bot", "is killed with SIGKILL")
        answered = s.taps(LAN, YES)
        await s.office.bot()
        s.see("bot", "is started again")
        await answered()
        await s.hears(call)
        await s.closed_at(LAN)


async def bot_killed_while_it_sends(s: Stage) -> None:
    bot = await s.starts_bot(LAN)
    async with s.assistant() as one:
        s.office.api.faults.slow("sendMessage", SECONDS)
        call = s.asks(one)
        await s.card_at(LAN)
        first = s.data(LAN, YES)
        await killed(bot)
        s.see("bot", "is killed with SIGKILL: the card has arrived, and it does not know that")
        await s.office.bot()
        s.see("bot", "is started again")
        await s.until(lambda: len(s.cards(LAN)) > 1, "the card")
        answered = s.taps(LAN, YES, data=first)
        await s.hears(call)
        await answered()
        await s.closed_at(LAN)


async def bot_killed_while_it_deletes(s: Stage) -> None:
    bot = await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        s.office.standing.method = "DELETE"
        answered = s.taps(LAN, YES)
        async with asyncio.timeout(SECONDS):
            await s.office.standing.reached.wait()
        await killed(bot)
        s.see("bot", "is killed with SIGKILL: AntCRM has deleted, and not answered yet")
        await s.hears(call)
        await s.office.bot()
        s.see("bot", "is started again")
        await answered()
        await s.closed_at(LAN)
        await s.hears(s.asks(one))
        await s.news(one)


async def bot_started_later(s: Stage) -> None:
    await (await s.starts_bot(LAN)).stopped()
    async with s.assistant() as one:
        await s.hears(s.asks(one))
        await s.office.bot()
        s.see("bot", "is started")
        await s.card_at(LAN)
        await s.taps(LAN, YES)()
        await s.closed_at(LAN)
        await s.hears(s.asks(one))


async def server_killed_then_asked_again(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as first:
        call = s.asks(first)
        await s.card_at(LAN)
        await s.dies(first, call)
    async with s.assistant() as second:
        call = s.asks(second)
        answered = s.taps(LAN, YES)
        await s.hears(call)
        await answered()
        await s.closed_at(LAN)


async def server_killed_then_tapped(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as first:
        call = s.asks(first)
        await s.card_at(LAN)
        await s.dies(first, call)
    await s.taps(LAN, YES)()
    await s.closed_at(LAN)
    async with s.assistant() as second:
        await s.hears(s.asks(second))


async def two_managers(s: Stage) -> None:
    await s.starts_bot(LAN, NGA, telegram_members=TWO_MANAGERS)
    async with s.assistant(UNLINKED) as one:
        call = s.asks(one)
        await s.card_at(LAN, NGA)
        both = [s.taps(LAN, YES), s.taps(NGA, YES)]
        await s.hears(call)
        for answered in both:
            await answered()
        await s.closed_at(LAN, NGA)
        # Either may have been first, and both cards say who it was.
        assert s.cards(LAN)[-1].text == s.cards(NGA)[-1].text


async def no_right_of_ones_own(s: Stage) -> None:
    await s.starts_bot(LAN, MINH)
    async with s.assistant(OF_MINH) as one:
        call = s.asks(one)
        await s.card_at(LAN)
        answered = s.taps(LAN, YES)
        await s.hears(call)
        await answered()
        await s.closed_at(LAN)


async def nobody_reachable(s: Stage) -> None:
    await s.starts_bot(LAN)
    s.office.api.block(LAN)
    async with s.assistant() as one:
        await s.hears(s.asks(one))


async def manager_removed(s: Stage) -> None:
    await s.hire(NGA, "nga@antcrm.example", "manager")
    await s.starts_bot(LAN, NGA)
    async with s.assistant(UNLINKED) as one:
        call = s.asks(one)
        await s.card_at(LAN, NGA)
        open_still = s.data(NGA, YES)
        await s.dismiss("nga@antcrm.example")
        await s.taps(NGA, YES, data=open_still)()
        await s.closed_at(NGA)
        assert s.office.sandbox.destroying() == []
        await s.taps(LAN, NO)()
        await s.hears(call)
        await s.closed_at(LAN)


async def longer_than_a_call(s: Stage) -> None:
    await s.starts_bot(LAN)
    async with s.assistant() as one:
        call = s.asks(one)
        await s.card_at(LAN)
        await s.hears(call)
        await s.taps(LAN, YES)()
        await s.closed_at(LAN)
        await s.hears(s.asks(one))


Play: TypeAlias = Callable[[Stage], Awaitable[None]]

RUNS: Mapping[str, Play] = {
    "tapped yes": yes,
    "tapped Keep": keep,
    "tapped twice": double_tap,
    "nobody answers": nobody_answers,
    "nobody answers, and it is asked again": nobody_answers_and_asked_again,
    "the call is given up, then tapped": gave_up_then_yes,
    "the bot is killed, started, tapped": bot_killed_then_tapped,
    "the bot is killed, tapped, started": tapped_while_bot_is_dead,
    "the bot is killed while it sends the card": bot_killed_while_it_sends,
    "the bot is killed while it deletes": bot_killed_while_it_deletes,
    "the bot is started after the call": bot_started_later,
    "the server is killed, asked again, tapped": server_killed_then_asked_again,
    "the server is killed, tapped, asked again": server_killed_then_tapped,
    "two managers tap at once": two_managers,
    "asked without the right": no_right_of_ones_own,
    "the bot is blocked": nobody_reachable,
    "a manager is removed": manager_removed,
}
SLOW: Mapping[str, Play] = {"tapped after the call's 45 seconds": longer_than_a_call}
"""They last longer than a test may."""


def _unseen(_who: str, _what: str) -> None:
    pass


async def played(play: Play, office: Office, era: Era, see: Callable[[str, str], object] = _unseen) -> Told:
    """Play a run, and say what came of it; `see` is told who does or reads what meanwhile."""
    stage = Stage(office, era, see)
    await play(stage)
    return stage.ended()
