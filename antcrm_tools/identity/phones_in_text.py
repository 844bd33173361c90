"""Finding phone numbers in free text: a chat message, a note."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from antcrm_tools.identity.phone_context import (
    amount_after,
    amount_before,
    called_phone,
    doubtful_service,
    extension_after,
    maybe_tax_code,
    without_other_numbers,
)
from antcrm_tools.identity.phones import (
    MAX_DIGITS,
    MIN_DIGITS,
    MOBILE_LENGTH,
    SERVICE,
    VIETNAM,
    Number,
    canonical,
    may_start,
    plain_text,
    read_digits,
    spellings,
)

# In free text a possible number is not enough: 01… with ten digits is a Hanoi tax code, 02… with ten a torn landline.
_LIKELY = re.compile(r"[3-9]\d{8}|2\d{9}", re.ASCII)
_IDENTITY_CARD = re.compile(r"00\d[0-3]\d{8}", re.ASCII)  # province, century and sex, year, six digits
_MOST_GROUPS = 3  # of a number of no assigned range; in more pieces it is dates and hours


@dataclass(frozen=True)
class FoundPhone:
    """A phone in a text: `text[start:end]` is `self.text`, `canonical` the E.164 form.

    `slip` says letters were read as digits (`O912…`, `09l2…`), which a person should see before it is saved. `valid`
    says that its range is given out; new ones open, so others are worth a warning and are never blocked. `extension`
    has the digits of "máy lẻ 101" behind it, which are no part of `text`; "" is none.
    """

    text: str
    start: int
    end: int
    canonical: str
    slip: bool
    valid: bool
    extension: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """How a CRM may have stored it, most likely first, as typed last."""
        return tuple(dict.fromkeys((*spellings(self.canonical), self.text)))


def find_phones(text: str, region: str = "VN") -> list[FoundPhone]:
    """Return the phones in free text in order of position, without overlap.

    Never raises, whatever the text. Tax codes, bank accounts and identity cards are left out where a word in front or
    their shape tells, and so are dates, amounts, e-mails and links (but for Zalo's, WhatsApp's and Telegram's).
    """
    plain, places = plain_text(text)
    hits, _ = _read_all(without_other_numbers(plain, text, places), region.upper())
    found: list[FoundPhone] = []
    for hit in hits:
        start, end, number = places[hit.start], places[hit.end - 1] + 1, hit.number
        found.append(FoundPhone(text[start:end], start, end, number.e164, hit.slip, number.valid, hit.extension))
    return found


def phones_in_field(text: str, region: str = "VN") -> tuple[str, ...]:
    """Return the normal forms of the phones in a CRM's phone field, in order, without repeats.

    It is there for phones, so what is left when the sure ones, extensions, dates and the like have been taken out
    counts, too, if it can be a phone at all.
    """
    whole = canonical(text, region)
    if whole is not None:
        return (whole,)
    plain, places = plain_text(text)
    hits, rest = _read_all(without_other_numbers(plain, text, places), region.upper())
    found = [(hit.start, hit.number.e164) for hit in hits]
    for part in _FIELD_PART.finditer(rest):
        # Two numbers with a space between them are no number together.
        pieces = [part] if canonical(part[0], region) else _WORD.finditer(rest, part.start(), part.end())
        found += [(piece.start(), form) for piece in pieces if (form := canonical(piece[0], region))]
    return tuple(dict.fromkeys(form for _, form in sorted(found)))


class _Group(NamedTuple):
    """Digits in a row; `text` has slips corrected, `start` includes a plus."""

    start: int
    end: int
    text: str
    plus: bool
    slip: bool


class _Hit(NamedTuple):
    """A phone in the plain text; `reached` is where its extension ends."""

    start: int
    end: int
    number: Number
    slip: bool
    extension: str
    reached: int


_GROUP = re.compile(r"(?:\+ ?\(?)?[0-9]+")
# A slip stands in a word of nothing but digits and look-alikes: the "lo" of "zalo0912…" is not one.
_SLIP_GROUP = re.compile(r"(?:\+ ?\(?)?(?<![^\W_])[0-9oil|]*[0-9][0-9oil|]*(?![^\W_])")
_LOOK_ALIKE = str.maketrans("oil|", "0111")
_GAP = re.compile(r"[ .\-()]{1,4}")
_FIELD_PART = re.compile(r"[+0-9(](?:(?! - )[+0-9 .()\-])*")
_WORD = re.compile(r"[^ ]+")


def _read_all(plain: str, region: str) -> tuple[list[_Hit], str]:
    """Return the phones in order, and the text with them and their extensions blanked."""
    found: list[_Hit] = []
    # The surest reading first; what it took is blanked before the next one looks.
    for readings in (_with_prefix, _with_slip, _without_prefix):
        hits: list[_Hit] = []
        for hit in readings(plain, region):
            if not hits or hit.start >= hits[-1].reached:
                hits.append(hit)
        plain = _without(plain, hits)
        found += hits
    return sorted(found), plain


def _hit(start: int, end: int, number: Number, plain: str, *, slip: bool) -> _Hit:
    return _Hit(start, end, number, slip, *extension_after(plain, end, mobile=number.mobile))


def _without(plain: str, hits: list[_Hit]) -> str:
    # Line breaks keep what stands on both sides from being read as one number.
    chars = list(plain)
    for hit in hits:
        chars[hit.start : hit.reached] = "\n" * (hit.reached - hit.start)
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
        yield _hit(start, end, number, plain, slip=any(group.slip for group in groups))
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
    if not plus and not may_start(digits, groups[0].text, region):
        return None
    number = read_digits(f"+{digits}" if plus else digits, region)
    if number is None:
        return None
    if number.country != VIETNAM:
        # An identity card has twelve digits and may start with 00, as a call abroad does.
        card = len(groups) == 1 and not plus and _IDENTITY_CARD.fullmatch(digits)
        return number if number.valid and not card else None
    if not number.valid and not _may_be_new(groups, digits, number, plain):
        return None
    if not plus and not digits.startswith("0") and region == "VN":
        # A house number in front of a phone ("84 0912…"), a lost zero ("845123456 10 user"), or 84 thousand million.
        house = len(groups) > 1 and groups[0].text == "84" and groups[1].text.startswith("0")
        zero = 0 < _lost_zero(groups) < len(groups)
        amount = digits.endswith("000") and {len(group.text) for group in groups[1:]} == {3}
        if not number.valid or house or zero or amount or amount_after(plain, groups[-1].end):
            return None
    return number


def _may_be_new(groups: list[_Group], digits: str, number: Number, plain: str) -> bool:
    """Tell whether a number of no assigned range looks like a phone all the same."""
    if not _LIKELY.fullmatch(number.national) or (len(groups) > _MOST_GROUPS and not groups[0].plus):
        return False
    return len(groups) > 1 or not maybe_tax_code(digits) or called_phone(plain, groups[0].start)


def _without_prefix(plain: str, region: str) -> Iterator[_Hit]:
    """Vietnamese numbers that lost their zero (a spreadsheet does that), and service numbers, which have none."""
    if region != "VN":
        return
    for run in _runs(plain, _GROUP):
        reached = -1
        for groups in _bare_pieces(run, plain):
            number = _bare(groups, plain) if groups[0].start > reached else None
            if number:
                reached = groups[-1].end
                yield _hit(groups[0].start, reached, number, plain, slip=False)


def _lost_zero(groups: list[_Group]) -> int:
    """Return how many of these groups look like a mobile without its zero: 912345678, 912 345 678."""
    lengths = [len(group.text) for group in groups[:4]]
    if lengths[:1] == [MOBILE_LENGTH]:
        return 1
    return 3 if lengths[:3] == [3, 3, 3] and lengths[3:] != [3] else 0


def _bare_pieces(run: list[_Group], plain: str) -> Iterator[list[_Group]]:
    lengths = [len(group.text) for group in run]
    for first, group in enumerate(run):
        # Not in the middle of groups: those are an amount.
        apart = first == 0 or plain[group.start - 1] == "("
        if apart and (count := _lost_zero(run[first : first + 4])):
            yield run[first : first + count]
        if group.text in SERVICE:
            # The shortest that is a number, as with the rest: "1900 1234 10 user"; but pairs belong together.
            counts = (4,) if lengths[first : first + 4] == [4, 2, 2, 2] else (2, 3, 4)
            yield from (run[first : first + count] for count in counts)
        yield [group]


def _bare(groups: list[_Group], plain: str) -> Number | None:
    digits = "".join(group.text for group in groups)
    start, end = groups[0].start, groups[-1].end
    if groups[0].plus or amount_after(plain, end):
        return None
    service = digits.startswith(SERVICE)
    if not service and (len(digits) != MOBILE_LENGTH or digits[0] not in "35789" or digits.endswith("000")):
        return None
    doubtful = service and doubtful_service([group.text for group in groups], plain[start:end])
    if (doubtful or amount_before(plain, start)) and not called_phone(plain, start):
        return None
    number = read_digits(digits, "VN")
    return number if number and number.valid else None
