"""update_stage, add_tags, remove_tags: the edits people make all day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from antcrm_tools.errors import BadInput
from antcrm_tools.meaning import meaning
from antcrm_tools.models import Customer, Edit
from antcrm_tools.plans import Plan
from antcrm_tools.registry import Args, Effect, Preview, tool
from antcrm_tools.text import clean, msg
from antcrm_tools.tools.fields import Changed, RefText, Stage, Tags
from antcrm_tools.tools.get_customer import existing
from antcrm_tools.tools.previews import preview_of
from antcrm_tools.tools.usage import Unused, unused

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class UpdateStage(Args):
    """Whose, and to what."""

    ref: RefText
    stage: Stage

    def plan(self, _customer: Customer) -> Edit:
        """A stage replaces the one before, whatever it was."""
        return Edit(stage=self.stage)


class AddTags(Args):
    """Whose, and which."""

    ref: RefText
    tags: Tags

    def plan(self, customer: Customer) -> Edit:
        """The array whole: AntCRM may replace it by what is sent (row "does PUT replace whole arrays?")."""
        have = {_key(tag) for tag in customer.tags}
        return Edit(tags=(*customer.tags, *(tag for tag in dict.fromkeys(self.tags) if _key(tag) not in have)))


class RemoveTags(Args):
    """Whose, and which."""

    ref: RefText
    tags: Tags

    def plan(self, customer: Customer) -> Edit:
        """The array whole, without them.

        Raises:
            BadInput: it has none of them. Saying "already so" would hide a slip of the pen.
        """
        gone = {_key(tag) for tag in self.tags}
        if not gone & {_key(tag) for tag in customer.tags}:
            raise BadInput(
                msg("{ref} has no tag “{tags}”.", ref=customer.ref, tags=clean(", ".join(self.tags))),
                then=msg("It has: {values}.", values=clean(", ".join(customer.tags), 300)) if customer.tags else None,
            )
        return Edit(tags=tuple(tag for tag in customer.tags if _key(tag) not in gone))


async def preview(work: Work, args: UpdateStage | AddTags | RemoveTags) -> Preview | Changed:
    """What will change, and which of it nobody has had before."""
    shown = preview_of(await work.records.plan(await existing(work, args.ref), args.plan))
    if not isinstance(shown, Preview):
        return shown
    return replace(shown, lines=(*shown.lines, *(each.sentence() for each in await _unused(work, args))))


async def _edit(work: Work, ref: str, plan: Plan, new: tuple[Unused, ...] = ()) -> Changed:
    edited = await work.records.edit(await existing(work, ref), plan, work.wish, shown=work.shown)
    changed = Changed.by(edited)
    return changed.model_copy(update={"unused": new}) if changed.changed else changed


async def _unused(work: Work, args: UpdateStage | AddTags | RemoveTags) -> tuple[Unused, ...]:
    match args:
        case UpdateStage():
            return await unused(work, "stage", [args.stage])
        case AddTags():
            return await unused(work, "tag", args.tags)
        case RemoveTags():
            return ()


@tool(
    title=msg("Move to a stage"),
    most=Effect.CHANGE,
    preview=preview,
    idempotent=True,
    args=UpdateStage,
    returns=Changed,
)
async def update_stage(work: Work, args: UpdateStage) -> Changed:
    """Move a customer to another stage. Stages are names from the company's own list in AntCRM."""
    # Looked up first: afterwards this very customer has it.
    return await _edit(work, args.ref, args.plan, await _unused(work, args))


@tool(title=msg("Add tags"), most=Effect.ADD, preview=preview, idempotent=True, args=AddTags, returns=Changed)
async def add_tags(work: Work, args: AddTags) -> Changed:
    """Add tags to a customer and keep the ones it has."""
    return await _edit(work, args.ref, args.plan, await _unused(work, args))


@tool(title=msg("Remove tags"), most=Effect.CHANGE, preview=preview, idempotent=True, args=RemoveTags, returns=Changed)
async def remove_tags(work: Work, args: RemoveTags) -> Changed:
    """Take tags off a customer and keep the others."""
    return await _edit(work, args.ref, args.plan)


def _key(tag: str) -> str:
    return str(meaning("tags", tag)).casefold()
