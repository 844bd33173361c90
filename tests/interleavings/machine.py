"""A machine that does at random what people, colleagues, the network and time can do, and lets the judge look at it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from antcrm_tools.errors import CrmError
from antcrm_tools.outcomes import Actor, Outcome
from antcrm_tools.registry import Call
from antcrm_tools.sandbox.writes import new_row
from antcrm_tools.tools import tool_named
from tests.interleavings.office import Office
from tests.interleavings.people import (
    LEADS,
    METHODS,
    NOTES,
    PEOPLE,
    STAGES,
    TAGS,
    Method,
    Trouble,
    Wish,
    newest,
    questions,
    troubles,
    wishes,
)


class Machine(RuleBasedStateMachine):
    """Each step is short, and runs to its end or to the death of its process."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Office()
        self.judge = self.office.judge
        self.alone = True

    @rule(wish=wishes)
    def do(self, wish: Wish) -> None:
        """Somebody does something."""
        self.office.run(self._do(wish, alone=True))

    @rule(wish=wishes)
    def confirmed(self, wish: Wish) -> None:
        """Somebody does something, and says yes where they are asked."""
        self.office.run(self._confirmed(wish))

    @rule(wish=wishes, kind=troubles, blind=st.sampled_from((0, 40)), heals=st.booleans())
    def spoilt(self, wish: Wish, kind: Trouble, blind: int, heals: bool) -> None:
        """The very write somebody makes meets something."""
        self.trouble(kind, METHODS.get(wish.kind, "*" if wish.kind in ("undo", "answer") else "PUT"), 1, blind)
        self.office.run(self._confirmed(wish))
        if heals:
            self.heal()

    @rule(
        wish=wishes,
        fuse=st.one_of(st.integers(0, 6), st.integers(0, 60)),
        seen=st.booleans(),
        lit=st.booleans(),
        slow=st.booleans(),
    )
    def killed(self, wish: Wish, fuse: int, seen: bool, lit: bool, slow: bool) -> None:
        """The process dies in the middle of what somebody does. `slow`: AntCRM is at it when the other one looks."""
        method = METHODS.get(wish.kind, "PUT")
        if slow:
            self.trouble("late", method, 1, 0)
        self.kill(wish.at, fuse, seen, method if lit else "")
        self.office.run(self._confirmed(wish))
        if slow:
            self.look_after(1 - wish.at)
            self.late()

    @rule(wish=questions, between=st.sampled_from(("colleague", "time", "stranger", "lost")))
    def asked(self, wish: Wish, between: str) -> None:
        """Something comes between a question and the yes."""
        before = len(self.judge.asked)
        self.do(wish)
        if len(self.judge.asked) == before:
            return
        yes = Wish("answer", wish.person, 0, 0, 0, wish.at)
        match between:
            case "colleague":
                self.colleague("stage", wish.which, 0)
            case "time":
                self.office.clock.advance(seconds=700)
            case "stranger":
                yes = Wish("answer", 0, 0, 0, 1, wish.at)
            case _:
                self.trouble("lost", "DELETE", 1, 0)
                self.do(yes)
        self.do(yes)

    @rule(one=wishes, two=wishes, same=st.integers(0, 3), seed=st.integers(0, 99))
    def both(self, one: Wish, two: Wish, same: int, seed: int) -> None:
        """Two do something at once, often the same."""
        self.alone = False
        self.office.chance.seed(seed)
        second = two if same == 3 else Wish(one.kind, one.person, one.which, one.word, one.message, two.at)

        async def together() -> None:
            await asyncio.gather(self._do(one, alone=False), self._do(second, alone=False))

        self.office.run(together())

    @rule(
        kind=st.sampled_from(("stage", "tag", "note", "rename", "delete", "create")),
        which=st.integers(0, 4),
        word=st.integers(0, 1),
    )
    def colleague(self, kind: str, which: int, word: int) -> None:
        """Somebody works in AntCRM itself."""
        rows, store, now = self.judge.rows(), self.office.sandbox.store, int(self.office.clock().timestamp() * 1000)
        if kind == "create":
            phones = [{"type": "Work", "value": "0901000006"}] if word else []
            store.save(new_row("lead", None, {"name": "Khách của đồng nghiệp", "phones": phones}, now))
            return
        if not rows:
            return
        row = newest(rows, which)
        fields = row.fields
        match kind:
            case "stage":
                fields["stage"] = ("Của đồng nghiệp", "Chốt")[word]
            case "tag":
                fields["tags"] = [*fields["tags"], f"đồng nghiệp {len(fields['tags'])}"]
            case "note":
                fields["bgInfo"] = f"{fields['bgInfo']}\nĐồng nghiệp ghi." if word else "Đồng nghiệp ghi."
            case "rename":
                fields["name"] += " (đổi)"
            case _:
                store.remove(row, hard=True)
                return
        row.updated = now
        store.save(row)

    @rule(
        kind=troubles,
        method=st.sampled_from(("POST", "PUT", "DELETE", "GET", "*")),
        times=st.sampled_from((1, 1, 2, 4, 20)),
        blind=st.sampled_from((0, 0, 4, 40)),
    )
    def trouble(self, kind: Trouble, method: Method, times: int, blind: int) -> None:
        """What the next requests meet, and how many reads after the next write."""
        self.office.blind.armed = blind
        line, faults = self.office.line, self.office.sandbox.faults
        match kind:
            case "lost":
                line.lose_request(method, times=times)
            case "no answer":
                line.lose_answer(method, how=httpx.ReadTimeout, times=times)
            case "cut":
                line.cut_answer(method, times=times)
            case "500 acted":
                faults.fail(method, 500, act=True, times=times)
            case "late":
                faults.act_late("POST" if method in ("GET", "*") else method, times=times)
            case status:
                faults.fail(method, int(status), times=times)

    @rule(
        at=st.integers(0, 1),
        fuse=st.one_of(st.integers(0, 6), st.integers(0, 60)),
        seen=st.booleans(),
        lit_by=st.sampled_from(("", "POST", "PUT", "DELETE")),
    )
    def kill(self, at: int, fuse: int, seen: bool, lit_by: str = "") -> None:
        """A process dies at a later step of its next work, or after a write; others can see that, or not."""
        process = self.office.process(at)
        process.fuse, process.seen, process.lit_by = fuse, seen, lit_by

    @rule(seconds=st.sampled_from((1, 31, 121, 200, 601, 3600)), at=st.integers(0, 1))
    def wait(self, seconds: int, at: int) -> None:
        """Time passes, and a process looks after what is open. AntCRM ends what it is at within the pause."""
        self.office.run(self.office.act_late())
        self.office.clock.advance(seconds=seconds)
        self.office.run(self.office.tick(at))

    @rule(at=st.integers(0, 1))
    def look_after(self, at: int) -> None:
        """A process looks after what is open, before AntCRM ends what it is at."""
        self.office.run(self.office.tick(at))

    @rule(seed=st.integers(0, 99))
    def both_look_after(self, seed: int) -> None:
        """Two processes look after what is open at once."""
        self.alone = False
        self.office.chance.seed(seed)
        self.office.clock.advance(seconds=121)

        async def together() -> None:
            await self.office.act_late()
            await asyncio.gather(self.office.tick(0), self.office.tick(1))

        self.office.run(together())

    @rule()
    def late(self) -> None:
        """AntCRM ends what it is at."""
        self.office.run(self.office.act_late())

    @rule(seconds=st.sampled_from((10, 400, 10_000)))
    def back(self, seconds: int) -> None:
        """Our machines' clock is set back."""
        self.office.off -= timedelta(seconds=seconds)

    @rule()
    def heal(self) -> None:
        """The line is well again, and so is AntCRM."""
        self.office.heal()

    @invariant()
    def nothing_is_wrong(self) -> None:
        """What the judge says."""
        self.judge.look(alone=self.alone)
        self.alone = True
        assert not self.judge.wrong, self.judge.wrong

    def teardown(self) -> None:
        """In the end everything is settled, and as people were told."""
        try:
            if not self.judge.wrong:
                self.office.run(self.office.settle())
                assert not self.judge.wrong, self.judge.wrong
        finally:
            self.office.close()

    async def _confirmed(self, wish: Wish) -> None:
        before = len(self.judge.asked)
        await self._do(wish, alone=True)
        if len(self.judge.asked) > before:
            await self._do(Wish("answer", wish.person, 0, 0, 0, wish.at), alone=True)

    async def _do(self, wish: Wish, *, alone: bool) -> None:
        actor, process = PEOPLE[wish.person], self.office.process(wish.at)
        if wish.kind == "answer":
            await self._answer(wish, actor, alone=alone)
            return
        call = self._call(wish)
        if call is None:
            return
        source = "" if wish.message is None else f"{wish.kind} {call.canonical} {wish.message}"

        async def submit() -> Outcome | CrmError:
            try:
                return await process.desk.submit(call, actor, source=source)
            except CrmError as error:
                return error

        told = await self.office.inside(process, submit())
        self.judge.told(actor, call, told, alone=alone)

    async def _answer(self, wish: Wish, actor: Actor, *, alone: bool) -> None:
        if not self.judge.asked:
            return
        ticket, asked = newest(list(self.judge.asked.items()), wish.which)
        yes, process = wish.word == 0, self.office.process(wish.at)
        owner = actor if wish.message else asked.actor
        mine = (owner.who, owner.face) == (asked.actor.who, asked.actor.face)
        if yes and mine and not asked.declined and self.office.now() < asked.expires:
            key = (owner.who, owner.face, asked.call.tool.name, asked.call.canonical)
            self.judge.yes[key].add(ticket)

        async def answer() -> Outcome | CrmError:
            try:
                return await process.desk.answer(ticket, owner, yes=yes)
            except CrmError as error:
                return error

        told = await self.office.inside(process, answer())
        self.judge.told(asked.actor, asked.call, told, alone=alone, ticket=ticket)

    def _call(self, wish: Wish) -> Call | None:
        rows, made = self.judge.rows(), self.judge.all()
        if wish.kind in ("capture", "go on"):
            more = {"allow_duplicate": True} if wish.kind == "go on" else {}
            return tool_named("create_lead").call(LEADS[wish.which] | more)
        if wish.kind == "undo":
            return tool_named("undo_change").call({"change": newest(made, wish.which).id}) if made else None
        if not rows:
            return None
        row = newest(rows, wish.which)
        ref = f"{'L' if row.space == 'lead' else 'C'}{row.id}"
        match wish.kind:
            case "tag" | "untag":
                tool, more = ("add_tags" if wish.kind == "tag" else "remove_tags"), {"tags": [TAGS[wish.word]]}
            case "stage":
                tool, more = "update_stage", {"stage": STAGES[wish.word]}
            case "note":
                tool, more = "add_note", {"note": NOTES[wish.word]}
            case _:
                tool, more = "delete_customer", {}
        return tool_named(tool).call({"ref": ref} | more)
