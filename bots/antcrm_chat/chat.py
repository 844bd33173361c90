"""The chat: words and taps in, cards out, one turn at a time for each person."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from antcrm_chat import approvals, forgotten, helping, tokens
from antcrm_chat.cards import Card, Person
from antcrm_chat.dialogue import Choice, Dialogue, Dialogues, Settled, in_place_of
from antcrm_chat.drafts import merged
from antcrm_chat.hearing import Hearing, Show
from antcrm_chat.intents import (
    Cancel,
    DoTo,
    Draft,
    Help,
    Intent,
    Jotted,
    LeadWords,
    Misused,
    NewLead,
    Start,
    Unclear,
)
from antcrm_chat.leads import draft_of, has_contact, jotted, named
from antcrm_chat.phrases import after_slash, reply
from antcrm_chat.steps import ApproveCount, CountFor, Expected, NameOf, Open, PartOf, Undo
from antcrm_chat.turn import Turn
from antcrm_chat.understand import draft_in, number_in, understand
from antcrm_tools.desk import Desk
from antcrm_tools.errors import CrmError
from antcrm_tools.locks import Locks
from antcrm_tools.logs import note_unexpected
from antcrm_tools.outcomes import Actor
from antcrm_tools.registry import Call
from antcrm_tools.text import clean, join, msg

_NAME_LETTERS, _NAME_WORDS = 60, 6

_TAP = msg("A typed word does not answer this question, so nothing was done. Tap the button that you mean.")
_AS_ASKED = msg("That does not answer the question, so nothing was done. Answer as it says, or cancel.")
_LEFT = msg("The question before was closed; nothing was changed.")
_NOT_YOURS = msg("This button is for somebody else. Nothing was done.")
_USED = msg("This button was used already. This tap did nothing.")
_EDITED = msg("An edited message is not carried out again. Send it as a new one if you mean it.")
_DRAFT_STANDS = msg("The draft was left as it was: the new words are not those of a lead.")
_NOTHING_IN_IT = msg("There is neither a phone nor an e-mail in this, so nothing was saved.")


def new_token() -> str:
    """A name for a button: nobody can guess it, and it fits where messengers give 64 bytes."""
    return secrets.token_urlsafe(12)


class Chat:
    """Talks with any number of people over one Desk."""

    def __init__(
        self,
        desk: Callable[[], Desk],
        *,
        face: str,
        clock: Callable[[], datetime],
        zone: tzinfo,
        region: str = "VN",
        host: str = "",
        account: str = "",
        pictures: bool = False,
        token: Callable[[], str] = new_token,
    ) -> None:
        """`face` and `host` say in the records where a wish came from; `desk` is called when first needed.

        `pictures`: the face can show them.

        `account` is ours at the messenger: to another one of ours messages bear the same names and are others.
        """
        self._desk = desk
        self._face = face
        self._host = host
        self._account = account
        self._zone = zone
        self._pictures = pictures
        self._clock = clock
        self._region = region
        self._dialogues = Dialogues(clock, token)
        self._turns = Locks()
        self._hearing = Hearing(self._dialogues)

    async def hear(self, person: Person, words: str, message: str = "", *, to: str = "") -> list[Card]:
        """Answer a message. `message` is the messenger's own name for it, by which an edit of it is known again.

        `to`: the card it is a reply to, where the messenger says so.
        """
        return await self._guarded(person, lambda: self._hear(person, words, message, to))

    async def hear_again(self, person: Person, words: str, message: str, *, own: bool = True) -> list[Card]:
        """Answer an edit of a message: an open draft follows it, and nothing that was done is done again.

        `own`: it is in the person's own words, so that it may be a command, which is not carried out.
        """
        return await self._guarded(person, lambda: self._hear_again(person, words, message, own))

    async def hear_quoted(self, person: Person, words: str, message: str = "") -> list[Card]:
        """Answer somebody else's words, such as a forwarded message: never a command, whatever they say."""
        return await self._guarded(person, lambda: self._hear_quoted(person, words, message))

    async def hear_contact(self, person: Person, lead: LeadWords, words: str, message: str = "") -> list[Card]:
        """Answer a contact card; `words` are what it said, for whoever wants them in a note."""
        draft = draft_of(lead, self._region, message, words)
        return await self._guarded(person, lambda: self._look(person, draft))

    async def tap(self, person: Person, token: str, *, lost: Draft | None = None) -> list[Card]:
        """Answer a tap. A button that does something works once, and only for whom it was made.

        `lost` is what the message says that the tapped card was about: its draft is shown anew if it was forgotten.
        """
        return await self._guarded(person, lambda: self._tap(person, token, lost))

    def is_open(self, person: Person, card: str) -> bool:
        """Whether any button of a card still works."""
        return self._dialogues.of(person.id).is_open(card)

    async def do(self, person: Person, call: Call, message: str = "") -> list[Card]:
        """Run a call that a face made of something other than words, such as a file of leads."""
        dialogue = self._dialogues.of(person.id)
        return await self._guarded(person, lambda: self._turn(person, dialogue, message).submit(call))

    async def tell(self, accounts: Sequence[Person], show: Show) -> None:
        """Say to one member of staff, on all their accounts, what has become of what was not known when they asked.

        `show` says whether a card has arrived; what has arrived nowhere is told another time.
        """
        try:
            await self._hearing.tell(self._desk(), self._actor(accounts[0]), accounts, show)
        except CrmError:
            return  # it is kept in the ledger
        except Exception as error:  # noqa: BLE001  nobody has asked, so nobody waits for an answer
            note_unexpected(error)

    async def _guarded(self, person: Person, answer: Callable[[], Awaitable[list[Card]]]) -> list[Card]:
        async with self._turns.hold([person.id]):
            try:
                return self._with_spent(person, await answer())
            except CrmError as error:  # such as a key that is not set
                return [Card(None, (error.text,))]
            except Exception as error:  # noqa: BLE001  the last line: a person must hear that something went wrong
                return [_unexpected(error)]

    def _with_spent(self, person: Person, cards: list[Card]) -> list[Card]:
        if not cards:
            return cards
        dialogue = self._dialogues.of(person.id)
        if not all(card.notice for card in cards):
            dialogue.shown = frozenset(card.id for card in cards)
        spent = dialogue.take_spent() - {card.replaces for card in cards}
        return [replace(card, closes=tuple(spent)) if not place else card for place, card in enumerate(cards)]

    async def _hear(self, person: Person, words: str, message: str, to: str) -> list[Card]:
        dialogue = self._dialogues.of(person.id)
        expected = dialogue.take_expected(to)
        question, replied = dialogue.question(), reply(words)
        if question is not None and replied == "keep":
            replied = "yes" if any(button.of_draft for button in question.choices) else "no"
        if question is not None and replied == "no" and not isinstance(expected, PartOf):
            return await self._turn(person, dialogue).cancel()
        if question is not None and replied == "yes":
            # A word may be about anything, and what it would do may be for good. The question stands as it stood.
            if expected is not None:
                dialogue.expect(expected)
            said = _TAP if expected is None else _AS_ASKED
            return [Card(None, (said,)), replace(question, replaces=question.id)]
        if replied is not None and isinstance(expected, NameOf):
            # Something else was looked at since; a yes or a no is nobody's name all the same.
            dialogue.expect(expected)
            return [Card(None, (_AS_ASKED,))]
        # What was asked for is a name: only what cannot be one is a command.
        intent = understand(words, self._region, free=not isinstance(expected, NameOf))
        if expected is None or (isinstance(intent, Cancel) and not isinstance(expected, PartOf)):
            return await self._act(person, dialogue, intent, words, message)
        dialogue.close_card(expected.card)
        first = await self._expected(self._turn(person, dialogue, message), expected, intent, words)
        if isinstance(first, list):
            return in_place_of(first, expected.card)
        return [replace(first, replaces=expected.card), *await self._act(person, dialogue, intent, words, message)]

    async def _expected(self, turn: Turn, expected: Expected, intent: Intent, words: str) -> list[Card] | Card:
        """The answer to words that were asked for; one card where they are something else, to be answered after it."""
        match expected:
            case CountFor():
                count, call = number_in(words), expected.call
                if count is not None:
                    return await turn.answer(expected.ticket, call, yes=True, count=count, source=expected.source)
                await turn.desk.withdraw(expected.ticket)
                return Card(None, (_LEFT,))
            case ApproveCount():
                number = number_in(words)
                return approvals.stays() if number is None else await approvals.typed(turn, expected.ticket, number)
            case NameOf(draft):
                lead = named(draft.lead, words, self._region)
                # With another phone in them, the words are about somebody else.
                hers = not draft.lead.phones or set(lead.phones) == set(draft.lead.phones)
                if words.strip() and (isinstance(intent, Unclear) or (isinstance(intent, Jotted) and hers)):
                    return await turn.drafts.save(replace(draft, lead=lead))
                contact = ", ".join((*draft.lead.phones, *draft.lead.emails))
                left = msg("The lead with {contact} was not created.", contact=clean(contact, 200))
                return turn.drafts.card(draft, left)
            case PartOf(draft):
                if isinstance(intent, Cancel) or reply(words) == "no":
                    return [turn.drafts.card(draft)]
                # A phone alone would be a search, and a note may begin like a command: only what is surely one is.
                if words.strip() and after_slash(words.strip()) is None and not isinstance(intent, DoTo):
                    return await turn.drafts.part(expected, words)
                return turn.drafts.card(draft)

    async def _hear_again(self, person: Person, words: str, message: str, own: bool) -> list[Card]:
        dialogue = self._dialogues.of(person.id)
        found, settled = dialogue.draft_of(message), dialogue.settled(message)
        if words == (found[0].words if found is not None else settled and settled.words):
            return []  # the messenger touched it, not the person
        made = settled if settled is not None and (settled.ref or settled.change) else None
        draft = None if made else draft_in(words, self._region, message, own=own)
        if draft is not None and found is not None:
            draft = merged(draft, found[0])
        if draft is not None:
            cards = await self._look(person, draft)
            if found is None:
                return cards
            dialogue.close_card(found[1])
            return in_place_of(cards, found[1])
        if made is None:
            return [Card(None, (_EDITED if found is None else _DRAFT_STANDS,), about=message)]
        return [replace(_follows_no_edit(dialogue, made), about=message)]

    async def _hear_quoted(self, person: Person, words: str, message: str) -> list[Card]:
        if has_contact(words, self._region):
            return await self._look(person, jotted(words, self._region, message))
        return [Card(None, (_NOTHING_IN_IT,), about=message)]

    async def _look(self, person: Person, draft: Draft) -> list[Card]:
        return [await self._turn(person, self._dialogues.of(person.id)).drafts.look(draft)]

    async def _act(self, person: Person, dialogue: Dialogue, intent: Intent, words: str, message: str) -> list[Card]:
        match intent:
            case Start():
                return [helping.greeting()]
            case Help():
                return [helping.full_help()]
            case NewLead(lead):
                draft = draft_of(lead, self._region, message, words)
                drafts = self._turn(person, dialogue, message).drafts
                # A guess is looked at before it is saved: at a phone, or that “khách mới hôm nay?” names somebody.
                sure = not draft.misread and (lead.phones or lead.emails or after_slash(words.strip()) is not None)
                return await drafts.save(draft) if sure else [await drafts.look(draft)]
            case Jotted():
                return await self._look(person, jotted(words, self._region, message))
            case Misused(command, what):
                return [helping.usage(command, what)]
            case Unclear():
                found = await self._turn(person, dialogue, message).named(words) if _may_be_name(words) else None
                return [helping.unclear()] if found is None else found
            case _:
                return await self._turn(person, dialogue, message).carry_out(intent)

    async def _tap(self, person: Person, token: str, lost: Draft | None) -> list[Card]:
        dialogue = self._dialogues.of(person.id)
        turn = self._turn(person, dialogue, tapped=token)
        if isinstance(meant := tokens.read(token), tokens.Approved):
            return await approvals.tapped(turn, meant)
        offer = dialogue.take(token)
        if offer is not None:
            return await turn.take(offer.step, offer.card)
        if self._dialogues.is_anybodys(token):
            return [Card(None, (_NOT_YOURS,), notice=True, alert=True)]
        if dialogue.used(token):
            return [Card(None, (_USED,), notice=True)]
        return await forgotten.tapped(turn, token, lost)

    def _turn(self, person: Person, dialogue: Dialogue, message: str = "", *, tapped: str = "") -> Turn:
        place = f"{self._account}/{person.id}"
        source = f"{place}/{message}" if message else tapped
        return Turn(
            dialogue,
            self._desk(),
            self._actor(person),
            self._region,
            self._zone,
            self._clock,
            source,
            place,
            self._pictures,
        )

    def _actor(self, person: Person) -> Actor:
        return Actor(person.who, self._face, self._host, person.scopes)


def _may_be_name(words: str) -> bool:
    """Whether words without any command in them may be those of somebody's name."""
    return len(words) <= _NAME_LETTERS and 1 <= len(words.split()) <= _NAME_WORDS and any(map(str.isalpha, words))


def _follows_no_edit(dialogue: Dialogue, made: Settled) -> Card:
    """Something was made of the message already."""
    ref, number = made.ref, str(made.change)
    if ref:
        said = msg("What this message said was saved as {ref}. Its new words are not in AntCRM.", ref=ref)
        return dialogue.card(None, [said], [[Choice(msg("Show {ref}", ref=ref), Open(ref))]])
    said = msg("What this message said is written down as change #{number}. Its new words are not.", number=number)
    return dialogue.card(None, [said], [[Choice(msg("Take it back"), Undo(made.change))]])


def _unexpected(error: Exception) -> Card:
    """A code to find it by."""
    code = note_unexpected(error)
    said = msg("Something unexpected went wrong.")
    then = msg("Look the customer up before you try again, and tell the admin the code {code}.", code=code)
    return Card(None, (join((said, then)),))
