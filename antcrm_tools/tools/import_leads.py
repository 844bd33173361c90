"""import_leads: many leads, one confirmation, an outcome per row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, JsonValue, WithJsonSchema

from antcrm_tools.bulk import Fate, FateName, create_many
from antcrm_tools.errors import BadInput
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Draft
from antcrm_tools.registry import Args, Effect, Preview, Result, tool, validate
from antcrm_tools.text import Text, clean, join, msg, msgs, verbatim
from antcrm_tools.tools.create_lead import LeadFields

if TYPE_CHECKING:
    from antcrm_tools.work import Work

MOST_ROWS = 200
_SHOWN = 5
_TOLD = 30

_ROWS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": MOST_ROWS,
    "items": {"type": "object"},
    "description": "the fields of create_lead; name is required",
}


class ImportLeads(Args):
    """The rows, each with the fields of create_lead."""

    rows: Annotated[tuple[JsonValue, ...], Field(min_length=1, max_length=MOST_ROWS), WithJsonSchema(_ROWS_SCHEMA)]
    allow_duplicates: Annotated[bool, Field(description="create rows whose phone or e-mail is known already")] = False


class ImportedRow(Result):
    """What became of one row; rows are counted from 1."""

    row: int
    outcome: FateName
    ref: str = ""
    duplicate_of: tuple[str, ...] = ()
    reason: str = ""
    why: Annotated[Text | None, Field(exclude=True)] = None

    def sentence(self) -> Text:
        """A line."""
        if self.outcome == "created":
            return msg("Row {row}: created {ref}.", row=self.row, ref=self.ref)
        if self.outcome == "duplicate":
            return msg(
                "Row {row}: not created, same phone or e-mail as {refs}.",
                row=self.row,
                refs=", ".join(self.duplicate_of),
            )
        word = {
            "invalid": msg("not sent, it is not right"),
            "refused": msg("refused by AntCRM"),
            "not_sent": msg("not sent"),
            "not_stored": msg("not stored as it was sent"),
            "unsure": msg("may have been created; look before you send it again"),
        }[self.outcome]
        return msg("Row {row}: {outcome}. {reason}", row=self.row, outcome=word, reason=self.why or self.reason)


class Imported(Result):
    """How many were created, and the outcome of every row."""

    created: int
    rows: tuple[ImportedRow, ...]

    def acted(self) -> bool:
        """Whether any row may have been created."""
        return any(row.outcome in {"created", "not_stored", "unsure"} for row in self.rows)

    def sentence(self) -> Text:
        """The count, and a line for each row that was not simply created."""
        others = [row.sentence() for row in self.rows if row.outcome != "created"]
        lines = [
            msg("Created {created} of {total} leads.", created=self.created, total=len(self.rows)),
            *others[:_TOLD],
        ]
        if len(others) > _TOLD:
            lines.append(msg("… and {count} more rows.", count=len(others) - _TOLD))
        return join(lines, "\n")


def _sort(rows: Sequence[JsonValue], region: str) -> tuple[dict[int, LeadFields], dict[int, Fate]]:
    """Good rows by number from 0, and the fates of the others: what is wrong, or which earlier row they repeat."""
    good: dict[int, LeadFields] = {}
    fates: dict[int, Fate] = {}
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            fates[number] = Fate("invalid", reason=msg("A row is an object with the fields of a lead."))
            continue
        try:
            fields = validate(LeadFields, row)
        except BadInput as error:
            fates[number] = Fate("invalid", reason=error.what)
            continue
        keys = contact_keys(fields.draft("", region), region)
        twin = min((seen[key] for key in keys if key in seen), default=None)
        if twin is not None:
            reason = msg("It has the same phone or e-mail as row {row}.", row=twin + 1)
            fates[number] = Fate("invalid", reason=reason)
            continue
        seen |= dict.fromkeys(keys, number)
        good[number] = fields
    return good, fates


async def _preview(work: Work, args: ImportLeads) -> Preview | Imported:
    good, fates = _sort(args.rows, work.records.region)
    if not good:
        return _imported(fates)
    names = ", ".join(clean(fields.name, 40) for fields in list(good.values())[:_SHOWN])
    lines = [msg("{names} …", names=names) if len(good) > _SHOWN else verbatim(names)]
    if fates:
        lines.append(
            msgs(
                "{count} row is not right and will not be sent.",
                "{count} rows are not right and will not be sent.",
                len(fates),
            )
        )
    count = len(good)
    return Preview(
        question=msgs("Create {count} lead in AntCRM?", "Create {count} leads in AntCRM?", count),
        yes=msgs("Create {count} lead", "Create {count} leads", count),
        no=msg("Do not create"),
        fingerprint=hashlib.sha256(args.model_dump_json().encode()).hexdigest(),
        lines=tuple(lines),
        count=count,
        once=True,
    )


@tool(title=msg("Import leads"), most=Effect.DESTROY, preview=_preview, args=ImportLeads, returns=Imported)
async def import_leads(work: Work, args: ImportLeads) -> Imported:
    """Create up to 200 leads after the person confirms the number. Wrong or duplicate rows do not stop the others."""
    good, fates = _sort(args.rows, work.records.region)
    drafts: list[Draft] = [fields.draft(work.records.new_code(), work.records.region) for fields in good.values()]
    made = await create_many(
        work.records,
        drafts,
        today=work.now().date(),
        allow_duplicates=args.allow_duplicates,
        progress=work.progress,
    )
    return _imported(fates | dict(zip(good, made, strict=True)))


def _imported(fates: dict[int, Fate]) -> Imported:
    rows = tuple(
        ImportedRow(
            row=number + 1,
            outcome=fate.name,
            ref="" if fate.ref is None else str(fate.ref),
            duplicate_of=tuple(str(ref) for ref in fate.duplicates),
            reason="" if fate.reason is None else fate.reason.render("en"),
            why=fate.reason,
        )
        for number, fate in sorted(fates.items())
    )
    return Imported(created=sum(row.outcome == "created" for row in rows), rows=rows)
