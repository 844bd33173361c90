"""What a customer is, in one form, whatever form AntCRM answers in. Pure data; `wire.py` reads and writes the JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, computed_field

from antcrm_tools.refs import Ref, Space

Kind: TypeAlias = Literal["lead", "contact", "account"]
"""Lead, contact (a person) or account (a company)."""

Gender: TypeAlias = Literal["male", "female", "other"]
"""AntCRM's 0, 1 and 2."""

Likeness: TypeAlias = Literal["phone", "email", "name_company"]
"""Why two records may be the same customer, the surest first."""

Day: TypeAlias = date | str
"""A day; text where AntCRM holds one that cannot be read as a day, kept as it stands."""

Moment: TypeAlias = datetime | str
"""A moment with its time zone; text where AntCRM's cannot be read, kept as it stands."""


class Part(BaseModel):
    """A piece of a customer: a value, never changed in place."""

    # Built when first used, for a quick start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Element(Part):
    """An element of an array. Arrays are written whole, so one that is left alone goes back exactly as it came."""

    _came_as: JsonValue = PrivateAttr(default=None)

    def came_as(self, raw: JsonValue) -> Self:
        """Remember AntCRM's own form, where it holds more than we read."""
        self._came_as = raw
        return self

    def as_it_came(self) -> JsonValue:
        """AntCRM's own form; None where ours says all of it."""
        return self._came_as

    def __eq__(self, other: object) -> bool:
        """Equal when the fields are: what an element came as is not part of what it says."""
        return isinstance(other, type(self)) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """As for `==`."""
        return hash((type(self), *self.__dict__.values()))


class Phone(Element):
    """A phone as it stands in AntCRM; `type` is AntCRM's word for what it is for."""

    value: str
    type: str = "Work"


class Email(Element):
    """An e-mail as it stands in AntCRM."""

    value: str
    type: str = "Work"


class Social(Element):
    """A social network page (the API's `im`)."""

    value: str
    protocol: str = "Facebook"


class CustomField(Element):
    """A field the company has added; `value` is text, whatever type AntCRM shows it in."""

    name: str
    value: str = ""


class Address(Element):
    """A postal address. AntCRM wants the words of its own lists of cities, districts and wards."""

    # Comments, not descriptions: a model pays for every word of a schema, and the wire's names are not its business.
    city: str = ""
    district: str = ""  # the API's `state`
    ward: str = ""  # `wards`
    street: str = ""  # `streetName`
    house: str = ""  # house number, `street`
    country_code: str = ""
    country: str = ""


class LeadSource(Part):
    """Where a contact came from, when it was converted from a lead."""

    id: str = ""
    code: str = ""
    name: str = ""


class AdTouch(Part):
    """One advertisement the customer came through."""

    id: str = ""
    ad: str = ""
    post: str = ""
    at: Moment | None = None


class Customer(Part):
    """One record of AntCRM, every documented field of the GET answer; `extra` keeps the rest as it came."""

    kind: Kind
    id: Annotated[str, Field(exclude=True)]
    name: str = ""
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    stage: str = ""
    tags: tuple[str, ...] = ()
    owner: Annotated[str, Field(description="Responsible staff, an e-mail.")] = ""
    source: str = ""
    industry: str = ""
    note: str = ""
    gender: Gender | None = None
    date_of_birth: Day | None = None
    addresses: tuple[Address, ...] = ()
    socials: tuple[Social, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    points: Annotated[float | None, Field(description="Points to spend.")] = None
    rank_points: float | None = None
    rank: Annotated[str, Field(description="Member rank.")] = ""
    created_at: Moment | None = None
    updated_at: Moment | None = None
    created_by: str = ""
    lead_source: LeadSource | None = None
    ads: tuple[AdTouch, ...] = ()
    extra: Annotated[
        dict[str, JsonValue], Field(description="Fields AntCRM sends that are not documented, as they came.")
    ] = {}

    @computed_field
    @property
    def ref(self) -> str:
        """`L9457` or `C9457`: what every other tool takes."""
        return str(self.as_ref())

    def as_ref(self) -> Ref:
        """The ref as a value."""
        return Ref("lead" if self.kind == "lead" else "customer", self.id)


class Edit(Part):
    """New values for some of a customer's fields: what was set is sent, what was not set is not.

    An empty text or an empty tuple empties the field. Use `edit.model_fields_set` to see what is meant.
    """

    name: str = ""
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    stage: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    source: str = ""
    industry: str = ""
    note: str = ""
    gender: Gender | None = None
    date_of_birth: Day | None = None
    addresses: tuple[Address, ...] = ()
    socials: tuple[Social, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()


class Draft(Edit):
    """A customer to be created: the fields of an edit, the kind, and our own code (`customerIdApiRing`)."""

    kind: Kind = "lead"
    code: str


WRITABLE: tuple[str, ...] = tuple(Edit.model_fields)
"""The fields AntCRM lets us write, in the order people expect to see them."""


class Query(Part):
    """The documented parameters of `GET /contacts`, except paging and ids.

    `space` asks for any kind with that `contactType`; `kind` is narrower. Days are inclusive, as a person means them.
    """

    kind: Kind | None = None
    space: Space | None = None
    phone: str | None = None
    email: str | None = None
    created_from: date | None = None
    created_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None
    as_sent: bool = False
    """The days are sent as they stand and nothing is cut off: for windows that overlap by themselves."""
