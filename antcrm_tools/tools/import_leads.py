"""import_leads: many leads, one confirmation, an outcome per row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, JsonValue, WithJsonSchema

from antcrm_tools import jobs
from antcrm_tools.errors import BadInput
from antcrm_tools.jobs import Fate, FateName, Job
from antcrm_tools.meaning import contact_keys
from antcrm_tools.models import Draft
from antcrm_tools.registry import Args, Effect, Preview, Result, tool, validate
from antcrm_tools.text import Text, clean, join, msg, msgs, verbatim
from antcrm_tools.tools.create_lead import LeadFields
from antcrm_tools.tools.fields import ChangeNumber, Earlier

if TYPE_CHECKING:
    from antcrm_tools.work import Work

MOST_ROWS = 200
_SHOWN = 5
_TOLD = 30

_PATIENCE = 35.0
"""Seconds the same call waits for an import that is under way: an assistant's host gives up after sixty."""

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
                "Row {row}: not created, AntCRM has it already: {refs}.",
                row=self.row,
                refs=", ".join(self.duplicate_of),
            )
        word = {
            "invalid": msg("not sent, it is not right"),
            "refused": msg("refused by AntCRM"),
            "not_sent": msg("not sent"),
            "not_stored": msg("not stored as it was sent"),
            "unsure": msg("may have been created; it is looked into by itself"),
            "held": msg("not sent"),
            "undone": msg("taken back"),
        }[self.outcome]
        return msg("Row {row}: {outcome}. {reason}", row=self.row, outcome=word, reason=self.why or self.reason)


class Imported(Result):
    """How many were created, and the outcome of every row. `unfinished`: the rest goes on by itself."""

    created: int
    rows: tuple[ImportedRow, ...]
    change: ChangeNumber = None
    unfinished: bool = False
    earlier: Earlier = False

    def repeated(self) -> bool:
        """Whether the same wish began it before."""
        return self.earlier

    def sentence(self) -> Text:
        """The count, and a line for each row that was not simply created."""
        others = [row.sentence() for row in self.rows if row.outcome not in {"created", "not_sent"}]
        waiting = next((row for row in self.rows if row.outcome == "not_sent"), None)
        left = sum(row.outcome == "not_sent" for row in self.rows)
        lines = [
            msg("Created {created} of {total} leads.", created=self.created, total=len(self.rows)),
            *others[:_TOLD],
        ]
        if len(others) > _TOLD:
            lines.append(msg("… and {count} more rows.", count=len(others) - _TOLD))
        if waiting is not None:
            lines.append(
                msgs(
                    "{count} row was not sent yet. {reason}",
                    "{count} rows were not sent yet. {reason}",
                    left,
                    reason=waiting.why or "",
                )
            )
        if self.unfinished:
            lines.append(msg("It goes on by itself. Make the same call again to hear what became of it."))
        return join(lines, "\n")


def _sort(rows: Sequence[JsonValue], region: str) -> tuple[dict[int, LeadFields], dict[int, Fate]]:
    """Good rows by number from 0, and the fates of the others: what is wrong, or which earlier row they repeat."""
    from antcrm_tools.identity.duplicates import mailboxes, numbers  # noqa: PLC0415  its rules take a while to import, and a start needs none

    good: dict[int, LeadFields] = {}
    fates: dict[int, Fate] = {}
    seen: dict[str, int] = {}
    colleagues = _Colleagues()
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            fates[number] = Fate("invalid", reason=msg("A row is an object with the fields of a lead."))
            continue
        try:
            fields = validate(LeadFields, row)
        except BadInput as error:
            fates[number] = Fate("invalid", reason=error.what)
            continue
        draft = fields.draft("", region)
        keys = numbers(draft, region) | mailboxes(draft) | contact_keys(draft, region)
        twin = min((seen[key] for key in keys if key in seen), default=None)
        if twin is not None:
            reason = msg("It has the same phone or e-mail as row {row}.", row=twin + 1)
            fates[number] = Fate("invalid", reason=reason)
            continue
        alike = next((n for n, other in colleagues.of(draft) if _is_twin(draft, other, region)), None)
        if alike is not None:
            reason = msg("It has a similar name at the same company as row {row}.", row=alike + 1)
            fates[number] = Fate("invalid", reason=reason)
            continue
        seen |= dict.fromkeys(keys, number)
        colleagues.add(number, draft)
        good[number] = fields
    return good, fates


class _Colleagues:
    """The rows so far, by company."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[int, Draft]]] = {}

    def of(self, draft: Draft) -> Iterable[tuple[int, Draft]]:
        return [row for key in self._keys(draft) for row in self._rows.get(key, ())]

    def add(self, number: int, draft: Draft) -> None:
        for key in self._keys(draft):
            self._rows.setdefault(key, []).append((number, draft))

    def _keys(self, draft: Draft) -> set[str]:
        from antcrm_tools.identity.companies import companies, company_key  # noqa: PLC0415  its rules take a while to import, and a start needs none

        return {key.replace(" ", "") for company in companies(draft) if (key := company_key(company))}


def _is_twin(one: Draft, other: Draft, region: str) -> bool:
    from antcrm_tools.identity.duplicates import compare, contradicts  # noqa: PLC0415  its rules take a while to import, and a start needs none

    return "name_company" in compare(one, other, region) and not contradicts(one, other, region)


async def _preview(work: Work, args: ImportLeads) -> Preview | Imported:
    good, wrong = _sort(args.rows, work.records.region)
    if not good:
        return _imported(wrong)
    job = await jobs.of_wish(work.records, work.wish)
    if job is not None and not job.asks:
        return _of_job(await jobs.finished(work.records, job, _PATIENCE), good, wrong, earlier=True)
    if job is not None:
        return _go_on(job)
    names = ", ".join(clean(fields.name, 40) for fields in list(good.values())[:_SHOWN])
    lines = [msg("{names} …", names=names) if len(good) > _SHOWN else verbatim(names)]
    if wrong:
        lines.append(
            msgs(
                "{count} row is not right and will not be sent.",
                "{count} rows are not right and will not be sent.",
                len(wrong),
            )
        )
    count = len(good)
    return Preview(
        question=msgs("Create {count} lead in AntCRM?", "Create {count} leads in AntCRM?", count),
        yes=msgs("Create {count} lead", "Create {count} leads", count),
        no=msg("Do not create"),
        fingerprint=_fingerprint(args),
        lines=tuple(lines),
        count=count,
    )


def _fingerprint(args: ImportLeads) -> str:
    """The same for the same rows, in whatever order a row names its fields."""
    return hashlib.sha256(json.dumps(args.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def _go_on(job: Job) -> Preview:
    """One that was interrupted for longer than a person's yes holds."""
    done = len(job.fates) - job.left
    return Preview(
        question=msg(
            "{done} of {total} leads are done. Go on with the other {left}?",
            done=done,
            total=len(job.fates),
            left=job.left,
        ),
        yes=msgs("Create {count} lead", "Create {count} leads", job.left),
        no=msg("Do not create"),
        fingerprint=f"{job.change.id} {job.left}",
        count=job.left,
    )


@tool(
    title=msg("Import leads"),
    most=Effect.DESTROY,
    preview=_preview,
    replays=True,
    args=ImportLeads,
    returns=Imported,
)
async def import_leads(work: Work, args: ImportLeads) -> Imported:
    """Create up to 200 leads after the person confirms the number. Wrong or duplicate rows do not stop the others."""
    good, wrong = _sort(args.rows, work.records.region)
    drafts: list[Draft] = [fields.draft(work.records.new_code(), work.records.region) for fields in good.values()]
    return _of_job(await jobs.begin(work.records, work.wish, drafts, work.progress), good, wrong)


def _of_job(job: Job, good: Iterable[int], wrong: dict[int, Fate], *, earlier: bool = False) -> Imported:
    made = _imported(wrong | dict(zip(good, job.fates, strict=True)))
    going_on = not job.finished and not job.asks
    return made.model_copy(
        update={"change": job.change.id, "unfinished": going_on, "earlier": earlier and job.finished}
    )


def _imported(fates: dict[int, Fate]) -> Imported:
    rows = tuple(
        ImportedRow(
            row=number + 1,
            outcome=fate.name,
            ref="" if fate.ref is None else str(fate.ref),
            duplicate_of=fate.duplicates,
            reason="" if fate.reason is None else fate.reason.render("en"),
            why=fate.reason,
        )
        for number, fate in sorted(fates.items())
    )
    return Imported(created=sum(row.outcome == "created" for row in rows), rows=rows)
