"""Whether two records are one customer: rules by example, and over a thousand pairs labelled by how they were made."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import get_args

import pytest

from antcrm_tools.identity.duplicates import compare, contradicts, reason_words
from antcrm_tools.models import Likeness
from tests.identity.pairs import (
    SWAPPED,
    TWINS,
    WORDS,
    Pair,
    at,
    company_written,
    digit_off,
    last_eight,
    mailbox_written,
    mobile_written,
    name_written,
    no,
    old_prefixes,
    person,
    record,
    same_landline,
    same_mobile,
    tax_code,
    two,
    unmarked,
    yes,
)

REASONS: tuple[Likeness, ...] = get_args(Likeness)
AIM = 0.98


def domain_of(company: str) -> str:
    return f"{unmarked(company).replace(' ', '').lower()}.vn"


# --- one customer, written down twice ---


def same_mailbox(random: Random) -> Pair:
    one, other = two(random)
    domain = random.choice(["gmail.com", "gmail.com", "outlook.com", "icloud.com", "yahoo.com", "abc.com.vn"])
    left, right = (mailbox_written(random, one.mailbox, domain) for _ in range(2))
    return yes(record(one.name, email=left), record(other.name, email=right), "same mailbox", "email")


def same_role_mailbox(random: Random) -> Pair:
    one = person(random)
    address = f"{random.choice(['info', 'sales', 'ketoan', 'hr'])}@{domain_of(one.company)}"
    if random.random() < 0.5:
        account = record(company_written(random, one.company), email=address, kind="account")
        return yes(account, record(one.name, email=address.upper()), "role mailbox of an account", "email")
    second = record(random.choice([f"chị {one.given}", unmarked(one.name)]), email=address)
    # It is in the company's own domain, so they have the company in common as well.
    return yes(record(one.name, email=address), second, "role mailbox, name near", "email", "name_company")


def same_name_and_company(random: Random) -> Pair:
    one = person(random)
    name = random.choice([one.name, unmarked(one.name), one.name.upper(), unicodedata.normalize("NFD", one.name)])
    phone = random.choice(["", mobile_written(random, one.mobile)])
    left, second = at(random, name, one.company, phone=phone), name_written(random, one)
    right = at(random, second, one.company)
    if random.random() < 0.15:
        right = record(second, email=f"{unmarked(one.given).lower()}.{one.mobile[-2:]}@{domain_of(one.company)}")
    return yes(left, right, "same name and company", "name_company")


def same_all(random: Random) -> Pair:
    one = person(random)
    left, right = (
        at(
            random,
            name,
            one.company,
            phone=mobile_written(random, one.mobile),
            email=mailbox_written(random, one.mailbox, "gmail.com"),
        )
        for name in (one.name, name_written(random, one))
    )
    return yes(left, right, "all the same", *REASONS)


def same_account(random: Random) -> Pair:
    company, code = random.choice(WORDS["companies"]), f"03{random.randrange(10**8):08}"
    names = [company_written(random, company) for _ in range(2)]
    shared = random.choice(["tax code", "domain", "street"])
    if shared == "tax code":
        one = record(names[0], kind="account", fields={"Mã số thuế": code})
        other = record(names[1], kind="account", fields={"MST": f"{code[:4]} {code[4:7]} {code[7:]}"})
    elif shared == "domain":
        one, other = (
            record(name, kind="account", email=f"{local}@{domain_of(company)}")
            for name, local in zip(names, ("info", "lan.nguyen"), strict=True)
        )
    else:
        one, other = (
            record(name, kind="account", street=street)
            for name, street in zip(names, ("12 Lê Lợi", "12 le loi"), strict=True)
        )
    return yes(one, other, f"same account, {shared}", "name_company")


# --- two customers ---


def strangers(random: Random) -> Pair:
    left, right = (at(random, p.name, p.company, phone=mobile_written(random, p.mobile)) for p in two(random))
    return no(left, right, "strangers")


def namesakes_elsewhere(random: Random) -> Pair:
    one, other = two(random)
    return no(at(random, one.name, one.company), at(random, one.name, other.company), "name only: other company")


def namesakes(random: Random) -> Pair:
    one = person(random)
    other = random.choice([record(unmarked(one.name)), at(random, one.name, one.company), record(f"anh {one.given}")])
    return no(record(one.name, phone=mobile_written(random, one.mobile)), other, "name only: no company")


def namesakes_beside(random: Random) -> Pair:
    name, words = (
        person(random).name,
        "Hà Nội,HCM,Q7,Đà Nẵng,quận 7,Hoà Bình,kế toán,giám đốc,VIP,zalo,em chị Hoa,30 tuổi",
    )
    word = random.choice(words.split(","))
    form = random.choice(["{} - {}", "{} ({})", "{} | {}"])
    return no(record(form.format(name, word)), record(form.format(unmarked(name), word)), f"name only: {word}")


def namesakes_without_company(random: Random) -> Pair:
    name = person(random).name
    value = random.choice(
        ["tự do", "cá nhân", "Không có", "chưa có", "-", "N/A", "freelance", "xây dựng", "Thương mại"]
    )
    left, right = (random.choice([{"Công ty": value}, {"Đơn vị": value.upper()}]) for _ in range(2))
    return no(record(name, fields=left), record(unmarked(name), fields=right), f"name only: company {value}")


def namesakes_running_on(random: Random) -> Pair:
    name, note = person(random).name, random.choice(WORDS["running on"])
    return no(record(name, note=note), record(name, note=note.capitalize()), f"name only: {note}")


def colleagues(random: Random) -> Pair:
    one, other = two(random)
    return no(at(random, one.name, one.company), at(random, other.name, one.company), "colleagues")


def other_middle(random: Random) -> Pair:
    one = person(random)
    other = replace(
        one, middle=random.choice([m for m in WORDS["middles"] if not set(m.split()) & set(one.middle.split())])
    )
    return no(at(random, one.name, one.company), at(random, other.name, one.company), "colleagues, other middle name")


def nearly_namesakes(random: Random) -> Pair:
    one = person(random)
    left, right = (f"{one.family} {one.middle} {given}" for given in random.choice(TWINS))
    return no(at(random, left, one.company), at(random, right, one.company), "colleagues, a name like it")


def swapped(random: Random) -> Pair:
    one, (left, right) = person(random), random.choice(SWAPPED)
    names = f"{one.family} {left} {right}", f"{one.family} {right} {left}"
    return no(at(random, names[0], one.company), at(random, names[1], one.company), "colleagues, names swapped")


def branches(random: Random) -> Pair:
    name, parent = person(random).name, random.choice(WORDS["parents"])
    places = random.sample(["", " Hà Nội", " HCM", " Đà Nẵng", " Software", " Cần Thơ"], 2)
    if random.random() < 0.3:
        left, right = (record(f"Công ty {parent}{place}", kind="account", street="1 Lê Lợi") for place in places)
    else:
        local = unmarked(name).split()[-1].lower()
        left, right = (
            record(name, fields={"Công ty": f"{parent}{place}"}, email=f"{local}{number}@{parent.lower()}.com.vn")
            for number, place in enumerate(places)
        )
    return no(left, right, f"name only: parent and branch {places}")


def accounts(random: Random) -> Pair:
    company = random.choice(WORDS["companies"])
    codes = random.choice([("", ""), (f"03{random.randrange(10**8):08}", f"01{random.randrange(10**8):08}")])
    left, right = (record(company_written(random, company), kind="account", fields={"MST": c}) for c in codes)
    return no(left, right, "name only: two companies of one name")


def public_domain(random: Random) -> Pair:
    one = person(random)
    domain = random.choice(["gmail.com", "yahoo.com.vn", "hotmail.com", "outlook.com.vn", "icloud.com", "hcm.vnn.vn"])
    left, right = (record(one.name, email=f"{one.mailbox}{tail}@{domain}") for tail in ("", random.choice("1x9")))
    return no(left, right, "name only: same provider")


def shared_mailbox(random: Random) -> Pair:
    one, other = two(random)
    address = f"{random.choice(WORDS['roles'])}@{domain_of(one.company)}"
    return no(record(one.name, email=address), record(other.name, email=address), f"role mailbox {address}")


def dots_and_tags(random: Random) -> Pair:
    one, other = two(random)
    left, right = random.choice(
        [
            *(
                ("an.le@yahoo.com", "anle@yahoo.com"),
                ("an.le@abc.vn", "anle@abc.vn"),
                ("le-x@yahoo.com", "le@yahoo.com"),
            ),
            *(
                ("an.le@outlook.com", "anle@outlook.com"),
                ("le+x@yahoo.com", "le@yahoo.com"),
                ("le+x@abc.vn", "le@abc.vn"),
            ),
        ]
    )
    return no(record(one.name, email=left), record(other.name, email=right), "dots and tags that matter")


MAKERS: tuple[tuple[Callable[[Random], Pair], int], ...] = (
    *((same_mobile, 140), (same_landline, 40), (same_mailbox, 120), (same_role_mailbox, 30)),
    *((same_name_and_company, 250), (same_all, 40), (same_account, 40), (strangers, 60)),
    *((namesakes_elsewhere, 60), (namesakes, 70), (namesakes_beside, 60), (namesakes_without_company, 40)),
    *((namesakes_running_on, 40), (colleagues, 60), (other_middle, 60), (nearly_namesakes, 60), (swapped, 15)),
    *((branches, 50), (accounts, 40), (digit_off, 60), (last_eight, 40), (old_prefixes, 20), (tax_code, 30)),
    *((public_domain, 40), (shared_mailbox, 40), (dots_and_tags, 25)),
)


@pytest.fixture(scope="module")
def judged() -> list[tuple[Pair, frozenset[Likeness]]]:
    """Every pair with what `compare` says of it; the same ones every time."""
    random = Random(2018)  # noqa: S311
    made = [make(random) for make, count in MAKERS for _ in range(count)]
    return [(pair, frozenset(compare(pair.one, pair.other))) for pair in made]


def shown(wrong: list[tuple[Pair, frozenset[Likeness]]]) -> str:
    return "\n".join(
        f"{pair.about}: {sorted(said)} instead of {sorted(pair.reasons)}\n"
        + "\n".join(
            f"    {each.model_dump(exclude_defaults=True, exclude={'code'})}" for each in (pair.one, pair.other)
        )
        for pair, said in wrong
    )


@pytest.mark.parametrize("reason", REASONS)
def test_precision_and_recall(judged: list[tuple[Pair, frozenset[Likeness]]], reason: Likeness) -> None:
    right = sum(reason in said and reason in pair.reasons for pair, said in judged)
    wrong = [(pair, said) for pair, said in judged if (reason in said) != (reason in pair.reasons)]
    precision = right / sum(reason in said for _, said in judged)
    recall = right / sum(reason in pair.reasons for pair, _ in judged)
    figures = f"{reason}: precision {precision:.4f}, recall {recall:.4f}\n{shown(wrong)}"
    assert precision >= AIM, figures
    assert recall >= AIM, figures


def test_a_name_alone_is_never_enough(judged: list[tuple[Pair, frozenset[Likeness]]]) -> None:
    namesakes = [(pair, said) for pair, said in judged if pair.about.startswith("name only")]
    assert len(namesakes) >= 300
    merged = [(pair, said) for pair, said in namesakes if said]
    assert merged == [], shown(merged)


def test_there_are_pairs_of_every_kind(judged: list[tuple[Pair, frozenset[Likeness]]]) -> None:
    assert sum(bool(pair.reasons) for pair, _ in judged) >= 400
    assert sum(not pair.reasons for pair, _ in judged) >= 600
    assert all(sum(reason in pair.reasons for pair, _ in judged) >= 150 for reason in REASONS)


def test_compare_does_not_mind_which_comes_first(judged: list[tuple[Pair, frozenset[Likeness]]]) -> None:
    for pair, _ in judged:
        assert compare(pair.one, pair.other) == compare(pair.other, pair.one), pair


# --- the rules, by example ---


def test_contradicts() -> None:
    mobile, old, other, none = (
        record("An", phone=p) for p in ("0832345678", "01232345678 / 024 3825 1234", "0987654321", "")
    )
    assert contradicts(mobile, other)
    assert not contradicts(mobile, old)
    assert not contradicts(mobile, none)


def test_a_shared_mailbox_and_no_name_is_a_candidate() -> None:
    named, blank = record("Lan", email="info@abc.vn"), record(email="INFO@abc.vn")
    assert compare(named, blank) == ("email",)


def test_reasons_in_words() -> None:
    assert [str(reason_words(reason)) for reason in REASONS] == [
        "same phone",
        "same e-mail",
        "similar name, same company",
    ]
