"""What the chat says about itself: the greeting, the help, and what is wrong with a command."""

from __future__ import annotations

from antcrm_chat.cards import Card
from antcrm_chat.intents import Command
from antcrm_tools.text import Text, join, msg, verbatim

# Every example is understood when it is typed, in the reader's language too.
EXAMPLES: dict[Command, Text] = {
    "start": verbatim("/start"),
    "help": verbatim("/help"),
    "find": msg("find Lan Vinamilk"),
    "report": msg("report week"),
    "lead": msg("add lead Nguyễn Văn Bình 0977123456 binh@example.com asks for a quote"),
    "stage": msg("move L9457 to Đang liên hệ"),
    "tag": msg("tag L9457 VIP, Quan tâm"),
    "untag": msg("untag L9457 VIP"),
    "note": msg("note L9457 call back tomorrow"),
    "delete": msg("delete L9457"),
    "recent": msg("recent changes"),
    "undo": msg("undo 123"),
    "status": msg("status"),
    "cancel": msg("cancel"),
}

_DOES: dict[Command, Text] = {
    "find": msg("looks customers up by name, company, phone, e-mail or number; a phone or a name alone will do"),
    "report": msg(
        "counts the new customers of today, this week or this month, by stage; “report week mine” only yours"
    ),
    "lead": msg("saves a new lead; what follows the phone and e-mail becomes the note"),
    "stage": msg("moves a customer to another stage"),
    "tag": msg("adds tags"),
    "untag": msg("takes tags off"),
    "note": msg("writes a dated line under the note"),
    "delete": msg("deletes a customer, after asking you; “delete L9457 note” only empties its note"),
    "recent": msg("lists your last changes, each with a button that undoes it"),
    "undo": msg("takes the change of that number back; “undo” alone shows your last one"),
    "status": msg("says how fresh the copy is that is searched, and what of yours is still open"),
    "cancel": msg("closes an open question"),
}

# Short enough for the menu a messenger shows beside the line one writes in.
MENU: dict[Command, Text] = {
    "find": msg("look customers up: /find Lan Vinamilk"),
    "report": msg("new customers: /report today, week or month"),
    "lead": msg("save a lead: /lead Bình 0977123456 asks for a quote"),
    "note": msg("add a line to the note: /note L9457 call back"),
    "stage": msg("move to another stage: /stage L9457 Đang liên hệ"),
    "tag": msg("add tags: /tag L9457 VIP"),
    "untag": msg("take tags off: /untag L9457 VIP"),
    "delete": msg("delete, after asking you: /delete L9457"),
    "recent": msg("your last changes"),
    "undo": msg("undo your last change, or another: /undo 123"),
    "status": msg("how fresh the copy is, and what is open"),
    "cancel": msg("close an open question"),
    "help": msg("what you can write"),
}

ABOUT = msg("Look up AntCRM customers and save leads in seconds. For the staff of one company.")

NOTHING_DONE = msg("Nothing was done.")

_JOTTED = msg(
    "• Any message with a phone or an e-mail in it, a forwarded one too, becomes a draft: you see how it was read, and "
    "save it with one tap."
)


def greeting() -> Card:
    """For `/start`."""
    return Card(
        msg("Hello! Here you look up customers in AntCRM, save leads and keep them up to date."),
        (*_lines(("find", "lead", "note", "delete")), _JOTTED, msg("/help shows everything.")),
    )


def full_help() -> Card:
    """For `/help`."""
    names = " ".join(f"/{command}" for command in _DOES)
    commands = msg("As commands: {commands}.", commands=names)
    return Card(msg("You can write:"), (*_lines(tuple(_DOES)), _JOTTED, commands))


def unclear() -> Card:
    """For words that mean nothing here: no guess is made."""
    return Card(
        msg("I did not understand that, and did nothing. You can write, for example:"),
        (*_lines(("find", "lead", "stage")), msg("/help shows everything.")),
    )


def usage(command: Command, what: Text) -> Card:
    """What is wrong, what was not done, and how it is written."""
    example = msg("For example: {example}", example=EXAMPLES[command])
    return Card(None, (join((what, NOTHING_DONE)), example))


def _lines(commands: tuple[Command, ...]) -> tuple[Text, ...]:
    return tuple(msg("• {example}: {does}", example=EXAMPLES[command], does=_DOES[command]) for command in commands)
