"""From words to an intent. Pure; only the beginning of a message decides, and only where it can mean one thing."""

from __future__ import annotations

import re

from antcrm_chat import emptying
from antcrm_chat.intents import Cancel, Command, DoTo, Find, Help, Intent, Misused, NewLead, Start, Unclear, Whom, Wish
from antcrm_chat.leads import read_lead
from antcrm_chat.phrases import Said, after_phrase, after_slash, without_first
from antcrm_chat.whom import leading, whole
from antcrm_tools.text import Text, msg

_TOOLS: dict[Command, str] = {
    "stage": "update_stage",
    "tag": "add_tags",
    "untag": "remove_tags",
    "note": "add_note",
    "delete": "delete_customer",
}
_TO_STAGE = ("sang", "qua", "thành", "sang giai đoạn", "thành giai đoạn", "to", "to stage", "into")
_COMMAS = re.compile(r"[,;\n]")

NO_SUCH_COMMAND = msg("There is no such command.")
NOBODY_NAMED = msg("It does not say which customer: write the number (L9457), the phone or the e-mail first.")


def understand(words: str, region: str = "VN", *, free: bool = True) -> Intent:
    """What a message asks for. Without `free`, only what cannot be a person's name is a command."""
    text = words.strip()
    said = after_slash(text)
    if said is not None:
        return Misused("help", NO_SUCH_COMMAND) if said.command is None else _meant(said.command, said, region)
    whom = whole(text, region)
    if whom is not None:
        return Find(whom.text)
    said = after_phrase(text)
    if said is None or said.command is None or not (free or said.command == "cancel"):
        return Unclear()
    return _meant(said.command, said, region)


def _meant(command: Command, said: Said, region: str) -> Intent:
    match command:
        case "start":
            return Start()
        case "help":
            return Help()
        case "cancel":
            return Cancel()
        case "find":
            return Find(said.rest) if said.rest else Misused("find", msg("It does not say whom to find."))
        case "lead":
            return _lead(said.rest, region)
        case _:
            return _to_one(command, said, region)


def _lead(text: str, region: str) -> Intent:
    lead = read_lead(text, region)
    if not (lead.name or lead.phones or lead.emails):
        return Misused("lead", msg("It does not say who the lead is."))
    return NewLead(lead)


def _to_one(command: Command, said: Said, region: str) -> Intent:
    found = leading(said.rest, region)
    if command == "delete":
        part = _part_of_one(said.rest, found, region)
        if part is not None:
            return part
    if found is None:
        return Misused(command, NOBODY_NAMED)
    whom, rest = found
    arguments = _arguments(command, rest, said.slash)
    if isinstance(arguments, Text):
        return Misused(command, arguments)
    return DoTo(whom, Wish(command, _TOOLS[command], arguments))


def _part_of_one(text: str, found: tuple[Whom, str] | None, region: str) -> DoTo | None:
    """Deleting a field, a phone or an e-mail of a customer, named after the customer or before."""
    if found is not None:
        arguments = emptying.part(found[1], region) if found[1] else None
        return None if arguments is None else DoTo(found[0], Wish("delete", "update_customer", arguments))
    first = emptying.field_first(text)
    after = None if first is None else leading(first[1], region)
    if first is None or after is None or after[1]:
        return None
    return DoTo(after[0], Wish("delete", "update_customer", first[0]))


def _arguments(command: Command, rest: str, slash: bool) -> dict[str, object] | Text:
    match command:
        case "stage":
            # After `/stage L9457` everything is the stage; in a sentence "sang" joins the two.
            stage = rest if slash else without_first(rest, _TO_STAGE)
            return {"stage": " ".join(stage.split())} if stage else msg("It does not say to which stage.")
        case "tag" | "untag":
            tags = [tag for part in _COMMAS.split(rest) if (tag := " ".join(part.split()))]
            return {"tags": tags} if tags else msg("It does not say which tag.")
        case "note":
            return {"note": rest} if rest else msg("It does not say what to note down.")
        case _:
            return {} if not rest else msg("There are words after the customer that have no place there.")
