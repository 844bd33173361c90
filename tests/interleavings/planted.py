"""Bugs to plant in the core, one at a time, each of which the machine has to find: else it watches nothing."""

# Each does what the core's own code does, but for the bug, and so needs what is the core's own.
# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, TypeAlias

import pytest

from antcrm_tools import creating, undoing
from antcrm_tools.answers import Answer, Lost, Reader
from antcrm_tools.changes import LEASE, Change, Hold, Intent, Wish
from antcrm_tools.creating import Created, acknowledged
from antcrm_tools.deciding import Deciding
from antcrm_tools.desk import Desk
from antcrm_tools.errors import Refused
from antcrm_tools.journal import Journal, Turn
from antcrm_tools.ledger.changes import Changes
from antcrm_tools.ledger.claims import Claims
from antcrm_tools.ledger.locks import Locks
from antcrm_tools.ledger.tickets import LedgerTickets
from antcrm_tools.liveness import new_holder
from antcrm_tools.looking import Looking
from antcrm_tools.models import Customer, Draft, Edit
from antcrm_tools.outcomes import Actor
from antcrm_tools.records import Records
from antcrm_tools.refs import Ref
from antcrm_tools.reversal import Reversal
from antcrm_tools.rights import Policy
from antcrm_tools.text import Text
from antcrm_tools.wire import Written

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]

_BROKEN = 500


def _sent_again(patch: pytest.MonkeyPatch) -> None:
    async def perhaps(records: Records, change: Change, turn: Turn, _why: Text) -> Created:
        refs = (await records.api.create(change.draft, check=turn.hold.check)).refs
        return await acknowledged(records, change, refs[0], [])

    patch.setattr(creating, "_perhaps", perhaps)


def _written_down_late(patch: pytest.MonkeyPatch) -> None:
    async def begun(records: Records, turn: Turn, wish: Wish, intent: Intent, known: list[Customer]) -> Created:
        assert isinstance(intent.wanted, Draft)
        refs = (await records.api.create(intent.wanted, check=turn.hold.check)).refs
        return await acknowledged(records, await records.journal.begin(turn, wish, intent), refs[0], known)

    patch.setattr(creating, "_begun", begun)


def _ticket_not_consumed(patch: pytest.MonkeyPatch) -> None:
    async def take(_tickets: LedgerTickets, _ticket: str, _by: Actor | None = None) -> bool:
        return True

    patch.setattr(LedgerTickets, "take", take)


def _anybody_answers(patch: pytest.MonkeyPatch) -> None:
    answer = Desk.answer

    async def anybody(desk: Desk, ticket_id: str, actor: Actor, **more: Any) -> Any:
        ticket = await desk.question(ticket_id)
        return await answer(desk, ticket_id, actor if ticket is None else ticket.actor, **more)

    patch.setattr(Desk, "answer", anybody)


def _anybody_undoes(patch: pytest.MonkeyPatch) -> None:
    look = undoing.look

    async def anybody(records: Records, number: int, who: str, hours: float, *, others: bool) -> Any:
        del others
        return await look(records, number, who, hours, others=True)

    def require(*_: object) -> None:
        pass

    patch.setattr(undoing, "look", anybody)
    patch.setattr(Policy, "require", require)


def _undone_whatever_came_since(patch: pytest.MonkeyPatch) -> None:
    def back(before: Customer, _after: Customer, fields: Iterable[str], *_: object) -> Reversal:
        return Reversal(Edit.model_validate({name: getattr(before, name) for name in fields}), ())

    patch.setattr("antcrm_tools.undoing.reversal", back)
    patch.setattr("antcrm_tools.undoing.literally_differing", _nothing)


def _no_turns(patch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def turn(journal: Journal, names: Iterable[str]) -> AsyncGenerator[Turn]:
        now = journal.now()
        yield Turn(Hold(new_holder(), tuple(names), now, now + LEASE, journal.now), tuple(names))

    patch.setattr(Journal, "turn", turn)
    _holds_nothing(patch)


def _holds_nothing(patch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> bool:
        return True

    patch.setattr(Locks, "bind", bind)


def _broken_is_failed(patch: pytest.MonkeyPatch) -> None:
    written = Reader.written

    def read(reader: Reader, answer: Answer | Lost, ref: Ref | None) -> Written:
        if isinstance(answer, Answer) and answer.status >= _BROKEN:
            raise Refused
        return written(reader, answer, ref)

    patch.setattr(Reader, "written", read)


def _old_answers(patch: pytest.MonkeyPatch) -> None:
    replayed = creating.replayed

    async def whatever_came_since(records: Records, wish: Wish) -> Created | None:
        earlier = await records.journal.ledger.changes.of_cause(wish.cause)
        if earlier is not None and earlier.status == "undone" and earlier.after is not None:
            return Created(earlier.after, earlier.id, again=True)
        return await replayed(records, wish)

    patch.setattr(creating, "replayed", whatever_came_since)


def _no_memory(patch: pytest.MonkeyPatch) -> None:
    async def of_cause(_changes: Changes, _cause: str) -> None:
        return None

    patch.setattr(Changes, "of_cause", of_cause)


def _claims_ignored(patch: pytest.MonkeyPatch) -> None:
    async def claimed(_claims: Claims, _refs: Iterable[str]) -> frozenset[str]:
        return frozenset()

    patch.setattr(Claims, "of", claimed)


def _waiting_is_sent_blindly(patch: pytest.MonkeyPatch) -> None:
    async def send_waiting(looking: Looking, change: Change, turn: Turn) -> None:
        await looking._send(change, turn)

    patch.setattr(Looking, "send_waiting", send_waiting)


def _unsure_is_sent_blindly(patch: pytest.MonkeyPatch) -> None:
    async def create(looking: Looking, change: Change, turn: Turn) -> None:
        await looking._send(change, turn)

    patch.setattr(Looking, "create", create)


def _deletes_again(patch: pytest.MonkeyPatch) -> None:
    delete = Looking.delete

    async def again(looking: Looking, change: Change, turn: Turn) -> None:
        assert change.ref is not None
        if await looking._records.journal.ledger.duty.send_again(change, turn.hold.holder):
            await looking._records.api.delete(change.ref, check=turn.hold.check)
        await delete(looking, change, turn)

    patch.setattr(Looking, "delete", again)


def _no_patience(patch: pytest.MonkeyPatch) -> None:
    async def too_early(*_: object) -> bool:
        return False

    patch.setattr(Looking, "_too_early", too_early)


def _edited_over_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("antcrm_tools.looking.literally_differing", _nothing)


def _shown_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    for place in ("tools.delete_customer", "records"):
        # By its name in the list of modules, where the tool of the same name does not stand before it.
        patch.setattr(import_module(f"antcrm_tools.{place}"), "fingerprint", _the_same)


def _expired_counts(patch: pytest.MonkeyPatch) -> None:
    decided, now = Deciding._decided, LedgerTickets.now

    async def early(tickets: LedgerTickets) -> datetime:
        return await now(tickets) - timedelta(minutes=2)

    async def late(deciding: Deciding, *rest: Any) -> Any:
        with pytest.MonkeyPatch.context() as meanwhile:
            meanwhile.setattr(LedgerTickets, "now", early)
            return await decided(deciding, *rest)

    patch.setattr(Deciding, "_decided", late)


def _nothing(*_: object) -> list[str]:
    return []


def _the_same(*_: object) -> str:
    return "the same"


PLANTS: dict[str, Plant] = {
    "sent again when the answer is lost": _sent_again,
    "written down after the request": _written_down_late,
    "a ticket is not consumed": _ticket_not_consumed,
    "anybody answers": _anybody_answers,
    "anybody undoes": _anybody_undoes,
    "undone whatever came since": _undone_whatever_came_since,
    "no turns": _no_turns,
    "an open change holds nothing": _holds_nothing,
    "500 is taken for failed": _broken_is_failed,
    "an old answer after an undo": _old_answers,
    "no wish is remembered": _no_memory,
    "claims are ignored": _claims_ignored,
    "what waits is sent blindly": _waiting_is_sent_blindly,
    "what is unsure is sent blindly": _unsure_is_sent_blindly,
    "deletes are sent again": _deletes_again,
    "AntCRM is given no time": _no_patience,
    "an edit goes over others": _edited_over_others,
    "what was shown is not compared": _shown_is_not_compared,
    "a late yes counts": _expired_counts,
}


@contextmanager
def _planted(plant: Plant) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        yield


def planted(name: str) -> AbstractContextManager[None]:
    """The core with one bug in it."""
    return _planted(PLANTS[name])
