"""get_customer: one whole record, fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from antcrm_tools.errors import BadInput, NotFound
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref, candidates, require_ref
from antcrm_tools.registry import Args, Effect, Result, tool
from antcrm_tools.text import Text, clean, comma, msg
from antcrm_tools.tools.fields import RefText, kind_word

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class GetCustomer(Args):
    """Which one."""

    ref: RefText


class WholeCustomer(Result):
    """Every field AntCRM holds; empty ones are left out."""

    customer: Customer

    def sentence(self) -> Text:
        """Who it is."""
        who = self.customer
        return msg("{ref} {name} ({kind})", ref=who.ref, name=clean(who.name), kind=kind_word(who.kind))


async def existing(work: Work, text: str) -> Ref:
    """Read a ref; for bare digits, say which customers of that number there are instead of guessing.

    Raises:
        BadInput: naming the candidates that exist, or what is wrong.
        NotFound: bare digits, and neither exists.
    """
    both = candidates(text)
    if both is None:
        return require_ref(text)
    found: list[Customer] = []
    for ref in both:
        try:
            found.append(await work.records.get(ref))
        except NotFound:
            continue
    if not found:
        raise NotFound(f"{both[0]}, {both[1]}")
    raise BadInput(
        msg("“{digits}” does not say which customer is meant.", digits=clean(text)),
        then=msg("Say which one: {candidates}.", candidates=comma(WholeCustomer(customer=c).sentence() for c in found)),
    )


@tool(title=msg("Show a customer"), most=Effect.READ, idempotent=True, args=GetCustomer, returns=WholeCustomer)
async def get_customer(work: Work, args: GetCustomer) -> WholeCustomer:
    """Read one customer completely and fresh from AntCRM: phones, note, addresses, custom fields, points, dates."""
    return WholeCustomer(customer=await work.records.get(await existing(work, args.ref)))
