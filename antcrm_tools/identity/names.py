"""Vietnamese personal names: folding for comparison, and honorifics that are not part of the name."""

import re
import unicodedata

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
        "duong", "ly", "dinh", "truong", "trinh", "dao", "doan", "luong", "luu", "cao", "chau", "ta", "to", "thai",
        "quach", "phung", "kieu", "nghiem", "tang", "than", "vuong", "la", "lam", "mai",
    }
)
# fmt: on

_FAMILY_WORDS = 2
"""Words of a family name with a middle one; what is longer and stands beside “Anh Nam” is a company."""

# A dash needs room on one side at least: `Lê-Na` is one name.
_BESIDE = re.compile(r"\s+[-–—|/]\s*|\s*[-–—|/]\s+|\s*[(\[,;|:]\s*")

_FIRST_WORD = re.compile(r"([^\W\d_]+)(?:\s*[./:]\s*|\s+)(?=[^\W\d_])")


def fold(text: str) -> str:
    """Return `text` without marks, case or extra white space, for comparing and indexing.

    `Nguyễn  Thuỳ` and `nguyen thùy` both give `nguyen thuy`. Composed and decomposed input give the same, and folding
    twice changes nothing.
    """
    # Zero-width characters come along when people paste; nobody sees them, so no comparison may.
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    # Casefold on both sides of the decomposition: it can bring marks out, and taking marks off can bring case out.
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFC", visible).casefold())
    bare = "".join(char for char in parts if unicodedata.category(char) != "Mn")
    folded = unicodedata.normalize("NFC", bare.casefold()).translate(_BARRED_D)
    return " ".join(folded.split())


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
    return tuple("".join(char if char.isalnum() else " " for char in fold(text)).split())


def name_words(text: str) -> tuple[str, ...]:
    """Return the folded words of a name without the honorifics in front: `chị Lan Vinamilk` gives lan, vinamilk."""
    return words(without_honorific(text))


def person_part(name: str) -> str:
    """Return the part of a record's name that is the person's: `Lan` of `Chị Lan - Vinamilk` and of `An (FPT)`."""
    first = _BESIDE.split(unicodedata.normalize("NFC", name.strip()), maxsplit=1)[0].strip()
    return first if any(char.isalpha() for char in first) else name.strip()


def given_name(name: str) -> str:
    """Return the folded given name, by which people are addressed: the last word of a person's name.

    What stands behind a dash, in brackets or after a comma is no part of it. Names that are no person's have none that
    means anything.
    """
    letters = [word for word in name_words(person_part(name)) if not word.isdecimal()]
    return letters[-1] if letters else ""


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
