"""What an edit would do, and whether it did that and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from antcrm_tools.errors import BadInput, FieldMoved, MayHaveActed, NotStored
from antcrm_tools.in_words import field_word, field_words, in_words, value_in_words
from antcrm_tools.meaning import differing, emptied, fingerprint, literally_differing, lost, meaning
from antcrm_tools.models import WRITABLE, Customer, Draft, Edit
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, clean, join, msg
from antcrm_tools.wire.names import FIELD_KEYS

Plan = Callable[[Customer], Edit]
"""From a customer as it is to the edit that is wanted. Pure; it may be called more than once."""

_WATCHED = (*WRITABLE, "points", "rank_points", "rank", "created_by", "lead_source", "ads")
"""What no edit moves unless it says so. Not watched: when it was changed, and what is not documented, which may count
versions or visits."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What an edit would do: `edit` holds only the fields that really change."""

    before: Customer
    edit: Edit
    fingerprint: str
    """Of the fields the call speaks of, also those that happen to be as wanted already."""
    loses: tuple[str, ...]
    """The fields in which something that is there would be gone."""

    @property
    def fields(self) -> list[str]:
        """The fields that change, in the order people expect; empty when everything is already so."""
        return [field for field in WRITABLE if field in self.edit.model_fields_set]

    def before_in_words(self) -> Text:
        """The old values of what changes, whole: whoever reads this may have to put them back."""
        return in_words(self.before, self.fields)


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit as read back. `fields` is empty when everything was already so and nothing was sent."""

    before: Customer
    after: Customer
    fields: tuple[str, ...]
    change: int | None = None
    """Its number in the ledger; None where nothing was sent."""
    again: bool = False
    """It was made by the same wish a little earlier; nothing was sent now."""


def planned(before: Customer, plan: Plan, region: str) -> Planned:
    """Work a plan out for a customer as it is.

    Raises:
        BadInput: an array that would be rewritten holds something that cannot be read.
    """
    wanted = plan(before)
    fields = literally_differing([f for f in WRITABLE if f in wanted.model_fields_set], before, wanted)
    for field in fields:
        if FIELD_KEYS[field] in before.extra:
            raise BadInput(
                msg(
                    "{ref} holds something in “{field}” that cannot be read, and saving would lose it.",
                    ref=before.ref,
                    field=field_word(field),
                ),
                then=msg("Change it in AntCRM."),
            )
    edit = Edit.model_validate({field: getattr(wanted, field) for field in fields})
    loses = tuple(f for f in fields if lost(f, getattr(before, f), getattr(edit, f), region))
    return Planned(before, edit, fingerprint(before, wanted.model_fields_set), loses)


def check_edited(plan: Planned, after: Customer, region: str) -> None:
    """Whether an edit did what was planned and nothing else.

    Raises:
        FieldMoved: a field nobody sent is no longer what it was. `stopped` where it is empty now: that is a PUT which
            clears what it is not sent, and every further edit would lose more. A field that merely changed may be a
            colleague's doing, or an automation of AntCRM's.
        NotStored: a field is not as it was sent. `stopped` where it lost what was meant to stay.
    """
    before, ref = plan.before, plan.before.ref
    untouched = [field for field in _WATCHED if field not in plan.edit.model_fields_set]
    moved = literally_differing(untouched, before, after)
    if moved:
        gone = [f for f in moved if f in WRITABLE and emptied(f, getattr(before, f), getattr(after, f), region)]
        values = {field: value_in_words(before, field) for field in moved}
        raise FieldMoved(ref, values, in_words(before, moved), stopped=bool(gone))
    missing = differing(plan.fields, plan.edit, after, region)
    if not missing:
        return
    stored = [field for field in plan.fields if field not in missing]
    parts = [msg("Not stored: {fields}.", fields=field_words(missing))]
    if stored:
        parts.append(msg("Stored: {fields}.", fields=field_words(stored)))
    parts.append(msg("Before, {ref} was: {values}.", ref=ref, values=plan.before_in_words()))
    raise NotStored(
        msg("AntCRM said that {ref} was saved, but reading it back shows otherwise.", ref=ref),
        done=join(parts),
        then=msg("Look at {ref} in AntCRM, and tell the admin if it happens again.", ref=ref),
        fields=missing,
        stopped=any(_kept_is_lost(plan, after, field, region) for field in missing),
    )


def check_created(draft: Draft, after: Customer, region: str) -> None:
    """Whether a customer was stored as it was sent.

    Raises:
        NotStored: naming the fields that were not.
    """
    missing = not_as_sent(draft, after, region)
    if missing:
        raise NotStored(
            msg("{ref} was created, but AntCRM did not store everything.", ref=after.ref),
            done=msg("Not stored as sent: {fields}.", fields=field_words(missing)),
            then=msg("Look at {ref} and add what is missing; do not create it again.", ref=after.ref),
            fields=missing,
        )


def not_as_sent(draft: Draft, after: Customer, region: str) -> list[str]:
    """The fields of a draft that hold something and are not stored so."""
    sent = [field for field in Edit.model_fields if getattr(draft, field) not in ("", (), None)]
    return differing(sent, draft, after, region)


def overwritten(ref: Ref, before: Customer | None) -> NotStored:
    """AntCRM took a create for an update of a customer it had already."""
    if before is None:
        was = msg("No customer was created. What {ref} was before is not known.", ref=ref)
    else:
        was = msg("No customer was created. Before, {ref} was: {values}.", ref=ref, values=in_words(before))
    return NotStored(
        msg("AntCRM changed the existing {ref} instead of creating a new customer.", ref=ref),
        done=was,
        then=msg("Look at {ref} in AntCRM and put back what should not have changed.", ref=ref),
    )


def nowhere(ref: Ref, name: str) -> NotStored:
    """AntCRM said it created a customer, and there is none."""
    return NotStored(
        msg("AntCRM said that {name} was saved as {ref}, but {ref} is not there.", name=clean(name), ref=ref),
        done=msg("The customer was not saved."),
        then=msg("Keep your notes, and tell the admin before you try again."),
    )


def still_there(ref: Ref) -> NotStored:
    """AntCRM said it deleted a customer, and there it is."""
    return NotStored(
        msg("AntCRM said that {ref} was deleted, but it is still there.", ref=ref),
        done=msg("{ref} was not deleted.", ref=ref),
        then=msg("Ask again, or delete it in AntCRM."),
    )


def unsure(error: MayHaveActed, plan: Planned) -> MayHaveActed:
    """An edit whose fate is not known, with the old values: AntCRM may no longer have them."""
    before = msg("Before, {ref} was: {values}.", ref=plan.before.ref, values=plan.before_in_words())
    return MayHaveActed(error.what, done=join([error.done, before]), then=error.then)


def _kept_is_lost(plan: Planned, after: Customer, field: str, region: str) -> bool:
    """Whether an array lost elements that were there before and were meant to stay."""
    old, sent, now = (_elements(field, getattr(one, field), region) for one in (plan.before, plan.edit, after))
    return bool((old & sent) - now)


def _elements(field: str, value: object, region: str) -> frozenset[str]:
    found = meaning(field, value, region)
    return frozenset(cast("list[str]", found)) if isinstance(value, tuple) else frozenset()
