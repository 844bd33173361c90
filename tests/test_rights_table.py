"""What each role may do, tried cell by cell on every face: role × tool × face × a customer of one's own or another's.

The README's table is what comes out of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from antcrm_chat.cards import Card, Person
from antcrm_chat.chat import Chat
from antcrm_tools.desk import Desk
from antcrm_tools.members import ROLES, Role, scopes_of
from antcrm_tools.outcomes import Actor, Done
from antcrm_tools.tools import TOOLS, tool_named
from antcrm_tools.tools.create_lead import LeadCreated
from antcrm_tools.tools.fields import Changed
from tests.fakes.assistant import assistant
from tests.fakes.world import World, world
from tests.test_docs import table

LAN, MINH = "lan@antcrm.example", "minh@antcrm.example"
REFUSED: Final = ("your role does not include", "undoing what others did needs the right to delete")
OTHERS: Final = "waits for a manager's yes"
TYPED: Final = "type the number of customers: 1"
FACES: Final = ("mcp", "telegram")
OWN: Final = ("own", "another's")
NUMBERS = itertools.count(100)

CALLS: Final[Mapping[str, dict[str, Any]]] = {
    "find_customers": {"query": "Khách"},
    "get_customer": {},
    "count_customers": {"by": ["stage"]},
    "create_lead": {"name": "Khách mới"},
    "update_customer": {"industry": "Thép"},
    "update_stage": {"stage": "Chốt"},
    "add_tags": {"tags": ["VIP"]},
    "remove_tags": {"tags": ["Cũ"]},
    "add_note": {"note": "Gọi lại"},
    "delete_customer": {},
    "import_leads": {},
    "list_changes": {},
    "undo_change": {},
}
ABOUT_ONE = frozenset(CALLS) - {
    "find_customers",
    "count_customers",
    "create_lead",
    "import_leads",
    "list_changes",
    "undo_change",
}

ROWS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    **{name: (name, given) for name, given in CALLS.items() if name != "undo_change"},
    "update_customer that empties a field": ("update_customer", {"empty": ["tags"]}),
    "undo_change of an edit": ("undo_change", {}),
    "undo_change of a create": ("undo_change", {}),
}
"""What is tried, as the table calls it."""


async def joined(w: World, role: Role) -> None:
    """Lan is a member with this role; somebody else stays admin."""
    book = w.house.ledger().members
    if not await book.all():
        for number, who in enumerate((LAN, "boss@antcrm.example")):
            await book.accept(await book.invite(who, "admin", by="boss"), 42 + number)
    assert await book.set_role(LAN, role, named=()) is None


async def made(w: World, who: str, face: str) -> tuple[str, int]:
    """A lead somebody made, and the number of that change."""
    await joined(w, "admin")
    number = next(NUMBERS)
    call = tool_named("create_lead").call(
        {"name": f"Khách {number}", "phones": [f"0977{number:06}"], "tags": ["Cũ", "Mới"], "stage": "Mới"}
    )
    outcome = await w.house.desk().submit(call, Actor(who, face))
    assert isinstance(outcome, Done)
    assert isinstance(outcome.result, LeadCreated)
    assert outcome.result.created is not None
    return outcome.result.created.ref, outcome.result.change or 0


async def arguments(w: World, row: str, face: str, *, own: bool) -> tuple[str, dict[str, Any]]:
    """The call of a row, on a fresh customer."""
    name, given = ROWS[row]
    who = LAN if own else MINH
    ref, change = await made(w, who, face)
    if row == "undo_change of an edit":
        edit = tool_named("update_stage").call({"ref": ref, "stage": "Chốt"})
        outcome = await w.house.desk().submit(edit, Actor(who, face))
        assert isinstance(outcome, Done)
        assert isinstance(outcome.result, Changed)
        change = outcome.result.change or 0
    if name == "undo_change":
        return name, {"change": change}
    if name == "import_leads":
        number = next(NUMBERS)
        return name, {"rows": [{"name": f"Hàng {number}", "phones": [f"0988{number:06}"]}]}
    return name, given | ({"ref": ref} if name in ABOUT_ONE else {})


async def over_mcp(w: World, role: Role, name: str, given: dict[str, Any]) -> str:
    """By an assistant whose person is a member with this role, and says yes."""
    await joined(w, role)
    async with assistant(w.house) as a:
        result = await a.call(name, **given)
        if _refused(result.text):
            assert result.is_error
            assert not a.person.asked
            return "–"
        if OTHERS in result.text:
            assert result.is_error
            assert not a.person.asked
            return "a manager"
        assert not result.is_error, result.text
        return "asks" if a.person.asked else "✓"


async def over_telegram(w: World, role: Role, name: str, given: dict[str, Any]) -> str:
    """In the chat, with what the gate lets a member of this role have."""
    await joined(w, role)

    def desk() -> Desk:
        return w.house.desk()

    chat = Chat(desk, face="telegram", clock=w.clock, zone=w.house.settings.zone)
    person = Person("42", LAN, "en", scopes_of(role))
    cards = await chat.do(person, tool_named(name).call(given))
    if _refused(_text(cards)):
        return "–"
    if OTHERS in _text(cards):
        return "a manager"
    if TYPED in _text(cards):
        cards = await chat.hear(person, "1")
        assert not _refused(_text(cards))
        return "asks"
    yes = [button for card in cards for button in card.choices if button.style in ("danger", "primary")]
    if not yes:
        return "✓"
    done = _text(await chat.tap(person, yes[-1].token))
    assert not _refused(done), done
    return "asks"


def _refused(text: str) -> bool:
    return any(each in text for each in REFUSED)


def _text(cards: list[Card]) -> str:
    return "\n".join(card.render("en") for card in cards)


@pytest.mark.parametrize("role", ROLES)
async def test_every_cell_is_as_the_readme_says(role: Role, tmp_path: Path) -> None:
    column = ROLES.index(role)
    said = {name.replace("`", ""): cells for name, cells in table("Roles").items()}
    assert set(said) == set(ROWS)
    tried: dict[tuple[str, str], set[str]] = {}
    async with world(people=5, url=tmp_path / "ledger.sqlite3", daily_writes=10_000, daily_deletes=10_000) as w:
        for row, face, whose in itertools.product(ROWS, FACES, OWN):
            name, given = await arguments(w, row, face, own=whose == "own")
            run = over_mcp if face == "mcp" else over_telegram
            tried.setdefault((row, whose), set()).add(await run(w, role, name, given))
    for row, cells in said.items():
        own, others = (tried[row, whose] for whose in OWN)
        assert len(own) == len(others) == 1, f"{row}: the faces differ"
        found = own | others
        mark = next(iter(found)) if len(found) == 1 else f"own: {own.pop()}, another's: {others.pop()}"
        assert cells[column] == mark, f"{row}, {role}"


def test_every_tool_is_tried() -> None:
    assert {name for name, _ in ROWS.values()} == {tool.name for tool in TOOLS}
    assert set(CALLS) == {tool.name for tool in TOOLS}
