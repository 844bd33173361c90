"""Slips of the finger in a word: one letter wrong, missing, too many or swapped, and marks typed as letters."""

from __future__ import annotations

import re

_SHORTEST = 3
"""Letters of a word in which a slip is looked for: one letter of two is half of it."""

# Telex: the letters that stand for marks while no input method reads them. Folded, they simply go.
_TELEX_DOUBLED = re.compile(r"aa|ee|oo|dd")
_TELEX_HORN = re.compile(r"uow|uw|ow|aw")
_TELEX_TONE = re.compile(r"[sfrxj]$|(?<=[aeiouy])[sfrxj](?=(?:ng|nh|ch|[cmnpt])$)")
_VNI = re.compile(r"(?<=[a-z])[1-9]+")
# What a Vietnamese syllable looks like without marks: at most a few letters in front, vowels, and one of few ends.
_SYLLABLE = re.compile(
    r"(?!.*(?:aa|ee|oo|dd))(?:ngh?|nh|kh|ph|th|tr|ch|gh|gi|qu|[bcdghklmnprstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?"
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
    """Return what a word typed for Telex or VNI was meant to be, folded: `nguyeenx` gives `nguyen`; else None.

    Only where the word as it stands can be no Vietnamese syllable and what comes out is one: `lan`, `hoa` and
    `express` stay what they are.
    """
    folded = word.casefold()
    if not folded.isascii() or not folded.isalnum() or _SYLLABLE.fullmatch(folded):
        return None
    plain = _VNI.sub("", folded)
    if plain == folded:
        plain = _TELEX_HORN.sub(lambda found: found[0].replace("w", ""), plain)
        plain = _TELEX_DOUBLED.sub(lambda found: found[0][0], plain)
        plain = _TELEX_TONE.sub("", plain)
    return plain if plain != folded and _SYLLABLE.fullmatch(plain) else None
