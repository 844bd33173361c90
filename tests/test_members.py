"""Who may use the bot, as a setting says it, and what a role may do."""

from __future__ import annotations

from typing import get_args

import pytest

from antcrm_tools.members import ALL_SCOPES, Member, Role, Scope, read_members, scopes_of
from antcrm_tools.registry import ArgumentError

LAN = Member(123456789, "lan@antcrm.example", "sales")
MINH = Member(7, "minh@antcrm.example", "manager")
LIKE = " An entry looks like 123456789:lan@your-company.vn:sales, and entries are parted by commas."


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("viewer", {"read"}),
        ("sales", {"read", "write"}),
        ("manager", {"read", "write", "delete"}),
        ("admin", {"read", "write", "delete"}),
    ],
)
def test_what_a_role_may_do(role: Role, scopes: set[Scope]) -> None:
    assert scopes_of(role) == scopes


def test_every_role_may_read_and_none_more_than_there_is() -> None:
    assert set(get_args(Scope)) == ALL_SCOPES
    assert all({"read"} <= scopes_of(role) <= ALL_SCOPES for role in get_args(Role))


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", ()),
        ("  \n", ()),
        (",", ()),
        ("123456789:lan@antcrm.example:sales", (LAN,)),
        ("123456789:lan@antcrm.example:sales,7:minh@antcrm.example:manager", (LAN, MINH)),
        (" 123456789 : lan@antcrm.example : sales ,\n 7:minh@antcrm.example:manager,\n", (LAN, MINH)),
        ("123456789:Lan@AntCRM.example:Sales", (LAN,)),
        ("4503599627370495:lan@antcrm.example:viewer", (Member(2**52 - 1, LAN.who, "viewer"),)),
    ],
)
def test_what_is_read(text: str, members: tuple[Member, ...]) -> None:
    assert read_members(text) == members


def test_one_person_may_have_two_phones_and_two_roles() -> None:
    members = read_members("1:lan@antcrm.example:sales,2:lan@antcrm.example:viewer")
    assert [(member.telegram_id, member.who, member.role) for member in members] == [
        (1, LAN.who, "sales"),
        (2, LAN.who, "viewer"),
    ]


PARTS = "Entry 2 of ANTCRM_TELEGRAM_MEMBERS is not a Telegram id, an e-mail and a role with colons between them."
ID = "The Telegram id in entry 2 of ANTCRM_TELEGRAM_MEMBERS is not a person's number."
EMAIL = "The e-mail in entry 2 of ANTCRM_TELEGRAM_MEMBERS is none."
ROLE = "The role in entry 2 of ANTCRM_TELEGRAM_MEMBERS is not one of: viewer, sales, manager, admin."
TWICE = "Entries 1 and 2 of ANTCRM_TELEGRAM_MEMBERS have the same Telegram id."


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("", PARTS),
        ("s3cret", PARTS),
        ("8:an@s3cret.example", PARTS),
        ("8:an@s3cret.example:sales:admin", PARTS),
        ("8;an@s3cret.example;sales", PARTS),
        (":an@s3cret.example:sales", ID),
        ("@s3cret:an@s3cret.example:sales", ID),
        ("-100200300:an@s3cret.example:sales", ID),
        ("0:an@s3cret.example:sales", ID),
        ("08:an@s3cret.example:sales", ID),
        ("٨:an@s3cret.example:sales", ID),
        ("8.5:an@s3cret.example:sales", ID),
        ("12345678901234567:an@s3cret.example:sales", ID),
        ("8:s3cret:sales", EMAIL),
        ("8::sales", EMAIL),
        ("8:<an@s3cret.example>:sales", EMAIL),
        ("8:an@s3cret.example.:sales", EMAIL),
        ("8:a n@s3cret.example:sales", EMAIL),
        ("8:an@s3cret.example:s3cret", ROLE),
        ("8:an@s3cret.example:", ROLE),
        ("8:an@s3cret.example:sale", ROLE),
        ("s3cret:s3cret:s3cret", f"{ID} {EMAIL} {ROLE}"),
        ("123456789:an@s3cret.example:admin", TWICE),
    ],
)
def test_a_wrong_entry_is_named_by_its_number_and_not_repeated(entry: str, said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_members(f"123456789:lan@antcrm.example:sales,{entry},9:minh@antcrm.example:admin")
    assert caught.value.what.render("en") == said + LIKE
    assert "s3cret" not in caught.value.what.render("vi")


def test_of_many_wrong_entries_the_first_few_are_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        read_members(",".join("x" * 50))
    assert caught.value.what.render("en").count("is not a Telegram id") == 5
