"""Carrying a call out, and the ways in which it can end."""

from __future__ import annotations

import logging

from antcrm_tools.changes import of_message, of_words
from antcrm_tools.errors import CannotAsk, ChangedMeanwhile, CrmError, KeptForLater, MayHaveActed
from antcrm_tools.outcomes import Actor, Done, Dropped, Failed, Queued, Reason, Settled, Unsure
from antcrm_tools.progress import Progress
from antcrm_tools.registry import Call, Effect
from antcrm_tools.text import Text, clean, join, msg
from antcrm_tools.work import Work

ASSISTANT = "mcp"
"""The face behind which an assistant makes the calls: it repeats them, and its person may be away."""

_log = logging.getLogger(__name__)

_DROPPED: dict[Reason, Text] = {
    "declined": msg("Nothing was changed: the answer was no."),
    "changed": msg("Nothing was changed: the customer is no longer as it was shown. Look at it and ask again."),
    "expired": msg("Nothing was changed: the answer came too late. Ask again."),
    "wrong_count": msg("Nothing was changed: the number typed is not the number of rows. Ask again."),
    "unknown_ticket": msg("Nothing was changed: this question is no longer open. Ask again."),
    "not_yours": msg("Nothing was changed: this question was asked of somebody else."),
}


def forgiving(progress: Progress) -> Progress:
    """Watching is a courtesy: a watcher that fails must not end the work, nor lose what became of it."""

    async def report(done: int, total: int) -> None:
        try:
            await progress(done, total)
        except Exception as error:  # noqa: BLE001  whoever watches may fail in any way
            _log.warning("progress could not be reported: %s", type(error).__name__)

    return report


def dropped(reason: Reason) -> Dropped:
    """A call that is over without anything having been sent."""
    return Dropped(reason, _DROPPED[reason])


def cannot_ask(call: Call) -> CannotAsk:
    """A person has to say yes, and there is no way to ask one."""
    return CannotAsk(
        msg("“{title}” needs a person's yes, and this assistant cannot show them the question.", title=call.tool.title),
        then=msg(
            "Do it from an assistant that can ask, such as Claude Code, VS Code or Cursor. On a real AntCRM the "
            "question goes to the person's Telegram, or to a terminal."
        ),
    )


def nobody_here() -> Dropped:
    """Whoever sits in front of the assistant has not answered."""
    text = msg("Nobody answered the question in time, so nothing was changed. Ask again when the person is there.")
    return Dropped("expired", text)


def declined(by: Actor, asker: Actor) -> Dropped:
    """Somebody said no; `asker` hears who, where it was not they themselves on the face they asked through."""
    if (by.who, by.face) == (asker.who, asker.face):
        return dropped("declined")
    said = msg("Nothing was changed: {who} said no. Ask again only if that is wanted.", who=clean(by.who))
    return Dropped("declined", said)


async def run(call: Call, work: Work) -> Settled:
    """Run a write, and say what became of it whatever happens."""
    try:
        result = await call.tool.run(work, call.args)
    except ChangedMeanwhile:
        return dropped("changed")
    except (KeptForLater, MayHaveActed) as error:
        return under_way(error)
    except CrmError as error:
        return Failed(error)
    except Exception as error:  # noqa: BLE001  the write may be half done: its caller may be gone, its fate is kept
        # Not its message, which may hold a customer's data.
        _log.error("%s failed: %s", call.tool.name, type(error).__name__)
        return Failed(unexpected())
    return Done(result, again=result.repeated())


def cause_of(call: Call, actor: Actor, source: str) -> str:
    """By what a repeat of a call is known: by where it came from, else by what an assistant says."""
    if call.effect is Effect.READ:
        return ""
    if source:
        return of_message(actor.face, source, call.tool.name)
    words = actor.face == ASSISTANT and call.tool.replays
    return of_words(actor.who, actor.face, call.tool.name, call.canonical) if words else ""


def under_way(error: KeptForLater | MayHaveActed) -> Queued | Unsure:
    """What goes on by itself."""
    return Queued(error.text, error.change) if isinstance(error, KeptForLater) else Unsure(error.text)


def raise_failed(outcome: Settled) -> Done | Queued | Unsure | Dropped:
    """Faces see a failure raised."""
    if isinstance(outcome, Failed):
        raise outcome.error
    return outcome


def still_running() -> Unsure:
    """A confirmed call somebody else is carrying out."""
    return Unsure(msg("It was confirmed and is still being carried out. Look at the customer before you ask again."))


def unexpected() -> CrmError:
    """An error nobody foresaw, in the middle of a write."""
    return CrmError(
        msg("Something unexpected went wrong while the confirmed call was carried out."),
        done=msg("It is not known whether AntCRM did what was asked."),
        then=msg("Look at the customer before you ask again, and tell the admin."),
    )


def unfinished(done: int, total: int) -> Queued:
    """What takes longer than the one who waits for it has time."""
    if total:
        so_far = msg("It is not finished yet: {done} of {total} so far.", done=done, total=total)
    else:
        so_far = msg("It is not finished yet.")
    again = msg("It goes on by itself. Make the same call again to hear what became of it.")
    return Queued(join([so_far, again]), 0)
