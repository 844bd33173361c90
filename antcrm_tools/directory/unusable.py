"""The errors of the directory."""

from __future__ import annotations

from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.text import msg


class CopyUnusable(CrmError):
    """The local copy cannot be read or written. AntCRM itself is not concerned."""

    code = "copy_unusable"

    def __init__(self, why: str) -> None:
        """`why`: the name of the error behind it; its words may hold a path or a value."""
        self.why = why
        super().__init__(
            msg("The local copy of the customers cannot be used ({why}).", why=why),
            done=msg("Nothing was searched."),
            then=msg("Search by phone, e-mail or number meanwhile, and tell the admin: is the disk full?"),
        )


def foreign_cursor() -> BadInput:
    """A cursor that goes on with another list than the one asked for."""
    return BadInput(
        msg("The cursor does not belong to this question."),
        done=msg("Nothing was searched."),
        then=msg("Repeat the question with the same arguments, or without a cursor to start anew."),
    )
