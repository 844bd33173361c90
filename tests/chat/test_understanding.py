"""Which words are understood, and which are left alone."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_chat.intents import (
    Cancel,
    DoTo,
    Find,
    Help,
    Intent,
    Jotted,
    LeadWords,
    Misused,
    NewLead,
    Start,
    Unclear,
    Whom,
    Wish,
)
from antcrm_chat.understand import understand


def stage(whom: Whom, name: str) -> DoTo:
    return DoTo(whom, Wish("stage", "update_stage", {"stage": name}))


def delete(whom: Whom) -> DoTo:
    return DoTo(whom, Wish("delete", "delete_customer"))


def tags(tool: str, whom: Whom, *names: str) -> DoTo:
    return DoTo(whom, Wish("tag" if tool == "add_tags" else "untag", tool, {"tags": list(names)}))


def note(whom: Whom, text: str) -> DoTo:
    return DoTo(whom, Wish("note", "add_note", {"note": text}))


LEAD = Whom("L9457", "ref")
PHONE = Whom("0912345678", "phone")

UNDERSTOOD: list[tuple[str, Intent]] = [
    ("/start", Start()),
    ("/START@AntCrmBot abc", Start()),
    ("/help", Help()),
    ("trợ giúp", Help()),
    ("?", Help()),
    ("/cancel", Cancel()),
    ("huỷ", Cancel()),
    ("Hủy", Cancel()),
    ("HUY", Cancel()),
    ("/find 0912345678", Find("0912345678")),
    ("/Find@Some_Bot  0912 345 678", Find("0912 345 678")),
    ("tìm 0912345678", Find("0912345678")),
    ("TIM 0912345678", Find("0912345678")),
    ("tim L9457", Find("L9457")),
    ("Tìm khách L9457", Find("L9457")),
    ("tìm Nguyễn Văn An", Find("Nguyễn Văn An")),
    ("find an@example.com", Find("an@example.com")),
    ("L9457", Find("L9457")),
    (" l 9457 ", Find("l 9457")),
    ("C-9101", Find("C-9101")),
    ("0912 345 678", Find("0912 345 678")),
    ("+84 912 345 678", Find("+84 912 345 678")),
    ("an@example.com", Find("an@example.com")),
    ("9457", Find("9457")),
    ("/stage L9457 Đang liên hệ", stage(LEAD, "Đang liên hệ")),
    ("/stage L9457 sang tên", stage(LEAD, "sang tên")),
    ("/stage 0912345678 Đang liên hệ", stage(PHONE, "Đang liên hệ")),
    ("/stage 0912 345 678 Đang liên hệ", stage(Whom("0912 345 678", "phone"), "Đang liên hệ")),
    ("/stage an@example.com Chốt", stage(Whom("an@example.com", "email"), "Chốt")),
    ("/stage 9457 Chốt", stage(Whom("9457", "digits"), "Chốt")),
    ("/stage l 9457 Chốt", stage(Whom("l 9457", "ref"), "Chốt")),
    ("chuyển L9457 sang Đang liên hệ", stage(LEAD, "Đang liên hệ")),
    ("chuyen L9457 sang Dang lien he", stage(LEAD, "Dang lien he")),
    ("CHUYỂN L9457 SANG Đang liên hệ", stage(LEAD, "Đang liên hệ")),
    ("chuyển L9457 sang giai đoạn Đang liên hệ", stage(LEAD, "Đang liên hệ")),
    ("chuyển L9457 Đang liên hệ", stage(LEAD, "Đang liên hệ")),
    ("move L9457 to Won", stage(LEAD, "Won")),
    ("chuyển L9457 thành công", stage(LEAD, "thành công")),
    ("chuyển L9457 thành Chốt", stage(LEAD, "Chốt")),
    ("tìm kiếm 0912345678", Find("0912345678")),
    ("tra cứu 0912345678", Find("0912345678")),
    ("Tra cuu L9457", Find("L9457")),
    ("xem L9457", Find("L9457")),
    ("xem khách hàng 0912345678", Find("0912345678")),
    ("#L9457", Find("L9457")),
    ("tìm #L9457", Find("L9457")),
    ("#9457", Find("9457")),
    ("#0912345678", Find("0912345678")),
    ("xoá #L9457", delete(LEAD)),
    ("chuyển #L9457 sang Chốt", stage(LEAD, "Chốt")),
    ("lưu lead An 0912345678", NewLead(LeadWords("An", ("0912345678",)))),
    ("thêm mới lead An 0912345678", NewLead(LeadWords("An", ("0912345678",)))),
    ("Lead An 0912345678 hỏi giá", NewLead(LeadWords("An", ("0912345678",), (), "hỏi giá"))),
    ("/tag L9457 VIP, Quan tâm", tags("add_tags", LEAD, "VIP", "Quan tâm")),
    ("gắn tag L9457 VIP", tags("add_tags", LEAD, "VIP")),
    ("gan the L9457: VIP; Quan tâm,", tags("add_tags", LEAD, "VIP", "Quan tâm")),
    ("add tag L9457 VIP", tags("add_tags", LEAD, "VIP")),
    ("/untag L9457 VIP", tags("remove_tags", LEAD, "VIP")),
    ("gỡ tag L9457 VIP", tags("remove_tags", LEAD, "VIP")),
    ("xoá tag L9457 VIP", tags("remove_tags", LEAD, "VIP")),
    ("remove tag L9457 VIP", tags("remove_tags", LEAD, "VIP")),
    ("/note L9457 gọi lại\nmai", note(LEAD, "gọi lại\nmai")),
    ("ghi chú L9457: gọi lại mai", note(LEAD, "gọi lại mai")),
    ("Ghi chu: L9457 gọi 0987654321", note(LEAD, "gọi 0987654321")),
    ("note 0912345678 - gọi lại", note(PHONE, "- gọi lại")),
    ("/delete L9457", delete(LEAD)),
    ("xoá L9457", delete(LEAD)),
    ("xóa lead L9457", delete(LEAD)),
    ("XOA L9457", delete(LEAD)),
    ("delete 0912345678", delete(PHONE)),
    (
        "/lead Nguyễn Văn An 0912345678 an@example.com hỏi giá",
        NewLead(LeadWords("Nguyễn Văn An", ("0912345678",), ("an@example.com",), "hỏi giá")),
    ),
    ("them lead An 0912345678", NewLead(LeadWords("An", ("0912345678",)))),
    ("add lead An", NewLead(LeadWords("An"))),
]


@pytest.mark.parametrize(("words", "intent"), UNDERSTOOD)
def test_understood(words: str, intent: Intent) -> None:
    assert understand(words) == intent


@pytest.mark.parametrize(
    "words",
    ["tìm 0912345678", "xoá L9457", "chuyển 0912345678 sang 1", "gỡ tag L9457 1", "ghi chú L9457 1", "huỷ"],
)
def test_decomposed_letters_are_the_same_words(words: str) -> None:
    assert understand(unicodedata.normalize("NFD", words)) == understand(words)
    assert understand(words.upper().replace("SANG", "sang")) != Unclear()


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "xin chào",
        "anh ơi xoá L9457",
        "đừng xoá L9457",
        "thôi để mai",
        "lead",
        "lead này tốt",
        "#",
        "##L9457",
        "# # L9457",
        "xóatag",
        "L9457 L9458",
        "MST 0312345678",
        "đơn hàng 12345678",
        "yes",
        "có",
    ],
)
def test_anything_else_is_left_alone(words: str) -> None:
    assert understand(words) == Unclear()


@pytest.mark.parametrize(
    "words",
    [
        "Nguyễn Văn An 0912345678",
        "c 0912345678",
        "trà 0912345678",
        "tra 0912345678",
        "tím 0912345678",
        "0912345678 0987654321",
        "O912345678",
        "chị Hoa hoa@example.com hỏi giá",
        "đừng xoá 0912345678",
        "KH: anh Nam\nSĐT: 0912345678",
    ],
)
def test_a_phone_or_an_email_among_words_is_jotted_down(words: str) -> None:
    assert understand(words) == Jotted()
    # Asked for a name, the same words are an answer.
    assert understand(words, free=False) != Find(words)


@pytest.mark.parametrize("words", ["anh Nam 09123456 hỏi giá", "gọi +8491234567 nhé"])
def test_a_torn_phone_is_named(words: str) -> None:
    intent = understand(words)
    assert isinstance(intent, Misused)
    assert "is not a phone number" in intent.what.render("en")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("/delet L9457", "help"),
        ("/find", "find"),
        ("/lead", "lead"),
        ("/lead@bot  ", "lead"),
        ("/stage L9457", "stage"),
        ("/stage Đang liên hệ", "stage"),
        ("chuyển L9457 sang", "stage"),
        ("chuyển L9457 sang   ", "stage"),
        ("chuyển L9457 sang giai đoạn ", "stage"),
        ("move L9457 to", "stage"),
        ("move L9457 to  ", "stage"),
        ("/stage L9457 sang", "stage"),
        ("/tag L9457", "tag"),
        ("/tag L9457 , ;", "tag"),
        ("/note L9457", "note"),
        ("/note mai gọi lại", "note"),
        ("/delete", "delete"),
        ("xoá Nguyễn Văn An", "delete"),
        ("/delete L9457 L9458", "delete"),
        ("/untag", "untag"),
    ],
)
def test_a_command_that_says_too_little_or_too_much(words: str, command: str) -> None:
    intent = understand(words)
    assert isinstance(intent, Misused)
    assert intent.command == command


def test_a_name_is_not_taken_for_a_command() -> None:
    assert understand("Tim Cook", free=False) == Unclear()
    assert understand("Chuyển Văn Tag", free=False) == Unclear()
    assert understand("huỷ", free=False) == Cancel()
    assert understand("xoá L9457", free=False) == delete(LEAD)
    assert understand("/delete L1", free=False) == delete(Whom("L1", "ref"))


@given(st.text())
def test_no_text_is_too_strange(words: str) -> None:
    understand(words)
    understand(words, free=False)


@given(st.sampled_from(UNDERSTOOD), st.text(alphabet=" \u200b\ufeff\t\n", max_size=3))
def test_blanks_around_change_nothing(entry: tuple[str, Intent], blanks: str) -> None:
    words, intent = entry
    around = "".join(char for char in blanks if char.isspace())
    assert understand(around + words + around) == intent
