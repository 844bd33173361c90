"""The chat: words and taps in, cards out, one turn at a time for each person."""

from __future__ import annotations

import logging
import re
import secrets
import traceback
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from antcrm_chat import helping
from antcrm_chat.cards import Card, Person
from antcrm_chat.dialogue import Dialogue, Dialogues, in_place_of
from antcrm_chat.intents import Cancel, DoTo, Find, Help, Intent, Misused, NewLead, Start, Unclear
from antcrm_chat.leads import named
from antcrm_chat.phrases import reply
from antcrm_chat.steps import CountFor, Look, NameOf
from antcrm_chat.turn import Turn
from antcrm_chat.understand import understand
from antcrm_tools.desk import Desk
from antcrm_tools.errors import CrmError
from antcrm_tools.locks import Locks
from antcrm_tools.outcomes import Actor
from antcrm_tools.registry import Call
from antcrm_tools.text import clean, join, msg

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[0-9]{1,9}")

_CANCELLED = msg("Cancelled. Nothing was changed.")
_TAP = msg("A typed word does not answer this question, so nothing was done. Tap the button that you mean.")
_AS_ASKED = msg("That does not answer the question, so nothing was done. Answer as it says, or cancel.")
_LEFT = msg("The question before was closed; nothing was changed.")


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
        token: Callable[[], str] = new_token,
    ) -> None:
        """`face` and `host` say in the records where a wish came from; `desk` is called when first needed."""
        self._desk = desk
        self._face = face
        self._host = host
        self._zone = zone
        self._region = region
        self._dialogues = Dialogues(clock, token)
        self._turns = Locks()

    async def hear(self, person: Person, words: str) -> list[Card]:
        """Answer a message."""
        return await self._guarded(person, lambda: self._hear(person, words))

    async def tap(self, person: Person, token: str) -> list[Card]:
        """Answer a tap. A button works once, and only for whom it was made."""
        return await self._guarded(person, lambda: self._tap(person, token))

    async def do(self, person: Person, call: Call) -> list[Card]:
        """Run a call that a face made of something other than words, such as a file of leads."""
        return await self._guarded(person, lambda: self._turn(person, self._dialogues.of(person.id)).submit(call))

    async def _guarded(self, person: Person, answer: Callable[[], Awaitable[list[Card]]]) -> list[Card]:
        async with self._turns.hold([person.id]):
            try:
                return await answer()
            except CrmError as error:  # such as a key that is not set
                return [Card(None, (error.text,))]
            except Exception as error:  # noqa: BLE001  the last line: a person must hear that something went wrong
                return [_unexpected(error)]

    async def _hear(self, person: Person, words: str) -> list[Card]:
        dialogue = self._dialogues.of(person.id)
        expected = dialogue.take_expected()
        question, replied = dialogue.question(), reply(words)
        if question is not None and replied == "no":
            return await self._cancel(dialogue)
        if question is not None and replied == "yes":
            # A word may be about anything, and what it would do may be for good. The question stands as it stood.
            if expected is not None:
                dialogue.expect(expected)
            said = _TAP if expected is None else _AS_ASKED
            return [Card(None, (said,)), replace(question, replaces=question.id)]
        # What was asked for is a name: only what cannot be one is a command.
        intent = understand(words, self._region, free=not isinstance(expected, NameOf))
        if expected is None or isinstance(intent, Cancel):
            return await self._act(person, dialogue, intent)
        dialogue.close_card(expected.card)
        turn = self._turn(person, dialogue)
        if isinstance(expected, CountFor):
            typed = unicodedata.normalize("NFKC", words).strip()
            if _NUMBER.fullmatch(typed):
                return in_place_of(
                    await turn.answer(expected.ticket, expected.call, yes=True, count=int(typed)), expected.card
                )
            await turn.desk.withdraw(expected.ticket)
            left = _LEFT
        elif isinstance(intent, Unclear) and words.strip():
            return in_place_of(await turn.create(named(expected.lead, words, self._region)), expected.card)
        else:
            contact = ", ".join((*expected.lead.phones, *expected.lead.emails))
            left = msg("The lead with {contact} was not created.", contact=clean(contact, 200))
        return [Card(None, (left,), replaces=expected.card), *await self._act(person, dialogue, intent)]

    async def _act(self, person: Person, dialogue: Dialogue, intent: Intent) -> list[Card]:
        match intent:
            case Start():
                return [helping.greeting()]
            case Help():
                return [helping.full_help()]
            case Cancel():
                return await self._cancel(dialogue)
            case Find(query):
                return await self._turn(person, dialogue).look(Look(query))
            case NewLead(lead):
                return await self._turn(person, dialogue).create(lead)
            case DoTo():
                return await self._turn(person, dialogue).do_to(intent)
            case Misused(command, what):
                return [helping.usage(command, what)]
            case Unclear():
                return [helping.unclear()]

    async def _cancel(self, dialogue: Dialogue) -> list[Card]:
        cards, tickets = dialogue.close_all()
        for ticket in tickets:
            await self._desk().withdraw(ticket)
        if not cards:
            return [Card(None, (msg("Nothing is open, so there is nothing to cancel."),))]
        return [Card(None, (_CANCELLED,), replaces=card) for card in cards]

    async def _tap(self, person: Person, token: str) -> list[Card]:
        dialogue = self._dialogues.of(person.id)
        offer = dialogue.take(token)
        if offer is None:
            if self._dialogues.is_anybodys(token):
                said = msg("This button is for somebody else. Nothing was done.")
            else:
                said = msg("This button was used already or is too old. Nothing was done.")
            return [Card(None, (said,), notice=True)]
        return await self._turn(person, dialogue).take(offer.step, offer.card)

    def _turn(self, person: Person, dialogue: Dialogue) -> Turn:
        actor = Actor(person.who, self._face, self._host)
        return Turn(dialogue, self._desk(), actor, self._region, self._zone)


def _unexpected(error: Exception) -> Card:
    """A code to find it by. The log gets the kind of error and the places, never the values: they may be customers'."""
    code = secrets.token_hex(3)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("error %s: %s at %s", code, type(error).__name__, " < ".join(reversed(places)))
    said = msg("Something unexpected went wrong.")
    then = msg("Look the customer up before you try again, and tell the admin the code {code}.", code=code)
    return Card(None, (join((said, then)),))
