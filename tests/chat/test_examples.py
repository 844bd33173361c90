"""Whatever the chat offers as an example is understood when it is typed, in both languages."""

import pytest

from antcrm_chat.helping import EXAMPLES
from antcrm_chat.intents import Cancel, Command, DoTo, Find, Help, NewLead, Recent, Report, Start, Status, TakeBack
from antcrm_chat.understand import understand
from antcrm_tools.text import LANGUAGES, Language

MEANT: dict[Command, type[object]] = {
    "start": Start,
    "help": Help,
    "find": Find,
    "lead": NewLead,
    "recent": Recent,
    "report": Report,
    "status": Status,
    "undo": TakeBack,
    "cancel": Cancel,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", EXAMPLES)
def test_example(command: Command, language: Language) -> None:
    intent = understand(EXAMPLES[command].render(language))
    if isinstance(intent, DoTo):
        assert intent.wish.command == command
        assert intent.whom.text == "L9457"
    else:
        assert isinstance(intent, MEANT[command])
    if isinstance(intent, NewLead):
        assert intent.lead.name == "Nguyễn Văn Bình"
        assert intent.lead.note
