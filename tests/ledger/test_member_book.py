"""Members and invitations: each invitation makes one person a member, once, and somebody stays admin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from antcrm_tools.ledger.members import Members
from antcrm_tools.ledger.store import Store
from antcrm_tools.members import Invitation, Member
from tests.fakes.clock import Clock

BOUND = 30.0
LAN, MINH = "lan@antcrm.example", "minh@antcrm.example"
NOBODY: frozenset[str] = frozenset()

Book = Callable[[], Members]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(store: Store, clock: Clock) -> Members:
    return Members(store, "one", clock)


async def test_an_invitation_makes_a_member(book: Members) -> None:
    word = await book.invite(LAN, "sales", by="boss@antcrm.example")
    [invited] = await book.invitations()
    assert (invited.who, invited.role) == (LAN, "sales")
    assert await book.invitation(word, 42) == invited
    assert await book.all() == ()
    assert await book.accept(word, 42) == Member(42, LAN, "sales")
    assert await book.all() == (Member(42, LAN, "sales"),)
    assert await book.invitations() == ()


async def test_an_invitation_works_once(book: Members) -> None:
    word = await book.invite(LAN, "sales", by="boss")
    assert await book.accept(word, 42) == Member(42, LAN, "sales")
    assert await book.accept(word, 66) == "used"
    assert await book.invitation(word, 66) == "used"
    # Whoever used it may tap again, because the answer was lost.
    assert await book.accept(word, 42) == Member(42, LAN, "sales")
    assert await book.all() == (Member(42, LAN, "sales"),)


async def test_of_two_people_at_once_one_becomes_a_member(ledger_url: str | Path, clock: Clock) -> None:
    stores = [Store(ledger_url) for _ in range(2)]
    books = [Members(store, "one", clock) for store in stores]
    word = await books[0].invite(LAN, "admin", by="boss")
    async with asyncio.timeout(BOUND):
        found = await asyncio.gather(*(books[number % 2].accept(word, number) for number in range(1, 13)))
    assert [each for each in found if each != "used"] == list(await books[0].all())
    assert len(await books[1].all()) == 1
    for store in stores:
        await store.aclose()


async def test_a_day_is_enough(book: Members, clock: Clock) -> None:
    word = await book.invite(LAN, "sales", by="boss")
    clock.advance(hours=24, seconds=-1)
    assert isinstance(await book.invitation(word, 42), Invitation)
    clock.advance(seconds=1)
    assert await book.invitation(word, 42) == "late"
    assert await book.accept(word, 42) == "late"
    assert await book.invitations() == ()
    assert await book.all() == ()


async def test_a_second_invitation_ends_the_first(book: Members) -> None:
    first = await book.invite(LAN, "sales", by="boss")
    second = await book.invite(LAN, "manager", by="boss")
    assert await book.accept(first, 66) == "late"
    assert await book.accept(second, 42) == Member(42, LAN, "manager")


@pytest.mark.parametrize("word", ["", "x", "' OR 1=1 --", "\ud83d", "a" * 5000])
async def test_rubbish_is_no_invitation(book: Members, word: str) -> None:
    await book.invite(LAN, "sales", by="boss")
    assert await book.invitation(word, 42) == "unknown"
    assert await book.accept(word, 42) == "unknown"


def test_the_word_is_not_kept(tmp_path: Path, clock: Clock) -> None:
    async def invite() -> str:
        store = Store(tmp_path / "ledger.sqlite3")
        word = await Members(store, "one", clock).invite(LAN, "sales", by="boss")
        await store.aclose()
        return word

    word = asyncio.run(invite())
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert LAN.encode() in kept
    assert word.encode() not in kept


async def test_an_account_is_one_persons(book: Members) -> None:
    await book.accept(await book.invite(LAN, "sales", by="boss"), 42)
    assert await book.accept(await book.invite(MINH, "sales", by="boss"), 42) == "another"
    assert await book.all() == (Member(42, LAN, "sales"),)


async def test_a_second_account_has_the_role_the_person_has_by_then(book: Members) -> None:
    await book.accept(await book.invite(LAN, "sales", by="boss"), 42)
    word = await book.invite(LAN, "sales", by="boss")
    assert await book.set_role(LAN, "viewer", named=()) is None
    assert await book.accept(word, 43) == Member(43, LAN, "viewer")
    assert await book.set_role(LAN, "manager", named=()) is None
    assert await book.all() == (Member(42, LAN, "manager"), Member(43, LAN, "manager"))
    assert await book.remove(LAN, named=()) is None
    assert await book.all() == ()


async def test_a_role_can_be_changed_before_the_invitation_is_used(book: Members) -> None:
    word = await book.invite(LAN, "admin", by="boss")
    assert await book.set_role(LAN, "viewer", named=()) is None
    assert await book.accept(word, 42) == Member(42, LAN, "viewer")


async def former(book: Members) -> frozenset[str]:
    return (await book.everybody())[1]


async def test_who_was_removed_is_known_to_have_been_a_member(book: Members) -> None:
    word = await book.invite(LAN, "sales", by="boss")
    await book.accept(word, 42)
    open_one = await book.invite(LAN, "sales", by="boss")
    assert await former(book) == NOBODY
    assert await book.remove(LAN, named=()) is None
    assert await former(book) == {LAN}
    assert await book.accept(word, 42) == "used"
    assert await book.accept(open_one, 42) == "late"
    # Their phone may be somebody else's by now.
    assert await book.accept(await book.invite(MINH, "viewer", by="boss"), 42) == Member(42, MINH, "viewer")
    assert await former(book) == {LAN}
    assert await book.accept(await book.invite(LAN, "viewer", by="boss"), 43) == Member(43, LAN, "viewer")
    assert await former(book) == NOBODY


async def test_an_invitation_that_was_taken_back_is_so_by_every_clock(book: Members, clock: Clock) -> None:
    first = await book.invite(LAN, "manager", by="boss")
    second = await book.invite(LAN, "manager", by="boss")
    clock.advance(minutes=-10)
    assert await book.accept(first, 66) == "late"
    assert await book.remove(LAN, named=()) is None
    clock.advance(minutes=-10)
    assert await book.accept(second, 66) == "late"
    assert await book.invitations() == ()
    assert await book.all() == ()


async def test_an_invitation_opened_by_who_is_in_already_is_used_up(book: Members) -> None:
    await book.accept(await book.invite(LAN, "sales", by="boss"), 42)
    word = await book.invite(LAN, "sales", by="boss")
    assert await book.invitation(word, 42) == "already"
    assert await book.accept(word, 66) == "late"


async def test_somebody_stays_admin(book: Members) -> None:
    await book.accept(await book.invite(LAN, "admin", by="boss"), 42)
    await book.accept(await book.invite(MINH, "sales", by="boss"), 43)
    assert await book.remove(LAN, named=()) == "last_admin"
    assert await book.set_role(LAN, "manager", named=()) == "last_admin"
    assert await book.all() == (Member(42, LAN, "admin"), Member(43, MINH, "sales"))
    assert await book.set_role(MINH, "admin", named=()) is None
    # Of an account that the setting names as somebody else, the ledger's role does not count.
    assert await book.remove(LAN, named=[Member(43, "vy@antcrm.example", "viewer")]) == "last_admin"
    assert await book.remove(LAN, named=[Member(9, MINH, "viewer")]) == "last_admin"
    assert await book.remove(LAN, named=()) is None
    # One whom the setting names remains.
    assert await book.remove(MINH, named=[Member(9, "boss@antcrm.example", "admin")]) is None


async def test_of_two_admins_who_remove_each_other_one_stays(ledger_url: str | Path, clock: Clock) -> None:
    stores = [Store(ledger_url) for _ in range(2)]
    books = [Members(store, "one", clock) for store in stores]
    for _ in range(5):
        for number, who in enumerate((LAN, MINH)):
            await books[0].accept(await books[0].invite(who, "admin", by="boss"), number)
        async with asyncio.timeout(BOUND):
            found = await asyncio.gather(books[0].remove(LAN, named=()), books[1].remove(MINH, named=()))
        assert sorted(map(str, found)) == ["None", "last_admin"]
        [left] = await books[0].all()
        assert left.role == "admin"
    for store in stores:
        await store.aclose()


async def test_nobody_can_be_removed_or_raised_who_is_not_there(book: Members) -> None:
    assert await book.remove(LAN, named=()) == "unknown"
    assert await former(book) == {LAN}  # and may not come back as nobody in particular
    assert await book.set_role(LAN, "admin", named=()) == "unknown"
    await book.invite(LAN, "sales", by="boss")
    assert await book.remove(LAN, named=()) is None
    assert await book.invitations() == ()


async def test_another_antcrms_members_are_not_there(store: Store, book: Members, clock: Clock) -> None:
    other = Members(store, "other", clock)
    word = await book.invite(LAN, "admin", by="boss")
    assert await other.accept(word, 42) == "unknown"
    await book.accept(word, 42)
    assert await other.all() == ()
    assert await other.remove(LAN, named=()) == "unknown"
    assert await other.accept(await other.invite(MINH, "viewer", by="boss"), 42) == Member(42, MINH, "viewer")
    assert await book.all() == (Member(42, LAN, "admin"),)
