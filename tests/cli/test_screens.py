"""What a terminal shows, and what it must not obey."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from antcrm_chat.cards import Button, Card
from antcrm_cli.screen import PlainScreen, RichScreen, visible
from antcrm_tools.text import verbatim

HOSTILE = "[bold red]An[/bold red] :smile: \x1b[2J\x07 \u202eabc {x} </b>"


def card(name: str) -> Card:
    buttons = ((Button(verbatim(f"Xoá {name}"), "t1", "danger"), Button(verbatim("Giữ lại"), "t2")),)
    return Card(verbatim(f"Xoá {name}?"), (verbatim("SĐT: 0912345678"),), buttons, id="c")


def plain(name: str) -> str:
    out = io.StringIO()
    PlainScreen(out).show(card(name), "en")
    return out.getvalue()


def rich(name: str, width: int = 80, *, colours: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colours, color_system="standard" if colours else None)
    RichScreen(console).show(card(name), "en")
    return out.getvalue()


def test_plain() -> None:
    assert plain("An") == "Xoá An?\nSĐT: 0912345678\n[1] Xoá An  [2] Giữ lại\n\n"


def test_rich_says_the_same() -> None:
    assert rich("An") == plain("An")
    assert "\x1b[" in rich("An", colours=True)


@pytest.mark.parametrize("draw", [plain, rich])
def test_a_name_is_not_obeyed(draw: Callable[[str], str]) -> None:
    shown = draw(HOSTILE)
    assert "[bold red]An[/bold red] :smile:" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_narrow_terminal_breaks_lines_and_loses_nothing() -> None:
    shown = rich("Nguyễn Thị Phương Thảo Uyên", width=20)
    assert all(len(line) <= 20 for line in shown.splitlines())
    assert "".join(shown.split()) == "".join(plain("Nguyễn Thị Phương Thảo Uyên").split())


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    assert visible("a\nb\r\tc\u2028d") == "a b  c d"
