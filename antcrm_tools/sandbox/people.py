"""Made-up Vietnamese customers, the same ones every time.

People write only to reserved domains (example.com and the .example names). Vietnam has no phone range kept free for
examples, so the numbers are drawn at random from the mobile prefixes.
"""

import random
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from antcrm_tools.sandbox import words
from antcrm_tools.sandbox.fields import national_digits
from antcrm_tools.sandbox.memorable import memorable_rows
from antcrm_tools.sandbox.store import Row
from antcrm_tools.sandbox.views import object_id
from antcrm_tools.sandbox.writes import new_row

_SEED: Final = 9457
_DAYS: Final = 398
# One in this many repeats the phone of someone before, as happens where nobody looks first.
_DUPLICATE_EVERY: Final = 70
_FIRST_DUPLICATE: Final = 40
_OLD_SHARE: Final = 0.04

T = TypeVar("T")


class Dice(random.Random):
    """Chance for made-up data, nothing that guards anything."""

    def one(self, weights: Mapping[str, int]) -> str:
        return self.choices(list(weights), list(weights.values()))[0]

    def some(self, things: Sequence[T], weights: Sequence[int]) -> list[T]:
        """As many as the weights (for none, one, two, ..) say, in the order of the list."""
        count = self.choices(range(len(weights)), weights)[0]
        chosen = sorted(self.sample(range(len(things)), count))
        return [things[place] for place in chosen]

    def often(self, share: float) -> bool:
        return self.random() < share


def people(count: int, now: datetime, seed: int = _SEED) -> list[Row]:
    """The memorable ones, then others created over the 400 days before ``now``, in the order of their ids."""
    dice = Dice(seed)
    rows = memorable_rows(now)[:count]
    known = {national_digits(phone["value"]) for row in rows for phone in row.fields["phones"]}
    given: list[str] = []
    moments = sorted(dice.uniform(0, _DAYS) for _ in range(count - len(rows)))
    for place, moment in enumerate(moments):
        repeats = place >= _FIRST_DUPLICATE and place % _DUPLICATE_EVERY == _FIRST_DUPLICATE
        number = dice.choice(given) if repeats else _new_number(dice, known)
        given.append(number)
        created = now - timedelta(days=_DAYS) + timedelta(days=moment)
        rows.append(_customer(dice, place, _spelled(dice, number), created, now))
    return rows


def plain(text: str) -> str:
    """Vietnamese text as e-mail addresses and hurried typists write it: ``"Đỗ Thuỳ"`` -> ``"do thuy"``."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in apart if not unicodedata.combining(c)).lower()


def _customer(dice: Dice, place: int, phone: str, created: datetime, now: datetime) -> Row:
    kind = dice.choices(("lead", "contact", "account"), (60, 28, 12))[0]
    fields = _account(dice) if kind == "account" else _person(dice, place)
    owner = dice.choice(words.STAFF)
    fields |= {
        "phones": [{"type": "Work", "value": phone}],
        "addresses": [_address(dice)] if dice.often(0.6) else [],
        "industry": dice.choice(words.INDUSTRIES) if dice.often(0.5) else "",
        "im": [{"protocol": "Facebook", "value": f"https://facebook.example/{place}"}] if dice.often(0.2) else [],
        "bgInfo": dice.choice(words.NOTES) if dice.often(0.4) else "",
        "stage": dice.one(words.STAGES),
        "tags": dice.some(words.TAGS, (35, 40, 20, 5)),
        "sourceContact": dice.one(words.SOURCES),
        "responsibleStaff": owner if dice.often(0.93) else "",
        "cusFields": [
            {"name": name, "value": dice.choice(values)}
            for name, values in dice.some(words.CUSTOM_FIELDS, (60, 30, 10))
        ],
        "createdByBot": owner if dice.often(0.8) else "Facebook Bot",
    }
    at = int(created.timestamp() * 1000)
    if kind == "lead":
        if fields["sourceContact"] == "Facebook" and dice.often(0.4):
            fields["historiesAds"] = [_advertisement(dice, at)]
        row = new_row("lead", None, fields, at)
    else:
        fields |= _points(dice)
        if dice.often(0.5):
            source = fields["sourceContact"]
            code = str(list(words.SOURCES).index(source) + 1)
            fields["sourceLead"] = {"_id": object_id(source), "code": code, "name": source}
        row = new_row("customer", int(kind == "account"), fields, at)
    if dice.often(0.3):
        row.code = f"WEB-{place:05}"
    if dice.often(0.7):
        row.updated = at + int(dice.random() ** 2 * (now - created).total_seconds() * 1000)
    return row


def _person(dice: Dice, place: int) -> dict[str, Any]:
    man = dice.often(0.5)
    middles, givens = words.MEN if man else words.WOMEN
    name = f"{dice.one(words.FAMILY)} {dice.choice(middles)} {dice.choice(givens)}"
    address = f"{plain(name).replace(' ', '')}{place}@{dice.choice(('example.com', 'example.org', 'khach.example'))}"
    day = date(dice.randint(1965, 2005), dice.randint(1, 12), dice.randint(1, 28))
    return {
        "name": _as_typed(dice, name),
        "gender": (0 if man else 1) if dice.often(0.8) else 2,
        "dateOfBirth": day.isoformat() if dice.often(0.35) else "",
        "emails": [{"type": "Work", "value": address}] if dice.often(0.55) else [],
    }


def _as_typed(dice: Dice, name: str) -> str:
    """Some names come without accents, some decomposed (as macOS hands text over), as in any real CRM."""
    forms = (name, plain(name), unicodedata.normalize("NFD", name))
    return dice.choices(forms, (93, 5, 2))[0]


def _account(dice: Dice) -> dict[str, Any]:
    own = f"{dice.choice(words.COMPANY_FIRST)} {dice.choice(words.COMPANY_SECOND)}"
    domain = plain(own).replace(" ", "")
    return {
        "name": f"{dice.choice(words.COMPANY_FORMS)} {own}",
        "emails": [{"type": "Work", "value": f"info@{domain}.example"}] if dice.often(0.7) else [],
    }


def _address(dice: Dice) -> dict[str, Any]:
    city, state, wards = dice.choice(words.PLACES)
    return {
        "city": city,
        "state": state,
        "street": str(dice.randint(1, 480)),
        "streetName": dice.choice(words.STREETS),
        "wards": wards,
        "country": {"code": "VN", "name": "Vietnam"},
    }


def _points(dice: Dice) -> dict[str, Any]:
    rank = int(dice.random() ** 3 * 8000) if dice.often(0.7) else 0
    name = next(name for least, name in words.RANKS if rank >= least)
    return {"scoreRank": rank, "scoreAvailable": int(rank * dice.random()), "rankName": name}


def _advertisement(dice: Dice, at: int) -> dict[str, Any]:
    return {
        "_id": object_id(str(at)),
        "fb_ads_id": str(dice.randrange(10**17, 10**18)),
        "fb_post_id": str(dice.randrange(10**14, 10**15)),
        "createdAt": at,
    }


def _new_number(dice: Dice, known: set[str]) -> str:
    """A mobile number nobody has yet; a few are from before the 11-digit prefixes were replaced."""
    while True:
        prefix = dice.choice(words.OLD_PREFIXES if dice.often(_OLD_SHARE) else words.MOBILE_PREFIXES)
        number = f"{prefix}{dice.randrange(10**7):07}"
        if number not in known:
            known.add(number)
            return number


def _spelled(dice: Dice, number: str) -> str:
    """In one of the ways people type it, so a repeated number may look different the second time."""
    head, a, b = number[1:-6], number[-6:-3], number[-3:]
    bare = number[1:]
    forms = (number, f"0{head}.{a}.{b}", f"0{head} {a} {b}", f"+84{bare}", f"+84 {head} {a} {b}", f"84{bare}")
    return dice.choices(forms, (58, 12, 10, 13, 4, 3))[0]
