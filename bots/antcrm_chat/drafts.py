"""Drafts: a lead read from somebody's words, shown before it is saved. What is not saved stays on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from antcrm_chat import views
from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice, in_place_of
from antcrm_chat.intents import Draft, LeadWords
from antcrm_chat.leads import draft_of, fitting, read_lead
from antcrm_chat.steps import (
    AskName,
    ChangeDraft,
    DropDraft,
    NameOf,
    NoteDraft,
    OfDraft,
    Open,
    Part,
    PartOf,
    Save,
    ShowDraft,
)
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.in_words import field_word
from antcrm_tools.outcomes import Done
from antcrm_tools.text import Text, clean, join, msg, msgs
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.fields import CustomerLine
from antcrm_tools.tools.find_customers import FoundCustomers
from antcrm_tools.tools.get_customer import WholeCustomer

if TYPE_CHECKING:
    from antcrm_chat.turn import Turn

_SHOWN = 4
"""Customers who are known already, each with its buttons."""

_PARTS: tuple[Part, ...] = ("name", "phones", "emails", "note")

_ASKS: dict[Part, Text] = {
    "name": msg("Write the name as it should be:"),
    "phones": msg("Write the phones as they should be:"),
    "emails": msg("Write the e-mails as they should be:"),
    "note": msg("Write the note as it should be:"),
}

NOT_SAVED = msg("A new lead, not saved yet:")
NOT_YOURS_TO_SAVE = msg("Nothing was saved: you may look customers up here, but not save leads. Ask the admin.")


@dataclass(frozen=True, slots=True)
class Drafts:
    """What a turn does with a draft."""

    turn: Turn

    async def take(self, step: OfDraft, card: str) -> list[Card]:
        """Do what a button of a draft stands for."""
        match step:
            case Save(draft, seen):
                return in_place_of(await self.save(draft, seen), card)
            case ShowDraft(draft, look):
                return in_place_of([await self.look(draft)] if look else [self.card(draft)], card)
            case ChangeDraft(draft, part):
                asked = self._ask_what(draft) if part is None else self._ask_part(draft, part)
                return [replace(asked, replaces=card)]
            case NoteDraft(draft, ref):
                return in_place_of(await self._note(draft, ref), card)
            case DropDraft(draft):
                self.turn.dialogue.settle(draft)
                said = Card(None, (not_saved(draft),), replaces=card, about=draft.message)
                return [replace(said, mark="dropped" if draft.message else None)]

    async def look(self, draft: Draft, first: Text | None = None) -> Card:
        """The draft, or the customers who have one of its phones or e-mails already; `first` stands above either."""
        try:
            known = await self._who_has(draft)
        except CrmError as error:
            # It is not lost because AntCRM is not there: saving will look again.
            unknown = (first, error.what, msg("It was not looked up yet."))
            return self.card(draft, join(text for text in unknown if text is not None))
        return await self._known(draft, known, first) if known else self.card(draft, first)

    async def _who_has(self, draft: Draft) -> list[CustomerLine]:
        """Raises CrmError where AntCRM cannot be asked."""
        known: dict[str, CustomerLine] = {}
        for contact in (*draft.lead.phones, *draft.lead.emails):
            try:
                outcome = await self.turn.desk.submit(
                    tool_named("find_customers").call({"query": contact}), self.turn.actor
                )
            except BadInput:
                continue  # nothing AntCRM could be asked for: saving says what is wrong with it
            if isinstance(outcome, Done) and isinstance(outcome.result, FoundCustomers):
                known |= {line.ref: line for line in outcome.result.customers}
        return list(known.values())

    def card(self, draft: Draft, first: Text | None = None) -> Card:
        """A draft with what can be done about it; `first` says what stands in the way."""
        if not self.turn.may_add:
            held = [] if first is None or first is NOT_YOURS_TO_SAVE else [first]
            made = self.turn.dialogue.card(NOT_YOURS_TO_SAVE, [*held, *views.draft(draft)])
            return replace(made, about=draft.message)
        choices = [
            Choice(msg("Save"), Save(draft), "primary"),
            Choice(msg("Edit"), ChangeDraft(draft)),
            Choice(msg("Drop"), DropDraft(draft)),
        ]
        lines = views.draft(draft)
        title = NOT_SAVED if first is None else first
        made = self.turn.dialogue.card(title, lines if first is None else [NOT_SAVED, *lines], [choices])
        return replace(made, about=draft.message, mark="seen" if draft.message else None)

    async def save(self, draft: Draft, seen: frozenset[str] = frozenset()) -> list[Card]:
        """Create the lead, or ask for what it needs. Who has its phone now and is not among `seen` is shown first."""
        if not self.turn.may_add:
            return [self.card(draft)]
        if not draft.lead.name:
            return self.ask_name(draft)
        try:
            call = tool_named("create_lead").call(_arguments(draft.lead, anyway=bool(seen)))
            known = await self._who_has(draft) if seen else []
        except CrmError as error:
            return [self.card(draft, join((error.what, error.done)))]
        if any(line.ref not in seen for line in known):
            return [await self._known(draft, known)]
        return await self.turn.submit(call, draft)

    def ask_name(self, draft: Draft) -> list[Card]:
        """Ask for the name of a lead."""
        known = ", ".join((*draft.lead.phones, *draft.lead.emails))
        title = msg("What is the name of the lead with {contact}?", contact=clean(known, 200))
        choices = [Choice(msg("Back"), ShowDraft(draft)), Choice(msg("Cancel"), DropDraft(draft))]
        card = self.turn.dialogue.card(title, [msg("Write just the name.")], [choices])
        self.turn.dialogue.expect(NameOf(draft, card.id))
        return [replace(card, about=draft.message)]

    async def part(self, expected: PartOf, words: str) -> list[Card]:
        """The draft with a part as it was written."""
        lead, part = expected.draft.lead, expected.part
        if part == "name":
            lead = replace(lead, name=" ".join(words.split()))
        elif part == "note":
            lead = replace(lead, note=words.strip())
        else:
            # Letters in a phone are taken for digits here too, and the card that follows shows what was made of them.
            read = draft_of(read_lead(words, self.turn.region), self.turn.region).lead
            if not (read.phones if part == "phones" else read.emails):
                wrong = (
                    msg("“{text}” is not a phone number.", text=clean(words))
                    if part == "phones"
                    else msg("“{text}” is not an e-mail address.", text=clean(words))
                )
                return [self._ask_part(expected.draft, part, wrong)]
            # Words around a phone are kept: “0912345678 (Zalo)”.
            note = "\n".join(words for words in (lead.note, read.name, read.note) if words)
            lead = (
                replace(lead, phones=read.phones, emails=_joined(lead.emails, read.emails), note=note)
                if part == "phones"
                else replace(lead, emails=read.emails, phones=_joined(lead.phones, read.phones), note=note)
            )
        by_hand = expected.draft.by_hand | {part}
        draft = replace(expected.draft, lead=fitting(lead), misread=(), by_hand=by_hand)
        return [await self.look(draft) if part in ("phones", "emails") else self.card(draft)]

    async def _known(self, draft: Draft, known: list[CustomerLine], first: Text | None = None) -> Card:
        shown = known[:_SHOWN]
        lines = [line.sentence() for line in shown]
        title = msgs(
            "{count} customer has this phone or e-mail already:",
            "{count} customers have this phone or e-mail already:",
            len(known),
        )
        if len(known) == 1:
            lines = await self._whole(known[0]) or lines
        if len(shown) < len(known):
            lines.append(msg("and {count} more", count=len(known) - len(shown)))
        if first is not None:
            lines.append(first)
        if draft.words:
            lines.append(msg("Your message: “{words}”", words=clean(draft.words, 1000)))
        if draft.misread or draft.by_hand or not draft.words:
            lines += [msg("As a new lead it would be:"), *views.draft(draft)]
        choices = [[Choice(msg("Show {ref}", ref=line.ref), Open(line.ref)) for line in shown]] if known[1:] else []
        if not self.turn.may_add:
            return replace(self.turn.dialogue.card(title, lines, choices), about=draft.message)
        if draft.words:
            choices += [
                [Choice(msg("Add your message to the note of {ref}", ref=line.ref), NoteDraft(draft, line.ref))]
                for line in shown
            ]
        # Without a name it is looked up once more, together with what is written then.
        seen = frozenset(line.ref for line in known)
        anyway = Save(draft, seen) if draft.lead.name else AskName(draft)
        choices.append([Choice(msg("Save as a new lead"), anyway), Choice(msg("Drop"), DropDraft(draft))])
        made = self.turn.dialogue.card(title, lines, choices)
        return replace(made, about=draft.message, mark="seen" if draft.message else None)

    async def _whole(self, line: CustomerLine) -> list[Text]:
        """Everything about the one who is known; nothing if it cannot be read now."""
        try:
            outcome = await self.turn.desk.submit(tool_named("get_customer").call({"ref": line.ref}), self.turn.actor)
        except CrmError:
            return []
        if isinstance(outcome, Done) and isinstance(outcome.result, WholeCustomer):
            return [outcome.result.sentence(), *views.whole(outcome.result.customer, self.turn.zone)]
        return []

    def _ask_what(self, draft: Draft) -> Card:
        parts = [Choice(field_word(part), ChangeDraft(draft, part)) for part in _PARTS]
        back = Choice(msg("Back"), ShowDraft(draft))
        card = self.turn.dialogue.card(msg("What should be different?"), views.draft(draft), [parts, [back]])
        return replace(card, about=draft.message)

    def _ask_part(self, draft: Draft, part: Part, wrong: Text | None = None) -> Card:
        held: str | tuple[str, ...] = getattr(draft.lead, part)
        lines = [] if wrong is None else [wrong]
        if held:
            now = held if isinstance(held, str) else ", ".join(held)
            lines.append(msg("Now: {value}", value=clean(now, 1000)))
        choices = [Choice(msg("Back"), ShowDraft(draft))]
        if held and part != "name":
            emptied = replace(draft.lead, **{part: "" if part == "note" else ()})
            without = replace(draft, lead=emptied, misread=(), by_hand=draft.by_hand | {part})
            choices.insert(0, Choice(msg("Leave it empty"), ShowDraft(without, look=part != "note")))
        card = self.turn.dialogue.card(_ASKS[part], lines, [choices])
        self.turn.dialogue.expect(PartOf(draft, part, card.id))
        return replace(card, about=draft.message)

    async def _note(self, draft: Draft, ref: str) -> list[Card]:
        words, typed = draft.words, draft.lead.note
        if any(word not in words for word in typed.split()):
            words = f"{words}\n{typed}"  # written since, when the draft was changed
        try:
            call = tool_named("add_note").call({"ref": ref, "note": words})
        except BadInput as error:
            return [self.card(draft, join((error.what, error.done)))]
        # A message may become a note of one customer, and another time of another.
        return await self.turn.submit(call, draft, f"{self.turn.source_of(draft)}/{ref}" if draft.message else "")


def not_saved(draft: Draft) -> Text:
    """That a draft was dropped, and whose it was."""
    who = ", ".join(part for part in (draft.lead.name, *draft.lead.phones, *draft.lead.emails) if part)
    return msg("Cancelled. Not saved: {lead}.", lead=clean(who, 200))


def merged(read: Draft, before: Draft) -> Draft:
    """What a message says now, but for the parts that were changed by hand."""
    kept = {part: getattr(before.lead, part) for part in before.by_hand}
    return replace(read, lead=replace(read.lead, **kept), by_hand=before.by_hand)


def _arguments(lead: LeadWords, anyway: bool) -> dict[str, object]:
    arguments: dict[str, object] = {"name": lead.name, "phones": lead.phones, "emails": lead.emails}
    if lead.note:
        arguments["note"] = lead.note
    if anyway:
        arguments["allow_duplicate"] = True
    return arguments


def _joined(before: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *more)))
