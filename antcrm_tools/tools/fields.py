"""Argument types and previews that several tools share."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from antcrm_tools.identity import emails, phones
from antcrm_tools.identity.names import fold
from antcrm_tools.in_words import field_word
from antcrm_tools.meaning import email_key, phone_key
from antcrm_tools.models import Address, Customer, CustomField, Email, Gender, Kind, Phone, Social
from antcrm_tools.plans import Edited
from antcrm_tools.registry import ArgumentError, Result
from antcrm_tools.text import Text, clean, comma, join, msg, verbatim
from antcrm_tools.tools.usage import Unused

if TYPE_CHECKING:
    from antcrm_tools.directory.rows import Entry

NOTE_LIMIT = 5000
"""Characters. AntCRM's own limit is not documented; this keeps a record readable."""

# What may be a phone somewhere: no letters, 6 to 15 digits (E.164's most). A number that looks odd is kept as typed
# rather than refused, because new ranges come faster than tables of them.
_PHONE = re.compile(r"(?:tel:)?[\s+(]*(?:\d[\s().-]*){6,15}", re.IGNORECASE)

_KINDS: dict[Kind, Text] = {"lead": msg("lead"), "contact": msg("contact"), "account": msg("account")}


def kind_word(kind: Kind) -> Text:
    """A kind's name for a person."""
    return _KINDS[kind]


def _visible(text: str) -> str:
    # Python's idea of white space is wider than pydantic's, and AntCRM's may be wider still: a value that shows
    # nothing would empty the field without anybody having been asked.
    if not clean(text, len(text) + 1):
        raise ArgumentError(msg("A value that shows nothing is no value; to clear a field, use “empty”."))
    return text.strip()


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(unicodedata.normalize("NFKC", text)):
        raise ArgumentError(msg("“{text}” is not a phone number.", text=clean(text)))
    return text


def _email(text: str) -> str:
    if emails.canonical_email(text) is None:
        raise ArgumentError(msg("“{text}” is not an e-mail address.", text=clean(text)))
    return text


def _stage(text: str) -> str:
    if text.isdecimal():
        raise ArgumentError(msg("A stage is a name from AntCRM's own list, not a number (“{text}”).", text=text))
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_visible)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=NOTE_LIMIT), AfterValidator(_visible)]
PhoneText = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_phone)]
EmailText = Annotated[str, StringConstraints(min_length=3, max_length=254), AfterValidator(_email)]
RefText = Annotated[str, Field(min_length=1, max_length=100, description="L9457 (lead) or C9457 (contact, account)")]
Stage = Annotated[Line, AfterValidator(_stage), Field(description="name from AntCRM's list")]
Tags = Annotated[tuple[Line, ...], Field(min_length=1, max_length=50, description="names")]

Earlier = Annotated[bool, Field(exclude=True)]
"""It is what the same wish led to a little earlier."""

ChangeNumber = Annotated[int | None, Field(description="for undo_change")]

# What several tools call the same.
Owner = Annotated[EmailText, Field(description="staff e-mail")]
Source = Annotated[Line, Field(description="where from")]
Industry = Annotated[Line, Field(description="name from AntCRM's list")]
GenderWord = Annotated[Gender, Field(description="of a person")]
Birthday = Annotated[date, Field(description="birthday")]
Addresses = Annotated[tuple[Address, ...], Field(max_length=10, description="in AntCRM's words")]
Socials = Annotated[tuple[Social, ...], Field(max_length=10, description="pages")]


class CustomerLine(Result):
    """One customer in a list."""

    ref: str
    kind: Kind
    name: str
    phone: str = ""
    email: str = ""
    company: str = ""
    stage: str = ""
    owner: str = ""

    @classmethod
    def of_entry(cls, entry: Entry) -> CustomerLine:
        """The line of a customer in the copy."""
        return cls(
            ref=entry.ref,
            kind=entry.kind,
            name=entry.name,
            phone=entry.phones[0] if entry.phones else "",
            email="" if entry.phones or not entry.emails else entry.emails[0],
            company="" if entry.kind == "account" else entry.company,
            stage=entry.stage,
            owner=entry.owner,
        )

    @classmethod
    def of(cls, customer: Customer) -> CustomerLine:
        """The line of a customer."""
        from antcrm_tools.identity.companies import company_of  # noqa: PLC0415  its rules take a while to import, and a start needs none

        return cls(
            ref=customer.ref,
            kind=customer.kind,
            name=customer.name,
            phone=customer.phones[0].value if customer.phones else "",
            email="" if customer.phones or not customer.emails else customer.emails[0].value,
            company="" if customer.kind == "account" else company_of(customer),
            stage=customer.stage,
            owner=customer.owner,
        )

    def sentence(self) -> Text:
        """`L9001 Nguyễn Văn An · Vinamilk · 0912345678 · Mới`."""
        company = "" if fold(self.company) in fold(self.name) else clean(self.company, 40)
        parts = (f"{self.ref} {clean(self.name)}", company, clean(self.phone or self.email), clean(self.stage))
        return verbatim(" · ".join(part for part in parts if part))


class Changed(Result):
    """An edit, as read back. `changed` is empty when everything was already so."""

    ref: str
    name: str
    changed: tuple[str, ...] = ()
    before: Annotated[dict[str, Any], Field(description="old values of the changed fields")] = {}
    after: dict[str, Any] = {}
    change: ChangeNumber = None
    unused: Annotated[tuple[Unused, ...], Field(description="nobody had these before; ask whether they are meant")] = ()
    earlier: Earlier = False

    def repeated(self) -> bool:
        """Whether the same message or tap changed it before."""
        return self.earlier

    @classmethod
    def by(cls, edited: Edited) -> Changed:
        """The result of an edit that was made."""
        changed = cls.of(edited.before, edited.after, edited.fields)
        return changed.model_copy(update={"change": edited.change, "earlier": edited.again})

    @classmethod
    def of(cls, before: Customer, after: Customer, fields: tuple[str, ...]) -> Changed:
        """The result of an edit."""
        old, new = (c.model_dump(mode="json", include=set(fields), exclude_defaults=True) for c in (before, after))
        return cls(ref=after.ref, name=after.name, changed=fields, before=old, after=new)

    def sentence(self) -> Text:
        """What changed."""
        if not self.changed:
            return msg("{ref} {name} is already so; nothing was changed.", ref=self.ref, name=clean(self.name))
        fields = comma(field_word(field) for field in self.changed)
        saved = msg("Saved: {ref} {name} ({fields}).", ref=self.ref, name=clean(self.name), fields=fields)
        return join([saved, *(each.sentence() for each in self.unused)])


def to_phones(values: tuple[str, ...], region: str) -> tuple[Phone, ...]:
    """As they are stored: in the spelling a look-up tries first, because AntCRM compares phones letter by letter.

    `0977 123 456` stored as typed would be found by nobody, and made twice.
    """
    spelled = {phone_key(value, region): value for value in values}
    return tuple(
        Phone(value=value if phones.canonical(value, region) is None else phones.spellings(value, region)[0])
        for value in spelled.values()
    )


def to_emails(values: tuple[str, ...]) -> tuple[Email, ...]:
    """As they are stored: in lower case, the spelling a look-up tries first."""
    return tuple(Email(value=value) for value in dict.fromkeys(email_key(value) for value in values))


def to_custom_fields(values: dict[str, str]) -> tuple[CustomField, ...]:
    """Name and value."""
    return tuple(CustomField(name=name, value=value) for name, value in values.items())
