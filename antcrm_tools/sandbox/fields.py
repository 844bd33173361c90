"""The fields of a customer that the API lets a caller write, and what each holds when it is empty."""

from typing import Any, Final, Literal

WritableField = Literal[
    "name",
    "dateOfBirth",
    "gender",
    "addresses",
    "phones",
    "emails",
    "industry",
    "im",
    "bgInfo",
    "stage",
    "tags",
    "sourceContact",
    "responsibleStaff",
    "cusFields",
]

TEXTS: Final = ("name", "dateOfBirth", "industry", "bgInfo", "stage", "sourceContact", "responsibleStaff")
ARRAYS: Final = ("addresses", "phones", "emails", "im", "tags", "cusFields")
WRITABLE: Final = (*TEXTS, "gender", *ARRAYS)

# The shortest +84 number written without its plus: 84 and the nine digits of a mobile.
_WITH_COUNTRY_CODE: Final = 11

# The vendor's page gives 2 ("other") as the default gender, so that is what an empty one is.
UNKNOWN_GENDER: Final = 2


def empty(field: str) -> Any:
    """What a writable field holds when nothing is known: ``[]``, ``2`` for the gender, else ``""``."""
    if field in ARRAYS:
        return []
    return UNKNOWN_GENDER if field == "gender" else ""


def digits(phone: str) -> str:
    """The digits of a phone as stored: ``"0987.654.321"`` -> ``"0987654321"``; ``+84`` stays ``84``."""
    return "".join(c for c in phone if c.isdecimal())


def national_digits(phone: str) -> str:
    """The digits with the country code folded into a leading 0: ``"+84 987 654 321"`` -> ``"0987654321"``."""
    plain = digits(phone)
    return "0" + plain[2:] if plain.startswith("84") and len(plain) >= _WITH_COUNTRY_CODE else plain
