"""What finding and counting share: the filters, and how far the local copy can be trusted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from antcrm_tools.directory.schema import Label
from antcrm_tools.errors import BadInput
from antcrm_tools.models import Kind
from antcrm_tools.registry import Args, ArgumentError
from antcrm_tools.text import Text, clean, join, msg
from antcrm_tools.tools.fields import Line
from antcrm_tools.tools.usage import did_you_mean

if TYPE_CHECKING:
    from antcrm_tools.directory.filters import Filters, Unknown
    from antcrm_tools.directory.freshness import Freshness
    from antcrm_tools.work import Work

MINE = frozenset({"me", "tôi", "toi"})
"""What stands for the person who asks."""

_OLD = timedelta(minutes=15)
"""From then on people are told how old the copy is: by itself it is never older than a few minutes."""


class CustomerFilters(Args):
    """Which customers. Days are the company's own days, both ends included; names need no marks."""

    kind: Annotated[Kind | None, Field(description="contact: a person; account: a company")] = None
    stage: Line | None = None
    source: Line | None = None
    owner: Annotated[Line | None, Field(description="e-mail, me, none")] = None
    tags: Annotated[tuple[Line, ...], Field(max_length=10, description="has all")] = ()
    without_tags: Annotated[tuple[Line, ...], Field(max_length=10, description="has none")] = ()
    created_from: date | None = None
    created_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None

    @model_validator(mode="after")
    def _days(self) -> CustomerFilters:
        for first, last in ((self.created_from, self.created_to), (self.updated_from, self.updated_to)):
            if first and last and first > last:
                raise ArgumentError(msg("The first day ({first}) is after the last ({last}).", first=first, last=last))
        return self


class CopyState(BaseModel):
    """How far the copy can be trusted; without any of these fields it is whole and fresh."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    as_of: Annotated[datetime | None, Field(description="AntCRM as it was then")] = None
    incomplete: Annotated[bool, Field(description="still being copied; older customers are missing")] = False
    copied_back_to: date | None = None
    customers: Annotated[int, Field(description="copied so far")] = 0

    @classmethod
    def of(cls, fresh: Freshness, work: Work, *, always: bool = False) -> CopyState:
        """What is to be said of it now; `always`: also when it is fresh."""
        if not fresh.complete:
            return cls(incomplete=True, copied_back_to=fresh.back_to, customers=fresh.customers)
        as_of = fresh.synced_at or fresh.filled_at
        old = as_of is None or work.clock() - as_of > _OLD
        return cls(as_of=None if as_of is None or not (old or always) else as_of.astimezone(work.zone))

    def sentence(self) -> Text | None:
        """In words; None where there is nothing to say."""
        if self.incomplete and self.copied_back_to is not None:
            return msg(
                "The copy of AntCRM is still being made: who was created since {day} is in it ({count} customers).",
                day=f"{self.copied_back_to:%d/%m/%Y}",
                count=self.customers,
            )
        if self.incomplete:
            return msg("The copy of AntCRM is still being made; {count} customers are in it.", count=self.customers)
        return None if self.as_of is None else msg("As of {when}.", when=f"{self.as_of:%d/%m/%Y %H:%M}")


def to_filters(work: Work, args: CustomerFilters) -> Filters:
    """The filters of a call.

    Raises:
        BadInput: “me” is nobody AntCRM knows.
    """
    from antcrm_tools.directory.filters import Filters  # noqa: PLC0415  brings SQLite, which a start does not need

    owner = args.owner
    if owner is not None and owner.casefold() in MINE:
        owner = work.actor.who
        if "@" not in owner:
            raise BadInput(
                msg("It is not known who “me” is."),
                done=msg("Nothing was searched."),
                then=msg("Name the owner by e-mail, or set ANTCRM_ACTOR to the e-mail of who uses this."),
            )
    return Filters(
        kind=args.kind,
        stage=args.stage,
        source=args.source,
        owner=owner,
        tags=args.tags,
        without_tags=args.without_tags,
        created_from=args.created_from,
        created_to=args.created_to,
        updated_from=args.updated_from,
        updated_to=args.updated_to,
    )


class UnknownValue(BaseModel):
    """A filter names something nobody has; `did_you_mean` are values in use."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    field: Label
    value: str
    did_you_mean: tuple[str, ...] = ()

    @classmethod
    def of(cls, unknown: Unknown) -> UnknownValue:
        """What the directory said of it."""
        return cls(field=unknown.field, value=unknown.text, did_you_mean=unknown.near)

    def sentence(self) -> Text:
        """In words."""
        said = _nobody_has(self.field, clean(self.value))
        return join([said, did_you_mean(self.did_you_mean)]) if self.did_you_mean else said


def _nobody_has(field: Label, value: str) -> Text:
    match field:
        case "stage":
            return msg("Nobody is at a stage “{value}”.", value=value)
        case "source":
            return msg("Nobody has the source “{value}”.", value=value)
        case "owner":
            return msg("Nobody has the owner “{value}”.", value=value)
        case "tag":
            return msg("Nobody has the tag “{value}”.", value=value)
