"""add_note: a dated line under what the note already says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from antcrm_tools.models import Customer, Edit
from antcrm_tools.registry import Args, Effect, Preview, tool
from antcrm_tools.text import clean, msg
from antcrm_tools.tools.fields import Changed, Note, RefText
from antcrm_tools.tools.get_customer import existing

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class AddNote(Args):
    """Whose, and what."""

    ref: RefText
    note: Annotated[Note, Field(description="one remark")]

    def line(self, day: str) -> str:
        """The dated line."""
        return f"[{day}] {self.note}"

    def plan(self, customer: Customer, line: str) -> Edit:
        """The old text whole and the new line under it, also where it says the same: two calls were not answered."""
        return Edit(note=f"{customer.note}\n{line}" if customer.note else line)


def _day(work: Work) -> str:
    return work.now().date().isoformat()


async def _preview(work: Work, args: AddNote) -> Preview:
    line = args.line(_day(work))
    planned = await work.records.plan(await existing(work, args.ref), lambda customer: args.plan(customer, line))
    name = clean(planned.before.name)
    return Preview(
        question=msg("Add a note to {ref} {name}?", ref=planned.before.ref, name=name),
        yes=msg("Add the note"),
        no=msg("Do not add"),
        fingerprint=planned.fingerprint,
        lines=(msg("“{line}”", line=clean(line, 300)),),
    )


@tool(title=msg("Add a note"), most=Effect.ADD, preview=_preview, args=AddNote, returns=Changed)
async def add_note(work: Work, args: AddNote) -> Changed:
    """Append a dated line to a customer's note; what is there stays."""
    line = args.line(_day(work))
    ref = await existing(work, args.ref)
    edited = await work.records.edit(ref, lambda customer: args.plan(customer, line), work.wish, shown=work.shown)
    return Changed.by(edited)
