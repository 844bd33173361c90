"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Lang(StrEnum):
    """The language a person reads."""

    vi = "vi"
    en = "en"


LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language; without it ANTCRM_LANGUAGE or that of your system.")
]


def word(lang: Lang | None) -> str | None:
    """What was chosen, as the settings have it."""
    return None if lang is None else lang.value
