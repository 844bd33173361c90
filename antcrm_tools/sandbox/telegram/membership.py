"""The bot being let in, thrown out, blocked."""

from collections.abc import Mapping
from typing import Any

from antcrm_tools.sandbox.telegram.state import State


def membership(state: State, chat: Mapping[str, Any], by: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    """The body of a ``my_chat_member`` update; ``before`` and ``after`` are member, left or kicked."""
    return {
        "my_chat_member": {
            "chat": dict(chat),
            "from": dict(by),
            "date": state.now(),
            "old_chat_member": _member(state, before),
            "new_chat_member": _member(state, after),
        }
    }


def _member(state: State, status: str) -> dict[str, Any]:
    ends = {"until_date": 0} if status == "kicked" else {}
    return {"user": dict(state.me), "status": status, **ends}
