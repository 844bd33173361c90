"""update_customer: any documented field."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from antcrm_tools.errors import BadInput
from antcrm_tools.in_words import value_in_words
from antcrm_tools.meaning import email_key, meaning, phone_key
from antcrm_tools.models import Customer, CustomField, Edit
from antcrm_tools.registry import Args, ArgumentError, Effect, Preview, tool
from antcrm_tools.text import Text, clean, msg
from antcrm_tools.tools.fields import (
    Addresses,
    Birthday,
    Changed,
    EmailText,
    GenderWord,
    Industry,
    Line,
    Note,
    Owner,
    PhoneText,
    RefText,
    Socials,
    Source,
    to_emails,
    to_phones,
)
from antcrm_tools.tools.get_customer import existing
from antcrm_tools.tools.previews import preview_of

if TYPE_CHECKING:
    from antcrm_tools.work import Work

Emptiable = Literal[
    "phones", "emails", "stage", "tags", "owner", "source", "industry", "note", "date_of_birth",
    "addresses", "socials", "custom_fields",
]  # fmt: skip

_VALUES = ("name", "owner", "source", "industry", "note", "gender", "date_of_birth")
_LISTS = ("phones", "emails", "addresses", "socials")
_ARRAYS = (*_LISTS, "tags", "custom_fields")


CustomValue = Annotated[str, Field(max_length=1000), AfterValidator(lambda text: text if clean(text) else "")]
"""A value that shows nothing is an empty one, and dropping is asked about."""


class UpdateCustomer(Args):
    """Whose, and what. Nothing is emptied or dropped but by `empty`, `drop_…` and an empty custom field."""

    ref: RefText
    name: Annotated[Line | None, Field(description="full name")] = None
    owner: Owner | None = None
    source: Source | None = None
    industry: Industry | None = None
    note: Annotated[Note | None, Field(description="replaces the note; add_note appends")] = None
    gender: GenderWord | None = None
    date_of_birth: Birthday | None = None
    custom_fields: Annotated[dict[Line, CustomValue], Field(description='name → value; "" drops')] = {}
    add_phones: Annotated[tuple[PhoneText, ...], Field(description="new ones")] = ()
    drop_phones: Annotated[tuple[Line, ...], Field(description="to remove")] = ()
    add_emails: Annotated[tuple[EmailText, ...], Field(description="new ones")] = ()
    drop_emails: Annotated[tuple[Line, ...], Field(description="to remove")] = ()
    add_addresses: Addresses = ()
    drop_addresses: Annotated[tuple[int, ...], Field(description="positions from 1")] = ()
    add_socials: Socials = ()
    drop_socials: Annotated[tuple[Line, ...], Field(description="to remove")] = ()
    empty: Annotated[tuple[Emptiable, ...], Field(description="fields to clear")] = ()

    @model_validator(mode="after")
    def _consistent(self) -> UpdateCustomer:
        given = self.model_fields_set - {"ref"}
        if not any(getattr(self, field) not in (None, (), {}) for field in given):
            raise ArgumentError(msg("There is nothing to change in this call."))
        clash = [
            f
            for f in self.empty
            if getattr(self, f, None) or getattr(self, f"add_{f}", ()) or getattr(self, f"drop_{f}", ())
        ]
        if clash:
            raise ArgumentError(msg("“{field}” is both set and emptied.", field=clash[0]))
        return self

    def effect(self) -> Effect:
        """Emptying and dropping destroy, and so does putting another note in the place of a whole history of them."""
        drops = [getattr(self, f"drop_{field}", ()) for field in _LISTS]
        if self.empty or any(drops) or "" in self.custom_fields.values() or self.note is not None:
            return Effect.DESTROY
        return Effect.CHANGE

    def plan(self, region: str, customer: Customer) -> Edit:
        """The edit for a customer as it is; `region` is where a phone without a country code is.

        Raises:
            BadInput: something to drop is not there.
        """
        wanted: dict[str, Any] = {f: value for f in _VALUES if (value := getattr(self, f)) is not None}
        for field in _LISTS:
            if self._adds(field, region) or self._drops(field):
                wanted[field] = self._list(field, customer, region)
        if self.custom_fields:
            wanted["custom_fields"] = self._custom(customer)
        for field in self.empty:
            wanted[field] = None if field == "date_of_birth" else () if field in _ARRAYS else ""
        return Edit.model_validate(wanted)

    def _adds(self, field: str, region: str) -> tuple[Any, ...]:
        values = getattr(self, f"add_{field}")
        if field == "phones":
            return to_phones(values, region)
        return to_emails(values) if field == "emails" else values

    def _drops(self, field: str) -> tuple[Any, ...]:
        return getattr(self, f"drop_{field}")

    def _list(self, field: str, customer: Customer, region: str) -> tuple[Any, ...]:
        have: tuple[Any, ...] = getattr(customer, field)
        keys = (
            [str(i) for i in range(1, len(have) + 1)]
            if field == "addresses"
            else [_key(field, item.value, region) for item in have]
        )
        drop = {_key(field, str(value), region): str(value) for value in self._drops(field)}
        unknown = [text for key, text in drop.items() if key not in keys]
        if unknown:
            raise BadInput(
                msg("{ref} has no “{value}” to drop.", ref=customer.ref, value=clean(unknown[0])),
                then=_has(value_in_words(customer, field)),
            )
        kept = [item for key, item in zip(keys, have, strict=True) if key not in drop]
        there = {str(meaning(field, (item,), region)) for item in kept}
        new = [item for item in self._adds(field, region) if str(meaning(field, (item,), region)) not in there]
        return (*kept, *new)

    def _custom(self, customer: Customer) -> tuple[CustomField, ...]:
        fields = list(customer.custom_fields)
        for name, value in self.custom_fields.items():
            place = _place(name, fields, customer.ref)
            if place is None and not value:
                raise BadInput(
                    msg("{ref} has no custom field “{name}” to drop.", ref=customer.ref, name=clean(name)),
                    then=_has(", ".join(field.name for field in fields)),
                )
            if place is None:
                fields.append(CustomField(name=name, value=value))
            elif not value:
                del fields[place]
            elif fields[place].value != value:
                fields[place] = CustomField(name=fields[place].name, value=value)
        return tuple(fields)


def _has(values: str) -> Text | None:
    return msg("It has: {values}.", values=clean(values, 300)) if values else None


def _place(name: str, fields: list[CustomField], ref: str) -> int | None:
    """Where the one field of that name is: to the letter, else but for case; None where there is none.

    Raises:
        BadInput: several have it, and nobody said which.
    """
    for spelled in (str, _plain):
        places = [place for place, field in enumerate(fields) if spelled(field.name) == spelled(name)]
        if len(places) > 1:
            raise BadInput(
                msg("{ref} has several custom fields “{name}”.", ref=ref, name=clean(name)),
                then=msg("Change it in AntCRM."),
            )
        if places:
            return places[0]
    return None


async def _preview(work: Work, args: UpdateCustomer) -> Preview | Changed:
    return preview_of(await work.records.plan(await existing(work, args.ref), partial(args.plan, work.records.region)))


@tool(
    title=msg("Update a customer"),
    least=Effect.CHANGE,
    most=Effect.DESTROY,
    effect=UpdateCustomer.effect,
    preview=_preview,
    args=UpdateCustomer,
    returns=Changed,
)
async def update_customer(work: Work, args: UpdateCustomer) -> Changed:
    """Change fields of a customer. Emptying, dropping or replacing the note is confirmed by the person first."""
    ref, plan = await existing(work, args.ref), partial(args.plan, work.records.region)
    edited = await work.records.edit(ref, plan, work.wish, shown=work.shown)
    return Changed.by(edited)


def _key(field: str, value: str, region: str) -> str:
    if field == "phones":
        return phone_key(value, region)
    return email_key(value) if field == "emails" else _plain(value)


def _plain(text: str) -> str:
    return str(meaning("name", text)).casefold()
