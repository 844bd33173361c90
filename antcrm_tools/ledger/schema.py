"""The ledger's tables, and how an older ledger becomes a newer one.

Moments are whole milliseconds since 1970, UTC, by the clock on the wall: a laptop's other clocks stop while it sleeps.
Every row belongs to one AntCRM (`crm`), and the rows of another one are not there for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

VERSION = 3
"""Of the tables below."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")
_Moment = BigInteger

version = Table("ledger_version", metadata, Column("version", Integer, primary_key=True))

changes = Table(
    "changes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("crm", String(64), nullable=False),
    # An import is a change whose rows are changes of their own.
    Column("parent", _Id),
    Column("place", Integer),
    Column("who", Text, nullable=False),
    Column("face", String(20), nullable=False),
    Column("host", Text, nullable=False, default=""),
    # Who has said yes, where that was somebody elsewhere.
    Column("confirmed_by", Text),
    Column("tool", String(40), nullable=False),
    Column("action", String(10), nullable=False),  # create, edit, delete, import
    Column("status", String(10), nullable=False),
    Column("cause", String(80)),
    Column("code", String(64)),
    Column("ref", String(80)),
    Column("undoes", _Id),
    Column("undone_by", _Id),
    Column("begun_at", _Moment, nullable=False),
    Column("sent_at", _Moment),
    Column("settled_at", _Moment),
    Column("next_at", _Moment),
    # The moment from which it counts among the day's; none while it is kept because the day's are used up.
    Column("counted_at", _Moment),
    # Who is working on it, and until when nobody else does.
    Column("holder", String(64)),
    Column("until", _Moment),
    Column("sends", Integer, nullable=False, default=0),
    Column("probes", Integer, nullable=False, default=0),
    Column("meets", Integer, nullable=False, default=0),
    # How a customer AntCRM holds no more than our word for is called in the audit; all of it is erased in time.
    Column("name", Text),
    Column("arguments", Text),
    Column("wanted", Text),
    Column("known", Text),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text),
    Column("erased_at", _Moment),
    Index("changes_by_status", "crm", "status", "next_at"),
    Index("changes_by_who", "crm", "who", "counted_at"),
    Index("changes_by_ref", "crm", "ref"),
    Index("changes_by_cause", "crm", "cause"),
    Index("changes_by_parent", "parent"),
    Index("changes_by_undoes", "crm", "undoes"),
    sqlite_autoincrement=True,
)

# A customer that AntCRM made belongs to one create: two that look alike must not both take it for theirs.
claims = Table(
    "claims",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("ref", String(80), primary_key=True),
    Column("change", _Id, nullable=False),
    # AntCRM itself named it in its answer, or it bears the create's code.
    Column("certain", Integer, nullable=False, default=0),
)

locks = Table(
    "locks",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("taken", _Moment, nullable=False),
    Column("until", _Moment, nullable=False),
    # Set while a change that is not settled holds it, whether its process lives or not.
    Column("change", _Id),
    Index("locks_by_change", "change"),
    Index("locks_by_holder", "holder"),
)

tickets = Table(
    "tickets",
    metadata,
    # Which came later: clocks of two machines, or one that is set back, do not say it.
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("crm", String(64), nullable=False),
    Column("who", Text, nullable=False),
    Column("face", String(20), nullable=False),
    Column("host", Text, nullable=False, default=""),
    Column("scopes", Text, nullable=False),
    Column("tool", String(40), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("cause", String(80), nullable=False, default=""),
    Column("preview", Text, nullable=False),
    Column("state", String(10), nullable=False),  # open, taken, settled
    Column("outcome", Text),
    Column("asked_at", _Moment, nullable=False),
    Column("expires_at", _Moment, nullable=False),
    Column("taken_at", _Moment),
    Column("holder", String(64)),
    Column("keep_until", _Moment, nullable=False),
    # Set where others than the face that asked may answer: the right they need for it.
    Column("needs", String(10)),
    # The bot has found nobody it could show the question to.
    Column("unreached", Integer, nullable=False, default=0, server_default="0"),
    Column("decided_by", Text),
    Column("decided_face", String(20)),
    Column("decided_host", Text),
    # When whoever asked was given the outcome.
    Column("heard_at", _Moment),
    Index("tickets_by_who", "crm", "who", "face", "tool"),
    Index("tickets_by_keep", "keep_until"),
)

# Where a ticket's question stands on phones, so that whichever process runs the bot then can put the answer there.
cards = Table(
    "ticket_cards",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("ticket", String(64), primary_key=True),
    Column("bot", String(40), primary_key=True),
    Column("account", BigInteger, primary_key=True),
    Column("who", Text, nullable=False),
    Column("message", BigInteger),
    Column("state", String(10), nullable=False),  # sending, shown, failed, closed
    Column("at", _Moment, nullable=False),
    Index("ticket_cards_by_bot", "crm", "bot", "state"),
)

# Which bots show questions now, so that nobody is promised a card that no process would send.
couriers = Table(
    "couriers",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("bot", String(40), primary_key=True),
    Column("host", Text, nullable=False),
    Column("seen_at", _Moment, nullable=False),
)

# Updates of a messenger that have been dealt with: what comes again is not done again.
inbox = Table(
    "inbox",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("update_id", BigInteger, primary_key=True),
    Column("done_at", _Moment, nullable=False),
)

# What somebody has to hear who was told that it was not known yet.
notices = Table(
    "notices",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("crm", String(64), nullable=False),
    Column("who", Text, nullable=False),
    Column("face", String(20), nullable=False),
    Column("change", _Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("refs", Text, nullable=False, default=""),
    Column("at", _Moment, nullable=False),
    Column("told_at", _Moment),
    Index("notices_by_who", "crm", "face", "who", "told_at"),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("made_at", _Moment, nullable=False),
)

# What was found out about one AntCRM, such as the number of its first page; never a customer's data.
learnt = Table(
    "learnt",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("learnt_at", _Moment, nullable=False),
)

# Who may use the bot, beside those a setting names. Two accounts of one person have one e-mail, and one role.
members = Table(
    "staff_members",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("telegram_id", BigInteger, primary_key=True),
    Column("who", Text, nullable=False),
    Column("role", String(10), nullable=False),
    Column("added_at", _Moment, nullable=False),
    Column("added_by", Text, nullable=False),
    Index("staff_members_by_who", "crm", "who"),
)

# Whoever was taken out is known to have been: their assistant must not be let in as somebody nobody knows.
former = Table(
    "staff_former",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("who", String(320), primary_key=True),
    Column("removed_at", _Moment, nullable=False),
)

# Invitations. Of the word in the link only its hash is kept: whoever reads the ledger cannot use it. That one was taken
# back is written down as such, because the clocks of two machines do not say it.
invites = Table(
    "staff_invites",
    metadata,
    Column("crm", String(64), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("who", Text, nullable=False),
    Column("role", String(10), nullable=False),
    Column("made_at", _Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", _Moment, nullable=False),
    Column("used_by", BigInteger),
    Column("ended", Integer, nullable=False, default=0),
    Index("staff_invites_by_who", "crm", "who"),
)

Step = Callable[[Connection], None]


def _with_learnt_and_members(connection: Connection) -> None:
    for table in (learnt, members, former, invites):
        table.create(connection, checkfirst=False)


def _with_approvals(connection: Connection) -> None:
    connection.exec_driver_sql("alter table changes add column confirmed_by text")
    for column in (
        *("needs varchar(10)", "unreached integer not null default 0"),
        *("decided_by text", "decided_face varchar(20)", "decided_host text", "heard_at bigint"),
    ):
        connection.exec_driver_sql(f"alter table tickets add column {column}")
    for table in (cards, couriers):
        table.create(connection, checkfirst=False)


STEPS: Mapping[int, Step] = MappingProxyType({2: _with_learnt_and_members, 3: _with_approvals})
"""`STEPS[2]` turns a ledger of version 1 into one of version 2. A new ledger is made as it stands above."""


class NewerLedgerError(Exception):
    """The ledger was made by a newer version of this program."""


def found_version(connection: Connection) -> int | None:
    """The version of the ledger that is there; None if there is none."""
    return connection.scalar(select(version.c.version)) if inspect(connection).has_table(version.name) else None


def migrate(connection: Connection, steps: Mapping[int, Step] = STEPS, to: int = VERSION) -> None:
    """Bring a ledger to the tables above, in a transaction that writes: of several processes one does it, others wait.

    Raises:
        NewerLedgerError: it is ahead of this program, which must not touch it.
    """
    found = found_version(connection)
    if found is None:
        # Tables that are there without a version are somebody else's: better an error than a mixture.
        metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(version).values(version=to))
        return
    if found > to:
        raise NewerLedgerError
    for number in range(found + 1, to + 1):
        steps[number](connection)
    if found < to:
        connection.execute(update(version).values(version=to))
