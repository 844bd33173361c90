"""People, what they know of leads and may wish for, and what the line may do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar, get_args

from hypothesis import strategies as st

from antcrm_tools.members import Scope
from antcrm_tools.outcomes import Actor
from tests.interleavings.evidence import MAY_UNDO_OTHERS

T = TypeVar("T")

SALES: frozenset[Scope] = frozenset({"read", "write"})
ALL: frozenset[Scope] = frozenset({"read", "write", "delete"})
PEOPLE = (
    Actor("lan@antcrm.example", "mcp", scopes=SALES),
    Actor("lan@antcrm.example", "telegram", scopes=SALES),
    Actor("minh@antcrm.example", "telegram", scopes=SALES),
    Actor("hung@antcrm.example", "telegram", scopes=ALL),
    Actor("hung@antcrm.example", "mcp", scopes=ALL),
)
MAY_UNDO_OTHERS.update(one.who for one in PEOPLE if one.scopes == ALL)

LEADS: tuple[dict[str, object], ...] = (
    {"name": "Bùi Văn Sáu", "phones": ["0901000006"], "stage": "Mới", "tags": ["VIP"]},
    {"name": "Bùi Sáu", "phones": ["+84 901 000 006"], "emails": ["sau@example.vn"], "note": "Gọi lại."},
    {"name": "Đỗ Thị Bảy", "emails": ["bay@example.vn"], "source": "Zalo"},
    {"name": "Khách vãng lai", "note": "Đứng trước cửa.", "tags": ["Mới đến"]},
    {"name": "Khách ở chợ", "stage": "Mới"},
)
STAGES, TAGS, NOTES = ("Chốt", "Đàm phán"), ("VIP", "Nóng"), ("Hẹn thứ hai.", "Đã gọi.")

Kind: TypeAlias = Literal["capture", "go on", "tag", "untag", "stage", "note", "delete", "undo", "answer"]
KINDS: tuple[Kind, ...] = ("capture", "go on", "tag", "untag", "stage", "note", "delete", "undo", "answer")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody does: `which` picks one of what there is, `message` is where it came from."""

    kind: Kind
    person: int = 0
    which: int = 0
    word: int = 0
    message: int | None = None
    at: int = 0
    """In which of the two processes."""


wishes = st.builds(
    Wish,
    st.sampled_from((*KINDS, "capture", "capture", "answer", "undo")),
    st.integers(0, len(PEOPLE) - 1),
    st.integers(0, 4),
    st.integers(0, 1),
    st.one_of(st.none(), st.integers(0, 1)),
    st.integers(0, 1),
)

questions = st.builds(Wish, st.sampled_from(("delete", "undo")), st.integers(3, 4), st.integers(0, 4))
"""What a manager is asked about."""

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE", "*"]
Trouble: TypeAlias = Literal["lost", "no answer", "cut", "429", "503", "500", "500 acted", "late"]

troubles = st.sampled_from(get_args(Trouble))

METHODS: dict[Kind, Method] = {"capture": "POST", "go on": "POST", "delete": "DELETE"}


def newest(some: Sequence[T], which: int) -> T:
    return some[-1 - which % len(some)]
