"""What stands around the phones of a text: other numbers that look like them, and the extensions behind them."""

import re

from antcrm_tools.identity.emails import find_emails

# Only words that cannot mean anything else: tk is also a design (thiết kế), cmt a comment, and a phone missed is worse
# than an account taken for one.
_FILLER = r"\s|[.:#=()\-]|cua|la|so|cong ty|cty|ct|dn|ca nhan|cn|kh"
_BANK = (
    r"(?:ngan hang|nh|bank|vcb|vietcombank|tcb|techcombank|mb|mbbank|acb|bidv|vib|vpbank|agribank|sacombank|tpbank|"
    r"vietinbank|hdbank|shb|msb|ocb|scb|eximbank)(?![^\W_])"
)
_TAX_CODE = re.compile(
    r"(?<![^\W_])(?:mst|ma so thue|ma thue|msdn|ma so (?:doanh nghiep|dn)|(?:so )?(?:dkkd|gpkd)|tax ?(?:code|id|no))"
    rf"(?![^\W\d_])(?:{_FILLER})*"
    r"(?:[0-9](?:[ .]?[0-9]){9}(?:-0[0-9]{2})?(?![0-9])|[0-9]+)"
)
# Branches of a company carry -001 and so on behind its tax code; no phone does.
_BRANCH_TAX_CODE = re.compile(r"(?<![0-9+])(?!00)[0-9]{10}-0[0-9]{2}(?![0-9])")
_ACCOUNT = re.compile(
    r"(?<![^\W_])(?:stk|so tk|so tai khoan|tai khoan|account|cmnd|cmtnd|so cmt|cccd|can cuoc(?: cong dan)?|ho chieu|"
    r"passport|ma don(?: hang)?|don hang (?:so|ma|#)|ma van don|van don|so hd|so hop dong|so hoa don|so the|so seri|"
    r"serial|imei|ma vach|barcode|sku|ma kh|ma khach(?: hang)?|ma gd|ma giao dich|ma sp|ma san pham)"
    rf"(?![^\W\d_])(?:{_FILLER}|{_BANK})*"
    # In one piece, or in short pieces: the long piece after it is the phone.
    r"(?:[0-9]{8,}|[0-9]{1,7}(?:[ .\-][0-9]{1,7}(?![0-9]))*)"
)
# Letters that papers and parcels carry, with the number right behind them.
_CODE = re.compile(
    r"(?<![^\W_])(?:dh|hd|hdbh|vd|px|pxk|pnk|inv|invoice|ord|order|sku|po|spxvn|ghn|ghtk|vtp|imei)[\-_#/]?[0-9]{8,}"
)
_LINK = re.compile(
    r"(?:https?://|www\.)(?!(?:www\.)?(?:zalo\.me|wa\.me|t\.me)/|(?:api|web)\.whatsapp\.com/send)\S+"
    r"|(?<![^\W_])(?:facebook|fb|shopee|tiki|lazada|tiktok|youtube|instagram|google)\.(?:com|vn|me)(?:\.vn)?/\S+"
)
_DATE = re.compile(
    # The first day of a stretch, too: 03.05-07.05.2024.
    r"(?<![0-9.\-/])(?:(?:[0-3]?[0-9][./][01]?[0-9] ?- ?)?[0-3]?[0-9]([./\-]| [./\-] )[01]?[0-9]\1(?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2}([.\-])[01][0-9]\2[0-3][0-9]|0[1-9](?:0[1-9]|1[0-2])(?:19|20)[0-9]{2})"
    r"(?![.\-]?[0-9])"
)
_HOURS = re.compile(
    r"(?<![0-9.\-])[0-2]?[0-9]\.[0-5][0-9] ?- ?[0-2]?[0-9]\.[0-5][0-9](?![.\-]?[0-9])"  # 08.30-11.30
)
_FRACTION = re.compile(r"(?<![0-9.])0\.[0-9]{9,}(?![0-9]|[.\-][0-9])")

_AMOUNT_AFTER = re.compile(r" ?(?:(?:d|vnd|dong|nghin|ngan|k|tr|trieu|ty|usd|eur|m2|m3|kg)(?![^\W_])|[%₫$€])")
_AMOUNT_BEFORE = re.compile(
    r"(?:[$€₫]|(?<![^\W_])(?:vnd|usd|so tien|tong (?:tien|cong|gia tri)|tri gia|ngan sach|doanh (?:so|thu)|chi phi|"
    r"thanh toan|bao gia|cong no|dat coc|don gia|gia (?:tri|ban|la|tu|khoang|tam))(?:[ :=~]|la|khoang|tam|hon)*|"
    r"(?<![^\W_])gia ?: ?)$"
)
_PHONE_WORD = re.compile(
    r"(?:hotline|hot line|tong dai|tel|phone|mobile|sdt|so dt|dt|dien thoai|lh|lien he|goi|call)[ .:]*$"
    # What people put between these and a service number: "tổng đài chăm sóc khách hàng 1900…".
    r"|(?:hotline|tong dai|cskh)[^0-9\n]{0,32}$"
)
_REACH = 48  # how far in front of a number its label may start

# The check digit of a tax code, and the offices whose codes start with what is no mobile: HCM 030 and 031, and others.
_OFFICES = ("030", "031", "040", "050", "060", "080", "180", "190")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_TAX_CODE_LENGTH = 10

_SERVICE_GROUPS = ([4, 2, 2, 2], [4, 3, 3])  # 1900 54 54 15, 1900 545 415: no prices are written like that
_ROUND_OR_YEAR = re.compile(r"\d{3}0|(?:19|20)\d\d", re.ASCII)

_EXTENSION_END = r"[ .:=#\-]{0,3}([0-9]{1,6})(?![^\W_]|\.[0-9])"
_EXTENSION = re.compile(
    r"[ ,;.\-(\[/]{0,4}(?:(?:bam |nhan |so )?(?:may le|may nhanh|noi bo|phim)(?: so)?|bam(?: so)?|"
    rf"ext(?:ension|n)?){_EXTENSION_END}"
)
_SHORT_EXTENSION = re.compile(rf"[ ,(\[]{{0,3}}(?:x|ml|#|(?:so )?nhanh){_EXTENSION_END}")


def without_other_numbers(plain: str, text: str, places: list[int]) -> str:
    """Blank what has digits but is known not to be a phone; `plain` and `places` are those of `plain_text(text)`."""
    if find := find_emails(text):
        inside = {place for email in find for place in range(email.start, email.end)}
        plain = "".join("\n" if place in inside else char for char, place in zip(plain, places, strict=True))
    for pattern in (_LINK, _TAX_CODE, _BRANCH_TAX_CODE, _ACCOUNT, _CODE, _DATE, _HOURS, _FRACTION):
        plain = pattern.sub(lambda match: "\n" * len(match[0]), plain)
    return plain


def extension_after(plain: str, end: int, *, mobile: bool) -> tuple[str, int]:
    """Return the extension that stands behind a number, and where it ends; "" and `end` if there is none.

    Behind a mobile only words count: its "x 2" and "#12" are quantities and orders.
    """
    match = _EXTENSION.match(plain, end) or (None if mobile else _SHORT_EXTENSION.match(plain, end))
    return (match[1], match.end()) if match else ("", end)


def amount_after(plain: str, end: int) -> bool:
    """Tell whether a unit of money or size stands behind."""
    return _AMOUNT_AFTER.match(plain, end) is not None


def amount_before(plain: str, start: int) -> bool:
    """Tell whether the words in front say that an amount comes."""
    return _AMOUNT_BEFORE.search(plain[max(0, start - _REACH) : start]) is not None


def called_phone(plain: str, start: int) -> bool:
    """Tell whether the words in front say that a phone comes."""
    return _PHONE_WORD.search(plain[max(0, start - _REACH) : start]) is not None


def maybe_tax_code(digits: str) -> bool:
    """Tell whether ten digits are a tax code by their check digit and their office.

    One number in eleven is by chance, so only what can hardly be a phone may be asked about.
    """
    if len(digits) != _TAX_CODE_LENGTH or not digits.startswith(_OFFICES):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:-1], strict=True))
    return 10 - total % 11 == int(digits[-1])


def doubtful_service(pieces: list[str], written: str) -> bool:
    """Tell whether 1800 or 1900 with other digits behind it needs a word in front to be a service number.

    "1800 - 2000" is a price range, and 19000000 an amount.
    """
    digits = "".join(pieces)
    if digits.endswith("000") or maybe_tax_code(digits):
        return True
    lengths = [len(piece) for piece in pieces]
    if lengths == [4, 4]:
        return "-" in written or _ROUND_OR_YEAR.fullmatch(pieces[1]) is not None
    return len(pieces) > 1 and lengths not in _SERVICE_GROUPS
