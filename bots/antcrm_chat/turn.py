"""One turn of a conversation: from an intent or a tapped button through the Desk to cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from antcrm_chat import views
from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice, Dialogue, in_place_of
from antcrm_chat.drafts import Drafts
from antcrm_chat.helping import EXAMPLES, NOTHING_DONE
from antcrm_chat.intents import DoTo, Draft, LeadWords, Whom, Wish
from antcrm_chat.steps import Answer, AskName, CountFor, Do, Drop, DropDraft, Look, Open, Run, Step
from antcrm_chat.whom import whole
from antcrm_tools.desk import Desk
from antcrm_tools.errors import BadInput, CrmError, MayHaveActed, NotActed, NotStored
from antcrm_tools.outcomes import Actor, Ask, Done, Outcome, Unsure
from antcrm_tools.registry import Args, Call, Effect, Result
from antcrm_tools.text import Text, clean, join, msg, msgs, verbatim
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.create_lead import CreateLead, LeadCreated
from antcrm_tools.tools.fields import Changed, CustomerLine
from antcrm_tools.tools.find_customers import FoundCustomers
from antcrm_tools.tools.get_customer import WholeCustomer

_AT_ONCE = 8
"""Customers in one list: what a phone shows without scrolling."""

_AGAIN = msg("This was done a moment ago already; nothing was sent now.")

_CANCEL = Choice(msg("Cancel"), Drop(msg("Cancelled. Nothing was changed.")))


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message or tap may use."""

    dialogue: Dialogue
    desk: Desk
    actor: Actor
    region: str
    zone: tzinfo

    @property
    def drafts(self) -> Drafts:
        """What concerns leads that are not saved yet."""
        return Drafts(self)

    @property
    def may_add(self) -> bool:
        """Whether this person may save leads and notes."""
        return self.desk.policy.allows(Effect.ADD, self.actor)

    async def take(self, step: Step, card: str) -> list[Card]:
        """Do what a button stands for; the result takes the place of a question that was answered."""
        match step:
            case Open(ref):
                return await self.submit(tool_named("get_customer").call({"ref": ref}))
            case Look():
                return await self.look(step)
            case Do(wish, ref):
                return in_place_of(await self._do(wish, ref), card)
            case Run(call, draft):
                return in_place_of(await self.submit(call, draft), card)
            case AskName(draft):
                return in_place_of(self.drafts.ask_name(draft), card)
            case Answer(ticket, yes, call, draft):
                return in_place_of(await self.answer(ticket, call, yes=yes, draft=draft), card)
            case Drop(said):
                return [replace(self.dialogue.card(None, [said]), replaces=card)]
            case _:
                return await self.drafts.take(step, card)

    async def do_to(self, asked: DoTo) -> list[Card]:
        """Carry a wish out on whoever is named; where that can be several people, ask which."""
        if asked.whom.by == "ref":
            return await self._do(asked.wish, asked.whom.text)
        return await self.look(Look(asked.whom.text, wish=asked.wish))

    async def look(self, step: Look) -> list[Card]:
        """Look up: nobody, one customer whole, or a list to choose from."""
        arguments: dict[str, object] = {"query": step.query, "limit": _AT_ONCE}
        if step.cursor is not None:
            arguments["cursor"] = step.cursor
        try:
            call = tool_named("find_customers").call(arguments)
        except BadInput as error:
            return [self._error(_with_example(error, EXAMPLES["find"]))]
        try:
            outcome = await self.desk.submit(call, self.actor)
        except CrmError as error:
            return [self._error(error, again=step)]
        if isinstance(outcome, Done) and isinstance(outcome.result, FoundCustomers):
            return await self._found(step, outcome.result)
        return self._outcome(outcome, call)

    async def submit(self, call: Call, draft: Draft | None = None) -> list[Card]:
        """Run a call through the Desk; `draft` is the lead it is about, where it is about one that is not saved."""
        try:
            outcome = await self.desk.submit(call, self.actor)
        except CrmError as error:
            return [self._error(error, again=Run(call, draft), draft=draft)]
        return self._outcome(outcome, call, draft)

    async def answer(
        self, ticket: str, call: Call, *, yes: bool, count: int | None = None, draft: Draft | None = None
    ) -> list[Card]:
        """Hand a person's answer to the Desk."""
        self.dialogue.close(ticket)
        try:
            outcome = await self.desk.answer(ticket, self.actor, yes=yes, count=count)
        except CrmError as error:
            return [self._error(error, again=Run(call, draft), draft=draft)]
        return self._outcome(outcome, call, draft)

    async def _do(self, wish: Wish, ref: str) -> list[Card]:
        try:
            call = tool_named(wish.tool).call({"ref": ref, **wish.arguments})
        except BadInput as error:
            return [self._error(_with_example(error, EXAMPLES[wish.command]))]
        return await self.submit(call)

    async def _found(self, step: Look, found: FoundCustomers) -> list[Card]:
        hits = found.customers
        whom = whole(step.query, self.region)
        if not hits and step.cursor is None:
            return [self._nobody(step, whom)]
        if len(hits) == 1 and step.cursor is None and found.next_cursor is None:
            if step.wish is None:
                return await self.take(Open(hits[0].ref), "")
            if whom is not None and whom.by != "digits":
                return await self._do(step.wish, hits[0].ref)
        return [self._list(step, found)]

    def _nobody(self, step: Look, whom: Whom | None) -> Card:
        said = msg("Nobody was found for “{query}”.", query=clean(step.query))
        wish = step.wish
        if wish is not None:
            said = join((said, NOTHING_DONE))
        if step.draft is not None:
            # Its save is not known to have worked, and nobody has its phone: nothing has to be written again.
            return self.drafts.card(step.draft, said)
        if whom is None or whom.by not in ("phone", "email") or not self.may_add:
            return self.dialogue.card(None, [said])
        if wish is not None and wish.command != "note":
            return self.dialogue.card(None, [said])
        note = "" if wish is None else str(wish.arguments.get("note", ""))
        known = (whom.text,)
        lead = LeadWords(phones=known, note=note) if whom.by == "phone" else LeadWords(emails=known, note=note)
        offer = Choice(msg("Save as a new lead"), AskName(Draft(lead)), "primary")
        return self.dialogue.card(None, [said], [[offer]])

    def _list(self, step: Look, found: FoundCustomers) -> Card:
        group = step.group or self.dialogue.new_group()
        lines = [hit.sentence() for hit in found.customers]
        if found.list_changed:
            lines.append(msg("The list changed while it was read; some customers may be missing or repeated."))
        wish = step.wish
        choices = [
            [Choice(_label(hit), Open(hit.ref) if wish is None else Do(wish, hit.ref))] for hit in found.customers
        ]
        if found.next_cursor:
            more = replace(step, cursor=found.next_cursor, group=group)
            choices.append([Choice(msg("Show more"), more)])
        if wish is None:
            count = len(found.customers)
            title = msgs("{count} customer was found:", "{count} customers were found:", count)
            if step.cursor or found.next_cursor:
                title = msg("Customers found:")
        else:
            title = msg("Which customer do you mean?")
            choices.append([_CANCEL])
        return self.dialogue.card(title, lines, choices, group=group)

    def _outcome(self, outcome: Outcome, call: Call, draft: Draft | None = None) -> list[Card]:
        match outcome:
            case Ask():
                return [self._question(outcome, call, draft)]
            case Done(result) as done:
                card = self._done(result, call, draft)
                if done.again:
                    card = replace(card, title=_AGAIN, lines=(*((card.title,) if card.title else ()), *card.lines))
                return [card]
            case Unsure(text):
                return [self._unsure(text, call, draft)]
            case _ if draft is not None:
                return [self.drafts.card(draft, outcome.text)]
            case _:
                return [self.dialogue.card(None, [outcome.text])]

    def _unsure(self, text: Text, call: Call, draft: Draft | None) -> Card:
        """Never with a button that would send it again."""
        look = _who(call.args)
        if isinstance(look, Look):
            look = replace(look, draft=draft)
        lines = [] if draft is None else views.draft(draft)
        if draft is not None:
            self.dialogue.settle(draft)
        return self.dialogue.card(None, [text, *lines], [[Choice(msg("Look it up"), look)]] if look else [])

    def _question(self, ask: Ask, call: Call, draft: Draft | None) -> Card:
        # Asked again, the Desk shares the open ticket: the older card must not stay open beside this one.
        self.dialogue.close(ask.ticket)
        preview = ask.preview
        style = "danger" if call.effect is Effect.DESTROY else "primary"
        no = Choice(preview.no, Answer(ask.ticket, yes=False, call=call, draft=draft))
        if preview.count is None:
            yes = Choice(preview.yes, Answer(ask.ticket, yes=True, call=call, draft=draft), style)
            # What destroys comes last: a finger that is too quick, or a 1 typed ahead, keeps.
            choices = [no, yes] if style == "danger" else [yes, no]
            return self.dialogue.card(preview.question, preview.lines, [choices])
        typed = msg("To go on, type the number of customers: {count}", count=preview.count)
        card = self.dialogue.card(preview.question, [*preview.lines, typed], [[no]])
        self.dialogue.expect(CountFor(ask.ticket, call, card.id))
        return card

    def _done(self, result: Result, call: Call, draft: Draft | None) -> Card:
        match result:
            case WholeCustomer():
                return self.dialogue.card(result.sentence(), views.whole(result.customer, self.zone))
            case Changed():
                card = self.dialogue.card(result.sentence(), views.changes(result))
                return self._saved(card, draft, result.ref)
            case LeadCreated(created=None):
                return self._duplicates(result, call, draft)
            case LeadCreated(created=CustomerLine() as lead):
                open_it = Choice(msg("Show {ref}", ref=lead.ref), Open(lead.ref))
                card = self.dialogue.card(result.sentence(), views.lead(call.args), [[open_it]])
                return self._saved(card, draft, lead.ref)
            case _:
                return self.dialogue.card(result.sentence())

    def _saved(self, card: Card, draft: Draft | None, ref: str) -> Card:
        """The message a draft was read from is done with."""
        if draft is None:
            return card
        self.dialogue.settle(draft, ref)
        return replace(card, about=draft.message, mark="saved" if draft.message else None)

    def _duplicates(self, found: LeadCreated, call: Call, draft: Draft | None) -> Card:
        shown = found.duplicates[:_AT_ONCE]
        lines = [line.sentence() for line in shown]
        if len(shown) < len(found.duplicates):
            lines.append(msg("and {count} more", count=len(found.duplicates) - len(shown)))
        title = msgs(
            "Nothing was created: {count} customer has this phone or e-mail already.",
            "Nothing was created: {count} customers have this phone or e-mail already.",
            len(found.duplicates),
        )
        # Exactly the draft that was written, so that nothing has to be typed again.
        anyway = Call(call.tool, call.args.model_copy(update={"allow_duplicate": True}))
        choices = [[Choice(msg("Show {ref}", ref=line.ref), Open(line.ref)) for line in shown]]
        leave = _CANCEL if draft is None else Choice(msg("Cancel"), DropDraft(draft))
        choices.append([Choice(msg("Create anyway"), Run(anyway, draft), "primary"), leave])
        card = self.dialogue.card(title, lines, choices)
        return card if draft is None else replace(card, about=draft.message)

    def _error(self, error: CrmError, *, again: Step | None = None, draft: Draft | None = None) -> Card:
        # Only what certainly was not done may be done again with one tap.
        if draft is not None and not isinstance(error, MayHaveActed | NotStored):
            return self.drafts.card(draft, error.text)
        choices = [Choice(msg("Try again"), again)] if again is not None and isinstance(error, NotActed) else []
        lines = [] if draft is None else views.draft(draft)
        return self.dialogue.card(None, [error.text, *lines], [choices])


def _with_example(error: BadInput, example: Text) -> BadInput:
    """The names of a tool's arguments help an assistant; a person is helped by an example."""
    return BadInput(error.what, done=NOTHING_DONE, then=msg("For example: {example}", example=example))


def _who(args: Args) -> Step | None:
    """How to look up whom a call was about."""
    if isinstance(args, CreateLead):
        known: Sequence[str] = (*args.phones, *args.emails)
        return Look(known[0]) if known else None
    ref = getattr(args, "ref", None)
    # Not Open: of a customer who is gone it says “nothing was changed”, which after a delete is not so.
    return Look(ref) if isinstance(ref, str) else None


def _label(hit: CustomerLine) -> Text:
    return verbatim(f"{hit.ref} {clean(hit.name, 40)}".rstrip())
