import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.emails import canonical_email, find_emails


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an@example.vn", "an@example.vn"),
        (" An.Nguyen@Example.VN ", "an.nguyen@example.vn"),
        ("a@b.vn.", "a@b.vn"),
        ("<a@b.vn>,", "a@b.vn"),
        ("mailto:a@b.vn", "a@b.vn"),
        ("ａｎ＠ｅｘａｍｐｌｅ．ｖｎ", "an@example.vn"),
        ("an\u200b@example.vn", "an@example.vn"),
        ("an+crm@mail.example.com.vn", "an+crm@mail.example.com.vn"),
        ("an@Tiếng-Việt.vn", "an@tiếng-việt.vn"),
        ("_an_@example.vn", "_an_@example.vn"),
    ],
)
def test_canonical_email(text: str, expected: str) -> None:
    assert canonical_email(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "an",
        "an@",
        "an@example",
        "@example.vn",
        "an@@example.vn",
        "an@example..vn",
        "a..n@example.vn",
        "an@-example.vn",
        "an@example-.vn",
        "an@example.v",
        "an@127.0.0.1",
        "a n@example.vn",
        "an@exa mple.vn",
        "a@b.vn c@d.vn",
        "a@b.vn,c@d.vn",
        "tuấn@example.vn",
        "a" * 65 + "@example.vn",
        "a@" + "b." * 130 + "vn",
    ],
)
def test_canonical_email_refuses_what_is_not_one_address(text: str) -> None:
    assert canonical_email(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gửi an@example.vn.", ["an@example.vn"]),
        ("Email: An@Example.vn, hoặc <b@c.com>!", ["An@Example.vn", "b@c.com"]),
        ("a@b.vn/c@d.vn", ["a@b.vn", "c@d.vn"]),
        ("0912345678/an@x.vn", ["an@x.vn"]),
        ("mail ａｎ＠ｘ．ｖｎ nhé", ["ａｎ＠ｘ．ｖｎ"]),
        ("...an@x.vn...", ["an@x.vn"]),
        ("an@x.vn-zalo", ["an@x.vn"]),
        ("Tuấn@x.vn", []),
        ("Tua\u0302\u0301n@x.vn", []),
        ("a..b@x.vn", []),
        ("không có", []),
    ],
)
def test_find_emails(text: str, expected: list[str]) -> None:
    assert [email.text for email in find_emails(text)] == expected


@given(st.one_of(st.emails(), st.text(), st.text("aAß.@-_+ ﬁİ", max_size=20)))
def test_canonical_email_is_stable(text: str) -> None:
    form = canonical_email(text)
    if form is not None:
        assert canonical_email(form) == form


@given(st.one_of(st.text(), st.text("ab1.@-_+% ,é@．＠", max_size=40), st.lists(st.emails()).map(", ".join)))
def test_found_emails_stand_where_they_say(text: str) -> None:
    reached = 0
    for email in find_emails(text):
        assert reached <= email.start < email.end
        assert text[email.start : email.end] == email.text
        assert canonical_email(email.text) == email.canonical
        reached = email.end
