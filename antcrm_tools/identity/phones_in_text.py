"""Finding phone numbers in free text: a chat message, a note."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from antcrm_tools.identity.emails import find_emails
from antcrm_tools.identity.phones import (
    LANDLINE_LENGTH,
    MAX_DIGITS,
    MIN_DIGITS,
    MOBILE_LENGTH,
    NATIONAL,
    SERVICE,
    VIETNAM,
    Number,
    canonical,
    plain_text,
    read_digits,
)

# In free text a possible number is not enough: 01… with ten digits is a Hanoi tax code, 02… with ten a torn landline.
_LIKELY = re.compile(r"[3-9]\d{8}|2\d{9}", re.ASCII)
_IDENTITY_CARD_LENGTH = 12


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


def find_phones(text: str, region: str = "VN") -> list[FoundPhone]:
    """Return the phones in free text in order of position, without overlap.

    Never raises, whatever the text. Tax codes, bank accounts and identity cards are left out where a word in front
    names them, and so are dates, amounts, e-mail addresses and links (but for zalo.me and wa.me, which are phones).
    """
    region = region.upper()
    plain, places = plain_text(text)
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
    number: Number
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
_FIELD_PARTS = re.compile(r"[/;,|\n]+|\s+-\s+")
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
            if hit.slip and hit.number.valid and typed >= MIN_DIGITS:
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


def _best(run: list[_Group], first: int, plain: str, region: str) -> tuple[int, Number | None]:
    """Return the last group, and the number, of the best phone that starts at this group."""
    valid: tuple[int, Number] | None = None
    possible: tuple[int, Number] | None = None
    digits = ""
    for last in range(first, len(run)):
        digits += run[last].text
        if len(digits) > MAX_DIGITS:
            break
        glued = last > first and plain[run[last].end : run[last].end + 1].isalpha()
        number = _prefixed(run[first : last + 1], digits, plain, region)
        if number is None:
            continue
        if number.country == VIETNAM:
            # The shortest that is valid: what follows is the next phone, or "10 user".
            if number.valid:
                return last, number
            possible = possible or (last, number)
        elif number.valid and not glued:
            valid = (last, number)  # abroad lengths vary, and a shorter valid number may be a torn one
    return valid or possible or (first, None)


def _prefixed(groups: list[_Group], digits: str, plain: str, region: str) -> Number | None:
    plus = groups[0].plus and not digits.startswith("0")
    if not plus and not _may_start(digits, groups[0].text, region):
        return None
    number = read_digits(f"+{digits}" if plus else digits, region)
    if number is None:
        return None
    if number.country != VIETNAM:
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
        return digits[2:3] not in {"", "0"} and len(digits) >= LANDLINE_LENGTH
    if digits.startswith("0"):
        return len(digits) > MOBILE_LENGTH and NATIONAL.fullmatch(digits[1:]) is not None
    return digits.startswith("84") and len(digits) >= 2 + MOBILE_LENGTH


def _without_prefix(plain: str, region: str) -> Iterator[_Hit]:
    """Vietnamese numbers that lost their zero (a spreadsheet does that), and service numbers, which have none."""
    if region != "VN":
        return
    for run in _runs(plain, _GROUP):
        if run[0].text in SERVICE:
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


def _bare(groups: list[_Group], plain: str) -> Number | None:
    digits = "".join(group.text for group in groups)
    start, end = groups[0].start, groups[-1].end
    if groups[0].plus or _AMOUNT_AFTER.match(plain, end):
        return None
    if digits.startswith(SERVICE):
        # "1800 - 2000" is a price range, and 19000000 an amount, unless a word says it is a phone.
        named = _PHONE_WORD.search(plain[max(0, start - _LABEL_REACH) : start])
        if not named and (len(groups) > 1 or digits.endswith("000")):
            return None
    elif len(digits) != MOBILE_LENGTH or digits[0] not in "35789" or digits.endswith("000"):
        return None
    number = read_digits(digits, "VN")
    return number if number and number.valid else None


def phones_in_field(text: str, region: str = "VN") -> tuple[str, ...]:
    """Return the normal forms of the phones in a CRM's phone field, in order, without repeats.

    A field may hold several numbers and words beside them. Where it holds one and nothing else, it is read as one even
    if nothing in it says that it is a phone.
    """
    whole = canonical(text, region)
    if whole is not None:
        return (whole,)
    found = [phone.canonical for phone in find_phones(text, region)]
    if not found:
        parts = (canonical(part, region) for part in _FIELD_PARTS.split(text))
        found = [part for part in parts if part is not None]
    return tuple(dict.fromkeys(found))
