"""Changes as values: what was wished, what was written down before it left, and what became of it.

waiting   written down, and not sent, or AntCRM certainly did nothing; it is sent later
sent      it left, or is about to
unsure    it left, and the answer was lost: it is looked for
done      read back as it should be
failed    AntCRM did not do it
conflict  something else is there now, and a person has to look
undone    taken back, or never sent
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from antcrm_tools.errors import NotActed
from antcrm_tools.models import Customer, Draft, Edit
from antcrm_tools.outcomes import Actor
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, msg

Status: TypeAlias = Literal["waiting", "sent", "done", "failed", "unsure", "conflict", "undone"]
Action: TypeAlias = Literal["create", "edit", "delete", "import"]

OPEN: tuple[Status, ...] = ("waiting", "sent", "unsure")
"""What can still change AntCRM. Its customer is held until it is settled."""

REPLAY = timedelta(minutes=10)
"""How long the same words from an assistant are the same wish once it is done."""

LEASE = timedelta(seconds=180)
"""How long a process is alone with what it holds, without a word from it."""

NEEDS = timedelta(seconds=75)
"""What must be left of that when a request leaves: longer than any request lasts (`api.WHOLE_SECONDS`)."""

_STEP_BACK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose write it is and what it came from. `cause` makes a repeat recognisable."""

    actor: Actor
    tool: str
    arguments: str
    cause: str = ""
    undoes: int | None = None
    confirmed_by: str = ""
    """Who has said yes, where that was somebody elsewhere."""
    since: datetime | None = None
    """When a person said yes to it. Nothing leaves long after that: a machine may have slept."""

    @property
    def lasting(self) -> bool:
        """Whether it is one message, one tap or one undo, and so the same wish for ever."""
        return self.undoes is not None or self.cause.startswith(_LASTING)

    @property
    def name(self) -> str:
        """What stands for it among locks, so that the same wish twice at once takes turns; empty where nothing does."""
        return f"undo {self.undoes}" if self.undoes is not None else f"cause {self.cause}" if self.cause else ""


_LASTING = "!"


def of_message(*parts: str) -> str:
    """The cause that is one message, or one tap, named by `parts`."""
    return _LASTING + _digest(parts)


def of_words(*parts: str) -> str:
    """The cause that is an assistant's words: who says what. Ten minutes later they may be meant again."""
    return _digest(parts)


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Hold:
    """Customers, phones and e-mails that are this process's alone for a while. Moments are the wall clock's."""

    holder: str
    names: tuple[str, ...]
    taken: datetime
    until: datetime
    clock: Callable[[], datetime]

    def check(self) -> None:
        """Right before a request leaves: whether there is time for it.

        Raises:
            NotActed: the machine slept, its clock was turned, or the queue was too long: what was read is old, and
                somebody else may have had a turn.
        """
        now = self.clock()
        if not self.taken - _STEP_BACK <= now <= self.until - NEEDS:
            raise NotActed(
                msg("The program was held up for too long before the request could be sent."),
                then=msg("Try again."),
            )


@dataclass(frozen=True, slots=True)
class Intent:
    """What is written down before a request leaves."""

    action: Action
    name: str
    wanted: Edit | None = None
    ref: Ref | None = None
    code: str = ""
    known: tuple[str, ...] = ()
    before: Customer | None = None
    parent: int | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the ledger. What was erased after its time is None or empty."""

    id: int
    action: Action
    status: Status
    wish: Wish
    begun_at: datetime
    parent: int | None = None
    place: int | None = None
    ref: Ref | None = None
    code: str = ""
    undone_by: int | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    next_at: datetime | None = None
    counted: bool = True
    holder: str = ""
    until: datetime | None = None
    sends: int = 0
    probes: int = 0
    meets: int = 0
    name: str = ""
    wanted: Edit | None = None
    known: tuple[str, ...] = ()
    before: Customer | None = None
    after: Customer | None = None
    reason: Text | None = None
    erased: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it can still change AntCRM."""
        return self.status in OPEN

    @property
    def held_back(self) -> bool:
        """Whether it waits because its person's writes of the day are used up."""
        return self.status == "waiting" and not self.counted and self.wish.undoes is None

    @property
    def draft(self) -> Draft:
        """What a create sends.

        Raises:
            LookupError: it creates nothing, or what it would create was erased.
        """
        if isinstance(self.wanted, Draft):
            return self.wanted
        raise LookupError(f"change {self.id} has no draft")

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it set."""
        return (
            ()
            if self.wanted is None
            else tuple(name for name in Edit.model_fields if name in self.wanted.model_fields_set)
        )


@dataclass(frozen=True, slots=True)
class Busy:
    """Why something is not free: a change that is not settled, or a process that has its turn."""

    since: datetime
    change: Change | None
    name: str = ""
    """Which name it is, as the ledger keeps it."""


@dataclass(frozen=True, slots=True)
class News:
    """What a person has to hear of a change, and the customers it speaks of. `id`: its number once it is kept.

    Of a question that was answered elsewhere it bears the `ticket`.
    """

    text: Text
    refs: tuple[Ref, ...] = ()
    change: int = 0
    id: int = 0
    ticket: str = ""
