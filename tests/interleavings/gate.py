"""Who looks at every write that reaches AntCRM.

It knows nothing of how the program works: only what was asked, who said yes, what AntCRM holds and what is in the
ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from antcrm_tools.changes import OPEN, Change
from antcrm_tools.identity.names import fold
from antcrm_tools.meaning import contact_keys, differing, literally_differing, same
from antcrm_tools.models import WRITABLE
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox.losses import asked_losses
from antcrm_tools.sandbox.store import Row
from antcrm_tools.wire.names import FIELD_KEYS
from tests.interleavings.evidence import MAY_UNDO_OTHERS, Evidence, key, ref_of


@dataclass
class Gate(Evidence):
    """Every write has an intent, and takes nothing away that nobody said yes to or that came since."""

    writes: int = 0
    """Since the step began."""
    _about: list[int] = field(default_factory=list[int])

    def arrives(self, method: str, raw: bytes) -> None:
        """A write is about to be seen by AntCRM."""
        if method == "GET":
            return
        self.writes += 1
        body: dict[str, Any] = json.loads(raw)
        code = body.get("customerIdApiRing")
        if method == "POST":
            self._created(body, self.of_code(str(code), ("sent",)))
        elif code:
            self._met(str(code), str(body["name"]))
        else:
            ref = Ref("lead", str(body["leadId"])) if "leadId" in body else Ref("customer", str(body["customerId"]))
            row = self.row(ref)
            change = self.of_ref(ref, "edit" if method == "PUT" else "delete", row)
            if change is None:
                self.say(f"{method} {ref} left without an intent")
            elif any(each.ref == ref and each.id != change.id and each.action != "create" for each in self.open()):
                self.say(f"#{change.id} leaves while another change of {ref} is open")
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
            self.say(f"a create left without an intent: {body['name']}")
            return
        if self.sandbox.store.by_code(change.code) is not None and not self.alike(change):
            self.say(f"#{change.id} is sent once more though the customer is there")
        keys = contact_keys(change.draft)
        for other in self.open():
            if other.action == "create" and other.id != change.id and keys & contact_keys(other.draft):
                self.say(f"#{change.id} leaves while #{other.id} is open, which has the same phone or e-mail")
        if '"allow_duplicate":true' in change.wish.arguments:
            return
        for row in self.with_contacts(body):
            self.say(f"#{change.id} doubles {ref_of(row)}")

    def _met(self, code: str, name: str) -> None:
        change = self.of_code(code, OPEN)
        self._about.append(0 if change is None else change.id)
        row = self.sandbox.store.by_code(code)
        if change is None:
            self.say("a name was written by a code without an intent")
        elif row is not None and fold(row.fields["name"]) != fold(name) and contact_keys(change.draft):
            # Without phone and e-mail nothing tells that it was renamed; the name is put back once it is met.
            self.say(f"#{change.id} writes its name over a colleague's")

    def _deleted(self, change: Change, row: Row) -> None:
        if any(number == change.id for number, _ in self.arrived):
            self.say(f"the delete #{change.id} is sent a second time")
        wish = key(change)
        others = {each.id for each in self.all() if each.action == "delete" and key(each) == wish and each.sends}
        if len(others) > len(self.yes[wish]):
            self.say(f"#{change.id} deletes {ref_of(row)} without a yes")
        elif all(self.asked[ticket].shown != row.fields for ticket in self.yes[wish]):
            self.say(f"#{change.id} deletes {ref_of(row)}, which is not as it was shown")
        self._undoing(change, row)

    def _edited(self, change: Change, row: Row, body: dict[str, Any]) -> None:
        now = self.customer(row)
        if change.action == "create":
            for name in differing(WRITABLE, now, change.draft):
                if FIELD_KEYS[name] in body and getattr(now, name):
                    self.say(f"#{change.id} writes {name} over what a colleague wrote")
            return
        if change.before is None:
            self.say(f"#{change.id} has no before-image")
            return
        for name in literally_differing(change.fields, change.before, now):
            self.say(f"#{change.id} overwrites {name}, which is not in its before-image")
        gone = set(asked_losses(row.fields, body))
        free = {"tags"} if change.wish.tool in ("remove_tags", "undo_change") else set[str]()
        if gone - free and not self.yes[key(change)]:
            self.say(f"#{change.id} takes {gone - free} away without a yes")
        self._undoing(change, row)

    def _undoing(self, change: Change, row: Row) -> None:
        """An undo is by somebody who may, and touches nothing that came after what it undoes."""
        if change.wish.undoes is None:
            return
        was, now = self.one(change.wish.undoes), self.customer(row)
        if was.wish.actor.who != change.wish.actor.who and change.wish.actor.who not in MAY_UNDO_OTHERS:
            self.say(f"{change.wish.actor.who} undoes #{was.id} of {was.wish.actor.who}")
        if was.after is None:
            self.say(f"#{change.id} undoes #{was.id}, of which nothing is known")
            return
        if change.action == "delete":
            for name in literally_differing(WRITABLE, was.after, now):
                self.say(f"#{change.id} deletes {ref_of(row)}, of which {name} has changed since #{was.id}")
            return
        for name in change.fields:
            if name == "tags" and was.before is not None and change.wanted is not None:
                touched = set(was.before.tags) ^ set(was.after.tags)
                if (set(now.tags) ^ set(change.wanted.tags)) - touched:
                    self.say(f"#{change.id} touches tags that #{was.id} did not")
            elif name != "note" and not same(name, getattr(now, name), getattr(was.after, name)):
                self.say(f"#{change.id} overwrites {name}, which has changed since #{was.id}")
