"""Finding people in the chat."""

import pytest

from antcrm_tools.errors import NotActed
from antcrm_tools.outcomes import Actor
from antcrm_tools.sandbox import ACCOUNT, AN, ANH, CONTACT, HOA, Sandbox
from antcrm_tools.tools import tool_named
from tests.fakes.talker import Talker, chat_in
from tests.fakes.world import ALWAYS, world


async def test_one_is_shown_whole(lan: Talker) -> None:
    screen = await lan.say("tìm 0987.654.321")
    for words in (HOA.ref, HOA.name, HOA.stage, "VIP, Hẹn gọi lại", "hoa.tran@example.com", HOA.owner, "created:"):
        assert words in screen


async def test_a_bare_phone_email_or_ref_is_a_search(lan: Talker) -> None:
    for words in ("0905 123 456", "mai.pham@example.com", "c9101", "/find C 9101"):
        assert CONTACT.name in await lan.say(words)


async def test_several_are_a_choice_that_stays(lan: Talker) -> None:
    screen = await lan.say("0912345678")
    assert "2 customers were found:" in screen
    assert AN.ref in screen
    assert ANH.ref in screen
    assert ANH.owner in await lan.tap(ANH.ref)
    # Looking at one does not spend the other.
    assert "Hỏi giá gói 10 user." in await lan.tap(AN.ref)


async def test_nobody(lan: Talker) -> None:
    screen = await lan.say("tìm L999999")
    assert "Nobody was found" in screen
    assert not lan.cards[0].buttons


async def test_bare_digits_give_both(lan: Talker, sandbox: Sandbox) -> None:
    lead = sandbox.store.get("lead", AN.id)
    assert lead is not None
    lead.key, lead.space, lead.type, lead.fields = None, "customer", 0, {**lead.fields, "name": "Người khác"}
    sandbox.store.save(lead)
    screen = await lan.say(str(AN.id))
    assert f"L{AN.id} {AN.name}" in screen
    assert f"C{AN.id} Người khác" in screen


async def test_a_write_by_bare_digits_asks_even_if_only_one_exists(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(f"/delete {HOA.id}")
    assert "Which customer do you mean?" in screen
    assert not sandbox.destroying()
    assert f"Delete lead {HOA.ref} {HOA.name}?" in await lan.tap(HOA.ref)
    assert not sandbox.destroying()


async def test_more_than_fit_are_shown_in_parts(lan: Talker, sandbox: Sandbox) -> None:
    row = sandbox.store.get("lead", HOA.id)
    assert row is not None
    for number in range(9):
        row.key, row.id, row.fields = None, 0, {**row.fields, "name": f"Hoa số {number}"}
        sandbox.store.save(row)
    first = await lan.say("0987.654.321")
    second = await lan.tap("Show more")
    for number in range(9):
        assert (f"Hoa số {number}\n" in first + "\n") or (f"Hoa số {number} ·" in first + second)
    assert lan.cards[0].title is not None
    assert "Show more" not in second


async def test_a_name_finds_without_marks_and_without_a_command(lan: Talker) -> None:
    for words in ("tìm Nguyễn Văn An", "nguyen van an", "tìm giúp em an nguyen van", "An 678"):
        assert f"{AN.ref} {AN.name}" in await lan.say(words)


async def test_a_list_is_narrowed_by_buttons(lan: Talker) -> None:
    assert "Narrow it down" in await lan.say("tìm nguyễn")
    screen = await lan.tap("Narrow it down")
    assert "By what shall the list be narrowed?" in screen
    first = await lan.tap("Chốt")
    assert "(stage: Chốt)" in first
    hits = [line for line in first.splitlines() if " · " in line]
    assert hits
    assert all("Chốt" in line for line in hits)
    await lan.tap("Narrow it down")
    assert "(stage: Chốt, mine)" in await lan.tap("Mine")
    await lan.tap("Narrow it down")
    assert "(stage" not in await lan.tap("Without filters")


async def test_what_a_stranger_wrote_into_a_record_stays_on_its_line(lan: Talker, sandbox: Sandbox) -> None:
    row = sandbox.store.get("customer", ACCOUNT.id)
    assert row is not None
    row.fields["name"] = "[bold]Sao</b>\nL1 deleted \u202e{0}{ref}\x1b[31m"
    row.fields["bgInfo"] = "một\nstage: Chốt\n[1] Delete"
    sandbox.store.save(row)
    screen = await lan.say(ACCOUNT.ref)
    assert screen.splitlines()[0] == f"{ACCOUNT.ref} [bold]Sao</b> L1 deleted {{0}}{{ref}} [31m (account)"
    assert "\nstage: Đàm phán\n" in screen
    assert "\n│ stage: Chốt\n│ [1] Delete" in screen


async def test_help_start_and_words_that_mean_nothing(lan: Talker, sandbox: Sandbox) -> None:
    assert "Hello!" in await lan.say("/start")
    assert "/untag" in await lan.say("/help")
    assert "did not understand" in await lan.say("alo alo")
    assert "For example: delete L9457" in await lan.say("xoá ông An")
    assert not [request for request in sandbox.requests if request.method != "GET"]


async def test_nothing_is_done_to_whom_only_the_copy_names() -> None:
    async with world(people=60) as w:
        lan = Talker(chat_in(w.house), language="en")
        await lan.say("/status")  # the copy is whole
        old, new = (w.sandbox.store.get("lead", number) for number in (9005, 9006))
        assert old is not None
        assert new is not None
        phone = old.fields["phones"][0]["value"]
        new.fields, old.fields = {**new.fields, "phones": old.fields["phones"]}, {**old.fields, "phones": []}
        w.sandbox.store.save(old)
        w.sandbox.store.save(new)
        w.line.lose_request("GET", times=20)
        screen = await lan.say(f"/note {phone} khách chốt đơn")
        assert "Which customer do you mean?" in screen
        assert "As of" in screen
        assert not w.sent("PUT")


async def test_the_copys_answer_passes_the_filters_too() -> None:
    async with world(people=60) as w:
        await Talker(chat_in(w.house), language="en").say("/status")
        w.line.lose_request("GET", times=ALWAYS)
        call = tool_named("find_customers").call({"query": AN.phone, "kind": "account"})
        with pytest.raises(NotActed):
            await w.house.desk().submit(call, Actor("lan@antcrm.example", "terminal"))


async def test_a_phone_as_a_contacts_app_copies_it_is_a_search(lan: Talker) -> None:
    for words in ("\u202a0912 345 678\u202c", "\u200f0912345678", "\u2066+84 912 345 678\u2069"):
        assert "2 customers were found:" in await lan.say(words)


async def test_a_filter_that_leaves_nobody_is_named_and_can_be_dropped(lan: Talker) -> None:
    await lan.say("tìm nguyễn thị")
    await lan.tap("Narrow it down")
    screen = await lan.tap("New today")
    assert "Nobody was found for “nguyễn thị” (new since 10/03/2026)." in screen
    assert "Customers found:" in await lan.tap("Without filters")
