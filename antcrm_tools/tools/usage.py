"""Whether a stage or tag is one the company uses: AntCRM takes any text and has no list to ask for."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.text import Text, clean, join, msg

if TYPE_CHECKING:
    from antcrm_tools.work import Work

_log = logging.getLogger(__name__)

Named: TypeAlias = Literal["stage", "tag"]


class Unused(BaseModel):
    """A value nobody had before, and values in use that may have been meant."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    field: Named
    value: str
    did_you_mean: tuple[str, ...] = ()

    def sentence(self) -> Text:
        """In words. It was written all the same: the company may want a new one."""
        value = clean(self.value)
        said = (
            msg("Nobody was at a stage “{value}” before.", value=value)
            if self.field == "stage"
            else msg("Nobody had the tag “{value}” before.", value=value)
        )
        return join([said, did_you_mean(self.did_you_mean)]) if self.did_you_mean else said


async def unused(work: Work, field: Named, values: Iterable[str]) -> tuple[Unused, ...]:
    """Which of these nobody has. Where the copy is not whole nothing is known, and nothing said."""
    directory = work.copy.directory
    try:
        if not await directory.is_whole():
            return ()
        found = [(value, await directory.usage(field, value)) for value in dict.fromkeys(values)]
    except CopyUnusable as error:
        _log.error("the local copy cannot be used: %s", error.why)
        return ()
    return tuple(Unused(field=field, value=value, did_you_mean=use.near) for value, use in found if not use.known)


def did_you_mean(near: tuple[str, ...]) -> Text:
    """Values in use that may have been meant."""
    return msg("Did you mean {values}?", values=", ".join(f"“{clean(value, 60)}”" for value in near))
