"""The words a message may begin with. Each word may be written with its marks or without, never with wrong ones."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple, TypeAlias, get_args

from antcrm_chat.intents import Command
from antcrm_tools.identity.names import fold

COMMANDS: tuple[Command, ...] = get_args(Command)

# Both places of the tone mark where people disagree (xoá, xóa). Words that are also names or everyday words (tra: Trà)
# are left out: a message is a command only when it cannot be anything else.
_SAID: dict[Command, tuple[str, ...]] = {
    "help": ("trợ giúp", "giúp", "help", "?"),
    "find": (
        "tìm",
        "tìm khách hàng",
        "tìm khách",
        "tìm lead",
        "tìm số",
        "tìm giúp",
        "tìm giúp em",
        "tìm giúp em số",
        "tìm giúp anh",
        "tìm giúp tôi",
        "tìm giúp mình",
        "tìm hộ",
        "tìm dùm",
        "tìm kiếm",
        "tra cứu",
        "xem",
        "xem khách hàng",
        "xem khách",
        "xem lead",
        "find",
        "find lead",
        "find customer",
    ),
    "report": ("báo cáo", "thống kê", "report"),
    "status": ("trạng thái", "tình trạng", "status"),
    "lead": (
        "thêm lead",
        "thêm lead mới",
        "thêm mới lead",
        "lưu lead",
        "tạo lead",
        "thêm khách hàng",
        "thêm khách",
        "tạo khách hàng",
        "lead mới",
        "khách mới",
        "add lead",
        "add a lead",
        "new lead",
        "create lead",
        "create a lead",
    ),
    "stage": ("chuyển", "chuyển giai đoạn", "chuyển lead", "chuyển khách", "move", "move lead"),
    "tag": ("gắn tag", "gắn thẻ", "thêm tag", "thêm thẻ", "tag", "add tag", "add tags"),
    "untag": ("gỡ tag", "gỡ thẻ", "bỏ tag", "bỏ thẻ", "xoá tag", "xóa tag", "untag", "remove tag", "remove tags"),
    "note": ("ghi chú", "thêm ghi chú", "ghi chú cho", "note", "add note", "add a note"),
    "delete": (
        "xoá",
        "xóa",
        "xoá lead",
        "xóa lead",
        "xoá khách hàng",
        "xóa khách hàng",
        "xoá khách",
        "xóa khách",
        "delete",
        "delete lead",
        "delete customer",
    ),
    "recent": ("gần đây", "thay đổi gần đây", "các thay đổi gần đây", "recent", "recent changes", "my changes"),
    "undo": ("hoàn tác", "hoàn tác thay đổi", "undo", "undo change"),
    "cancel": ("huỷ", "hủy", "thôi", "cancel"),
}

Reply: TypeAlias = Literal["yes", "no", "keep"]

# Answers to a question that stands open, as whole messages. Nothing is destroyed by a yes: it only needs a word back.
_REPLIES: dict[Reply, tuple[str, ...]] = {
    "no": (
        "không",
        "ko",
        "no",
        "không xoá",
        "không xóa",
        "đừng",
        "đừng xoá",
        "đừng xóa",
        "thôi",
        "thôi nhé",
    ),
    # A customer who is kept is not deleted; a draft that is kept is not dropped.
    "keep": ("giữ", "giữ lại", "keep"),
    "yes": ("có", "yes", "ok", "đồng ý", "xoá", "xóa", "xoá đi", "xóa đi", "delete", "delete it"),
}

_BY_NAME: dict[str, Command] = {command: command for command in COMMANDS}

_ALONE = frozenset({"help", "recent", "status", "cancel"})
"""Commands whose words mean them only when nothing follows: `thôi để mai` is talk."""

_END = ".!… "
_SLASH = re.compile(r"/([A-Za-z0-9_]+)(?:@[A-Za-z0-9_]+)?(?=\s|$)")
_WORD = re.compile(r"\S+")


class Said(NamedTuple):
    """A command and the words after it. `slash`: written as `/command`, which can mean nothing else."""

    command: Command | None
    rest: str
    slash: bool


def after_slash(text: str) -> Said | None:
    """Read `/find …` or `/Find@SomeBot …`; a command nobody has gives None for its name. Anything else: None."""
    found = _SLASH.match(text)
    if found is None:
        return None
    name = found[1].lower()
    return Said(_BY_NAME.get(name), text[found.end() :].strip(), slash=True)


def after_phrase(text: str) -> Said | None:
    """Read `tìm …`, `Xoá lead …`, `add note …`: the longest phrase that the text begins with."""
    for phrase, command in _PHRASES:
        rest = _after(text, phrase)
        if rest is not None and not (command in _ALONE and rest):
            return Said(command, rest, slash=False)
    return None


def reply(text: str) -> Reply | None:
    """Read `không`, `thôi nhé`, `ok`, `Xoá đi!`: a whole message that is an answer and nothing else."""
    text = text.strip().rstrip(_END)
    for meaning, phrases in _REPLIES.items():
        if any(_after(text, phrase.split()) == "" for phrase in phrases):
            return meaning
    return None


def after_lead(text: str) -> str | None:
    """Read `lead …`, which alone is too little to be a command: the words after it."""
    return _after(text, ["lead"])


def without_first(text: str, phrases: tuple[str, ...]) -> str:
    """Return `text` without the longest of `phrases` in front, even if nothing is left."""
    for phrase in sorted(phrases, key=len, reverse=True):
        rest = _after(text, phrase.split())
        if rest is not None:
            return rest
    return text


def _after(text: str, phrase: list[str]) -> str | None:
    end = 0
    for expected in phrase:
        word = _WORD.search(text, end)
        if word is None or not _is(word[0], expected, last=expected is phrase[-1]):
            return None
        end = word.end()
    return text[end:].strip()


def _is(word: str, expected: str, *, last: bool) -> bool:
    # Zero-width characters come along when people paste; decomposed letters when they type on a Mac.
    visible = "".join(char for char in word if unicodedata.category(char) != "Cf")
    written = unicodedata.normalize("NFC", visible).casefold()
    if last:
        written = written.removesuffix(":")
    return written in (expected, fold(expected))


_PHRASES: list[tuple[list[str], Command]] = sorted(
    ((phrase.split(), command) for command, phrases in _SAID.items() for phrase in phrases),
    key=lambda entry: len(entry[0]),
    reverse=True,
)
