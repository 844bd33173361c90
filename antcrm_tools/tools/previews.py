"""What a person reads before saying yes: what goes, what comes, and all of what a delete takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import cast

from antcrm_tools.in_words import element_in_words, field_word, value_in_words
from antcrm_tools.models import WRITABLE, Customer, Edit
from antcrm_tools.plans import Planned
from antcrm_tools.registry import Preview
from antcrm_tools.text import Text, clean, msg
from antcrm_tools.tools.fields import Changed

_GENDERS: dict[str, Text] = {"male": msg("male"), "female": msg("female"), "other": msg("other")}

NOT_BACK = msg(
    "Who is brought back after a delete gets a new number. What does not come back: points and rank, who created it "
    "and when, advertisements, and the orders and tickets on the old number."
)

_READ, _HEAD, _TAIL = 800, 500, 200
"""Characters of a text that are shown whole, and what is shown of a longer one."""


def preview_of(planned: Planned) -> Preview | Changed:
    """What an edit will do, field by field; the result itself where there is nothing to do."""
    before = planned.before
    if not planned.fields:
        return Changed.of(before, before, ())
    name = named(before)
    return Preview(
        question=(
            msg("Delete this from {ref} {name}?", ref=before.ref, name=name)
            if planned.loses
            else msg("Change {ref} {name}?", ref=before.ref, name=name)
        ),
        yes=msg("Delete from {name}", name=name) if planned.loses else msg("Change {name}", name=name),
        no=msg("Keep"),
        fingerprint=planned.fingerprint,
        lines=tuple(changes(before, planned.edit, planned.fields)),
    )


def named(customer: Customer) -> str:
    """A customer's name in a question; the number where the name shows nothing."""
    return clean(customer.name, 60) or customer.ref


def changes(before: Customer, after: Customer | Edit, fields: Iterable[str]) -> list[Text]:
    """What goes and what comes, a line each; of an array only the elements that differ."""
    lines: list[Text] = []
    for field in fields:
        old, new = getattr(before, field), getattr(after, field)
        if isinstance(old, tuple) and isinstance(new, tuple):
            was = _counted(cast("tuple[object, ...]", old))
            now = _counted(cast("tuple[object, ...]", new))
            lines += [_gone(field, words) for words in (was - now).elements()]
            lines += [_added(field, words) for words in (now - was).elements()]
            continue
        gone, comes = _shown(field, value_in_words(before, field)), _shown(field, value_in_words(after, field))
        if gone and comes:
            lines.append(msg("{field}: “{old}” → “{new}”", field=field_word(field), old=gone, new=comes))
        else:
            lines.append(_gone(field, gone) if gone else _added(field, comes))
    return lines


def describe(customer: Customer) -> tuple[Text, ...]:
    """Everything a customer holds, a line each: what will be gone."""
    # AntCRM gives everybody the gender "other" who has none: that says nothing.
    silent = {"name", "gender"} if customer.gender == "other" else {"name"}
    filled = [field for field in WRITABLE if field not in silent and value_in_words(customer, field)]
    lines = [
        msg("{field}: {value}", field=field_word(field), value=_shown(field, value_in_words(customer, field)))
        for field in filled
    ]
    others: list[tuple[Text, float | str | None]] = [
        (msg("points"), customer.points),
        (msg("rank points"), customer.rank_points),
        (msg("rank"), customer.rank),
        (msg("came from"), customer.lead_source.name if customer.lead_source else ""),
        (msg("advertisements"), len(customer.ads)),
        (msg("other fields"), ", ".join(customer.extra)),
    ]
    lines += [msg("{field}: {value}", field=word, value=_plain(value)) for word, value in others if value]
    return tuple(lines)


def _counted(elements: tuple[object, ...]) -> Counter[str]:
    return Counter(element_in_words(element) for element in elements)


def _gone(field: str, words: Text | str) -> Text:
    return msg("{field}: “{old}” will be gone", field=field_word(field), old=_cut(words))


def _added(field: str, words: Text | str) -> Text:
    return msg("{field}: “{new}” will be added", field=field_word(field), new=_cut(words))


def _shown(field: str, words: str) -> Text | str:
    return _GENDERS[words] if field == "gender" and words in _GENDERS else _cut(words)


def _cut(words: Text | str) -> Text | str:
    """Long text by its beginning and its end, and how much there is: nobody reads more before saying yes."""
    if isinstance(words, Text) or len(words) <= _READ:
        return words
    return msg("{head} … {tail} ({count} characters)", head=words[:_HEAD], tail=words[-_TAIL:], count=len(words))


def _plain(value: float | str) -> str:
    return clean(value, 300) if isinstance(value, str) else f"{value:g}"
