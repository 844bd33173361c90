"""The journal: how one write is made so that a kill at any point loses nothing and doubles nothing.

turn     the customer, phones and e-mails are ours, in this process and among processes
read     what is there
begin    the intent is on the disk
send     after a last look at the clock
settle   what became of it, read back; what is not known keeps its customer
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from antcrm_tools.changes import LEASE, Busy, Change, Hold, Intent, Status, Wish
from antcrm_tools.errors import Held, KeptForLater, LedgerBroken, MayHaveActed, NotActed
from antcrm_tools.liveness import new_holder
from antcrm_tools.locks import Locks
from antcrm_tools.text import Text, clean, join, msg

if TYPE_CHECKING:  # brings SQLAlchemy; an assistant's host starts us long before the first write
    from antcrm_tools.ledger.ledger import Ledger

_LOOKS, _BETWEEN = 100, 0.2
"""How often, and with how many seconds between, another process is waited for: longer than it has for one request."""

_log = logging.getLogger(__name__)


@dataclass
class Turn:
    """A time alone with some names."""

    hold: Hold
    names: tuple[str, ...]
    bound: bool = field(default=False)
    """A change holds the names now, and gives them up when it is settled."""


class Journal:
    """Turns, intents and what becomes of them."""

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        *,
        clock: Callable[[], datetime],
        pause: timedelta,
        wait: Callable[[float], Awaitable[object]],
        zone: tzinfo,
    ) -> None:
        """`ledger` is opened at the first write. `pause` is the time after which what was lost is looked for."""
        self._ledger = ledger
        self._clock = clock
        self._wait = wait
        self._zone = zone
        self._local = Locks()
        self._unsent: list[str] = []
        self._unsettled: list[tuple[Change, Status, dict[str, Any]]] = []
        self.pause = pause

    @property
    def ledger(self) -> Ledger:
        """What is kept."""
        return self._ledger()

    def now(self) -> datetime:
        """By the clock on the wall."""
        return self._clock()

    @asynccontextmanager
    async def turn(self, names: Iterable[str]) -> AsyncGenerator[Turn]:
        """Be alone with `names`.

        Raises:
            Held: a change that is not settled holds one of them, or another process does not let go.
            LedgerBroken: it cannot be known.
        """
        wanted = tuple(sorted(set(names)))
        async with self._local.hold(wanted):
            turn = await self.lease(wanted)
            try:
                yield turn
            finally:
                if wanted and not turn.bound:
                    await self._release(turn.hold)

    async def lease(self, names: tuple[str, ...]) -> Turn:
        """A turn among processes only, for who is alone in this one already."""
        holder = new_holder()
        for look in range(_LOOKS):
            now = self._clock()
            busy = await self.ledger.locks.take(names, holder, now) if names else None
            if busy is None:
                return Turn(Hold(holder, names, now, now + LEASE, self._clock), names)
            if look == _LOOKS - 1 or (busy.change is not None and busy.change.status != "sent"):
                raise self.held(busy)  # that takes longer than anybody waits
            await self._wait(_BETWEEN)
        raise AssertionError("unreachable")

    async def renew(self, turn: Turn) -> None:
        """Go on with a turn that takes long.

        Raises:
            NotActed: it was over before: somebody else may have had one since.
        """
        now = self._clock()
        if now > turn.hold.until or (turn.names and not await self.ledger.locks.renew(turn.hold, now)):
            raise NotActed(msg("The program was held up for too long."), then=msg("Try again."))
        turn.hold = replace(turn.hold, taken=now, until=now + LEASE)

    async def renew_sent(self, turn: Turn) -> None:
        """Go on with a turn whose changes hold the names by now.

        Raises:
            NotActed: it was over before, and somebody else may look after them.
        """
        now = self._clock()
        if now > turn.hold.until or not await self.ledger.imports.renew_rows(turn.hold.holder):
            raise NotActed(msg("The program was held up for too long."), then=msg("Try again."))
        turn.hold = replace(turn.hold, taken=now, until=now + LEASE)

    async def begin(self, turn: Turn, wish: Wish, intent: Intent) -> Change:
        """Write an intent down; what is written down may leave.

        Raises:
            OverCap, NotActed, LedgerBroken: nothing may leave.
        """
        if wish.since is not None and self._clock() - wish.since > LEASE:
            raise NotActed(
                msg("The program was held up for too long after you said yes."), then=msg("Look at it and ask again.")
            )
        try:
            change = await self.ledger.changes.begin(wish, intent, turn.hold, turn.names)
        except LedgerBroken:
            # It may have been written all the same, its acknowledgement being lost. It does not leave, and must not be
            # taken for one that did.
            self._unsent.append(turn.hold.holder)
            raise
        turn.bound = True
        return change

    async def catch_up(self) -> None:
        """Write down what could not be while the ledger was broken, before anything is looked into.

        Raises:
            LedgerBroken: not yet.
        """
        while self._unsettled:
            change, status, what = self._unsettled[0]
            now = await self.ledger.changes.get(change.id)
            # A ledger that was begun anew meanwhile has numbers of its own.
            if now is not None and _same(now, change):
                await self.ledger.changes.settle(change, status, **what)
            self._unsettled.pop(0)
        while self._unsent:
            await self.ledger.duty.disown(
                self._unsent[-1], msg("It could not be written down in time, and was not sent.")
            )
            self._unsent.pop()

    async def keep(self, turn: Turn, wish: Wish, intent: Intent, why: Text) -> Change:
        """Write down what cannot be sent now.

        Raises:
            LedgerBroken, NotActed: it is not kept.
        """
        soon = self._clock() + self.first_wait
        change = await self.ledger.changes.keep(wish, intent, turn.hold, turn.names, next_at=soon, reason=why)
        turn.bound = True
        return change

    async def settle(self, change: Change, status: Status, **what: Any) -> bool:
        """Say what became of a change; see `Changes.settle`.

        A ledger that cannot be written now does not hide from a person what AntCRM did. It is written down later, or
        looked into where this process ends before.
        """
        try:
            return await self.ledger.changes.settle(change, status, **what)
        except LedgerBroken as error:
            _log.error("what became of change %s could not be written down: %s", change.id, error)
            self._unsettled.append((change, status, what))
            return True

    async def rest(self, seconds: float) -> None:
        """Let some time pass."""
        await self._wait(seconds)

    @property
    def first_wait(self) -> timedelta:
        """How long what AntCRM did not take waits before it is sent again for the first time."""
        return min(self.pause, timedelta(seconds=30))

    def looked_into(self) -> datetime:
        """When what is not known is looked into."""
        return self._clock() + self.pause

    def held(self, busy: Busy) -> Held:
        """Why it is not this one's turn, and since when."""
        change = busy.change
        since = f"{busy.since.astimezone(self._zone):%d/%m/%Y %H:%M}"
        if change is None or change.status == "sent":
            return Held(
                msg("Somebody is changing this customer just now (since {since}).", since=since),
                then=msg("Try again in a minute."),
                name=busy.name,
            )
        who, name = clean(change.wish.actor.who), clean(change.name)
        if change.status == "waiting":
            what = msg(
                "A lead with this phone or e-mail, {name}, was written down by {who} (since {since}, change #{number}) "
                "and waits for AntCRM.",
                name=name,
                who=who,
                since=since,
                number=str(change.id),
            )
        else:
            what = msg(
                "It is not known yet whether an earlier change of {name} by {who} was saved (since {since}, change "
                "#{number}).",
                name=name,
                who=who,
                since=since,
                number=str(change.id),
            )
        return Held(
            what,
            then=msg(
                "It is looked into by itself, about every {seconds} seconds. Try again after that.",
                seconds=f"{self.pause.total_seconds():g}",
            ),
            name=busy.name,
        )

    async def _release(self, hold: Hold) -> None:
        try:
            await self.ledger.locks.release(hold.holder)
        except LedgerBroken as error:
            _log.warning("a turn could not be given up and ends by itself: %s", error)


def _same(one: Change, other: Change) -> bool:
    """Whether two are one line of one ledger."""
    return (one.action, one.code, one.begun_at, one.wish.tool, one.wish.arguments, one.ref or other.ref) == (
        other.action,
        other.code,
        other.begun_at,
        other.wish.tool,
        other.wish.arguments,
        other.ref or one.ref,
    )


def kept(change: Change, why: Text) -> KeptForLater:
    """A create that goes on by itself."""
    if change.held_back:
        return KeptForLater(
            change.reason or why,
            change=change.id,
            done=msg("{name} is written down as change #{number}.", name=clean(change.name), number=str(change.id)),
            then=msg("It is sent by itself tomorrow. Do not write it again; to take it back, undo the change."),
        )
    return KeptForLater(
        why,
        change=change.id,
        done=msg(
            "{name} is written down as change #{number} and not in AntCRM yet.",
            name=clean(change.name),
            number=str(change.id),
        ),
        then=msg("It is sent by itself as soon as AntCRM can be reached. Do not write it again."),
    )


def not_known(change: Change, why: Text, more: Text | None = None) -> MayHaveActed:
    """A write whose fate is looked into by itself."""
    done = msg(
        "It is not known yet whether {name} was saved (change #{number}).",
        name=clean(change.name),
        number=str(change.id),
    )
    return MayHaveActed(
        why,
        done=done if more is None else join([done, more]),
        then=msg("It is looked into by itself; until then nobody else can change it here. Do not write it again."),
    )
