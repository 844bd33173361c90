"""Creates that AntCRM certainly did not take: kept, and sent once when it can be reached."""

from __future__ import annotations

import httpx
import pytest

from antcrm_tools.errors import Held, KeptForLater, MayHaveActed
from antcrm_tools.refs import Ref
from antcrm_tools.sandbox.store import Row
from antcrm_tools.sandbox.writes import new_row
from tests.fakes.wishes import LAN, MINH, message
from tests.fakes.world import ALWAYS, World, world
from tests.interleavings.leads import (
    PAUSE,
    PHONE,
    Lead,
    both,
    by_name,
    by_phone,
    changes,
    create,
    created,
    heard,
    leads,
    one_as_sent,
    posts,
    tap,
    the_change,
)

SOON = 31.0
"""Seconds after which what waits is tried for the first time."""


def colleague(w: World, name: str, phone: str, code: str | None = None) -> Row:
    """Somebody creates a lead in AntCRM itself."""
    row = new_row("lead", None, {"name": name, "phones": [{"type": "Work", "value": phone}]}, _ms(w))
    row.code = code
    return w.sandbox.store.save(row)


def _ms(w: World) -> int:
    return int(w.clock().timestamp() * 1000)


@both
@pytest.mark.parametrize("where", ["at the first look", "when it leaves"])
@pytest.mark.parametrize("how", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_without_a_connection_it_is_kept_and_sent_once_later(
    lead: Lead, where: str, how: type[httpx.TransportError]
) -> None:
    async with world(people=0) as w:
        w.line.lose_request("*" if where == "at the first look" else "POST", how=how, times=ALWAYS)
        with pytest.raises(KeptForLater) as told:
            await create(w.house, lead("at-1"), tap())
        assert told.value.change == 1
        assert "could not be reached" in told.value.render("en")
        assert leads(w) == 0
        w.line.clear()
        await w.later(seconds=SOON)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))
        assert "saved now" in await heard(w)
        await w.later(hours=1)
        assert posts(w) == 1


@both
async def test_asked_to_slow_down_it_is_kept_and_sent_once_later(lead: Lead) -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 429)
        with pytest.raises(KeptForLater):
            await create(w.house, lead("at-1"), tap())
        await w.later(seconds=SOON)
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))


async def test_what_waits_is_sent_oldest_first() -> None:
    async with world(people=0) as w:
        # At the first look or when it leaves, as they have a phone or not.
        w.line.lose_request(times=ALWAYS)
        for number in range(4):
            w.clock.advance(seconds=1)
            draft = by_phone(f"at-{number}", f"097712340{number}") if number % 2 else by_name(f"at-{number}")
            with pytest.raises(KeptForLater):
                await create(w.house, draft, message(f"message {number}"))
        w.line.clear()
        await w.later(seconds=SOON)
        assert [post.body["customerIdApiRing"] for post in w.sent("POST")] == [f"at-{number}" for number in range(4)]
        assert leads(w) == 4


ONE_LOOK = 6
"""Reads of one look where AntCRM is away: leads and customers, each tried three times."""


async def test_while_antcrm_is_away_one_of_all_that_wait_is_tried_at_a_time() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        for number in range(5):
            with pytest.raises(KeptForLater):
                await create(w.house, by_name(f"at-{number}"), message(f"message {number}"))
        for _ in range(240):
            w.line.asked.clear()
            await w.later(seconds=SOON)
            assert w.line.asked.total() <= ONE_LOOK
        assert [change.status for change in await changes(w)] == ["waiting"] * 5
        w.line.clear()
        await w.later(minutes=16)
        assert leads(w) == 5
        assert posts(w) == 5


async def test_what_has_waited_long_is_sent_oldest_first_too() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        for number in range(4):
            with pytest.raises(KeptForLater):
                await create(w.house, by_name(f"at-{number}"), message(f"message {number}"))
        for _ in range(20):
            await w.later(seconds=SOON)
        w.line.clear()
        for _ in range(40):
            await w.later(seconds=SOON)
        assert [post.body["customerIdApiRing"] for post in w.sent("POST")] == [f"at-{number}" for number in range(4)]


async def test_one_without_phone_and_e_mail_is_not_held_up_by_anybody_elses_phone() -> None:
    async with world(people=0) as w:
        w.sandbox.faults.fail("POST", 500)
        with pytest.raises(MayHaveActed):
            await create(w.house, by_name(), tap())
        colleague(w, "Người khác", PHONE)
        await w.later(seconds=PAUSE)
        change = await the_change(w)
        assert change.status == "done", change.reason
        assert leads(w) == 2


async def test_a_new_create_does_not_pass_one_that_waits_for_the_same_phone() -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone(), message("Lan's"))
        w.line.clear()
        for go_on in (False, True):
            with pytest.raises(Held) as held:
                await create(w.house, by_phone("at-2"), message("Minh's", actor=MINH), go_on=go_on)
            told = held.value.render("en")
            for part in (LAN.who, "Nguyễn Văn Bình", "since 03/08/2026 09:00", "change #1", "waits for AntCRM"):
                assert part in told
        await w.later(seconds=SOON)
        assert posts(w) == 1
        await one_as_sent(w, by_phone())


@pytest.mark.parametrize("phone", [PHONE, "+84977123456", "0977 123 456"])
async def test_a_colleague_who_creates_the_same_phone_meanwhile_is_a_conflict_that_is_told(phone: str) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone(), tap())
        other = colleague(w, "Bình (Zalo)", phone)
        w.line.clear()
        await w.later(seconds=SOON)
        assert posts(w) == 0
        assert leads(w) == 1
        assert (await the_change(w)).status == "conflict"
        (news,) = await w.house.desk().news(LAN)
        assert news.refs == (Ref("lead", str(other.id)),)
        assert "was not created" in news.text.render("en")
        assert "Bình (Zalo)" in news.text.render("en")
        # The same message now finds an ordinary duplicate; a person decides, and then it is one more.
        assert isinstance(await create(w.house, by_phone("at-2"), tap()), list)
        await created(w.house, by_phone("at-2"), tap(), go_on=True)
        assert posts(w) == 1


async def test_who_was_shown_a_duplicate_and_went_on_is_not_asked_about_it_again() -> None:
    async with world(people=0) as w:
        colleague(w, "Người quen", PHONE)
        w.line.lose_request("POST", times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, by_phone(), tap(), go_on=True)
        w.line.clear()
        await w.later(seconds=SOON)
        assert (await the_change(w)).status == "done"
        assert leads(w) == 2
        assert posts(w) == 1


async def test_going_on_into_a_lost_connection_does_not_take_the_known_customer_for_ours() -> None:
    async with world(people=0) as w:
        colleague(w, "Nguyễn Văn Bình", PHONE)
        w.clock.advance(seconds=1)
        w.line.lose_answer("POST")
        made = await created(w.house, by_phone(), tap(), go_on=True)
        assert made.customer.ref == "L9002"
        assert leads(w) == 2


@both
async def test_one_that_waited_and_whose_answer_is_lost_is_found_not_doubled(lead: Lead) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, lead("at-1"), tap())
        w.line.clear()
        w.line.lose_answer("POST")
        await w.later(seconds=SOON)
        assert posts(w) == 1
        await one_as_sent(w, lead("at-1"))


@both
async def test_one_that_waited_and_then_did_not_act_and_then_did(lead: Lead) -> None:
    async with world(people=0) as w:
        w.line.lose_request(times=ALWAYS)
        with pytest.raises(KeptForLater):
            await create(w.house, lead("at-1"), tap())
        w.line.clear()
        w.sandbox.faults.fail("POST", 500)
        await w.later(seconds=SOON)
        assert (await the_change(w)).status == "unsure"
        with pytest.raises(MayHaveActed):
            await create(w.house, lead("at-2"), tap())
        await w.later(seconds=PAUSE)
        assert posts(w) == 2
        await one_as_sent(w, lead("at-1"))
