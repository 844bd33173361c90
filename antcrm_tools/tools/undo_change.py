"""undo_change: takes one change back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from antcrm_tools import taking_back, undoing
from antcrm_tools.in_words import field_words
from antcrm_tools.plans import Edited
from antcrm_tools.registry import Args, Effect, Preview, Result, Weight, tool
from antcrm_tools.reversal import moved_in_words
from antcrm_tools.taking_back import Undid
from antcrm_tools.text import Text, clean, join, msg, msgs
from antcrm_tools.tools.fields import ChangeNumber, Earlier, kind_word
from antcrm_tools.tools.previews import NOT_BACK, changes, describe, named
from antcrm_tools.undoing import Undo

if TYPE_CHECKING:
    from antcrm_tools.work import Work

_TOLD = 20


class UndoChange(Args):
    """Which one."""

    change: Annotated[int, Field(gt=0, description="its number")]


class Undone(Result):
    """What was taken back. `change` is the undo's own number: undoing that brings it back."""

    undone: int
    ref: str = ""
    name: str = ""
    restored: tuple[str, ...] = ()
    change: ChangeNumber = None
    said: Annotated[Text, Field(exclude=True)]
    left: Annotated[str, Field(description="what has moved on since and was left")] = ""
    earlier: Earlier = False

    def repeated(self) -> bool:
        """Whether it was taken back by the same wish before."""
        return self.earlier

    def sentence(self) -> Text:
        """What was taken back, and what was left."""
        return self.said


async def _look(work: Work, args: UndoChange) -> Undo:
    others = "delete" in work.actor.scopes
    return await undoing.look(work.records, args.change, work.actor.who, work.undo_hours, others=others)


async def _weigh(work: Work, args: UndoChange) -> Weight:
    """Whoever made a change may take it back, though it means deleting: a person is asked then."""
    found = await _look(work, args)
    effect = Effect.DESTROY if found.destroys else Effect.CHANGE
    mine = found.change.wish.actor.who == work.actor.who
    return Weight(effect, Effect.CHANGE if mine else Effect.DESTROY)


async def _preview(work: Work, args: UndoChange) -> Preview:
    found = await _look(work, args)
    number, name = str(args.change), clean(found.change.name, 60)
    no = msg("Keep")
    match found.kind:
        case "edit" if found.planned is not None:
            before = found.planned.before
            lines = changes(before, found.planned.edit, found.planned.fields)
            if found.moved:
                lines.append(_left(found))
            question = msg("Undo change #{number} of {ref} {name}?", number=number, ref=before.ref, name=named(before))
            return Preview(question, msg("Undo it"), no, found.shown, tuple(lines))
        case "create" if found.customer is not None:
            was = found.customer
            question = msg(
                "Undo change #{number} and delete {kind} {ref} {name}?",
                number=number,
                kind=kind_word(was.kind),
                ref=was.ref,
                name=named(was),
            )
            return Preview(question, msg("Delete {name}", name=named(was)), no, found.shown, describe(was))
        case "delete" if found.customer is not None:
            was = found.customer
            question = msg("Undo change #{number} and create {name} anew?", number=number, name=named(was))
            lines = (*describe(was), NOT_BACK)
            return Preview(question, msg("Create {name}", name=named(was)), msg("Do not create"), found.shown, lines)
        case "waiting":
            question = msg("Take back change #{number}, {name}, which was not sent yet?", number=number, name=name)
            return Preview(question, msg("Do not send it"), msg("Keep it"), found.shown)
        case _:
            return _preview_of_rows(found, number)


def _preview_of_rows(found: Undo, number: str) -> Preview:
    count = len(found.rows)
    if found.brings_back:
        question = msgs(
            "Undo change #{number} and create {count} lead anew?",
            "Undo change #{number} and create {count} leads anew?",
            count,
            number=number,
        )
        yes, no = msgs("Create {count} lead", "Create {count} leads", count), msg("Do not create")
        return Preview(question, yes, no, found.shown, (NOT_BACK,), count=count)
    question = msgs(
        "Undo change #{number} and delete {count} lead that it created?",
        "Undo change #{number} and delete {count} leads that it created?",
        count,
        number=number,
    )
    rest = (msg("The rows that were not sent yet are not sent any more."),) if found.change.is_open else ()
    yes = msgs("Delete {count} lead", "Delete {count} leads", count)
    return Preview(question, yes, msg("Keep"), found.shown, rest, count=count)


@tool(
    title=msg("Undo a change"),
    least=Effect.CHANGE,
    most=Effect.DESTROY,
    effect=lambda _: Effect.CHANGE,
    weigh=_weigh,
    preview=_preview,
    idempotent=True,
    args=UndoChange,
    returns=Undone,
)
async def undo_change(work: Work, args: UndoChange) -> Undone:
    """Take one change back, as far as nothing moved on since. Where that deletes something, the person is asked."""
    found = await _look(work, args)
    done = await taking_back.undo(
        work.records, found, work.wish, shown=work.shown, code=work.records.new_code, progress=work.progress
    )
    return _undone(done)


def _undone(done: Undid) -> Undone:
    found, number = done.undo, str(done.undo.change.id)
    ref, name = str(found.change.ref or ""), found.change.name
    restored: tuple[str, ...] = ()
    match found.kind:
        case "edit" if done.edited is not None:
            ref, name, restored = done.edited.after.ref, done.edited.after.name, done.edited.fields
            said = _said_of_edit(done.edited, number)
        case "create":
            said = msg("Undone: change #{number}. {ref} {name} was deleted.", number=number, ref=ref, name=clean(name))
        case "delete" if done.customer is not None:
            said = msg(
                "Undone: change #{number}. {name} is there again, as {ref}; it was {old}.",
                number=number,
                name=clean(name),
                ref=done.customer.ref,
                old=ref,
            )
            ref = done.customer.ref
        case "waiting":
            said = msg("Taken back: change #{number}, {name}. It is not sent.", number=number, name=clean(name))
        case _:
            said = _said_of_rows(done, number)
    left = _left(found) if found.moved else None
    return Undone(
        undone=found.change.id,
        ref=ref,
        name=name,
        restored=restored,
        change=done.change,
        said=said if left is None else join([said, left]),
        left="" if left is None else left.render("en"),
        earlier=done.again,
    )


def _said_of_edit(edited: Edited, number: str) -> Text:
    ref, name = edited.after.ref, clean(edited.after.name)
    if not edited.fields:
        return msg("{ref} {name} is as it was before change #{number} already.", ref=ref, name=name, number=number)
    fields = field_words(edited.fields)
    return msg("Undone: change #{number} of {ref} {name} ({fields}).", number=number, ref=ref, name=name, fields=fields)


def _said_of_rows(done: Undid, number: str) -> Text:
    total, failed = len(done.undo.rows), done.failed
    lines = [
        msg(
            "Undone: change #{number}. {count} of {total} rows were taken back.",
            number=number,
            count=total - len(failed),
            total=total,
        ),
        *failed[:_TOLD],
    ]
    if len(failed) > _TOLD:
        lines.append(msg("… and {count} more rows.", count=len(failed) - _TOLD))
    return join(lines, "\n")


def _left(found: Undo) -> Text:
    return msg("Left as it is, because it has moved on since: {fields}.", fields=moved_in_words(found.moved))
