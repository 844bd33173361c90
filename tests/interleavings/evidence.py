"""What there is to judge by: AntCRM as it is, the ledger as it stands, what people were asked and said yes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from antcrm_tools import wire
from antcrm_tools.changes import Change, Status
from antcrm_tools.ledger.rows import change_of
from antcrm_tools.ledger.schema import changes
from antcrm_tools.ledger.store import Store
from antcrm_tools.meaning import literally_differing
from antcrm_tools.models import WRITABLE, Customer
from antcrm_tools.outcomes import Actor
from antcrm_tools.refs import Ref
from antcrm_tools.registry import Call
from antcrm_tools.sandbox import LoggedRequest, Sandbox
from antcrm_tools.sandbox.fields import national_digits
from antcrm_tools.sandbox.store import HandleKind, Query, Row
from antcrm_tools.sandbox.views import view

Key = tuple[str, str, str, str]
"""A wish: who, through which face, the tool and its arguments."""


@dataclass
class Asked:
    """A question somebody was asked, and the customer as it was when they were."""

    actor: Actor
    call: Call
    expires: datetime
    shown: dict[str, Any] | None
    declined: bool = False


MAY_UNDO_OTHERS: set[str] = set()
"""Who may delete, and so undo what others did."""


@dataclass
class Evidence:
    """What was found to be wrong is in `wrong`."""

    sandbox: Sandbox
    ledger: Store
    now: Callable[[], datetime]
    wrong: list[str] = field(default_factory=list[str])
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    yes: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict[Key, set[str]](set))
    arrived: list[tuple[int, LoggedRequest]] = field(default_factory=list[tuple[int, LoggedRequest]])
    """Which change each write was."""

    def all(self) -> list[Change]:
        """The whole ledger, oldest first."""
        query = select(changes).order_by(changes.c.id)
        return self.ledger.run_now(lambda c: [change_of(row) for row in c.execute(query).mappings()], False)

    def one(self, number: int) -> Change:
        """One change."""
        return next(change for change in self.all() if change.id == number)

    def rows(self) -> list[Row]:
        """Everybody in AntCRM, in a fixed order."""
        return sorted(self.sandbox.store.select(Query(limit=1000)), key=lambda row: (row.space, row.id))

    def row(self, ref: Ref) -> Row | None:
        """One customer as AntCRM has it."""
        return self.sandbox.store.get(ref.space, int(ref.id))

    def customer(self, row: Row) -> Customer:
        return wire.read_customers([view(row, self.sandbox.switches)])[0]

    def of_code(self, code: str, statuses: Iterable[Status]) -> Change | None:
        return next((c for c in self.all() if c.code == code and c.status in statuses), None)

    def of_ref(self, ref: Ref, action: str, row: Row | None) -> Change | None:
        there = self.all()
        own = [c for c in there if c.ref == ref and c.action == action and c.status == "sent"]
        code = None if row is None or action == "delete" else row.code
        # What is missing of a create is written to the customer that bears its code.
        rest = [c for c in there if code and c.code == code and c.is_open]
        return next(iter((*own, *rest)), None)

    def alike(self, change: Change) -> bool:
        """Whether other creates sent just the same, so that nobody can tell whose is whose."""
        return any(
            each.id != change.id
            and each.action == "create"
            and not literally_differing(WRITABLE, each.draft, change.draft)
            for each in self.all()
        )

    def with_contacts(self, body: dict[str, Any]) -> list[Row]:
        handles: list[tuple[HandleKind, str]] = []
        for phone in body.get("phones", ()):
            handles.append(("phone_national", national_digits(phone["value"])))  # noqa: PERF401  one by one is typed
        for email in body.get("emails", ()):
            handles.append(("email", email["value"].casefold()))  # noqa: PERF401
        return [row for handle in handles for row in self.sandbox.store.select(Query(handles=[handle]))]

    def say(self, what: str) -> None:
        self.wrong.append(what)

    def open(self) -> list[Change]:
        """What is not settled."""
        return [change for change in self.all() if change.is_open]


def key(change: Change) -> Key:
    return change.wish.actor.who, change.wish.actor.face, change.wish.tool, change.wish.arguments


def ref_of(row: Row) -> str:
    return f"{'L' if row.space == 'lead' else 'C'}{row.id}"
