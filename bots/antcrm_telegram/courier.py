"""Questions that other programs' calls ask, brought to the phones of those who may answer, and closed when answered.

What stands where is in the ledger before anything is sent, so that whichever process runs the bot goes on with it.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden, TelegramError

from antcrm_chat import approvals
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.gate import Gate
from antcrm_tools.approving import recipients
from antcrm_tools.errors import CrmError, LedgerBroken
from antcrm_tools.logs import note_unexpected
from antcrm_tools.rights import right_of

if TYPE_CHECKING:  # brings SQLAlchemy
    from antcrm_tools.approving import Approving
    from antcrm_tools.desk import Desk
    from antcrm_tools.ledger.cards import CardState, Shown
    from antcrm_tools.ledger.tickets import TicketStatus

_SAYS_SO_EVERY = 20.0
"""Seconds between two words to the ledger that this bot shows questions. After three times that nobody counts on it."""

_PATIENCE = 8.0
"""Seconds one card is tried for; then the others have their turn, and it comes again."""

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
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bot`: ours in the ledger; `rest` lets seconds pass between two looks; `now` is in seconds."""
        self._desk = desk
        self._gate = gate
        self._delivery = delivery
        self._bot = bot
        self._zone = zone
        self._rest = rest
        self._now = now
        self._said_at: float | None = None
        self._broken = False

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            approving = self._desk().approving
        except CrmError:
            return  # there is no AntCRM whose questions these could be
        if approving is None:
            return
        async with approving.listening(self._rest) as bell:
            while True:
                await self._look_once()
                await bell.wait()

    async def leave(self) -> None:
        """From now on this bot shows nothing."""
        with suppress(CrmError):
            approving = self._desk().approving
            if approving is not None and self._said_at is not None:
                await approving.cards.gone(self._bot)

    async def look(self) -> None:
        """Bring what is new, and close what was answered.

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
            return
        await self._gate.look()
        await _together(self._closed(approving, card) for card in standing if self._is_over(card, waiting))
        await _together(self._brought(approving, status) for status in waiting.values())

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

    def _is_over(self, card: Shown, waiting: dict[str, TicketStatus]) -> bool:
        return card.ticket not in waiting or not self._gate.is_member(card.account)

    async def _closed(self, approving: Approving, card: Shown) -> None:
        status = await approving.approvals.get(card.ticket)
        if status is not None and status.state == "taken":
            return  # it is being carried out
        if card.message is not None:
            # Whoever is no member any more reads no customer's name.
            told = status is not None and status.state != "open" and self._gate.is_member(card.account)
            said = approvals.answered(status) if told and status is not None else approvals.ended()
            language = self._gate.language_with(card.account)
            try:
                await self._delivery.rewrite(card.account, card.message, said, language, patience=_PATIENCE)
            except (BadRequest, Forbidden):
                pass  # they have blocked the bot, or deleted the chat
            except TelegramError:
                return  # at the next look
        await approving.cards.note(card.ticket, self._bot, card.account, "closed")

    async def _brought(self, approving: Approving, status: TicketStatus) -> None:
        ticket, needs = status.ticket, status.needs
        if needs is None:
            return
        cards = await approving.cards.of(ticket.id, self._bot)
        if any(card.state == "shown" for card in cards):
            return
        accounts = [(card.account, card.who) for card in cards if card.state == "sending"]
        if not accounts:
            may = self._desk().policy.allows(right_of(needs))  # what this program may not do it need not ask for
            without = {card.account for card in cards}
            found = recipients(ticket, needs, self._gate.everybody(), without) if may else ()
            accounts = [(member.telegram_id, member.who) for member in found]
            if not accounts:
                if not status.unreached:
                    await approving.approvals.unreached(ticket.id)
                return
            await approving.cards.begin(ticket.id, self._bot, accounts)
        await _together(self._sent(approving, status, account) for account, _ in accounts)

    async def _sent(self, approving: Approving, status: TicketStatus, account: int) -> None:
        card, language = approvals.question(status.ticket, self._zone), self._gate.language_with(account)
        state: CardState = "shown"
        message = None
        try:
            message = await self._delivery.post(account, card, language, patience=_PATIENCE)
        except (BadRequest, Forbidden):
            state = "failed"  # they have blocked the bot, or never used it
        except TelegramError:
            return  # at the next look
        await approving.cards.note(status.ticket.id, self._bot, account, state, message)


async def _together(works: Iterable[Awaitable[None]]) -> None:
    """One slow phone holds up nobody else's; the first error is raised when all have ended."""
    results: Sequence[BaseException | None] = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
