"""Companies as people write them: which one a record belongs to, and one form to compare."""

from __future__ import annotations

import re
import unicodedata

from antcrm_tools.identity.emails import canonical_email, is_public_provider
from antcrm_tools.identity.names import fold, person_part, words
from antcrm_tools.models import Customer, Draft

# Folded words that say what kind of company it is, not which one. Longer ones first where one begins with another.
_FORMS = (
    *("cong ty trach nhiem huu han", "cong ty tnhh", "cong ty co phan", "cong ty cp", "cong ty", "cty", "c ty", "ct"),
    *("trach nhiem huu han", "tnhh", "mot thanh vien", "mtv", "hai thanh vien", "co phan", "cp", "tap doan"),
    *("doanh nghiep tu nhan", "doanh nghiep", "dntn", "tong cong ty", "company", "co ltd", "ltd", "jsc", "corp"),
    *("corporation", "inc", "llc", "joint stock", "limited", "group", "co"),
)
_FRONT = re.compile(rf"^(?:{'|'.join(sorted(_FORMS, key=len, reverse=True))})(?: |$)")
_BEHIND = re.compile(
    r"(?:^| )(?:co ltd|ltd|jsc|corp|corporation|inc|llc|company|joint stock company|limited|group|tnhh|cp|mtv|co)$"
)

_FIELDS = frozenset(
    {
        *("cong ty", "cty", "ten cong ty", "ten cty", "company", "company name", "don vi", "to chuc", "organization"),
        *("organisation", "doanh nghiep", "ten doanh nghiep", "noi lam viec", "co quan", "noi cong tac"),
    }
)

# “cty ABC hỏi giá”: the name goes on until something that is none of it.
_NAMED = re.compile(r"(?<![^\W_])(?:c[oô]ng ty|c\.?ty|company)(?![^\W_])[ :.]*([^\n,;()\[\]|–—]{2,80})", re.IGNORECASE)
_ENDS = frozenset(
    {
        *("hoi", "quan", "can", "goi", "dia", "muon", "dang", "lien", "nhu", "tu", "bao", "gia", "sdt", "dt", "email"),
        *("zalo", "mst", "o", "tai", "nhan", "dat", "mua", "dung", "xin", "hen", "va", "la", "co", "khong", "phong"),
        *("q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "hcm", "hn", "tphcm", "da", "se"),
    }
)
_LEADING = frozenset({"tnhh", "cp", "co", "phan", "mtv"})
_MOST_WORDS = 6
_BRACKETED = re.compile(r"[(\[]([^)\]]{2,80})[)\]]")
_DASHED = re.compile(r"\s+[-–—|/]\s*|\s*[-–—|/]\s+")
_DOMAIN_ENDS = frozenset({"com", "net", "org", "edu", "gov", "biz", "info", "co", "vn", "asia", "example"})
_PHONE_LIKE = re.compile(r"\d[\d .-]{6,}")


def company_key(text: str) -> str:
    """Return the form used to compare: folded, without what only says what kind of company it is.

    `Công ty TNHH Sao Việt`, `cty sao viet` and `SAO VIET CO., LTD` give the same. Empty where nothing else is left.
    """
    key = " ".join(words(text))
    while (shorter := _BEHIND.sub("", _FRONT.sub("", key))) != key:
        key = shorter
    return key


def companies(record: Customer | Draft) -> tuple[str, ...]:
    """Return the companies a record names, as written, the surest first; the last ones are only domains of e-mails."""
    return tuple(dict.fromkeys([*_written(record), *_domains(record)]))


def company_of(record: Customer | Draft) -> str:
    """Return the company to show beside a record: one that is written as a name; empty where there is none."""
    return next(iter(_written(record)), "")


def _written(record: Customer | Draft) -> list[str]:
    if record.kind == "account":
        return [record.name] if record.name.strip() else []
    found = [f.value.strip() for f in record.custom_fields if fold(f.name).rstrip(" :*") in _FIELDS and f.value.strip()]
    found += _beside(record.name)
    for text in (record.name, record.note):
        found += [name for match in _NAMED.finditer(unicodedata.normalize("NFC", text)) if (name := _cut(match[1]))]
    return found


def _beside(name: str) -> list[str]:
    """What stands beside a person's name: `Lan - Vinamilk`, `Anh Nam (FPT)`."""
    name = unicodedata.normalize("NFC", name)
    parts = [match[1] for match in _BRACKETED.finditer(name)]
    if person_part(name) != name.strip():
        parts += _DASHED.split(_BRACKETED.sub(" ", name))[1:]
    return [part.strip() for part in parts if _may_be_company(part)]


def _may_be_company(text: str) -> bool:
    return company_key(text) != "" and not _PHONE_LIKE.search(text) and any(char.isalpha() for char in text)


def _cut(text: str) -> str:
    kept: list[str] = []
    for word in text.split():
        folded = fold(word).strip(".:-")
        started = any(fold(each).strip(".") not in _LEADING for each in kept)
        if (started and folded in _ENDS) or len(kept) >= _MOST_WORDS or _PHONE_LIKE.search(word) or word == "-":
            break
        kept.append(word)
        if word.endswith("."):
            break
    name = " ".join(kept).strip(" .:-")
    return name if company_key(name) else ""


def _domains(record: Customer | Draft) -> list[str]:
    found: list[str] = []
    for email in record.emails:
        address = canonical_email(email.value)
        domain = address.rpartition("@")[2] if address else ""
        if domain and not is_public_provider(domain):
            labels = [label for label in domain.split(".") if label not in _DOMAIN_ENDS]
            found += labels[-1:]
    return found
