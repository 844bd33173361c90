"""People who exist, and the ways they are written down: what labelled pairs of records are made of.

Nothing here asks the code under test. A customer is drawn and written down by two hands, or two customers are drawn who
have in common what misleads; the label is how the pair was made.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from random import Random

from antcrm_tools.models import Address, CustomField, Draft, Email, Kind, Likeness, Phone


@dataclass(frozen=True)
class Pair:
    """Two records; `reasons` is what `compare` should say, `about` how the pair was made."""

    one: Draft
    other: Draft
    reasons: frozenset[Likeness]
    about: str


@dataclass(frozen=True)
class Person:
    """Somebody who exists; the mobile as nine digits, the mailbox without its domain."""

    family: str
    middle: str
    given: str
    mobile: str
    mailbox: str
    company: str

    @property
    def name(self) -> str:
        """As on the identity card."""
        return f"{self.family} {self.middle} {self.given}"


def _drawn_from() -> dict[str, tuple[str, ...]]:
    """The words of pairs.tsv: what they are, a tab, and the words. Who is twice is drawn twice as often."""
    lines = Path(__file__).with_suffix(".tsv").read_text("utf-8").splitlines()
    return {kind: tuple(words.split(", ")) for kind, words in (line.split("\t") for line in lines)}


WORDS = _drawn_from()
TWINS = [tuple(pair.split("/")) for pair in WORDS["twins"]]
"""Different given names, though a letter or a mark apart."""
SWAPPED = [tuple(pair.split("/")) for pair in WORDS["swapped"]]

_BEFORE_2018 = {pair[:2]: pair[3:] for pair in WORDS["before 2018"]}
PREFIXES = (*_BEFORE_2018, "86", "90", "91", "94", "96", "98", "97", "93")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

_SHAPES = {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}
_TONE_KEYS = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_BESIDE_KEYS = {"a": "sq", "e": "wr", "i": "uo", "o": "ip", "u": "yi", "n": "bm", "h": "gj", "g": "fh", "t": "ry"}
_OLD_TONES = {"oà": "òa", "oá": "óa", "uý": "úy", "uỳ": "ùy", "uỷ": "ủy", "òa": "oà", "ủy": "uỷ", "ũ": "ủ", "ễ": "ể"}


# --- drawing ---


def person(random: Random) -> Person:
    """Somebody."""
    family, middle, given = (
        random.choice(WORDS["families"]),
        random.choice(WORDS["middles"]),
        random.choice(WORDS["given"]),
    )
    mailbox = f"{unmarked(given)}.{unmarked(family)}{random.randrange(10, 999)}".lower()
    return Person(family, middle, given, mobile(random), mailbox, random.choice(WORDS["companies"]))


def two(random: Random) -> tuple[Person, Person]:
    """Two people with nothing in common but what is drawn from the same few words."""
    one = other = person(random)
    while one.given == other.given or one.company == other.company or one.family == other.family:
        other = person(random)
    return one, other


def mobile(random: Random) -> str:
    """A mobile's nine digits."""
    return random.choice(PREFIXES) + f"{random.randrange(10**7):07}"


# --- writing down ---


def unmarked(text: str) -> str:
    """As typed on a phone in a hurry."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in parts if not unicodedata.combining(char))


def mobile_written(random: Random, number: str) -> str:
    """A mobile in one of the ways people and programs write it."""
    home = f"0{number}"
    ways = [
        *(home, home, f"+84{number}", f"84{number}", f"0084{number}", number, f"(+84) {number}", f"+84 (0) {number}"),
        *(
            f"{home[:4]} {home[4:7]} {home[7:]}",
            f"{home[:4]}.{home[4:7]}.{home[7:]}",
            f"{home[:3]}-{home[3:6]}-{home[6:]}",
        ),
        *(home.translate(_WIDE), f"tel:+84{number}", f"\u202a{home}\u202c", f"{home[:4]}\xa0{home[4:7]}\xa0{home[7:]}"),
        *(f"{home} (Zalo)", f"{home} / 024 3999 {random.randrange(10**4):04}", f"Zalo {home}"),
    ]
    if old := _BEFORE_2018.get(number[:2]):
        ways += [f"0{old}{number[2:]}", f"0{old}.{number[2:5]}.{number[5:]}", f"+84 {old} {number[2:]}"] * 2
    return random.choice(ways)


def landline_written(random: Random, area: str, number: str) -> str:
    """A landline: `24` and `38251234`."""
    parts = f"{number[:-4]} {number[-4:]}"
    return random.choice(
        [f"0{area}{number}", f"(0{area}) {parts}", f"+84 {area} {parts}", f"0{area}.{number}", f"0{area}-{parts}"]
    )


def mailbox_written(random: Random, local: str, domain: str) -> str:
    """A mailbox in one of the ways its provider takes."""
    ways = [local, local.upper(), local.capitalize()]
    if domain == "gmail.com":
        ways += [local.replace(".", ""), f"{local}+crm", f"{local[:2]}.{local[2:].replace('.', '')}"]
    if domain in {"outlook.com", "icloud.com"}:
        ways += [f"{local}+mua", f"{local}+1"]
    twins = {"gmail.com": ["gmail.com", "Gmail.com", "googlemail.com"], "icloud.com": ["icloud.com", "me.com"]}
    address = f"{random.choice(ways)}@{random.choice(twins.get(domain, [domain]))}"
    return random.choice([address, address, f" {address} ", f"mailto:{address}", f"<{address}>"])


def company_written(random: Random, company: str) -> str:
    """A company with one of the forms that go with it, or none."""
    forms = (
        "{}",
        "Công ty TNHH {}",
        "cty {}",
        "{} Co., Ltd",
        "CÔNG TY CP {}",
        "{} JSC",
        "Công ty TNHH MTV {}",
        "C.ty {}",
    )
    forms += ("Cty CP {}", "CTCP {}", "Công ty Cổ phần {}", "{} Company Limited", "Cty TNHH MTV {}", "công ty {}")
    written = random.choice(forms).format(company)
    ways = [written, written, written.upper(), unmarked(written).lower(), unicodedata.normalize("NFD", written)]
    return random.choice(ways)


def name_written(random: Random, who: Person) -> str:
    """A person's name by a second hand: short, turned round, unmarked, mistyped, or with more than the name."""
    name, title = who.name, random.choice(["anh", "chị", "Mr", "Ms.", "KH", "sếp", "a.", "c", "cô"])
    ways = [
        *(unmarked(name), unmarked(name).lower(), name.upper(), unicodedata.normalize("NFD", name), f"{title} {name}"),
        *(f"{title} {who.given}", who.given, f"{who.family} {who.given}", f"{who.middle} {who.given}"),
        *(
            f"{who.middle} {who.given} {who.family}",
            unmarked(f"{who.given} {who.family}"),
            f"  {name.replace(' ', '  ')} ",
        ),
        *(f"{name} kế toán", f"{title} {unmarked(who.given)}", telex(name), telex(name).lower(), other_tone(name)),
        *(f"{who.family} {unmarked(who.middle)} {who.given}", f"{unmarked(who.family)} {who.middle} {who.given}"),
        *(
            slip(random, unmarked(name)),
            slip(random, unmarked(name)),
            slip(random, name),
            unmarked(name).replace(" ", ""),
        ),
    ]
    return random.choice(ways)


def telex(text: str) -> str:
    """What is left where the input method was off."""
    written: list[str] = []
    for word in text.split():
        tones = [char for char in unicodedata.normalize("NFD", word) if char in _TONE_KEYS]
        bare = "".join(char for char in unicodedata.normalize("NFD", word) if char not in _TONE_KEYS)
        letters = "".join(_SHAPES.get(char.lower(), char) for char in unicodedata.normalize("NFC", bare))
        written.append(letters + "".join(_TONE_KEYS[tone] for tone in tones))
    return " ".join(written)


def other_tone(text: str) -> str:
    """The tone on the other vowel, or hỏi for ngã."""
    for one, other in _OLD_TONES.items():
        if one in text:
            return text.replace(one, other)
    return text


def slip(random: Random, name: str) -> str:
    """One letter wrong in one word of four letters or more, whatever comes of it; the name itself if it has none."""
    words = name.split()
    long = [place for place, word in enumerate(words) if len(word) >= 4]
    if not long:
        return name
    chosen = random.choice(long)
    word = words[chosen]
    at_letter = random.randrange(1, len(word))
    beside = random.choice(_BESIDE_KEYS.get(word[at_letter].lower(), "x"))
    words[chosen] = random.choice(
        [
            word[:at_letter] + word[at_letter + 1 :],
            word[:at_letter] + word[at_letter] + word[at_letter:],
            word[:at_letter] + beside + word[at_letter + 1 :],
            word[: at_letter - 1] + word[at_letter] + word[at_letter - 1] + word[at_letter + 1 :],
        ]
    )
    return " ".join(words)


# --- records ---


def record(
    name: str = "",
    *,
    phone: str = "",
    email: str = "",
    note: str = "",
    fields: dict[str, str] | None = None,
    kind: Kind = "lead",
    street: str = "",
) -> Draft:
    """A record with one of each."""
    return Draft(
        code="",
        kind=kind,
        name=name,
        phones=(Phone(value=phone),) if phone else (),
        emails=(Email(value=email),) if email else (),
        note=note,
        custom_fields=tuple(CustomField(name=key, value=value) for key, value in (fields or {}).items() if value),
        addresses=(Address(street=street, city="Hà Nội"),) if street else (),
    )


def at(random: Random, name: str, company: str, *, phone: str = "", email: str = "") -> Draft:
    """Somebody at a company, which stands in one of the places it is written down in."""
    tail = random.choice(["", " q7 quan tâm CRM", " hỏi giá 10 user", ", địa chỉ 12 Lê Lợi", "\nGọi lại chiều mai"])
    cty = random.choice(["cty", "công ty", "Cty", "Công ty"])
    field = random.choice(["Công ty", "Tên công ty", "Company", "Đơn vị", "Nơi làm việc", "CTY"])
    name, note, fields = random.choice(
        [
            (name, "", {field: company_written(random, company)}),
            (name, "khách hỏi CRM", {field: company_written(random, company)}),
            (f"{name} - {company}", "", {}),
            (f"{name} ({company})", "", {}),
            (f"{name} {cty} {company}", "", {}),
            (name, f"{cty} {company}{tail}", {}),
            (name, unmarked(f"{cty} {company} hoi gia").lower(), {}),
        ]
    )
    return record(name, phone=phone, email=email, note=note, fields=fields)


def yes(one: Draft, other: Draft, about: str, *reasons: Likeness) -> Pair:
    return Pair(one, other, frozenset(reasons), about)


def no(one: Draft, other: Draft, about: str) -> Pair:
    return Pair(one, other, frozenset(), about)


# --- pairs about phones ---


def same_mobile(random: Random) -> Pair:
    # Also under somebody else's name: families share phones, and it is a candidate all the same.
    one, other = two(random)
    second = random.choice([name_written(random, one), other.name, ""])
    left, right = (record(n, phone=mobile_written(random, one.mobile)) for n in (one.name, second))
    return yes(left, right, "same mobile", "phone")


def same_landline(random: Random) -> Pair:
    one, other = two(random)
    area, number = random.choice([("24", "3825"), ("28", "3910"), ("236", "365"), ("251", "388"), ("274", "370")])
    number += f"{random.randrange(10**4):04}"
    # Two extensions of a switchboard are a candidate as well: the number is the same, and a person is asked.
    tails = random.choice([("", ""), (" ext 1", " ext 2"), (" máy lẻ 101", ""), (" (ext. 5)", " - ext 12")])
    left, right = (landline_written(random, area, number) + tail for tail in tails)
    return yes(record(one.name, phone=left), record(other.name, phone=right), f"same landline {tails}", "phone")


def digit_off(random: Random) -> Pair:
    one, place = person(random), random.randrange(2, 9)
    digit = str((int(one.mobile[place]) + random.randrange(1, 10)) % 10)
    other = one.mobile[:place] + digit + one.mobile[place + 1 :]
    left, right = (record(one.name, phone=f"0{number}") for number in (one.mobile, other))
    return no(left, right, "name only: one digit off")


def last_eight(random: Random) -> Pair:
    one, tail = person(random), random.choice("1456") + f"{random.randrange(10**7):07}"
    heads = random.sample(["8", "9"] if tail[0] != "5" else ["8", "3"], 2)
    left, right = (record(one.name, phone=mobile_written(random, head + tail).split(" / ")[0]) for head in heads)
    return no(left, right, "name only: last eight digits equal")


def old_prefixes(random: Random) -> Pair:
    name, tail = person(random).name, f"{random.randrange(10**7):07}"
    left, right = random.sample(["0120", "0121", "0123", "0162", "0169", "0199", "0186"], 2)
    return no(record(name, phone=left + tail), record(name, phone=f"{right}.{tail}"), "name only: other old prefix")


def tax_code(random: Random) -> Pair:
    name, digits = person(random).name, f"03{random.randrange(10**8):08}"
    right = random.choice([record(name, fields={"MST": digits}), record(name, note=f"MST {digits}")])
    return no(record(name, phone=digits), right, "name only: tax code with a phone's digits")
