"""One turn of a conversation: from an intent or a tapped button through the Desk to cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from antcrm_chat.cards import Card
from antcrm_chat.dialogue import Choice, Dialogue, in_place_of
from antcrm_chat.drafts import Drafts, not_saved
from antcrm_chat.helping import EXAMPLES, NOTHING_DONE
from antcrm_chat.intents import (
    Cancel,
    DoTo,
    Draft,
    Find,
    LeadWords,
    Recent,
    Report,
    Status,
    TakeBack,
    Whom,
    Wish,
)
from antcrm_chat.narrowing import Narrowing
from antcrm_chat.past import Past
from antcrm_chat.reports import Reports
from antcrm_chat.results import AT_ONCE, CANCEL, CANCELLED, Results
from antcrm_chat.steps import Answer, AskName, Do, Drop, Look, Narrow, Open, Run, ShowReport, Step, Undo
from antcrm_chat.whom import whole
from antcrm_tools.desk import Desk
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.registry import Call, Effect
from antcrm_tools.text import Text, clean, join, msg, msgs, verbatim
from antcrm_tools.tools import tool_named
from antcrm_tools.tools.fields import CustomerLine
from antcrm_tools.tools.find_customers import FoundCustomers

_PENDING = msg("What became of it is looked into by itself, and you will hear of it here.")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message or tap may use.

    `source` names it, for what it leads to is done once however often it comes; `place` is where the person's messages
    have their names.
    """

    dialogue: Dialogue
    desk: Desk
    actor: Actor
    region: str
    zone: tzinfo
    clock: Callable[[], datetime]
    source: str = ""
    place: str = ""
    pictures: bool = False

    @property
    def drafts(self) -> Drafts:
        """What concerns leads that are not saved yet."""
        return Drafts(self)

    @property
    def results(self) -> Results:
        """What is said of calls."""
        return Results(self)

    @property
    def past(self) -> Past:
        """What concerns changes that were made."""
        return Past(self)

    @property
    def narrowing(self) -> Narrowing:
        """What makes lists shorter."""
        return Narrowing(self)

    @property
    def may_add(self) -> bool:
        """Whether this person may save leads and notes."""
        return self.desk.policy.allows(Effect.ADD, self.actor)

    def source_of(self, draft: Draft | None) -> str:
        """What a wish came from: a draft's is the message it was read from, whatever button was tapped since."""
        return f"{self.place}/{draft.message}" if draft is not None and draft.message else self.source

    def now(self) -> datetime:
        """The time where the company is."""
        return self.clock().astimezone(self.zone)

    async def carry_out(self, intent: Find | DoTo | Recent | TakeBack | Report | Status | Cancel) -> list[Card]:
        """Do what was asked for in words."""
        match intent:
            case Find(query):
                return await self.look(Look(query))
            case DoTo():
                return await self.do_to(intent)
            case Recent():
                return await self.past.recent()
            case Report():
                return await Reports(self).show(ShowReport(intent, picture=True))
            case Status():
                return await Reports(self).status()
            case TakeBack(change):
                return await (self.past.last() if change is None else self.past.undo(change))
            case Cancel():
                return await self.cancel()

    async def take(self, step: Step, card: str) -> list[Card]:
        """Do what a button stands for; the result takes the place of a question that was answered."""
        match step:
            case Open(ref):
                return await self.submit(tool_named("get_customer").call({"ref": ref}))
            case Look():
                return await self.look(step)
            case Narrow() | ShowReport():
                return await self._show(step, card)
            case Do(wish, ref):
                return in_place_of(await self._do(wish, ref), card)
            case Run(call, draft, source):
                return in_place_of(await self.submit(call, draft, source), card)
            case Undo(change, listed):
                return await self.past.undo(change, under="" if listed else card)
            case AskName(draft):
                return in_place_of(self.drafts.ask_name(draft), card)
            case Answer(ticket, yes, call, draft, source):
                return in_place_of(await self.answer(ticket, call, yes=yes, draft=draft, source=source), card)
            case Drop(said):
                return [replace(self.dialogue.card(None, [said]), replaces=card)]
            case _:
                return await self.drafts.take(step, card)

    async def _show(self, step: Narrow | ShowReport, card: str) -> list[Card]:
        if isinstance(step, Narrow):
            return await self.narrowing.ask(step.look)
        return await Reports(self).show(step, card)

    async def do_to(self, asked: DoTo) -> list[Card]:
        """Carry a wish out on whoever is named; where that can be several people, ask which."""
        if asked.whom.by == "ref":
            return await self._do(asked.wish, asked.whom.text)
        return await self.look(Look(asked.whom.text, wish=asked.wish))

    async def look(self, step: Look) -> list[Card]:
        """Look up: nobody, one customer whole, or a list to choose from."""
        arguments: dict[str, object] = {"limit": AT_ONCE, **dict(step.filters)}
        if step.query:
            arguments["query"] = step.query
        if step.cursor is not None:
            arguments["cursor"] = step.cursor
        try:
            call = tool_named("find_customers").call(arguments)
        except BadInput as error:
            return [self.results.error(_with_example(error, EXAMPLES["find"]))]
        try:
            outcome = await self.desk.submit(call, self.actor)
        except CrmError as error:
            return [self.results.error(error, again=step)]
        if isinstance(outcome, Done) and isinstance(outcome.result, FoundCustomers):
            return await self._found(step, outcome.result)
        return self.results.cards(outcome, call)

    async def submit(self, call: Call, draft: Draft | None = None, source: str = "", *, under: str = "") -> list[Card]:
        """Run a call through the Desk; `draft` is the lead it is about, where it is about one that is not saved.

        `source` is what it came from if that is not this turn, and `under` the card that it says something new of.
        """
        source = source or self.source_of(draft)
        try:
            outcome = await self.desk.submit(call, self.actor, source=source)
        except CrmError as error:
            return [self.results.error(error, again=Run(call, draft, source), draft=draft)]
        return self.results.cards(outcome, call, draft, source=source, under=under)

    async def answer(
        self,
        ticket: str,
        call: Call,
        *,
        yes: bool,
        count: int | None = None,
        draft: Draft | None = None,
        source: str = "",
    ) -> list[Card]:
        """Hand a person's answer to the Desk. `source` is what the call came from at first."""
        self.dialogue.close(ticket)
        try:
            outcome = await self.desk.answer(ticket, self.actor, yes=yes, count=count)
        except CrmError as error:
            return [self.results.error(error, again=Run(call, draft, source), draft=draft)]
        return self.results.cards(outcome, call, draft, source=source)

    async def cancel(self) -> list[Card]:
        """Close whatever is open: the answer is no."""
        cards, tickets = self.dialogue.close_questions()
        for ticket in tickets:
            await self.desk.withdraw(ticket)
        for draft in cards.values():
            if draft is not None:
                self.dialogue.settle(draft)
        if not cards:
            return [Card(None, (msg("Nothing is open, so there is nothing to cancel."),))]
        return [
            Card(
                None,
                (CANCELLED if draft is None else not_saved(draft),),
                replaces=card,
                about="" if draft is None else draft.message,
                mark="dropped" if draft is not None and draft.message else None,
            )
            for card, draft in cards.items()
        ]

    async def named(self, words: str) -> list[Card] | None:
        """Customers of this name; None where nobody is called so: then the words meant something else."""
        try:
            call = tool_named("find_customers").call({"query": words, "limit": AT_ONCE})
            outcome = await self.desk.submit(call, self.actor)
        except CrmError:
            return None
        found = outcome.result if isinstance(outcome, Done) else None
        if not isinstance(found, FoundCustomers) or not found.customers or found.similar_only or found.elsewhere:
            return None
        return await self._found(Look(words), found)

    async def _do(self, wish: Wish, ref: str) -> list[Card]:
        try:
            call = tool_named(wish.tool).call({"ref": ref, **wish.arguments})
        except BadInput as error:
            return [self.results.error(_with_example(error, EXAMPLES[wish.command]))]
        return await self.submit(call)

    async def _found(self, step: Look, found: FoundCustomers) -> list[Card]:
        hits = found.customers
        whom = whole(step.query, self.region)
        if not hits and step.cursor is None:
            return [self._nobody(step, whom, found)]
        if len(hits) == 1 and step.cursor is None and found.next_cursor is None:
            if step.wish is None:
                return await self.take(Open(hits[0].ref), "")
            # From the copy, because AntCRM is away: by now the phone may be somebody else's.
            live = found.copy_state.as_of is None and not found.copy_state.incomplete
            if whom is not None and whom.by != "digits" and live:
                return await self._do(step.wish, hits[0].ref)
        return [self._list(step, found)]

    def _nobody(self, step: Look, whom: Whom | None, found: FoundCustomers) -> Card:
        said = msg("Nobody was found for “{query}”.", query=clean(step.query))
        if step.filters:
            filters = self.narrowing.words(step.filters)
            said = msg("Nobody was found for “{query}” {filters}.", query=clean(step.query), filters=filters)
            without = Choice(msg("Without filters"), replace(step, filters=(), cursor=None, group=""))
            return self.dialogue.card(None, [said, *found.remarks()], [[without]])
        about = found.remarks()
        if about:
            said = join((said, *about))
        wish = step.wish
        if wish is not None:
            said = join((said, NOTHING_DONE))
        if step.pending:
            # Nothing has to be written again, so there is no button for it.
            return self.dialogue.card(None, [join((said, _PENDING))])
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
        if 0 < found.fit_equally < len(lines) and not found.similar_only and step.cursor is None:
            lines.insert(found.fit_equally, msg("Less likely:"))
        lines += found.remarks()
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
            if found.similar_only:
                title = msg("Nobody fits exactly. Similar:")
            elif step.cursor or found.next_cursor:
                title = msg("Customers found:")
            if step.filters:
                title = join((title, self.narrowing.words(step.filters)))
            if found.next_cursor or step.filters:
                choices.append([Choice(msg("Narrow it down"), Narrow(replace(step, cursor=None, group="")))])
        else:
            title = msg("Which customer do you mean?")
            choices.append([CANCEL])
        return self.dialogue.card(title, lines, choices, group=group)


def _with_example(error: BadInput, example: Text) -> BadInput:
    """The names of a tool's arguments help an assistant; a person is helped by an example."""
    return BadInput(error.what, done=NOTHING_DONE, then=msg("For example: {example}", example=example))


def _label(hit: CustomerLine) -> Text:
    return verbatim(f"{hit.ref} {clean(hit.name, 40)}".rstrip())
