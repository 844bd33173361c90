"""Which parameters of GET AntCRM honours (row "may GET by id, phone or e-mail ignore the filter?")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import pairwise

from antcrm_tools.answers import Look
from antcrm_tools.bearing import asked_for, is_deleted, the_one
from antcrm_tools.doctor.asking import Asking, refs, why
from antcrm_tools.doctor.check import Check, State, needs
from antcrm_tools.errors import CrmError, FilterIgnored, NotFound, Refused, UnreadableAnswer
from antcrm_tools.identity import phones
from antcrm_tools.meaning import email_key
from antcrm_tools.models import Customer, Query
from antcrm_tools.refs import Space
from antcrm_tools.text import Text, msg

NOBODY = "nobody@antcrm-doctor.invalid"
"""An e-mail that nobody can have."""

_HARM: dict[str, tuple[State, Text]] = {
    "phone": ("fault", msg("Nobody can be looked up by phone, so no lead can be saved; ask AntCRM's support.")),
    "email": (
        "fault",
        msg("Nobody can be looked up by e-mail, so no lead with one can be saved; ask AntCRM's support."),
    ),
    "leadId": ("fault", msg("No lead can be read or changed; ask AntCRM's support.")),
    "customerId": ("fault", msg("No contact and no company can be read or changed; ask AntCRM's support.")),
    "contactType": ("fault", msg("The copy of the customers cannot be filled; ask AntCRM's support.")),
}
_LITTLE: tuple[State, Text] = ("warning", msg("It is done without; lists take longer to read."))

_SPELLING = msg("A phone in another spelling")
_DEFAULT = msg("A list of no kind")
_DELETED = msg("Deleted customers")


class Filters:
    """Asks with one parameter after the other. What was learnt is in `checks`, `honoured` and `ignored`."""

    def __init__(self, asking: Asking, first: Look, region: str) -> None:
        """`first`: the beginning of the list of everybody."""
        self._asking = asking
        self._region = region
        self._first = first
        self.everybody: tuple[Customer, ...] = first.customers
        self.checks: list[Check] = []
        self.honoured: set[str] = set()
        self.ignored: set[str] = set()
        self.one: Look | None = None
        """An answer with one customer."""
        self._leads: Sequence[Customer] = ()
        self.none: Look | CrmError | None = None
        """An answer with nobody."""

    def note(self, name: str, honoured: bool | None, text: Text | None = None) -> None:
        """What became of a parameter; None: it is not known, and `text` says why."""
        what = msg("Filter “{name}”", name=name)
        if honoured is None:
            self.checks.append(Check(f"filters.{name}", what, "unknown", text or msg("Not known.")))
        elif honoured:
            self.honoured.add(name)
            self.checks.append(Check(f"filters.{name}", what, "ok", msg("It is honoured.")))
        else:
            self.ignored.add(name)
            state, then = _HARM.get(name, _LITTLE)
            said = msg("It is ignored: AntCRM answers with other customers.")
            self.checks.append(Check(f"filters.{name}", what, state, said, then))

    async def kinds(self, *, whole: bool) -> None:
        """`contactType`, `type`, and what comes without them. `whole`: the first page is all there is."""
        lead, customer = await self._asking.ask(contactType="lead"), await self._asking.ask(contactType="customer")
        if isinstance(lead, CrmError) or isinstance(customer, CrmError):
            self.note("contactType", None, why(lead if isinstance(lead, CrmError) else _error(customer)))
            return
        self.everybody = _each_once((*self.everybody, *lead.customers, *customer.customers))
        self._leads = lead.customers
        pure = all(c.kind == "lead" for c in lead.customers) and all(c.kind != "lead" for c in customer.customers)
        if not (lead.customers or customer.customers):
            self.note("contactType", None, needs(1, 0))
        else:
            self.note("contactType", pure)
        if pure:
            self._by_default(lead.customers, customer.customers, whole=whole)
            await self._type(customer.customers)

    async def _type(self, customers: Sequence[Customer]) -> None:
        if not customers:
            self.note("type", None, msg("Not known: it needs a contact or a company, and there is none."))
            return
        wrong = False
        for kind, number in (("account", 1), ("contact", 0)):
            look = await self._asking.ask(contactType="customer", type=number)
            if isinstance(look, CrmError):
                self.note("type", None, why(look))
                return
            wrong = wrong or any(customer.kind != kind for customer in look.customers)
            self.everybody = _each_once((*self.everybody, *look.customers))
        self.note("type", not wrong)

    def _by_default(self, leads: Sequence[Customer], customers: Sequence[Customer], *, whole: bool) -> None:
        """Which kinds come where none is asked for."""
        if not (leads and customers):
            text = msg("Not known: it needs leads as well as contacts or companies.")
            self.checks.append(Check("kinds.default", _DEFAULT, "unknown", text))
            return
        shown = {customer.kind == "lead" for customer in self._first.customers}
        if len(shown) == 2:  # noqa: PLR2004  leads and others
            self.checks.append(Check("kinds.default", _DEFAULT, "ok", msg("Every kind is in it.")))
        elif whole or self._is_left_out(customers if True in shown else leads):
            said = msg("Only leads are in it. Each kind is asked for by itself.") if True in shown else None
            text = said or msg("No leads are in it. Each kind is asked for by itself.")
            self.checks.append(Check("kinds.default", _DEFAULT, "ok", text))
        else:
            text = msg("Not known: its first page shows one kind only. Each kind is asked for by itself.")
            self.checks.append(Check("kinds.default", _DEFAULT, "unknown", text))

    def _is_left_out(self, missing: Sequence[Customer]) -> bool:
        """Whether somebody of a kind that is not on the first page is newer than somebody who is."""
        shown = [c.created_at for c in self._first.customers if isinstance(c.created_at, datetime)]
        newest = max((c.created_at for c in missing if isinstance(c.created_at, datetime)), default=None)
        return bool(shown) and newest is not None and newest > min(shown)

    async def contacts(self) -> None:
        """`phone`, in two spellings, `email`, and an answer with nobody."""
        await self._phone()
        await self._email()
        self.none = await self._asking.ask(email=NOBODY)

    async def _phone(self) -> None:
        subject = self._with_one_of_its_own("phone")
        if subject is None:
            self.note("phone", None, needs(2, len(self._first.customers)))
            self.checks.append(Check("phones.spelling", _SPELLING, "unknown", needs(2, len(self._first.customers))))
            return
        written = subject.phones[0].value
        await self._look_up("phone", subject, Query(phone=written))
        if "phone" not in self.honoured:
            self.checks.append(
                Check("phones.spelling", _SPELLING, "unknown", msg("Not known: the filter does not work."))
            )
            return
        look = await self._asking.ask(phone=_otherwise(written))
        if isinstance(look, CrmError) and not isinstance(look, Refused):
            self.checks.append(Check("phones.spelling", _SPELLING, "unknown", why(look)))
        elif not isinstance(look, CrmError) and subject.as_ref() in refs(look.customers):
            said = msg("It is found, with other spaces and dots.")
            self.checks.append(Check("phones.spelling", _SPELLING, "ok", said))
        else:
            said = msg("It is not found: AntCRM compares sign by sign. Every usual spelling is asked for.")
            self.checks.append(Check("phones.spelling", _SPELLING, "ok", said))

    async def _email(self) -> None:
        subject = self._with_one_of_its_own("email")
        if subject is None:
            self.note("email", None, needs(2, len(self._first.customers)))
            return
        await self._look_up("email", subject, Query(email=subject.emails[0].value))

    async def _look_up(self, name: str, subject: Customer, query: Query) -> None:
        look = await self._asking.ask(**{name: query.phone or query.email or ""})
        if isinstance(look, CrmError):
            self.note(name, None, why(look))
            return
        try:
            asked_for(query, look.customers, region=self._region, zone=UTC)
        except FilterIgnored:
            self.note(name, honoured=False)
            return
        if subject.as_ref() not in refs(look.customers):
            what = msg("Filter “{name}”", name=name)
            said = msg("It does not find a customer who is in the list and has that value.")
            then = msg("Doubles may not be seen before a lead is saved; ask AntCRM's support.")
            self.checks.append(Check(f"filters.{name}", what, "warning", said, then))
            return
        self.note(name, honoured=True)
        if len(look.customers) == 1:
            self.one = look

    def _with_one_of_its_own(self, what: str) -> Customer | None:
        """Somebody on the first page whose first phone or e-mail somebody else on it has not."""
        for customer in self._first.customers:
            values = customer.phones if what == "phone" else customer.emails
            if (
                values
                and values[0].value
                and any(not self._bears(o, what, values[0].value) for o in self._first.customers)
            ):
                return customer
        return None

    def _bears(self, customer: Customer, what: str, value: str) -> bool:
        if what == "phone":
            return any(phones.same(phone.value, value, self._region) for phone in customer.phones)
        return email_key(value) in {email_key(email.value) for email in customer.emails}

    async def numbers(self) -> None:
        """`leadId`, `customerId`, and whether deleted customers still answer by their number."""
        spaces: tuple[tuple[Space, str], ...] = (("lead", "leadId"), ("customer", "customerId"))
        for space, name in spaces:
            there = [customer for customer in self.everybody if customer.as_ref().space == space]
            if len(there) < 2:  # noqa: PLR2004  one alone would come anyway
                self.note(name, None, needs(2, len(there)))
                continue
            # Not the newest: that one comes first where the number is ignored and the limit is not.
            subject = there[-1]
            look = await self._asking.ask(**{"contactType": space, name: subject.id})
            if isinstance(look, CrmError):
                self.note(name, None, why(look))
                continue
            try:
                the_one(subject.as_ref(), look.customers)
            except FilterIgnored:
                self.note(name, honoured=False)
            except (NotFound, UnreadableAnswer):
                self.note(name, None, msg("Not known: a customer who is in the list was not answered by number."))
            else:
                self.note(name, honoured=True)
                self.one = self.one or look
        await self._deleted()

    async def _deleted(self) -> None:
        """Row "deletes: soft or hard": who has a number between two others and is in no list."""
        found = _gap(self._leads) if "leadId" in self.honoured else None
        if found is None:
            text = msg("Not known: no number is left out among the leads that were looked at.")
            self.checks.append(Check("deleted", _DELETED, "unknown", text))
            return
        number, newer, older = found
        look = await self._asking.ask(contactType="lead", leadId=number)
        if isinstance(look, CrmError) and not isinstance(look, Refused):
            self.checks.append(Check("deleted", _DELETED, "unknown", why(look)))
        elif isinstance(look, CrmError) or not look.customers or look.status == HTTPStatus.NOT_FOUND:
            text = msg("A number that is in no list answers nobody.")
            self.checks.append(Check("deleted", _DELETED, "ok", text))
        elif all(is_deleted(customer) for customer in look.customers):
            text = msg("They still answer by number, and say that they are deleted. They are treated as gone.")
            self.checks.append(Check("deleted", _DELETED, "ok", text))
        elif any(not _is_between(customer, newer, older) for customer in look.customers):
            text = msg("Not known: no number is left out among the leads that were looked at.")
            self.checks.append(Check("deleted", _DELETED, "unknown", text))
        else:
            text = msg("A number that is in no list still answers, and nothing says that it is deleted.")
            then = msg(
                "Such a customer is found by number and may stay in the copy; look it up in AntCRM before you use it."
            )
            self.checks.append(Check("deleted", _DELETED, "warning", text, then))


def _error(look: Look | CrmError) -> CrmError:
    return look if isinstance(look, CrmError) else CrmError(msg("Not known."))


def _otherwise(phone: str) -> str:
    """The same digits with other signs between them."""
    digits = re.sub(r"[^0-9+]", "", phone)
    return digits if digits != phone else f"{phone[:-6]} {phone[-6:-3]} {phone[-3:]}"


def _each_once(customers: Iterable[Customer]) -> tuple[Customer, ...]:
    return tuple({customer.as_ref(): customer for customer in customers}.values())


def _gap(leads: Sequence[Customer]) -> tuple[int, Customer, Customer] | None:
    """A number between those of two neighbours in the list, and the neighbours: whoever has it belongs between them."""
    for newer, older in pairwise(leads):
        if newer.id.isdecimal() and older.id.isdecimal() and int(newer.id) - int(older.id) > 1:
            return int(older.id) + 1, newer, older
    return None


def _is_between(customer: Customer, newer: Customer, older: Customer) -> bool:
    """Whether it was made after one and before the other, so that a list with both would show it as well."""
    made, after, before = customer.created_at, older.created_at, newer.created_at
    if not (isinstance(made, datetime) and isinstance(after, datetime) and isinstance(before, datetime)):
        return False
    return after <= made <= before
