"""Contact cards: every phone, e-mail and word of one is in the lead, whatever wrote the card."""

from __future__ import annotations

import quopri
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Contact

from antcrm_chat.intents import LeadWords
from antcrm_telegram.contacts import lead_of
from antcrm_tools.identity.names import fold


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> str:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD"))


def lead(
    *lines: str, phone: str = "0912345678", first: str = "An", last: str = "", version: str = "3.0", end: str = "\r\n"
) -> LeadWords:
    return lead_of(Contact(phone, first, last or None, vcard=card(*lines, version=version, end=end)), "VN")[0]


@pytest.mark.parametrize(
    ("shared", "saved"),
    [
        ("0912345678", "0912345678"),
        ("84912345678", "84912345678"),
        ("+84912345678", "+84912345678"),
        ("14155552671", "+14155552671"),
        ("6591234567", "+6591234567"),
        ("33612345678", "+33612345678"),
        ("+1 (415) 555-2671", "+1 (415) 555-2671"),
        ("912345678", "912345678"),
        ("02838112233", "02838112233"),
        ("18001091", "18001091"),
    ],
)
def test_the_phone_telegram_names(shared: str, saved: str) -> None:
    assert lead_of(Contact(shared, "An"), "VN")[0].phones == (saved,)


@pytest.mark.parametrize("text", ["113", "*101#", "1-800-FLOWERS"])
def test_what_antcrm_takes_for_no_phone_is_noted(text: str) -> None:
    """It could not be saved: AntCRM's own rules said that it is no phone."""
    found = lead_of(Contact(text, "Tổng đài"), "VN")[0]
    assert text in found.note
    assert text not in found.phones


def test_no_phone_at_all() -> None:
    assert lead_of(Contact("", "An", "Nguyễn"), "VN")[0] == LeadWords("Nguyễn An")
    assert lead_of(Contact("", ""), "VN") == (LeadWords(), "")


def test_version_2_1_quoted_printable() -> None:
    found = lead(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Nguy=E1=BB=85n;=C3=81nh;;;",
        "TEL;CELL;PREF:0912-345-678",
        "TEL;WORK:0987654321",
        "EMAIL;INTERNET:anh@example.com",
        "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:C=C3=B4ng ty=",
        " ABC;Kinh doanh",
        "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:g=E1=BB=8Di=0D=0Al=E1=BA=A1i nhé",
        first="Ánh",
        last="Nguyễn",
        version="2.1",
    )
    assert found == LeadWords(
        "Nguyễn Ánh",
        ("0912345678", "0987654321"),
        ("anh@example.com",),
        "Công ty ABC, Kinh doanh\ngọi lại nhé",
    )


def test_the_charset_that_is_named() -> None:
    assert lead("NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:caf=E9").note == "café"
    assert lead("NOTE;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:caf=E9").note == "caf\ufffd"


def test_version_4() -> None:
    found = lead(
        "FN:An",
        'TEL;VALUE=uri;TYPE="voice,home":tel:+84-28-3811-2233',
        "TEL;VALUE=uri:tel:+84283811;ext=5",
        "EMAIL:mailto:an@example.com",
        "ADR;TYPE=work:;;12 Lê Lợi\\, P. 1;Hà Nội;;;VN",
        "URL:https://abc.example/?id=",
        "TITLE:Trưởng phòng",
        "NOTE:dòng một\\nhai\\; ba",
        version="4.0",
    )
    assert found.phones == ("0912345678", "+84-28-3811-2233")
    assert found.emails == ("an@example.com",)
    assert "12 Lê Lợi, P. 1, Hà Nội, VN" in found.note
    assert "https://abc.example/?id=" in found.note
    assert "dòng một hai; ba" in found.note
    assert "+84283811;ext=5" in found.note


@pytest.mark.parametrize("before", ["URL:https://x.example/?id=", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AA=", "NOTE:1+1="])
def test_an_equals_sign_at_the_end_of_a_line_takes_nothing_with_it(before: str) -> None:
    """It swallowed the next line, phone and all."""
    found = lead(before, "TEL:0987654321", "EMAIL:an@example.com")
    assert found.phones == ("0912345678", "0987654321")
    assert found.emails == ("an@example.com",)


def test_names_that_only_the_card_has() -> None:
    found = lead("N:Nguyễn;An;Văn;Ông;", "FN:Ông Nguyễn Văn An (Vinamilk)", first="An", last="Nguyễn")
    assert (found.name, found.note) == ("Nguyễn An", "Ông Nguyễn Văn An (Vinamilk)")
    assert not lead("N:Nguyễn;An;;;", "FN:An Nguyễn", "SORT-STRING:Nguyen", first="An", last="Nguyễn").note


def test_whose_number_it_is() -> None:
    found = lead("item1.TEL:0987654321", "item1.X-ABLabel:Vợ", "item2.TEL:0966123456", "item2.X-ABLabel:_$!<Home>!$_")
    assert found.phones == ("0912345678", "0987654321", "0966123456")
    assert found.note == "Vợ: 0987654321"


def test_numbers_that_speak_only_with_their_names() -> None:
    found = lead("BDAY:1990-01-02", "IMPP;X-SERVICE-TYPE=Zalo:zalo:an", "item1.X-ABRELATEDNAMES:Hoa", "NICKNAME:Tí")
    assert found.note == "BDAY: 1990-01-02\nIMPP: zalo:an\nX-ABRELATEDNAMES: Hoa\nTí"


def test_everybodys_groups_say_nothing() -> None:
    assert lead("CATEGORIES:myContacts,VIP").note == "VIP"
    assert not lead("CATEGORIES:myContacts", "REV:2026", "UID:1", "PRODID:x").note


def test_lines_that_are_none_are_noted() -> None:
    assert lead("NOTE:dòng một", "Giá: 5tr", "trời ơi").note == "dòng một\nGiá: 5tr\ntrời ơi"
    assert not lead("PHOTO;ENCODING=BASE64:AAAA", "BBBB", "CCC=").note


def test_a_phone_with_words_around_it() -> None:
    found = lead("TEL:0987654321 (Zalo)", "TEL:0966123456,,12")
    assert found.phones == ("0912345678", "0987654321", "0966123456")
    assert found.note == "0987654321 (Zalo)\n0966123456,,12"


def test_more_phones_than_antcrm_takes() -> None:
    numbers = [f"09661234{number:02}" for number in range(15)]
    found = lead(*(f"TEL:{number}" for number in numbers), *(f"EMAIL:a{n}@example.com" for n in range(12)))
    assert len(found.phones) == len(found.emails) == 10
    assert all(number in found.note or number in found.phones for number in numbers)
    assert "a11@example.com" in found.note


def test_an_address_that_is_none_is_noted() -> None:
    assert lead("EMAIL:an at example").note == "an at example"


words = st.text("aăâđêôơưnhgt ỳ́0123,.()&<>🔥", min_size=1, max_size=12).map(str.strip).filter(bool)
phones = st.from_regex(r"09[0-9]{8}", fullmatch=True)
mails = st.from_regex(r"[a-z]{1,8}@[a-z]{2,8}\.vn", fullmatch=True)


@dataclass
class Written:
    """A card, and what a person would miss if it were gone."""

    lines: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])


@st.composite
def cards(draw: st.DrawFn) -> tuple[str, Written]:
    version = draw(st.sampled_from(["2.1", "3.0", "4.0"]))
    written = Written()

    def put(name: str, *parts: str) -> None:
        value = ";".join(part.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,") for part in parts)
        if version == "2.1":
            value = quopri.encodestring(value.encode(), quotetabs=True).decode().replace("\n", "\r\n")
            name += ";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE"
        elif draw(st.booleans()):
            value = "\r\n ".join(value[start : start + 7] for start in range(0, len(value), 7))
        written.lines.append(f"{name}:{value}")
        written.kept.extend(parts)

    put("N", draw(words), draw(words), draw(words))
    put("FN", draw(words))
    for _ in range(draw(st.integers(0, 4))):
        put("TEL;CELL", draw(phones))
    for _ in range(draw(st.integers(0, 3))):
        put("EMAIL", draw(mails))
    for name in draw(st.lists(st.sampled_from(["ORG", "TITLE", "NOTE", "URL", "ADR", "X-LẠ", "item1.X-ABLABEL"]))):
        put(name, *draw(st.lists(words, min_size=1, max_size=3)))
    if draw(st.booleans()):
        written.lines.insert(0, "PHOTO;ENCODING=BASE64;JPEG:AAAA=\r\n BBB=\r\n")
    return card(*written.lines, version=version), written


@given(cards(), words, st.one_of(st.just(""), words), st.one_of(phones, st.just("")))
def test_no_word_of_a_card_is_lost(made: tuple[str, Written], first: str, last: str, phone: str) -> None:
    vcard, written = made
    found, line = lead_of(Contact(phone, first, last or None, vcard=vcard), "VN")
    everything = fold("\n".join((found.name, *found.phones, *found.emails, found.note)))
    for part in (*written.kept, first, last, phone):
        for word in fold(part).split():
            assert word in everything, (word, vcard)
            assert word in fold(line)
    assert all(word in found.note or word in found.phones for word in written.kept if word.startswith("09"))


@given(st.text(max_size=300), st.text("BEGIN:VCARDTELNOTE;=\r\n \\,0123456789ABCDEF\"'", max_size=300))
def test_no_card_is_too_strange(first: str, vcard: str) -> None:
    found, line = lead_of(Contact(first[:20], first, vcard=vcard), "VN")
    assert len(found.phones) <= 10
    assert "\n" not in found.name
    assert isinstance(line, str)
