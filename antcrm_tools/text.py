"""Sentences a person reads, in Vietnamese and English.

A sentence is a value: an English template and what goes into it. It is put into words at the very end, by the face
that knows who reads it, so one process can serve a Vietnamese salesperson and an English-speaking admin.

    msg("{ref} was not found.", ref="L9457").render("vi")
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

_ELLIPSIS = "…"
_BLANK: dict[int, str] = dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), " ")


@dataclass(frozen=True, slots=True)
class Text:
    """One translatable sentence.

    `template` is the English sentence and the key of its translation; `plural` and `count` choose a form by number;
    `values` fill the `{names}` in it and may themselves be texts.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    plural: str | None = None
    count: int = 1

    def render(self, language: Language) -> str:
        """Put into words; a template without a translation is shown in English rather than not at all."""
        if not self.template:
            return ""  # To gettext the empty sentence means the catalogue's own header.
        catalogue = _catalogue(language)
        if self.plural is None:
            template = catalogue.gettext(self.template)
        else:
            template = catalogue.ngettext(self.template, self.plural, self.count)
        if not self.values:
            return template.replace("{{", "{").replace("}}", "}")
        return template.format_map({name: _render(value, language) for name, value in self.values.items()})

    def __str__(self) -> str:
        """English, for logs and tests."""
        return self.render("en")


def msg(template: str, /, **values: object) -> Text:
    """A sentence. The template is a literal, so that the translation tools and the tests can find it."""
    return Text(template, values)


def msgs(one: str, many: str, count: int, /, **values: object) -> Text:
    """A sentence whose words depend on a number; `{count}` is filled in."""
    return Text(one, {"count": count, **values}, many, count)


def verbatim(text: str) -> Text:
    """Words that are nobody's to translate: a customer's name, a phone, the vendor's message."""
    return Text("{text}", {"text": text})


def join(texts: Iterable[Text], separator: str = " ") -> Text:
    """Several sentences in a row."""
    parts = {f"t{i}": text for i, text in enumerate(texts)}
    return Text(separator.replace("{", "{{").replace("}", "}}").join(f"{{{name}}}" for name in parts), parts)


def comma(texts: Iterable[Text]) -> Text:
    """A list of words or sentences."""
    return join(texts, ", ")


def clean(text: str, limit: int = 80) -> str:
    """Foreign text made safe to quote inside a sentence: one line, no control characters, at most `limit` long.

    Names and notes come from strangers. A line break in one could fake a line of a confirmation, and characters
    that turn the direction of writing could make one name look like another.
    """
    # Letters that show nothing, so that a name made of them is seen to be empty.
    text = text.translate(_BLANK)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _ELLIPSIS


def _render(value: object, language: Language) -> str:
    return value.render(language) if isinstance(value, Text) else str(value)


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    file = resources.files("antcrm_tools") / "locale" / language / "LC_MESSAGES" / "antcrm.mo"
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)
