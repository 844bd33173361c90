"""What the stories about creates have in common: the leads, and looking at what became of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import true

from antcrm_tools.changes import Change, Wish, of_words
from antcrm_tools.creating import Created, always, never
from antcrm_tools.house import House
from antcrm_tools.models import Customer, Draft, Phone
from antcrm_tools.outcomes import Actor
from tests.fakes.wishes import LAN, message, wish
from tests.fakes.world import World

PHONE = "0977123456"
PAUSE = 121.0
"""Seconds after which what was lost is looked for."""

LEASED = 181.0
"""Seconds after which a process that is gone no longer holds anything."""

Lead = Callable[[str], Draft]


def by_phone(code: str = "at-1", phone: str = PHONE) -> Draft:
    """A lead that can be found by its phone."""
    return Draft(name="Nguyễn Văn Bình", phones=(Phone(value=phone),), note="gọi buổi chiều", code=code)


def by_name(code: str = "at-1") -> Draft:
    """A lead without phone and e-mail: only what is new can be looked through for it."""
    return Draft(name="Trần Thị Bưởi", note="gặp ở hội chợ", code=code)


both = pytest.mark.parametrize("lead", [by_phone, by_name], ids=["by phone", "without phone and e-mail"])


def words() -> Wish:
    """What an assistant says: the same wish for ten minutes."""
    return wish(of_words(LAN.who, "mcp", "create_lead"), actor=Actor(LAN.who, "mcp"))


def tap() -> Wish:
    """What one message says: the same wish for ever."""
    return message("chat 7, message 12")


async def create(house: House, draft: Draft, by: Wish, *, go_on: bool = False) -> Created | list[Customer]:
    """As the tool does."""
    return await house.records().create(draft, by, go_on=always if go_on else never)


async def created(house: House, draft: Draft, by: Wish, *, go_on: bool = False) -> Created:
    """It has to be created."""
    made = await create(house, draft, by, go_on=go_on)
    assert isinstance(made, Created)
    return made


async def changes(w: World) -> list[Change]:
    """Everything in the ledger, oldest first."""
    return (await w.house.ledger().changes.listed(true()))[::-1]


async def the_change(w: World) -> Change:
    """The only one there is."""
    (change,) = await changes(w)
    return change


async def heard(w: World, actor: Actor = LAN) -> str:
    """What a person is told later."""
    return "\n".join(news.text.render("en") for news in await w.house.desk().news(actor))


def leads(w: World) -> int:
    """How many there are in AntCRM."""
    return w.sandbox.store.count("lead")


def posts(w: World) -> int:
    """Creates that reached AntCRM."""
    return len(w.sent("POST"))


async def one_as_sent(w: World, draft: Draft) -> None:
    """There is one lead, it holds all that was sent, and the ledger says that this change made it."""
    assert leads(w) == 1
    done = [change for change in await changes(w) if change.action == "create" and change.status == "done"]
    assert len(done) == 1
    assert done[0].ref is not None
    customer = await w.house.records().get(done[0].ref)
    assert (customer.name, customer.note) == (draft.name, draft.note)
    assert [phone.value for phone in customer.phones] == [phone.value for phone in draft.phones]
