"""Imports: written down whole, sent package by package, gone on with after a kill by whoever notices.

A person's yes holds for an hour: within it an import that was interrupted goes on by itself, and touches only rows that
are not finished. After it a person is asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from antcrm_tools.bulk import PACKAGE, Package, send_package
from antcrm_tools.changes import REPLAY, Change, Intent, News, Wish
from antcrm_tools.errors import CrmError
from antcrm_tools.liveness import new_holder
from antcrm_tools.models import Draft
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, join, msg

if TYPE_CHECKING:
    from antcrm_tools.progress import Progress
    from antcrm_tools.records import Records

CONSENT = timedelta(hours=1)
"""How long a person's yes to an import holds."""

FateName: TypeAlias = Literal[
    "created", "duplicate", "invalid", "refused", "not_sent", "not_stored", "unsure", "held", "undone"
]

_LOOK = 0.5
"""Seconds between two looks at an import another process works on."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one row: its new ref, or the customers it duplicates, or why not."""

    name: FateName
    ref: Ref | None = None
    duplicates: tuple[str, ...] = ()
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """An import as it stands: the fate of each row, by its place among those that were right."""

    change: Change
    fates: tuple[Fate, ...]

    @property
    def left(self) -> int:
        """Rows that have not been sent."""
        return sum(fate.name == "not_sent" for fate in self.fates)

    @property
    def finished(self) -> bool:
        """Whether nothing more is sent for it."""
        return not self.change.is_open

    @property
    def asks(self) -> bool:
        """Whether a person has to say once more that it shall go on."""
        return self.change.status == "waiting" and self.change.next_at is None


async def begin(records: Records, wish: Wish, drafts: Sequence[Draft], progress: Progress) -> Job:
    """Import leads; a person has just said yes to these.

    Raises:
        OverCap, LedgerBroken, Held: nothing was sent.
    """
    journal = records.journal
    name = str(len(drafts))
    holder = new_holder()
    async with journal.turn({wish.name} if wish.name else ()):
        job = await of_wish(records, wish)
        if job is None:
            rows = [Intent("create", draft.name, wanted=draft, code=draft.code) for draft in drafts]
            change = await journal.ledger.imports.begin(wish, name, rows, holder)
        elif job.finished or not await journal.ledger.imports.consent(job.change, holder):
            return job
        else:
            change = await journal.ledger.changes.require(job.change.id)
    return await run(records, change, holder, progress)


async def of_wish(records: Records, wish: Wish) -> Job | None:
    """The import the same wish began: one that is not finished, or was a little while ago; None if there is none."""
    change = await records.journal.ledger.changes.of_cause(wish.cause)
    if change is None or change.action != "import" or change.status == "undone":
        return None
    if not change.is_open and not wish.lasting:
        if change.settled_at is None or records.journal.now() - change.settled_at >= REPLAY:
            return None
        job = await read(records, change)
        # Nothing of it was sent: whoever asks again wants it tried again.
        return job if any(fate.name in {"created", "not_stored", "unsure"} for fate in job.fates) else None
    return await read(records, change)


async def read(records: Records, change: Change) -> Job:
    """An import as it stands in the ledger."""
    rows = await records.journal.ledger.imports.rows(change)
    now = await records.journal.ledger.changes.require(change.id)
    return Job(now, tuple(_fate_of(row, now.reason) for row in rows))


async def run(records: Records, change: Change, holder: str, progress: Progress) -> Job:
    """Send the rows that were not sent, package by package, as long as it is this holder's to do.

    Raises:
        LedgerBroken: it goes on when the ledger can be written again.
    """
    journal, imports = records.journal, records.journal.ledger.imports
    total = int(change.name or 0)
    while True:
        rows = await imports.left(change, PACKAGE)
        if not rows and (
            await imports.finish(change, holder, journal.looked_into()) or not await imports.left(change, 1)
        ):
            break  # all have left, or somebody else looks after it
        if not await imports.renew(change, holder):
            break
        done = total - len(await imports.left(change))

        async def watch(looked_at: int, done: int = done) -> None:
            await imports.renew(change, holder)
            await progress(done + looked_at, total)

        package = Package(records, {row.place or 0: row for row in rows}, _allows_duplicates(change), watch)
        stopped = await send_package(package)
        if stopped is not None:
            await _paused(records, change, holder, stopped)
            break
        await progress(total - len(await imports.left(change)), total)
    return await read(records, change)


async def go_on(records: Records, change: Change, progress: Progress) -> Job | None:
    """Go on with an import nobody works on; None where somebody does, or a person has to be asked first."""
    journal = records.journal
    holder = new_holder()
    begun = change.sent_at or change.begun_at
    if not await journal.ledger.imports.resume(change, holder):
        return None
    if change.wish.undoes is not None:
        # Taking back is not gone on with by itself: each row is looked at again when a person says so again.
        text = msg(
            "Taking back change #{number} was interrupted. Undo it again to go on.", number=str(change.wish.undoes)
        )
        await journal.settle(change, "failed", reason=text, news=News(text), mine=holder)
        return None
    if not timedelta(0) <= journal.now() - begun < CONSENT:
        news = News(join([_of_import(change), _ASK, msg("To go on, say it again as before, or undo it.")]))
        await journal.settle(change, "waiting", reason=_ASK, mine=holder, news=news)
        return None
    return await run(records, change, holder, progress)


async def tell_of_rows(records: Records, change: Change) -> None:
    """When the last row of a finished import is settled, its person hears how it ended."""
    duty, job = records.journal.ledger.duty, await read(records, change)
    count = counted(job)
    if count["unsure"] or count["not_sent"]:
        await duty.look_again(change, records.journal.looked_into())
        return
    text = msg(
        "Import #{number} is complete now: {created} of {total} leads were created.",
        number=str(change.id),
        created=count["created"],
        total=len(job.fates),
    )
    await duty.looked(change, News(text))


async def finished(records: Records, job: Job, seconds: float) -> Job:
    """The import when it is finished, or as it stands after so many seconds."""
    for _ in range(int(seconds / _LOOK)):
        if job.finished or job.change.status == "waiting":
            break
        await records.journal.rest(_LOOK)
        job = await read(records, job.change)
    return job


async def _paused(records: Records, change: Change, holder: str, why: CrmError) -> None:
    """AntCRM is out of reach: tried again soon, by whoever looks after such things."""
    soon = records.journal.now() + records.journal.first_wait
    await records.journal.settle(change, "waiting", reason=why.what, next_at=soon, mine=holder)


_ASK = msg("It was interrupted for more than an hour, so a person has to say that it shall go on.")


def _of_import(change: Change) -> Text:
    return msg("Import #{number}:", number=str(change.id))


def _allows_duplicates(change: Change) -> bool:
    return '"allow_duplicates":true' in change.wish.arguments.replace(" ", "")


def _fate_of(row: Change, stopped: Text | None) -> Fate:
    """`stopped`: why the import went no further."""
    match row.status:
        case "done":
            return Fate("created" if row.reason is None else "not_stored", row.ref, reason=row.reason)
        case "failed" if row.known:
            return Fate("duplicate", duplicates=row.known)
        case "failed":
            return Fate("not_stored" if row.ref is not None else "refused", row.ref, reason=row.reason)
        case "conflict":
            return Fate("held", duplicates=row.known, reason=row.reason)
        case "waiting":
            return Fate("not_sent", reason=row.reason or stopped)
        case "undone":
            return Fate("undone", row.ref)
        case "sent" | "unsure":
            return Fate("unsure", row.ref, reason=row.reason)


def counted(job: Job) -> Counter[FateName]:
    """How many rows had which fate."""
    return Counter(fate.name for fate in job.fates)
