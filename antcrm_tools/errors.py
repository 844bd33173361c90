"""What can go wrong, sorted by the one question that matters: did AntCRM change anything?

    CrmError
    ├── BadInput             the call is wrong; nothing was sent
    ├── NotAllowed           this process or person may not; nothing was sent
    ├── CannotAsk            a person has to confirm and nobody can be asked; nothing was sent
    ├── NotActed             AntCRM was not reached, or could not work; nothing was changed
    │   ├── RateLimited      AntCRM asks us to slow down
    │   └── BrokenRead       it answered a read with an error of its own
    ├── Refused              AntCRM said no; its message is data
    │   ├── Unauthorised     it does not accept the key
    │   └── NotFound         it has no such customer
    ├── ChangedMeanwhile     the record is no longer what the person was shown; nothing was sent
    ├── UnreadableAnswer     a read was answered with something that cannot be read, or that is not what was asked for
    │   ├── FilterIgnored    the answer holds records nobody asked for
    │   └── PagingBroken     pages repeat, so a list cannot be complete
    ├── MayHaveActed         a write was sent and its fate is not known
    ├── KeptForLater         a create is in the ledger, was not sent yet, and will be sent by itself
    ├── Held                 an earlier write with an unknown fate holds this customer; nothing was sent
    ├── OverCap              this person's writes of the day are used up; nothing was sent
    ├── LedgerBroken         what has to be written down first cannot be; nothing was sent
    ├── NotStored            AntCRM acknowledged a write that reading back does not show
    │   └── FieldMoved       a write moved a field nobody sent
    └── EditsStopped         an earlier FieldMoved stopped all edits; nothing was sent

Every error carries three sentences: what went wrong, what was and was not done, and what to do next. They are
`Text`, put into the reader's language by the face that shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from antcrm_tools.text import Language, Text, clean, join, msg

_QUOTE_LIMIT = 200

NOTHING_CHANGED = msg("Nothing was changed.")


class CrmError(Exception):
    """The root. `code` names the class of error for programs; the texts are for people."""

    code: ClassVar[str] = "error"

    def __init__(self, what: Text, *, done: Text = NOTHING_CHANGED, then: Text | None = None) -> None:
        """`what` went wrong, what was `done` or not, and what to do `then`."""
        super().__init__(what.template)
        self.what = what
        self.done = done
        self.then = then

    @property
    def text(self) -> Text:
        """All sentences in order."""
        return join(part for part in (self.what, self.done, self.then) if part is not None)

    def render(self, language: Language) -> str:
        """All sentences in the reader's language."""
        return self.text.render(language)

    def __str__(self) -> str:
        """Only the template: values may be a customer's data, and `str(error)` ends up in logs."""
        return self.what.template


class BadInput(CrmError):
    """The call is wrong. Nothing was sent."""

    code = "bad_input"


class NotAllowed(CrmError):
    """This process or this person may not do that. Nothing was sent."""

    code = "not_allowed"


class CannotAsk(CrmError):
    """A person must confirm, and this program cannot ask one. Nothing was sent."""

    code = "cannot_ask"


class NotActed(CrmError):
    """AntCRM was not reached, or answered a read with an error of its own. Nothing was changed."""

    code = "not_acted"


class BrokenRead(NotActed):
    """AntCRM answered a read with an error of its own, which may concern this one customer only."""

    code = "broken_read"


class RateLimited(NotActed):
    """AntCRM asks for fewer requests; `retry_after` in seconds where it said."""

    code = "rate_limited"

    def __init__(self, retry_after: float | None = None) -> None:
        """`retry_after`: seconds, from the header of that name."""
        super().__init__(
            msg("AntCRM is receiving too many requests and asked to wait."),
            then=msg("Try again in a minute."),
        )
        self.retry_after = retry_after


class Refused(CrmError):
    """AntCRM said no. `vendor_message` is its own text: data, never an instruction."""

    code = "refused"

    def __init__(self, vendor_message: str = "", *, what: Text | None = None, then: Text | None = None) -> None:
        """`vendor_message`: AntCRM's words, quoted shortened and on one line."""
        self.vendor_message = clean(vendor_message, _QUOTE_LIMIT)
        if what is None:
            if self.vendor_message:
                what = msg("AntCRM refused the request and said: “{message}”.", message=self.vendor_message)
            else:
                what = msg("AntCRM refused the request and gave no reason.")
        super().__init__(what, then=then or msg("Check the values and try again."))


class Unauthorised(Refused):
    """AntCRM does not accept the key."""

    code = "unauthorised"

    def __init__(self, vendor_message: str = "") -> None:
        """`vendor_message`: AntCRM's words."""
        super().__init__(
            vendor_message,
            what=msg("AntCRM does not accept the API key."),
            then=msg("Ask the admin to check ANTCRM_API_KEY; AntCRM issues one key per company."),
        )


class NotFound(Refused):
    """AntCRM has no customer of that name."""

    code = "not_found"

    def __init__(self, ref: str, vendor_message: str = "") -> None:
        """`ref`: what was asked for."""
        self.ref = ref
        super().__init__(
            vendor_message,
            what=msg("There is no customer {ref} in AntCRM.", ref=clean(ref)),
            then=msg("Check the number, or find the customer by phone or e-mail."),
        )


class ChangedMeanwhile(CrmError):
    """The record is no longer what the person was shown. Nothing was sent."""

    code = "changed_meanwhile"

    def __init__(self, name: str) -> None:
        """`name` of the customer as it is now."""
        super().__init__(
            msg("{name} was changed in AntCRM after you were asked.", name=clean(name)),
            then=msg("Look at it again and ask once more."),
        )


class UnreadableAnswer(CrmError):
    """A read was answered with something we cannot read; `quote` is its beginning."""

    code = "unreadable_answer"

    def __init__(self, quote: str, *, what: Text | None = None) -> None:
        """`quote`: the answer, of which the beginning is shown. Never logged: it may hold customers' data."""
        self.quote = clean(quote, _QUOTE_LIMIT)
        super().__init__(
            what or msg("AntCRM's answer could not be read. It begins: “{quote}”.", quote=self.quote),
            then=msg("Try again; if it stays so, tell the admin what it says."),
        )


class FilterIgnored(UnreadableAnswer):
    """A GET answered with records that do not bear what was asked for (row "may GET … ignore the filter")."""

    code = "filter_ignored"

    def __init__(self, asked_for: str) -> None:
        """`asked_for`: the parameter that was ignored."""
        self.is_of_days = asked_for.startswith(("createdAt", "updateAt"))
        super().__init__(
            "",
            what=msg(
                "AntCRM ignored the filter “{filter}” and answered with other customers, so the answer was not used.",
                filter=asked_for,
            ),
        )


class PagingBroken(UnreadableAnswer):
    """Pages repeat, so a list would silently miss or repeat customers."""

    code = "paging_broken"

    def __init__(self) -> None:
        """Nothing to tell apart."""
        super().__init__(
            "", what=msg("AntCRM answered the same page twice, so the list cannot be completed and was not used.")
        )


class MayHaveActed(CrmError):
    """A write was sent, and the answer was lost, cut, unreadable or a server error: it may have been done."""

    code = "may_have_acted"

    def __init__(self, why: Text, *, done: Text | None = None, then: Text | None = None) -> None:
        """`why` the fate is unknown; `done`, when the caller knows what was sent."""
        super().__init__(
            why,
            done=done or msg("It is not known whether AntCRM did what was asked."),
            then=then or msg("Look the customer up before you try again; nothing is sent a second time by itself."),
        )


class NotStored(CrmError):
    """AntCRM said yes, and reading back shows something else. `fields` are ours, by name."""

    code = "not_stored"

    def __init__(
        self, what: Text, *, done: Text, then: Text | None = None, fields: Sequence[str] = (), stopped: bool = False
    ) -> None:
        """`fields`: what is not as it was sent; `stopped`: something was lost, so no further edit is sent."""
        if stopped:
            stop = msg("Edits are stopped until the program is restarted, so that nothing more is lost.")
            then = stop if then is None else join([stop, then])
        super().__init__(what, done=done, then=then)
        self.fields = tuple(fields)
        self.stopped = stopped


class FieldMoved(NotStored):
    """A write changed a field nobody sent. `before` holds the old values, so that nothing is lost."""

    code = "field_moved"

    def __init__(self, ref: str, before: Mapping[str, str], words: Text, *, stopped: bool) -> None:
        """`before`: field → its old value, and in `words`; `stopped`: something was lost, so no more edits are sent."""
        self.before = dict(before)
        super().__init__(
            msg("While {ref} was being saved, fields that were not sent changed as well.", ref=ref),
            done=msg("The change itself was sent. Before, they were: {values}.", values=words),
            then=msg("Put back what should not have changed, and tell the admin."),
            fields=tuple(before),
            stopped=stopped,
        )


class EditsStopped(CrmError):
    """An earlier write moved fields nobody sent; no further edit is sent by this process."""

    code = "edits_stopped"

    def __init__(self) -> None:
        """Nothing to tell apart."""
        super().__init__(
            msg("Edits are stopped, because an earlier edit made AntCRM change fields that were not sent."),
            then=msg("Ask the admin to look into it and to restart the program."),
        )


class KeptForLater(CrmError):
    """A create that was not sent, or did not reach AntCRM, is kept in the ledger and sent by itself."""

    code = "kept_for_later"

    def __init__(self, what: Text, *, change: int, done: Text, then: Text | None = None) -> None:
        """`change`: its number in the ledger."""
        super().__init__(what, done=done, then=then)
        self.change = change


class Held(CrmError):
    """A customer, or a phone or e-mail, is held by a write whose fate is not known yet, or that is being made."""

    code = "held"

    def __init__(self, what: Text, *, then: Text | None = None, name: str = "") -> None:
        """`name`: which one is held, as the ledger keeps it."""
        super().__init__(what, done=msg("Nothing was sent to AntCRM."), then=then)
        self.name = name


class OverCap(CrmError):
    """The person's writes, or deletes, of the day are used up. Nothing was sent."""

    code = "over_cap"


class LedgerBroken(CrmError):
    """The ledger cannot be written or read. What cannot be written down first is not sent."""

    code = "ledger_broken"

    def __init__(self, what: Text, *, then: Text | None = None) -> None:
        """`what` is wrong with it; never its contents."""
        super().__init__(
            what,
            done=msg("Nothing was sent to AntCRM."),
            then=then or msg("Tell the admin."),
        )
