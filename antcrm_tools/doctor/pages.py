"""How AntCRM counts pages, and what becomes of a limit (row "first page is 1 or 0; `limit` above 20 …")."""

from __future__ import annotations

from dataclasses import dataclass

from antcrm_tools.answers import Look
from antcrm_tools.doctor.asking import Asking, refs, why
from antcrm_tools.doctor.check import Check, needs
from antcrm_tools.errors import CrmError, NotActed, UnreadableAnswer
from antcrm_tools.learning import Above
from antcrm_tools.paging import PAGE_MAX
from antcrm_tools.refs import Ref
from antcrm_tools.text import msg, msgs

_FIRST = msg("Number of the first page")
_SIZE = msg("Customers on a page")
_SMALL = msg("A small limit")
_ABOVE = msg("A limit above {most}", most=PAGE_MAX)
_MORE = 50


@dataclass(frozen=True, slots=True)
class Pages:
    """What was learnt. `whole`: the first page is all there is; `ignored`: every page is the first one."""

    checks: tuple[Check, ...]
    base: int | None = None
    size: int | None = None
    above: Above | None = None
    whole: bool = False
    ignored: bool = False


async def examine_pages(asking: Asking, first: Look) -> Pages:
    """Ask for pages 0, 1 and 2, and with a limit of 1 and of 50."""
    there = refs(first.customers)
    if not there:
        return Pages(
            (
                Check("pages.first", _FIRST, "unknown", needs(1, 0)),
                Check("pages.size", _SIZE, "unknown", needs(PAGE_MAX + 1, 0)),
                Check("pages.limit", _SMALL, "unknown", needs(2, 0)),
                Check("pages.above", _ABOVE, "unknown", needs(PAGE_MAX + 1, 0)),
            ),
            whole=True,
        )
    zero, one, two = [await asking.ask(page=number) for number in (0, 1, 2)]
    again = await asking.ask()
    base, number = _base(there, zero, one, two, again)
    second = None if base is None else (one if base == 0 else two)
    following = frozenset[Ref]() if second is None else _on(second)
    size = len(first.customers) if following else None
    above, limit = _above(await asking.ask(_MORE), len(first.customers), size)
    small = _small(await asking.ask(1), len(there))
    if base is None:
        said = msg("Not known: one page cannot be told from the next.")
        limit, size_line = Check("pages.above", _ABOVE, "unknown", said), Check("pages.size", _SIZE, "unknown", said)
    else:
        size_line = _size(size, first)
    checks = (number, size_line, small, limit)
    ignored = base is None and _on(one) == _on(two) == there
    return Pages(checks, base, size, above, whole=base is not None and not following, ignored=ignored)


def _on(look: Look | CrmError) -> frozenset[Ref]:
    """Who is on a page. One that AntCRM refuses holds nobody."""
    return frozenset() if isinstance(look, CrmError) else refs(look.customers)


def _base(
    first: frozenset[Ref],
    zero: Look | CrmError,
    one: Look | CrmError,
    two: Look | CrmError,
    again: Look | CrmError,
) -> tuple[int | None, Check]:
    for look in (zero, one, two, again):
        if isinstance(look, NotActed | UnreadableAnswer):
            return None, Check("pages.first", _FIRST, "unknown", why(look))
    if _on(again) != first:
        moved = msg("Not known: the list changed while it was looked at.")
        return None, Check("pages.first", _FIRST, "unknown", moved, msg("Run it again in a minute."))
    if _on(one) == first and _on(two) == first:
        return None, Check(
            "pages.first",
            _FIRST,
            "warning",
            msg("AntCRM answers every page with the first one."),
            msg("Long lists are read by days instead; ask AntCRM's support why `page` does nothing."),
        )
    if _on(one) == first:
        return 1, Check("pages.first", _FIRST, "ok", msg("It is {number}.", number=1))
    if _on(zero) == first:
        return 0, Check("pages.first", _FIRST, "ok", msg("It is {number}.", number=0))
    return None, Check(
        "pages.first",
        _FIRST,
        "warning",
        msg("Neither page 0 nor page 1 is the page that comes without a number."),
        msg("Tell AntCRM's support; lists of more than one page may not be read."),
    )


def _size(size: int | None, first: Look) -> Check:
    if size is None:
        return Check("pages.size", _SIZE, "unknown", needs(PAGE_MAX + 1, len(first.customers)))
    return Check("pages.size", _SIZE, "ok", msgs("{count} at most.", "{count} at most.", size))


def _small(look: Look | CrmError, there: int) -> Check:
    if isinstance(look, CrmError):
        return Check("pages.limit", _SMALL, "unknown", why(look))
    if there == 1:
        return Check("pages.limit", _SMALL, "unknown", needs(2, there))
    if len(look.customers) == 1:
        return Check("pages.limit", _SMALL, "ok", msg("It is honoured."))
    return Check("pages.limit", _SMALL, "ok", msg("It is ignored: pages have a size of their own."))


def _above(look: Look | CrmError, there: int, size: int | None) -> tuple[Above | None, Check]:
    if isinstance(look, NotActed | UnreadableAnswer):
        return None, Check("pages.above", _ABOVE, "unknown", why(look))
    if isinstance(look, CrmError):
        return "refused", Check("pages.above", _ABOVE, "ok", msg("It is refused. None is ever sent."))
    if len(look.customers) > there:
        return "honoured", Check("pages.above", _ABOVE, "ok", msg("It is honoured. None is ever sent."))
    if size is None:
        return None, Check("pages.above", _ABOVE, "unknown", needs(PAGE_MAX + 1, there))
    return "clamped", Check("pages.above", _ABOVE, "ok", msg("It is taken as less. None is ever sent."))
