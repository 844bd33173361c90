"""Phone numbers as people in Vietnam write them: one form to compare, the spellings a CRM may hold, finding them."""

import importlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from antcrm_tools.identity.emails import find_emails

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

_VIETNAM = 84
_MOBILE_LENGTH = 9
_LANDLINE_LENGTH = 10  # also the mobiles before 2018
# What can follow +84 by its shape, wider than what is assigned, because new ranges open before the library knows them.
# Shorter numbers than these are dates and amounts far more often than phones.
_NATIONAL = re.compile(r"[3-9]\d{8}|[12]\d{8,9}|1[89]00\d{4}|69\d{6}", re.ASCII)
_SERVICE = ("1800", "1900")  # dialled without a zero in front
# In free text a possible number is not enough: 01… with ten digits is a Hanoi tax code, 02… with ten a torn landline.
_LIKELY = re.compile(r"[3-9]\d{8}|2\d{9}", re.ASCII)

_MAX_TEXT = 60  # of one phone, with all the punctuation people put in
_MIN_DIGITS = 7
_MAX_DIGITS = 17  # 15 by E.164, and 00 in front
_PHONE = re.compile(r"\(?\+?[ (]*[0-9][0-9 .()\-]*")

_IDENTITY_CARD_LENGTH = 12

_MASK = "***"
_SHOWN = 3


@dataclass(frozen=True)
class FoundPhone:
    """A phone in a text: `text[start:end]` is `self.text`, `canonical` the E.164 form.

    `slip` says letters were read as digits (`O912…`, `09l2…`), which a person should see before it is saved.
    """

    text: str
    start: int
    end: int
    canonical: str
    slip: bool


class _Number(NamedTuple):
    country: int
    national: str
    valid: bool

    @property
    def e164(self) -> str:
        return f"+{self.country}{self.national}"

    @property
    def dialled(self) -> str:
        """As dialled inside Vietnam."""
        return self.national if self.national.startswith(_SERVICE) else f"0{self.national}"


def canonical(text: str, region: str = "VN") -> str | None:
    """Return the E.164 form used to compare (`+84912345678`), or None if `text` is not one phone.

    Numbers of before 2018 come out migrated. A number of a range not yet assigned still has a form: whoever asks may
    warn, and never has a reason to block.
    """
    number = _read(text, region)
    return number.e164 if number else None


def spellings(text: str, region: str = "VN") -> tuple[str, ...]:
    """Return how a CRM may have stored this phone, most likely first, without repeats.

    For Vietnam `0912…`, `+84912…`, `84912…`, then the number of before 2018 where there was one; for elsewhere only
    the form with +, because its digits alone can be another number in Vietnam. Last comes the text as typed. A text
    that is not a phone gives itself; a blank one gives nothing, so that it is never looked up.
    """
    typed = text.strip()
    number = _read(text, region)
    forms: list[str] = []
    if number and number.country == _VIETNAM:
        forms = [number.dialled, number.e164, number.e164[1:]]
        old = _BEFORE_2018.get(number.national[:2])
        if old and len(number.national) == _MOBILE_LENGTH:
            forms.append(f"0{old}{number.national[2:]}")
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
    if number.country == _VIETNAM:
        return " ".join(_grouped(number.dialled))
    library = _library()
    written: str = library.format_number(library.parse(number.e164, None), library.PhoneNumberFormat.INTERNATIONAL)
    # A few countries' formats do not read back as the same number; what is shown must.
    return written if canonical(written) == number.e164 else number.e164


def masked(text: str) -> str:
    """Return what a log or a list may show: `***678`; nothing of a number too short to hide behind three digits."""
    digits = _digits(text)
    return _MASK + digits[-_SHOWN:] if len(digits) >= _MIN_DIGITS else _MASK


def find_phones(text: str, region: str = "VN") -> list[FoundPhone]:
    """Return the phones in free text in order of position, without overlap.

    Never raises, whatever the text. Tax codes, bank accounts and identity cards are left out where a word in front
    names them, and so are dates, amounts, e-mail addresses and links (but for zalo.me and wa.me, which are phones).
    """
    region = region.upper()
    plain, places = _plain(text)
    blanked = _without_other_numbers(plain, text, places)
    found: list[FoundPhone] = []
    # The surest reading first; what it took is blanked before the next one looks.
    for readings in (_with_prefix, _with_slip, _without_prefix):
        hits = list(readings(blanked, region))
        for hit in hits:
            start, end = places[hit.start], places[hit.end - 1] + 1
            found.append(FoundPhone(text[start:end], start, end, hit.number.e164, hit.slip))
        blanked = _without(blanked, hits)
    return sorted(found, key=lambda phone: phone.start)


# --- one number ---


@cache
def _library() -> ModuleType:
    # Importing phonenumbers takes about 100 ms, which every start of a command or a server would pay; so on first use.
    return importlib.import_module("phonenumbers")


def _read(text: str, region: str) -> _Number | None:
    plain, _ = _plain(text.strip())
    plain = plain.strip().removeprefix("tel:").strip().rstrip(".,;:")
    # The library turns letters into keypad digits ("0912345678 zalo" would gain six), so none may reach it.
    if len(plain) > _MAX_TEXT or not _PHONE.fullmatch(plain):
        return None
    digits = _digits(plain)
    # No country code starts with 0: "+0912…" is a plus too many.
    international = "+" in plain and not digits.startswith("0")
    return _number(f"+{digits}" if international else digits, region.upper())


def _number(dialled: str, region: str) -> _Number | None:
    """Read digits, with or without a plus; nothing else may be in them."""
    if not _MIN_DIGITS <= len(dialled.lstrip("+")) <= _MAX_DIGITS:
        return None
    library = _library()
    number = _parsed(dialled, region)
    if number is None or number.country_code is None:
        return None
    national: str = library.national_significant_number(number)
    if number.country_code == _VIETNAM:
        if not _NATIONAL.fullmatch(national):
            return None
        if len(national) == _LANDLINE_LENGTH and (new := MIGRATED_2018.get(national[:3])):
            national = new + national[3:]
            number = _parsed(f"+{_VIETNAM}{national}", region)
        return _Number(_VIETNAM, national, bool(library.is_valid_number(number)))
    if library.is_possible_number_with_reason(number) != library.ValidationResult.IS_POSSIBLE:
        return None
    read = _Number(number.country_code, national, bool(library.is_valid_number(number)))
    # Some forms lose a trunk zero at each reading, down to too few digits; such a one would not compare with itself.
    if len(read.e164) <= _MIN_DIGITS:
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


def _grouped(dialled: str) -> tuple[str, ...]:
    """Cut a Vietnamese number where people pause."""
    if dialled.startswith(("024", "028")) and len(dialled) == 1 + _LANDLINE_LENGTH:
        return dialled[:3], dialled[3:7], dialled[7:]
    if dialled.startswith("02") and len(dialled) == 1 + _LANDLINE_LENGTH:
        return dialled[:4], dialled[4:8], dialled[8:]
    if dialled.startswith(_SERVICE) and len(dialled) <= _MOBILE_LENGTH:
        return dialled[:4], dialled[4:]
    return dialled[:4], dialled[4:7], dialled[7:]


def _digits(text: str) -> str:
    return "".join(char for char in _plain(text)[0] if "0" <= char <= "9")


def _plain(text: str) -> tuple[str, list[int]]:
    """Return `text` in ASCII digits and punctuation, unmarked lower case, and the place of each character in it.

    Marks and zero-width characters go: contacts apps wrap the numbers they copy in direction marks.
    """
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


# --- in free text ---


class _Group(NamedTuple):
    """Digits in a row; `text` has slips corrected, `start` includes a plus."""

    start: int
    end: int
    text: str
    plus: bool
    slip: bool


class _Hit(NamedTuple):
    start: int
    end: int
    number: _Number
    slip: bool


_GROUP = re.compile(r"(?:\+ ?\(?)?[0-9]+")
# A slip stands in a word of nothing but digits and look-alikes: the "lo" of "zalo0912…" is not one.
_SLIP_GROUP = re.compile(r"(?:\+ ?\(?)?(?<![^\W_])[0-9oil|]*[0-9][0-9oil|]*(?![^\W_])")
_LOOK_ALIKE = str.maketrans("oil|", "0111")
_GAP = re.compile(r"[ .\-()]{1,4}")

# Only words that cannot mean anything else: tk is also a design (thiết kế), cmt a comment, and a phone missed is worse
# than an account taken for one.
_BETWEEN = r"(?:\s|[.:#=()\-]|cua|la|so|cong ty|cty|ct|dn|ca nhan|cn|kh)*"
_TAX_CODE = re.compile(
    rf"(?<![^\W_])(?:mst|ma so thue|ma thue|tax ?(?:code|id|no))(?![^\W\d_]){_BETWEEN}"
    r"(?:[0-9](?:[ .]?[0-9]){9}(?:-0[0-9]{2})?(?![0-9])|[0-9]+)"
)
# Branches of a company carry -001 and so on behind its tax code; no phone does.
_BRANCH_TAX_CODE = re.compile(r"(?<![0-9])[0-9]{10}-0[0-9]{2}(?![0-9])")
_ACCOUNT = re.compile(
    r"(?<![^\W_])(?:stk|so tk|so tai khoan|tai khoan|account|cmnd|cmtnd|cccd|can cuoc(?: cong dan)?|"
    rf"ho chieu|passport|ma don(?: hang)?|ma van don|van don|so hd|so hop dong|so hoa don)(?![^\W\d_]){_BETWEEN}"
    # In one piece, or in short pieces: the long piece after it is the phone.
    r"(?:[0-9]{8,}|[0-9]{1,7}(?:[ .\-][0-9]{1,7}(?![0-9]))*)"
)
_LINK = re.compile(r"(?:https?://|www\.)(?!(?:www\.)?(?:zalo\.me|wa\.me)/)\S+")
_DATE = re.compile(
    r"(?<![0-9.\-/])(?:[0-3]?[0-9]([./\-])[01]?[0-9]\1(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9])"
    r"(?![.\-]?[0-9])"
)
_AMOUNT_AFTER = re.compile(r" ?(?:d|vnd|dong|k|tr|trieu|ty|usd|%|m2)(?![^\W_])")
_PHONE_WORD = re.compile(r"(?:hotline|hot line|tong dai|tel|phone|sdt|dt|dien thoai|lh|lien he|goi|call)[ .:]*$")
_LABEL_REACH = 24  # how far in front of a number its label may start


def _without_other_numbers(plain: str, text: str, places: list[int]) -> str:
    """Blank what has digits but is known not to be a phone."""
    if find := find_emails(text):
        inside = {place for email in find for place in range(email.start, email.end)}
        plain = "".join("\n" if place in inside else char for char, place in zip(plain, places, strict=True))
    for pattern in (_LINK, _TAX_CODE, _BRANCH_TAX_CODE, _ACCOUNT, _DATE):
        plain = pattern.sub(lambda match: "\n" * len(match[0]), plain)
    return plain


def _without(plain: str, hits: "list[_Hit]") -> str:
    # Line breaks keep what stands on both sides from being read as one number.
    chars = list(plain)
    for hit in hits:
        chars[hit.start : hit.end] = "\n" * (hit.end - hit.start)
    return "".join(chars)


def _runs(plain: str, pattern: re.Pattern[str]) -> Iterator[list[_Group]]:
    """Yield groups of digits with only a phone's punctuation between them; a run may hold several numbers."""
    run: list[_Group] = []
    for match in pattern.finditer(plain):
        digits = match[0].lstrip("+ (")
        corrected = digits.translate(_LOOK_ALIKE)
        group = _Group(match.start(), match.end(), corrected, match[0].startswith("+"), corrected != digits)
        if run and (group.plus or not _GAP.fullmatch(plain, run[-1].end, group.start)):
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _with_prefix(plain: str, region: str) -> Iterator[_Hit]:
    """Numbers that say they are phones: a plus, a trunk zero, or the country code."""
    for run in _runs(plain, _GROUP):
        yield from _in_run(run, plain, region)


def _with_slip(plain: str, region: str) -> Iterator[_Hit]:
    for run in _runs(plain, _SLIP_GROUP):
        for hit in _in_run(run, plain, region):
            typed = sum("0" <= char <= "9" for char in plain[hit.start : hit.end])
            # A guess at letters must at least end in a number that exists.
            if hit.slip and hit.number.valid and typed >= _MIN_DIGITS:
                yield hit


def _in_run(run: list[_Group], plain: str, region: str) -> Iterator[_Hit]:
    first = 0
    while first < len(run):
        last, number = _best(run, first, plain, region)
        if number is None:
            first += 1
            continue
        groups = run[first : last + 1]
        start, end = groups[0].start, groups[-1].end
        # "(024) 3825…" owns its bracket, "(0912345678)" does not.
        inside = plain[start:end]
        if inside.count(")") > inside.count("(") and plain[start - 1 : start] == "(":
            start -= 1
        yield _Hit(start, end, number, any(group.slip for group in groups))
        first = last + 1


def _best(run: list[_Group], first: int, plain: str, region: str) -> tuple[int, _Number | None]:
    """Return the last group, and the number, of the best phone that starts at this group."""
    valid: tuple[int, _Number] | None = None
    possible: tuple[int, _Number] | None = None
    digits = ""
    for last in range(first, len(run)):
        digits += run[last].text
        if len(digits) > _MAX_DIGITS:
            break
        glued = last > first and plain[run[last].end : run[last].end + 1].isalpha()
        number = _prefixed(run[first : last + 1], digits, plain, region)
        if number is None:
            continue
        if number.country == _VIETNAM:
            # The shortest that is valid: what follows is the next phone, or "10 user".
            if number.valid:
                return last, number
            possible = possible or (last, number)
        elif number.valid and not glued:
            valid = (last, number)  # abroad lengths vary, and a shorter valid number may be a torn one
    return valid or possible or (first, None)


def _prefixed(groups: list[_Group], digits: str, plain: str, region: str) -> _Number | None:
    plus = groups[0].plus and not digits.startswith("0")
    if not plus and not _may_start(digits, groups[0].text, region):
        return None
    number = _number(f"+{digits}" if plus else digits, region)
    if number is None:
        return None
    if number.country != _VIETNAM:
        # An identity card has twelve digits and may start with 00, as a call abroad does.
        card = len(groups) == 1 and len(digits) == _IDENTITY_CARD_LENGTH and digits.startswith("00")
        return number if number.valid and not card else None
    if not number.valid and not _LIKELY.fullmatch(number.national):
        return None
    if not plus and not digits.startswith("0") and region == "VN":
        # A house number in front of a phone ("84 0912…"), or 84 thousand million.
        house = groups[0].text == "84" and len(groups) > 1 and groups[1].text.startswith("0")
        amount = digits.endswith("000") and len(groups) > 1
        if not number.valid or house or amount or _AMOUNT_AFTER.match(plain, groups[-1].end):
            return None
    return number


def _may_start(digits: str, first: str, region: str) -> bool:
    # Cheap, and in front of the library's parser: a page of figures must not take seconds.
    if region != "VN":
        return True
    if first.startswith("00"):
        return digits[2:3] not in {"", "0"} and len(digits) >= _LANDLINE_LENGTH
    if digits.startswith("0"):
        return len(digits) > _MOBILE_LENGTH and _NATIONAL.fullmatch(digits[1:]) is not None
    return digits.startswith("84") and len(digits) >= 2 + _MOBILE_LENGTH


def _without_prefix(plain: str, region: str) -> Iterator[_Hit]:
    """Vietnamese numbers that lost their zero (a spreadsheet does that), and service numbers, which have none."""
    if region != "VN":
        return
    for run in _runs(plain, _GROUP):
        if run[0].text in _SERVICE:
            # The shortest that is a number, as with the rest: "1900 1234 10 user".
            pieces = [run[:count] for count in range(2, len(run) + 1)]
        elif [len(group.text) for group in run] == [3, 3, 3]:
            pieces = [run]
        else:
            pieces = [[group] for group in run]
        reached = -1
        for groups in pieces:
            number = _bare(groups, plain) if groups[0].start > reached else None
            if number:
                reached = groups[-1].end
                yield _Hit(groups[0].start, reached, number, slip=False)


def _bare(groups: list[_Group], plain: str) -> _Number | None:
    digits = "".join(group.text for group in groups)
    start, end = groups[0].start, groups[-1].end
    if groups[0].plus or _AMOUNT_AFTER.match(plain, end):
        return None
    if digits.startswith(_SERVICE):
        # "1800 - 2000" is a price range, and 19000000 an amount, unless a word says it is a phone.
        named = _PHONE_WORD.search(plain[max(0, start - _LABEL_REACH) : start])
        if not named and (len(groups) > 1 or digits.endswith("000")):
            return None
    elif len(digits) != _MOBILE_LENGTH or digits[0] not in "35789" or digits.endswith("000"):
        return None
    number = _number(digits, "VN")
    return number if number and number.valid else None
