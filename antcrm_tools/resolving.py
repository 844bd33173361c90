"""Looking after what is open: what was lost is looked for, what waits is sent, what was interrupted goes on.

Any number of processes may do this beside each other: each change is worked on by one at a time, by a lease in the
ledger, and what waits for AntCRM is tried by one at a time, oldest first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from antcrm_tools import jobs
from antcrm_tools.changes import LEASE, Change, Hold
from antcrm_tools.errors import BrokenRead, CrmError, KeptForLater, LedgerBroken, NotActed, OverCap
from antcrm_tools.journal import Turn
from antcrm_tools.liveness import new_holder
from antcrm_tools.logs import note_unexpected
from antcrm_tools.looking import Looking
from antcrm_tools.progress import no_progress

if TYPE_CHECKING:
    from antcrm_tools.records import Records

_LONGEST = timedelta(minutes=15)
_MOST_DOUBLINGS = 6
_UNREAD = 3
"""Customers AntCRM cannot read, of those that wait, after which the others are left for the next time."""

_log = logging.getLogger(__name__)


class Resolver:
    """Looks after the open changes of one AntCRM."""

    def __init__(self, records: Records) -> None:
        """Nothing is done before `tick`."""
        self._records = records
        self._journal = records.journal
        self._looking = Looking(records)
        self._rests_until: datetime | None = None
        """AntCRM could not be reached: until then nothing that waits is tried."""
        self._running: dict[int, asyncio.Task[None]] = {}

    async def idle(self) -> None:
        """Until the imports that were gone on with are finished, or interrupted again."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def tick(self) -> int:
        """Look at everything that is due, once; how many changes that were.

        Raises:
            LedgerBroken: nothing can be looked after.
        """
        await self._journal.catch_up()
        due = await self._journal.ledger.duty.due(self._journal.now(), waiting=not self._rests())
        unread = 0
        for change in due:
            waits = change.status == "waiting" and change.action != "import"
            if waits and (self._rests() or unread >= _UNREAD):
                continue
            try:
                await self._look_after(change)
            except BrokenRead:
                unread += waits
            except LedgerBroken:
                raise
            except CrmError as error:
                # It is open still, and comes again.
                _log.info("change %s stays open: %s", change.id, error)
            except Exception as error:  # noqa: BLE001  the others must not wait for what nobody foresaw
                note_unexpected(error)
        return len(due)

    async def _look_after(self, change: Change) -> None:
        if change.action == "import":
            if change.status == "done":
                await jobs.tell_of_rows(self._records, change)
            else:
                self._go_on(change)
            return
        if change.status == "done":
            await self._look_for_twins(change)
            return
        holder = new_holder()
        if not await self._journal.ledger.duty.take_over(change, holder):
            return
        now = self._journal.now()
        await self._step(change, Turn(Hold(holder, (), now, now + LEASE, self._journal.now), (), bound=True))

    async def _step(self, change: Change, turn: Turn) -> None:
        try:
            await self._steps(change)(change, turn)
        except KeptForLater:
            self._rests_until = self._journal.now() + self._journal.first_wait
        except LedgerBroken:
            raise
        except CrmError as error:
            await self._later(change, turn, error)
            if isinstance(error, BrokenRead):
                raise  # it may be AntCRM's trouble with this customer alone
            if isinstance(error, NotActed) and change.status == "waiting":
                self._rests_until = self._journal.now() + self._journal.first_wait
        else:
            if change.status == "waiting":
                self._rests_until = None  # AntCRM takes what is sent

    async def _look_for_twins(self, change: Change) -> None:
        try:
            await self._looking.twins(change)
        except CrmError:
            await self._journal.ledger.duty.look_again(change, self._journal.looked_into())
            raise

    def _go_on(self, change: Change) -> None:
        """Beside the others, as it may take long."""
        if change.id not in self._running:
            task = asyncio.create_task(self._import(change))
            self._running[change.id] = task
            task.add_done_callback(lambda _: self._running.pop(change.id, None))

    async def _import(self, change: Change) -> None:
        try:
            await jobs.go_on(self._records, change, no_progress)
        except CrmError as error:
            _log.warning("import %s stays open: %s", change.id, error)
        except Exception as error:  # noqa: BLE001  nobody else would hear of it, and it would be logged with its words
            note_unexpected(error)

    def _steps(self, change: Change) -> Callable[[Change, Turn], Awaitable[None]]:
        match change.action, change.status:
            case "create", "waiting":
                return self._looking.send_waiting
            case "create", _:
                return self._looking.create
            case "edit", _:
                return self._looking.edit
            case _:
                return self._looking.delete

    async def _later(self, change: Change, turn: Turn, why: CrmError) -> None:
        """What could not be looked at now is looked at later, and later still if that goes on."""
        if isinstance(why, OverCap):
            tomorrow = self._journal.ledger.duty.tomorrow()
            await self._journal.settle(change, "waiting", reason=why.what, next_at=tomorrow, mine=turn.hold.holder)
            return
        pause = self._journal.pause
        after = min(pause * 2 ** min(change.probes, _MOST_DOUBLINGS), max(_LONGEST, pause))
        if change.status == "waiting" and not isinstance(why, BrokenRead):
            after = self._journal.first_wait  # all wait for the same AntCRM, and one is tried at a time
        status = "unsure" if change.status == "sent" else change.status
        await self._journal.settle(
            change, status, reason=why.what, next_at=self._journal.now() + after, probed=True, mine=turn.hold.holder
        )

    def _rests(self) -> bool:
        return self._rests_until is not None and self._journal.now() < self._rests_until
