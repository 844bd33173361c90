"""Phone numbers as people in Vietnam write them: one form to compare, the spellings a CRM may hold."""

import importlib
import re
import unicodedata
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# The Ministry of Information and Communications' migration of 2018: mobile numbers of eleven digits became ten; the
# last seven digits stay. One to one, so each new prefix has exactly one old one. Without the trunk zero here.
MIGRATED_2018 = {
    # MobiFone
    "120": "70",
    "121": "79",
    "122": "77",
    "126": "76",
    "128": "78",
    # VinaPhone
    "123": "83",
    "124": "84",
    "125": "85",
    "127": "81",
    "129": "82",
    # Viettel
    "162": "32",
    "163": "33",
    "164": "34",
    "165": "35",
    "166": "36",
    "167": "37",
    "168": "38",
    "169": "39",
    # Vietnamobile
    "186": "56",
    "188": "58",
    # Gmobile
    "199": "59",
}
_BEFORE_2018 = {new: old for old, new in MIGRATED_2018.items()}

# The mobile prefixes that are given out, without the trunk zero. The library knows whole blocks nobody has (030, 031,
# where tax codes of Ho Chi Minh City start) and not yet all of 052, 055 and 089.
_MOBILE = frozenset(
    [
        *("32", "33", "34", "35", "36", "37", "38", "39", "86", "96", "97", "98"),  # Viettel
        *("81", "82", "83", "84", "85", "88", "91", "94"),  # VinaPhone
        *("70", "76", "77", "78", "79", "89", "90", "93"),  # MobiFone
        *("52", "56", "58", "92"),  # Vietnamobile
        *("59", "99"),  # Gmobile
        *("87", "55"),  # Itelecom, Wintel
    ]
)

VIETNAM = 84
MOBILE_LENGTH = 9
LANDLINE_LENGTH = 10  # also the mobiles before 2018
# What can follow +84 by its shape, wider than what is assigned, because new ranges open before the library knows them.
# Shorter numbers than these are dates and amounts far more often than phones.
NATIONAL = re.compile(r"[3-9]\d{8}|[12]\d{8,9}|1[89]00\d{4}|69\d{6}", re.ASCII)
SERVICE = ("1800", "1900")  # dialled without a zero in front

# Nearly all phones there are. The library reads them the same, in a hundred times the time.
_MOBILE_AS_DIALLED = re.compile(r"(0|\+84)([35789]\d{8})", re.ASCII)

_MAX_TEXT = 60  # of one phone, with all the punctuation people put in
MIN_DIGITS = 7
MAX_DIGITS = 17  # 15 by E.164, and 00 in front
_PHONE = re.compile(r"\(?\+?[ (]*[0-9][0-9 .()\-]*")
_PUNCTUATION = str.maketrans("", "", "+ .()-")  # all that `_PHONE` lets through beside digits

_MASK = "***"
_SHOWN = 3


class Number(NamedTuple):
    """A phone taken apart: country code, the digits after it, and whether the range is assigned."""

    country: int
    national: str
    valid: bool

    @property
    def e164(self) -> str:
        """`+84912345678`."""
        return f"+{self.country}{self.national}"

    @property
    def mobile(self) -> bool:
        """Whether it is a Vietnamese mobile."""
        return self.country == VIETNAM and _is_mobile(self.national)

    @property
    def dialled(self) -> str:
        """As dialled inside Vietnam."""
        return self.national if self.national.startswith(SERVICE) else f"0{self.national}"


def canonical(text: str, region: str = "VN") -> str | None:
    """Return the E.164 form used to compare (`+84912345678`), or None if `text` is not one phone.

    Numbers of before 2018 come out migrated. A number of a range not yet assigned still has a form: whoever asks may
    warn, and never has a reason to block.
    """
    number = _read(text, region)
    return number.e164 if number else None


def spellings(text: str, region: str = "VN") -> tuple[str, ...]:
    """Return how a CRM may have stored this phone, most likely first, without repeats.

    For Vietnam `0912…`, `+84912…`, `84912…`, then for a mobile the number of before 2018 where there was one and the
    two usual groupings, `0912 345 678` and `0912.345.678`; for elsewhere only the form with +, because its digits
    alone can be another number in Vietnam. Last comes the text as typed. A text that is not a phone gives itself; a
    blank one gives nothing, so that it is never looked up.
    """
    typed = text.strip()
    number = _read(text, region)
    forms: list[str] = []
    if number and number.country == VIETNAM:
        forms = [number.dialled, number.e164, number.e164[1:]]
        if len(number.national) == MOBILE_LENGTH:
            if old := _BEFORE_2018.get(number.national[:2]):
                forms.append(f"0{old}{number.national[2:]}")
            # The two ways people group a mobile; AntCRM may compare letter by letter. More would cost more requests.
            head, middle, tail = number.dialled[:4], number.dialled[4:7], number.dialled[7:]
            forms += [f"{head} {middle} {tail}", f"{head}.{middle}.{tail}"]
    elif number:
        forms = [number.e164]
    return tuple(form for form in dict.fromkeys([*forms, typed]) if form)


def same(a: str, b: str, region: str = "VN") -> bool:
    """Tell whether two texts are the same phone; where neither can be read, whether they have the same digits."""
    first, second = canonical(a, region), canonical(b, region)
    if first is None and second is None:
        digits = _digits(a)
        return bool(digits) and digits == _digits(b)
    return first == second


def display(text: str, region: str = "VN") -> str:
    """Return the phone as people read it: `0912 345 678`, `024 3825 1234`, `+65 6123 4567`; else as typed."""
    number = _read(text, region)
    if number is None:
        return text
    if number.country == VIETNAM:
        return " ".join(_grouped(number.dialled))
    library = _library()
    written: str = library.format_number(library.parse(number.e164, None), library.PhoneNumberFormat.INTERNATIONAL)
    # A few countries' formats do not read back as the same number; what is shown must.
    return written if canonical(written) == number.e164 else number.e164


def masked(text: str) -> str:
    """Return what a log or a list may show: `***678`; nothing of a number too short to hide behind three digits."""
    digits = _digits(text)
    return _MASK + digits[-_SHOWN:] if len(digits) >= MIN_DIGITS else _MASK


# --- one number ---


@cache
def _library() -> ModuleType:
    # Importing phonenumbers takes about 100 ms, which every start of a command or a server would pay; so on first use.
    return importlib.import_module("phonenumbers")


def _read(text: str, region: str) -> Number | None:
    if (mobile := _MOBILE_AS_DIALLED.fullmatch(text)) and (mobile[1] != "0" or region.upper() == "VN"):
        return _mobile(mobile[2])
    plain, _ = plain_text(text.strip())
    plain = plain.strip().removeprefix("tel:").strip().rstrip(".,;:")
    # The library turns letters into keypad digits ("0912345678 zalo" would gain six), so none may reach it.
    if len(plain) > _MAX_TEXT or not _PHONE.fullmatch(plain):
        return None
    digits = plain.translate(_PUNCTUATION)
    # No country code starts with 0: "+0912…" is a plus too many.
    international = "+" in plain and not digits.startswith("0")
    return read_digits(f"+{digits}" if international else digits, region.upper())


def may_start(digits: str, first: str, region: str) -> bool:
    """Tell whether digits, of which `first` stand together, can be dialled without a plus; cheap, and never too strict.

    It stands in front of the library's parser, because a page of figures must not take seconds.
    """
    if region != "VN":
        return True
    if first.startswith("00"):
        return digits[2:3] not in {"", "0"} and len(digits) >= LANDLINE_LENGTH
    if digits.startswith("0"):
        return len(digits) > MOBILE_LENGTH and NATIONAL.fullmatch(digits[1:]) is not None
    return digits.startswith("84") and len(digits) >= 2 + MOBILE_LENGTH


def read_digits(dialled: str, region: str) -> Number | None:
    """Read digits, with or without a plus; nothing else may be in them."""
    if not MIN_DIGITS <= len(dialled.lstrip("+")) <= MAX_DIGITS:
        return None
    if (mobile := _MOBILE_AS_DIALLED.fullmatch(dialled)) and (mobile[1] != "0" or region == "VN"):
        return _mobile(mobile[2])
    library = _library()
    number = _parsed(dialled, region)
    if number is None or number.country_code is None:
        return None
    national: str = library.national_significant_number(number)
    if number.country_code == VIETNAM:
        if not NATIONAL.fullmatch(national):
            return None
        if len(national) == LANDLINE_LENGTH and (new := MIGRATED_2018.get(national[:3])):
            national = new + national[3:]
            number = _parsed(f"+{VIETNAM}{national}", region)
        valid = national[:2] in _MOBILE if _is_mobile(national) else bool(library.is_valid_number(number))
        return Number(VIETNAM, national, valid)
    if library.is_possible_number_with_reason(number) != library.ValidationResult.IS_POSSIBLE:
        return None
    read = Number(number.country_code, national, bool(library.is_valid_number(number)))
    # Some forms lose a trunk zero at each reading, down to too few digits; such a one would not compare with itself.
    if len(read.e164) <= MIN_DIGITS:
        return None
    again = _parsed(read.e164, region)
    stable = again is not None and library.format_number(again, library.PhoneNumberFormat.E164) == read.e164
    return read if stable else None


def _parsed(dialled: str, region: str) -> "PhoneNumber | None":
    library = _library()
    try:
        return library.parse(dialled, region)
    except library.NumberParseException:
        return None


def _mobile(national: str) -> Number:
    return Number(VIETNAM, national, national[:2] in _MOBILE)


def _is_mobile(national: str) -> bool:
    return len(national) == MOBILE_LENGTH and national[0] in "35789"


def _grouped(dialled: str) -> tuple[str, ...]:
    """Cut a Vietnamese number where people pause."""
    if dialled.startswith(("024", "028")) and len(dialled) == 1 + LANDLINE_LENGTH:
        return dialled[:3], dialled[3:7], dialled[7:]
    if dialled.startswith("02") and len(dialled) == 1 + LANDLINE_LENGTH:
        return dialled[:4], dialled[4:8], dialled[8:]
    if dialled.startswith(SERVICE) and len(dialled) <= MOBILE_LENGTH:
        return dialled[:4], dialled[4:]
    return dialled[:4], dialled[4:7], dialled[7:]


def _digits(text: str) -> str:
    return "".join(char for char in plain_text(text)[0] if "0" <= char <= "9")


def plain_text(text: str) -> tuple[str, list[int]]:
    """Return `text` in ASCII digits and punctuation, unmarked lower case, and the place of each character in it.

    Marks and zero-width characters go: contacts apps wrap the numbers they copy in direction marks.
    """
    if text.isascii():
        return text.lower().replace("\t", " "), list(range(len(text)))
    chars: list[str] = []
    places: list[int] = []
    for place, original in enumerate(text):
        char = chr(ord(original) - 0xFEE0) if "！" <= original <= "～" else original
        category = unicodedata.category(char)
        if category == "Cf" or category.startswith("M"):
            continue
        chars.append(_plain_char(char, category))
        places.append(place)
    return "".join(chars), places


def _plain_char(char: str, category: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if category == "Pd" or char == "−":
        return "-"
    if category == "Zs" or char == "\t":
        return " "
    if char in "·•∙・":
        return "."
    return "d" if char in "đĐ" else unicodedata.normalize("NFD", char)[0].lower()[0]
