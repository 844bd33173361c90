import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.emails import canonical_email, find_emails, is_public_provider, is_shared, mailbox_key


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("An.Nguyen+crm@Gmail.com", "annguyen@gmail.com"),
        ("a.n.nguyen@googlemail.com", "annguyen@gmail.com"),
        ("an.le+mua@outlook.com", "an.le@outlook.com"),
        ("an+1@hotmail.com", "an@hotmail.com"),
        ("an+1@live.com", "an@live.com"),
        ("an+x@me.com", "an@icloud.com"),
        ("an+x@protonmail.com", "an@proton.me"),
        ("an+x@fastmail.com", "an@fastmail.com"),
        # Where nobody says that they are ignored, they stay.
        ("an.le@yahoo.com", "an.le@yahoo.com"),
        ("an-crm@yahoo.com", "an-crm@yahoo.com"),
        ("an+crm@saoviet.vn", "an+crm@saoviet.vn"),
        # Nothing would be left.
        ("+@gmail.com", "+@gmail.com"),
        ("an", None),
        ("", None),
    ],
)
def test_mailbox_key(text: str, expected: str | None) -> None:
    assert mailbox_key(text) == expected


@given(st.one_of(st.emails(), st.from_regex(r"\A[a-z.+]{1,8}@(gmail|googlemail|outlook|me|yahoo)\.com\Z")))
def test_mailbox_key_is_stable(text: str) -> None:
    key = mailbox_key(text)
    if key is not None:
        assert mailbox_key(key) == key


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "Gmail.com",
        "yahoo.com.vn",
        "hotmail.fr",
        "me.com",
        "hcm.vnn.vn",
        "outlook.com.vn",
        "gmial.com",
        "gmai.com",
    ],
)
def test_public_providers(domain: str) -> None:
    assert is_public_provider(domain)


@pytest.mark.parametrize("domain", ["vinamilk.com.vn", "fpt.com.vn", "outlook-travel.vn", "live.edu.vn", "yahoo", ""])
def test_no_public_providers(domain: str) -> None:
    assert not is_public_provider(domain)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("info@abc.vn", True),
        ("Sales2@abc.vn", True),
        ("ke.toan@abc.vn", True),
        ("sales-hn@abc.vn", True),
        ("lan@abc.vn", False),
        ("lan.sales@abc.vn", False),
        ("information.an@abc.vn", False),
        ("1@abc.vn", False),
    ],
)
def test_is_shared(address: str, expected: bool) -> None:
    assert is_shared(address) is expected


@given(st.text(st.characters(max_codepoint=127)) | st.emails())
def test_what_is_ascii_is_read_as_everything_else(text: str) -> None:
    # A character nobody sees, which goes, keeps it from being read the short way.
    assert canonical_email(text) == canonical_email(f"{text}\u200b")
