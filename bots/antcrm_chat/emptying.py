"""`xoá L9457 ghi chú`, `delete the note of L9457`: deleting a part of a customer instead of the customer. Pure."""

from __future__ import annotations

from antcrm_tools.identity import emails, phones
from antcrm_tools.identity.names import fold

_FIELDS: dict[str, tuple[str, ...]] = {
    "note": ("ghi chú", "note", "notes"),
    "phones": ("số điện thoại", "điện thoại", "sđt", "sdt", "phone", "phones"),
    "emails": ("email", "e-mail", "mail", "emails"),
    "stage": ("giai đoạn", "stage"),
    "tags": ("thẻ", "tag", "tags"),
    "owner": ("người phụ trách", "phụ trách", "owner"),
    "source": ("nguồn", "source"),
    "industry": ("ngành", "industry"),
    "date_of_birth": ("ngày sinh", "sinh nhật", "date of birth", "birthday"),
    "addresses": ("địa chỉ", "address", "addresses"),
    "socials": ("mạng xã hội", "social networks"),
    "custom_fields": ("trường riêng", "custom fields"),
}

_BY_WORDS = {fold(words): field for field, several in _FIELDS.items() for words in several}
_BETWEEN = frozenset({fold("của"), "cho", "of", "from"})
_ARTICLE = "the "


def part(words: str, region: str) -> dict[str, object] | None:
    """The arguments of update_customer for what is named: a field, or one phone or e-mail; None for anything else."""
    field = _BY_WORDS.get(_plain(words))
    if field is not None:
        return {"empty": [field]}
    if phones.canonical(words, region) is not None:
        return {"drop_phones": [words]}
    if emails.canonical_email(words) is not None:
        return {"drop_emails": [words]}
    return None


def field_first(words: str) -> tuple[dict[str, object], str] | None:
    """Read `ghi chú của L9457`: the arguments, and the words after the field."""
    pieces = words.split()
    for length in range(min(4, len(pieces) - 1), 0, -1):
        field = _BY_WORDS.get(_plain(" ".join(pieces[:length])))
        if field is not None:
            skipped = 1 if fold(pieces[length]) in _BETWEEN else 0
            return {"empty": [field]}, " ".join(pieces[length + skipped :])
    return None


def _plain(words: str) -> str:
    return fold(words).removeprefix(_ARTICLE)
