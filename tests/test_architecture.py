"""The map of ARCHITECTURE.md, held: imports go one way, and what must be pure is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = {"antcrm_tools": ROOT, "bots": ROOT / "bots", "prompts": ROOT / "prompts"}
MOST_LINES = 320

FLOORS: tuple[tuple[str, ...], ...] = (
    ("text", "errors", "refs", "models", "identity", "wire", "meaning", "in_words", "plans", "reversal"),
    ("logs", "registry", "members", "addresses", "settings", "outcomes", "gather", "guest_server", "locks", "pace"),
    ("liveness", "progress", "rights", "changes", "telling"),
    ("answers", "bearing", "learning", "paging", "watching", "api", "ledger", "directory", "staff"),
    ("journal", "known", "finding", "creating", "writing", "records"),
    ("bulk", "jobs", "undoing", "taking_back", "looking", "resolving"),
    ("work", "tools"),
    ("carrying", "running", "approving", "handling", "deciding", "asking", "desk"),
    ("tending", "house"),
    ("doctor",),
)
"""antcrm_tools from the bottom up: a module imports from its own floor and those below."""

PURE = FLOORS[0]
OF_PURE = {
    *("collections", "dataclasses", "datetime", "enum", "functools", "importlib", "math", "re", "types", "typing"),
    *("gettext", "hashlib", "json", "unicodedata", "__future__"),
    *("pydantic", "pydantic_core", "phonenumbers", "antcrm_tools"),
}
"""Nothing that reaches a network, a clock, a disk of ours or chance."""

FACES: dict[str, tuple[str, ...]] = {
    "antcrm_prompts": (),
    "antcrm_chat": (),
    "antcrm_mcp": ("antcrm_prompts",),
    "antcrm_telegram": ("antcrm_chat",),
    "antcrm_cli": ("antcrm_chat", "antcrm_mcp", "antcrm_prompts", "antcrm_telegram"),
}
"""Which other faces a face may import."""

BEHIND_THE_DESK = {"api", "answers", "bearing", "bulk", "directory", "ledger", "pace", "paging", "records", "wire"}
"""What a face never touches: it would get around the rights, the question and the ticket."""


OPEN_TO_FACES = {f"antcrm_tools.ledger.{name}" for name in ("inbox", "erasing", "location", "members")}
"""What a face has of the ledger itself: which messages are dealt with, erasing a person on request, and members."""


@cache
def modules() -> dict[str, Path]:
    """Every module we ship, by its dotted name."""
    found: dict[str, Path] = {}
    for folder, top in SOURCE_ROOTS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"))


def imports(module: str, *, types: bool = False) -> set[str]:
    """What a module imports when it runs, at its top or inside a function; with `types` also for type checkers."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree(module)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not types:
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            source = node.module or ""
            # `from antcrm_tools.identity import phones` names a module, `from antcrm_tools.text import msg` a thing.
            found |= {full if (full := f"{source}.{alias.name}") in modules() else source for alias in node.names}
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def place(module: str) -> str:
    """The part of antcrm_tools a module belongs to: `tools` of `antcrm_tools.tools.fields`."""
    return module.split(".")[1] if module.startswith("antcrm_tools.") else ""


def top(module: str) -> str:
    return module.split(".", 1)[0]


def floor(module: str) -> int:
    for number, parts in enumerate(FLOORS):
        if place(module) in parts:
            return number
    pytest.fail(f"{module} has no floor: give it one here, and a line in ARCHITECTURE.md")


def of(package: str) -> Iterator[str]:
    return (module for module in modules() if top(module) == package and module != package)


def test_imports_go_one_way() -> None:
    upward = [
        f"{module} imports {imported}"
        for module in of("antcrm_tools")
        if place(module) != "sandbox"
        for imported in imports(module)
        if place(imported) not in {"", "sandbox"} and floor(imported) > floor(module)
    ]
    assert upward == []


def test_the_tools_know_no_faces() -> None:
    assert [
        f"{module} imports {imported}"
        for module in of("antcrm_tools")
        for imported in imports(module, types=True)
        if top(imported) in FACES
    ] == []


def test_faces_know_only_the_faces_they_may() -> None:
    assert {top(module) for module in modules()} == {"antcrm_tools", *FACES}
    assert [
        f"{module} imports {imported}"
        for face, known in FACES.items()
        for module in of(face)
        for imported in imports(module, types=True)
        if top(imported) in FACES and top(imported) not in {face, *known}
    ] == []


def test_faces_go_through_the_desk() -> None:
    assert [
        f"{module} imports {imported}"
        for face in FACES
        for module in of(face)
        for imported in imports(module)
        if place(imported) in BEHIND_THE_DESK and imported not in OPEN_TO_FACES
    ] == []


def test_the_sandbox_is_an_antcrm_and_knows_nothing_of_ours() -> None:
    known = {imported for m in of("antcrm_tools") if place(m) == "sandbox" for imported in imports(m, types=True)}
    # A web server is no knowledge of AntCRM.
    assert {place(m) for m in known if top(m) == "antcrm_tools"} == {"sandbox", "guest_server"}
    users = {m for m in modules() if place(m) != "sandbox" and "sandbox" in {place(i) for i in imports(m)}}
    assert users == {"antcrm_tools.house", "antcrm_cli.served_sandbox"}


@pytest.mark.parametrize("part", PURE)
def test_the_bottom_is_pure(part: str) -> None:
    parts = [module for module in of("antcrm_tools") if place(module) == part]
    assert parts
    assert [
        f"{module} imports {imported}"
        for module in parts
        for imported in imports(module)
        if top(imported) not in OF_PURE
    ] == []


def test_only_the_api_speaks_http() -> None:
    assert {module for module in modules() if "httpx" in {top(i) for i in imports(module, types=True)}} == {
        "antcrm_tools.api"
    }


def test_the_chat_knows_no_messenger_and_no_terminal() -> None:
    assert [
        f"{module} imports {imported}"
        for module in of("antcrm_chat")
        for imported in imports(module, types=True)
        if top(imported) in {"telegram", "rich", "typer", "click", "mcp", "starlette", "uvicorn", "httpx", "sys"}
    ] == []


def test_nothing_prints() -> None:
    # Over stdio, standard output belongs to the protocol.
    quiet = [module for module in modules() if top(module) != "antcrm_cli"]
    assert [
        f"{module}:{node.lineno}"
        for module in quiet
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ] == []


def test_nothing_global_is_filled_later() -> None:
    """No `global`, and no empty container at the top of a module: nobody would make one but to fill it."""
    filled: list[str] = []
    for module in modules():
        for node in tree(module).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if value is not None and ast.unparse(value) in {"[]", "{}", "set()", "dict()", "list()"}:
                filled.append(f"{module}:{node.lineno}")
        filled += [f"{module}:{n.lineno}" for n in ast.walk(tree(module)) if isinstance(n, ast.Global)]
    assert filled == []


@pytest.mark.parametrize("module", [name for name in modules() if name])
def test_a_file_says_one_thing(module: str) -> None:
    assert len(modules()[module].read_text("utf-8").splitlines()) <= MOST_LINES
