"""What became of a change, in words for whoever asks later."""

from __future__ import annotations

from antcrm_tools.changes import Change, News, Status
from antcrm_tools.errors import CrmError, MayHaveActed
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref
from antcrm_tools.text import Text, clean, join, msg

_BECAME: dict[Status, Text] = {
    "waiting": msg("It is written down and not sent yet; it goes on by itself."),
    "sent": msg("It is being carried out, or was interrupted; it is looked into by itself."),
    "unsure": msg("It is not known yet whether AntCRM did it; it is looked into by itself."),
    "done": msg("It was done."),
    "failed": msg("It was not done."),
    "conflict": msg("It was not finished: something else was there meanwhile."),
    "undone": msg("It was done, and undone since."),
}


def became(change: Change) -> Text:
    """What a tap or a message led to, though whoever carried it out is gone."""
    about = msg("Change #{number}, {name}:", number=str(change.id), name=clean(change.name))
    if change.ref is not None:
        about = msg("Change #{number}, {ref} {name}:", number=str(change.id), ref=change.ref, name=clean(change.name))
    parts = [about, _BECAME[change.status]]
    if change.reason is not None and change.status in ("failed", "conflict"):
        parts.append(change.reason)
    return join(parts)


def news_of(change: Change, text: Text, *refs: Ref) -> News | None:
    """What its person hears of a change. Of a row of an import nothing by itself: a hundred would come at once."""
    return None if change.parent is not None else News(text, refs)


def saved_later(change: Change, customer: Customer, but: Text | None = None) -> News | None:
    """It is saved after all; `but`: not quite as it was meant."""
    said = msg("It is saved now: {ref} {name}.", ref=customer.ref, name=clean(customer.name))
    return news_of(change, said if but is None else join([said, but]), customer.as_ref())


def about(change: Change, text: Text) -> Text:
    """Something about a change for a person who has done other things since."""
    name = clean(change.name)
    if change.ref is None:
        first = msg("About {name} (change #{number}):", name=name, number=str(change.id))
    else:
        first = msg("About {ref} {name} (change #{number}):", ref=change.ref, name=name, number=str(change.id))
    return join([first, text])


def became_of(change: Change) -> CrmError:
    """What another process has found out about a change that is settled and not done."""
    what = change.reason or msg("AntCRM did not do it.")
    return CrmError(what, done=msg("That is what became of change #{number}.", number=str(change.id)))


def lost_track() -> MayHaveActed:
    """The ledger a change was in is gone, so nobody looks into it any more."""
    return MayHaveActed(
        msg("The ledger knows nothing of it any more."), then=msg("Look at the customer before you ask again.")
    )
