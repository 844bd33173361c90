"""A lead on the phone: jotted, forwarded, shared as a card, under a picture; shown, changed, saved, and never lost."""

from __future__ import annotations

import pytest

from antcrm_tools.sandbox import AN, HOA
from tests.fakes.phone import Phone
from tests.fakes.telegram import TelegramBot
from tests.fakes.world import World

JOTTED = "anh Bình 0977 123 456 binh@example.com cty ABC hỏi giá"
VCARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Nguyễn;Bình;;;\r\nTEL;TYPE=CELL:0977 123 456\r\nTEL;TYPE=WORK:028 3811 2244\r\n"
    "EMAIL:binh@example.com\r\nORG:Cty ABC\r\nNOTE:hỏi giá\r\nEND:VCARD"
)
TAPS = {"en": ("Save", "Edit", "Drop", "note", "Leave it empty"), "vi": ("Lưu", "Sửa", "Bỏ", "ghi chú", "Để trống")}
READS = {
    "en": ("not saved yet", "Created: L", "Cancelled. Not saved: "),
    "vi": ("chưa lưu", "Đã tạo: L", "Đã huỷ. Chưa lưu: "),
}
LANGUAGES = ("en", "vi")


def mine(phone: Phone) -> list[list[str]]:
    """The reactions on what one wrote."""
    return [message.reactions for message in phone.log.messages if not message.by_bot]


async def capture(phone: Phone, how: str) -> str:
    if how == "words":
        return await phone.send(JOTTED)
    if how == "forwarded":
        return await phone.forward(JOTTED)
    if how == "picture":
        return await phone.send_photo(JOTTED)
    return await phone.share_contact("Bình", "0977123456", last_name="Nguyễn", vcard=VCARD)


HOW = ("words", "forwarded", "picture", "contact")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("how", HOW)
async def test_save_edit_and_drop(w: World, bot: TelegramBot, language: str, how: str) -> None:
    phone = bot.phone(language_code=language)
    save, edit, drop, note, empty = TAPS[language]
    unsaved, created, nothing = READS[language]

    assert unsaved in await capture(phone, how)
    assert phone.buttons == [save, edit, drop]
    assert mine(phone)[-1] == ["👀"]
    assert nothing in await phone.tap(drop)
    assert mine(phone)[-1] == []
    assert not phone.buttons

    await capture(phone, how)
    await phone.tap(edit)
    await phone.tap(note)
    assert unsaved in await phone.send("gọi lại 0966123456 thứ năm")
    assert w.sent("POST") == []
    assert created in await phone.tap(save)
    assert ["👍"] in mine(phone)
    [post] = w.sent("POST")
    assert post.body["bgInfo"] == "gọi lại 0966123456 thứ năm"
    assert "Bình" in post.body["name"]
    assert post.body["emails"][0]["value"] == "binh@example.com"
    assert post.body["phones"][0]["value"] == "0977123456"
    assert empty not in phone.buttons
    # The result stands where the draft stood; nothing there is open.
    assert unsaved not in phone.screen(1)


async def test_the_draft_answers_the_message(lan: Phone) -> None:
    for how in HOW:
        await capture(lan, how)
        own = [message for message in lan.log.messages if not message.by_bot][-1]
        card = next(message for message in reversed(lan.log.messages) if message.buttons)
        assert card.reply_to == own.message_id


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("button", ["Save", "Edit", "Drop"])
async def test_a_draft_of_before_the_restart_is_shown_anew(
    w: World, bot: TelegramBot, lan: Phone, how: str, button: str
) -> None:
    before = await capture(lan, how)
    await bot.leave()
    await bot.start()
    screen = await lan.tap(button)
    assert "was read from your message again" in screen
    draft = before.split("\n[")[0]
    assert draft in screen
    assert w.sent("POST") == []
    # Once, and only the new card has buttons.
    assert sum(bool(message.buttons) for message in lan.log.messages) == 1
    assert "Created: L" in await lan.tap("Save")
    [post] = w.sent("POST")
    assert "hỏi giá" in post.body["bgInfo"]
    assert "ABC" in post.body["bgInfo"]


async def test_a_command_of_before_the_restart_is_read_as_it_was(w: World, bot: TelegramBot, lan: Phone) -> None:
    """It came back with the command in the name, and one with a slash not at all."""
    w.sandbox.faults.fail("POST", 400, times=None)
    for said in ("thêm lead Bình 0977123456 hỏi giá", "/lead Bình 0977123456 hỏi giá"):
        assert "name: Bình" in await lan.send(said)
        await bot.leave()
        await bot.start()
        screen = await lan.tap("Save")
        assert "name: Bình\n" in screen
        assert "note: hỏi giá" in screen
        await lan.tap("Drop")
    assert not any(post.acted for post in w.sent("POST"))


async def test_what_was_decided_is_not_shown_anew(w: World, lan: Phone) -> None:
    await lan.send(JOTTED)
    save = lan.data("Save")
    message = next(message.message_id for message in lan.log.messages if message.buttons)
    await lan.tap("Save")
    before = lan.screen()
    await lan.press(save, message)
    assert lan.screen() == before
    assert len(w.sent("POST")) == 1


async def test_five_saves_at_once_are_one_lead(w: World, lan: Phone) -> None:
    await lan.send(JOTTED)
    answers = await lan.taps_at_once("Save", 5)
    assert sum("used already" in answer.text for answer in answers) == 4
    assert len(w.sent("POST")) == 1
    assert lan.screen().count("Created: L") == 1


async def test_who_is_known_gets_the_note(w: World, lan: Phone) -> None:
    screen = await lan.share_contact("Hoa", "84987654321", vcard="NOTE:hẹn thứ năm")
    assert "1 customer has this phone or e-mail already:" in screen
    assert HOA.name in screen
    assert "hẹn thứ năm" in screen
    assert mine(lan)[-1] == ["👀"]
    assert "Saved: L9002" in await lan.tap("note of L9002")
    assert mine(lan)[-1] == ["👍"]
    assert w.sent("POST") == []
    row = w.sandbox.store.get("lead", HOA.id)
    assert row is not None
    assert "hẹn thứ năm" in row.fields["bgInfo"]


async def test_what_was_written_into_the_draft_goes_to_the_note_too(w: World, lan: Phone) -> None:
    await lan.send("Hoa 0966123456 hẹn thứ năm")
    await lan.tap("Edit")
    await lan.tap("note")
    await lan.send("mang báo giá")
    await lan.tap("Edit")
    await lan.tap("phone")
    await lan.send(HOA.phone)
    await lan.tap("note of L9002")
    row = w.sandbox.store.get("lead", HOA.id)
    assert row is not None
    assert "Hoa 0966123456 hẹn thứ năm\nmang báo giá" in row.fields["bgInfo"]


async def test_an_edited_message_changes_its_draft_in_place(w: World, lan: Phone) -> None:
    await lan.send("anh Bình 0977123456")
    cards = len(lan.log.messages)
    screen = await lan.edit("anh Bình 0977123457 hỏi giá")
    assert "0977 123 457" in screen
    assert len(lan.log.messages) == cards
    await lan.tap("Save")
    [post] = w.sent("POST")
    assert (post.body["phones"][0]["value"], post.body["bgInfo"]) == ("0977123457", "hỏi giá")
    assert "was saved as L" in await lan.edit("anh Bình 0977123457 hỏi giá gấp")
    assert "Bình" in await lan.tap("Show L")
    assert len(w.sent("POST")) == 1


async def test_an_edited_command_for_a_lead_is_read_as_one(lan: Phone, w: World) -> None:
    w.sandbox.faults.fail("POST", 400)
    await lan.send("thêm lead Bình 0977123456")
    assert "name: Bình Trần\n" in await lan.edit("thêm lead Bình Trần 0977123456")


async def test_a_message_that_telegram_touches_is_not_edited(w: World, bot: TelegramBot, lan: Phone) -> None:
    """Telegram says “edited” for a reaction or a preview, too: what the person had changed on the draft went."""
    await lan.send(JOTTED)
    await lan.tap("Edit")
    await lan.tap("note")
    await lan.send("gọi lại")
    first = next(message for message in lan.log.messages if not message.by_bot)
    before = lan.screen()
    await bot.api.confirmed(bot.api.push_edited(lan.user, first.message_id))
    assert lan.screen() == before
    await lan.tap("Save")
    assert w.sent("POST")[0].body["bgInfo"] == "gọi lại"
    before = lan.screen()
    await bot.api.confirmed(bot.api.push_edited(lan.user, first.message_id))
    assert lan.screen() == before


async def test_an_edited_caption_is_nobodys_command(lan: Phone, bot: TelegramBot, w: World) -> None:
    await lan.send_photo("xoá anh Bình 0977123456")
    own = next(message for message in lan.log.messages if not message.by_bot)
    await bot.api.confirmed(bot.api.push_edited(lan.user, own.message_id, caption="xoá anh Bình 0977123457"))
    assert "name: xoá anh Bình\nphone: 0977 123 457" in lan.latest
    await bot.api.confirmed(bot.api.push_edited(lan.user, own.message_id, caption=f"xoá {AN.ref}"))
    assert "left as it was" in lan.latest
    assert w.destroyed() == []


async def test_antcrm_away(w: World, bot: TelegramBot, lan: Phone) -> None:
    """Through a tunnel, the words stay on the screen; the lead is kept, and saved behind it."""
    w.line.lose_request("*", times=1_000)
    assert "It was not looked up yet" in await lan.send(JOTTED)
    screen = await lan.tap("Save")
    assert "is written down as change #1 and not in AntCRM yet" in screen
    assert "cty ABC hỏi giá" in screen
    assert mine(lan)[-1] == ["👀"]
    w.line.clear()
    await w.later(seconds=31)
    bot.look()
    assert "It is saved now: L" in await lan.sees("saved now")
    assert "cty ABC hỏi giá" in await lan.tap("Show L")
    assert len(w.sent("POST")) == 1


async def test_an_answer_of_antcrm_that_was_lost(w: World, lan: Phone) -> None:
    await lan.send(JOTTED)
    w.line.lose_answer("POST")
    assert "Created: L" in await lan.tap("Save")
    assert mine(lan)[-1] == ["👍"]
    assert len(w.sent("POST")) == 1


async def test_a_no_to_a_question_keeps_the_leads_of_before(w: World, lan: Phone) -> None:
    """Typed with three drafts open, one “không” dropped them all."""
    for number in range(3):
        await lan.send(f"Khách {number} 097712345{number}")
    await lan.send(f"xoá {AN.ref}")
    assert "Cancelled. Nothing was changed." in await lan.send("không")
    assert lan.screen().count("[Save] [Edit] [Drop]") == 3
    # Said again, it is about none of them either: none was shown last.
    assert "nothing to cancel" in await lan.send("thôi")
    assert lan.screen().count("[Save] [Edit] [Drop]") == 3
    await lan.send("Khách 3 0977123453")
    assert "Cancelled. Not saved: Khách 3, 0977123453." in await lan.send("thôi")
    assert lan.screen().count("[Save] [Edit] [Drop]") == 3
    assert "👀" in lan.screen()
    await lan.tap("Save")
    assert len(w.sent("POST")) == 1
    assert w.destroyed() == []
