"""Which of AntCRM's unknown behaviours the sandbox plays.

The vendor's page leaves much open. Each switch is one open question; its default is the answer we think likeliest.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from antcrm_tools.sandbox.fields import WritableField

Filter = Literal["all", "phone", "email", "leadId", "customerId", "contactType", "type", "dates"]
OnKnown = Literal["double", "update", "refuse"]
RefusalStyle = Literal["400", "success0", "html"]


class Described(NamedTuple):
    """A switch for whoever looks for one. ``default`` is written as ``Switches.parse`` reads it."""

    name: str
    values: str
    default: str
    about: str


class Switches(BaseModel):
    """How this sandbox answers where AntCRM's page is silent; may be changed while it runs, and is checked then too."""

    model_config = ConfigDict(validate_assignment=True, extra="forbid")

    # What GET answers.
    list_shape: Literal["array", "object_data"] = Field(
        default="array", description="GET of a list: [..] or {data: [..]}; no hit at all is none_shape"
    )
    one_shape: Literal["object", "array", "object_data"] = Field(
        default="array", description="GET by id, phone or e-mail with one hit: {..}, [{..}] or {data: [{..}]}"
    )
    none_shape: Literal["empty_array", "empty_object", "404"] = Field(
        default="empty_array", description="GET without a hit: [] (or {data: []}), {} or a 404"
    )
    ids: Literal["numbers", "strings"] = Field(
        default="numbers", description="leadId and customerId, in GET and in writes"
    )
    type_gender: Literal["numbers", "strings"] = Field(default="numbers", description="type and gender as 0 or '0'")
    empty_values: Literal["empty_text", "null", "missing"] = Field(
        default="empty_text", description="a field without a value: '' (arrays []), null, or not there"
    )
    named: Literal["names", "objects"] = Field(
        default="names", description="stage, responsibleStaff, tags[], sourceContact as text or {_id, name}"
    )
    dates: Literal["iso", "epoch_ms", "long"] = Field(
        default="iso", description="dates as ISO text, epoch milliseconds or 'March 15, 2000'"
    )
    extra_fields: bool = Field(default=False, description="records carry fields no page documents (_id, companyScale)")

    # How GET chooses.
    page_base: Literal[0, 1] = Field(default=1, description="the number of the first page")
    page_zero: Literal["first", "empty", "400"] = Field(
        default="first", description="page 0 where the first is 1: the first page, no hit, or refused"
    )
    page_ignored: bool = Field(default=False, description="every page is the first page")
    limit_over: Literal["clamp", "refuse"] = Field(
        default="clamp", description="limit above 20: taken as 20, or refused"
    )
    fixed_page_size: int | None = Field(
        default=None, ge=1, le=20, description="limit is ignored and every page has this size; none to honour it"
    )
    day_zone: Literal["utc", "vietnam"] = Field(default="utc", description="where a day of the day filters begins")
    day_to: Literal["inclusive", "exclusive"] = Field(
        default="inclusive", description="whether the 'to' day itself counts"
    )
    filters_ignored: frozenset[Filter] = Field(
        default=frozenset(), description="filters that do nothing: all, phone, email, leadId, customerId, ..."
    )
    kinds_by_default: Literal["all", "lead"] = Field(
        default="all", description="GET without contactType: every kind, or leads only"
    )
    phone_match: Literal["exact", "digits"] = Field(
        default="exact", description="the phone filter compares the spelling, or the digits whatever the punctuation"
    )

    # What writes do.
    put_arrays: Literal["replace", "merge"] = Field(
        default="replace", description="PUT of an array replaces it or adds to it"
    )
    put_unsent: Literal["keep", "clear"] = Field(
        default="keep", description="what PUT does to fields that were not sent"
    )
    put_clears_by: Literal["empty_text", "null", "never"] = Field(
        default="empty_text",
        description="the value that empties a field: '' or null; never: empty values (and []) do nothing",
    )
    post_known_code: OnKnown = Field(
        default="double", description="POST with a customerIdApiRing that is already there"
    )
    post_known_phone: OnKnown = Field(default="double", description="POST with a phone that is already there")
    put_unknown: Literal["404", "success0", "html", "empty_success", "upsert"] = Field(
        default="404", description="PUT of an unknown customer; upsert creates it, by code only"
    )
    delete_unknown: Literal["404", "success0", "html", "empty_success"] = Field(
        default="404", description="DELETE of an unknown customer"
    )
    refusals: RefusalStyle = Field(
        default="400", description="bad data: 400 with JSON, 200 with {success: 0, message}, or 400 with an HTML page"
    )
    acknowledge_without_storing: bool = Field(default=False, description="writes answer success and store nothing")
    drop_fields: frozenset[WritableField] = Field(
        default=frozenset(), description="fields that writes accept and silently do not store"
    )
    delete: Literal["soft", "hard"] = Field(
        default="hard", description="soft: gone from lists and look-ups by phone, but GET by id still answers"
    )
    delete_id_in: Literal["body", "query"] = Field(default="body", description="where DELETE looks for the id")
    bulk_bad_row: Literal["fail", "skip"] = Field(
        default="fail", description="a bad row in a package fails the whole package, or is left out"
    )
    bulk_ids: Literal["kept", "reversed"] = Field(default="kept", description="the order of a package's ids")

    @field_validator("page_base", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("fixed_page_size", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return None if value == "none" else value

    @field_validator("filters_ignored", "drop_fields", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Self:
        """Build from ``NAME=value`` texts; lists are separated by commas (``filters_ignored=phone,email``).

        Raises:
            ValueError: The name is unknown or the value is not one the switch knows; the message says which are.
        """
        values: dict[str, str] = {}
        for assignment in assignments:
            name, equals, value = assignment.partition("=")
            name = name.strip()
            if not equals:
                raise ValueError(f"{assignment!r} is not NAME=value")
            if name not in cls.model_fields:
                raise ValueError(f"unknown switch {name!r}; known are {', '.join(cls.model_fields)}")
            values[name] = value.strip()
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            raise ValueError(f"switch {name}={values[name]}: {first['msg']}") from None

    @classmethod
    def described(cls) -> list[Described]:
        """Every switch, in the order they stand here."""
        return [
            Described(name, _values(field.annotation), _written(field.default), field.description or "")
            for name, field in cls.model_fields.items()
        ]

    def ignores(self, *names: Filter) -> bool:
        """Whether a filter (or all of them) is switched off."""
        return "all" in self.filters_ignored or not self.filters_ignored.isdisjoint(names)


def _values(annotation: object) -> str:
    if annotation is bool:
        return "true | false"
    within = get_args(annotation)
    if get_origin(annotation) is Literal:
        return " | ".join(str(value) for value in within)
    if get_origin(annotation) is frozenset:
        return f"any of, with commas between: {', '.join(str(value) for value in get_args(within[0]))}"
    return "none | 1 to 20"  # fixed_page_size


def _written(default: object) -> str:
    if isinstance(default, frozenset):
        return ""
    return str(default).lower() if default is None or isinstance(default, bool) else str(default)
