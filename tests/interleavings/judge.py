"""Who looks at every write that reaches AntCRM, at everything people are told and at the ledger, and says what is wrong.

It knows nothing of how the program works: only what was asked, who said yes, what AntCRM holds and what is written down.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from antcrm_tools import wire
from antcrm_tools.changes import OPEN, REPLAY, Change, Status
from antcrm_tools.errors import CrmError, EditsStopped, NotStored
from antcrm_tools.identity.names import fold
from antcrm_tools.ledger.rows import change_of
from antcrm_tools.ledger.schema import changes, notices
from antcrm_tools.ledger.store import Store
from antcrm_tools.meaning import contact_keys, differing, literally_differing, same
from antcrm_tools.models import WRITABLE, Customer
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Outcome, Queued, Ticket, Unsure
from antcrm_tools.refs import Ref, require_ref
from antcrm_tools.registry import Call
from antcrm_tools.sandbox import LoggedRequest, Sandbox
from antcrm_tools.sandbox.losses import asked_losses
from antcrm_tools.sandbox.store import HandleKind, Query, Row
from antcrm_tools.sandbox.fields import national_digits
from antcrm_tools.sandbox.views import view
from antcrm_tools.tools.create_lead import LeadCreated
from antcrm_tools.tools.delete_customer import Deleted
from antcrm_tools.tools.fields import Changed
from antcrm_tools.tools.undo_change import Undone
from antcrm_tools.wire.names import FIELD_KEYS

Key = tuple[str, str, str, str]
"""A wish: who, through which face, the tool and its arguments."""


@dataclass
class Asked:
    """A question somebody was asked, and the customer as it was when they were."""

    actor: Actor
    call: Call
    expires: datetime
    shown: dict[str, Any] | None
    declined: bool = False


@dataclass
class Judge:
    """What was found to be wrong is in `wrong`."""

    sandbox: Sandbox
    ledger: Store
    now: Callable[[], datetime]
    wrong: list[str] = field(default_factory=list[str])
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    yes: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict[Key, set[str]](set))
    arrived: list[tuple[int, LoggedRequest]] = field(default_factory=list[tuple[int, LoggedRequest]])
    promised: dict[int, str] = field(default_factory=dict[int, str])
    writes: int = 0
    """Since the step began."""
    _open_then: dict[int, str] = field(default_factory=dict[int, str])
    _about: list[int] = field(default_factory=list[int])
    _before: dict[int, Status] = field(default_factory=dict[int, Status])

    # What reaches AntCRM

    def arrives(self, method: str, raw: bytes) -> None:
        """A write is about to be seen by AntCRM."""
        if method == "GET":
            return
        self.writes += 1
        body: dict[str, Any] = json.loads(raw)
        code = body.get("customerIdApiRing")
        if method == "POST":
            self._created(body, self._of_code(str(code), ("sent",)))
        elif code:
            self._met(str(code))
        else:
            ref = Ref("lead", str(body["leadId"])) if "leadId" in body else Ref("customer", str(body["customerId"]))
            row = self.row(ref)
            change = self._of_ref(ref, "edit" if method == "PUT" else "delete", row)
            if change is None:
                self._say(f"{method} {ref} left without an intent")
            elif any(each.ref == ref and each.id != change.id for each in self.open()):
                self._say(f"#{change.id} leaves while another change of {ref} is open")
            elif row is not None and method == "DELETE":
                self._deleted(change, row)
            elif row is not None:
                self._edited(change, row, body)
            self._about.append(0 if change is None else change.id)

    def answered(self, method: str, raw: bytes) -> None:
        """It was seen: which line of AntCRM's log it is."""
        if method == "GET" or not self._about:
            return
        body, known = json.loads(raw), {id(entry) for _, entry in self.arrived}
        for entry in reversed(self.sandbox.requests):
            if entry.method == method and entry.body == body and id(entry) not in known:
                self.arrived.append((self._about.pop(), entry))
                return

    def _created(self, body: dict[str, Any], change: Change | None) -> None:
        self._about.append(0 if change is None else change.id)
        if change is None:
            self._say(f"a create left without an intent: {body['name']}")
            return
        if self.sandbox.store.by_code(change.code) is not None and not self._alike(change):
            self._say(f"#{change.id} is sent once more though the customer is there")
        keys = contact_keys(change.draft)
        for other in self.open():
            if other.action == "create" and other.id != change.id and keys & contact_keys(other.draft):
                self._say(f"#{change.id} leaves while #{other.id} is open, which has the same phone or e-mail")
        if '"allow_duplicate":true' in change.wish.arguments:
            return
        for row in self._with_contacts(body):
            self._say(f"#{change.id} doubles {_ref(row)}")

    def _met(self, code: str) -> None:
        change = self._of_code(code, OPEN)
        self._about.append(0 if change is None else change.id)
        row = self.sandbox.store.by_code(code)
        if change is None:
            self._say("a name was written by a code without an intent")
        elif row is not None and fold(row.fields["name"]) != fold(change.draft.name):
            self._say(f"#{change.id} writes its name over a colleague's")

    def _deleted(self, change: Change, row: Row) -> None:
        if any(number == change.id for number, _ in self.arrived):
            self._say(f"the delete #{change.id} is sent a second time")
        key = _key(change)
        others = {each.id for each in self.all() if each.action == "delete" and _key(each) == key and each.sends}
        if len(others) > len(self.yes[key]):
            self._say(f"#{change.id} deletes {_ref(row)} without a yes")
        elif all(self.asked[ticket].shown != row.fields for ticket in self.yes[key]):
            self._say(f"#{change.id} deletes {_ref(row)}, which is not as it was shown")
        self._undoing(change, row)

    def _edited(self, change: Change, row: Row, body: dict[str, Any]) -> None:
        now = self._customer(row)
        if change.action == "create":
            for name in differing(WRITABLE, now, change.draft):
                if FIELD_KEYS[name] in body and getattr(now, name):
                    self._say(f"#{change.id} writes {name} over what a colleague wrote")
            return
        if change.before is None:
            self._say(f"#{change.id} has no before-image")
            return
        for name in literally_differing(change.fields, change.before, now):
            self._say(f"#{change.id} overwrites {name}, which is not in its before-image")
        gone = set(asked_losses(row.fields, body))
        free = {"tags"} if change.wish.tool in ("remove_tags", "undo_change") else set[str]()
        if gone - free and not self.yes[_key(change)]:
            self._say(f"#{change.id} takes {gone - free} away without a yes")
        self._undoing(change, row)

    def _undoing(self, change: Change, row: Row) -> None:
        """An undo is by somebody who may, and touches nothing that came after what it undoes."""
        if change.wish.undoes is None:
            return
        was, now = self.one(change.wish.undoes), self._customer(row)
        if was.wish.actor.who != change.wish.actor.who and change.wish.actor.who not in MAY_UNDO_OTHERS:
            self._say(f"{change.wish.actor.who} undoes #{was.id} of {was.wish.actor.who}")
        if was.after is None:
            self._say(f"#{change.id} undoes #{was.id}, of which nothing is known")
            return
        if change.action == "delete":
            for name in literally_differing(WRITABLE, was.after, now):
                self._say(f"#{change.id} deletes {_ref(row)}, of which {name} has changed since #{was.id}")
            return
        for name in change.fields:
            if name == "tags" and was.before is not None and change.wanted is not None:
                touched = set(was.before.tags) ^ set(was.after.tags)
                if (set(now.tags) ^ set(change.wanted.tags)) - touched:
                    self._say(f"#{change.id} touches tags that #{was.id} did not")
            elif name != "note" and not same(name, getattr(now, name), getattr(was.after, name)):
                self._say(f"#{change.id} overwrites {name}, which has changed since #{was.id}")

    # What people are told

    def told(self, actor: Actor, call: Call, told: Outcome | CrmError | None, *, alone: bool, ticket: str = "") -> None:
        """Somebody heard what became of a call. None: the process was killed, and nobody heard anything."""
        match told:
            case None:
                return
            case CrmError():
                if type(told) is CrmError or isinstance(told, NotStored | EditsStopped):
                    self._say(f"{call.tool.name}: {told.render('en')}")
            case Ask():
                shown = self._shown(call)
                self.asked.setdefault(told.ticket, Asked(actor, call, told.expires, shown))
                if alone and self.writes:
                    self._say(f"{call.tool.name} wrote before it asked")
            case Dropped():
                if alone and self.writes:
                    self._say(f"{call.tool.name} was dropped and wrote all the same")
                if ticket and told.reason == "declined":
                    self.asked[ticket].declined = True
            case Unsure() | Queued():
                found = [c for c in self.all() if _key(c)[2:] == (call.tool.name, call.canonical)]
                if not found and not ticket:
                    self._say(f"{call.tool.name} was promised, and nothing is written down")
                self._open_then |= {c.id: call.tool.name for c in found if c.is_open and c.wish.actor.who == actor.who}
            case Done():
                if alone:
                    self._done(call, told)

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
                    self._say(f"{line.ref} was said to be created and is not there (#{change.id}: {change.status})")
            case Deleted(ref=ref) if not told.again and self.row(require_ref(ref)) is not None:
                self._say(f"{ref} was said to be deleted and is there")
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
        now = self._customer(row)
        right = {
            "add_tags": set(args.get("tags", ())) <= set(now.tags),
            "remove_tags": not set(args.get("tags", ())) & set(now.tags),
            "update_stage": now.stage == args.get("stage"),
        }
        if not right[call.tool.name]:
            self._say(f"{call.tool.name} of {ref} was said to be done and is not so")

    def _undone(self, result: Undone) -> None:
        was = self.one(result.undone)
        if was.action != "edit" or not result.ref or was.before is None or was.after is None or result.earlier:
            return
        row = self.row(require_ref(result.ref))
        for name in result.restored if row is not None else ():
            now, before, after = (getattr(c, name) for c in (self._customer(row), was.before, was.after)) if row else ()
            if name == "tags":
                right = set(before) - set(after) <= set(now) and not (set(after) - set(before)) & set(now)
            else:
                right = name == "note" or same(name, now, before)
            if not right:
                self._say(f"#{was.id} was said to be undone, and {name} is not as it was")

    # What is written down

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
            if change.action == "create" and born[change.code] > 1 and not self._alike(change):
                self._say(f"#{change.id} is there {born[change.code]} times")
        self.writes = 0

    def _became(self, change: Change, *, alone: bool) -> None:
        row = None if change.ref is None else self.row(change.ref)
        acted = any(number == change.id and entry.acted for number, entry in self.arrived)
        match change.action, change.status:
            case "create", "done" if alone:
                if row is None:
                    self._say(f"the create #{change.id} is done, and {change.ref} is not there")
                elif row.code != change.code and not self._alike(change):
                    self._say(f"#{change.id} takes {change.ref} for its own, which is another's")
            case "create", "failed" if acted and self.sandbox.store.by_code(change.code) is not None:
                self._say(f"the create #{change.id} failed, and the customer is there")
            case "edit", "done" if alone and row is not None and change.wanted is not None:
                for name in differing(change.fields, change.wanted, self._customer(row)):
                    self._say(f"the edit #{change.id} is done, and {name} is not so")
            case "edit", "failed" if acted:
                self._say(f"the edit #{change.id} failed, and AntCRM made it")
            case "delete", "done" if alone and row is not None:
                self._say(f"the delete #{change.id} is done, and {change.ref} is there")
            case "delete", "failed" if acted:
                self._say(f"the delete #{change.id} failed, and AntCRM made it")
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
                self._say(f"#{number} was undone twice, by {by}")
        for group in causes.values():
            if group[0].action == "create":
                live = [c for c in group if self.sandbox.store.by_code(c.code) is not None]
            else:
                live = [c for c in group if c.status == "done" and c.wish.lasting]
            for one, two in zip(live, live[1:], strict=False):
                again = one.settled_at is not None and two.begun_at - one.settled_at >= REPLAY
                if one.wish.lasting or not again:
                    self._say(f"#{one.id} and #{two.id} are one wish, and both were carried out")

    def open(self) -> list[Change]:
        """What is not settled."""
        return [change for change in self.all() if change.is_open]

    def last(self) -> None:
        """When everything had time to be settled."""
        for change in self.open():
            self._say(f"#{change.id} {change.action} is left {change.status}")
        owners: defaultdict[str, list[int]] = defaultdict(list)
        for change in self.all():
            if change.action == "create" and change.status == "done":
                owners[str(change.ref)].append(change.id)
        codes = {change.code for change in self.all() if change.code}
        for row in self.rows():
            if row.code in codes and len(owners[_ref(row)]) != 1:
                self._say(f"{_ref(row)} belongs to {owners[_ref(row)] or 'nobody'}")
        told = self.ledger.run_now(lambda c: set(c.execute(select(notices.c.change)).scalars()), False)
        for number, tool in self.promised.items():
            change = self.one(number)
            if change.status == "failed" and change.action == "create":
                self._say(f"the create #{number} was promised, and is lost")
            if number not in told and change.undone_by is None and change.status != "undone":
                self._say(f"what became of #{number} ({tool}) was promised, and never told")

    # What there is

    def all(self) -> list[Change]:
        """The whole ledger, oldest first."""
        query = select(changes).order_by(changes.c.id)
        return self.ledger.run_now(lambda c: [change_of(row) for row in c.execute(query).mappings()], False)

    def one(self, number: int) -> Change:
        """One change."""
        return next(change for change in self.all() if change.id == number)

    def rows(self) -> list[Row]:
        """Everybody in AntCRM, in a fixed order."""
        return sorted(self.sandbox.store.select(Query(limit=1000)), key=lambda row: (row.space, row.id))

    def row(self, ref: Ref) -> Row | None:
        """One customer as AntCRM has it."""
        return self.sandbox.store.get(ref.space, int(ref.id))

    def _customer(self, row: Row) -> Customer:
        return wire.read_customers([view(row, self.sandbox.switches)])[0]

    def _of_code(self, code: str, statuses: Iterable[Status]) -> Change | None:
        return next((c for c in self.all() if c.code == code and c.status in statuses), None)

    def _of_ref(self, ref: Ref, action: str, row: Row | None) -> Change | None:
        for change in self.all():
            if change.ref == ref and change.action == action and change.status == "sent":
                return change
            if change.is_open and row is not None and row.code and change.code == row.code and action == "edit":
                return change
        return None

    def _alike(self, change: Change) -> bool:
        """Whether other creates sent just the same, so that nobody can tell whose is whose."""
        return any(
            each.id != change.id
            and each.action == "create"
            and not literally_differing(WRITABLE, each.draft, change.draft)
            for each in self.all()
        )

    def _with_contacts(self, body: dict[str, Any]) -> list[Row]:
        handles: list[tuple[HandleKind, str]] = [
            ("phone_national", national_digits(phone["value"])) for phone in body.get("phones", ())
        ]
        handles += [("email", email["value"].casefold()) for email in body.get("emails", ())]
        return [row for handle in handles for row in self.sandbox.store.select(Query(handles=[handle]))]

    def _say(self, what: str) -> None:
        self.wrong.append(what)


MAY_UNDO_OTHERS: set[str] = set()


def _key(change: Change) -> Key:
    return change.wish.actor.who, change.wish.actor.face, change.wish.tool, change.wish.arguments


def _ref(row: Row) -> str:
    return f"{'L' if row.space == 'lead' else 'C'}{row.id}"
