"""What an assistant may do is what the person it works for may do, and no more than this program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.house import House
from antcrm_tools.ledger.members import Members
from antcrm_tools.members import Role
from antcrm_tools.sandbox import AN, HOA, Sandbox
from antcrm_tools.text import msg
from tests.fakes.assistant import ERAS, Era, Person, assistant
from tests.fakes.world import world

LAN = "lan@antcrm.example"
REFUSED = "your role does not include"


async def joined(house: House, role: Role, who: str = LAN) -> Members:
    book = house.ledger().members
    await book.accept(await book.invite(who, role, by="boss"), 42)
    return book


@pytest.mark.parametrize("era", ERAS)
async def test_a_viewers_assistant_only_looks(house: House, sandbox: Sandbox, era: Era) -> None:
    await joined(house, "viewer")
    async with assistant(house, era=era) as a:
        assert AN.name in (await a.call("get_customer", ref=AN.ref)).text
        for tool, more in (("update_stage", {"stage": "Chốt"}), ("add_tags", {"tags": ["x"]}), ("delete_customer", {})):
            refused = await a.call(tool, ref=AN.ref, **more)
            assert refused.is_error
            assert REFUSED in refused.text
    assert not [request for request in sandbox.requests if request.method != "GET"]


@pytest.mark.parametrize("era", ERAS)
async def test_sales_change_and_do_not_delete(house: House, sandbox: Sandbox, era: Era) -> None:
    await joined(house, "sales")
    async with assistant(house, era=era) as a:
        assert not (await a.call("add_tags", ref=AN.ref, tags=["Đã gọi"])).is_error
        refused = await a.call("delete_customer", ref=HOA.ref)
        assert REFUSED in refused.text
    assert not sandbox.destroying()


async def test_a_role_counts_from_the_next_call_on(house: House, sandbox: Sandbox) -> None:
    book = await joined(house, "sales")
    await book.accept(await book.invite("boss@antcrm.example", "admin", by="boss"), 43)
    async with assistant(house) as a:
        await book.set_role(LAN, "manager", named=())
        assert not (await a.call("delete_customer", ref=HOA.ref)).is_error
        await book.set_role(LAN, "viewer", named=())
        assert REFUSED in (await a.call("add_tags", ref=AN.ref, tags=["x"])).text
        await book.remove(LAN, named=())
        assert "this person is none any more" in (await a.call("get_customer", ref=AN.ref)).text
        for uri in ("antcrm://stages", f"antcrm://stages/{HOA.stage}", "antcrm://owners"):
            with pytest.raises(MCPError, match="none any more"):
                await a.client.read_resource(uri)
    assert len(sandbox.destroying()) == 1


async def test_who_is_no_member_may_what_the_program_may(house: House) -> None:
    await joined(house, "viewer", who="minh@antcrm.example")
    async with assistant(house) as a:
        assert not (await a.call("add_tags", ref=AN.ref, tags=["Đã gọi"])).is_error


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("role", [None, "viewer"])
async def test_who_is_removed_while_the_question_stands_confirms_nothing(
    house: House, sandbox: Sandbox, era: Era, role: Role | None
) -> None:
    book = await joined(house, "manager")
    await book.accept(await book.invite("boss@antcrm.example", "admin", by="boss"), 43)

    async def meanwhile() -> None:
        await (book.remove(LAN, named=()) if role is None else book.set_role(LAN, role, named=()))

    async with assistant(house, era=era, person=Person(meanwhile=meanwhile)) as a:
        assert (await a.call("delete_customer", ref=HOA.ref)).is_error
        assert a.person.asked
    assert not sandbox.destroying()


async def test_who_may_write_has_to_be_known(tmp_path: Path) -> None:
    """A ledger that cannot be read now: looking up goes on, and nothing is written by whoever may have been removed."""
    async with world(url=tmp_path / "ledger.sqlite3") as w:
        await joined(w.house, "viewer")
        store = w.house.store()
        running = store.run
        broken = [True]

        async def run(work: Any, *, write: bool = True) -> Any:
            if broken and not write:
                broken.clear()
                raise LedgerBroken(msg("It is locked."))
            return await running(work, write=write)

        store.run = run
        async with assistant(w.house) as a:
            assert "It is locked." in (await a.call("add_tags", ref=AN.ref, tags=["x"])).text
            broken.append(True)
            assert AN.name in (await a.call("get_customer", ref=AN.ref)).text
            assert REFUSED in (await a.call("add_tags", ref=AN.ref, tags=["x"])).text
        assert not w.sent("PUT")
