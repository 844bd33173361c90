"""Every sentence a person reads has a Vietnamese translation that says the same, with the same values in it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "antcrm_tools/locale/vi/LC_MESSAGES"

SAME_IN_BOTH = {"lead"}
"""What Vietnamese has taken over."""


@dataclass(frozen=True, slots=True, order=True)
class Sentence:
    """A template in the code; `many` where it has a plural."""

    one: str
    many: str | None = None


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Every `msg(…)` and `msgs(…)`, and where it stands."""
    return tuple(
        (f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node)
        for folder in ("antcrm_tools", "bots")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _called(node) in {"msg", "msgs"}
    )


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _literals(node: ast.Call) -> list[str] | None:
    """The templates of a call; None if they are not written out."""
    wanted = 2 if _called(node) == "msgs" else 1
    texts = [a.value for a in node.args[:wanted] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return texts if len(texts) == wanted else None


def sentences() -> list[Sentence]:
    return sorted({Sentence(*texts) for _, node in calls() if (texts := _literals(node)) is not None})


@cache
def translations() -> GNUTranslations:
    with (CATALOGUE / "antcrm.mo").open("rb") as file:
        return GNUTranslations(file)


def translated(sentence: Sentence) -> str:
    if sentence.many is None:
        return translations().gettext(sentence.one)
    return translations().ngettext(sentence.one, sentence.many, 1)


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def has_words(template: str) -> bool:
    """Whether anything is left to translate beside the values."""
    return any(char.isalpha() for text, *_ in string.Formatter().parse(template) for char in text)


def entries_of_po() -> Iterator[Sentence]:
    """The entries of the catalogue's source, but for its header."""
    strings = re.compile(r'"((?:[^"\\]|\\.)*)"')
    for block in (CATALOGUE / "antcrm.po").read_text("utf-8").split("\n\n"):
        said: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line.startswith("msg"):
                keyword = line.split(maxsplit=1)[0]
            for found in strings.findall(line):
                said[keyword] = said.get(keyword, "") + _unescaped(found)
        if said.get("msgid"):
            yield Sentence(said["msgid"], said.get("msgid_plural"))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


def test_every_template_is_written_out() -> None:
    # What is put together at run time is found by nobody who translates.
    assert [where for where, node in calls() if _literals(node) is None] == []


def test_a_call_fills_exactly_what_its_template_asks_for() -> None:
    wrong: list[str] = []
    for where, node in calls():
        given = {keyword.arg for keyword in node.keywords}
        if None in given:
            continue  # **values
        if _called(node) == "msgs":
            given.add("count")
        one, *many = _literals(node) or [""]
        asked = names_in(one).union(*(names_in(template) for template in many))
        if asked - given or (given - {"count"}) - asked:
            wrong.append(where)
    # registry.py fills in what pydantic says about a wrong argument.
    assert [where for where in wrong if not where.startswith("antcrm_tools/registry.py")] == []


@pytest.mark.parametrize("sentence", sentences(), ids=lambda sentence: sentence.one[:60])
def test_a_sentence_is_translated(sentence: Sentence) -> None:
    vietnamese = translated(sentence)
    # One Vietnamese form stands for both English ones, so it needs every value either of them has.
    asked = names_in(sentence.one) | names_in(sentence.many or "")
    assert names_in(vietnamese) == asked
    if sentence.one not in SAME_IN_BOTH and has_words(sentence.one):
        assert vietnamese not in {sentence.one, sentence.many}, "there is no translation"


def test_the_catalogue_holds_nothing_unused() -> None:
    assert sorted(set(entries_of_po()) - set(sentences())) == []


def test_the_exceptions_are_still_needed() -> None:
    assert {sentence.one for sentence in sentences()} >= SAME_IN_BOTH
