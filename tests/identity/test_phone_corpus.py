"""`phones.tsv`: what people write, and the phones in it, both written down by hand."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from antcrm_tools.identity.phones import canonical, spellings
from antcrm_tools.identity.phones_in_text import FoundPhone, find_phones

FILE = Path(__file__).with_name("phones.tsv")
_ESCAPE = re.compile(r"\\(n|t|u[0-9a-f]{4})")
_ESCAPED = {"n": "\n", "t": "\t"}


class Line(NamedTuple):
    """Flags stand in the order of the phones they belong to: `invalid`, `slip`, `ext=12`."""

    text: str
    phones: list[str]
    flags: list[str]
    about: str


def _lines() -> list[Line]:
    _, *rows = FILE.read_text("utf-8").splitlines()
    return [_line(*row.split("\t")) for row in rows]


def _line(text: str, phones: str, flags: str, about: str) -> Line:
    plain = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1]) or chr(int(match[1][1:], 16)), text)
    return Line(plain, [] if phones == "-" else phones.split(","), flags.split(), about)


def _flags(phone: FoundPhone) -> Iterator[str]:
    if not phone.valid:
        yield "invalid"
    if phone.slip:
        yield "slip"
    if phone.extension:
        yield f"ext={phone.extension}"


LINES = _lines()


def test_the_corpus_is_whole() -> None:
    assert len(LINES) >= 600
    assert len({line.text for line in LINES}) == len(LINES)
    assert sum(line.about.startswith("line") for line in LINES) >= 50
    assert sum(not line.phones for line in LINES) >= 140


@pytest.mark.parametrize("line", [pytest.param(line, id=f"{line.about}: {line.text!a}") for line in LINES])
def test_the_phones_of_a_line(line: Line) -> None:
    found = find_phones(line.text)
    assert [phone.canonical for phone in found] == line.phones
    assert [flag for phone in found for flag in _flags(phone)] == line.flags
    for phone in found:
        assert line.text[phone.start : phone.end] == phone.text
        assert phone.spellings[-1] == phone.text or phone.text in spellings(phone.canonical)
        assert phone.canonical in phone.spellings
        assert phone.slip or canonical(phone.text) == phone.canonical
