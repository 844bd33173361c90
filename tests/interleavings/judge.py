"""Who looks at everything people are told and at the ledger, and says what is wrong."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from antcrm_tools.changes import REPLAY, Change, Status
from antcrm_tools.errors import CrmError, EditsStopped, NotStored
from antcrm_tools.ledger.schema import notices
from antcrm_tools.meaning import differing, same
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome, Queued, Unsure
from antcrm_tools.refs import require_ref
from antcrm_tools.registry import Call
from antcrm_tools.tools.create_lead import LeadCreated
from antcrm_tools.tools.delete_customer import Deleted
from antcrm_tools.tools.fields import Changed
from antcrm_tools.tools.undo_change import Undone
from tests.interleavings.evidence import Asked, key, ref_of
from tests.interleavings.gate import Gate


@dataclass
class Judge(Gate):
    """What people are told is so, and what they are promised comes true."""

    promised: dict[int, str] = field(default_factory=dict[int, str])
    _open_then: dict[int, str] = field(default_factory=dict[int, str])
    _before: dict[int, Status] = field(default_factory=dict[int, Status])

    def told(self, actor: Actor, call: Call, told: Outcome | CrmError | None, *, alone: bool, ticket: str = "") -> None:
        """Somebody heard what became of a call. None: the process was killed, and nobody heard anything."""
        name = call.tool.name
        if isinstance(told, Ask | Dropped) and alone and self.writes:
            self.say(f"{name} wrote all the same: {type(told).__name__}")
        match told:
            case CrmError() if type(told) is CrmError or isinstance(told, NotStored | EditsStopped):
                self.say(f"{name}: {told.render('en')}")
            case Ask():
                self.asked.setdefault(told.ticket, Asked(actor, call, told.expires, self._shown(call)))
            case Dropped(reason="declined"):
                self.asked[ticket].declined = True
            case Unsure() | Queued():
                self._promised(actor, call, ticket)
            case Done() if alone:
                self._done(call, told)
            case _:
                pass

    def _promised(self, actor: Actor, call: Call, ticket: str) -> None:
        found = [change for change in self.all() if key(change)[2:] == (call.tool.name, call.canonical)]
        if not found and not ticket:
            self.say(f"{call.tool.name} was promised, and nothing is written down")
        self._open_then |= {c.id: call.tool.name for c in found if c.is_open and c.wish.actor.who == actor.who}

    def _shown(self, call: Call) -> dict[str, Any] | None:
        ref: str | None = getattr(call.args, "ref", None)
        if ref is None:
            undone = self.one(getattr(call.args, "change", 0))
            ref = None if undone.ref is None else str(undone.ref)
        row = None if ref is None else self.row(require_ref(ref))
        return None if row is None else json.loads(json.dumps(row.fields))

    def _done(self, call: Call, told: Done) -> None:
        match told.result:
            case LeadCreated(created=line) if line is not None:
                change = self.one(told.result.change or 0)
                if self.row(require_ref(line.ref)) is None or str(change.ref) != line.ref or change.status != "done":
                    self.say(f"{line.ref} was said to be created and is not there (#{change.id}: {change.status})")
            case Deleted(ref=ref) if not told.again and self.row(require_ref(ref)) is not None:
                self.say(f"{ref} was said to be deleted and is there")
            case Changed() if not told.again:
                self._changed(call, told.result.ref)
            case Undone():
                self._undone(told.result)
            case _:
                pass

    def _changed(self, call: Call, ref: str) -> None:
        row, args = self.row(require_ref(ref)), call.args.model_dump()
        if row is None or call.tool.name == "add_note":
            return
        now = self.customer(row)
        right = {
            "add_tags": set(args.get("tags", ())) <= set(now.tags),
            "remove_tags": not set(args.get("tags", ())) & set(now.tags),
            "update_stage": now.stage == args.get("stage"),
        }
        if not right[call.tool.name]:
            self.say(f"{call.tool.name} of {ref} was said to be done and is not so")

    def _undone(self, result: Undone) -> None:
        was = self.one(result.undone)
        if was.action != "edit" or not result.ref or was.before is None or was.after is None or result.earlier:
            return
        row = self.row(require_ref(result.ref))
        if row is None:
            return
        for name in result.restored:
            now, before, after = (getattr(one, name) for one in (self.customer(row), was.before, was.after))
            if name == "tags":
                right = set(before) - set(after) <= set(now) and not (set(after) - set(before)) & set(now)
            else:
                right = name == "note" or same(name, now, before)
            if not right:
                self.say(f"#{was.id} was said to be undone, and {name} is not as it was")

    def look(self, *, alone: bool) -> None:
        """After every step. `alone`: nothing else was done in it."""
        there = self.all()
        for change in there:
            if self._before.get(change.id) != change.status:
                self._became(change, alone=alone)
            if change.is_open and change.id in self._open_then:
                # Where it was settled within the step, somebody was at it, and they heard.
                self.promised[change.id] = self._open_then[change.id]
        self._open_then.clear()
        self._before = {change.id: change.status for change in there}
        self._twice(there)
        born = Counter(row.code for row in self.rows() if row.code)
        for change in there:
            if change.action == "create" and born[change.code] > 1 and not self.alike(change):
                self.say(f"#{change.id} is there {born[change.code]} times")
        self.writes = 0

    def _became(self, change: Change, *, alone: bool) -> None:
        row = None if change.ref is None else self.row(change.ref)
        acted = any(number == change.id and entry.acted for number, entry in self.arrived)
        match change.action, change.status:
            case "create", "done" if alone:
                if row is None:
                    self.say(f"the create #{change.id} is done, and {change.ref} is not there")
                elif row.code != change.code and not self.alike(change):
                    self.say(f"#{change.id} takes {change.ref} for its own, which is another's")
            case "create", "failed" if acted and self.sandbox.store.by_code(change.code) is not None:
                self.say(f"the create #{change.id} failed, and the customer is there")
            case "edit", "done" if alone and row is not None and change.wanted is not None:
                for name in differing(change.fields, change.wanted, self.customer(row)):
                    self.say(f"the edit #{change.id} is done, and {name} is not so")
            case "edit", "failed" if acted:
                self.say(f"the edit #{change.id} failed, and AntCRM made it")
            case "delete", "done" if alone and row is not None:
                self.say(f"the delete #{change.id} is done, and {change.ref} is there")
            case "delete", "failed" if acted:
                self.say(f"the delete #{change.id} failed, and AntCRM made it")
            case _:
                pass

    def _twice(self, there: list[Change]) -> None:
        causes: defaultdict[str, list[Change]] = defaultdict(list)
        undos: defaultdict[int, list[int]] = defaultdict(list)
        for change in there:
            if change.wish.undoes is not None and change.status in ("done", "undone"):
                undos[change.wish.undoes].append(change.id)
            elif change.wish.cause and change.wish.undoes is None:
                causes[change.wish.cause].append(change)
        for number, by in undos.items():
            if len(by) > 1:
                self.say(f"#{number} was undone twice, by {by}")
        for group in causes.values():
            if group[0].action == "create":
                live = [c for c in group if self.sandbox.store.by_code(c.code) is not None]
            else:
                live = [c for c in group if c.status == "done" and c.wish.lasting]
            for one, two in itertools.pairwise(live):
                again = one.settled_at is not None and two.begun_at - one.settled_at >= REPLAY
                if one.wish.lasting or not again:
                    self.say(f"#{one.id} and #{two.id} are one wish, and both were carried out")

    def last(self) -> None:
        """When everything had time to be settled."""
        for change in self.open():
            self.say(f"#{change.id} {change.action} is left {change.status}")
        owners: defaultdict[str, list[int]] = defaultdict(list)
        for change in self.all():
            if change.action == "create" and change.status == "done":
                owners[str(change.ref)].append(change.id)
        codes = {change.code for change in self.all() if change.code}
        for row in self.rows():
            if row.code in codes and len(owners[ref_of(row)]) != 1:
                self.say(f"{ref_of(row)} belongs to {owners[ref_of(row)] or 'nobody'}")
        told = self.ledger.run_now(lambda c: set(c.execute(select(notices.c.change)).scalars()), False)
        for number, tool in self.promised.items():
            change = self.one(number)
            if change.status == "failed" and change.action == "create":
                self.say(f"the create #{number} was promised, and is lost")
            if number not in told and change.undone_by is None and change.status != "undone":
                self.say(f"what became of #{number} ({tool}) was promised, and never told")
