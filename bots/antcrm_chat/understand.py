"""From words to an intent. Pure; only the beginning of a message decides, and only where it can mean one thing."""

from __future__ import annotations

import re
import unicodedata

from antcrm_chat import emptying
from antcrm_chat.intents import (
    Cancel,
    Command,
    DoTo,
    Draft,
    Find,
    Help,
    Intent,
    Jotted,
    Misused,
    NewLead,
    Period,
    Recent,
    Report,
    Start,
    Status,
    TakeBack,
    Unclear,
    Whom,
    Wish,
)
from antcrm_chat.leads import draft_of, has_contact, jotted, read_lead, slip
from antcrm_chat.phrases import Said, after_lead, after_phrase, after_slash, without_first
from antcrm_chat.whom import leading, whole
from antcrm_tools.identity.names import fold
from antcrm_tools.identity.phones_in_text import find_phones
from antcrm_tools.text import Text, clean, msg

_TOOLS: dict[Command, str] = {
    "stage": "update_stage",
    "tag": "add_tags",
    "untag": "remove_tags",
    "note": "add_note",
    "delete": "delete_customer",
}
_TO_STAGE = ("sang", "qua", "thành", "sang giai đoạn", "thành giai đoạn", "to", "to stage", "into")
_STAGES_LIKE_THAT = frozenset({"thanh cong"})  # not "cong"
_MAKING = frozenset({"them", "tao", "luu", "add", "create"})
_COMMAS = re.compile(r"[,;\n]")
_NUMBER = re.compile(r"[0-9]{1,9}")
_CHANGE = re.compile(r"#?\s?([1-9][0-9]{0,14})")

_MAY_BE_TALK: frozenset[Command] = frozenset({"note", "stage", "tag", "untag", "undo", "report"})
_MINE = re.compile(r"(?<![^\W_])(?:cua (?:toi|minh|em)|my|mine|me)(?![^\W_])")
_PERIODS: dict[str, Period] = {
    **dict.fromkeys(("", "hom nay", "ngay", "today"), "today"),
    **dict.fromkeys(("tuan", "tuan nay", "week", "this week"), "week"),
    **dict.fromkeys(("thang", "thang nay", "month", "this month"), "month"),
}

NO_SUCH_COMMAND = msg("There is no such command.")
NOBODY_NAMED = msg("It does not say which customer: write the number (L9457), the phone or the e-mail first.")


def understand(words: str, region: str = "VN", *, free: bool = True) -> Intent:
    """What a message asks for. Without `free`, words are a command only if they cannot be a person's name."""
    text = words.strip()
    said = after_slash(text)
    if said is not None:
        return Misused("help", NO_SUCH_COMMAND) if said.command is None else _meant(said.command, said, region)
    whom = whole(text, region)
    if whom is not None:
        return Find(whom.text)
    said = after_phrase(text) or _bare_lead(text, region)
    if said is None or said.command is None:
        return _no_command(text, region)
    intent = _meant(said.command, said, region)
    if isinstance(intent, Misused) and said.command in _MAY_BE_TALK and has_contact(text, region):
        return Jotted()  # “note lại: mai gọi anh Hùng 0977…” has a customer in it, and no command
    return intent if free or _no_name(text, intent, region) else Unclear()


def draft_in(words: str, region: str = "VN", message: str = "", *, own: bool = True) -> Draft | None:
    """The draft that a message is, or becomes when it is edited; None if it is a command or has nobody in it.

    `own`: in the person's own words, which may say what is to be done.
    """
    intent = understand(words, region) if own else Jotted()
    match intent:
        case NewLead(lead):
            return draft_of(lead, region, message, words)
        case Jotted() | Find() if has_contact(words, region) and not (own and after_slash(words.strip())):
            return jotted(words, region, message)
        case _:
            return None


def _no_command(text: str, region: str) -> Intent:
    if has_contact(text, region):
        return Jotted()
    wrong = slip(text, region)
    if wrong is not None and wrong[1] == "phone" and wrong[0].startswith(("0", "+")):
        return Misused("lead", msg("“{text}” is not a phone number.", text=clean(wrong[0])))
    return Unclear()


def _bare_lead(text: str, region: str) -> Said | None:
    rest = after_lead(text)
    return Said("lead", rest, slash=False) if rest and find_phones(rest, region) else None


def _no_name(text: str, intent: Intent, region: str) -> bool:
    """Whether words that were read as a command hold all it needs, so that nobody can be called that."""
    match intent:
        case Find(query):
            return whole(query, region) is not None
        case NewLead(lead):
            verb = fold(text.split(maxsplit=1)[0]) in _MAKING
            return bool(lead.phones or lead.emails or (verb and lead.name))
        case Cancel() | Help() | DoTo() | Recent() | TakeBack() | Report() | Status():
            return True
        case _:
            return False


def _meant(command: Command, said: Said, region: str) -> Intent:
    match command:
        case "start":
            return Start()
        case "help":
            return Help()
        case "cancel":
            return Cancel()
        case "recent":
            return Recent()
        case "undo":
            return _take_back(said.rest)
        case "status":
            return Status()
        case "report":
            return _report(said.rest)
        case "find":
            whom = whole(said.rest, region)
            query = said.rest if whom is None else whom.text
            return Find(query) if query else Misused("find", msg("It does not say whom to find."))
        case "lead":
            return _lead(said.rest, region)
        case _:
            return _to_one(command, said, region)


def _take_back(text: str) -> Intent:
    if not text:
        return TakeBack()
    number = _CHANGE.fullmatch(text)
    if number is None:
        return Misused("undo", msg("“{text}” is not the number of a change.", text=clean(text)))
    return TakeBack(int(number[1]))


def _report(text: str) -> Intent:
    asked = fold(text)
    mine = _MINE.search(asked) is not None
    period = _PERIODS.get(_MINE.sub("", asked).strip())
    if period is None:
        return Misused("report", msg("“{text}” is no time a report is made for.", text=clean(text)))
    return Report(period, mine)


def _lead(text: str, region: str) -> Intent:
    wrong = slip(text, region)
    if wrong is not None:
        written = clean(wrong[0])
        if wrong[1] == "phone":
            return Misused("lead", msg("“{text}” is not a phone number.", text=written))
        return Misused("lead", msg("“{text}” is not an e-mail address.", text=written))
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
            # After `/stage L9457` everything is the stage; in a sentence "sang" joins the two. Alone it is no stage.
            after = rest if fold(rest) in _STAGES_LIKE_THAT else without_first(rest, _TO_STAGE)
            stage = rest if slash and after else after
            return {"stage": " ".join(stage.split())} if stage else msg("It does not say to which stage.")
        case "tag" | "untag":
            tags = [tag for part in _COMMAS.split(rest) if (tag := " ".join(part.split()))]
            return {"tags": tags} if tags else msg("It does not say which tag.")
        case "note":
            return {"note": rest} if rest else msg("It does not say what to note down.")
        case _:
            return {} if not rest else msg("There are words after the customer that have no place there.")


def number_in(words: str) -> int | None:
    """The number that is all somebody has typed, in digits of whatever script; None if there is anything else."""
    typed = unicodedata.normalize("NFKC", words).strip()
    return int(typed) if _NUMBER.fullmatch(typed) else None
