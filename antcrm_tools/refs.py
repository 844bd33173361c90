"""Refs: the one way to name a customer.

`L9457` is a lead, `C9457` a contact or an account: lead ids and customer ids are separate number spaces in AntCRM.
`code:…` is our own code (`customerIdApiRing`), by which AntCRM cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_tools.errors import BadInput
from antcrm_tools.text import clean, msg

Space: TypeAlias = Literal["lead", "customer"]
"""Which number space an id belongs to; also the wire's `contactType`."""

# AntCRM's own ids are numbers; letters are let through because "ids are numbers or strings" is not settled.
_REF = re.compile(r"([LC])\s*[-:#]?\s*([0-9][0-9A-Za-z_-]{0,63}|[0-9a-f]{24})", re.IGNORECASE | re.ASCII)
_DIGITS = re.compile(r"#?\s*([0-9]{1,20})")
_CODE = re.compile(r"code:\s*(\S.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one customer: a number space and an id in it. Prints as `L9457` or `C9457`."""

    space: Space
    id: str

    def __str__(self) -> str:
        """The form people and assistants use."""
        return ("L" if self.space == "lead" else "C") + self.id


def parse_ref(text: str) -> Ref | None:
    """Read `L9457`, `c 9457`, `C-9457`; None for anything else."""
    found = _REF.fullmatch(text.strip())
    if found is None:
        return None
    return Ref("lead" if found[1].upper() == "L" else "customer", found[2])


def candidates(text: str) -> tuple[Ref, Ref] | None:
    """What bare digits may mean: the lead and the customer of that number, in this order; None for anything else."""
    found = _DIGITS.fullmatch(text.strip())
    return None if found is None else (Ref("lead", found[1]), Ref("customer", found[1]))


def require_ref(text: str) -> Ref:
    """Read a ref or say what is wrong with it.

    Raises:
        BadInput: for bare digits (naming both candidates), for a code, and for anything else.
    """
    ref = parse_ref(text)
    if ref is not None:
        return ref
    both = candidates(text)
    if both is not None:
        raise BadInput(
            msg(
                "“{digits}” can be the lead {lead} or the customer {customer}.",
                digits=clean(text),
                lead=both[0],
                customer=both[1],
            ),
            then=msg("Say which one: {lead} or {customer}.", lead=both[0], customer=both[1]),
        )
    if _CODE.fullmatch(text.strip()):
        raise BadInput(
            msg("AntCRM cannot look a customer up by a code (“{code}”).", code=clean(text)),
            then=msg("Use its number, such as L9457 or C9457, or find it by phone or e-mail."),
        )
    raise BadInput(
        msg("“{text}” is not a customer's number.", text=clean(text)),
        then=msg("Use L and the number for a lead (L9457), C and the number for a contact or account (C9457)."),
    )
