"""What a process and a person may do, and when a person is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from antcrm_tools.errors import NotAllowed
from antcrm_tools.members import ALL_SCOPES, Scope
from antcrm_tools.outcomes import Actor
from antcrm_tools.registry import Call, Effect
from antcrm_tools.text import Text, msg, verbatim

_NEEDS: dict[Effect, Scope] = {
    Effect.READ: "read",
    Effect.ADD: "write",
    Effect.CHANGE: "write",
    Effect.DESTROY: "delete",
}

_RIGHTS: dict[Scope, Text] = {"read": msg("look up"), "write": msg("add and change"), "delete": msg("delete")}


def scope_of(right: Effect) -> Scope:
    """The right that an effect takes."""
    return _NEEDS[right]


def right_of(scope: Scope) -> Effect:
    """The most that a right allows."""
    return max(effect for effect, needed in _NEEDS.items() if needed == scope)


@dataclass(frozen=True, slots=True)
class Policy:
    """What this process may do, and when it asks. Settings can only make it ask more."""

    scopes: Collection[Scope] = ALL_SCOPES
    confirm: Literal["destroying", "writes"] = "destroying"

    def allows(self, effect: Effect, actor: Actor | None = None) -> bool:
        """Whether the process's scopes cover an effect, and those of `actor` as well."""
        return _NEEDS[effect] in self.scopes and (actor is None or _NEEDS[effect] in actor.scopes)

    def may_ask_others(self, right: Effect, actor: Actor) -> bool:
        """Whether somebody without a right may ask those who have it: who may change customers at all."""
        return self.allows(right) and "write" in actor.scopes

    def asks(self, effect: Effect) -> bool:
        """Whether a person has to say yes."""
        return effect >= (Effect.ADD if self.confirm == "writes" else Effect.DESTROY)

    def require(self, call: Call, right: Effect, *actors: Actor) -> None:
        """Raises NotAllowed where this process, or one of `actors`, lacks the right for an effect."""
        title, scope = call.tool.title, _NEEDS[right]
        if not self.allows(right):
            raise NotAllowed(
                msg(
                    "“{title}” needs the right “{scope}”, which this program was not given.",
                    title=title,
                    scope=verbatim(scope),  # as it stands in the setting
                ),
                then=msg("Ask the admin, who sets ANTCRM_SCOPES."),
            )
        if not all(actor.scopes for actor in actors):
            raise NotAllowed(
                msg("“{title}” is for members of staff, and this person is none any more.", title=title),
                then=msg("Ask the admin."),
            )
        if not all(self.allows(right, actor) for actor in actors):
            raise NotAllowed(
                msg(
                    "“{title}” needs the right to {scope}, which your role does not include.",
                    title=title,
                    scope=_RIGHTS[scope],
                ),
                then=msg("Ask the admin, or a manager to do it."),
            )
