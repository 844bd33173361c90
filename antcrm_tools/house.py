"""The house: everything one process needs, put together in one place and built when first used."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from antcrm_tools.approving import Approving
from antcrm_tools.desk import Desk
from antcrm_tools.directory.keeping import Copy
from antcrm_tools.errors import LedgerBroken
from antcrm_tools.journal import Journal
from antcrm_tools.records import Records
from antcrm_tools.rights import Policy
from antcrm_tools.settings import SANDBOX_KEY, Settings
from antcrm_tools.staff import Staff
from antcrm_tools.tending import tend_copy, tend_ledger
from antcrm_tools.tools import tool_named

if TYPE_CHECKING:
    from antcrm_tools.api import AntCrmApi
    from antcrm_tools.directory.sync import Sync
    from antcrm_tools.ledger.ledger import Ledger
    from antcrm_tools.ledger.store import Store
    from antcrm_tools.resolving import Resolver
    from antcrm_tools.sandbox import Sandbox

_log = logging.getLogger(__name__)

_SANDBOX_RPS = 1000.0
"""An AntCRM inside this process needs no sparing."""


def now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def new_code() -> str:
    """Our own code for a new customer (`customerIdApiRing`): random, so it says nothing and never repeats."""
    return f"at-{secrets.token_hex(12)}"


class House:
    """One process's AntCRM, ledger and Desk. `async with House(settings) as house:`."""

    def __init__(
        self,
        settings: Settings,
        *,
        api: AntCrmApi | None = None,
        store: Store | None = None,
        clock: Callable[[], datetime] = now,
        code: Callable[[], str] = new_code,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`api`, `store`, `clock`, `code` and `wait` are seams; left out, they are made from the settings."""
        self.settings = settings
        self.clock = clock
        self.sandbox: Sandbox | None = None
        self._api = api
        self._store = store
        self._ledger: Ledger | None = None
        self._code = code
        self._wait = wait
        self._records: Records | None = None
        self._desk: Desk | None = None
        self._resolver: Resolver | None = None
        self._given = api is not None
        self._copy: Copy | None = None
        self._staff: Staff | None = None
        self._tending: list[asyncio.Task[None]] = []

    @property
    def policy(self) -> Policy:
        """What this process may do, and when it asks."""
        return Policy(self.settings.scopes, self.settings.confirm)

    def desk(self) -> Desk:
        """The Desk, made on first use: reaching AntCRM needs libraries that a start must not wait for.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._desk is None:
            from antcrm_tools.ledger.tickets import LedgerTickets  # noqa: PLC0415  brings SQLAlchemy

            records, ledger = self.records(), self.ledger()
            tickets = LedgerTickets(ledger.store, crm=ledger.crm, clock=self.clock, tools=tool_named)
            self._desk = Desk(
                records,
                self.copy(),
                tickets,
                policy=self.policy,
                clock=self.clock,
                zone=self.settings.zone,
                undo_hours=self.settings.undo_hours,
                staff=self.staff(),
                approving=Approving.on(ledger, tickets, zone=self.settings.zone, wait=self._wait),
            )
        return self._desk

    def records(self) -> Records:
        """The customers, made on first use.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._records is None:
            settings = self.settings
            pause = timedelta(seconds=settings.unsure_pause)
            journal = Journal(self.ledger, clock=self.clock, pause=pause, wait=self._wait, zone=settings.zone)
            self._records = Records(
                self.api(),
                journal,
                code=self._code,
                clock=self.clock,
                zone=settings.zone,
                region=settings.region,
                directory=self.copy().directory,
            )
        return self._records

    def copy(self) -> Copy:
        """The local copy of the customers, made on first use: in memory where AntCRM itself is.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._copy is None:
            from antcrm_tools.directory.directory import Directory  # noqa: PLC0415  brings SQLite
            from antcrm_tools.directory.location import directory_file, older_files  # noqa: PLC0415  brings platformdirs
            from antcrm_tools.directory.store import Store as Copies  # noqa: PLC0415  brings SQLite

            settings = self.settings
            file = None if settings.sandbox or self._given else directory_file(settings.data_dir, self._crm())
            copies = Copies(
                file,
                clock=self.clock,
                zone=settings.zone,
                region=settings.region,
                instead_of=() if file is None else older_files(file),
            )
            self._copy = Copy(
                Directory(copies),
                self._sync,
                clock=self.clock,
                wait=self._wait,
            )
        return self._copy

    def _sync(self) -> Sync:
        from antcrm_tools.directory.sync import Sync  # noqa: PLC0415  most starts never need it

        return Sync(self.api(), self.copy().directory.store, clock=self.clock, zone=self.settings.zone)

    def staff(self) -> Staff:
        """Who works here. It is looked up in the ledger when it is asked for."""
        if self._staff is None:
            self._staff = Staff(self.settings.telegram_members, lambda: self.ledger().members)
        return self._staff

    def resolver(self) -> Resolver:
        """Looks after what is open, made on first use.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._resolver is None:
            from antcrm_tools.resolving import Resolver  # noqa: PLC0415  most starts never need it

            self._resolver = Resolver(self.records())
        return self._resolver

    def tend(self) -> None:
        """Look after what is open from now on, beside everything else, until the house is closed."""
        if not self._tending and (self.settings.sandbox or self.settings.api_key is not None):
            self._tending = [asyncio.create_task(look(self, self._wait)) for look in (tend_ledger, tend_copy)]

    async def rest(self, seconds: float) -> None:
        """Wait."""
        await self._wait(seconds)

    def store(self) -> Store:
        """The ledger's database: in memory where AntCRM itself is. It is opened at its first transaction."""
        if self._store is None:
            from antcrm_tools.ledger.location import ledger_file  # noqa: PLC0415  brings SQLAlchemy
            from antcrm_tools.ledger.store import IN_MEMORY, Store  # noqa: PLC0415

            url = self.settings.ledger_url
            if self.settings.sandbox:
                self._store = Store(IN_MEMORY)
            elif url is not None:
                self._store = Store(url.get_secret_value(), keeps_time=True)
            else:
                self._store = Store(ledger_file(self.settings.data_dir))
        return self._store

    def ledger(self) -> Ledger:
        """This AntCRM's part of the database.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._ledger is None:
            from antcrm_tools.ledger.caps import Caps  # noqa: PLC0415  brings SQLAlchemy
            from antcrm_tools.ledger.ledger import Ledger  # noqa: PLC0415

            caps = Caps(self.settings.daily_writes, self.settings.daily_deletes, self._day_start)
            self._ledger = Ledger.on(
                self.store(), crm=self._crm(), clock=self.clock, caps=caps, region=self.settings.region
            )
        return self._ledger

    async def seal_key(self) -> bytes:
        """The key that seals what an assistant carries between a question and its answer.

        Raises:
            LedgerBroken: it cannot be read.
        """
        from antcrm_tools.ledger.keys import key  # noqa: PLC0415  brings SQLAlchemy

        return await key(self.store(), "mcp-state", clock=self.clock)

    @property
    def has_ledger(self) -> bool:
        """Whether the ledger was needed yet."""
        return self._ledger is not None

    def _day_start(self, moment: datetime) -> datetime:
        return moment.astimezone(self.settings.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def _crm(self) -> str:
        """Which AntCRM this is: another address or another company's key is another one."""
        key = self.settings.require_key().get_secret_value()
        where = "sandbox" if self.settings.sandbox else self.settings.base_url.rstrip("/").casefold()
        return hashlib.sha256(f"{where}\0{key}".encode()).hexdigest()[:32]

    def api(self) -> AntCrmApi:
        """The one connection to AntCRM, made on first use.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._api is None:
            self._api = self._make_api()
        if self._api.watch is None:
            self._api.watch = self.copy().directory.store
        return self._api

    def open_sandbox(self) -> Sandbox:
        """The embedded AntCRM of `ANTCRM_SANDBOX=1`: in memory, filled from a fixed seed, no port."""
        if self.sandbox is None:
            from antcrm_tools.sandbox import Sandbox  # noqa: PLC0415  only this mode needs it

            self.sandbox = Sandbox.open(api_key=SANDBOX_KEY, clock=self.clock)
        return self.sandbox

    async def aclose(self) -> None:
        """Let writes under way finish, then close connections."""
        if self._records is not None:
            try:
                await self._records.journal.catch_up()
            except LedgerBroken as error:
                _log.error("what became of the last changes could not be written down: %s", error)
        for task in self._tending:
            # What it was at is in the ledger, and is gone on with after the next start.
            task.cancel()
            await asyncio.wait((task,))
        if self._desk is not None:
            await self._desk.aclose()
        if self._api is not None:
            await self._api.aclose()
        if self._copy is not None:
            await self._copy.aclose()
        if self._store is not None:
            await self._store.aclose()
        if self.sandbox is not None:
            self.sandbox.close()

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    def _make_api(self) -> AntCrmApi:
        from antcrm_tools.api import AntCrmApi  # noqa: PLC0415  brings httpx
        from antcrm_tools.learning import Remembering  # noqa: PLC0415  goes with it
        from antcrm_tools.pace import Pace  # noqa: PLC0415  goes with it

        settings = self.settings
        key = settings.require_key()
        app = self.open_sandbox().app if settings.sandbox else None
        pace = Pace(_SANDBOX_RPS if settings.sandbox else settings.max_rps)
        return AntCrmApi(
            settings.base_url,
            key,
            pace=pace,
            region=settings.region,
            timezone=settings.zone,
            app=app,
            memory=None if settings.sandbox else Remembering(lambda: self.ledger().learnt),
        )
