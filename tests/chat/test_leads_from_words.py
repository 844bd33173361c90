"""A lead in a line of words: what is read, and that nothing is lost."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from antcrm_chat.intents import LeadWords
from antcrm_chat.leads import named, read_lead
from antcrm_tools.identity.emails import find_emails
from antcrm_tools.identity.phones_in_text import find_phones

# What people put between the parts; where the parts are cut, it goes.
SEAMS = set(" \t\r\n,;:-–—|/·•()[]<>")


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("Nguyễn Văn An", LeadWords("Nguyễn Văn An")),
        ("Nguyễn Văn An\nhỏi giá", LeadWords("Nguyễn Văn An", note="hỏi giá")),
        ("An 0912345678", LeadWords("An", ("0912345678",))),
        (
            "chị Hoa - 0987.654.321 - Vinamilk - hỏi giá",
            LeadWords("chị Hoa", ("0987.654.321",), (), "Vinamilk - hỏi giá"),
        ),
        ("An (0912345678) sếp", LeadWords("An", ("0912345678",), (), "sếp")),
        ("An (sếp) 0912345678", LeadWords("An (sếp)", ("0912345678",))),
        ("An <an@example.com>", LeadWords("An", (), ("an@example.com",))),
        ("An 0912345678/0987654321 hỏi giá", LeadWords("An", ("0912345678", "0987654321"), (), "hỏi giá")),
        (
            "An 0912345678 gọi sáng an@example.com gấp",
            LeadWords("An", ("0912345678",), ("an@example.com",), "gọi sáng gấp"),
        ),
        ("An 0912345678 MST 0312345678", LeadWords("An", ("0912345678",), (), "MST 0312345678")),
        ("0912345678 An", LeadWords("", ("0912345678",), (), "An")),
        ("An 0912345678 dòng một\ndòng hai", LeadWords("An", ("0912345678",), (), "dòng một\ndòng hai")),
    ],
)
def test_read(text: str, lead: LeadWords) -> None:
    assert read_lead(text) == lead


def test_a_name_given_later_keeps_what_was_known() -> None:
    known = LeadWords(phones=("0912345678",), note="hỏi giá")
    assert named(known, "An an@example.com mai gọi") == LeadWords(
        "An", ("0912345678",), ("an@example.com",), "hỏi giá\nmai gọi"
    )


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["0912345678", "0987.654.321", "an@example.com", "+84 912 345 678", " - ", "\n", "MST 0312345678", "Ng"]
    ),
)


@given(st.lists(PIECES, max_size=8).map("".join))
@example("0912345678 0912345678")
@example("a\x1c0912345678")
def test_no_word_is_lost(text: str) -> None:
    lead = read_lead(text)
    kept = Counter("".join((lead.name, *lead.phones, *lead.emails, lead.note)))
    written = Counter(char for char in text if not char.isspace() and char not in SEAMS)
    # The same phone or e-mail twice is one.
    found = Counter(item.text for item in (*find_phones(text), *find_emails(text)))
    said_again = Counter("".join(item * (times - 1) for item, times in found.items()))
    assert not written - kept - said_again
