"""The README says what is there, and all of it."""

import re
from pathlib import Path

from typer.main import get_command

from antcrm_cli.main import app
from antcrm_tools.registry import Effect
from antcrm_tools.settings import Settings
from antcrm_tools.tools import TOOLS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The first column of a section's table, without its marks → the other columns."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`")}


def test_every_tool_is_in_the_table_with_what_it_may_do() -> None:
    rows = table("Tools")
    assert list(rows) == [tool.name for tool in TOOLS]
    for tool in TOOLS:
        words = rows[tool.name][0]
        expected = {Effect.READ: "reads", Effect.ADD: "adds", Effect.CHANGE: "changes", Effect.DESTROY: "asks"}
        assert expected[tool.most] in words, tool.name


def test_every_setting_is_in_the_table_with_its_default() -> None:
    rows = table("Settings")
    assert set(rows) == {f"ANTCRM_{name.upper()}" for name in Settings.model_fields}
    assert rows["ANTCRM_MAX_RPS"][0] == f"`{Settings.model_fields['max_rps'].default:g}`"
    assert rows["ANTCRM_ACTOR"][0] == f"`{Settings.model_fields['actor'].default}`"
    assert rows["ANTCRM_TIMEZONE"][0] == f"`{Settings.model_fields['timezone'].default}`"


def test_every_command_is_in_the_table() -> None:
    command = get_command(app)
    names = set(getattr(command, "commands"))  # noqa: B009  a typer group's commands, whatever click calls its class
    assert set(table("Commands")) == {f"antcrm {name}" for name in names} | {"antcrm-mcp"}


def test_what_goes_wrong_is_quoted_as_it_is_said() -> None:
    sources = "\n".join(
        path.read_text("utf-8") for folder in ("antcrm_tools", "bots") for path in Path(folder).rglob("*.py")
    )
    section = README.split("\n## If something goes wrong\n")[1].split("\n\n[")[0]
    for quoted in re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)[1:]:
        if quoted not in {"---", "it says"} and not quoted.startswith("(code"):
            assert quoted in sources, quoted
