"""Which customer a person means: the ref, phone, e-mail or number a text begins with, or consists of."""

from __future__ import annotations

import re
import unicodedata

from antcrm_chat.intents import Whom
from antcrm_tools.identity import emails
from antcrm_tools.identity.phones_in_text import find_phones
from antcrm_tools.refs import candidates, parse_ref

# AntCRM's ids do not begin with 0, and phones do: `c 0912345678` is somebody's phone.
_SPACED_REF = re.compile(r"[LC]\s?[-:#]?\s?[1-9][0-9]{0,19}(?![0-9A-Za-z_@])", re.IGNORECASE)
_TOKEN = re.compile(r"\S+")
_PUNCTUATION = ",:;"


def whole(text: str, region: str) -> Whom | None:
    """Read a text that is nothing but a ref, a phone, an e-mail or a number."""
    found = leading(text, region)
    return found[0] if found is not None and not found[1] else None


def leading(text: str, region: str) -> tuple[Whom, str] | None:
    """Read what a text begins with, and return it with the rest; None if it does not begin with one of the four."""
    text = _visible(text)
    token = _TOKEN.match(text)
    if token is None:
        return None
    if text.startswith("#"):
        return None if text[1:].lstrip().startswith("#") else leading(text[1:], region)
    word = token[0].rstrip(_PUNCTUATION)
    if _is_ref(word):
        return Whom(word, "ref"), _rest(text, len(word))
    if spaced := _SPACED_REF.match(text):
        return Whom(spaced[0], "ref"), _rest(text, spaced.end())
    for email in emails.find_emails(text)[:1]:
        if email.start == 0:
            return Whom(email.text, "email"), _rest(text, email.end)
    for phone in find_phones(text, region)[:1]:
        # A number with letters read as digits is a guess; people are looked up by what was written.
        if phone.start == 0 and not phone.slip:
            return Whom(phone.text, "phone"), _rest(text, phone.end)
    if candidates(word):
        return Whom(word, "digits"), _rest(text, len(word))
    return None


def _visible(text: str) -> str:
    """Without what shows nothing at the edges: contacts apps wrap a copied number in marks of direction."""
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or unicodedata.category(text[start]) == "Cf"):
        start += 1
    while end > start and (text[end - 1].isspace() or unicodedata.category(text[end - 1]) == "Cf"):
        end -= 1
    return text[start:end]


def _is_ref(word: str) -> bool:
    if word[:5].casefold() == "code:":
        return True  # AntCRM cannot be asked by code; the tool says so better than we could
    ref = parse_ref(word)
    return ref is not None and not ref.id.startswith("0")


def _rest(text: str, end: int) -> str:
    return text[end:].lstrip(_PUNCTUATION).strip()
