"""Made-up customers as a Vietnamese company has them: the same ones for the same seed, as many as are wanted."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from antcrm_tools.directory.rows import Labels, put
from antcrm_tools.directory.schema import SCHEMA
from antcrm_tools.models import Address, Customer, CustomField, Email, Kind, Phone
from antcrm_tools.sandbox import words as made_up

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NEWEST = datetime(2026, 8, 3, tzinfo=UTC)
_DAYS = 900
_REPEATED = 0.02
_UNMARKED, _DECOMPOSED = 0.05, 0.02

_MEN = (
    *(
        "Văn",
        "Văn",
        "Văn",
        "Văn",
        "Minh",
        "Đức",
        "Quang",
        "Hữu",
        "Thanh",
        "Quốc",
        "Gia",
        "Tuấn",
        "Công",
        "Đình",
        "Xuân",
    ),
    *("Hoàng", "Bá", "Trọng", "Ngọc", "Thế", "Viết", "Anh", "Nhật", "Văn Minh", "Hoàng Anh", "Đăng", "Duy", "Khắc"),
)
_WOMEN = (
    *("Thị", "Thị", "Thị", "Thị", "Thị Thu", "Thị Kim", "Thị Ngọc", "Thị Thanh", "Ngọc", "Thanh", "Thu", "Kim", "Mỹ"),
    *("Phương", "Bích", "Hồng", "Minh", "Thuỳ", "Quỳnh", "Khánh", "Ngọc Bảo", "Hoài", "Tuyết", "Diệu", "Cẩm", "Như"),
)
# The most common first: their weights fall off as those of real names do.
_MEN_GIVEN = (
    *("Hùng", "Tuấn", "Nam", "Dũng", "An", "Minh", "Hải", "Sơn", "Long", "Huy", "Thắng", "Đức", "Trung", "Hiếu", "Anh"),
    *("Khoa", "Phúc", "Bảo", "Đạt", "Kiên", "Quân", "Vinh", "Tùng", "Khánh", "Ân", "Thành", "Cường", "Phong", "Bình"),
    *("Hưng", "Lâm", "Lân", "Tâm", "Thịnh", "Việt", "Hoàng", "Quang", "Tú", "Tiến", "Toàn", "Duy", "Nghĩa", "Lộc"),
    *("Phát", "Tài", "Thiện", "Trí", "Vũ", "Khang", "Nguyên", "Luân", "Quý", "Đăng", "Hậu", "Chiến", "Giang", "Trường"),
)
_WOMEN_GIVEN = (
    *("Hương", "Lan", "Hoa", "Mai", "Linh", "Trang", "Thảo", "Hà", "Nga", "Hạnh", "Yến", "Nhung", "Thuỷ", "Phương"),
    *(
        "Vy",
        "Ngân",
        "Thuỳ",
        "Châu",
        "Quỳnh",
        "Diệp",
        "Oanh",
        "Trâm",
        "Anh",
        "Hằng",
        "Loan",
        "Thu",
        "Tâm",
        "Vân",
        "Dung",
    ),
    *("Thư", "Ngọc", "Uyên", "My", "Nhi", "Hiền", "Liên", "Xuân", "Cúc", "Tuyết", "Trinh", "Thúy", "Hoà", "Lam", "Huệ"),
    *("Kiều", "Duyên", "Giang", "Tiên", "Trúc", "Khuê", "Ánh", "Đào", "Nguyệt", "Ly", "Như", "Băng", "Hậu", "Sương"),
)
_ONE_WORD = (
    *(
        "Vinatex",
        "Masako",
        "Vietfood",
        "Saigonco",
        "Petromax",
        "Hanoitech",
        "Coopfood",
        "Viglacom",
        "Bitisco",
        "Cholimart",
    ),
    *("Sacoland", "Thacomed", "Digiworks", "Vissanex", "Kidofood", "Agribex", "Tanimex", "Fecona", "Rangdo", "Hapaco"),
)
_BRANCHES = (
    "",
    "",
    "",
    "Logistics",
    "Foods",
    "Xây Dựng",
    "Bất Động Sản",
    "Du Lịch",
    "Nội Thất",
    "Dược",
    "Media",
    "Thép",
)
_FORMS = ("Công ty TNHH {}", "Công ty TNHH {}", "Công ty CP {}", "cty {}", "{} JSC", "{}", "{}", "{} Co., Ltd")
_STREETS = (
    "Lê Lợi",
    "Trần Hưng Đạo",
    "Nguyễn Trãi",
    "Điện Biên Phủ",
    "Hai Bà Trưng",
    "Lý Thường Kiệt",
    "Phan Đình Phùng",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, and what is known of who it is, with all marks. An account has only a company."""

    customer: Customer
    family: str = ""
    middle: str = ""
    given: str = ""
    company: str = ""
    number: str = ""
    mailbox: str = ""

    @property
    def name(self) -> str:
        """As on the identity card."""
        return f"{self.family} {self.middle} {self.given}"


def people(count: int, seed: int = 1, *, newest_first: bool = False) -> Iterator[Person]:
    """Customers in the order of their numbers, some of them there twice.

    `newest_first`: the smaller the number, the newer, as a first fill reads them; else created in no order.
    """
    random = Random(seed)  # noqa: S311  made-up people
    draw = _Draw(random)
    before: list[Person] = []
    for place in range(count):
        if before and random.random() < _REPEATED:
            who = random.choice(before)
        else:
            who = draw.person() if random.random() < 0.88 else draw.account()
            before = [*before[-50:], who]
        yield draw.record(place, who, of=count if newest_first else None)


def copy_of(customers: Iterable[Customer]) -> tuple[sqlite3.Connection, Labels]:
    """A copy in memory that holds them, as the store writes it."""
    db, labels = sqlite3.connect(":memory:", isolation_level=None), Labels()
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)
    for customer in customers:
        put(db, labels, [customer], 1.0, 2.0, region="VN", zone=ZONE)
    return db, labels


def unmarked(text: str) -> str:
    """As typed in a hurry, in the case it is in."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in parts if not unicodedata.combining(char))


def falling(things: tuple[str, ...]) -> list[float]:
    """Weights that fall off, added up as `random.choices` takes them."""
    return list(accumulate(1 / (place + 4) for place in range(len(things))))


class _Draw:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._families = list(made_up.FAMILY)
        self._family_weights = list(accumulate(made_up.FAMILY.values()))
        self._given = ((_MEN, _MEN_GIVEN, falling(_MEN_GIVEN)), (_WOMEN, _WOMEN_GIVEN, falling(_WOMEN_GIVEN)))
        self._stages = list(made_up.STAGES), list(accumulate(made_up.STAGES.values()))
        self._sources = list(made_up.SOURCES), list(accumulate(made_up.SOURCES.values()))

    def person(self) -> Person:
        random = self._random
        family = random.choices(self._families, cum_weights=self._family_weights)[0]
        middles, given_names, weights = random.choice(self._given)
        middle, given = random.choice(middles), random.choices(given_names, cum_weights=weights)[0]
        company = self._company() if random.random() < 0.5 else ""
        mailbox = self._mailbox(family, given, company) if random.random() < 0.5 else ""
        return Person(_NOBODY, family, middle, given, company, self._number(), mailbox)

    def account(self) -> Person:
        return Person(_NOBODY, company=self._company(), number=self._number())

    def record(self, place: int, who: Person, *, of: int | None) -> Person:
        """Write somebody down as one more customer."""
        random = self._random
        name, fields, note = self._written(who)
        chance = random.random()
        age = chance if of is None else (place + chance) / of
        created = NEWEST - timedelta(seconds=age * _DAYS * 86400)
        tags = random.choices((0, 1, 2), (3, 4, 3))[0]
        kind: Kind = "account" if not who.family else "lead" if random.random() < 0.7 else "contact"
        # Not checked: a million are wanted quickly, and nothing of them comes from outside.
        customer = Customer.model_construct(
            kind=kind,
            id=str(9000 + place),
            name=name,
            phones=(Phone.model_construct(value=_phone(random, who.number), type="Work"),),
            emails=(Email.model_construct(value=who.mailbox, type="Work"),) if who.mailbox else (),
            stage=random.choices(self._stages[0], cum_weights=self._stages[1])[0],
            source=random.choices(self._sources[0], cum_weights=self._sources[1])[0],
            owner=random.choice(made_up.STAFF) if random.random() < 0.95 else "",
            tags=tuple(random.sample(made_up.TAGS, tags)),
            addresses=(Address.model_construct(city="Hà Nội", district="Quận Ba Đình", street=random.choice(_STREETS)),)
            if random.random() < 0.4
            else (),
            custom_fields=fields,
            note=note,
            created_at=created,
            updated_at=created + timedelta(days=random.random() ** 2 * 60),
        )
        return Person(customer, who.family, who.middle, who.given, who.company, who.number, who.mailbox)

    def _written(self, who: Person) -> tuple[str, tuple[CustomField, ...], str]:
        random = self._random
        note = random.choice(made_up.NOTES) if random.random() < 0.3 else ""
        fields: tuple[CustomField, ...] = ()
        if not who.family:
            name = random.choice(_FORMS).format(who.company)
        else:
            name = who.name
            where = random.random()
            if not who.company:
                pass
            elif where < 0.6:
                value = random.choice(_FORMS).format(who.company)
                fields = (CustomField.model_construct(name="Công ty", value=value),)
            elif where < 0.8:
                name = f"{name} - {who.company}"
            elif where < 0.9:
                name = f"{name} ({who.company})"
            else:
                note = f"cty {who.company}, {note}"
        way = random.random()
        if way < _UNMARKED:
            name = unmarked(name)
        elif way < _UNMARKED + _DECOMPOSED:
            name = unicodedata.normalize("NFD", name)
        return name, fields, note

    def _company(self) -> str:
        random = self._random
        if random.random() < 0.15:
            return random.choice(_ONE_WORD)
        name = f"{random.choice(made_up.COMPANY_FIRST)} {random.choice(made_up.COMPANY_SECOND)}"
        return f"{name} {random.choice(_BRANCHES)}".strip()

    def _number(self) -> str:
        prefix = self._random.choice(("91", "98", "32", "70", "86", "90", "37", "83"))
        return f"0{prefix}{self._random.randrange(10**7):07}"

    def _mailbox(self, family: str, given: str, company: str) -> str:
        random = self._random
        local = random.choice(("{g}.{f}{n}", "{f}{g}{n}", "{g}{f}.{n}", "{g}_{f}{n}")).format(
            f=unmarked(family).lower(), g=unmarked(given).lower(), n=random.randrange(10, 9999)
        )
        domain = "gmail.com"
        if company and random.random() < 0.4:
            domain = "".join(unmarked(company).lower().split()) + ".example"
        return f"{local}@{domain}"


_NOBODY = Customer(kind="lead", id="0")


def _phone(random: Random, number: str) -> str:
    way = random.random()
    if way < 0.6:
        return number
    if way < 0.8:
        return f"{number[:4]} {number[4:7]} {number[7:]}"
    return f"+84{number[1:]}" if way < 0.9 else f"{number[:4]}.{number[4:7]}.{number[7:]}"
