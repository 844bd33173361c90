"""What undoing a change would do to a record that may have moved on since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from antcrm_tools.in_words import element_in_words, field_word, value_in_words
from antcrm_tools.meaning import element_meaning, literal, literally_differing, meaning, same
from antcrm_tools.models import WRITABLE, Customer, CustomField, Edit
from antcrm_tools.text import Text, clean, join, msg

_SHOWN = 300
"""Characters of a value in a sentence."""

Array: TypeAlias = tuple[object, ...]
Groups: TypeAlias = Mapping[str, Array]
"""The elements of an array by what tells them apart."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A field, or an element of one, that is no longer as the change left it and is left alone for that."""

    field: str
    now: Text | str
    """In words; empty when it holds nothing."""
    element: str = ""
    """Of an array: which element, as the change left it; of the custom fields its name."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """What undoing would write, which may be nothing, and what it would leave."""

    edit: Edit
    moved: tuple[Moved, ...]


def reversal(before: Customer, after: Customer, fields: Iterable[str], now: Customer, region: str = "VN") -> Reversal:
    """Take a change of `fields` back: `before` and `after` are the record around it, `now` is the record as it is.

    What somebody has changed since stays. Of an array only the elements go back that the change touched.
    """
    wanted, back, moved = frozenset(fields), dict[str, object](), list[Moved]()
    for field in literally_differing([f for f in WRITABLE if f in wanted], before, after):
        was, left, there = (getattr(one, field) for one in (before, after, now))
        if isinstance(there, tuple):
            back[field], elements = _Array(field, region).back(was, left, cast("Array", there))
            moved += elements
        elif literal(there) == literal(left):
            back[field] = was
        elif same(field, there, was, region):
            continue
        elif same(field, there, left, region):
            back[field] = was
        elif field == "note" and (rest := _without_added_lines(was, left, there)) is not None:
            back[field] = rest
        else:
            moved.append(Moved(field, value_in_words(now, field)))
    edit = Edit.model_validate(back)
    changing = literally_differing(back, now, edit)
    return Reversal(Edit.model_validate({field: back[field] for field in changing}), tuple(moved))


def moved_in_words(moved: Iterable[Moved]) -> Text:
    """Which fields have moved on, and to what."""
    return join([_moved(each) for each in moved], "; ")


def _moved(moved: Moved) -> Text:
    field = field_word(moved.field)
    if moved.now:
        now = clean(moved.now, _SHOWN) if isinstance(moved.now, str) else moved.now
        return msg("{field}: now “{value}”", field=field, value=now)
    if moved.element:
        return msg("{field}: “{element}” is gone", field=field, element=clean(moved.element, _SHOWN))
    return msg("{field}: now empty", field=field)


@dataclass(frozen=True, slots=True)
class _Array:
    """How the elements of one array go back."""

    field: str
    region: str

    def back(self, before: Array, after: Array, now: Array) -> tuple[Array, list[Moved]]:
        """The array as it should be, and the elements that are left alone because they moved on."""
        was, left, there = (self._grouped(array) for array in (before, after, now))
        wanted: dict[str, Array] = {}
        moved: list[Moved] = []
        for key in dict.fromkeys((*was, *left)):
            old, new, here = (groups.get(key, ()) for groups in (was, left, there))
            if literal(old) == literal(new):
                continue
            means = self._means(old, new)
            if literal(here) == literal(new):
                wanted[key] = old
            elif means(here) == means(old):
                continue
            elif means(here) == means(new):
                wanted[key] = old
            elif means(old) or means(new):
                moved.append(self._moved((new or old)[0], here if means(here) else ()))
        return self._put(wanted, before, now), moved

    def _grouped(self, array: Array) -> Groups:
        groups: dict[str, list[object]] = {}
        for item in array:
            groups.setdefault(self._key(item), []).append(item)
        return {key: tuple(items) for key, items in groups.items()}

    def _key(self, item: object) -> str:
        """What makes two elements the same one: of a custom field its name, of others what they mean."""
        if isinstance(item, CustomField):
            return str(meaning("name", item.name))
        # Those that hold nothing have no meaning to be told apart by.
        return element_meaning(item, self.region) or str(literal((item,)))

    def _means(self, old: Array, new: Array) -> Callable[[Array], object]:
        """What has to be as the change left it, of elements with one key."""
        if self.field == "custom_fields":
            return lambda items: meaning(self.field, items, self.region)
        # A label alone was changed, or else the element came or went.
        return literal if old and new else bool

    def _moved(self, known: object, here: Array) -> Moved:
        words = known.name if isinstance(known, CustomField) else element_in_words(known)
        return Moved(self.field, ", ".join(element_in_words(item) for item in here), words)

    def _put(self, wanted: Groups, before: Array, now: Array) -> Array:
        """The array with the elements of `wanted` instead of those with their keys; the others stay as they are."""
        fits = {key: _fitted([i for i in now if self._key(i) == key], old) for key, old in wanted.items()}
        array: list[object] = []
        for item in now:
            fit = fits.get(self._key(item))
            new = item if fit is None else fit[0].pop(0)
            if new is not None:
                array.append(new)
        order = [self._key(item) for item in before]
        for place, item in enumerate(before):
            missing = fits[order[place]][1] if order[place] in fits else []
            if any(item is each for each in missing):
                missing.remove(item)
                array.insert(_old_place([self._key(each) for each in array], order, place), item)
        return tuple(array)


def _fitted(here: Iterable[object], wanted: Array) -> tuple[list[object], list[object]]:
    """What comes in the place of each that is here, None for nothing; and what finds no place."""
    rest = list(wanted)
    fitted: list[object] = []
    for item in here:
        kept = next((place for place, old in enumerate(rest) if literal((old,)) == literal((item,))), None)
        fitted.append(None if kept is None else item)
        if kept is not None:
            del rest[kept]
    return [rest.pop(0) if item is None and rest else item for item in fitted], rest


def _old_place(keys: list[str], order: list[str], place: int) -> int:
    """Where the element that stood at `place` of `order` goes: behind the one it stood behind, or before the next.

    Where none of them is left, in front: what came since stands at the end.
    """
    for key in reversed(order[:place]):
        if key in keys:
            return len(keys) - keys[::-1].index(key)
    return next((keys.index(key) for key in order[place + 1 :] if key in keys), 0)


def _without_added_lines(before: str, after: str, now: str) -> str | None:
    """A note that goes on after lines were appended, without them; None where it cannot be told which they are."""
    was, left, here = (_lines(note) for note in (before, after, now))
    if left[: len(was)] != was:
        return None
    added = left[len(was) :]
    found = [place for place in range(len(here)) if here[place : place + len(added)] == added]
    if not added or len(found) != 1:
        return None
    kept = now.split("\n")
    del kept[found[0] : found[0] + len(added)]
    return "\n".join(kept).rstrip("\r")


def _lines(note: str) -> list[object]:
    lines = [meaning("note", line) for line in note.split("\n")]
    return lines if any(lines) else []
