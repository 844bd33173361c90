"""What an assistant may do is what the person it works for may do, and no more than this program."""

from __future__ import annotations

import pytest

from antcrm_tools.house import House
from antcrm_tools.ledger.members import Members
from antcrm_tools.members import Role
from antcrm_tools.sandbox import AN, HOA, Sandbox
from tests.fakes.assistant import ERAS, Era, assistant

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
        await book.set_role(LAN, "manager", admins=[])
        assert not (await a.call("delete_customer", ref=HOA.ref)).is_error
        await book.set_role(LAN, "viewer", admins=[])
        assert REFUSED in (await a.call("add_tags", ref=AN.ref, tags=["x"])).text
        await book.remove(LAN, admins=[])
        assert REFUSED in (await a.call("get_customer", ref=AN.ref)).text
    assert len(sandbox.destroying()) == 1


async def test_who_is_no_member_may_what_the_program_may(house: House) -> None:
    await joined(house, "viewer", who="minh@antcrm.example")
    async with assistant(house) as a:
        assert not (await a.call("add_tags", ref=AN.ref, tags=["Đã gọi"])).is_error
