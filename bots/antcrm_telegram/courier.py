"""Questions that other programs' calls ask, brought to the phones of those who may answer, and closed when answered.

What stands where is in the ledger before anything is sent, so that whichever process runs the bot goes on with it.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from antcrm_chat import approvals
from antcrm_telegram.delivery import Delivery, may_have_arrived
from antcrm_telegram.fetching import FIRST_PAUSE, LONGEST_PAUSE, wait_of
from antcrm_telegram.gate import Gate
from antcrm_tools.approving import recipients
from antcrm_tools.errors import CrmError, LedgerBroken
from antcrm_tools.logs import note_unexpected
from antcrm_tools.rights import right_of

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.approving import Approving
    from antcrm_tools.desk import Desk
    from antcrm_tools.ledger.cards import CardState, Shown
    from antcrm_tools.ledger.ticket import TicketStatus

_LOOKS_EVERY = 0.5
"""Seconds between two looks at a file for questions and answers."""

_SAYS_SO_EVERY = 20.0
"""Seconds between two words to the ledger that this bot shows questions. After three times that nobody counts on it."""

_TWICE, _PERHAPS_AGAIN = 2, 4
"""How much longer each pause is than the one before; the latter where the card may have arrived, its answer being lost.

Then the next one may be a copy, of which nobody needs many.
"""

_LONGEST_BEFORE_A_COPY, _ENOUGH = 120.0, 10

_log = logging.getLogger(__name__)


class Courier:
    """Keeps the cards on the phones as the ledger says they should be."""

    def __init__(
        self,
        desk: Callable[[], Desk],
        gate: Gate,
        delivery: Delivery,
        *,
        bot: str,
        zone: tzinfo,
        rest: Callable[[float], Awaitable[object]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bot`: ours in the ledger; `now` is in seconds.

        `rest` lets seconds pass between two looks, `sleep` between two tries to reach one phone.
        """
        self._desk = desk
        self._gate = gate
        self._delivery = delivery
        self._bot = bot
        self._zone = zone
        self._rest = rest
        self._sleep = sleep
        self._now = now
        self._said_at: float | None = None
        self._broken = False
        self._at: dict[tuple[str, int], asyncio.Task[None]] = {}
        """What is being sent or changed: a slow phone holds up nobody else's."""
        self._failures: dict[tuple[str, int], int] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            approving = self._desk().approving
        except CrmError:
            return  # there is no AntCRM whose questions these could be
        if approving is None:
            return
        async with approving.listening(self._rest, _LOOKS_EVERY) as bell:
            while True:
                await self._look_once()
                await bell.wait()

    async def leave(self) -> None:
        """From now on this bot shows nothing."""
        for task in self._at.values():
            task.cancel()
        await asyncio.gather(*self._at.values(), return_exceptions=True)
        with suppress(CrmError):
            approving = self._desk().approving
            if approving is not None and self._said_at is not None:
                await approving.cards.gone(self._bot)

    async def look(self) -> None:
        """Begin to bring what is new, and to close what was answered.

        Raises:
            LedgerBroken: not everything could be looked at.
        """
        approving = self._desk().approving
        if approving is None:
            return
        if self._said_at is None or self._now() - self._said_at > _SAYS_SO_EVERY:
            await approving.cards.here(self._bot, platform.node())
            self._said_at = self._now()
        waiting = {status.ticket.id: status for status in await approving.open()}
        standing = await approving.cards.standing(self._bot)
        if not waiting and not standing:
            self._failures = {}
            return
        await self._gate.look()
        for card in standing:
            if not self._is_over(card, waiting.get(card.ticket)):
                continue
            if card.state == "shown":
                self._begin(card.ticket, card.account, self._close(approving, card))
            elif (card.ticket, card.account) not in self._at:
                await approving.cards.note(card.ticket, self._bot, card.account, "closed")
        for status in waiting.values():
            for account in await self._recipients(approving, status):
                self._begin(status.ticket.id, account, self._send(approving, status, account))

    async def _look_once(self) -> None:
        try:
            await self.look()
            self._broken = False
        except LedgerBroken as error:
            if not self._broken:
                _log.error("questions for others cannot be looked at: %s", error)
            self._broken = True
        except Exception as error:  # noqa: BLE001  it must go on; the next look may be better
            note_unexpected(error)

    def _begin(self, ticket: str, account: int, work: Coroutine[Any, Any, None]) -> None:
        name = (ticket, account)
        if name in self._at:
            work.close()
            return
        task = self._at[name] = asyncio.create_task(self._surely(work))
        task.add_done_callback(lambda _: self._at.pop(name, None))

    async def _surely(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except LedgerBroken as error:
            _log.warning("a card could not be noted: %s", error)
        except Exception as error:  # noqa: BLE001  one card must not end the others'
            note_unexpected(error)

    def _is_over(self, card: Shown, status: TicketStatus | None) -> bool:
        """Whether nobody may answer it any more, or whoever has the card may not."""
        return status is None or not self._may_answer(card, status)

    def _may_answer(self, card: Shown, status: TicketStatus) -> bool:
        member = self._gate.member(card.account)
        if member is None or status.needs is None:
            return False
        return card.account in {each.telegram_id for each in recipients(status.ticket, status.needs, [member])}

    async def _recipients(self, approving: Approving, status: TicketStatus) -> Sequence[int]:
        """The accounts a question still has to be sent to; first of all it is written down that it is."""
        ticket, needs = status.ticket, status.needs
        if needs is None:
            return ()
        cards = await approving.cards.of(ticket.id, self._bot)
        left = [card.account for card in cards if card.state == "sending" and self._may_answer(card, status)]
        if left or any(card.state == "shown" and self._may_answer(card, status) for card in cards):
            return left
        may = self._desk().policy.allows(right_of(needs))  # what this program may not do it need not ask for
        without = {card.account for card in cards}
        found = recipients(ticket, needs, self._gate.everybody(), without) if may else ()
        if not found:
            if not status.unreached:
                await approving.approvals.unreached(ticket.id)
            return ()
        await approving.cards.begin(ticket.id, self._bot, [(member.telegram_id, member.who) for member in found])
        return [member.telegram_id for member in found]

    async def _send(self, approving: Approving, status: TicketStatus, account: int) -> None:
        card, language = approvals.question(status.ticket, self._zone), self._gate.language_with(account)
        name = (status.ticket.id, account)
        state: CardState = "shown"
        message = None
        try:
            message = await self._delivery.post(account, card, language)
        except (BadRequest, Forbidden):
            state = "failed"  # they have blocked the bot, or never used it
        except TelegramError as error:
            await self._pause(name, error, copies=may_have_arrived(error))
            return
        await approving.cards.note(status.ticket.id, self._bot, account, state, message)

    async def _close(self, approving: Approving, card: Shown) -> None:
        status = await approving.approvals.get(card.ticket)
        if status is not None and status.state in ("taken", "lost"):
            return  # it is being carried out, or what came of it is about to be known
        said = approvals.ended()
        if status is not None and not self._may_answer(card, status):
            said = approvals.not_yours()  # whoever is no member any more reads no customer's name
        elif status is not None and status.state == "settled":
            said = approvals.answered(status)
        try:
            if card.message is not None:
                await self._delivery.rewrite(card.account, card.message, said, self._gate.language_with(card.account))
        except (BadRequest, Forbidden):
            pass  # they have blocked the bot, or deleted the chat
        except TelegramError as error:
            await self._pause((card.ticket, card.account), error)
            return
        await approving.cards.note(card.ticket, self._bot, card.account, "closed")

    async def _pause(self, name: tuple[str, int], error: TelegramError, *, copies: bool = False) -> None:
        """Leave a phone alone for as long as Telegram says, or longer each time."""
        if isinstance(error, RetryAfter):
            await self._sleep(wait_of(error))
            return
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        growth, most = (_PERHAPS_AGAIN, _LONGEST_BEFORE_A_COPY) if copies else (_TWICE, LONGEST_PAUSE)
        await self._sleep(min(most, FIRST_PAUSE * growth ** min(failures - 1, _ENOUGH)))
