"""Slips of the finger in a word: one letter wrong, missing, too many or swapped, and marks typed as letters."""

from __future__ import annotations

import re

_SHORTEST = 3
"""Letters of a word in which a slip is looked for: one letter of two is half of it."""

# Telex: the letters that stand for marks while no input method reads them. Folded, they simply go.
_TELEX_DOUBLED = re.compile(r"aa|ee|oo|dd")
_TELEX_HORN = re.compile(r"uow|uw|ow|aw")
_TELEX_TONE = re.compile(r"[sfrxj]$|(?<=[aeiouy])[sfrxj](?=(?:ng|nh|ch|[cmnpt])$)")
# VNI: a digit for each mark, behind its letter or at the end; of the tones (1 to 5) a syllable has one.
_VNI = re.compile(r"(?<=[a-z])[1-9]+")
_VNI_NEEDS = {"6": "aeo", "7": "ou", "8": "a", "9": "d"}
_VNI_TONES = frozenset("12345")
# VIQR, as old mails have it: `Nguye^~n`, `DDu+'c`. The plain ' ? . mean too much else to be a sign of it alone.
_VIQR = re.compile(r"[a-z]+(?:(?<=[aeo])\^|(?<=a)\(|(?<=[ou])\+)?[a-z]*[~`'?.]?[a-z]*")
_VIQR_SIGNS = re.compile(r"[\^~`(+'?.]")
_VIQR_SURE = re.compile(r"[\^~`(+]")

# What a Vietnamese syllable looks like without marks.
_RHYME = (
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|e|ec|ech|em|en|eng|enh|eo|ep|et|eu|"
    "i|ia|ich|iec|iem|ien|ieng|iep|iet|ieu|im|in|inh|ip|it|iu|y|yem|yen|yet|yeu|"
    "o|oa|oac|oach|oai|oam|oan|oang|oanh|oat|oay|oc|oe|oen|oeo|oet|oi|om|on|ong|op|ot|"
    "u|ua|uan|uang|uat|uay|uc|ue|uech|uenh|ui|uy|uya|uych|uyen|uyet|uynh|uyt|uyu|"
    "um|un|ung|uo|uoc|uoi|uom|uon|uong|uop|uot|uou|up|ut|uu"
)
_SYLLABLE = re.compile(rf"(?:ngh?|nh|kh|ph|th|tr|ch|gh|gi|qu|[bcdghklmnpqrstvx])?(?:{_RHYME})")
# Words of other languages that end like a syllable and a tone. What also was doubled or has a w is none of them.
_FOREIGN = frozenset(
    {
        *("bar", "bus", "car", "cars", "gas", "has", "her", "his", "lux", "max", "mix", "per", "pos", "six", "tax"),
        *("tour", "mrs", "thor", "box", "ios", "cos", "var", "for", "nor", "air", "hair", "pair", "chair", "chairs"),
        *("bees", "trees", "taxi", "tees", "loos", "boos", "poor", "door", "moor", "beer", "deer", "peer", "peers"),
    }
)


def one_slip(a: str, b: str) -> bool:
    """Tell whether two words are the same but for one letter wrong, missing, too many, or two neighbours swapped."""
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[1::-1] and len(rest_b) > 1 and rest_a[2:] == rest_b[2:])
    )


def slips(word: str) -> frozenset[str]:
    """Return the word and what is left of it without any one letter.

    Two words are one slip apart only if they have one of these in common, so an index of them finds the candidates.
    """
    if len(word) < _SHORTEST:
        return frozenset({word})
    return frozenset({word, *(word[:i] + word[i + 1 :] for i in range(len(word)))})


def untelex(word: str) -> str | None:
    """Return what a word typed for Telex, VNI or VIQR was meant to be, folded: `nguyeenx` gives `nguyen`; else None.

    Only where the word as it stands can be no Vietnamese syllable and what comes out is one: `lan`, `hoa` and
    `express` stay what they are.
    """
    typed = word.casefold()
    if not typed.isascii() or len(typed) < _SHORTEST or typed in _FOREIGN or _SYLLABLE.fullmatch(typed):
        return None
    if typed.isalpha():
        plain = _TELEX_HORN.sub(lambda found: found[0].replace("w", ""), typed)
        plain = _TELEX_DOUBLED.sub(lambda found: found[0][0], plain)
        plain = _TELEX_TONE.sub("", plain)
    elif typed.isalnum():
        plain = _VNI.sub("", typed) if _is_vni(typed) else typed
    else:
        viqr = _VIQR.fullmatch(typed) and _VIQR_SURE.search(typed)
        plain = _VIQR_SIGNS.sub("", typed).replace("dd", "d") if viqr else typed
    return plain if plain != typed and _SYLLABLE.fullmatch(plain) else None


def _is_vni(typed: str) -> bool:
    digits = [char for char in typed.replace("u7o7", "uo7") if char.isdigit()]  # ươ is typed either way
    if len(digits) != len(set(digits)) or sum(digit in _VNI_TONES for digit in digits) > 1:
        return False
    return all(any(letter in typed for letter in _VNI_NEEDS.get(digit, typed)) for digit in digits)
