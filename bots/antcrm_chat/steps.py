"""What a button does when it is tapped, and what the next message may answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_chat.intents import Draft, Report, Wish
from antcrm_tools.registry import Call
from antcrm_tools.text import Text

Part: TypeAlias = Literal["name", "phones", "emails", "note"]
"""What of a draft can be changed by itself."""


@dataclass(frozen=True, slots=True)
class Open:
    """Show one customer whole."""

    ref: str


@dataclass(frozen=True, slots=True)
class Look:
    """Look somebody up, or show the next part of a list; `wish` is what to do with the one who is meant.

    `filters` are further arguments of find_customers. `pending`: something was done to them, or is to
    be, of which it is not known yet what became.
    """

    query: str
    cursor: str | None = None
    wish: Wish | None = None
    filters: tuple[tuple[str, object], ...] = ()
    group: str = ""
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Narrow:
    """Ask by what a list is to be made shorter."""

    look: Look


@dataclass(frozen=True, slots=True)
class ShowReport:
    """Count new customers; `picture`: draw their funnel as well."""

    report: Report
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """Carry a wish out on this customer."""

    wish: Wish
    ref: str


@dataclass(frozen=True, slots=True)
class Run:
    """Submit a call that was made before: one AntCRM could not be reached for, or a lead in spite of its doubles.

    `draft` is the lead it creates, where it does. `source` is what the call came from at first: it is the same wish.
    """

    call: Call
    draft: Draft | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take a change back. `listed`: the button stands in a list of changes, which stays as it is."""

    change: int
    listed: bool = False


@dataclass(frozen=True, slots=True)
class AskName:
    """Ask for the name of a lead."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Save:
    """Create the lead of a draft, in spite of those `seen` who have its phone or e-mail, and of nobody else."""

    draft: Draft
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """Ask what should be different, or, for a `part`, how it should be."""

    draft: Draft
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class ShowDraft:
    """The draft as it is now; `look` for customers who have its phones or e-mails where those were changed."""

    draft: Draft
    look: bool = False


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """Write the words of a draft into the note of a customer who is there already."""

    draft: Draft
    ref: str


@dataclass(frozen=True, slots=True)
class DropDraft:
    """Forget a draft."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the Desk's question. `draft` is the lead it is about where that is new; `source` as in `Run`."""

    ticket: str
    yes: bool
    call: Call
    draft: Draft | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave it."""

    said: Text


OfDraft: TypeAlias = Save | ChangeDraft | ShowDraft | NoteDraft | DropDraft

Step: TypeAlias = Open | Look | Narrow | ShowReport | Do | Run | Undo | AskName | Answer | Drop | OfDraft

SETTLES = (Do, Run, AskName, Answer, Drop, Save, ChangeDraft, ShowDraft, NoteDraft, DropDraft)
"""Steps after which the buttons of their card are spent. Looking at one hit of a list spends nothing, and a change is
undone once however often its button is tapped."""


@dataclass(frozen=True, slots=True)
class NameOf:
    """The next message is the name of this lead, asked for on `card`."""

    draft: Draft
    card: str


@dataclass(frozen=True, slots=True)
class PartOf:
    """The next message is how this part of a draft should be, asked for on `card`."""

    draft: Draft
    part: Part
    card: str


@dataclass(frozen=True, slots=True)
class CountFor:
    """The next message is the number that confirms a bulk, asked for on `card`; `source` as in `Run`."""

    ticket: str
    call: Call
    card: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class ApproveCount:
    """The next message is the number that confirms somebody else's bulk, asked for on `card`."""

    ticket: str
    card: str


Expected: TypeAlias = NameOf | PartOf | CountFor | ApproveCount
