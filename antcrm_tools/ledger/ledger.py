"""One AntCRM's ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from antcrm_tools.ledger.caps import Caps
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.duty import Duty
from antcrm_tools.ledger.erasing import Erasing
from antcrm_tools.ledger.history import History
from antcrm_tools.ledger.imports import Imports
from antcrm_tools.ledger.learnt import LearntOf
from antcrm_tools.ledger.locks import Locks
from antcrm_tools.ledger.members import Members
from antcrm_tools.ledger.notices import Notices
from antcrm_tools.ledger.store import Store
from antcrm_tools.ledger.undos import Undos


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is kept for one AntCRM, of what a database may keep for several."""

    store: Store
    crm: str
    clock: Callable[[], datetime]
    locks: Locks
    changes: Changes
    duty: Duty
    imports: Imports
    notices: Notices
    undos: Undos
    history: History
    erasing: Erasing
    learnt: LearntOf
    members: Members

    @classmethod
    def on(cls, store: Store, *, crm: str, clock: Callable[[], datetime], caps: Caps, region: str = "VN") -> Self:
        """The ledger of the AntCRM called `crm` in a database."""
        locks = Locks(store, crm)
        changes = Changes(store, locks, crm=crm, clock=clock, caps=caps, region=region)
        duty = Duty(changes)
        return cls(
            store,
            crm,
            clock,
            locks,
            changes,
            duty,
            Imports(changes, duty),
            changes.notices,
            Undos(changes, crm),
            History(changes),
            Erasing(store, crm, clock),
            LearntOf(store, crm, clock),
            Members(store, crm, clock),
        )
