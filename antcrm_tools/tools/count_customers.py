"""count_customers: how many, in groups, with the filters of find_customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from antcrm_tools.directory.schema import Group
from antcrm_tools.registry import Effect, Result, tool
from antcrm_tools.text import Text, clean, join, msg, msgs, verbatim
from antcrm_tools.tools.asking import CopyState, CustomerFilters, UnknownValue, to_filters

if TYPE_CHECKING:
    from antcrm_tools.work import Work

_MOST = 200
"""Groups in one answer."""

_KEY = 60
_NONE = msg("(none)")


class CountCustomers(CustomerFilters):
    """Which, and in what groups."""

    by: Annotated[tuple[Group, ...], Field(max_length=2, description="up to 2 levels; times of creation")] = ()


class GroupCount(BaseModel):
    """One group: its values, in the order of `by`; an empty one means that the field is empty."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    group: tuple[str, ...]
    count: int


class CustomersCounted(Result):
    """How many. In groups by tag, who has two tags is in both."""

    total: int
    groups: tuple[GroupCount, ...] = ()
    left_out: Annotated[int, Field(description="smaller groups that are not shown")] = 0
    unknown: tuple[UnknownValue, ...] = ()
    copy_state: CopyState = CopyState()

    def sentence(self) -> Text:
        """The total, then a line for each group; of two levels, a line for each of the first."""
        lines = [msgs("{count} customer.", "{count} customers.", self.total)]
        lines += [each.sentence() for each in self.unknown]
        lines += self._table()
        if self.left_out:
            lines.append(msg("and {count} smaller groups", count=self.left_out))
        if (state := self.copy_state.sentence()) is not None:
            lines.append(state)
        return join(lines, "\n")

    def _table(self) -> list[Text]:
        if all(len(each.group) == 1 for each in self.groups):
            return [msg("{group}: {count}", group=named(each.group[0]), count=each.count) for each in self.groups]
        rows: dict[str, list[Text]] = {}
        for each in self.groups:
            first, *others = each.group or ("",)
            cell = msg("{group}: {count}", group=named(" / ".join(others)), count=each.count)
            rows.setdefault(first, []).append(cell)
        return [msg("{group}: {counts}", group=named(first), counts=join(row, " · ")) for first, row in rows.items()]


def named(value: str) -> Text:
    """The value of a group, for a person."""
    return verbatim(clean(value, _KEY)) if value else _NONE


@tool(title=msg("Count customers"), most=Effect.READ, idempotent=True, args=CountCustomers, returns=CustomersCounted)
async def count_customers(work: Work, args: CountCustomers) -> CustomersCounted:
    """Count customers, in up to two levels of groups, with the filters of find_customers."""
    filters = to_filters(work, args)
    fresh = await work.copy.ready(work.progress)
    counted = await work.copy.directory.count(filters, tuple(dict.fromkeys(args.by)))
    shown = counted.rows[:_MOST]
    return CustomersCounted(
        total=counted.total,
        groups=tuple(GroupCount(group=keys, count=many) for keys, many in shown),
        left_out=len(counted.rows) - len(shown),
        unknown=tuple(map(UnknownValue.of, counted.unknown)),
        copy_state=CopyState.of(fresh, work, always=True),
    )
