"""From rows to values and back."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import RowMapping

from antcrm_tools.changes import Change, Wish
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.values import read_customer, read_draft, read_edit, read_text
from antcrm_tools.models import Customer
from antcrm_tools.outcomes import Actor
from antcrm_tools.refs import parse_ref
from antcrm_tools.text import msg

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

_log = logging.getLogger(__name__)


def ms(moment: datetime) -> int:
    """A moment as the ledger keeps it."""
    return (moment - _EPOCH) // _MS


def moment(value: int | None) -> datetime | None:
    """A moment again."""
    return None if value is None else _EPOCH + value * _MS


def change_of(row: RowMapping) -> Change:
    """One line of the ledger."""
    actor = Actor(row["who"], row["face"], row["host"])
    wish = Wish(
        actor, row["tool"], row["arguments"] or "", row["cause"] or "", row["undoes"], row["confirmed_by"] or ""
    )
    read = read_draft if row["action"] == "create" else read_edit
    return Change(
        id=row["id"],
        action=row["action"],
        status=row["status"],
        wish=wish,
        begun_at=cast("datetime", moment(row["begun_at"])),
        parent=row["parent"],
        place=row["place"],
        ref=None if row["ref"] is None else parse_ref(row["ref"]),
        code=row["code"] or "",
        undone_by=row["undone_by"],
        sent_at=moment(row["sent_at"]),
        settled_at=moment(row["settled_at"]),
        next_at=moment(row["next_at"]),
        counted=row["counted_at"] is not None,
        holder=row["holder"] or "",
        until=moment(row["until"]),
        sends=row["sends"],
        probes=row["probes"],
        meets=row["meets"],
        name=row["name"] or "",
        wanted=None if row["wanted"] is None else read(row["wanted"]),
        known=tuple(cast("list[str]", json.loads(row["known"]))) if row["known"] else (),
        before=_customer(row["before"]),
        after=_customer(row["after"]),
        reason=None if row["reason"] is None else read_text(row["reason"]),
        erased=row["erased_at"] is not None,
    )


def _customer(written: Any) -> Customer | None:
    return None if written is None else read_customer(written)


def readable(row: RowMapping, *, skip: bool) -> Change | None:
    """One line of the ledger; None, where it may be skipped, for one that cannot be read.

    Raises:
        LedgerBroken: it cannot be read.
    """
    try:
        return change_of(row)
    except (LookupError, TypeError, ValueError) as error:
        _log.error("change %s cannot be read: %s", row["id"], type(error).__name__)
    if skip:
        return None
    # Nothing is sent for a wish of which it is not known what it has led to before.
    raise LedgerBroken(msg("Change #{number} in the ledger cannot be read.", number=str(row["id"])))
