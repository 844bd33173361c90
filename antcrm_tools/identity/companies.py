"""Companies as people write them: which one a record belongs to, and one form to compare."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from antcrm_tools.identity.emails import canonical_email, is_public_provider
from antcrm_tools.identity.names import fold, person_part, without_honorific, words, written_words
from antcrm_tools.models import Customer, Draft

# --- one form ---

# Folded words that say what kind of company it is, not which one.
_FORMS = (
    *("cong ty", "ctcp", "cty", "c ty", "tap doan", "tong cong ty", "doanh nghiep tu nhan", "doanh nghiep", "dntn"),
    *("trach nhiem huu han", "tnhh", "mot thanh vien", "hai thanh vien", "hai thanh vien tro len", "1 thanh vien"),
    *("2 thanh vien", "mtv", "1tv", "2tv", "co phan", "hop danh", "company", "co ltd", "joint stock", "jsc", "ltd"),
    *("chi nhanh", "van phong dai dien", "vpdd"),
)
_ENGLISH = ("corporation", "corp", "inc", "llc", "limited", "group", "co", "tnhh", "mtv", "cp", "company", "jsc", "ltd")


def _one_of(*forms: str) -> str:
    return "|".join(sorted(forms, key=len, reverse=True))


_FRONT = re.compile(rf"(?:{_one_of(*_FORMS)})(?: |$)")
# In front these may be the name itself (CT Group, Co.opmart), so something has to be left that can be one.
_FRONT_PERHAPS = re.compile(r"(?:ct|cp) (?!(?:group|viet nam|vietnam|vn)$)(?=.)")
_BEHIND = re.compile(rf" (?:{_one_of('co ltd', 'joint stock company', *_ENGLISH)})$")
# Not all of them: “cô Phan” is a lady, and so is “c. Tý”.
_SURELY_FRONT = re.compile(
    r"(?:cong ty|cty|ctcp|tap doan|tong cong ty|doanh nghiep|dntn|tnhh|chi nhanh|van phong dai dien)(?: |$)"
)
_SURELY_BEHIND = re.compile(r" (?:co ltd|ltd|jsc|joint stock company|corp|tnhh)$")
_ONLY_FORMS = re.compile(rf"(?:(?:{_one_of(*_FORMS)})(?: |$))+")

_BRANCH_IN_FRONT = re.compile(
    r"(?:chi nhanh|cn|vpdd|van phong dai dien) (?:tai )?(.*?) ?((?:tong )?cong ty|cty|ctcp)\b(.*)"
)
_BRANCH_BEHIND = re.compile(
    r" (?:chi nhanh|vpdd|van phong dai dien|cn(?= (?:ha noi|hn|tp|tphcm|hcm|da nang)\b))(?: tai)?(?= )"
)
# Where people write a word in full or not. A place only where it stands behind.
_SHORT = {
    "tm": "thuong mai",
    "dv": "dich vu",
    "sx": "san xuat",
    "xd": "xay dung",
    "xnk": "xuat nhap khau",
}
_SHORT_ONES = re.compile(r"tm|dv|sx|xd|xnk")
_ALL_SHORT = re.compile(r"(?:tm|dv|sx|xd|xnk)+")
_PLACE_BEHIND = (
    (re.compile(r" (?:tp ?hcm|hcm|(?:tp|thanh pho) ho chi minh)$"), " ho chi minh"),
    (re.compile(r" (?:hn|(?:tp|thanh pho) ha noi)$"), " ha noi"),
)


def company_key(text: str) -> str:
    """Return the form used to compare: folded, without what only says what kind of company it is.

    `Công ty TNHH Sao Việt`, `cty sao viet` and `SAO VIET CO., LTD` give the same, and so do `FPT HCM` and `Chi nhánh
    TP.HCM - Công ty FPT`; a branch is not its parent. Empty where nothing is left that could be a name.
    """
    key = " ".join(words(text))
    while (shorter := _shorter(key)) != key:
        key = shorter
    return key


def is_named_as_company(name: str) -> bool:
    """Tell whether a record's name begins or ends as only a company's does, whatever kind of record it is."""
    written = " ".join(written_words(name))
    sure = _SURELY_FRONT.match(fold(written)) or written.startswith("c ty ") or _SURELY_BEHIND.search(fold(written))
    return bool(sure) and company_key(name) != ""


def _shorter(key: str) -> str:
    if _ONLY_FORMS.fullmatch(key):
        return ""
    if branch := _BRANCH_IN_FRONT.fullmatch(key):
        return f"{branch[2]}{branch[3]} {branch[1]}".strip()
    key = _BRANCH_BEHIND.sub("", key)
    stripped = _FRONT.match(key)
    key = key[stripped.end() :] if stripped else _BEHIND.sub("", _FRONT_PERHAPS.sub("", key, count=1))
    if " " in key:
        key = " ".join(_in_full(word) for word in key.replace(" va ", " ").split())
    for pattern, place in _PLACE_BEHIND:
        key = pattern.sub(place, key)
    return key


def _in_full(word: str) -> str:
    return " ".join(_SHORT[part] for part in _SHORT_ONES.findall(word)) if _ALL_SHORT.fullmatch(word) else word


# --- of a record ---

_FIELDS = frozenset(
    {
        *("cong ty", "cty", "ten cong ty", "ten cty", "company", "company name", "don vi", "to chuc", "organization"),
        *("organisation", "doanh nghiep", "ten doanh nghiep", "noi lam viec", "co quan", "noi cong tac"),
    }
)
_BRACKETED = re.compile(r"[(\[]([^)\]]{2,80})[)\]]")
_DASHED = re.compile(r"\s+[-–—|/]\s*|\s*[-–—|/]\s+")
_DOMAIN_ENDS = frozenset({"com", "net", "org", "edu", "gov", "biz", "info", "co", "vn", "asia", "example"})
_REMEMBERED = 1024
"""Names of custom fields: there are few."""

_PHONE_LIKE = re.compile(r"\d[\d .-]{6,}")

# What stands where a company could, and is none: two who work for themselves have no company in common.
_NO_COMPANY = re.compile(
    r"(?:khong(?: co)?|chua(?: co| ro| biet)?|ca nhan|ca the|tu do|(?:lao dong|kinh doanh) tu do|freelancer?|noi tro|"
    r"sinh vien|hoc sinh|hoc vien|khac|n a|na|none|no|null|nil|unknown|test|rieng|gia dinh|nha rieng|o nha|nghi huu|"
    r"khach(?: hang)?(?: le| cu| moi| quen| vip| si)?|kh(?: le| cu| moi| vip)?|lead|vip|moi|cu|nam|nu|mr|ms|mrs|zalo|"
    r"facebook|fb|website|hotline|dtdd|di dong|so (?:\d|moi|cu|phu|chinh)|hoi gia|bao gia|quan tam|tu van|goi lai|"
    r"gioi thieu.*|gt .*|\d+ ?(?:t|tuoi)|\d+|(?:co|khoang) \d.*|"
    r"ke toan(?: truong)?|(?:pho )?(?:tong )?giam doc|p?gd|truong phong|nhan vien|thu ky|tro ly|le tan|ky thuat|"
    r"kinh doanh|nhan su|hanh chinh|mua hang|thu mua|quan ly|cong tac vien|ctv|sales?|marketing|hr|it|admin|ceo|cto|"
    r"cfo|founder|owner|chu|chu (?:shop|quan|nha|tich)|sep|bac si|giao vien|bo phan .*|"
    r"phong (?:kinh doanh|ke toan|nhan su|ky thuat|marketing|hanh chinh|mua hang|\d.*)|"
    r"(?:q|quan|p|phuong|lop|can|can ho) ?[a-z]?\d.*|"
    r"(?:anh|chi|em|chu|bac|ong|ba|con|me|bo|ban|chau)(?: (?:cua|ay|nay|trai|gai|quen|ho)\b.*)?|"
    r"(?:anh|chi|em|chau|con|vo|chong|ban|me|bo|nguoi nha|nguoi quen) (?:anh|chi|em|co|chu|bac|ong|ba) .*|"
    r"ben (?:anh|chi|em|minh|toi|do|kia|ay|nay)\b.*)"
)
# With their marks, and in lower case: Bến Thành, Của Việt and Cần Thơ are names.
_RUNNING_ON = re.compile(
    r"(?:ở|tại|của|này|đó|đang|nhỏ|lớn|mình|tôi|bên|là|có|cần|hỏi|gọi|hẹn|vợ|chồng|phòng|lớp|quận|huyện|tỉnh|xã|phường)"
    r"(?: .*)?|(?:o|tai|nho|lon|dang|ben|minh|co)"
)
# Half of all people with a company are at one that could be called this.
_BUSINESS = (
    *("xay dung", "thuong mai", "dich vu", "van tai", "logistics", "bat dong san", "bds", "phan mem", "cong nghe"),
    *("may mac", "thuc pham", "noi that", "quang cao", "truyen thong", "du lich", "bao hiem", "xuat nhap khau"),
    *("san xuat", "co khi", "dien tu", "luat", "tu nhan", "nha nuoc", "nuoc ngoai", "lon", "nho", "fdi", "startup"),
    *("khoi nghiep", "bao ve", "giao duc", "y te", "my pham", "thoi trang", "det may", "go", "nhua", "thep", "giay"),
    *("in an", "bao bi", "thiet ke", "kien truc", "nong nghiep", "thuy san", "duoc", "duoc pham", "dau tu", "tmdv"),
    *("phat trien", "moi truong", "dia oc", "vien thong", "xd", "xnk", "oto", "o to", "nha hang", "khach san"),
    *("shop", "spa", "truong hoc", "benh vien", "ngan hang", "van phong", "cua hang", "nha may"),
)
_ONLY_BUSINESS = re.compile(rf"(?:{_one_of(*_BUSINESS)})(?: (?:va )?(?:{_one_of(*_BUSINESS)}))*")
# fmt: off
_PLACES = frozenset(
    {
        "ha noi", "hn", "ho chi minh", "hcm", "tphcm", "tp hcm", "sai gon", "sg", "da nang", "hai phong", "can tho",
        "hue", "an giang", "vung tau", "ba ria vung tau", "bac giang", "bac kan", "bac lieu", "bac ninh", "ben tre",
        "binh dinh", "binh duong", "binh phuoc", "binh thuan", "ca mau", "cao bang", "dak lak", "dak nong", "dien bien",
        "dong nai", "dong thap", "gia lai", "ha giang", "ha nam", "ha tinh", "hai duong", "hau giang", "hoa binh",
        "hung yen", "khanh hoa", "nha trang", "kien giang", "kon tum", "lai chau", "lam dong", "da lat", "lang son",
        "lao cai", "long an", "nam dinh", "nghe an", "vinh", "ninh binh", "ninh thuan", "phu tho", "phu yen",
        "quang binh", "quang nam", "quang ngai", "quang ninh", "ha long", "quang tri", "soc trang", "son la",
        "tay ninh", "thai binh", "thai nguyen", "thanh hoa", "thua thien hue", "tien giang", "tra vinh", "tuyen quang",
        "vinh long", "vinh phuc", "yen bai", "bien hoa", "buon ma thuot", "phu quoc", "thu duc", "go vap", "binh thanh",
        "tan binh", "tan phu", "phu nhuan", "binh tan", "cau giay", "dong da", "hoan kiem", "ba dinh", "thanh xuan",
        "ha dong", "hoang mai", "long bien", "viet nam", "vn", "mien bac", "mien nam", "mien trung",
    }
)
# fmt: on


def companies(record: Customer | Draft) -> tuple[str, ...]:
    """Return the companies a record names, as written, the surest first; the last ones are only domains of e-mails."""
    return tuple(dict.fromkeys([*written_companies(record), *domains(record)]))


def company_of(record: Customer | Draft) -> str:
    """Return the company to show beside a record: one that is written as a name; empty where there is none."""
    return next(iter(written_companies(record)), "")


def written_companies(record: Customer | Draft) -> list[str]:
    """Return the companies a record names in words, the surest first."""
    if record.kind == "account":
        return [record.name] if record.name.strip() else []
    found = [field.value.strip() for field in record.custom_fields if _label(field.name) in _FIELDS]
    if is_named_as_company(record.name):
        found.insert(0, _DASHED.split(_BRACKETED.sub(" ", record.name))[0].strip())
    else:
        found += [*_beside(record.name), *_named(record.name)]
    found += _named(record.note)
    return [name for name in found if _may_be_company(name)]


def domains(record: Customer | Draft) -> list[str]:
    """Return the names in a record's e-mail domains that say where somebody works: `vinamilk` of `vinamilk.com.vn`."""
    found: list[str] = []
    for email in record.emails:
        address = canonical_email(email.value)
        domain = address.rpartition("@")[2] if address else ""
        if domain and not is_public_provider(domain):
            labels = [label for label in domain.split(".") if label not in _DOMAIN_ENDS]
            found += labels[-1:]
    return found


def _may_be_company(text: str) -> bool:
    """Tell whether a text can be a company's name: not a role, a phone, a trade, or a word for having none."""
    key, written = company_key(text), " ".join(words(text))
    if not any(char.isalpha() for char in key) or _PHONE_LIKE.search(text):
        return False
    if text[:1].islower() and _RUNNING_ON.fullmatch(" ".join(written_words(text))):
        return False
    return not (_NO_COMPANY.fullmatch(written) or _ONLY_BUSINESS.fullmatch(key))


@lru_cache(_REMEMBERED)
def _label(name: str) -> str:
    return fold(name.partition("(")[0]).rstrip(" :*")


def _beside(name: str) -> list[str]:
    """What stands beside a person's name: `Lan - Vinamilk`, `Anh Nam (FPT)`."""
    name = unicodedata.normalize("NFC", name)
    parts = [match[1] for match in _BRACKETED.finditer(name)]
    if person_part(name) != name.strip():
        parts += _DASHED.split(_BRACKETED.sub(" ", name))[1:]
    # “Lan - Hoà Bình” is from there more often than of the builders, and “Vinamilk - chị Lan” names a lady.
    parts = [part.strip() for part in parts if company_key(part) not in _PLACES]
    return [part for part in parts if without_honorific(part) == part]


# --- in running words ---

# “cty ABC hỏi giá”: the name goes on until something that is none of it.
_NAMED = re.compile(r"(?<![^\W_])(?:c[oô]ng ty|c\.?ty|company)(?![^\W_])[ :.]*([^\n,;()\[\]|–—]{2,80})", re.IGNORECASE)
_LEADING = frozenset({"tnhh", "cp", "co", "phan", "mtv"})
_MOST_WORDS = 6
_ENDS = frozenset(
    {
        *("hỏi", "cần", "gọi", "muốn", "đang", "đã", "sẽ", "nhắn", "hẹn", "mua", "dùng", "xin", "tại"),
        *("ở", "và", "là", "có", "không", "do", "để", "nên", "đặt", "nhờ"),
    }
)
# Without marks, or where a name may begin with them: only in lower case, and with more behind.
_ENDS_PERHAPS = frozenset(
    {
        *("hoi", "can", "goi", "muon", "dang", "da", "se", "nhan", "hen", "dung", "xin", "tai", "o", "la"),
        *("co", "khong", "de", "nho", "va", "mua", "dat", "giá", "wants", "want", "needs", "need", "asks"),
        *("asked", "is", "has", "in", "at", "for", "with", "looking", "interested", "who", "and"),
    }
)
_TWO_END = frozenset(
    {*("quan tam", "tu van", "bao gia", "hoi gia", "dia chi", "lien he", "nhu cau", "goi lai", "dien thoai")}
)
_LABELS_END = frozenset({"sdt", "dt", "tel", "email", "mail", "zalo", "mst", "q", "tphcm", "hcm", "hn", "tp"})
_DISTRICT = re.compile(r"q\.?\d{1,2}")


def _named(text: str) -> list[str]:
    """What “công ty” stands in front of."""
    return [name for match in _NAMED.finditer(unicodedata.normalize("NFC", text)) if (name := _cut(match[1]))]


def _cut(text: str) -> str:
    written = text.split()
    kept: list[str] = []
    for place, word in enumerate(written):
        started = any(fold(each).strip(".") not in _LEADING for each in kept)
        if (started and _ends(written, place)) or len(kept) >= _MOST_WORDS or _PHONE_LIKE.search(word) or word == "-":
            break
        kept.append(word)
        if word.endswith(".") and fold(word).strip(".") not in {"co", "tm", "dv", "sx", "xd"}:
            break
    return " ".join(kept).strip(" .:-")


def _ends(written: list[str], place: int) -> bool:
    word, behind = written[place], written[place + 1 :]
    lower, folded = word.casefold().strip(".:-"), fold(word).strip(".:-")
    if folded in _LABELS_END or _DISTRICT.fullmatch(folded):
        # A branch is named by where it is, so the place belongs to it unless the address goes on.
        return not (folded in {"hcm", "hn", "tphcm"} and not behind)
    following = [fold(each).strip(".:-") for each in written[place + 1 : place + 3]]
    if " ".join([folded, *following[:1]]) in _TWO_END:
        return True
    shouted = all(each.isupper() for each in written if any(char.isalpha() for char in each))
    if not (word.islower() or shouted) or [folded, *following[:1]] == ["can", "tho"]:
        return False
    # “hai dang hoi gia”: what stands right in front of an end belongs to the name.
    perhaps = bool(following) and " ".join(following) not in _TWO_END
    return lower in _ENDS or (perhaps and word.islower() and lower in _ENDS_PERHAPS)
