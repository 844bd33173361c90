"""Vietnamese personal names: folding for comparison, and honorifics that are not part of the name."""

import re
import unicodedata
from functools import lru_cache

# Đ has no decomposition, so dropping marks leaves it; Ð (eth) is what old Vietnamese fonts left in its place.
_BARRED_D = str.maketrans({"đ": "d", "ð": "d"})

# Written with their marks, or without any in the first place. Single letters are the everyday a/anh, c/chị, e/em.
_HONORIFICS = frozenset(
    {
        "anh",
        "chị",
        "em",
        "cô",
        "chú",
        "bác",
        "ông",
        "bà",
        "mr",
        "mrs",
        "ms",
        "miss",
        "sếp",
        "gđ",
        "a",
        "c",
        "e",
        "kh",
        "khách",
    }
)
_UNMARKED = frozenset({"chi", "bac", "sep", "gd", "khach"})
# Without marks these are also family names (Chu Văn An, Ong, Cồ) or first words of a name, so they go only in front of
# a single word: "chu Nam" is uncle Nam, "chu van an" is Mr Chu.
_UNMARKED_OR_NAME = frozenset({"chu", "ong", "co", "ba"})

# The most common, which most people bear. Unmarked, as they are compared.
# fmt: off
_FAMILY_NAMES = frozenset(
    {
        "nguyen", "tran", "le", "pham", "hoang", "huynh", "phan", "vu", "vo", "dang", "bui", "do", "ho", "ngo",
        "duong", "ly", "li", "dinh", "truong", "trinh", "dao", "doan", "luong", "luu", "cao", "chau", "ta", "to",
        "thai", "quach", "phung", "kieu", "nghiem", "tang", "than", "vuong", "la", "lam", "mai",
    }
)
# fmt: on

# Words of names that people do bear: of two of these one is no slip of the other. Linh is not Minh, Hoàn not Hoàng.
# fmt: off
_NAME_WORDS = _FAMILY_NAMES | frozenset(
    {
        "an", "anh", "ai", "au", "ba", "bac", "bach", "ban", "bang", "banh", "bao", "bay", "be", "ben", "bich", "bien",
        "binh", "boi", "bong", "ca", "cam", "can", "canh", "cat", "chan", "chanh", "chi", "chien", "chieu", "chinh",
        "chu", "chung", "chuong", "chuyen", "co", "cong", "cu", "cuc", "cung", "cuong", "dai", "dam", "dan", "danh",
        "dat", "dau", "day", "de", "di", "dich", "diem", "dien", "diep", "dieu", "doai", "don", "dong", "du", "duc",
        "dung", "duoc", "duy", "duyen", "em", "gam", "gia", "giac", "giang", "giao", "giau", "ha", "hai", "ham", "han",
        "hang", "hanh", "hao", "hau", "hien", "hiep", "hieu", "hoa", "hoach", "hoai", "hoan", "hoat", "hoc", "hoi",
        "hon", "hong", "hop", "hue", "hung", "huong", "huu", "huy", "huyen", "khac", "khai", "khang", "khanh", "khoa",
        "khoan", "khoi", "khue", "khuong", "khuyen", "kien", "kiem", "kiet", "kim", "ky", "lac", "lai", "lan", "lanh",
        "lap", "len", "lich", "lien", "lieu", "linh", "lo", "loan", "loc", "loi", "long", "lua", "luan", "luat", "luc",
        "luyen", "man", "manh", "may", "men", "mi", "mien", "minh", "mo", "moc", "mong", "mung", "muoi", "my", "nam",
        "nga", "ngan", "ngat", "nghi", "nghia", "ngoan", "ngoc", "ngon", "nguyet", "nha", "nham", "nhan", "nhat", "nhi",
        "nhien", "nho", "nhu", "nhung", "nhuan", "nhut", "ni", "ninh", "no", "nuong", "nu", "oanh", "ong", "phat",
        "phi", "phong", "phu", "phuc", "phung", "phuoc", "phuong", "quan", "quang", "que", "quoc", "quoi", "quy",
        "quyen", "quyet", "quynh", "sa", "sam", "san", "sang", "sanh", "sau", "se", "sen", "si", "sinh", "soan", "son",
        "song", "suong", "sy", "tai", "tam", "tan", "tang", "tao", "tay", "te", "thach", "tham", "than", "thang",
        "thanh", "thao", "thap", "thay", "the", "them", "thi", "thiem", "thien", "thiet", "thieu", "thinh", "tho",
        "thoa", "thoai", "thoi", "thom", "thong", "thu", "thua", "thuan", "thuc", "thuong", "thuy", "thuyen", "thuyet",
        "ti", "tien", "tiep", "tin", "tinh", "toai", "toan", "toi", "ton", "trac", "trai", "tram", "trang", "tri",
        "trieu", "trong", "tru", "truc", "trung", "truoc", "tu", "tuan", "tuat", "tue", "tung", "tuoi", "tuong", "tuy",
        "tuyen", "tuyet", "ty", "uyen", "ut", "van", "vi", "vien", "viet", "vinh", "vu", "vui", "vung", "vuong", "vy",
        "xa", "xuan", "xuyen", "y", "yen",
    }
)
# fmt: on

_REMEMBERED = 4096
"""Texts: names and their words repeat themselves."""

_FAMILY_WORDS = 2
"""Words of a family name with a middle one; what is longer and stands beside “Anh Nam” is a company."""

# A dash needs room on one side at least: `Lê-Na` is one name.
_BESIDE = re.compile(
    r"\s+[-–—|/]\s*|\s*[-–—|/]\s+|\s*[(\[,;|:]\s*|\s+(?:c[oô]ng ty|c\.?ty|company)(?![^\W_]).*", re.IGNORECASE
)
# Behind a name, folded: what somebody does. Only what cannot itself be a name.
_ROLES = re.compile(
    r"(?: (?:ke toan(?: truong)?|(?:pho )?(?:tong )?giam doc|p?gd|truong phong|nhan vien|thu ky|tro ly|le tan|ky thuat|"
    r"kinh doanh|nhan su|hanh chinh|mua hang|thu mua|quan ly|cong tac vien|ctv|sales?|marketing|hr|admin|"
    r"ceo|cto|cfo|vip))+$"
)

_TONES = {"\u0300": "`", "\u0301": "'", "\u0309": "~", "\u0303": "~", "\u0323": "."}
"""Hỏi and ngã are one here: half the country speaks them alike, and writes Dủng for Dũng."""

_WORD = re.compile(r"[^\W_]+")
_UNUSUAL = re.compile(r"[^\w\x00-\x7f]")
"""What is no letter, digit or ASCII: marks that stand alone, characters nobody sees."""

_FIRST_WORD = re.compile(r"([^\W\d_]+)(?:\s*[./:]\s*|\s+)(?=[^\W\d_])")


@lru_cache(_REMEMBERED)
def fold(text: str) -> str:
    """Return `text` without marks, case or extra white space, for comparing and indexing.

    `Nguyễn  Thuỳ` and `nguyen thùy` both give `nguyen thuy`. Composed and decomposed input give the same, and folding
    twice changes nothing.
    """
    try:
        quick = text.translate(_QUICK)
    except _UnusualError:
        return _folded(text)
    return " ".join(quick.split())


def _folded(text: str) -> str:
    # Zero-width characters come along when people paste; nobody sees them, so no comparison may.
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    # Casefold on both sides of the decomposition: it can bring marks out, and taking marks off can bring case out.
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFC", visible).casefold())
    bare = "".join(char for char in parts if unicodedata.category(char) != "Mn")
    folded = unicodedata.normalize("NFC", bare.casefold()).translate(_BARRED_D)
    return " ".join(folded.split())


class _UnusualError(ValueError):
    pass


class _Quick(dict[int, str]):
    """What characters fold to that do so alone, whatever is beside them: nearly all there are in names."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = char.casefold() if char.isascii() else _folded(char)
        if not (folded.isascii() and folded and unicodedata.is_normalized("NFC", char)):
            raise _UnusualError
        self[code] = folded
        return folded


_QUICK = _Quick()


def without_honorific(text: str) -> str:
    """Return `text` without the honorifics in front (`anh Nam` gives `Nam`), in composed form.

    The last word always stays: `Anh` alone is a name. Where marks tell a family name from an honorific (Chu, chú) they
    decide. Anh in front of a name is taken for the honorific, so `Anh Thư` gives `Thư`: for comparing, not for saving.
    """
    name = unicodedata.normalize("NFC", text.strip())
    while (first := _FIRST_WORD.match(name)) and _is_honorific(first[1], name, name[first.end() :]):
        name = name[first.end() :]
    return name


def in_order(first: str, last: str) -> str:
    """Return one name from an address book's two fields, as it is said.

    Phones call the family name "last"; said in Vietnamese it comes first. Only a family name that is known as one is
    put in front, and only where the other field is no whole name: many write that into one field, and the company into
    the second.
    """
    one, other = " ".join(first.split()), " ".join(last.split())
    spoken_to = without_honorific(one) != unicodedata.normalize("NFC", one)
    whole = (_begins_with_family(one) and " " in one) or (spoken_to and len(other.split()) > _FAMILY_WORDS)
    turned = _begins_with_family(other) and not whole
    return " ".join(part for part in ((other, one) if turned else (one, other)) if part)


def same_name(a: str, b: str) -> bool:
    """Tell whether two names are the same but for marks, case, white space and honorifics; blank is never the same."""
    folded = fold(without_honorific(a))
    return bool(folded) and folded == fold(without_honorific(b))


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text in order: what is neither letter nor digit stands between words."""
    return tuple(_WORD.findall(fold(text)))


@lru_cache(_REMEMBERED)
def name_words(text: str) -> tuple[str, ...]:
    """Return the folded words of a name without the honorifics in front: `chị Lan Vinamilk` gives lan, vinamilk."""
    return words(without_honorific(text))


@lru_cache(_REMEMBERED)
def person_part(name: str) -> str:
    """Return the part of a record's name that is the person's.

    `Chị Lan` of `Chị Lan - Vinamilk`, `An` of `An (FPT)`, `anh Nam` of `anh Nam cty FPT`, `Lan` of `Lan kế toán`.
    """
    whole = unicodedata.normalize("NFC", name.strip())
    first = _BESIDE.split(whole, maxsplit=1)[0].strip()
    if role := _ROLES.search(fold(first)):
        first = first.rsplit(maxsplit=len(role[0].split()))[0]
    return first if any(char.isalpha() for char in first) else name.strip()


def given_name(name: str) -> str:
    """Return the folded given name, by which people are addressed: the last word of a person's name.

    What stands behind a dash, in brackets or after a comma is no part of it, nor is what the person does (`Lan kế toán`
    is Lan) or an abbreviation (`anh Nam FPT` is Nam). Names that are no person's have none that means anything.
    """
    letters = [word for word in name_words(person_part(name)) if not word.isdecimal()]
    spoken = [word for word in letters if any(char in "aeiouy" for char in word)] or letters
    return spoken[-1] if spoken else ""


def written_words(text: str) -> tuple[str, ...]:
    """Return the words of a text with their marks, in lower case: `fold` of each is what `words` gives."""
    lower = unicodedata.normalize("NFC", text).casefold()
    if not _UNUSUAL.search(lower):
        return tuple(_WORD.findall(lower))
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    spaced = (char if char.isalnum() or unicodedata.category(char).startswith("M") else " " for char in visible)
    return tuple(unicodedata.normalize("NFC", "".join(spaced)).casefold().split())


def same_marks(a: str, b: str) -> bool:
    """Tell whether two words that fold to the same also have the same marks: Hùng is not Hưng, but Thuý is Thúy.

    Nor is Quý another than Quí, which differ in no sound.
    """
    return _marks(a) == _marks(b)


def is_name_word(word: str) -> bool:
    """Tell whether a folded word is one that many people have in their names."""
    return word in _NAME_WORDS


def is_family_name(word: str) -> bool:
    """Tell whether a folded word is one of the common family names."""
    return word in _FAMILY_NAMES


def _marks(word: str) -> tuple[str, str]:
    """A word's tone, wherever it is placed, and the word without it."""
    parts = unicodedata.normalize("NFD", word.casefold())
    tones = sorted(_TONES[char] for char in parts if char in _TONES)
    bare = "".join(char for char in parts if char not in _TONES).replace("y", "i")
    return "".join(tones), unicodedata.normalize("NFC", bare)


def _begins_with_family(text: str) -> bool:
    return fold(text).partition(" ")[0] in _FAMILY_NAMES


def _is_honorific(word: str, name: str, rest: str) -> bool:
    written = word.casefold()
    if written in {"bác", "bac"} and fold(rest).startswith("si "):
        return False  # bác sĩ is a doctor; half of the word is no name
    if written in _HONORIFICS:
        return True
    if fold(name) != " ".join(name.casefold().split()):
        return False  # whoever typed the marks elsewhere would have typed them here
    return written in _UNMARKED or (written in _UNMARKED_OR_NAME and len(rest.split()) == 1)
