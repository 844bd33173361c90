"""create_lead: looks for duplicates first, and returns them instead of making one more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from antcrm_tools.creating import Created, always, never
from antcrm_tools.meaning import fingerprint
from antcrm_tools.models import Customer, Draft, Likeness
from antcrm_tools.registry import Args, Effect, Preview, Result, tool
from antcrm_tools.text import Text, clean, comma, join, msg, msgs
from antcrm_tools.tools.fields import (
    Addresses,
    Birthday,
    ChangeNumber,
    CustomerLine,
    Earlier,
    EmailText,
    GenderWord,
    Industry,
    Line,
    Note,
    Owner,
    PhoneText,
    Socials,
    Source,
    Stage,
    to_custom_fields,
    to_emails,
    to_phones,
)
from antcrm_tools.tools.previews import describe

if TYPE_CHECKING:
    from antcrm_tools.work import Work


class LeadFields(Args):
    """What is known about a lead: every field AntCRM takes on create."""

    name: Annotated[Line, Field(description="full name")]
    phones: Annotated[tuple[PhoneText, ...], Field(max_length=10, description="as given")] = ()
    emails: Annotated[tuple[EmailText, ...], Field(max_length=10, description="as given")] = ()
    note: Annotated[Note | None, Field(description="everything else")] = None
    stage: Stage | None = None
    tags: Annotated[tuple[Line, ...], Field(max_length=50, description="names")] = ()
    source: Source | None = None
    owner: Owner | None = None
    industry: Industry | None = None
    gender: GenderWord | None = None
    date_of_birth: Birthday | None = None
    addresses: Addresses = ()
    socials: Socials = ()
    custom_fields: Annotated[dict[Line, Line], Field(max_length=50, description="name → value")] = {}

    def draft(self, code: str, region: str) -> Draft:
        """What is sent to AntCRM, under a code of ours; `region` is where a phone without a country code is."""
        return Draft(
            code=code,
            kind="lead",
            name=self.name,
            phones=to_phones(self.phones, region),
            emails=to_emails(self.emails),
            note=self.note or "",
            stage=self.stage or "",
            tags=tuple(dict.fromkeys(self.tags)),
            source=self.source or "",
            owner=self.owner or "",
            industry=self.industry or "",
            gender=self.gender,
            date_of_birth=self.date_of_birth,
            addresses=self.addresses,
            socials=self.socials,
            custom_fields=to_custom_fields(self.custom_fields),
        )


class CreateLead(LeadFields):
    """The lead, and whether to go on when the phone or e-mail is known already."""

    allow_duplicate: Annotated[bool, Field(description="after the person saw the duplicates and wants one more")] = (
        False
    )


class KnownCustomer(CustomerLine):
    """Somebody the lead seems to be already, and why."""

    why: tuple[Likeness, ...] = ()

    def sentence(self) -> Text:
        """The line, and the reasons."""
        from antcrm_tools.identity.duplicates import reason_words  # noqa: PLC0415  its rules take a while to import, and a start needs none

        line = super().sentence()
        return (
            msg("{customer} ({reasons})", customer=line, reasons=comma(map(reason_words, self.why)))
            if self.why
            else line
        )


class LeadCreated(Result):
    """The new lead, or `created: null` and the customers it seems to be already."""

    created: CustomerLine | None
    duplicates: tuple[KnownCustomer, ...] = ()
    change: ChangeNumber = None
    earlier: Earlier = False

    def repeated(self) -> bool:
        """Whether it was created by the same wish before."""
        return self.earlier

    def title(self) -> Text:
        """Why nothing was created."""
        if any(set(known.why) & {"phone", "email"} or not known.why for known in self.duplicates):
            return msgs(
                "Nothing was created: {count} customer has this phone or e-mail already.",
                "Nothing was created: {count} customers have this phone or e-mail already.",
                len(self.duplicates),
            )
        return msgs(
            "Nothing was created: {count} customer may be the same person.",
            "Nothing was created: {count} customers may be the same person.",
            len(self.duplicates),
        )

    def sentence(self) -> Text:
        """What happened."""
        if self.created is not None:
            return msg("Created: {ref} {name}.", ref=self.created.ref, name=clean(self.created.name))
        return join(
            [
                self.title(),
                *(line.sentence() for line in self.duplicates),
            ],
            "\n",
        )


async def _preview(work: Work, args: CreateLead) -> Preview | LeadCreated:
    earlier = await work.records.replayed(work.wish)
    if earlier is not None:
        return _created(earlier)
    draft = args.draft("preview", work.records.region)
    known = await work.records.duplicates(draft)
    if not known and not args.allow_duplicate:
        known = await work.records.look_alikes(draft)
    if known and not args.allow_duplicate:
        return _duplicates(known, draft, work.records.region)
    lead = Customer(
        kind="lead",
        id="new",
        **{
            field: getattr(draft, field)
            for field in type(args).model_fields
            if field in Customer.model_fields and field != "custom_fields"
        },
    )
    return Preview(
        question=msg("Create the lead {name}?", name=clean(args.name)),
        yes=msg("Create {name}", name=clean(args.name, 60)),
        no=msg("Do not create"),
        fingerprint=fingerprint(lead) + "".join(sorted(c.ref for c in known)),
        lines=describe(lead),
    )


@tool(
    title=msg("Create a lead"),
    most=Effect.ADD,
    preview=_preview,
    replays=True,
    args=CreateLead,
    returns=LeadCreated,
)
async def create_lead(work: Work, args: CreateLead) -> LeadCreated:
    """Create a lead, unless somebody with its phone, e-mail or name at its company is there: those are returned."""
    draft = args.draft(work.records.new_code(), work.records.region)
    made = await work.records.create(draft, work.wish, go_on=always if args.allow_duplicate else never)
    return _duplicates(made, draft, work.records.region) if isinstance(made, list) else _created(made)


def _created(made: Created) -> LeadCreated:
    return LeadCreated(created=CustomerLine.of(made.customer), change=made.change, earlier=made.again)


def _duplicates(known: list[Customer], draft: Draft, region: str) -> LeadCreated:
    from antcrm_tools.identity.duplicates import compare  # noqa: PLC0415  its rules take a while to import, and a start needs none

    duplicates = tuple(
        KnownCustomer(**CustomerLine.of(customer).model_dump(), why=compare(draft, customer, region))
        for customer in known
    )
    return LeadCreated(created=None, duplicates=duplicates)
