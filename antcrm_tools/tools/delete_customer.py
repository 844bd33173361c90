"""delete_customer: for good, and only after a person has seen what will be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from antcrm_tools.meaning import fingerprint
from antcrm_tools.models import Customer, Kind
from antcrm_tools.registry import Args, Effect, Preview, Result, tool
from antcrm_tools.text import Text, clean, msg
from antcrm_tools.tools.fields import ChangeNumber, Earlier, RefText, kind_word
from antcrm_tools.tools.get_customer import existing
from antcrm_tools.tools.previews import NOT_BACK, describe, named

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class DeleteCustomer(Args):
    """Which one."""

    ref: RefText


class Deleted(Result):
    """Gone, as reading it afterwards showed. `was` is the record as it was."""

    ref: str
    name: str
    kind: Kind
    was: Customer
    change: ChangeNumber = None
    earlier: Earlier = False

    def repeated(self) -> bool:
        """Whether the same message or tap deleted it before."""
        return self.earlier

    def sentence(self) -> Text:
        """Who was deleted."""
        return msg("Deleted: {ref} {name}.", ref=self.ref, name=clean(self.name))


async def _preview(work: Work, args: DeleteCustomer) -> Preview:
    customer = await work.records.get(await existing(work, args.ref))
    name = named(customer)
    return Preview(
        question=msg(
            "Delete {kind} {ref} {name}?",
            kind=kind_word(customer.kind),
            ref=customer.ref,
            name=name,
        ),
        yes=msg("Delete {name}", name=name),
        no=msg("Keep"),
        fingerprint=fingerprint(customer),
        lines=(*describe(customer), NOT_BACK),
    )


@tool(
    title=msg("Delete a customer"),
    most=Effect.DESTROY,
    preview=_preview,
    idempotent=True,
    args=DeleteCustomer,
    returns=Deleted,
)
async def delete_customer(work: Work, args: DeleteCustomer) -> Deleted:
    """Delete one customer for good. The person is shown the record and asked first."""
    deletion = await work.records.delete(await existing(work, args.ref), work.wish, shown=work.shown)
    was = deletion.was
    return Deleted(ref=was.ref, name=was.name, kind=was.kind, was=was, change=deletion.change, earlier=deletion.again)
