"""What a message can mean. Plain values: understanding makes them, the chat acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from antcrm_tools.text import Text

Command: TypeAlias = Literal[
    "start",
    "help",
    "find",
    "report",
    "lead",
    "stage",
    "tag",
    "untag",
    "note",
    "delete",
    "recent",
    "undo",
    "status",
    "cancel",
]

Period: TypeAlias = Literal["today", "week", "month"]

NamedBy: TypeAlias = Literal["ref", "phone", "email", "digits"]


@dataclass(frozen=True, slots=True)
class Whom:
    """What a person wrote to name a customer. Only a ref names one for certain."""

    text: str
    by: NamedBy


@dataclass(frozen=True, slots=True)
class LeadWords:
    """A lead as written; every word of the message is in one of the four."""

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A lead that is not saved yet. `message` is the messenger's name for where it was read, `words` what stood there.

    `misread` are phones in which letters were read as digits: a person should see that before it is saved. `by_hand`
    are the parts that were changed since: they hold, whatever becomes of the message.
    """

    lead: LeadWords
    message: str = ""
    words: str = ""
    misread: tuple[str, ...] = ()
    by_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody new, or somebody lost."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can be said here."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Whatever is open: no."""


@dataclass(frozen=True, slots=True)
class Find:
    """Look somebody up."""

    query: str


@dataclass(frozen=True, slots=True)
class NewLead:
    """Create a lead."""

    lead: LeadWords


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to do to a customer, once it is known which one: a tool and its arguments but for the ref."""

    command: Command
    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class DoTo:
    """Do it to this one."""

    whom: Whom
    wish: Wish


@dataclass(frozen=True, slots=True)
class Recent:
    """What one has changed lately."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take a change back: that of this number, or one's last."""

    change: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How many new customers there are; `mine`: only one's own."""

    period: Period = "today"
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """How the copy of the customers stands, and what is open."""


@dataclass(frozen=True, slots=True)
class Misused:
    """A command that cannot be carried out as it was written, and what is wrong with it."""

    command: Command
    what: Text


@dataclass(frozen=True, slots=True)
class Jotted:
    """Words with a phone or an e-mail in them that are no command: somebody met a customer."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Words nobody told us the meaning of."""


Intent: TypeAlias = (
    Start | Help | Cancel | Find | NewLead | DoTo | Recent | TakeBack | Report | Status | Misused | Jotted | Unclear
)
