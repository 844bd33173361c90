"""From what became of a call to cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from antcrm_chat import views
from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice, in_place_of
from antcrm_chat.intents import Draft, Wish
from antcrm_chat.steps import Answer, CountFor, Do, Drop, DropDraft, Look, Open, Run, Step, Undo
from antcrm_tools.errors import CrmError, MayHaveActed, NotActed, NotStored
from antcrm_tools.outcomes import Ask, Done, Outcome, Queued, Unsure, Waiting
from antcrm_tools.registry import Args, Call, Effect, Result
from antcrm_tools.text import Text, clean, msg, msgs, verbatim
from antcrm_tools.tools.create_lead import CreateLead, LeadCreated
from antcrm_tools.tools.fields import Changed, CustomerLine
from antcrm_tools.tools.get_customer import WholeCustomer
from antcrm_tools.tools.undo_change import Undone

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn

AT_ONCE = 8
"""Customers in one list: what a phone shows without scrolling."""

_AGAIN = msg("This was done a moment ago already; nothing was sent now.")

CANCELLED = msg("Cancelled. Nothing was changed.")
CANCEL = Choice(msg("Cancel"), Drop(CANCELLED))


@dataclass(frozen=True, slots=True)
class Results:
    """What a turn says of the calls it made."""

    turn: Turn

    def cards(
        self, outcome: Outcome, call: Call, draft: Draft | None = None, *, source: str = "", under: str = ""
    ) -> list[Card]:
        """What became of a call. `under`: the card it says something new of, and which stays until that is done."""
        match outcome:
            case Ask():
                return [self._question(outcome, Run(call, draft, source), under)]
            case Done(result, again):
                card = self._done(result, Run(call, draft, source))
                if again:
                    card = replace(card, title=_AGAIN, lines=(*((card.title,) if card.title else ()), *card.lines))
                if not under:
                    return [card]
                self.turn.dialogue.close_card(under)
                return in_place_of([card], under)
            case Waiting(_, text):
                return [self.turn.dialogue.card(None, [text])]
            case Queued(text, change):
                return [self._queued(text, change, call, draft)]
            case Unsure(text):
                return [self._unsure(text, call, draft)]
            case _ if draft is not None:
                return [self.turn.drafts.card(draft, outcome.text)]
            case _:
                return [self.turn.dialogue.card(None, [outcome.text])]

    def error(self, error: CrmError, *, again: Step | None = None, draft: Draft | None = None) -> Card:
        """What went wrong. Only what certainly was not done may be done again with one tap."""
        if draft is not None and not isinstance(error, MayHaveActed | NotStored):
            return self.turn.drafts.card(draft, error.text)
        choices = [Choice(msg("Try again"), again)] if again is not None and isinstance(error, NotActed) else []
        lines = [] if draft is None else views.draft(draft)
        return self.turn.dialogue.card(None, [error.text, *lines], [choices])

    def _unsure(self, text: Text, call: Call, draft: Draft | None) -> Card:
        """Never with a button that would send it again."""
        look = _who(call.args)
        lines = [] if draft is None else views.draft(draft)
        if draft is not None:
            self.turn.dialogue.settle(draft)
        return self.turn.dialogue.card(None, [text, *lines], [[Choice(msg("Look it up"), look)]] if look else [])

    def _queued(self, text: Text, change: int, call: Call, draft: Draft | None) -> Card:
        """It goes on by itself, so the message it was read from is done with."""
        look = _who(call.args)
        choices = [Choice(msg("Look it up"), look)] if look else []
        if change:
            choices.append(Choice(msg("Take it back"), Undo(change)))
        card = self.turn.dialogue.card(None, [text, *views.lead(call.args)], [choices])
        if draft is None:
            return card
        self.turn.dialogue.settle(draft, change=change)
        return replace(card, about=draft.message, mark="seen" if draft.message else None)

    def _question(self, ask: Ask, wish: Run, under: str) -> Card:
        # Asked again, the Desk shares the open ticket: the older card must not stay open beside this one.
        dialogue = self.turn.dialogue
        dialogue.close(ask.ticket)
        preview = ask.preview
        style = "danger" if wish.call.effect is Effect.DESTROY or wish.call.tool.weigh is not None else "primary"
        no, yes = (Answer(ask.ticket, each, wish.call, wish.draft, wish.source) for each in (False, True))
        if preview.count is None:
            # What destroys comes last: a finger that is too quick, or a 1 typed ahead, keeps.
            choices = [Choice(preview.no, no), Choice(preview.yes, yes, style)]
            if style == "primary":
                choices.reverse()
            return dialogue.card(preview.question, preview.lines, [choices], group=under)
        typed = msg("To go on, type the number of customers: {count}", count=preview.count)
        card = dialogue.card(preview.question, [*preview.lines, typed], [[Choice(preview.no, no)]], group=under)
        dialogue.expect(CountFor(ask.ticket, wish.call, card.id, wish.source))
        return card

    def _done(self, result: Result, wish: Run) -> Card:
        dialogue, undo = self.turn.dialogue, _undo(result)
        match result:
            case WholeCustomer():
                return dialogue.card(result.sentence(), views.whole(result.customer, self.turn.zone))
            case Changed():
                show = [_show(result.ref), *undo] if undo else []
                card = dialogue.card(result.sentence(), views.changes(result), [show, _meant(result)])
                return self._saved(card, wish.draft, result.ref, result.change)
            case LeadCreated(created=None):
                return self._duplicates(result, wish)
            case LeadCreated(created=CustomerLine() as lead):
                card = dialogue.card(result.sentence(), views.lead(wish.call.args), [[_show(lead.ref), *undo]])
                return self._saved(card, wish.draft, lead.ref, result.change)
            case Undone():
                return self._undone(result, undo)
            case _:
                return dialogue.card(result.sentence(), choices=[undo])

    def _undone(self, result: Undone, undo: list[Choice]) -> Card:
        """The message of a lead that was taken back is as if nothing had been made of it."""
        # Of others it is not known whether the customer is still there.
        there = [_show(result.ref)] if result.restored else []
        card = self.turn.dialogue.card(result.sentence(), choices=[[*there, *undo]])
        message = self.turn.dialogue.unsettle(result.undone)
        return replace(card, about=message, mark="dropped") if message else card

    def _saved(self, card: Card, draft: Draft | None, ref: str, change: int | None) -> Card:
        """The message a draft was read from is done with."""
        if draft is None:
            return card
        self.turn.dialogue.settle(draft, ref, change=change or 0)
        return replace(card, about=draft.message, mark="saved" if draft.message else None)

    def _duplicates(self, found: LeadCreated, wish: Run) -> Card:
        shown = found.duplicates[:AT_ONCE]
        lines = [line.sentence() for line in shown]
        if len(shown) < len(found.duplicates):
            lines.append(msg("and {count} more", count=len(found.duplicates) - len(shown)))
        title = msgs(
            "Nothing was created: {count} customer has this phone or e-mail already.",
            "Nothing was created: {count} customers have this phone or e-mail already.",
            len(found.duplicates),
        )
        # Exactly the draft that was written, so that nothing has to be typed again.
        anyway = Call(wish.call.tool, wish.call.args.model_copy(update={"allow_duplicate": True}))
        choices = [[_show(line.ref) for line in shown]]
        leave = CANCEL if wish.draft is None else Choice(msg("Cancel"), DropDraft(wish.draft))
        choices.append([Choice(msg("Create anyway"), replace(wish, call=anyway), "primary"), leave])
        card = self.turn.dialogue.card(title, lines, choices)
        return card if wish.draft is None else replace(card, about=wish.draft.message)


def _meant(result: Changed) -> list[Choice]:
    """The stage that may have been meant by one nobody was at before, to be put right with one tap."""
    near = [value for unused in result.unused if unused.field == "stage" for value in unused.did_you_mean]
    return [
        Choice(verbatim(clean(value, 40)), Do(Wish("stage", "update_stage", {"stage": value}), result.ref))
        for value in near
    ]


def _show(ref: str) -> Choice:
    return Choice(msg("Show {ref}", ref=ref), Open(ref))


def _undo(result: Result) -> list[Choice]:
    """A button that takes it back, where something was changed."""
    change: int | None = getattr(result, "change", None)
    return [Choice(msg("Undo"), Undo(change))] if change else []


def _who(args: Args) -> Look | None:
    """How to look up whom a call was about, of which it is not known what became."""
    if isinstance(args, CreateLead):
        known: Sequence[str] = (*args.phones, *args.emails)
        return Look(known[0], pending=True) if known else None
    ref = getattr(args, "ref", None)
    # Not Open: of a customer who is gone it says “nothing was changed”, which after a delete is not so.
    return Look(ref, pending=True) if isinstance(ref, str) else None
