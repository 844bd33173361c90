"""A lead in somebody's words: shown before it is saved, and not lost before it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_chat.leads import jotted
from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, ANH, HOA, Sandbox
from antcrm_tools.sandbox.log import LoggedRequest
from tests.chat.conftest import Clock
from tests.fakes.talker import Talker, chat_in

JOTTED = "anh Bình 0977 123 456 binh@example.com cty ABC hỏi giá"


def posts(sandbox: Sandbox) -> list[LoggedRequest]:
    return [request for request in sandbox.requests if request.method == "POST"]


async def test_words_with_a_phone_are_a_draft_until_it_is_saved(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say(JOTTED, "m1")
    for words in ("not saved yet", "name: anh Bình", "phone: 0977 123 456", "binh@example.com", "cty ABC hỏi giá"):
        assert words in screen
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "seen")
    assert not posts(sandbox)
    assert "Created: L" in await lan.tap("Save")
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "saved")
    [post] = posts(sandbox)
    assert post.body["name"] == "anh Bình"
    assert post.body["bgInfo"] == "cty ABC hỏi giá"
    # The lead stands where the draft stood.
    assert "not saved yet" not in lan.everything


async def test_a_save_tapped_twice_is_one_lead(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    save = lan.button("Save").token
    lost = jotted(JOTTED, message="m1")
    await lan.press(save, lost)
    assert "used already" in await lan.press(save, lost)
    assert len(lan.cards) == 1
    assert len(posts(sandbox)) == 1


async def test_a_draft_can_be_dropped(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    drop = lan.button("Drop").token
    lost = jotted(JOTTED, message="m1")
    assert "Cancelled. Not saved: anh Bình, 0977 123 456, binh@example.com." in await lan.press(drop, lost)
    assert lan.cards[0].mark == "dropped"
    # A finger that taps twice does not bring it back.
    assert "used already" in await lan.press(drop, lost)
    assert len(lan.cards) == 1
    assert not posts(sandbox)


async def test_a_typed_no_drops_it_too(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    assert "Cancelled" in await lan.say("thôi")
    assert (lan.cards[0].about, lan.cards[0].mark) == ("m1", "dropped")
    assert not posts(sandbox)


async def test_a_draft_waits_for_the_end_of_the_meeting(lan: Talker, sandbox: Sandbox, clock: Clock) -> None:
    await lan.say(JOTTED)
    clock.forward(hours=23)
    # It is no question any more that a word would answer.
    assert "nothing to cancel" in await lan.say("/cancel")
    assert "Created: L" in await lan.tap("Save")
    assert len(posts(sandbox)) == 1


@pytest.mark.parametrize("words", ["0912345678 anh An hẹn thứ năm", "hẹn thứ năm an.nguyen@example.com"])
async def test_who_is_known_is_shown_instead(lan: Talker, sandbox: Sandbox, words: str) -> None:
    screen = await lan.say(words, "m1")
    assert "already:" in screen
    assert AN.ref in screen
    assert f"Your message: “{words}”" in screen
    assert not posts(sandbox)
    assert "Saved" in await lan.tap(f"note of {AN.ref}")
    assert lan.cards[0].mark == "saved"
    row = sandbox.store.get("lead", AN.id)
    assert row is not None
    assert row.fields["bgInfo"] == f"{AN.note}\n[2026-03-10] {words}"
    assert not posts(sandbox)


async def test_one_who_is_known_is_shown_whole(lan: Talker) -> None:
    screen = await lan.say("Hoa 0987654321")
    assert HOA.owner in screen
    assert "hoa.tran@example.com" in screen


async def test_several_who_are_known_can_be_looked_at(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say("An 0912345678 gọi lại")
    assert "2 customers have this phone" in screen
    assert ANH.owner in await lan.tap(f"Show {ANH.ref}")
    assert "Created: L" in await lan.tap("Save as a new lead")
    [post] = posts(sandbox)
    assert (post.body["name"], post.body["bgInfo"]) == ("An", "gọi lại")


async def test_known_and_without_a_name_asks_and_looks_again(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("0912345678 gọi lại nhé", "m1")
    await lan.tap("Save as a new lead")
    assert "Nothing was created: 2 customers" in await lan.say("An mới")
    assert not posts(sandbox)
    assert "Created: L" in await lan.tap("Create anyway")
    assert lan.cards[0].mark == "saved"
    assert posts(sandbox)[0].body["bgInfo"] == "gọi lại nhé"


async def test_saving_looks_again(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED)
    minh = Talker(lan.chat, language="en", name="minh", who="minh@antcrm.example")
    await minh.say("/lead Bình 0977123456")
    assert "Nothing was created: 1 customer" in await lan.tap("Save")
    assert len(posts(sandbox)) == 1


async def test_without_a_name_it_is_asked_for(lan: Talker, sandbox: Sandbox) -> None:
    assert "name: not known yet" in await lan.say("0977123456 hỏi giá", "m1")
    assert "What is the name" in await lan.tap("Save")
    assert "Created: L" in await lan.say("Bình")
    assert lan.cards[0].mark == "saved"
    assert posts(sandbox)[0].body["bgInfo"] == "hỏi giá"


@pytest.mark.parametrize("words", ["ok", "có", "không", "giữ"])
async def test_a_yes_or_a_no_is_no_name_after_a_look_at_somebody(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say("0912345678")
    look = lan.button(AN.ref).token
    await lan.say("0977123456 hỏi giá")
    await lan.tap("Save")
    await lan.press(look)
    assert "does not answer the question" in await lan.say(words)
    assert not posts(sandbox)
    await lan.say("Bình")
    assert posts(sandbox)[0].body["name"] == "Bình"


async def test_a_name_with_an_email_is_an_answer(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("0977123456 hỏi giá")
    await lan.tap("Save")
    assert "Created: L" in await lan.say("Bình binh@example.com")
    [post] = posts(sandbox)
    assert (post.body["name"], post.body["emails"][0]["value"]) == ("Bình", "binh@example.com")


async def test_somebody_else_instead_of_the_name_leaves_both_drafts(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("0977123456 hỏi giá")
    await lan.tap("Save")
    screen = await lan.say("chị Mai 0933222111")
    assert "0977 123 456" in screen
    assert "name: chị Mai" in screen
    assert not posts(sandbox)


async def test_a_command_instead_of_the_name_leaves_the_draft(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("0977123456 hỏi giá")
    await lan.tap("Save")
    screen = await lan.say(f"/find {HOA.ref}")
    assert "was not created" in screen
    assert "note: hỏi giá" in screen
    assert HOA.name in screen
    await lan.tap("Save")
    await lan.say("Bình")
    assert posts(sandbox)[0].body["bgInfo"] == "hỏi giá"


@pytest.mark.parametrize(
    ("part", "typed", "field", "value"),
    [
        ("name", "Bình  Trần", "name", "Bình Trần"),
        ("phone", "0977 999 888", "phones", [{"type": "Work", "value": "0977999888"}]),
        ("e-mail", "b@example.vn", "emails", [{"type": "Work", "value": "b@example.vn"}]),
        ("note", "tìm hiểu thêm", "bgInfo", "tìm hiểu thêm"),
        ("note", "0977999888 là của vợ", "bgInfo", "0977999888 là của vợ"),
    ],
)
async def test_a_part_is_changed(  # noqa: PLR0917  the columns of the table
    lan: Talker, sandbox: Sandbox, part: str, typed: str, field: str, value: object
) -> None:
    await lan.say(JOTTED, "m1")
    assert "What should be different?" in await lan.tap("Edit")
    assert "Now:" in await lan.tap(part)
    assert "not saved yet" in await lan.say(typed)
    assert not posts(sandbox)
    await lan.tap("Save")
    [post] = posts(sandbox)
    assert post.body[field] == value
    assert "not saved yet" not in lan.everything


async def test_words_beside_a_phone_go_to_the_note(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("phone")
    assert "“không có” is not a phone number." in await lan.say("không có")
    await lan.say("0977999888 (Zalo)")
    await lan.tap("Save")
    assert posts(sandbox)[0].body["bgInfo"] == "cty ABC hỏi giá\n(Zalo)"


async def test_a_new_phone_is_looked_up(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("phone")
    assert "2 customers have this phone" in await lan.say("0912345678")
    assert not posts(sandbox)


async def test_a_part_is_left_empty(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED)
    for part in ("note", "e-mail"):
        await lan.tap("Edit")
        await lan.tap(part)
        await lan.tap("Leave it empty")
    await lan.tap("Save")
    [post] = posts(sandbox)
    assert not post.body.get("bgInfo")
    assert not post.body.get("emails")
    assert post.body["phones"]


async def test_back_changes_nothing(lan: Talker, sandbox: Sandbox) -> None:
    before = await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("name")
    await lan.tap("Back")
    assert lan.screen == before
    # What is written now is no name.
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    assert not posts(sandbox)


@pytest.mark.parametrize("words", ["không", "/cancel", "thôi"])
async def test_a_no_to_a_part_goes_back_to_the_draft(lan: Talker, sandbox: Sandbox, words: str) -> None:
    before = await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("note")
    assert await lan.say(words) == before
    await lan.tap("Save")
    assert len(posts(sandbox)) == 1


@pytest.mark.parametrize("command", ["/help", f"xoá {AN.ref}", f"/find {AN.ref}"])
async def test_a_command_instead_of_a_part_leaves_the_draft_as_it_was(
    lan: Talker, sandbox: Sandbox, command: str
) -> None:
    await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("note")
    screen = await lan.say(command)
    assert "note: cty ABC hỏi giá" in screen
    await lan.tap("Save")
    assert posts(sandbox)[0].body["bgInfo"] == "cty ABC hỏi giá"


async def test_antcrm_down_keeps_the_lead(lan: Talker, house: House, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.faults.stand("GET=503")
    screen = await lan.say(JOTTED)
    assert "It was not looked up yet." in screen
    assert "cty ABC hỏi giá" in screen
    screen = await lan.tap("Save")
    assert "is written down as change #1 and not in AntCRM yet" in screen
    assert "cty ABC hỏi giá" in screen
    sandbox.faults.clear()
    clock.forward(seconds=31)
    await house.resolver().tick()
    assert len(posts(sandbox)) == 1


async def test_an_answer_that_was_lost_is_looked_for_at_once(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    sandbox.faults.cut("POST", act=True)
    assert "Created: L" in await lan.tap("Save")
    assert lan.cards[0].mark == "saved"
    assert len(posts(sandbox)) == 1


async def test_what_is_not_known_keeps_the_words_and_sends_nothing_again(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    sandbox.faults.cut("POST")
    save = lan.button("Save").token
    screen = await lan.press(save)
    assert "It is not known yet whether anh Bình was saved" in screen
    assert "cty ABC hỏi giá" in screen
    assert [button.label.render("en") for button in lan.cards[0].choices] == ["Look it up"]
    await lan.press(save, jotted(JOTTED, message="m1"))
    assert len(lan.cards) == 1
    assert len(posts(sandbox)) == 1


async def test_an_edited_message_changes_its_open_draft(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("anh Bình 0977123456", "m1")
    old = lan.button("Save").token
    screen = await lan.edit("anh Bình 0977123457 hỏi giá", "m1")
    assert "0977 123 457" in screen
    assert "0977 123 456" not in lan.everything
    assert "used already" in await lan.press(old)
    await lan.tap("Save")
    [post] = posts(sandbox)
    assert post.body["phones"][0]["value"] == "0977123457"
    assert post.body["bgInfo"] == "hỏi giá"


async def test_an_edit_while_a_name_is_asked_for(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("thêm lead 0912000111", "m1")
    assert "0912 000 222" in await lan.edit("thêm lead 0912000222", "m1")
    # The question for the old one's name is closed: the name is nobody's answer.
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    await lan.tap("Save")
    await lan.say("Nguyễn Văn Bình")
    assert posts(sandbox)[0].body["phones"][0]["value"] == "0912000222"


async def test_an_edit_keeps_what_was_changed_by_hand(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("anh Bình 0977123456", "m1")
    await lan.tap("Edit")
    await lan.tap("note")
    await lan.say("gọi thứ năm")
    await lan.edit("anh Bình 0977123457", "m1")
    await lan.tap("Save")
    [post] = posts(sandbox)
    assert (post.body["phones"][0]["value"], post.body["bgInfo"]) == ("0977123457", "gọi thứ năm")


async def test_an_answer_goes_to_the_question_it_replies_to(lan: Talker, sandbox: Sandbox) -> None:
    for number in ("0912000111", "0912000222"):
        await lan.say(f"gặp ở hội chợ nhé {number}" + " rất quan tâm" * 3)
        await lan.tap("Edit")
        await lan.tap("name")
    first = next(card.id for card in lan.wall.values() if "Write the name" in card.render("en"))
    lan.read(await lan.chat.hear(lan.person, "Bình", to=first))
    assert "0912 000 111" in lan.screen
    assert "name: Bình" in lan.screen
    assert not posts(sandbox)


async def test_who_was_not_seen_is_seen_first(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("An 0912345678 gọi lại", "m1")
    row = sandbox.store.get("lead", HOA.id)
    assert row is not None
    row.key, row.id, row.fields = None, 0, {**row.fields, "name": "An khác", "phones": [{"value": "0912345678"}]}
    sandbox.store.save(row)
    assert "3 customers have this phone" in await lan.tap("Save as a new lead")
    assert not posts(sandbox)
    assert "Created: L" in await lan.tap("Save as a new lead")


async def test_all_phones_are_looked_up(lan: Talker) -> None:
    others = " ".join(f"09770000{number:02}" for number in range(6))
    assert HOA.name in await lan.say(f"Bình {others} 0987654321")


async def test_a_slip_in_a_changed_phone_is_read_as_in_a_message(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(JOTTED)
    await lan.tap("Edit")
    await lan.tap("phone")
    assert "0977 999 888" in await lan.say("O977999888")
    await lan.tap("Save")
    assert posts(sandbox)[0].body["phones"] == [{"type": "Work", "value": "0977999888"}]


@pytest.mark.parametrize("words", ["giữ", "giữ lại", "keep"])
async def test_a_draft_that_is_kept_is_not_dropped(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say(JOTTED)
    assert "not saved yet" in await lan.say(words)
    await lan.tap("Save")
    assert len(posts(sandbox)) == 1


async def test_many_drafts_leave_the_old_ones_their_buttons(lan: Talker) -> None:
    for number in range(120):
        await lan.say(f"anh Bình 09771{number:05}", f"m{number}")
        assert lan.cards[0].closes == ()
    first = next(card for card in lan.wall.values() if "0977 100 000" in card.render("en"))
    lost = jotted("anh Bình 0977100000", message="m0")
    assert "0977 100 000" in await lan.press(first.choices[0].token, lost)


@pytest.mark.parametrize("words", ["không", "thôi", "/cancel", "keep", "ok"])
async def test_a_word_drops_no_draft_but_the_one_shown_last(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say("anh Một 0977000001", "m1")
    await lan.say("anh Hai 0977000002", "m2")
    await lan.say(f"/find {AN.ref}")
    await lan.say(words)
    assert sum("not saved yet" in card.render("en") for card in lan.wall.values()) == 2
    for name in ("Hai", "Một"):
        await lan.tap("Save")
        assert posts(sandbox)[-1].body["name"] == f"anh {name}"


async def test_a_no_after_the_answer_drops_nothing(lan: Talker) -> None:
    await lan.say("anh Bốn 0977000004", "m1")
    await lan.say(f"/delete {AN.ref}")
    await lan.tap("Keep")
    await lan.say("không")
    assert "not saved yet" in lan.everything


@pytest.mark.parametrize("words", ["khách mới hôm nay có ai?", "lead mới từ Facebook", "tạo lead cho anh Nam nhé"])
async def test_words_that_may_be_talk_save_nobody(lan: Talker, sandbox: Sandbox, words: str) -> None:
    assert "not saved yet" in await lan.say(words)
    assert not posts(sandbox)


@pytest.mark.parametrize("words", ["note lại: mai gọi anh Hùng 0977666000", "chuyển khoản 0977666000 chị Na"])
async def test_a_customer_in_what_only_begins_like_a_command(lan: Talker, words: str) -> None:
    assert "0977 666 000" in await lan.say(words)
    assert "not saved yet" in lan.screen


async def test_a_note_for_nobody_can_become_a_lead(lan: Talker, sandbox: Sandbox) -> None:
    assert "Nobody was found" in await lan.say("ghi chú 0977666001 anh Tý hẹn thứ năm")
    await lan.tap("Save as a new lead")
    await lan.say("Tý")
    assert posts(sandbox)[0].body["bgInfo"] == "anh Tý hẹn thứ năm"


async def test_what_was_not_saved_after_all_need_not_be_written_again(
    lan: Talker, house: House, clock: Clock, sandbox: Sandbox
) -> None:
    await lan.say(JOTTED, "m1")
    sandbox.faults.html("POST", 502)
    assert "It is not known yet whether" in await lan.tap("Save")
    screen = await lan.tap("Look it up")
    assert "Nobody was found" in screen
    assert "looked into by itself" in screen
    assert "[" not in screen
    clock.forward(seconds=121)
    await house.resolver().tick()
    assert posts(sandbox)[-1].body["name"] == "anh Bình"
    assert "It is saved now" in await lan.hears()
    assert "cty ABC hỏi giá" in await lan.tap("Show L")


async def test_a_message_that_becomes_a_lead_when_it_is_edited(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("xin chào", "m1")
    assert "name: chị Vân" in await lan.edit("chị Vân 0915000119", "m1")
    await lan.tap("Save")
    assert len(posts(sandbox)) == 1


async def test_an_edit_after_the_save_says_where_it_is(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("anh Bình 0977123456", "m1")
    await lan.tap("Save")
    assert "was saved as L" in await lan.edit("anh Bình 0977123456 hỏi giá", "m1")
    assert "Bình" in await lan.tap("Show L")
    assert len(posts(sandbox)) == 1


async def test_an_edited_command_is_not_carried_out(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say(f"/find {AN.ref}", "m1")
    requests = len(sandbox.requests)
    assert "not carried out again" in await lan.edit(f"/delete {AN.ref}", "m1")
    assert len(sandbox.requests) == requests


@pytest.mark.parametrize("words", [f"xoá {AN.ref}", f"/delete {AN.ref}", f"gắn thẻ {AN.ref} VIP", "/cancel", "có"])
async def test_somebody_elses_words_are_no_command(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say(f"/delete {HOA.ref}")
    requests = len(sandbox.requests)
    assert "neither a phone nor an e-mail" in await lan.forward(words)
    assert len(sandbox.requests) == requests
    assert "Delete lead" in lan.everything


async def test_somebody_elses_words_are_a_draft(lan: Talker, sandbox: Sandbox) -> None:
    assert "name: xoá anh Bình" in await lan.forward("xoá anh Bình 0977123456", "m1")
    await lan.tap("Save")
    assert len(posts(sandbox)) == 1


async def test_a_draft_of_a_program_that_was_started_anew(lan: Talker, house: House, sandbox: Sandbox) -> None:
    await lan.say(JOTTED, "m1")
    save = lan.button("Save").token
    lan.chat = chat_in(house)
    screen = await lan.press(save, jotted(JOTTED, message="m1"))
    assert "was read from your message again" in screen
    assert "not saved yet" in screen
    assert not posts(sandbox)
    await lan.tap("Save")
    assert len(posts(sandbox)) == 1


async def test_a_long_sentence_is_no_name(lan: Talker, sandbox: Sandbox) -> None:
    words = "Khách hỏi giá phần mềm CRM cho 20 người, chiều nay gọi lại số 0977123456 gặp Bình"
    assert "name: not known yet" in await lan.say(words)
    await lan.tap("Save")
    await lan.say("Bình")
    note = posts(sandbox)[0].body["bgInfo"]
    assert note == "Khách hỏi giá phần mềm CRM cho 20 người, chiều nay gọi lại số\ngặp Bình"


async def test_the_longest_message_is_saved_whole(lan: Talker, sandbox: Sandbox) -> None:
    words = "Bình 0977123456 " + "hỏi " * 1000
    await lan.say(words)
    await lan.tap("Save")
    assert posts(sandbox)[0].body["bgInfo"] == ("hỏi " * 1000).strip()


async def test_an_older_question_loses_its_buttons_when_it_stands_again(lan: Talker) -> None:
    await lan.say(f"/delete {AN.ref}")
    first = lan.cards[0].id
    await lan.say(f"/delete {AN.ref}")
    assert lan.cards[0].closes == (first,)


async def test_looking_can_be_repeated(lan: Talker) -> None:
    await lan.say("0912345678")
    for _ in range(2):
        assert ANH.owner in await lan.tap(ANH.ref)


@given(st.text(max_size=300))
def test_no_words_are_too_strange(words: str) -> None:
    draft = jotted(words)
    kept = f"{draft.lead.name}{draft.lead.note}"
    assert draft.words == words
    assert len(draft.lead.name) <= 60
    seams = " \t\r\n,;:-–—|/·•()[]<>"
    said = "".join(char for char in words if not char.isspace() and char not in seams)
    assert kept or draft.lead.phones or draft.lead.emails or not said
