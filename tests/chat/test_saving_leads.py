"""New leads in the chat: nothing that was typed is lost, and no double is made unasked."""

import pytest

from antcrm_tools.house import House
from antcrm_tools.sandbox import AN, ANH, Sandbox
from antcrm_tools.sandbox.log import LoggedRequest
from tests.fakes.talker import Talker, chat_in


def posts(sandbox: Sandbox) -> list[LoggedRequest]:
    return [request for request in sandbox.requests if request.method == "POST"]


async def test_created_as_it_was_written(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say("thêm lead Nguyễn Văn Bình 0977 123 456 binh@example.com hỏi giá 10 user")
    assert "Created: L" in screen
    assert "phone: 0977 123 456" in screen
    assert "note: hỏi giá 10 user" in screen
    [post] = posts(sandbox)
    assert post.body["name"] == "Nguyễn Văn Bình"
    assert post.body["phones"][0]["value"] == "0977123456"
    assert post.body["emails"][0]["value"] == "binh@example.com"
    assert post.body["bgInfo"] == "hỏi giá 10 user"
    assert "Nguyễn Văn Bình" in await lan.tap("Show L")


async def test_duplicates_are_shown_and_nothing_is_created(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say("/lead An mới 0912345678 gọi lại")
    assert "Nothing was created: 2 customers have this phone" in screen
    assert AN.name in screen
    assert not posts(sandbox)
    # Looking at one of them leaves the question open.
    assert ANH.owner in await lan.tap(f"Show {ANH.ref}")
    assert "Created: L" in await lan.tap("Create anyway")
    [post] = posts(sandbox)
    assert (post.body["name"], post.body["bgInfo"]) == ("An mới", "gọi lại")


async def test_a_duplicate_can_be_left(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead An mới 0912345678")
    anyway = lan.button("Create anyway").token
    assert "Cancelled" in await lan.tap("Cancel")
    assert "used already" in await lan.press(anyway)
    assert not posts(sandbox)


async def test_create_anyway_creates_once(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead An mới 0912345678")
    anyway = lan.button("Create anyway").token
    await lan.press(anyway)
    assert "used already" in await lan.press(anyway)
    assert len(posts(sandbox)) == 1


async def test_nobody_found_can_become_a_lead(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("0977123456")
    assert "What is the name" in await lan.tap("Save as a new lead")
    assert not posts(sandbox)
    assert "Created: L" in await lan.say("Tim Trần hỏi giá")
    [post] = posts(sandbox)
    assert post.body["name"] == "Tim Trần hỏi giá"
    assert post.body["phones"][0]["value"] == "0977123456"
    # The question is answered: the next words are words again.
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    assert len(posts(sandbox)) == 1


async def test_a_lead_without_a_name_is_asked_for_it(lan: Talker, sandbox: Sandbox) -> None:
    assert "What is the name of the lead with 0977123456?" in await lan.say("/lead 0977123456 hỏi giá")
    await lan.say("Bình")
    assert posts(sandbox)[0].body["bgInfo"] == "hỏi giá"


async def test_another_command_instead_of_the_name_says_what_was_not_done(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead 0977123456")
    screen = await lan.say("0912345678")
    assert "The lead with 0977123456 was not created." in screen
    assert AN.ref in screen
    assert "used already" in await lan.say("Khủng Long Xyz") or "did not understand" in lan.screen
    assert not posts(sandbox)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("xoá L9001", "Delete lead L9001"),
        ("tìm 0912345678", AN.ref),
        ("find L9001", AN.name),
        ("chuyển L9001 sang Chốt", "Saved"),
        ("gắn thẻ L9001 VIP", "Saved"),
        ("ghi chú L9001 gọi lại", "Saved"),
        ("xem #L9001", AN.name),
    ],
)
async def test_a_whole_command_is_no_name(lan: Talker, sandbox: Sandbox, words: str, shown: str) -> None:
    await lan.say("/lead 0977123456")
    screen = await lan.say(words)
    assert "The lead with 0977123456 was not created." in screen
    assert shown in screen
    assert not posts(sandbox)
    assert not sandbox.destroying()


async def test_another_lead_is_no_name(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead 0977123456")
    assert "The lead with 0977123456 was not created." in await lan.say("thêm lead Lan 0977123888")
    [post] = posts(sandbox)
    assert (post.body["name"], post.body["phones"][0]["value"]) == ("Lan", "0977123888")


@pytest.mark.parametrize("name", ["Tim Cook", "Chuyển Văn Tag", "Trà", "Khách Mới", "Xem Văn An", "Lead Nguyễn"])
async def test_a_name_that_begins_like_a_command_is_a_name(lan: Talker, sandbox: Sandbox, name: str) -> None:
    await lan.say("/lead 0977123456")
    await lan.say(name)
    assert posts(sandbox)[0].body["name"] == name


async def test_a_yes_is_no_name(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead 0977123456")
    assert "What is the name of the lead with 0977123456?" in await lan.say("ok")
    assert not posts(sandbox)
    await lan.say("Bình")
    assert posts(sandbox)[0].body["name"] == "Bình"


@pytest.mark.parametrize("words", ["không", "no", "thôi nhé", "huỷ"])
async def test_a_no_to_the_name_is_a_cancel(lan: Talker, sandbox: Sandbox, words: str) -> None:
    await lan.say("/lead 0977123456")
    assert "Cancelled" in await lan.say(words)
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    assert not posts(sandbox)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("An 091234567", "“091234567” is not a phone number"),
        ("An 0912.345.67 hỏi giá", "“0912.345.67” is not a phone number"),
        ("An 0912 345 67 an@example.com", "“0912 345 67” is not a phone number"),
        ("An - 1234567", "“1234567” is not a phone number"),
        ("An\n09123456 hỏi giá", "“09123456” is not a phone number"),
        ("An an@example", "“an@example” is not an e-mail address"),
        ("An an@@example.com 0977123456", "“an@@example.com” is not an e-mail address"),
    ],
)
async def test_a_torn_phone_or_email_does_not_become_the_name(
    lan: Talker, sandbox: Sandbox, words: str, named: str
) -> None:
    for command in ("thêm lead", "/lead"):
        screen = await lan.say(f"{command} {words}")
        assert named in screen
        assert "Nothing was done." in screen
    assert not posts(sandbox)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Công ty An MST 0312345678 0977123456", "Công ty An MST 0312345678"),
        ("An STK 190123456789", "An STK 190123456789"),
        ("An Lớp 123456", "An Lớp 123456"),
        ("An @ Vinamilk 0977123456 đơn 12345678 của an@", "An @ Vinamilk"),
    ],
)
async def test_other_numbers_stay_where_they_are(lan: Talker, sandbox: Sandbox, words: str, name: str) -> None:
    await lan.say(f"/lead {words}")
    assert posts(sandbox)[0].body["name"] == name


async def test_the_question_for_a_name_can_be_cancelled(lan: Talker, sandbox: Sandbox) -> None:
    await lan.say("/lead 0977123456")
    assert "Cancelled" in await lan.say("/cancel")
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    await lan.say("/lead 0977123456")
    await lan.tap("Cancel")
    assert "did not understand" in await lan.say("Khủng Long Xyz")
    assert not posts(sandbox)


async def test_letters_in_a_phone_are_looked_at_before_it_is_saved(lan: Talker, sandbox: Sandbox) -> None:
    screen = await lan.say("/lead An O977123456")
    assert "not saved yet" in screen
    assert "“O977123456” was read as a phone number." in screen
    assert not posts(sandbox)
    assert "Created: L" in await lan.tap("Save")
    assert posts(sandbox)[0].body["phones"][0]["value"] == "0977123456"


async def test_what_cannot_be_saved_is_said_and_can_be_put_right(lan: Talker, sandbox: Sandbox) -> None:
    name = "An " * 80
    screen = await lan.say(f"/lead {name} 0977123456 hỏi giá")
    assert "too long" in screen
    assert "create_lead" not in screen
    assert not posts(sandbox)
    await lan.tap("Edit")
    await lan.tap("name")
    await lan.say("An")
    assert "Created: L" in await lan.tap("Save")
    assert (posts(sandbox)[0].body["name"], posts(sandbox)[0].body["bgInfo"]) == ("An", "hỏi giá")


async def test_an_answer_that_was_lost_is_looked_for(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.faults.cut("POST", act=True)
    assert "Created: L" in await lan.say("/lead Bình 0977123456")
    assert len(posts(sandbox)) == 1


async def test_what_is_not_known_is_not_sent_again(lan: Talker, sandbox: Sandbox) -> None:
    sandbox.faults.cut("POST")
    screen = await lan.say("/lead Bình 0977123456")
    assert "It is not known yet whether Bình was saved" in screen
    assert "Create" not in screen
    assert "Nobody was found" in await lan.tap("Look it up")
    # Its phone is held until it is known.
    assert "It is not known yet whether an earlier change of Bình" in await lan.say("/lead Bình 0977123456")
    assert len(posts(sandbox)) == 1


async def test_when_every_write_is_asked_about(house: House, sandbox: Sandbox) -> None:
    settings = house.settings.model_copy(update={"confirm": "writes"})
    asking = House(settings, clock=house.clock)
    async with asking:
        lan = Talker(chat_in(asking), language="en")
        assert "Create the lead Bình?" in await lan.say("/lead Bình 0977123456")
        assert not posts(asking.open_sandbox())
        assert "Created: L" in await lan.tap("Create Bình")
        assert len(posts(asking.open_sandbox())) == 1
    assert not posts(sandbox)
