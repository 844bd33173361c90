"""E-mail addresses: one form to compare, and finding them in free text."""

import re
import unicodedata
from dataclasses import dataclass

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
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    address = unicodedata.normalize("NFKC", visible).casefold()
    # Casefolding can undo the normal form (and the other way round), so the two are applied once more.
    address = unicodedata.normalize("NFKC", address).casefold().strip(_EDGES).removeprefix("mailto:").strip(_EDGES)
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > _MAX_ADDRESS or len(found["local"]) > _MAX_LOCAL:
        return None
    return address


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
