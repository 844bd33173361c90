"""What people ask for in the fault run, and whether AntCRM holds just that in the end."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from antcrm_tools import wire
from antcrm_tools.sandbox.fields import WRITABLE, empty
from antcrm_tools.sandbox.words import FAMILY, MEN, NOTES, SOURCES, STAGES, TAGS
from antcrm_tools.tools.create_lead import LeadFields

_TWICE: Final = 20
"""Of so many captures one is sent by two people at once."""

_BARE: Final = 200
"""Leads with neither phone nor e-mail, or a tenth: looking for one takes the longer the more there are in all."""

Lead = dict[str, Any]
"""The arguments of create_lead."""


@dataclass(frozen=True, slots=True)
class Task:
    """One line for a working process: a message with a lead, or a file of leads."""

    id: str
    who: str
    leads: tuple[Lead, ...]
    file: bool = False

    def line(self) -> dict[str, Any]:
        """As the working process reads it."""
        what: dict[str, Any] = {"leads": self.leads} if self.file else {"lead": self.leads[0]}
        return {"id": self.id, "who": self.who} | what


@dataclass(slots=True)
class Wanted:
    """Everything asked for: the tasks in their order, and for each record that must be there what it may look like."""

    tasks: list[Task] = field(default_factory=list[Task])
    records: list[tuple[Lead, ...]] = field(default_factory=list[tuple[Lead, ...]])


def captures(many: int, people: int, seed: int) -> Wanted:
    """Messages; one in twenty captures comes from two people at once, who spell the phone in two ways."""
    chance = random.Random(seed)  # noqa: S311  a seed is the point
    wanted = Wanted()
    for number, lead in enumerate(_leads(many, "090", chance)):
        who, other = chance.sample(range(people), 2)
        wanted.tasks.append(Task(f"{number}", _mail(who), (lead,)))
        if number % _TWICE:
            wanted.records.append((lead,))
            continue
        twin = lead | {"name": lead["name"] + chance.choice(("", " (hai)")), "note": "Gọi lại."}
        twin |= {"phones": [f"+84 90 {number:07d}"], "emails": []}
        lead |= {"phones": [f"090{number:07d}"], "emails": []}
        wanted.tasks.append(Task(f"{number} too", _mail(other), (twin,)))
        wanted.records.append((lead, twin))
    return wanted


def imports(many: int, rows: int, people: int, seed: int) -> Wanted:
    """Files."""
    chance = random.Random(seed)  # noqa: S311  a seed is the point
    leads = list(_leads(many * rows, "091", chance))
    files = [
        Task(f"file {start}", _mail(chance.randrange(people)), tuple(leads[start : start + rows]), file=True)
        for start in range(0, len(leads), rows)
    ]
    return Wanted(files, [(lead,) for lead in leads])


def judged(wanted: Iterable[tuple[Lead, ...]], records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What AntCRM holds, compared with what was asked for: how much is wrong."""
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        found[record["fields"]["name"]].append(record)
    count: Counter[str] = Counter()
    for forms in wanted:
        there = [record for name in dict.fromkeys(lead["name"] for lead in forms) for record in found.pop(name, [])]
        count["leads lost"] += not there
        count["doubles"] += max(0, len(there) - 1)
        count["not as sent"] += sum(_stored(record) not in [_sent(lead) for lead in forms] for record in there)
    return dict(count) | {"nobody's": sum(map(len, found.values()))}


def _leads(many: int, prefix: str, chance: random.Random) -> Iterator[Lead]:
    for number in range(many):
        family, (middle, given) = chance.choice(list(FAMILY)), MEN
        lead: Lead = {
            "name": f"{family} {chance.choice(middle)} {chance.choice(given)} {number:05d}",
            "note": chance.choice(NOTES),
            "stage": chance.choice(list(STAGES)),
            "source": chance.choice(list(SOURCES)),
            "tags": chance.sample(TAGS, 2),
        }
        # Some have neither: these can only be found by all that is new.
        bare = chance.random() * many < min(_BARE, many / 10)
        match chance.randrange(20):
            case _ if bare:
                pass
            case even if even % 2 == 0:
                lead["phones"] = [f"{prefix}{number:07d}"]
            case _:
                lead["emails"] = [f"Khach.{prefix}.{number}@example.vn"]
        yield lead


def _mail(person: int) -> str:
    return f"person{person}@antcrm.example"


def _sent(lead: Lead) -> dict[str, Any]:
    body = wire.write_draft(LeadFields.model_validate(lead).draft("any", "VN"))
    return {name: body.get(name, empty(name)) for name in WRITABLE}


def _stored(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record["fields"][name] for name in WRITABLE}
