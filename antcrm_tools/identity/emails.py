"""E-mail addresses: one form to compare, and finding them in free text."""

import re
import unicodedata
from dataclasses import dataclass

from antcrm_tools.identity.spelling import one_slip

_MAX_ADDRESS = 254  # RFC 5321, 4.5.3.1: what fits in a mail path
_MAX_LOCAL = 64

_LABEL = r"[^\W_](?:[^\W_]|-){0,62}(?<!-)"
_DOMAIN = rf"(?:{_LABEL}\.)+[^\W\d_][^\W_-]{{1,62}}"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_DOMAIN}")
# In free text the local part is narrower than the RFC's: `0912345678/an@x.vn` is a phone and an address. It must not
# start inside a word, or `Tuấn@x.vn` would be found as `n@x.vn`.
_CANDIDATE = re.compile(rf"(?<![\w.%+\-\u0300-\u036f])[a-z0-9._%+-]+@{_DOMAIN}(?![^\W_])", re.IGNORECASE)

# One character for one, so that places in the translated text are places in the original.
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_EDGES = " \t\r\n.,;:<>()[]\"'"
_EDGES_FOUND = ".-+%"  # no underscore: `_an@x.vn` is an address


# By the providers' own help pages: Gmail ignores dots, and these deliver `name+anything@` to `name@`.
_IGNORE_DOTS = frozenset({"gmail.com"})
_IGNORE_TAGS = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "proton.me", "fastmail.com", "fastmail.fm"}
)
# Proton keeps a name free at its other two for whoever has it at one of them.
_SAME_PROVIDER = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}
_PUBLIC = _IGNORE_TAGS | {
    *("yahoo.com", "ymail.com", "aol.com", "zoho.com", "mail.com", "email.com", "gmx.de", "mail.ru", "qq.com"),
    *("163.com", "126.com", "naver.com", "rocketmail.com", "yandex.ru", "zing.vn", "viettel.vn", "saigonnet.vn"),
}
# The same in other countries (yahoo.com.vn, hotmail.fr), and the lines people had their first mailbox from.
_PUBLIC_ABROAD = re.compile(
    r"(?:yahoo|hotmail|outlook|live|msn|gmail|icloud|gmx|yandex|zoho)\.(?:com?\.)?[a-z]{2,3}"
    r"|(?:[a-z]+\.)?(?:vnn|fpt|netnam)\.vn"
)
_ROLES = frozenset(
    {
        *("info", "sales", "sale", "contact", "admin", "office", "support", "hello", "mail", "marketing", "hr"),
        *("cskh", "kinhdoanh", "ketoan", "lienhe", "tuyendung", "hotro", "vanphong", "vanthu", "hanhchinh"),
        *("booking", "reservation", "service", "accounting", "order", "donhang", "nhansu", "dichvu", "noreply"),
        *("muahang", "purchase", "purchasing", "kythuat", "baogia", "bangiamdoc", "team", "jobs", "careers", "it"),
    }
)
_SITES = frozenset({"hn", "hcm", "sg", "dn", "hp", "ct", "vn", "hanoi", "saigon", "danang", "north", "south", "dept"})
_LOCAL_PARTS = re.compile(r"[._\-+0-9]+")


@dataclass(frozen=True)
class FoundEmail:
    """An address in a text: `text[start:end]` is `self.text`, and `canonical` the form to compare."""

    text: str
    start: int
    end: int
    canonical: str


def canonical_email(text: str) -> str | None:
    """Return the form used to compare (`An@Example.VN.` gives `an@example.vn`), or None if it is not one address.

    Providers differ on whether dots and `+tags` in the local part matter, so they stay. The local part is ASCII; the
    domain may be international.
    """
    address = (text.lower() if text.isascii() else _compatible(text)).strip(_EDGES)
    address = address.removeprefix("mailto:").strip(_EDGES)
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > _MAX_ADDRESS or len(found["local"]) > _MAX_LOCAL:
        return None
    return address


def _compatible(text: str) -> str:
    """A text as it is compared: in ASCII that changes nothing but the case."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    address = unicodedata.normalize("NFKC", visible).casefold()
    # Casefolding can undo the normal form (and the other way round), so the two are applied once more.
    return unicodedata.normalize("NFKC", address).casefold()


def mailbox_key(text: str) -> str | None:
    """Return what two addresses of one mailbox have in common, or None if `text` is not one address.

    As `canonical_email`, and without the dots and the `+tag` that the provider is known to ignore.
    """
    address = canonical_email(text)
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    domain = _SAME_PROVIDER.get(domain, domain)
    if domain in _IGNORE_TAGS:
        local = local.partition("+")[0] or local
    if domain in _IGNORE_DOTS:
        local = local.replace(".", "") or local
    return f"{local}@{domain}"


def masked_email(address: str) -> str:
    """Return what may be shown of an address to somebody who may be its owner: `l•••@antcrm.example`.

    The number of dots says nothing about how long it is.
    """
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def is_public_provider(domain: str) -> bool:
    """Whether a domain gives mailboxes to everybody, so that it says nothing about where somebody works."""
    domain = domain.casefold()
    public = domain in _PUBLIC or domain in _SAME_PROVIDER or _PUBLIC_ABROAD.fullmatch(domain) is not None
    return public or one_slip(domain, "gmail.com")  # gmial.com is nobody's company


def is_shared(address: str) -> bool:
    """Whether an address looks like one that several people of a company read: info@, sales-hn@, ke.toan@."""
    local = address.partition("@")[0].casefold()
    parts = [part for part in _LOCAL_PARTS.split(local) if part]
    if "".join(parts) in _ROLES:
        return True
    return bool(parts) and parts[0] in _ROLES and all(part in _ROLES or part in _SITES for part in parts[1:])


def find_emails(text: str) -> list[FoundEmail]:
    """Return the addresses in free text in order of position, without overlap and without punctuation around them."""
    found: list[FoundEmail] = []
    for match in _CANDIDATE.finditer(text.translate(_FULL_WIDTH)):
        start = match.start() + len(match[0]) - len(match[0].lstrip(_EDGES_FOUND))
        written = text[start : match.end()]
        canonical = canonical_email(written)
        if canonical is not None:
            found.append(FoundEmail(written, start, match.end(), canonical))
    return found
